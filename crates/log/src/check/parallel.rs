use std::{
    num::NonZeroUsize,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
};

/// `work` of all numbers below `count`, in their order, done by several threads.
pub(super) fn map<T: Send>(count: u64, threads: NonZeroUsize, work: impl Fn(u64) -> T + Sync) -> Vec<T> {
    map_while(count, threads, |number| Some(work(number)))
}

/// The same, until there is no more work to be done: then some of the last may be missing.
pub(super) fn map_while<T: Send>(
    count: u64,
    threads: NonZeroUsize,
    work: impl Fn(u64) -> Option<T> + Sync,
) -> Vec<T> {
    let next = AtomicU64::new(0);
    let done = Mutex::new(Vec::new());
    let take = || {
        let mut mine = Vec::new();
        loop {
            let number = next.fetch_add(1, Relaxed);
            let Some(result) = (number < count).then(|| work(number)).flatten() else { break };
            mine.push((number, result));
        }
        done.lock().unwrap_or_else(PoisonError::into_inner).extend(mine);
    };
    let wanted = usize::try_from(count).unwrap_or(usize::MAX).min(threads.get());
    if wanted <= 1 {
        take();
    } else {
        thread::scope(|scope| (0..wanted).for_each(|_| drop(scope.spawn(take))));
    }
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}
