use std::{
    array,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Only goes up.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Relaxed);
    }

    /// How many so far.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Goes up and down.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// Sets.
    pub fn set(&self, value: u64) {
        self.0.store(value, Relaxed);
    }

    /// One more.
    pub fn up(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    /// One less; of as many as went up.
    pub fn down(&self) {
        self.0.fetch_sub(1, Relaxed);
    }

    /// How many now.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A fixed set of label values.
pub trait Label<const N: usize>: Copy {
    /// All of them, each at its place, as they are written.
    const ALL: [(Self, &'static str); N];

    /// Its place in [`Label::ALL`].
    fn place(self) -> usize;
}

/// A counter for each value of a label.
#[derive(Debug)]
pub struct Labelled<L, const N: usize> {
    counters: [Counter; N],
    label: std::marker::PhantomData<fn(L)>,
}

impl<L, const N: usize> Default for Labelled<L, N> {
    fn default() -> Self {
        Self { counters: array::from_fn(|_| Counter::default()), label: std::marker::PhantomData }
    }
}

impl<L: Label<N>, const N: usize> Labelled<L, N> {
    /// Adds to one of them.
    pub fn add(&self, label: L, count: u64) {
        if let Some(counter) = self.counters.get(label.place()) {
            counter.add(count);
        }
    }

    /// How many of this label so far.
    #[must_use]
    pub fn value(&self, label: L) -> u64 {
        self.counters.get(label.place()).map_or(0, Counter::value)
    }
}

/// Buckets of a histogram, the last without a bound.
const BUCKETS: usize = 18;

/// Upper bounds of durations in microseconds: a flush takes from 20 µs (a good NVMe disk) to 50 ms (a spinning one), a
/// public log answers within ten seconds.
const MICROSECONDS: [u64; BUCKETS - 1] = [
    50, 100, 250, 500, 1_000, 2_000, 3_000, 5_000, 10_000, 20_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 10_000_000,
];

/// How many observations were how long, or how large: in powers of two for counts, in `MICROSECONDS` for times. One
/// histogram holds one of the two.
#[derive(Debug)]
pub struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    sum: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: array::from_fn(|_| AtomicU64::new(0)), sum: AtomicU64::new(0) }
    }
}

impl Histogram {
    /// Counts a duration.
    pub fn time(&self, duration: Duration) {
        let microseconds = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let place = MICROSECONDS.partition_point(|bound| *bound < microseconds);
        self.add(place, microseconds);
    }

    /// Counts a number of things: 1, 2, 4 … 65,536 and more.
    pub fn observe(&self, count: u64) {
        let place = count.max(1).next_power_of_two().trailing_zeros() as usize;
        self.add(place.min(BUCKETS - 1), count);
    }

    fn add(&self, place: usize, amount: u64) {
        if let Some(bucket) = self.buckets.get(place) {
            bucket.fetch_add(1, Relaxed);
        }
        self.sum.fetch_add(amount, Relaxed);
    }

    /// Observations so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.load(Relaxed)).sum()
    }

    /// Sum of the durations in microseconds, or of the counts.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.sum.load(Relaxed)
    }

    /// Cumulative counts with their bounds in microseconds; of the last bucket the bound is `None`.
    pub(super) fn times(&self) -> impl Iterator<Item = (Option<u64>, u64)> {
        self.cumulative(MICROSECONDS.iter().copied())
    }

    /// Cumulative counts with their bounds.
    pub(super) fn counts(&self) -> impl Iterator<Item = (Option<u64>, u64)> {
        self.cumulative((0..BUCKETS - 1).map(|power| 1 << power))
    }

    fn cumulative(&self, bounds: impl Iterator<Item = u64>) -> impl Iterator<Item = (Option<u64>, u64)> {
        let bounds = bounds.map(Some).chain([None]);
        bounds.zip(&self.buckets).scan(0, |sum, (bound, bucket)| {
            *sum += bucket.load(Relaxed);
            Some((bound, *sum))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_inclusive() {
        let times = Histogram::default();
        times.time(Duration::from_micros(50));
        times.time(Duration::from_micros(51));
        assert_eq!(times.times().take(2).collect::<Vec<_>>(), [(Some(50), 1), (Some(100), 2)]);

        let counts = Histogram::default();
        for count in [0, 1, 2, 3, 65_536, 65_537, u64::MAX >> 1] {
            counts.observe(count);
        }
        let found: Vec<_> = counts.counts().collect();
        assert_eq!(found[..3], [(Some(1), 2), (Some(2), 3), (Some(4), 4)]);
        assert_eq!(found[16..], [(Some(65_536), 5), (None, 7)]);
        assert_eq!(counts.count(), 7);
    }
}
