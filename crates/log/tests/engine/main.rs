//! The engine over a store in memory, alone and as several replicas.

// Under `cfg(test)` the helpers of tests are tests too, for the lints.
#[cfg(test)]
mod directory;
#[cfg(test)]
mod full;
#[cfg(test)]
mod index_images;
#[cfg(test)]
mod reached;
#[cfg(test)]
mod replicas;
#[cfg(test)]
mod settling;
#[cfg(test)]
mod support;
#[cfg(test)]
mod view;

use bytes::Bytes;
use sealwax_log::{
    AddError, Kind, Submission,
    engine::{Body, Config, EngineError, Shape},
};
use sealwax_store::{Memory, ObjectStore};
use sealwax_tlog::{SignedCheckpoint, tile::EntryBundle};
use std::time::Duration;
use support::{Running, check_added, entry, keys, run};

#[test]
fn an_entry_comes_back_with_its_proof() {
    run(async {
        let log = Running::new(Memory::new(), Kind::Signature, Shape::Exclusive).await;
        for index in 0..600 {
            let added = log.add(entry(index)).await.unwrap();
            assert_eq!((added.index, added.duplicate), (index, false));
            check_added(&log, &entry(index), &added);
        }
        assert!(log.metrics().sign_seconds.count() > 600, "each checkpoint was signed once");
        log.stop().await.unwrap();
    });
}

#[test]
fn many_at_once_share_rounds_and_all_get_proofs() {
    run(async {
        for shape in [Shape::Exclusive, Shape::Shared] {
            let log = Running::new(Memory::new(), Kind::Signature, shape).await;
            let tasks: Vec<_> = (0..3000).map(|nth| tokio::spawn(log.adding(entry(nth)))).collect();
            for (nth, task) in (0..).zip(tasks) {
                let added = task.await.unwrap().unwrap();
                check_added(&log, &entry(nth), &added);
            }
            assert_eq!(log.published().unwrap().size, 3000);
            log.stop().await.unwrap();
        }
    });
}

#[test]
fn what_waits_together_is_one_round() {
    run(async {
        let store = Memory::new();
        support::create(&store, Kind::Signature).await;
        let (log, sequencer) = support::try_open(
            store,
            Kind::Signature,
            Shape::Exclusive,
            keys(Kind::Signature, support::ORIGIN, 1),
        )
        .await
        .unwrap();
        let tasks: Vec<_> = (0..1000)
            .map(|nth| {
                let log = log.clone();
                tokio::spawn(async move { log.add(entry(nth)).await })
            })
            .collect();
        while log.queue().0 < 1000 {
            tokio::task::yield_now().await;
        }
        let running = tokio::spawn(sequencer.run());
        for task in tasks {
            assert_eq!(task.await.unwrap().unwrap().published.size, 1000);
        }
        assert_eq!(log.metrics().rounds.value(), 1);
        log.stop();
        running.await.unwrap().unwrap();
    });
}

#[test]
fn a_round_waits_for_what_is_being_checked() {
    run(async {
        let log = Running::new(Memory::new(), Kind::Signature, Shape::Exclusive).await;
        // What is said of a round while it is on may be heard after it, and is no reason for another one.
        for nth in 0..200 {
            let both = (log.add(entry(4 * nth)), log.add(entry(4 * nth + 1)));
            let (one, other) = tokio::join!(both.0, both.1);
            one.and(other).unwrap();

            let coming = log.coming();
            let rounds = log.metrics().rounds.value();
            let first = tokio::spawn(log.adding(entry(4 * nth + 2)));
            while log.queue().0 == 0 {
                tokio::task::yield_now().await;
            }
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            assert_eq!(log.metrics().rounds.value(), rounds);
            coming.add(entry(4 * nth + 3)).await.unwrap();
            first.await.unwrap().unwrap();
            assert_eq!(log.metrics().rounds.value(), rounds + 1);
        }
        // One that comes to nothing keeps nobody waiting.
        let coming = log.coming();
        let last = tokio::spawn(log.adding(entry(1000)));
        drop(coming);
        last.await.unwrap().unwrap();
        log.stop().await.unwrap();
    });
}

#[test]
fn the_same_entry_again_is_the_same_entry() {
    run(async {
        for kind in [Kind::Signature, Kind::Certificate] {
            let store = Memory::new();
            let log = Running::new(store.clone(), kind, Shape::Exclusive).await;
            let submission = |nth| support::submission(kind, nth);
            let first = log.add(submission(5)).await.unwrap();
            // At the same time, and later.
            let tasks: Vec<_> = (0..900).map(|nth| tokio::spawn(log.adding(submission(nth % 300)))).collect();
            for task in tasks {
                let added = task.await.unwrap().unwrap();
                assert!(added.index < 300);
            }
            let again = log.add(submission(5)).await.unwrap();
            assert_eq!((again.index, again.duplicate), (first.index, true));
            check_added(&log, &submission(5), &again);
            if kind == Kind::Certificate {
                assert_eq!(again.timestamp, first.timestamp);
            }
            assert_eq!(log.published().unwrap().size, 300);
            log.stop().await.unwrap();
            // After a restart, with an index that has to be fed.
            let log = Running::open(store, kind, Shape::Exclusive).await;
            let again = log.add(submission(5)).await.unwrap();
            assert_eq!((again.index, again.duplicate), (first.index, true));
            check_added(&log, &submission(5), &again);
            log.stop().await.unwrap();
        }
    });
}

#[test]
fn a_log_that_was_cut_off_comes_back() {
    run(async {
        for kind in [Kind::Signature, Kind::Certificate] {
            for shape in [Shape::Exclusive, Shape::Shared] {
                let store = Memory::new();
                let mut size = 0;
                support::create(&store, kind).await;
                for more in [1, 254, 1, 1, 300, 700] {
                    let log = Running::open(store.clone(), kind, shape).await;
                    for nth in size..size + more {
                        let added = log.add(support::submission(kind, nth)).await.unwrap();
                        assert_eq!(added.index, nth);
                        check_added(&log, &support::submission(kind, nth), &added);
                    }
                    size += more;
                    if more % 2 == 1 {
                        log.stop().await.unwrap();
                    } else {
                        log.cut_off().await;
                    }
                }
            }
        }
    });
}

#[test]
fn stopping_leaves_a_static_directory() {
    run(async {
        let store = Memory::new();
        let log = Running::new(store.clone(), Kind::Signature, Shape::Exclusive).await;
        for nth in 0..300 {
            log.add(entry(nth)).await.unwrap();
        }
        let note = log.published().unwrap().note.clone();
        log.stop().await.unwrap();
        let names = store.names();
        for name in
            ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/44"]
        {
            assert!(names.iter().any(|found| found == name), "{name} is missing in {names:?}");
        }
        assert!(!names.iter().any(|name| name.starts_with("staged/")), "{names:?}");
        let checkpoint =
            sealwax_store::LockStore::load(&store, sealwax_store::Cell::Checkpoint).await.unwrap();
        assert_eq!(checkpoint.unwrap().value, note);
    });
}

#[test]
fn an_idle_log_signs_anew() {
    run(async {
        let store = Memory::new();
        support::create(&store, Kind::Certificate).await;
        let config = Config {
            resign_every: Duration::from_millis(20),
            ..Config::new(Kind::Certificate, Shape::Exclusive)
        };
        let signing = keys(Kind::Certificate, support::ORIGIN, 1);
        let (log, sequencer) = support::open_with(store, config, signing).await.unwrap();
        let running = tokio::spawn(sequencer.run());
        log.add(support::submission(Kind::Certificate, 1)).await.unwrap();
        let first = log.published().unwrap();
        let mut watch = log.watch();
        watch.borrow_and_update();
        for _ in 0..3 {
            watch.changed().await.unwrap();
            let again = log.published().unwrap();
            assert_eq!((again.size, again.root), (first.size, first.root));
            assert!(again.timestamp > first.timestamp);
        }
        log.stop();
        running.await.unwrap().unwrap();
    });
}

#[test]
fn every_width_of_every_tile_can_be_read() {
    run(async {
        let log = Running::new(Memory::new(), Kind::Certificate, Shape::Exclusive).await;
        for nth in 0..600 {
            log.add(support::submission(Kind::Certificate, nth)).await.unwrap();
        }
        for (index, widest) in [(0, 256), (1, 256), (2, 88)] {
            let mut last = 0;
            for width in 1..=widest {
                let tile = sealwax_tlog::tile::Tile::new(0, index, width).unwrap();
                assert_eq!(log.tile(tile).await.unwrap().unwrap().len(), usize::from(width) * 32);
                let bundle = log.entries(EntryBundle::new(index, width).unwrap()).await.unwrap().unwrap();
                assert!(bundle.len() > last);
                last = bundle.len();
            }
            if widest < 256 {
                let beyond = EntryBundle::new(index, widest + 1).unwrap();
                assert_eq!(log.entries(beyond).await.unwrap(), None);
            }
        }
        log.stop().await.unwrap();
    });
}

#[test]
fn a_frozen_log_takes_nothing_and_says_so() {
    run(async {
        for kind in [Kind::Signature, Kind::Certificate] {
            let store = Memory::new();
            let log = Running::new(store.clone(), kind, Shape::Exclusive).await;
            log.add(support::submission(kind, 1)).await.unwrap();
            log.freeze();
            let mut watch = log.watch();
            while !watch.borrow_and_update().as_ref().unwrap().frozen {
                watch.changed().await.unwrap();
            }
            for nth in [1, 2] {
                let refused = log.add(support::submission(kind, nth)).await;
                assert!(matches!(refused, Err(AddError::Frozen)), "{refused:?}");
            }
            log.stop().await.unwrap();
            let log = Running::open(store, kind, Shape::Exclusive).await;
            let note = String::from_utf8(log.published().unwrap().note.to_vec()).unwrap();
            let signed = SignedCheckpoint::parse(&note).unwrap();
            assert_eq!(signed.unverified().extensions().len(), usize::from(kind == Kind::Signature));
            assert!(matches!(log.add(support::submission(kind, 1)).await, Err(AddError::Frozen)));
            log.stop().await.unwrap();
        }
    });
}

#[test]
fn several_replicas_make_one_log() {
    run(async {
        for kind in [Kind::Signature, Kind::Certificate] {
            let store = Memory::new();
            support::create(&store, kind).await;
            let mut replicas = Vec::new();
            for _ in 0..3 {
                replicas.push(Running::open(store.clone(), kind, Shape::Shared).await);
            }
            let mut tasks = Vec::new();
            for nth in 0..900 {
                // Each entry goes to two replicas.
                for replica in [nth % 3, (nth + 1) % 3] {
                    let replica = &replicas[usize::try_from(replica).unwrap()];
                    tasks.push((nth, tokio::spawn(replica.adding(support::submission(kind, nth)))));
                }
            }
            for (nth, task) in tasks {
                let added = task.await.unwrap().unwrap();
                check_added(&replicas[0], &support::submission(kind, nth), &added);
            }
            let sizes: Vec<u64> = replicas.iter().map(|replica| replica.published().unwrap().size).collect();
            assert_eq!(sizes.iter().max(), Some(&900), "{sizes:?}");
            for replica in replicas {
                replica.stop().await.unwrap();
            }
        }
    });
}

#[test]
fn another_key_or_name_does_not_open_it() {
    run(async {
        let store = Memory::new();
        support::create(&store, Kind::Signature).await;
        for signing in [keys(Kind::Signature, "other.example", 1), keys(Kind::Signature, support::ORIGIN, 2)]
        {
            let error = support::try_open(store.clone(), Kind::Signature, Shape::Exclusive, signing).await;
            assert!(matches!(error, Err(EngineError::AnotherLog { .. })));
        }
        let empty = support::try_open(
            Memory::new(),
            Kind::Signature,
            Shape::Exclusive,
            keys(Kind::Signature, support::ORIGIN, 1),
        );
        assert!(matches!(empty.await, Err(EngineError::NotCreated)));
    });
}

#[test]
fn what_is_damaged_is_not_opened() {
    run(async {
        let store = Memory::new();
        let log = Running::new(store.clone(), Kind::Signature, Shape::Exclusive).await;
        for nth in 0..300 {
            log.add(entry(nth)).await.unwrap();
        }
        log.stop().await.unwrap();
        for name in ["tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"] {
            let good = store.get(name).await.unwrap().unwrap();
            let flipped = |at: usize| {
                let mut bytes = good.to_vec();
                bytes[at] ^= 1;
                Some(Bytes::from(bytes))
            };
            for bad in [None, flipped(1), flipped(9), Some(good.slice(1..))] {
                match bad {
                    None => store.delete(name).await.unwrap(),
                    Some(bad) => store.put(name, bad).await.unwrap(),
                }
                let opened = support::try_open(
                    store.clone(),
                    Kind::Signature,
                    Shape::Exclusive,
                    keys(Kind::Signature, support::ORIGIN, 1),
                );
                assert!(opened.await.is_err(), "{name}");
            }
            store.put(name, good).await.unwrap();
        }
        Running::open(store, Kind::Signature, Shape::Exclusive).await.stop().await.unwrap();
    });
}

#[test]
fn what_is_too_long_is_refused() {
    run(async {
        let log = Running::new(Memory::new(), Kind::Signature, Shape::Exclusive).await;
        let long = Submission { identity: [0; 32], body: Body::Signature(vec![0; 65_536].into()) };
        let refused = log.add(long).await;
        assert!(matches!(refused, Err(AddError::TooLarge { found: 65_536, limit: 65_535 })));
        log.stop().await.unwrap();
    });
}
