//! Witnesses and the anchor, with real witnesses on loopback sockets.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests; clippy.toml only knows test functions"
)]

mod server;
#[path = "../engine/support.rs"]
#[expect(dead_code, reason = "the engine's tests use more of it")]
mod support;

use sealwax_log::{
    AddError, Kind, Log,
    anchor::{Anchor, AnchorError},
    engine::{Config, CosignError, EngineError, Sequencer, Shape},
    witness::Witnesses,
};
use sealwax_store::Memory;
use sealwax_tlog::{SignedCheckpoint, policy::Policy};
use server::{Mood, Server};
use std::{sync::Arc, time::Duration};
use support::{check_added, create, entry, keys, open_with, run};
use tokio::task::JoinHandle;

/// A policy of these witnesses, of whom so many must cosign; `none`: nobody must.
fn policy(servers: &[&Server], threshold: &str) -> Policy {
    let witness =
        |(nth, server): (usize, &&Server)| format!("witness w{nth} {} {}\n", server.vkey(), server.url());
    let mut text: String = servers.iter().enumerate().map(witness).collect();
    match threshold {
        "none" => text += "quorum none\n",
        _ => {
            let names: Vec<String> = (0..servers.len()).map(|nth| format!("w{nth}")).collect();
            text += &format!("group all {threshold} {}\nquorum all\n", names.join(" "));
        }
    }
    Policy::parse(text.as_bytes()).unwrap()
}

async fn open(store: &Memory, witnesses: &Witnesses) -> Result<(Log, Sequencer<Memory>), EngineError> {
    let config = Config {
        cosigners: Some(Arc::new(witnesses.clone())),
        ..Config::new(Kind::Signature, Shape::Exclusive)
    };
    open_with(store.clone(), config, keys(Kind::Signature, support::ORIGIN, 1)).await
}

async fn start(store: &Memory, witnesses: &Witnesses) -> (Log, JoinHandle<Result<(), EngineError>>) {
    let (log, sequencer) = open(store, witnesses).await.unwrap();
    (log, tokio::spawn(sequencer.run()))
}

fn lines(log: &Log) -> usize {
    let note = log.published().unwrap().note.clone();
    SignedCheckpoint::parse(std::str::from_utf8(&note).unwrap()).unwrap().note().signatures().len()
}

#[test]
fn a_quorum_is_in_the_reply() {
    run(async {
        let servers = [Server::start(1).await, Server::start(2).await, Server::start(3).await];
        servers[2].set(Mood::Silent);
        let witnesses =
            Witnesses::new(policy(&[&servers[0], &servers[1], &servers[2]], "2"), Duration::from_secs(5))
                .unwrap();
        let store = Memory::new();
        create(&store, Kind::Signature).await;
        let (log, running) = start(&store, &witnesses).await;
        for nth in 0..20 {
            let added = log.add(entry(nth)).await.unwrap();
            check_added(&log, &entry(nth), &added);
            let note = std::str::from_utf8(&added.published.note).unwrap();
            assert_eq!(SignedCheckpoint::parse(note).unwrap().note().signatures().len(), 3);
        }
        log.stop();
        running.await.unwrap().unwrap();
    });
}

#[test]
fn without_a_quorum_nothing_is_published_and_nothing_is_lost() {
    run(async {
        let servers = [Server::start(1).await, Server::start(2).await];
        let witnesses =
            Witnesses::new(policy(&[&servers[0], &servers[1]], "all"), Duration::from_millis(300)).unwrap();
        let store = Memory::new();
        create(&store, Kind::Signature).await;
        let (log, running) = start(&store, &witnesses).await;
        log.add(entry(0)).await.unwrap();
        for mood in [Mood::Silent, Mood::Refuses, Mood::Garbage, Mood::WrongKey, Mood::Huge] {
            let size = log.published().unwrap().size;
            servers[1].set(mood);
            let refused = log.add(entry(size)).await;
            assert!(matches!(refused, Err(AddError::NotNow { .. })), "{mood:?}: {refused:?}");
            assert_eq!(log.published().unwrap().size, size);
            assert!(log.ready().is_err());
            servers[1].set(Mood::Honest);
            // The entry stayed: a retry finds it.
            let found = loop {
                match log.add(entry(size)).await {
                    Ok(found) => break found,
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            };
            assert_eq!((found.index, found.duplicate), (size, true));
            check_added(&log, &entry(size), &found);
        }
        log.stop();
        running.await.unwrap().unwrap();
    });
}

#[test]
fn what_had_its_quorum_is_shown_after_a_restart_without_one() {
    run(async {
        let server = Server::start(1).await;
        let witnesses = Witnesses::new(policy(&[&server], "all"), Duration::from_secs(30)).unwrap();
        let store = Memory::new();
        create(&store, Kind::Signature).await;
        let (log, running) = start(&store, &witnesses).await;
        for nth in 0..3 {
            log.add(entry(nth)).await.unwrap();
        }
        let cosigned = log.published().unwrap().note.clone();
        log.stop();
        running.await.unwrap().unwrap();

        server.set(Mood::Silent);
        let witnesses = Witnesses::new(policy(&[&server], "all"), Duration::from_millis(300)).unwrap();
        // One whose line is not there, though the checkpoint is the same.
        let stranger = Server::start(2).await;
        stranger.set(Mood::Silent);
        let others = Witnesses::new(policy(&[&stranger], "all"), Duration::from_millis(300)).unwrap();
        let (log, _sequencer) = open(&store, &others).await.unwrap();
        assert_eq!(log.published(), None);
        drop((log, _sequencer));

        let (log, running) = start(&store, &witnesses).await;
        let shown = log.published().unwrap();
        assert_eq!((shown.size, &shown.note), (3, &cosigned));
        assert!(matches!(log.add(entry(3)).await, Err(AddError::NotNow { .. })));
        assert!(log.ready().is_err());
        server.set(Mood::Honest);
        while log.ready().is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let added = loop {
            match log.add(entry(3)).await {
                Ok(added) => break added,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        check_added(&log, &entry(3), &added);
        // As after a kill: what lies beside the tiles may have been followed by others.
        running.abort();
        let _ = running.await;
        server.set(Mood::Silent);
        let (log, _sequencer) = open(&store, &witnesses).await.unwrap();
        assert_eq!(log.published(), None);
    });
}

#[test]
fn a_witness_that_nobody_needs_is_not_waited_for() {
    run(async {
        let servers = [Server::start(1).await, Server::start(2).await];
        servers[1].set(Mood::Silent);
        let witnesses =
            Witnesses::new(policy(&[&servers[0], &servers[1]], "none"), Duration::from_secs(60)).unwrap();
        let store = Memory::new();
        create(&store, Kind::Signature).await;
        let (log, running) = start(&store, &witnesses).await;
        tokio::spawn(witnesses.clone().follow(log.clone(), |_| ()));
        for nth in 0..5 {
            log.add(entry(nth)).await.unwrap();
        }
        // Its line comes when it comes, onto the checkpoint that is served.
        while lines(&log) < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        log.stop();
        running.await.unwrap().unwrap();
    });
}

#[test]
fn another_history_stops_the_log_for_good() {
    run(async {
        let server = Server::start(1).await;
        let witnesses = Witnesses::new(policy(&[&server], "all"), Duration::from_secs(5)).unwrap();
        let store = Memory::new();
        create(&store, Kind::Signature).await;
        let old = store.clone_of_now();
        let (log, running) = start(&store, &witnesses).await;
        for nth in 0..10 {
            log.add(entry(nth)).await.unwrap();
        }
        log.stop();
        running.await.unwrap().unwrap();
        // An older copy, which goes its own way.
        let opened = open(&old, &witnesses).await;
        assert!(
            matches!(opened, Err(EngineError::Cosign(CosignError::Ahead { seen: 10, size: 0, .. }))),
            "{:?}",
            opened.err()
        );
    });
}

#[test]
fn another_history_is_told_by_a_witness_that_nobody_needs() {
    run(async {
        let server = Server::start(1).await;
        let witnesses = || Witnesses::new(policy(&[&server], "none"), Duration::from_secs(5)).unwrap();
        let store = Memory::new();
        create(&store, Kind::Signature).await;
        let (log, running) = start(&store, &witnesses()).await;
        let old = store.clone_of_now();
        for nth in 0..10 {
            log.add(entry(nth)).await.unwrap();
        }
        witnesses().check(&log).await.unwrap();
        assert_eq!(lines(&log), 2);
        log.stop();
        running.await.unwrap().unwrap();

        // An older copy, before it has grown and after: smaller, as large, larger than what the witness has seen.
        let (log, running) = start(&old, &witnesses()).await;
        for size in [0, 10, 20] {
            for nth in log.published().unwrap().size..size {
                log.add(entry(nth + 100)).await.unwrap();
            }
            let conflict = witnesses().check(&log).await;
            let is_conflict = |error: &CosignError| match error {
                CosignError::Ahead { seen: 10, size: 0, .. } => size == 0,
                CosignError::Conflict { .. } => size > 0,
                _ => false,
            };
            assert!(conflict.as_ref().is_err_and(is_conflict), "size {size}: {conflict:?}");
            let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
            let following = tokio::spawn(witnesses().follow(log.clone(), move |error| {
                let _ = tell.send(error);
            }));
            assert!(told.recv().await.as_ref().is_some_and(is_conflict));
            following.abort();
        }
        log.stop();
        running.await.unwrap().unwrap();
    });
}

#[test]
fn silence_is_no_objection() {
    run(async {
        let server = Server::start(1).await;
        server.set(Mood::Silent);
        let witnesses = Witnesses::new(policy(&[&server], "none"), Duration::from_millis(200)).unwrap();
        let store = Memory::new();
        create(&store, Kind::Signature).await;
        let (log, running) = start(&store, &witnesses).await;
        witnesses.check(&log).await.unwrap();
        log.stop();
        running.await.unwrap().unwrap();
    });
}

#[test]
fn the_anchor_knows_an_older_copy_and_another_history() {
    run(async {
        let file = std::env::temp_dir().join(format!("sealwax-anchor-{}", std::process::id()));
        let anchor = Anchor::parse(file.to_str().unwrap()).unwrap();
        let store = Memory::new();
        create(&store, Kind::Signature).await;
        let old = store.clone_of_now();
        let signing = || keys(Kind::Signature, support::ORIGIN, 1);
        let config = || Config::new(Kind::Signature, Shape::Exclusive);
        let (log, sequencer) = open_with(store.clone(), config(), signing()).await.unwrap();
        anchor.check(&log).await.unwrap();
        let running = tokio::spawn(sequencer.run());
        for nth in 0..300 {
            log.add(entry(nth)).await.unwrap();
        }
        anchor.write(&log.published().unwrap()).await.unwrap();
        for nth in 300..700 {
            log.add(entry(nth)).await.unwrap();
        }
        anchor.check(&log).await.unwrap();
        // Its disk may not be mounted, or has lost what was in it.
        let absent = Anchor::parse(&format!("{}-absent", file.display())).unwrap();
        let error = absent.check(&log).await.unwrap_err();
        assert!(matches!(error, AnchorError::Absent { log: 700 }) && !error.is_final(), "{error}");
        let empty = file.with_extension("empty");
        std::fs::write(&empty, "").unwrap();
        let error = Anchor::parse(empty.to_str().unwrap()).unwrap().check(&log).await.unwrap_err();
        assert!(matches!(error, AnchorError::NotCheckpoint(_)) && !error.is_final(), "{error}");
        std::fs::remove_file(&empty).unwrap();
        log.stop();
        running.await.unwrap().unwrap();

        let (log, sequencer) = open_with(old, config(), signing()).await.unwrap();
        let error = anchor.check(&log).await.unwrap_err();
        assert!(matches!(error, AnchorError::Older { anchor: 300, log: 0 }) && error.is_final());
        let running = tokio::spawn(sequencer.run());
        for nth in 0..400 {
            log.add(entry(nth + 1)).await.unwrap();
        }
        assert!(matches!(anchor.check(&log).await, Err(AnchorError::Fork { anchor: 300, .. })));
        log.stop();
        running.await.unwrap().unwrap();

        std::fs::write(&file, "nonsense").unwrap();
        let error = anchor.check(&log).await.unwrap_err();
        assert!(matches!(error, AnchorError::NotCheckpoint(_)) && !error.is_final());
        std::fs::remove_file(&file).unwrap();
    });
}

/// LOG rules 11 and 14: a copy from before the freeze is an older copy, though it has all entries.
#[test]
fn the_anchor_knows_that_the_log_is_frozen() {
    run(async {
        let file = std::env::temp_dir().join(format!("sealwax-anchor-frozen-{}", std::process::id()));
        let anchor = Anchor::parse(file.to_str().unwrap()).unwrap();
        let store = Memory::new();
        create(&store, Kind::Signature).await;
        let open = |store: &Memory| {
            let config = Config::new(Kind::Signature, Shape::Exclusive);
            open_with(store.clone(), config, keys(Kind::Signature, support::ORIGIN, 1))
        };
        let (log, sequencer) = open(&store).await.unwrap();
        let running = tokio::spawn(sequencer.run());
        log.add(entry(0)).await.unwrap();
        let before = store.clone_of_now();
        log.freeze();
        while !log.published().unwrap().frozen {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        anchor.write(&log.published().unwrap()).await.unwrap();
        anchor.check(&log).await.unwrap();
        log.stop();
        running.await.unwrap().unwrap();

        let (log, _sequencer) = open(&before).await.unwrap();
        let error = anchor.check(&log).await.unwrap_err();
        assert!(matches!(error, AnchorError::Thawed { anchor: 1 }) && error.is_final(), "{error}");
        std::fs::remove_file(&file).unwrap();
    });
}

#[test]
fn a_scheme_that_is_misspelt_is_no_file() {
    for place in ["htps://anchor.example/x", "ftp://anchor.example/x", "://x"] {
        assert!(matches!(Anchor::parse(place), Err(AnchorError::Http(_))), "{place}");
    }
    Anchor::parse("/mnt/a:b//anchor").unwrap();
}

#[test]
fn whoever_writes_the_anchor_at_the_same_time_leaves_the_newest() {
    run(async {
        let file = std::env::temp_dir().join(format!("sealwax-anchor-many-{}", std::process::id()));
        let store = Memory::new();
        create(&store, Kind::Signature).await;
        let config = Config::new(Kind::Signature, Shape::Exclusive);
        let signing = keys(Kind::Signature, support::ORIGIN, 1);
        let (log, sequencer) = open_with(store.clone(), config, signing).await.unwrap();
        let running = tokio::spawn(sequencer.run());
        let mut checkpoints = Vec::new();
        for nth in 0..20 {
            log.add(entry(nth)).await.unwrap();
            checkpoints.push(log.published().unwrap());
        }
        checkpoints.swap(3, 19);
        for _ in 0..20 {
            let anchor = Anchor::parse(file.to_str().unwrap()).unwrap();
            let mut writing = tokio::task::JoinSet::new();
            for checkpoint in checkpoints.clone() {
                let anchor = anchor.clone();
                writing.spawn(async move { anchor.write(&checkpoint).await });
            }
            writing.join_all().await.into_iter().for_each(|written| written.unwrap());
            assert_eq!(std::fs::read(&file).unwrap(), checkpoints[3].note);
        }
        std::fs::remove_file(&file).unwrap();
        log.stop();
        running.await.unwrap().unwrap();
    });
}
