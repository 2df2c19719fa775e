//! Many runs, on all cores.

use std::{
    ops::Range,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// What all runs showed together, and the failing run with the smallest seed that was met.
#[derive(Clone, Debug)]
pub struct Outcome<R, F> {
    /// All that went well.
    pub total: R,
    /// How many.
    pub runs: u64,
    /// A seed that fails, and how.
    pub failure: Option<(u64, F)>,
}

impl<R, F> Outcome<R, F> {
    /// The total, or the failure without its seed, for campaigns whose failures say where they were.
    ///
    /// # Errors
    /// The failure.
    pub fn into_result(self) -> Result<R, F> {
        self.failure.map_or(Ok(self.total), |(_, failure)| Err(failure))
    }
}

/// Does every run of these seeds, until one fails.
pub fn campaign<R: Default + Send, F: Send>(
    seeds: Range<u64>,
    run: impl Fn(u64) -> Result<R, F> + Sync,
    plus: impl Fn(R, &R) -> R + Sync,
) -> Outcome<R, F> {
    let next = AtomicU64::new(seeds.start);
    let outcome = Mutex::new(Outcome { total: R::default(), runs: 0, failure: None });
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let result = run(seed);
                    let mut outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
                    outcome.runs += 1;
                    match result {
                        Ok(report) => {
                            let total = std::mem::take(&mut outcome.total);
                            outcome.total = plus(total, &report);
                        }
                        Err(failure) => {
                            next.store(seeds.end, Ordering::Relaxed);
                            if outcome.failure.as_ref().is_none_or(|(other, _)| seed < *other) {
                                outcome.failure = Some((seed, failure));
                            }
                        }
                    }
                }
            });
        }
    });
    outcome.into_inner().unwrap_or_else(PoisonError::into_inner)
}
