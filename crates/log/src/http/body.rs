//! Reading a request's body, whole, within bytes and time.

use super::Limits;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The bytes of all bodies that are in memory.
#[derive(Debug, Default)]
pub(super) struct Bodies(AtomicUsize);

/// A body in memory. Its bytes count until it is dropped.
pub(super) struct Held<'a> {
    pub(super) bytes: Bytes,
    _share: Share<'a>,
}

/// Why there is no body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BodyError {
    #[error("the body is longer than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the body took longer than {} s", limit.as_secs())]
    TooSlow { limit: std::time::Duration },
    #[error("the server holds too many requests at the moment")]
    NoRoom,
    #[error("the body broke off, or its framing is wrong")]
    Broken,
}

impl Bodies {
    /// Reads the body. The clock is not looked at if it is there already.
    ///
    /// # Errors
    /// See [`BodyError`].
    pub(super) async fn read(&self, body: Incoming, limits: &Limits) -> Result<Held<'_>, BodyError> {
        match tokio::time::timeout(limits.body_time, self.collect(body, limits)).await {
            Ok(result) => result,
            Err(_) => Err(BodyError::TooSlow { limit: limits.body_time }),
        }
    }

    async fn collect(&self, mut body: Incoming, limits: &Limits) -> Result<Held<'_>, BodyError> {
        let too_large = BodyError::TooLarge { limit: limits.body_bytes };
        let announced = body.size_hint();
        if announced.lower() > limits.body_bytes as u64 {
            return Err(too_large);
        }
        let mut share = Share { bodies: self, bytes: 0 };
        // Mostly all of it is one frame, which is not copied.
        let mut bytes = Bytes::new();
        let mut rest = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
            if bytes.len() + rest.len() + data.len() > limits.body_bytes {
                return Err(too_large);
            }
            share.grow(data.len(), limits.bodies_bytes)?;
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
    fn grow(&mut self, bytes: usize, limit: usize) -> Result<(), BodyError> {
        self.bytes += bytes;
        if self.bodies.0.fetch_add(bytes, Relaxed) + bytes > limit {
            return Err(BodyError::NoRoom);
        }
        Ok(())
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.bodies.0.fetch_sub(self.bytes, Relaxed);
    }
}
