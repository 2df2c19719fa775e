//! SNTP (RFC 5905, section 14): the packet, as a client sends and reads it. Pure.

mod ask;
mod watch;

use crate::clock::{Observation, Reading};
pub use ask::{AskError, ask};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
pub use watch::{Watch, watch};

/// Octets of a packet without extensions, which is the answer to a request without extensions.
pub const PACKET_BYTES: usize = 48;

/// A source that is farther than this from its own reference is not believed (RFC 5905, MAXDIST).
const MAX_DISTANCE: Duration = Duration::from_millis(1500);

/// The last stratum at which a clock is synchronised (RFC 5905, 7.3).
const LAST_STRATUM: u8 = 15;

/// The leap indicator of a clock that is not synchronised (RFC 5905, 7.3).
const UNSYNCHRONISED: u8 = 3;

/// Seconds from 1900-01-01 to 1970-01-01 (RFC 5905, figure 4).
const UNIX_EPOCH_S: i64 = 2_208_988_800;

/// Leap indicator 0, version 4, mode 3 (client).
const REQUEST_HEAD: u8 = 0b00_100_011;

/// An NTP timestamp: seconds of the era in the upper, their fraction in the lower half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NtpTime(pub u64);

/// What a server answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// When it received the request, by its clock.
    pub received: NtpTime,
    /// When it answered, by its clock.
    pub sent: NtpTime,
    /// How far its clock may be from the reference, by its own account.
    pub distance: Duration,
}

/// An answer that does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PacketError {
    /// Not [`PACKET_BYTES`] long.
    #[error("{found} bytes, not {PACKET_BYTES}")]
    Length {
        /// How long.
        found: usize,
    },
    /// Its origin timestamp is not what we sent: somebody else's, an older one, or forged.
    #[error("not an answer to this request")]
    Origin,
    /// Another version than 4.
    #[error("version {0}, not 4")]
    Version(u8),
    /// Another mode than 4, a server's.
    #[error("mode {0}, not 4")]
    Mode(u8),
    /// The server asks to be left alone, or says why it does not answer (RFC 5905, 7.4).
    #[error("kiss of death {:?}", String::from_utf8_lossy(.0))]
    Kiss([u8; 4]),
    /// The server's clock is not synchronised, by its own account.
    #[error("the server's clock is not synchronised")]
    Unsynchronised,
    /// Farther than 1.5 s from its reference.
    #[error("the server may be {} ms from its reference", .0.as_millis())]
    Distance(Duration),
    /// It answered before it received, or took more than 1.5 s to answer.
    #[error("the server's timestamps are out of order")]
    Order,
    /// No transmit timestamp.
    #[error("no time")]
    NoTime,
}

/// A request. Its transmit timestamp, which the answer repeats, is random: it proves that the answer is one, and tells
/// nobody our time.
#[must_use]
pub fn request(cookie: NtpTime) -> [u8; PACKET_BYTES] {
    let mut packet = [0; PACKET_BYTES];
    let [head, .., a, b, c, d, e, f, g, h] = &mut packet;
    *head = REQUEST_HEAD;
    for (to, from) in [a, b, c, d, e, f, g, h].into_iter().zip(cookie.0.to_be_bytes()) {
        *to = from;
    }
    packet
}

impl Answer {
    /// Reads the answer to the request with this cookie.
    ///
    /// # Errors
    /// [`PacketError`]; [`PacketError::Origin`] and [`PacketError::Length`] for what need not have come from the server.
    pub fn read(packet: &[u8], cookie: NtpTime) -> Result<Self, PacketError> {
        // RFC 5905, 7.3: 32 octets of single fields, then origin, receive and transmit timestamp.
        let (words, rest) = packet.as_chunks::<4>();
        let ([first, root_delay, dispersion, reference, _, _, o1, o2, r1, r2, t1, t2], []) = (words, rest)
        else {
            return Err(PacketError::Length { found: packet.len() });
        };
        let time = |high: &[u8; 4], low: &[u8; 4]| {
            NtpTime(u64::from(u32::from_be_bytes(*high)) << 32 | u64::from(u32::from_be_bytes(*low)))
        };
        let (origin, received, sent) = (time(o1, o2), time(r1, r2), time(t1, t2));
        if origin != cookie {
            return Err(PacketError::Origin);
        }
        let [head, stratum, ..] = *first;
        let (leap, version, mode) = (head >> 6, head >> 3 & 7, head & 7);
        if version != 4 {
            return Err(PacketError::Version(version));
        }
        if mode != 4 {
            return Err(PacketError::Mode(mode));
        }
        if stratum == 0 {
            return Err(PacketError::Kiss(*reference));
        }
        if leap == UNSYNCHRONISED || stratum > LAST_STRATUM {
            return Err(PacketError::Unsynchronised);
        }
        let distance = short(*root_delay) / 2 + short(*dispersion);
        if distance > MAX_DISTANCE {
            return Err(PacketError::Distance(distance));
        }
        if sent == NtpTime(0) || received == NtpTime(0) {
            return Err(PacketError::NoTime);
        }
        if !(0..=fraction_of(MAX_DISTANCE)).contains(&sent.since(received)) {
            return Err(PacketError::Order);
        }
        Ok(Self { received, sent, distance })
    }

    /// What it says about the time, for a request that was sent at one reading, when the answer came after so long.
    #[must_use]
    pub fn observation(&self, sent: Reading, round_trip: Duration) -> Observation {
        let ours = NtpTime::from_timestamp(sent.wall);
        let away = fraction_of(round_trip);
        let at_server = self.sent.since(self.received);
        // RFC 5905, 8: ((T2 - T1) + (T3 - T4)) / 2 and (T4 - T1) - (T3 - T2), with T4 = T1 + the time that passed here.
        let there = i128::from(self.received.since(ours));
        let back = i128::from(self.sent.since(ours)) - i128::from(away);
        let offset = seconds_of((there + back) / 2);
        let delay = seconds_of(i128::from((away - at_server).max(0)));
        Observation::Time {
            monotonic: sent.monotonic,
            time: sent.wall.checked_add(offset).unwrap_or(Timestamp::MAX),
            error: delay.unsigned_abs() / 2 + self.distance,
        }
    }
}

impl NtpTime {
    /// The timestamp of an instant, in whichever era it is.
    #[must_use]
    pub fn from_timestamp(time: Timestamp) -> Self {
        let nanoseconds = time.as_nanosecond() + i128::from(UNIX_EPOCH_S) * 1_000_000_000;
        let units = (nanoseconds << 32).div_euclid(1_000_000_000);
        Self(u64::try_from(units.rem_euclid(1 << 64)).unwrap_or(0))
    }

    /// How much later it is than another, in units of 2⁻³² s. Eras do not matter as long as the two are less than 68 years
    /// apart (RFC 5905, 6).
    fn since(self, other: Self) -> i64 {
        self.0.wrapping_sub(other.0).cast_signed()
    }
}

/// NTP short format: 16 bits of seconds, 16 of their fraction.
fn short(word: [u8; 4]) -> Duration {
    let units = u64::from(u32::from_be_bytes(word));
    Duration::from_nanos((units * 1_000_000_000) >> 16)
}

/// A duration in units of 2⁻³² s.
fn fraction_of(duration: Duration) -> i64 {
    let units = (duration.as_nanos() << 32) / 1_000_000_000;
    i64::try_from(units).unwrap_or(i64::MAX)
}

/// Units of 2⁻³² s as a duration.
fn seconds_of(units: i128) -> SignedDuration {
    let nanoseconds = (units * 1_000_000_000) >> 32;
    i64::try_from(nanoseconds).map_or(SignedDuration::MAX, SignedDuration::from_nanos)
}

#[cfg(test)]
mod tests;
