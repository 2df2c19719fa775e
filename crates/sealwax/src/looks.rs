//! When to look whether a file has changed: every few seconds, and at SIGHUP, which says that it has.

use std::time::Duration;

use tokio::signal::unix::Signal;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// Soon enough for whoever has just put a new file there.
const EVERY: Duration = Duration::from_secs(10);

/// The times to look; the first is at once.
pub struct Looks {
    interval: Interval,
    hangup: Signal,
}

impl Looks {
    /// Only within a runtime.
    pub fn new(hangup: Signal) -> Self {
        let mut interval = interval(EVERY);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { interval, hangup }
    }

    /// Completes when it is time.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interval.tick() => {}
            Some(()) = self.hangup.recv() => {}
        }
    }
}
