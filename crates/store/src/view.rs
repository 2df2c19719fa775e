use crate::{Bytes, Cell, LockStore, ObjectStore, StoreError, Swap, Version, Versioned};
use std::{
    collections::BTreeMap,
    fs::File,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A store seen through glass: what is put lies in memory over what the store below holds, and nothing of it is written.
/// So a log can be recovered, and read, that may not be changed.
pub struct View<S> {
    below: S,
    put: Mutex<BTreeMap<String, Bytes>>,
}

impl<S> View<S> {
    /// A view of this store.
    pub fn new(below: S) -> Self {
        Self { below, put: Mutex::default() }
    }

    fn over(&self) -> MutexGuard<'_, BTreeMap<String, Bytes>> {
        self.put.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: ObjectStore> ObjectStore for View<S> {
    async fn get(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        let found = self.over().get(name).cloned();
        match found {
            Some(value) => Ok(Some(value)),
            None => self.below.get(name).await,
        }
    }

    fn file(&self, name: &str) -> Option<File> {
        if self.over().contains_key(name) { None } else { self.below.file(name) }
    }

    async fn put(&self, name: &str, value: Bytes) -> Result<(), StoreError> {
        self.over().insert(name.to_owned(), value);
        Ok(())
    }

    async fn stage(&self, name: &str, _: Bytes) -> Result<(), StoreError> {
        Err(refused(name))
    }

    async fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// What lies below stays.
    async fn delete(&self, name: &str) -> Result<(), StoreError> {
        self.over().remove(name);
        Ok(())
    }
}

impl<S: LockStore> LockStore for View<S> {
    async fn load(&self, cell: Cell) -> Result<Option<Versioned>, StoreError> {
        self.below.load(cell).await
    }

    async fn swap(&self, cell: Cell, _: Option<&Version>, _: Bytes) -> Result<Swap, StoreError> {
        Err(refused(&format!("{cell:?}")))
    }
}

fn refused(what: &str) -> StoreError {
    let cause = Arc::new(io::ErrorKind::ReadOnlyFilesystem.into());
    StoreError::Failed { what: format!("change {what}"), cause }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Memory;
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    fn now<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("memory does not wait"),
        }
    }

    #[test]
    fn nothing_reaches_the_store_below() {
        let memory = Memory::default();
        now(memory.put("a", Bytes::from_static(b"below"))).unwrap();
        let view = View::new(memory.clone());
        now(view.put("a", Bytes::from_static(b"over"))).unwrap();
        now(view.put("b", Bytes::from_static(b"over"))).unwrap();
        assert_eq!(now(view.get("a")).unwrap().unwrap(), "over");
        assert_eq!(now(view.get("b")).unwrap().unwrap(), "over");
        now(view.delete("a")).unwrap();
        assert_eq!(now(view.get("a")).unwrap().unwrap(), "below");
        assert!(now(memory.get("b")).unwrap().is_none());
        assert!(matches!(now(view.stage("c", Bytes::new())), Err(StoreError::Failed { .. })));
        for cell in [Cell::Lock, Cell::Checkpoint] {
            assert!(matches!(now(view.swap(cell, None, Bytes::new())), Err(StoreError::Failed { .. })));
            assert!(now(memory.load(cell)).unwrap().is_none());
        }
    }
}
