//! Replicas that are late, that lose their store, and whose index fails.

use crate::{
    reached::{Reached, Trouble},
    support::{self, ORIGIN, check_added, entry, host, keys, run, submission},
};
use sealwax_log::{
    AddError, Kind, Log,
    engine::{self, Config, CosignError, Cosigners, EngineError, Proofs, Shape},
    index::{Index, Options, Work},
    metrics::Metrics,
};
use sealwax_store::{Cell, LockStore, Memory, ObjectStore};
use sealwax_tlog::{Note, note::Signature};
use std::{
    fs,
    future::Future,
    num::NonZeroUsize,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{sync::watch, task::JoinHandle, time::timeout};

type Replica = (Log, JoinHandle<Result<(), EngineError>>);

fn config(kind: Kind) -> Config {
    Config { look_every: Duration::from_millis(50), ..Config::new(kind, Shape::Shared) }
}

async fn open<S: ObjectStore + LockStore + Clone + 'static>(store: &S, config: Config) -> Replica {
    let signing = keys(config.kind, ORIGIN, 1);
    let (log, sequencer) = support::open_with(store.clone(), config, signing).await.unwrap();
    (log, tokio::spawn(sequencer.run()))
}

async fn stop((log, running): Replica) -> Result<(), EngineError> {
    log.stop();
    timeout(Duration::from_secs(30), running).await.expect("it does not stop").unwrap()
}

fn adding(log: &Log, kind: Kind, number: u64) -> JoinHandle<Result<engine::Added, AddError>> {
    let log = log.clone();
    tokio::spawn(async move { log.add(submission(kind, number)).await })
}

async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    for _ in 0..1000 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{what}");
}

async fn size_of_lock(store: &Memory) -> u64 {
    let lock = store.load(Cell::Lock).await.unwrap().unwrap();
    engine::LockValue::parse(&lock.value).unwrap().size
}

/// A freeze is final, and a checkpoint of a certificate log does not grow older, also if somebody is late with the one before.
#[test]
fn a_late_replica_does_not_put_an_older_checkpoint_of_the_same_size() {
    run(async {
        for kind in [Kind::Signature, Kind::Certificate] {
            let store = Memory::new();
            support::create(&store, kind).await;
            let (reached, trouble) = Reached::new(&store);
            // It does not look what others do, or it would put the newer one itself.
            let late = open(&reached, Config { look_every: Duration::from_secs(600), ..config(kind) }).await;
            trouble.send_replace(Trouble::CheckpointHangs);
            let adding = adding(&late.0, kind, 0);
            until("the late replica swaps", async || size_of_lock(&store).await == 1).await;

            let other = open(&store, config(kind)).await;
            other.0.freeze();
            until("the other one freezes", async || other.0.published().is_some_and(|now| now.frozen)).await;
            let frozen = other.0.published().unwrap();
            assert_eq!(frozen.size, 1);
            stop(other).await.unwrap();
            assert_eq!(store.load(Cell::Checkpoint).await.unwrap().unwrap().value, frozen.note);

            trouble.send_replace(Trouble::None);
            adding.await.unwrap().unwrap();
            assert_eq!(store.load(Cell::Checkpoint).await.unwrap().unwrap().value, frozen.note, "{kind:?}");
            stop(late).await.unwrap();
        }
    });
}

#[test]
fn what_this_log_has_not_signed_is_replaced() {
    run(async {
        let store = Memory::new();
        support::create(&store, Kind::Signature).await;
        let signed = support::Running::new(Memory::new(), Kind::Signature, Shape::Exclusive).await;
        for nth in 0..5 {
            signed.add(entry(nth)).await.unwrap();
        }
        let note = String::from_utf8(signed.published().unwrap().note.to_vec()).unwrap();
        // A larger size, and a signature that does not fit.
        let forged = note.replacen("\n5\n", "\n5000\n", 1);
        assert_ne!(note, forged);
        store.swap(Cell::Checkpoint, None, forged.into()).await.unwrap();
        let replica = open(&store, config(Kind::Signature)).await;
        replica.0.add(entry(7)).await.unwrap();
        let there = store.load(Cell::Checkpoint).await.unwrap().unwrap().value;
        assert_eq!(there, replica.0.published().unwrap().note);
        stop(replica).await.unwrap();
        signed.stop().await.unwrap();
    });
}

/// A witness of all replicas, which this one reaches late.
#[derive(Debug)]
struct Witness {
    seen: Arc<AtomicU64>,
    open: watch::Receiver<bool>,
}

impl Cosigners for Witness {
    fn cosign<'a>(
        &'a self,
        _: &'a Note,
        tree: &'a Proofs,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<Signature>, CosignError>> + Send + 'a>> {
        Box::pin(async move {
            let _ = self.open.clone().wait_for(|open| *open).await;
            let (seen, size) = (self.seen.fetch_max(tree.size(), Ordering::Relaxed), tree.size());
            let ahead = || CosignError::Ahead { witness: "w".to_owned(), seen, size };
            if seen > size { Err(ahead()) } else { Ok(Vec::new()) }
        })
    }

    fn suffice(&self, _: &Note) -> bool {
        *self.open.borrow()
    }
}

fn witnessed(seen: &Arc<AtomicU64>, open: watch::Receiver<bool>) -> Config {
    Config { cosigners: Some(Arc::new(Witness { seen: seen.clone(), open })), ..config(Kind::Signature) }
}

#[test]
fn a_witness_that_another_replica_has_asked_is_no_conflict() {
    run(async {
        let (store, seen) = (Memory::new(), Arc::new(AtomicU64::new(0)));
        support::create(&store, Kind::Signature).await;
        let (gate, gated) = watch::channel(true);
        let (_free, free) = watch::channel(true);
        let late = open(&store, witnessed(&seen, gated)).await;
        gate.send_replace(false);
        let first = adding(&late.0, Kind::Signature, 0);
        until("the late replica swaps", async || size_of_lock(&store).await == 1).await;
        let other = open(&store, witnessed(&seen, free)).await;
        for nth in 1..4 {
            other.0.add(entry(nth)).await.unwrap();
        }
        gate.send_replace(true);
        // It is told to come back, or not: that was sequenced.
        assert!(matches!(first.await.unwrap(), Ok(_) | Err(AddError::NotNow { .. })));
        until("the late replica catches up", async || late.0.published().is_some_and(|now| now.size == 4))
            .await;
        for (nth, duplicate) in [(0, true), (4, false)] {
            let added = loop {
                match late.0.add(entry(nth)).await {
                    Ok(added) => break added,
                    Err(error) => assert!(matches!(error, AddError::NotNow { .. }), "{error}"),
                }
            };
            assert_eq!((added.index, added.duplicate), (nth, duplicate));
            check_added(&late.0, &entry(nth), &added);
        }
        stop(late).await.unwrap();
        stop(other).await.unwrap();
    });
}

#[test]
fn a_witness_that_has_seen_what_nobody_swapped_in_stops_a_replica_too() {
    run(async {
        let (store, seen) = (Memory::new(), Arc::new(AtomicU64::new(0)));
        support::create(&store, Kind::Signature).await;
        let (_free, free) = watch::channel(true);
        let replica = open(&store, witnessed(&seen, free)).await;
        seen.store(10, Ordering::Relaxed);
        replica.0.add(entry(0)).await.unwrap_err();
        let ended = stop(replica).await;
        assert!(matches!(ended, Err(EngineError::Cosign(CosignError::Ahead { seen: 10, .. }))), "{ended:?}");
    });
}

#[test]
fn a_replica_stops_although_its_store_is_gone() {
    run(async {
        let cases = [Trouble::LockFails, Trouble::PutFails, Trouble::CheckpointFails].map(|case| {
            tokio::spawn(async move {
                let store = Memory::new();
                support::create(&store, Kind::Signature).await;
                let (reached, trouble) = Reached::new(&store);
                let replica = open(&reached, config(Kind::Signature)).await;
                replica.0.add(entry(0)).await.unwrap();
                trouble.send_replace(case);
                let adding = adding(&replica.0, Kind::Signature, 1);
                tokio::time::sleep(Duration::from_millis(300)).await;
                assert!(!adding.is_finished());
                let ended = stop(replica).await;
                assert!(matches!(ended, Err(EngineError::Unfinished)), "{case:?}: {ended:?}");
                assert!(adding.await.unwrap().is_err());
                // Whoever is next ends the round.
                let next = open(&store, config(Kind::Signature)).await;
                next.0.add(entry(1)).await.unwrap();
                assert_eq!(next.0.published().unwrap().size, 2);
                stop(next).await.unwrap();
            })
        });
        for case in cases {
            case.await.unwrap();
        }
    });
}

/// The index is derived from the log: while its files cannot be written, entries wait and everything else goes on.
#[test]
fn an_index_that_fails_stops_nothing() {
    run(async {
        for shape in [Shape::Exclusive, Shape::Shared] {
            let store = Memory::new();
            support::create(&store, Kind::Signature).await;
            let place =
                std::env::temp_dir().join(format!("sealwax-failing-index-{}-{shape:?}", std::process::id()));
            let gone = place.with_extension("gone");
            let options = Options {
                chunk_leaves: NonZeroUsize::new(4).unwrap(),
                work: Work::Inline,
                ..Options::default()
            };
            let (config, metrics) =
                (Config { shape, ..config(Kind::Signature) }, Arc::new(Metrics::default()));
            let signing = keys(Kind::Signature, ORIGIN, 1);
            let index = |size| Index::open(&place, size, options);
            let opened = engine::open(store.clone(), config, signing, host(), metrics, index).await;
            let (log, sequencer) = opened.unwrap();
            let replica = (log.clone(), tokio::spawn(sequencer.run()));
            log.add(entry(0)).await.unwrap();
            fs::rename(&place, &gone).unwrap();
            let mut next = 1;
            let refused = loop {
                match log.add(entry(next)).await {
                    Ok(_) => next += 1,
                    Err(error) => break error,
                }
                assert!(next < 200, "the index never failed");
            };
            assert!(matches!(refused, AddError::NotNow { .. }), "{shape:?}: {refused}");
            assert!(log.ready().is_err());
            if shape == Shape::Shared {
                let other = open(&store, self::config(Kind::Signature)).await;
                let size = other.0.add(entry(1_000)).await.unwrap().published.size;
                until("it follows", async || log.published().unwrap().size == size).await;
                stop(other).await.unwrap();
            }
            assert!(!replica.1.is_finished());
            fs::rename(&gone, &place).unwrap();
            until("it takes entries again", async || log.add(entry(2_000)).await.is_ok()).await;
            log.ready().unwrap();
            for nth in 0..next {
                let again = log.add(entry(nth)).await.unwrap();
                assert_eq!((again.index, again.duplicate), (nth, true), "{shape:?}");
            }
            stop(replica).await.unwrap();
            fs::remove_dir_all(&place).unwrap();
        }
    });
}
