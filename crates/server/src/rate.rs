//! Token buckets: one, and one for each of many.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Buckets that are remembered because they are not full again. At some 60 bytes each this is 4 MiB.
const MAX_REMEMBERED: usize = 65_536;

/// A token bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Tokens that come in each second.
    pub per_second: f64,
    /// Tokens that the bucket holds.
    pub burst: f64,
}

/// A bucket of one rate for each key. Full ones need not be remembered; where too many are not full, the fullest half of them is
/// forgotten, so that whoever has taken the most stays known.
#[derive(Debug)]
pub struct Buckets<K> {
    rate: Rate,
    buckets: Mutex<HashMap<K, Bucket>>,
}

impl<K: Eq + Hash> Buckets<K> {
    /// Full buckets.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        Self { rate, buckets: Mutex::default() }
    }

    /// Takes a token out of the bucket of this key.
    ///
    /// # Errors
    /// How long until there is one.
    pub fn take(&self, key: K, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_REMEMBERED {
            self.forget(&mut buckets, now);
        }
        buckets.entry(key).or_insert_with(|| Bucket::new(self.rate.burst, now)).take(self.rate, now)
    }

    fn forget(&self, buckets: &mut HashMap<K, Bucket>, now: Instant) {
        buckets.retain(|_, bucket| bucket.level(self.rate, now) < self.rate.burst);
        const KEPT: usize = MAX_REMEMBERED / 2;
        if buckets.len() <= KEPT {
            return;
        }
        let mut levels: Vec<f64> = buckets.values().map(|bucket| bucket.level(self.rate, now)).collect();
        let (below, middle, _) = levels.select_nth_unstable_by(KEPT, f64::total_cmp);
        let middle = *middle;
        // Of those that are alike some have to go.
        let mut alike = below.iter().filter(|level| **level >= middle).count();
        buckets.retain(|_, bucket| {
            let level = bucket.level(self.rate, now);
            let kept = level < middle || (level <= middle && alike > 0);
            alike -= usize::from(kept && level >= middle);
            kept
        });
    }
}

#[derive(Debug)]
pub(crate) struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    pub(crate) fn new(tokens: f64, now: Instant) -> Self {
        Self { tokens, at: now }
    }

    pub(crate) fn level(&self, rate: Rate, now: Instant) -> f64 {
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        (self.tokens + since * rate.per_second).min(rate.burst)
    }

    pub(crate) fn take(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        self.tokens = self.level(rate, now);
        self.at = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        let seconds = (1.0 - self.tokens) / rate.per_second;
        Err(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_second: 2.0, burst: 3.0 };

    #[test]
    fn each_key_has_a_bucket() {
        let (buckets, start) = (Buckets::new(RATE), Instant::now());
        for _ in 0..3 {
            assert_eq!(buckets.take("a", start), Ok(()));
        }
        assert_eq!(buckets.take("a", start), Err(Duration::from_millis(500)));
        assert_eq!(buckets.take("b", start), Ok(()));
        assert_eq!(buckets.take("a", start + Duration::from_millis(500)), Ok(()));
    }

    #[test]
    fn memory_is_bounded_and_who_took_most_stays_known() {
        let (buckets, start) = (Buckets::new(RATE), Instant::now());
        for _ in 0..3 {
            assert_eq!(buckets.take(0, start), Ok(()));
        }
        for key in 1..=2 * MAX_REMEMBERED {
            assert_eq!(buckets.take(key, start), Ok(()));
            assert!(buckets.buckets.lock().unwrap().len() <= MAX_REMEMBERED);
        }
        assert!(buckets.take(0, start).is_err());
        // An hour later all are full, and none is worth a place.
        let later = start + Duration::from_secs(3_600);
        buckets.forget(&mut buckets.buckets.lock().unwrap(), later);
        assert!(buckets.buckets.lock().unwrap().is_empty());
    }

    #[test]
    fn nothing_ever_comes_at_no_rate() {
        let (buckets, now) = (Buckets::new(Rate { per_second: 0.0, burst: 1.0 }), Instant::now());
        assert_eq!((buckets.take((), now), buckets.take((), now)), (Ok(()), Err(Duration::MAX)));
    }
}
