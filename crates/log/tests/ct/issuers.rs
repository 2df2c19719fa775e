//! Issuers and the order of writes (LOG rule 10).

use crate::{
    running::{World, refused, run, sct},
    world::{certificate, chain, precertificate},
};
use bytes::Bytes;
use hyper::StatusCode;
use sealwax_crypto::sha256;
use sealwax_log::ct::{entry, leaf::TileLeaf};
use sealwax_store::{Cell, LockStore, Memory, ObjectStore, StoreError, Swap, Version, Versioned};
use sealwax_tlog::tile::EntryBundle;
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

/// A store that writes down what it is asked for, and may refuse issuers.
#[derive(Clone, Default)]
struct Watched {
    inner: Memory,
    journal: Arc<Mutex<Vec<String>>>,
    refuses_issuers: Arc<AtomicBool>,
}

impl Watched {
    fn note(&self, what: &str, name: &str) {
        self.journal.lock().unwrap().push(format!("{what} {name}"));
    }
}

impl ObjectStore for Watched {
    async fn get(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        self.inner.get(name).await
    }

    async fn put(&self, name: &str, value: Bytes) -> Result<(), StoreError> {
        if self.refuses_issuers.load(Ordering::Relaxed) && name.starts_with("issuer/") {
            let cause = Arc::new(std::io::Error::other("disk of rack 7"));
            return Err(StoreError::Failed { what: name.to_owned(), cause });
        }
        self.note("put", name);
        self.inner.put(name, value).await
    }

    async fn stage(&self, name: &str, value: Bytes) -> Result<(), StoreError> {
        self.note("stage", "batch");
        self.inner.stage(name, value).await
    }

    async fn flush(&self) -> Result<(), StoreError> {
        self.note("flush", "all");
        self.inner.flush().await
    }

    async fn delete(&self, name: &str) -> Result<(), StoreError> {
        self.inner.delete(name).await
    }
}

impl LockStore for Watched {
    async fn load(&self, cell: Cell) -> Result<Option<Versioned>, StoreError> {
        self.inner.load(cell).await
    }

    async fn swap(&self, cell: Cell, expected: Option<&Version>, value: Bytes) -> Result<Swap, StoreError> {
        self.inner.swap(cell, expected, value).await
    }
}

#[test]
fn issuers_are_durable_before_the_entry_is_sequenced() {
    run(async {
        let store = Watched::default();
        let world = World::new(store.clone()).await;
        let whole = chain(&precertificate(&world.authority), &world.authority);
        store.refuses_issuers.store(true, Ordering::Relaxed);
        let response = world.pre(&whole).await;
        refused(&response, StatusCode::SERVICE_UNAVAILABLE, "could not be stored");
        assert!(!std::str::from_utf8(response.body()).unwrap().contains("rack"));
        assert_eq!(world.log.published().unwrap().size, 0);

        store.refuses_issuers.store(false, Ordering::Relaxed);
        store.journal.lock().unwrap().clear();
        sct(&world.pre(&whole[..2]).await);
        let journal = store.journal.lock().unwrap().clone();
        let last = |wanted: &str| journal.iter().rposition(|line| line.starts_with(wanted)).unwrap();
        let staged = journal.iter().position(|line| line.starts_with("stage")).unwrap();
        assert!(last("put issuer/") < staged, "{journal:?}");
        let flushed = journal.iter().skip(last("put issuer/")).position(|line| line == "flush all");
        assert!(flushed.is_some_and(|flushed| last("put issuer/") + flushed < staged), "{journal:?}");
        for issuer in &whole[1..] {
            let name = entry::issuer_name(&certificate(issuer));
            assert_eq!(store.get(&name).await.unwrap().unwrap(), *issuer);
        }
        let tile = world.log.entries(EntryBundle::new(0, 1).unwrap()).await.unwrap().unwrap();
        assert_eq!(TileLeaf::read(&tile).unwrap().chain, [sha256(&whole[1]), sha256(&whole[2])]);
    });
}
