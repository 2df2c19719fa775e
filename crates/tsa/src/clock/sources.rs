//! What time sources say, and what is made of it.

use super::{Reading, Untrusted, signed};
use jiff::Timestamp;
use std::time::Duration;

/// Sources that can be configured: a few times what outvotes one that lies.
pub const MAX_SOURCES: usize = 16;

/// A tolerance for sources on the internet: with a server 100 ms away, and 200 ms from its own reference, the clock may still
/// be off by a quarter of a second.
pub const TOLERANCE: Duration = Duration::from_millis(500);

/// A time for which an agreement lasts when polls are not answered: three of [`Watch::interval`](crate::ntp::Watch::interval).
pub const HOLD: Duration = Duration::from_secs(3 * 64);

/// What one source said in a poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observation {
    /// It was `time`, give or take `error`, when our monotonic clock said `monotonic`.
    Time {
        /// When, by the monotonic clock of [`Reading`].
        monotonic: Duration,
        /// The time of day.
        time: Timestamp,
        /// The largest error that this can have: the way there and back, and what the source says of itself.
        error: Duration,
    },
    /// No answer that counts.
    Silent,
}

/// The rule: `needed` of `configured` sources must be certain to be within `tolerance` of the clock.
#[derive(Clone, Debug)]
pub struct Sources {
    needed: usize,
    configured: usize,
    tolerance: Duration,
    hold: Duration,
    state: State,
}

/// A rule that cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourcesError {
    /// None, or more than [`MAX_SOURCES`].
    #[error("{0} time sources, where 1 to {MAX_SOURCES} can be configured")]
    Count(usize),
    /// None needed, or more than there are.
    #[error("{needed} of {configured} time sources cannot be needed")]
    Needed {
        /// How many must agree.
        needed: usize,
        /// How many there are.
        configured: usize,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Never enough agreed, nor was it certain that too few do.
    Open,
    /// Enough agreed then.
    Confirmed { at: Duration },
    /// Enough answered to know that too few agree.
    Refuted { agreed: usize },
}

impl Sources {
    /// `hold` is how long an agreement lasts when later polls are not answered. See [`TOLERANCE`] and [`HOLD`].
    ///
    /// # Errors
    /// [`SourcesError`].
    pub fn new(
        needed: usize,
        configured: usize,
        tolerance: Duration,
        hold: Duration,
    ) -> Result<Self, SourcesError> {
        if !(1..=MAX_SOURCES).contains(&configured) {
            return Err(SourcesError::Count(configured));
        }
        if !(1..=configured).contains(&needed) {
            return Err(SourcesError::Needed { needed, configured });
        }
        Ok(Self { needed, configured, tolerance, hold, state: State::Open })
    }

    /// How many must agree.
    #[must_use]
    pub fn needed(&self) -> usize {
        self.needed
    }

    /// How many there are.
    #[must_use]
    pub fn configured(&self) -> usize {
        self.configured
    }

    /// How far the clock may be from each of those that agree.
    #[must_use]
    pub fn tolerance(&self) -> Duration {
        self.tolerance
    }

    /// Whether they agree with the clock, as far as is known.
    pub(super) fn check(&self, monotonic: Duration) -> Result<(), Untrusted> {
        let Self { needed, configured, .. } = *self;
        match self.state {
            State::Open => Err(Untrusted::NeverConfirmed { needed, configured }),
            State::Refuted { agreed } => Err(Untrusted::Disagreement { agreed, needed, configured }),
            State::Confirmed { at } => {
                let since = monotonic.saturating_sub(at);
                if since > self.hold {
                    Err(Untrusted::Unconfirmed { needed, configured, since })
                } else {
                    Ok(())
                }
            }
        }
    }

    /// Takes in a poll, and says whether enough agree. A poll that could have gone either way, had the silent spoken,
    /// changes nothing: what was confirmed grows old.
    pub(super) fn observe(&mut self, now: Reading, observations: &[Observation]) -> bool {
        let observations = observations.get(..self.configured).unwrap_or(observations);
        let agreed = observations.iter().filter(|one| self.agrees(now, one)).count();
        let answered = observations.iter().filter(|one| !matches!(one, Observation::Silent)).count();
        let silent = self.configured - answered;
        if agreed >= self.needed {
            self.state = State::Confirmed { at: now.monotonic };
            return true;
        }
        if agreed + silent < self.needed {
            self.state = State::Refuted { agreed };
        }
        false
    }

    /// The wall clock is certain to be within the tolerance, whatever the error.
    fn agrees(&self, now: Reading, observation: &Observation) -> bool {
        match observation {
            Observation::Time { monotonic, time, error } => {
                let elapsed = now.monotonic.saturating_sub(*monotonic);
                let expected = time.checked_add(signed(elapsed)).unwrap_or(Timestamp::MAX);
                let off = now.wall.duration_since(expected).unsigned_abs();
                off.saturating_add(*error) <= self.tolerance
            }
            Observation::Silent => false,
        }
    }
}
