use super::Status;
use super::health::Watch;
use crate::rekor::error::Code;
use bytes::{BufMut as _, Bytes, BytesMut};
use hyper::Response;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use prost::Message;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
/// When to try again, for clients that do so by themselves (gRFC A6).
const RETRY_PUSHBACK: HeaderName = HeaderName::from_static("grpc-retry-pushback-ms");
const ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// The body of an answer: messages, then trailers.
#[derive(Debug)]
pub struct GrpcBody(State);

#[derive(Debug)]
enum State {
    /// One framed message, then the trailers.
    Message(Bytes),
    /// The trailers alone are left.
    Trailers,
    /// Nothing is left.
    End,
    /// A framed message now and then, until the client goes.
    Watch(Box<Watch>),
}

impl GrpcBody {
    /// A call that succeeded.
    pub(super) fn message(framed: Bytes) -> Response<Self> {
        response(State::Message(framed))
    }

    pub(super) fn watch(watch: Watch) -> Response<Self> {
        response(State::Watch(Box::new(watch)))
    }
}

impl Status {
    /// A call that failed has its trailers in place of headers ("Trailers-Only").
    pub(super) fn to_response(&self) -> Response<GrpcBody> {
        let mut response = response(State::End);
        let headers = response.headers_mut();
        headers.insert(STATUS, (self.code as u16).into());
        if let Ok(message) = HeaderValue::from_str(&percent_encoded(&self.message)) {
            headers.insert(MESSAGE, message);
        }
        if let Some(wait) = self.retry_after {
            let milliseconds = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            headers.insert(RETRY_PUSHBACK, milliseconds.into());
        }
        if self.code == Code::Unimplemented {
            // A client that compressed its message learns that it must not.
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        response
    }
}

impl Body for GrpcBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let State::Watch(watch) = &mut self.0 {
            return watch.poll_message(context).map(|framed| Some(Ok(Frame::data(framed))));
        }
        Poll::Ready(match std::mem::replace(&mut self.0, State::End) {
            State::Message(message) => {
                self.0 = State::Trailers;
                Some(Ok(Frame::data(message)))
            }
            State::Trailers => {
                let ok = HeaderMap::from_iter([(STATUS, (Code::Ok as u16).into())]);
                Some(Ok(Frame::trailers(ok)))
            }
            State::End | State::Watch(_) => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, State::End)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            State::Message(message) => SizeHint::with_exact(u64::try_from(message.len()).unwrap_or(u64::MAX)),
            State::Trailers | State::End => SizeHint::with_exact(0),
            State::Watch(_) => SizeHint::default(),
        }
    }
}

fn response(state: State) -> Response<GrpcBody> {
    let mut response = Response::new(GrpcBody(state));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response
}

/// Not compressed, its length, its bytes.
pub(super) fn frame(message: &impl Message) -> Bytes {
    let length = message.encoded_len();
    let mut frame = BytesMut::with_capacity(5 + length);
    frame.put_u8(0);
    frame.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    // Fails only where there is no room, and this grows.
    let _ = message.encode(&mut frame);
    frame.freeze()
}

/// `grpc-message`: what is not printable ASCII, and the percent sign, as `%XX` of UTF-8.
fn percent_encoded(message: &str) -> String {
    let mut encoded = String::with_capacity(message.len());
    for byte in message.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
