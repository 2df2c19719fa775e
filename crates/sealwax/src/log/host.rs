//! The clock, the randomness and the timers of this machine.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use jiff::Timestamp;
use sealwax_log::engine::Host;

/// This machine.
pub struct System;

impl Host for System {
    fn now_ms(&self) -> u64 {
        u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0)
    }

    fn random(&self) -> [u8; 16] {
        // Names that repeat would be worse than no log.
        sealwax_crypto::random().unwrap_or_else(|_| std::process::abort())
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(duration))
    }
}
