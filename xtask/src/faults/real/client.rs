//! A connection of few words: HTTP/1.1, one request at a time, kept alive.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::log::{Entry, Log};
use crate::Failure;

/// Whoever waits longer for an answer has none.
const PATIENCE: Duration = Duration::from_secs(10);

/// A larger reply is not one of ours.
const MAX_REPLY_BYTES: usize = 1 << 20;

pub(super) struct Client {
    stream: TcpStream,
    address: SocketAddr,
}

/// What became of a submission.
pub(super) enum Added {
    Acknowledged(Entry),
    Refused(u16),
    /// The connection broke, or no answer came: the entry may or may not be in the log.
    Unanswered,
}

impl Client {
    pub(super) fn connect(address: SocketAddr) -> io::Result<Self> {
        Self::connect_for(address, PATIENCE)
    }

    /// One that waits no longer than this.
    pub(super) fn connect_for(address: SocketAddr, patience: Duration) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, patience)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        Ok(Self { stream, address })
    }

    /// Submits an entry.
    ///
    /// # Errors
    /// Only for an acknowledgement that does not hold.
    pub(super) fn add(&mut self, log: &Log, request: String) -> Result<Added, Failure> {
        match self.ask("POST", "/api/v2/log/entries", &request) {
            Ok((201, body)) => log.acknowledged(request, &body).map(Added::Acknowledged),
            Ok((status, _)) => Ok(Added::Refused(status)),
            Err(_) => Ok(Added::Unanswered),
        }
    }

    /// Submits an entry that must be taken.
    pub(super) fn must_add(&mut self, log: &Log, request: String) -> Result<Entry, Failure> {
        match self.add(log, request)? {
            Added::Acknowledged(entry) => Ok(entry),
            Added::Refused(status) => Err(format!("an entry was refused with {status}").into()),
            Added::Unanswered => Err("an entry was not answered".into()),
        }
    }

    /// Submits an acknowledged entry again: it must be where it was.
    pub(super) fn look_up(&mut self, log: &Log, entry: &Entry) -> Result<(), Failure> {
        entry.demand_same(&self.must_add(log, entry.request.clone())?)
    }

    /// The size of the tree that is published.
    pub(super) fn published(&mut self, log: &Log) -> Result<u64, Failure> {
        match self.ask("GET", "/checkpoint", "")? {
            (200, body) => Ok(log.verified(std::str::from_utf8(&body)?)?.0),
            (status, _) => Err(format!("the checkpoint was refused with {status}").into()),
        }
    }

    /// Status and body.
    pub(super) fn ask(&mut self, method: &str, path: &str, body: &str) -> io::Result<(u16, Vec<u8>)> {
        let (address, length) = (self.address, body.len());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.stream.write_all(request.as_bytes())?;
        let (mut received, mut chunk) = (Vec::new(), [0; 8192]);
        loop {
            if let Some(reply) = complete(&received)? {
                return Ok(reply);
            }
            let read = self.stream.read(&mut chunk)?;
            received.extend_from_slice(chunk.get(..read).unwrap_or_default());
            if read == 0 || received.len() > MAX_REPLY_BYTES {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

/// The reply, once all of it is here.
fn complete(received: &[u8]) -> io::Result<Option<(u16, Vec<u8>)>> {
    let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = String::from_utf8_lossy(received.get(..end).unwrap_or_default());
    let broken = || io::Error::from(io::ErrorKind::InvalidData);
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).ok_or_else(broken)?;
    let length = head.lines().filter_map(|line| line.split_once(':'));
    let mut length = length.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length: usize = length.next().and_then(|(_, value)| value.trim().parse().ok()).ok_or_else(broken)?;
    let body = received.get(end.saturating_add(4)..).unwrap_or_default();
    Ok(body.get(..length).map(|body| (status, body.to_vec())))
}
