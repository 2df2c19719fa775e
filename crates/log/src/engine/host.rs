use std::{future::Future, pin::Pin, time::Duration};

/// What the engine takes from the world besides its stores. The simulation has its own.
pub trait Host: Send + Sync {
    /// Milliseconds since 1970, UTC. May jump.
    fn now_ms(&self) -> u64;

    /// Sixteen random bytes.
    fn random(&self) -> [u8; 16];

    /// Completes after a duration.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}
