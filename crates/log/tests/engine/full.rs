//! A disk without room.

use crate::{
    reached::{Reached, Trouble},
    support::{self, check_added, entry, keys, run},
};
use sealwax_log::{AddError, Kind, engine::Shape};
use sealwax_store::Memory;
use std::time::Duration;

#[test]
fn a_full_disk_refuses_what_comes_and_loses_nothing() {
    run(async {
        let memory = Memory::new();
        let (store, trouble) = Reached::new(&memory);
        support::create(&store, Kind::Signature).await;
        let signing = keys(Kind::Signature, support::ORIGIN, 1);
        let (log, sequencer) =
            support::try_open(store.clone(), Kind::Signature, Shape::Exclusive, signing).await.unwrap();
        let running = tokio::spawn(sequencer.run());
        log.add(entry(0)).await.unwrap();
        trouble.send_replace(Trouble::LockFull);
        for nth in 1..4 {
            assert!(matches!(log.add(entry(nth)).await, Err(AddError::NotNow { .. })));
            assert!(log.ready().is_err());
        }
        // What is there needs no room.
        assert!(log.add(entry(0)).await.unwrap().duplicate);
        let staged = memory.names().into_iter().filter(|name| name.starts_with("staged/")).count();
        assert_eq!(staged, 1, "only the batch that was sequenced");
        trouble.send_replace(Trouble::None);
        // It notices by itself.
        while log.ready().is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let added = log.add(entry(2)).await.unwrap();
        assert_eq!((added.index, added.duplicate), (1, false));
        check_added(&log, &entry(2), &added);
        log.stop();
        running.await.unwrap().unwrap();
    });
}

#[test]
fn a_log_without_room_can_be_stopped_though_it_was_to_be_frozen() {
    run(async {
        let (store, trouble) = Reached::new(&Memory::new());
        support::create(&store, Kind::Signature).await;
        let signing = keys(Kind::Signature, support::ORIGIN, 1);
        let (log, sequencer) =
            support::try_open(store, Kind::Signature, Shape::Exclusive, signing).await.unwrap();
        let running = tokio::spawn(sequencer.run());
        log.add(entry(0)).await.unwrap();
        trouble.send_replace(Trouble::LockFull);
        log.freeze();
        while log.ready().is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        log.stop();
        tokio::time::timeout(Duration::from_secs(30), running).await.unwrap().unwrap().unwrap();
        assert!(!log.published().unwrap().frozen);
    });
}
