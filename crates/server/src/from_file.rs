//! Large bodies that also lie in a file go from there to the socket, which copies nothing (sendfile(2)). hyper never knows: it
//! hands over the bytes in memory, and where these are the ones that a file has, the system is told to take them from it. So
//! whatever does not fit, TLS and HTTP/2 among it, is sent from memory, and nothing depends on which way was taken.

use crate::{descriptors::KeptFile, reply::FILE_MIN_BYTES};
use bytes::Bytes;
use std::{
    fs::File,
    io::{self, IoSlice},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};
use tokio::{io::Interest, net::TcpStream};

/// Bytes in memory, and the file that has the same from an offset on. Neither ever changes.
#[derive(Clone, Debug)]
pub(crate) struct Twin {
    bytes: Bytes,
    file: Arc<KeptFile>,
    offset: u64,
}

impl Twin {
    /// `part` of `whole`, which are all bytes of a file; `None` if it is not a part, or not worth it.
    pub(crate) fn of(part: &Bytes, whole: &Bytes, file: &Arc<KeptFile>) -> Option<Self> {
        let offset = place(part, whole).filter(|_| part.len() >= FILE_MIN_BYTES)?;
        Some(Self { bytes: part.clone(), file: file.clone(), offset: offset as u64 })
    }
}

/// The body of a connection that may come from a file: that of the newest answer.
#[derive(Default)]
pub(crate) struct Outgoing(Mutex<Option<Twin>>);

impl Outgoing {
    /// This will be sent next.
    pub(crate) fn announce(&self, twin: Twin) {
        *self.lock() = Some(twin);
    }

    /// Writes parts up to the first one that lies in the file, and of that as much as fits. `None` if none does: then the
    /// caller writes them.
    pub(crate) fn poll_send(
        &self,
        stream: &TcpStream,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Option<Poll<io::Result<usize>>> {
        let mut slot = self.lock();
        let twin = slot.as_ref()?;
        let (at, body, place) = parts
            .iter()
            .enumerate()
            .find_map(|(at, part)| place(part, &twin.bytes).map(|place| (at, &**part, place)))?;
        let before = parts.get(..at)?;
        let offset = twin.offset + place as u64;
        let sent = poll_write(stream, context, || send(stream, before, twin.file.file(), offset, body.len()));
        match &sent {
            Poll::Ready(Ok(sent)) => {
                let length = before.iter().map(|part| part.len()).sum::<usize>() + body.len();
                // The memory is not held for a client that rests.
                if *sent == length && place + body.len() == twin.bytes.len() {
                    *slot = None;
                }
            }
            // Not every file system can do this.
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::InvalidInput => {
                *slot = None;
                return None;
            }
            _ => {}
        }
        Some(sent)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Twin>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where `part` lies in `whole`, by its address. Both are alive, so no other bytes can have it.
fn place(part: &[u8], whole: &[u8]) -> Option<usize> {
    let place = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    (!part.is_empty() && place.checked_add(part.len())? <= whole.len()).then_some(place)
}

fn poll_write(
    stream: &TcpStream,
    context: &mut Context<'_>,
    mut write: impl FnMut() -> io::Result<usize>,
) -> Poll<io::Result<usize>> {
    loop {
        ready!(stream.poll_write_ready(context))?;
        match stream.try_io(Interest::WRITABLE, &mut write) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            result => return Poll::Ready(result),
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn send(_: &TcpStream, _: &[IoSlice<'_>], _: &File, _: u64, _: usize) -> io::Result<usize> {
    Err(io::ErrorKind::InvalidInput.into())
}

/// Bytes sent in all. The first parts wait for the body, to share its packets.
#[cfg(target_os = "linux")]
fn send(
    stream: &TcpStream,
    before: &[IoSlice<'_>],
    file: &File,
    mut offset: u64,
    length: usize,
) -> io::Result<usize> {
    use rustix::{
        io::Errno,
        net::{SendAncillaryBuffer, SendFlags},
    };
    let mut sent = 0;
    if !before.is_empty() {
        let flags = SendFlags::MORE | SendFlags::NOSIGNAL;
        sent = rustix::net::sendmsg(stream, before, &mut SendAncillaryBuffer::default(), flags)?;
        if sent < before.iter().map(|part| part.len()).sum() {
            return Ok(sent);
        }
    }
    match rustix::fs::sendfile(stream, file, Some(&mut offset), length) {
        Ok(body) => Ok(sent + body),
        Err(Errno::AGAIN | Errno::INVAL) if sent > 0 => Ok(sent),
        Err(error) => Err(error.into()),
    }
}
