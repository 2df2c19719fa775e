//! A disk without room.

use crate::support::{self, check_added, entry, keys, run};
use bytes::Bytes;
use sealwax_log::{AddError, Kind, engine::Shape};
use sealwax_store::{Cell, LockStore, Memory, ObjectStore, StoreError, Swap, Version, Versioned};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// A store whose swaps of the lock find no room while it is full.
#[derive(Clone)]
struct Full {
    store: Memory,
    full: Arc<AtomicBool>,
}

impl ObjectStore for Full {
    async fn get(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        self.store.get(name).await
    }

    async fn put(&self, name: &str, value: Bytes) -> Result<(), StoreError> {
        self.store.put(name, value).await
    }

    async fn stage(&self, name: &str, value: Bytes) -> Result<(), StoreError> {
        self.store.stage(name, value).await
    }

    async fn flush(&self) -> Result<(), StoreError> {
        self.store.flush().await
    }

    async fn delete(&self, name: &str) -> Result<(), StoreError> {
        self.store.delete(name).await
    }
}

impl LockStore for Full {
    async fn load(&self, cell: Cell) -> Result<Option<Versioned>, StoreError> {
        self.store.load(cell).await
    }

    async fn swap(&self, cell: Cell, expected: Option<&Version>, value: Bytes) -> Result<Swap, StoreError> {
        if cell == Cell::Lock && self.full.load(Ordering::Relaxed) {
            let cause = Arc::new(io::Error::from(io::ErrorKind::StorageFull));
            return Err(StoreError::Failed { what: "grow".to_owned(), cause });
        }
        self.store.swap(cell, expected, value).await
    }
}

#[test]
fn a_full_disk_refuses_what_comes_and_loses_nothing() {
    run(async {
        let full = Arc::new(AtomicBool::new(false));
        let store = Full { store: Memory::new(), full: full.clone() };
        support::create(&store, Kind::Signature).await;
        let signing = keys(Kind::Signature, support::ORIGIN, 1);
        let (log, sequencer) =
            support::try_open(store.clone(), Kind::Signature, Shape::Exclusive, signing).await.unwrap();
        let running = tokio::spawn(sequencer.run());
        log.add(entry(0)).await.unwrap();
        full.store(true, Ordering::Relaxed);
        for nth in 1..4 {
            assert!(matches!(log.add(entry(nth)).await, Err(AddError::NotNow { .. })));
            assert!(log.ready().is_err());
        }
        // What is there needs no room.
        assert!(log.add(entry(0)).await.unwrap().duplicate);
        let staged = store.store.names().into_iter().filter(|name| name.starts_with("staged/")).count();
        assert_eq!(staged, 1, "only the batch that was sequenced");
        full.store(false, Ordering::Relaxed);
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
