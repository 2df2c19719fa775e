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
    let next = AtomicU64::new(0);
    let done = Mutex::new(Vec::new());
    let take = || {
        let mut mine = Vec::new();
        loop {
            let number = next.fetch_add(1, Relaxed);
            if number >= count {
                break;
            }
            mine.push((number, work(number)));
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
