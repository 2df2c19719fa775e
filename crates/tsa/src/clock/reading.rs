//! The two clocks of the system.

use super::Reading;
use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

/// The fixed moment.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

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

    /// The monotonic clock alone.
    #[must_use]
    pub fn monotonic() -> Duration {
        START.elapsed()
    }
}
