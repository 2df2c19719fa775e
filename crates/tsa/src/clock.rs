//! Whether the time may be stamped: a state machine over readings of two clocks.
//!
//! The wall clock says what time it is, and anybody who administers the machine can change it; the monotonic clock only
//! says how much time has passed. [`Clock::stamp`] gives out the wall clock's second if nothing speaks against it:
//!
//! 1. it has kept pace with the monotonic clock since the last time the two were compared ([`MAX_STEP`]);
//! 2. enough of the configured sources agreed with it, and not too long ago ([`Sources`]);
//! 3. it is not before the newest timestamp of the certificate log;
//! 4. it is not before a second that was stamped already, by this process or an earlier one.
//!
//! For the last rule the clock says which second it may reach before it must be told that a later one is on disk:
//! [`Permit::StoreFirst`]. So a second is stored before it is stamped, and one write serves for [`AHEAD`].

mod reading;
mod sources;

use jiff::{SignedDuration, Timestamp};
use sealwax_pki::Accuracy;
pub use sources::{HOLD, MAX_SOURCES, Observation, Sources, SourcesError, TOLERANCE};
use std::time::Duration;

/// How far the wall clock may be from where the monotonic clock has it, before it has jumped. A leap second is more, and
/// what a time daemon steps by rather than steering is 0.128 s or more.
pub const MAX_STEP: Duration = Duration::from_millis(500);

/// By how many parts in a million the two clocks may drift apart: what NTP steers by at most (RFC 5905, 11.3).
const MAX_DRIFT_PPM: u32 = 500;

/// The clocks are compared anew after so long. Between two readings that follow closely the drift would be rounded away.
const COMPARISON: Duration = Duration::from_secs(1);

/// How far ahead of the present a second is stored. A process that is killed cannot stamp again until this time has
/// passed, which it takes to start again anyway; and a crowd costs one write in this time.
pub const AHEAD: Duration = Duration::from_secs(2);

/// How far the certificate log's newest timestamp may be in our future: its clock is another machine's.
pub const LOG_LEAD: Duration = Duration::from_secs(1);

/// Both clocks at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Time since some fixed moment, also that in which the machine slept.
    pub monotonic: Duration,
    /// The time of day.
    pub wall: Timestamp,
}

/// The second that may be stamped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    /// This one.
    Stamp(Timestamp),
    /// None until this one is stored: then [`Clock::stored`], and ask again.
    StoreFirst(Timestamp),
}

/// Why the time cannot be stamped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Untrusted {
    /// The wall clock was set, or the machine stood still and does not know it.
    #[error(
        "the clock jumped by {:.3} s against the monotonic clock; it is believed again when it is back, when time sources \
         confirm it, or after a restart",
        by.as_secs_f64()
    )]
    Jumped {
        /// By how much; less than zero if backwards.
        by: SignedDuration,
    },
    /// Enough sources have not agreed since the process started.
    #[error("of {configured} time sources {needed} must agree, and have not yet")]
    NeverConfirmed {
        /// How many must agree.
        needed: usize,
        /// How many there are.
        configured: usize,
    },
    /// Enough sources answered, and too few of them agree.
    #[error("of {configured} time sources {agreed} agree with the clock, {needed} are needed")]
    Disagreement {
        /// How many agree.
        agreed: usize,
        /// How many must.
        needed: usize,
        /// How many there are.
        configured: usize,
    },
    /// Too few sources answered for too long.
    #[error("too few of {configured} time sources have answered for {} s, {needed} are needed", since.as_secs())]
    Unconfirmed {
        /// How many must agree.
        needed: usize,
        /// How many there are.
        configured: usize,
        /// How long ago enough of them agreed.
        since: Duration,
    },
    /// The certificate log has seen a later time.
    #[error("the clock is {:.3} s behind the certificate log's newest timestamp", by.as_secs_f64())]
    BehindLog {
        /// By how much.
        by: SignedDuration,
    },
    /// A later time was stamped already, or may have been, before a process was killed.
    #[error("the clock is {} s behind what was stamped already", by.as_secs())]
    BehindLastStamp {
        /// By how much.
        by: SignedDuration,
    },
}

impl Untrusted {
    /// When it may be over, if time alone can tell.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::BehindLog { by } | Self::BehindLastStamp { by } => Duration::try_from(*by).ok(),
            _ => None,
        }
    }
}

/// The state.
#[derive(Clone, Debug)]
pub struct Clock {
    sources: Option<Sources>,
    /// Where both clocks were when they were last seen to agree.
    agreed: Reading,
    /// The latest second that was stamped.
    stamped: Timestamp,
    /// The latest second that is stored: later ones must not be stamped.
    stored: Timestamp,
}

impl Clock {
    /// A clock. Without sources it begins by taking the wall clock at its word; with sources it waits for them.
    /// `stored` is what an earlier process has stored last.
    #[must_use]
    pub fn new(sources: Option<Sources>, first: Reading, stored: Option<Timestamp>) -> Self {
        let stored = stored.unwrap_or(Timestamp::MIN);
        Self { sources, agreed: first, stamped: stored, stored }
    }

    /// The rule about time sources, if any are configured.
    #[must_use]
    pub fn sources(&self) -> Option<&Sources> {
        self.sources.as_ref()
    }

    /// How far the real time may be from a second that was stamped: one second, since its fraction is cut off, and the
    /// tolerance of the sources, if any are configured. Without them nobody has measured the clock.
    #[must_use]
    pub fn accuracy(&self) -> Accuracy {
        let tolerance = self.sources.as_ref().map_or(Duration::ZERO, Sources::tolerance);
        let whole = tolerance.saturating_add(Duration::from_secs(1));
        let thousandth = |part: u32| u16::try_from(part % 1000).unwrap_or(0);
        Accuracy {
            seconds: whole.as_secs(),
            milliseconds: thousandth(whole.subsec_millis()),
            microseconds: thousandth(whole.subsec_micros()),
        }
    }

    /// Whether the time could be stamped. `newest_entry` is the newest timestamp of the certificate log.
    ///
    /// # Errors
    /// [`Untrusted`].
    pub fn check(
        &mut self,
        reading: Reading,
        newest_entry: Option<Timestamp>,
    ) -> Result<Timestamp, Untrusted> {
        self.check_pace(reading)?;
        if let Some(sources) = &self.sources {
            sources.check(reading.monotonic)?;
        }
        if let Some(newest) = newest_entry {
            let behind = newest.duration_since(reading.wall);
            if behind > signed(LOG_LEAD) {
                return Err(Untrusted::BehindLog { by: behind });
            }
        }
        let second = whole_second(reading.wall);
        if second < self.stamped {
            return Err(Untrusted::BehindLastStamp { by: self.stamped.duration_since(second) });
        }
        Ok(second)
    }

    /// The second to be stamped. It counts as stamped from now on.
    ///
    /// # Errors
    /// [`Untrusted`].
    pub fn stamp(&mut self, reading: Reading, newest_entry: Option<Timestamp>) -> Result<Permit, Untrusted> {
        let second = self.check(reading, newest_entry)?;
        if second > self.stored {
            return Ok(Permit::StoreFirst(second.checked_add(signed(AHEAD)).unwrap_or(Timestamp::MAX)));
        }
        self.stamped = second;
        Ok(Permit::Stamp(second))
    }

    /// Whether something must be stored before the present second is stamped.
    #[must_use]
    pub fn must_store(&self, reading: Reading) -> bool {
        whole_second(reading.wall) > self.stored
    }

    /// This second is on disk.
    pub fn stored(&mut self, second: Timestamp) {
        self.stored = self.stored.max(second);
    }

    /// What is to be stored when the process stops in good order, so that the next one need not wait: nothing if it
    /// has not stamped. From now on nothing is stamped before something is stored again.
    pub fn stop(&mut self) -> Option<Timestamp> {
        let moved = self.stamped < self.stored;
        self.stored = self.stamped;
        (moved && self.stamped > Timestamp::MIN).then_some(self.stamped)
    }

    /// What the sources said, and a reading that was taken after the last of them. If enough of them agree with the wall
    /// clock as it is now, it is believed again even after a jump.
    pub fn observe(&mut self, reading: Reading, observations: &[Observation]) {
        if let Some(sources) = &mut self.sources
            && sources.observe(reading, observations)
        {
            self.agreed = reading;
        }
    }

    /// The two clocks keep pace.
    fn check_pace(&mut self, reading: Reading) -> Result<(), Untrusted> {
        let elapsed = reading.monotonic.saturating_sub(self.agreed.monotonic);
        let expected = self.agreed.wall.checked_add(signed(elapsed)).unwrap_or(Timestamp::MAX);
        let off = reading.wall.duration_since(expected);
        let drift = elapsed / (1_000_000 / MAX_DRIFT_PPM);
        if off.unsigned_abs() > MAX_STEP.saturating_add(drift) {
            return Err(Untrusted::Jumped { by: off });
        }
        if elapsed >= COMPARISON {
            let followed = off.clamp(-signed(drift), signed(drift));
            let wall = expected.checked_add(followed).unwrap_or(expected);
            self.agreed = Reading { monotonic: reading.monotonic, wall };
        }
        Ok(())
    }
}

/// The second that it is.
fn whole_second(time: Timestamp) -> Timestamp {
    let second = time.as_millisecond().div_euclid(1000);
    Timestamp::from_second(second).unwrap_or(time)
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests;
