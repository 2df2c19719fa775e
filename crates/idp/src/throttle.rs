//! How often somebody may be wrong.

use jiff::{SignedDuration, Timestamp};
use std::{collections::HashMap, hash::Hash, net::IpAddr};

/// Keys that are remembered because their bucket is not full again. At some 100 bytes each this is 6 MiB; beyond, all new ones
/// share one bucket: an attack from so many places at once slows down who else mistypes.
const MAX_REMEMBERED: usize = 65_536;

/// A token bucket: so many mistakes at once, and one more each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Mistakes at once.
    pub burst: u32,
    /// After so long there is one more.
    pub refill: SignedDuration,
}

/// Mistakes by key. A key without mistakes takes no memory.
#[derive(Debug)]
pub struct Throttle<K> {
    patience: Patience,
    /// When each bucket will be full again.
    full: HashMap<K, Timestamp>,
    /// That of all keys for which there is no room.
    others_full: Timestamp,
}

/// Who counts as one: an IPv4 address, or the /64 of an IPv6 address, of which a subscriber has 2^64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Neighbourhood(IpAddr);

impl Neighbourhood {
    /// That of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
            address => address,
        })
    }
}

impl<K: Eq + Hash> Throttle<K> {
    /// Nobody has been wrong.
    #[must_use]
    pub fn new(patience: Patience) -> Self {
        Self { patience, full: HashMap::new(), others_full: Timestamp::MIN }
    }

    /// Whether the key may try now.
    ///
    /// # Errors
    /// How long it has to wait.
    pub fn check(&self, key: &K, now: Timestamp) -> Result<(), SignedDuration> {
        // The bucket is empty while it lacks more than all tokens but one.
        let Patience { burst, refill } = self.patience;
        let allowed = refill.saturating_mul(i32::try_from(burst).unwrap_or(i32::MAX).saturating_sub(1));
        let wait = self.lacks(key, now).saturating_sub(allowed);
        if wait.is_positive() { Err(wait) } else { Ok(()) }
    }

    /// Notes a mistake.
    pub fn fail(&mut self, key: K, now: Timestamp) {
        let lacks = self.lacks(&key, now).saturating_add(self.patience.refill);
        let full = now.checked_add(lacks).unwrap_or(Timestamp::MAX);
        if self.full.len() >= MAX_REMEMBERED && !self.full.contains_key(&key) {
            self.full.retain(|_, full| *full > now);
        }
        if self.full.len() < MAX_REMEMBERED || self.full.contains_key(&key) {
            self.full.insert(key, full);
        } else {
            self.others_full = full;
        }
    }

    /// How long until the bucket of the key is full.
    fn lacks(&self, key: &K, now: Timestamp) -> SignedDuration {
        let full = match self.full.get(key) {
            Some(full) => *full,
            None if self.full.len() < MAX_REMEMBERED => return SignedDuration::ZERO,
            None => self.others_full,
        };
        full.duration_since(now).max(SignedDuration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { burst: 3, refill: SignedDuration::from_secs(60) };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    #[test]
    fn after_so_many_mistakes_one_waits() {
        let mut throttle = Throttle::new(PATIENCE);
        for second in [0, 0, 10] {
            assert_eq!(throttle.check(&"a", at(second)), Ok(()));
            throttle.fail("a", at(second));
        }
        assert_eq!(throttle.check(&"a", at(10)), Err(SignedDuration::from_secs(50)));
        assert_eq!(throttle.check(&"b", at(10)), Ok(()));
        assert_eq!(throttle.check(&"a", at(60)), Ok(()));
        throttle.fail("a", at(60));
        assert_eq!(throttle.check(&"a", at(61)), Err(SignedDuration::from_secs(59)));
        assert_eq!(throttle.check(&"a", at(10_000)), Ok(()));
    }

    #[test]
    fn a_clock_that_goes_back_adds_only_what_it_went_back() {
        let mut throttle = Throttle::new(PATIENCE);
        for _ in 0..3 {
            throttle.fail("a", at(0));
        }
        assert_eq!(throttle.check(&"a", at(-30)), Err(SignedDuration::from_secs(90)));
    }

    #[test]
    fn memory_is_bounded_and_the_rest_share() {
        let mut throttle = Throttle::new(PATIENCE);
        for key in 0..MAX_REMEMBERED {
            throttle.fail(key, at(0));
        }
        for key in 0..3 {
            assert_eq!(throttle.check(&(MAX_REMEMBERED + key), at(1)), Ok(()));
            throttle.fail(MAX_REMEMBERED + key, at(1));
        }
        assert!(throttle.check(&usize::MAX, at(1)).is_err());
        assert_eq!(throttle.full.len(), MAX_REMEMBERED);
        throttle.fail(usize::MAX, at(1_000));
        assert_eq!(throttle.full.len(), 1);
    }

    #[test]
    fn neighbours() {
        let of = |text: &str| Neighbourhood::of(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:0:0:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
    }
}
