//! The two clocks of the system.

use super::Reading;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// A clock that goes on while the machine sleeps, as the wall clock does: waking up is no jump. `Instant` stands still meanwhile.
#[cfg(target_os = "linux")]
const MONOTONIC: ClockId = ClockId::Boottime;

/// Elsewhere this one does, as far as any does.
#[cfg(not(target_os = "linux"))]
const MONOTONIC: ClockId = ClockId::Monotonic;

/// The clocks are read one after the other. If more than this passes in between, they are read again.
const APART: Duration = Duration::from_millis(1);

/// So often, at most: a machine that is this busy has a bad clock.
const ATTEMPTS: usize = 8;

impl Reading {
    /// Reads both clocks, as nearly at once as can be.
    #[must_use]
    pub fn take() -> Self {
        let mut before = Self::monotonic();
        let mut wall = sealwax_net::now();
        for _ in 1..ATTEMPTS {
            let after = Self::monotonic();
            if after.saturating_sub(before) <= APART {
                break;
            }
            before = after;
            wall = sealwax_net::now();
        }
        Self { monotonic: before, wall }
    }

    /// The monotonic clock alone, which counts the time that the machine has slept.
    #[must_use]
    pub fn monotonic() -> Duration {
        let now = clock_gettime(MONOTONIC);
        // Neither is ever below zero, nor are there more than a billion nanoseconds.
        Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
    }
}
