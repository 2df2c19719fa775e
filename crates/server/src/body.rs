//! Reading a request's body, whole, within bytes and time.

use crate::{Limits, Refused, address::Place};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;
use std::{
    future::Future,
    net::IpAddr,
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    task::Poll,
    time::{Duration, Instant},
};

/// Bodies of more bytes than this may take half of the room for all bodies, so that a few large ones leave the other half to
/// everybody else: requests to the services have a few thousand bytes.
const LARGE_BYTES: usize = 64 << 10;

/// When to try again for whom too many bodies are awaited: by then a body that comes at all has come.
const BODIES_WAIT: Duration = Duration::from_secs(1);

/// The bytes of all bodies that are in memory.
#[derive(Debug, Default)]
pub(crate) struct Bodies(AtomicUsize);

/// A body in memory. Its bytes count until it is dropped.
pub(crate) struct Held<'a> {
    pub(crate) bytes: Bytes,
    _share: Share<'a>,
}

impl Bodies {
    /// Reads a body of at most `most` bytes, which `sender` sends, by a connection and from an address. The clock is not looked at, and it does not count as
    /// awaited, if it is there already.
    ///
    /// # Errors
    /// See [`Refused`].
    pub(crate) async fn read(
        &self,
        body: impl Body<Data = Bytes> + Unpin,
        most: usize,
        limits: &Limits,
        sender: Option<(&Place, IpAddr)>,
    ) -> Result<Held<'_>, Refused> {
        let mut reading = pin!(self.collect(body, most.min(limits.body_bytes), limits.bodies_bytes));
        let first = std::future::poll_fn(|context| Poll::Ready(reading.as_mut().poll(context))).await;
        if let Poll::Ready(result) = first {
            return result;
        }
        let most = limits.awaited_bodies_per_address;
        let awaited = sender.map(|(place, client)| place.await_body(client, most, Instant::now()));
        let _awaited = match awaited {
            Some(None) => return Err(Refused::Rate { wait: BODIES_WAIT }),
            counted => counted.flatten(),
        };
        match tokio::time::timeout(limits.body_time, reading).await {
            Ok(result) => result,
            Err(_) => Err(Refused::TooSlow { limit: limits.body_time }),
        }
    }

    async fn collect(
        &self,
        mut body: impl Body<Data = Bytes> + Unpin,
        most: usize,
        most_of_all: usize,
    ) -> Result<Held<'_>, Refused> {
        let too_large = Refused::TooLarge { limit: most };
        let announced = body.size_hint();
        if announced.lower() > most as u64 {
            return Err(too_large);
        }
        let mut share = Share { bodies: self, bytes: 0 };
        // Mostly all of it is one frame, which is not copied.
        let mut bytes = Bytes::new();
        let mut rest = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| Refused::Broken)?.into_data() else { continue };
            if bytes.len() + rest.len() + data.len() > most {
                return Err(too_large);
            }
            share.grow(data.len(), most_of_all)?;
            if bytes.is_empty() && rest.is_empty() {
                bytes = data;
                continue;
            }
            if rest.is_empty() {
                rest.extend_from_slice(&std::mem::take(&mut bytes));
            }
            rest.extend_from_slice(&data);
        }
        if !rest.is_empty() {
            bytes = rest.freeze();
        }
        Ok(Held { bytes, _share: share })
    }
}

struct Share<'a> {
    bodies: &'a Bodies,
    bytes: usize,
}

impl Share<'_> {
    fn grow(&mut self, bytes: usize, limit: usize) -> Result<(), Refused> {
        self.bytes += bytes;
        let limit = if self.bytes > LARGE_BYTES { limit / 2 } else { limit };
        if self.bodies.0.fetch_add(bytes, Relaxed) + bytes > limit {
            return Err(Refused::NoRoom);
        }
        Ok(())
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.bodies.0.fetch_sub(self.bytes, Relaxed);
    }
}
