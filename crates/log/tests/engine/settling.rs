//! How far static copies of a directory are behind, and what an idle log writes.

use crate::support::{self, ORIGIN, check_added, entry, keys, run};
use sealwax_log::{
    Kind,
    engine::{Config, Shape},
};
use sealwax_store::{Cell, LockStore as _, Memory};
use std::time::{Duration, Instant};

/// The size of the checkpoint that lies beside the tiles; 0 if there is none.
async fn settled(store: &Memory) -> u64 {
    let Some(file) = store.load(Cell::Checkpoint).await.unwrap() else { return 0 };
    std::str::from_utf8(&file.value).unwrap().lines().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_static_copy_is_behind_by_no_more_than_was_chosen() {
    run(async {
        let store = Memory::new();
        support::create(&store, Kind::Signature).await;
        // The clock of these tests goes on by a millisecond each time it is asked, a few times for an entry.
        let every = Duration::from_millis(100);
        let config = Config { settle_every: every, ..Config::new(Kind::Signature, Shape::Exclusive) };
        let (log, sequencer) =
            support::open_with(store.clone(), config, keys(Kind::Signature, ORIGIN, 1)).await.unwrap();
        let running = tokio::spawn(sequencer.run());
        // While entries come, more slowly than they fill anything.
        let mut acknowledged = Vec::new();
        for nth in 0..60 {
            check_added(&log, &entry(nth), &log.add(entry(nth)).await.unwrap());
            acknowledged.push(Instant::now());
            let behind = settled(&store).await;
            // Twice as long, and some more for a machine that is busy.
            let oldest = acknowledged.get(usize::try_from(behind).unwrap()).map(Instant::elapsed);
            assert!(oldest.unwrap_or_default() < every * 2 + Duration::from_secs(3), "{oldest:?}");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        assert!(settled(&store).await > 0, "nothing was settled while entries came");
        // And when none come any more.
        let start = Instant::now();
        while settled(&store).await < 60 {
            assert!(start.elapsed() < Duration::from_secs(10), "the last entries are not settled");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        // Then there is nothing to do.
        let settles = log.metrics().settles.value();
        tokio::time::sleep(every * 3).await;
        assert_eq!(log.metrics().settles.value(), settles);
        log.stop();
        running.await.unwrap().unwrap();
    });
}

#[test]
fn a_frozen_log_rests() {
    run(async {
        let store = Memory::new();
        support::create(&store, Kind::Certificate).await;
        let log = support::Running::open(store, Kind::Certificate, Shape::Exclusive).await;
        log.add(support::submission(Kind::Certificate, 1)).await.unwrap();
        log.freeze();
        while !log.published().unwrap().frozen {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let frozen = log.published().unwrap();
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        assert_eq!(log.published().unwrap(), frozen, "it signs again and again");
        log.stop().await.unwrap();
    });
}
