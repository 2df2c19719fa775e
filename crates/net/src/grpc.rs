//! One unary gRPC call to a server on this machine (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>), such as an agent
//! that gives identities to what runs beside it. What is sent and fetched may be secret, so nothing leaves the machine.

use std::net::SocketAddr;
use std::path::PathBuf;

use bytes::{BufMut as _, Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::client::conn::http2;
use hyper::header::{CONTENT_TYPE, HeaderMap, TE};
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::http::Timeouts;

/// What is before a message: whether it is compressed, and its length.
const FRAME_BYTES: usize = 5;

/// The status of a call that was answered.
const OK: u32 = 0;

/// The caller may not.
pub const PERMISSION_DENIED: u32 = 7;

/// The server cannot answer now.
pub const UNAVAILABLE: u32 = 14;

/// Where a server of this machine listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalAddress {
    /// A Unix socket.
    Unix(PathBuf),
    /// A port of the loopback interface.
    Tcp(SocketAddr),
}

/// A call.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The method: `/SERVICE/METHOD`.
    pub path: &'a str,
    /// What is said beside the message.
    pub metadata: &'a [(&'static str, &'static str)],
    /// The message, encoded.
    pub message: &'a [u8],
    /// The longest answer that is read, in bytes.
    pub limit: usize,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GrpcError {
    /// Not an address, or one of another machine.
    #[error(
        "{given:?} is no address of a server on this machine: unix:///PATH or tcp://127.0.0.1:PORT is expected"
    )]
    Address {
        /// As given.
        given: String,
    },
    /// Nobody listens there, or the connection broke.
    #[error("cannot reach it: {reason}")]
    Unreachable {
        /// What the system says.
        reason: String,
    },
    /// It was too slow.
    #[error("it did not answer in time")]
    TimedOut,
    /// It answered that there is no answer.
    #[error("it refused with status {code}: {message}")]
    Status {
        /// A code of gRPC's.
        code: u32,
        /// Its words.
        message: String,
    },
    /// The answer is longer than was asked for.
    #[error("it sends more than the {limit} bytes that are read")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// The answer is no gRPC.
    #[error("its answer cannot be read: {reason}")]
    Malformed {
        /// Why not.
        reason: String,
    },
}

impl GrpcError {
    /// Whether the same call may be answered later.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            GrpcError::Unreachable { .. } | GrpcError::TimedOut => true,
            GrpcError::Status { code, .. } => *code == UNAVAILABLE,
            GrpcError::Address { .. } | GrpcError::TooLong { .. } | GrpcError::Malformed { .. } => false,
        }
    }
}

impl LocalAddress {
    /// Reads `unix:///PATH` or `tcp://IP:PORT`, as the SPIFFE Workload Endpoint writes them.
    ///
    /// # Errors
    /// [`GrpcError::Address`].
    pub fn parse(text: &str) -> Result<Self, GrpcError> {
        let unix = text.strip_prefix("unix://").filter(|path| path.starts_with('/'));
        let tcp = text.strip_prefix("tcp://").and_then(|address| address.parse::<SocketAddr>().ok());
        match (unix, tcp.filter(|address| address.ip().is_loopback())) {
            (Some(path), _) => Ok(Self::Unix(path.into())),
            (None, Some(address)) => Ok(Self::Tcp(address)),
            (None, None) => Err(GrpcError::Address { given: text.to_owned() }),
        }
    }
}

/// Makes a call, by a connection of its own; the encoded answer.
///
/// # Errors
/// [`GrpcError`].
pub async fn unary(
    address: &LocalAddress,
    call: Call<'_>,
    timeouts: &Timeouts,
) -> Result<Vec<u8>, GrpcError> {
    let answer = async {
        match address {
            LocalAddress::Tcp(address) => {
                exchange(tokio::net::TcpStream::connect(address).await.map_err(unreachable)?, call).await
            }
            #[cfg(unix)]
            LocalAddress::Unix(path) => {
                exchange(tokio::net::UnixStream::connect(path).await.map_err(unreachable)?, call).await
            }
            #[cfg(not(unix))]
            LocalAddress::Unix(_) => Err(unreachable("this system has no Unix sockets")),
        }
    };
    tokio::time::timeout(timeouts.total, answer).await.map_err(|_| GrpcError::TimedOut)?
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    call: Call<'_>,
) -> Result<Vec<u8>, GrpcError> {
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.map_err(unreachable)?;
    // It ends when `sender` goes.
    tokio::spawn(connection);
    let mut request = Request::post(format!("http://localhost{}", call.path))
        .header(CONTENT_TYPE, "application/grpc")
        .header(TE, "trailers");
    for (name, value) in call.metadata {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(frame(call.message)?)).map_err(malformed)?;
    let (head, body) = sender.send_request(request).await.map_err(unreachable)?.into_parts();
    if head.status != StatusCode::OK {
        return Err(malformed(format!("it answered with status {} of HTTP", head.status)));
    }
    let body = Limited::new(body, FRAME_BYTES + call.limit).collect().await;
    let body = body.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
        Some(_) => GrpcError::TooLong { limit: call.limit },
        None => unreachable(error),
    })?;
    // A call that fails at once has its status in the head.
    check_status(
        body.trailers().filter(|trailers| trailers.contains_key("grpc-status")).unwrap_or(&head.headers),
    )?;
    read_frame(&body.to_bytes())
}

/// Whether the call was answered.
fn check_status(headers: &HeaderMap) -> Result<(), GrpcError> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let code = text("grpc-status").and_then(|code| code.parse().ok());
    match code.ok_or_else(|| malformed("it has no status of gRPC"))? {
        OK => Ok(()),
        code => {
            let message = percent_decoded(text("grpc-message").unwrap_or("without a reason"));
            Err(GrpcError::Status { code, message })
        }
    }
}

fn frame(message: &[u8]) -> Result<Bytes, GrpcError> {
    let mut frame = BytesMut::with_capacity(FRAME_BYTES + message.len());
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).map_err(malformed)?);
    frame.put_slice(message);
    Ok(frame.freeze())
}

/// The one message of an answer.
///
/// # Errors
/// [`GrpcError::Malformed`]: it has none, more, or a compressed one.
pub fn read_frame(bytes: &[u8]) -> Result<Vec<u8>, GrpcError> {
    let Some((&[flag, a, b, c, d], message)) = bytes.split_first_chunk::<FRAME_BYTES>() else {
        return Err(malformed("it has no message"));
    };
    match usize::try_from(u32::from_be_bytes([a, b, c, d])) {
        _ if flag != 0 => Err(malformed("its message is compressed, which nobody asked for")),
        Ok(length) if length == message.len() => Ok(message.to_vec()),
        _ => Err(malformed("it has not exactly one message")),
    }
}

/// `grpc-message` is percent-encoded UTF-8; what is not, stands as it came.
fn percent_decoded(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = after.get(..2).filter(|_| byte == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(value) => {
                decoded.push(value);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                decoded.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` calls")]
fn unreachable(reason: impl ToString) -> GrpcError {
    GrpcError::Unreachable { reason: reason.to_string() }
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` calls")]
fn malformed(reason: impl ToString) -> GrpcError {
    GrpcError::Malformed { reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_of_this_machine() {
        let unix = LocalAddress::Unix("/run/spire/agent.sock".into());
        assert_eq!(LocalAddress::parse("unix:///run/spire/agent.sock").unwrap(), unix);
        let tcp = LocalAddress::Tcp("127.0.0.1:8081".parse().unwrap());
        assert_eq!(LocalAddress::parse("tcp://127.0.0.1:8081").unwrap(), tcp);
        for other in [
            "",
            "/run/a.sock",
            "unix://run/a.sock",
            "tcp://192.0.2.1:8081",
            "tcp://localhost:1",
            "tcp://127.0.0.1",
            "https://x",
        ] {
            assert!(matches!(LocalAddress::parse(other), Err(GrpcError::Address { .. })), "{other}");
        }
    }

    #[test]
    fn frames_hold_one_message() {
        assert_eq!(read_frame(&frame(b"abc").unwrap()).unwrap(), b"abc");
        for bad in
            [&b""[..], b"\0\0\0\0", b"\x01\0\0\0\0", b"\0\0\0\0\x01", b"\0\0\0\0\0x", b"\0\xff\xff\xff\xff"]
        {
            assert!(matches!(read_frame(bad), Err(GrpcError::Malformed { .. })), "{bad:?}");
        }
    }

    #[test]
    fn the_words_of_a_refusal() {
        for (text, words) in
            [("no%20identity", "no identity"), ("100%", "100%"), ("%zz%4", "%zz%4"), ("%C3%BC", "ü")]
        {
            assert_eq!(percent_decoded(text), words);
        }
    }
}
