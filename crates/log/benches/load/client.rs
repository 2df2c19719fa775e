//! A connection that does what has to be done and nothing more: HTTP/1.1, one request at a time, kept alive.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// So much is read at a time, and so large a head is taken.
const READ_BYTES: usize = 16 << 10;

/// A connection, and what it has received.
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    body: Vec<u8>,
}

/// What a response says about where it ends.
enum Length {
    Bytes(usize),
    Chunks,
}

struct Head {
    status: u16,
    bytes: usize,
    length: Length,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(READ_BYTES), body: Vec::new() })
    }

    /// Sends a request and waits for the whole response: its status and body.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> io::Result<(u16, &[u8])> {
        self.stream.write_all(request).await?;
        self.received.clear();
        let head = loop {
            self.receive().await?;
            if let Some(head) = head(&self.received)? {
                break head;
            }
            if self.received.len() > READ_BYTES {
                return Err(broken("a head without an end"));
            }
        };
        match head.length {
            Length::Bytes(length) => {
                while self.received.len() < head.bytes + length {
                    self.receive().await?;
                }
                Ok((head.status, &self.received[head.bytes..head.bytes + length]))
            }
            Length::Chunks => {
                while !unchunk(&self.received[head.bytes..], &mut self.body)? {
                    self.receive().await?;
                }
                Ok((head.status, &self.body))
            }
        }
    }

    async fn receive(&mut self) -> io::Result<()> {
        self.received.reserve(READ_BYTES);
        match self.stream.read_buf(&mut self.received).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// The head of a response, once it is complete.
fn head(received: &[u8]) -> io::Result<Option<Head>> {
    let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&received[..end]).map_err(|_| broken("a head that is no text"))?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let mut length = Length::Bytes(0);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("content-length") {
            length = Length::Bytes(value.trim().parse().map_err(|_| broken("a length that is no number"))?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            length = Length::Chunks;
        }
    }
    let status = status.ok_or_else(|| broken("no status"))?;
    Ok(Some(Head { status, bytes: end + 4, length }))
}

/// Puts the chunks together; `false` if the last one is not there yet.
fn unchunk(mut received: &[u8], body: &mut Vec<u8>) -> io::Result<bool> {
    body.clear();
    loop {
        let Some(end) = received.windows(2).position(|window| window == b"\r\n") else { return Ok(false) };
        let size =
            std::str::from_utf8(&received[..end]).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let size = size.ok_or_else(|| broken("a chunk without a size"))?;
        let Some(chunk) = received.get(end + 2..end + 2 + size + 2) else { return Ok(false) };
        if size == 0 {
            return Ok(true);
        }
        body.extend_from_slice(&chunk[..size]);
        received = &received[end + 2 + size + 2..];
    }
}

fn broken(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
