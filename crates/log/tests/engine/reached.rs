//! A store in memory behind a way to it on which something may go wrong.

use bytes::Bytes;
use sealwax_store::{Cell, LockStore, Memory, ObjectStore, StoreError, Swap, Version, Versioned};
use std::{io, sync::Arc};
use tokio::sync::watch;

/// What goes wrong between a replica and the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    None,
    /// Nothing of the checkpoint returns.
    CheckpointHangs,
    CheckpointFails,
    LockFails,
    PutFails,
    /// There is no room for another value of the lock.
    LockFull,
}

/// The store as one replica reaches it.
#[derive(Clone)]
pub(crate) struct Reached {
    store: Memory,
    trouble: watch::Receiver<Trouble>,
}

impl Reached {
    pub(crate) fn new(store: &Memory) -> (Self, watch::Sender<Trouble>) {
        let (set, trouble) = watch::channel(Trouble::None);
        (Self { store: store.clone(), trouble }, set)
    }

    fn unless(&self, fails: Trouble) -> Result<(), StoreError> {
        if *self.trouble.borrow() != fails {
            return Ok(());
        }
        let kind = match fails {
            Trouble::LockFull => io::ErrorKind::StorageFull,
            _ => io::ErrorKind::ConnectionRefused,
        };
        let cause = Arc::new(kind.into());
        Err(StoreError::Failed { what: format!("{fails:?}"), cause })
    }

    async fn reach(&self, cell: Cell) -> Result<(), StoreError> {
        match cell {
            Cell::Lock => self.unless(Trouble::LockFails),
            Cell::Checkpoint => {
                let mut trouble = self.trouble.clone();
                let _ = trouble.wait_for(|trouble| *trouble != Trouble::CheckpointHangs).await;
                self.unless(Trouble::CheckpointFails)
            }
        }
    }
}

impl ObjectStore for Reached {
    async fn get(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        self.store.get(name).await
    }

    async fn put(&self, name: &str, value: Bytes) -> Result<(), StoreError> {
        self.unless(Trouble::PutFails)?;
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

impl LockStore for Reached {
    async fn load(&self, cell: Cell) -> Result<Option<Versioned>, StoreError> {
        self.reach(cell).await?;
        self.store.load(cell).await
    }

    async fn swap(&self, cell: Cell, expected: Option<&Version>, value: Bytes) -> Result<Swap, StoreError> {
        match cell {
            Cell::Lock => self.unless(Trouble::LockFull)?,
            Cell::Checkpoint => self.reach(cell).await?,
        }
        self.store.swap(cell, expected, value).await
    }
}
