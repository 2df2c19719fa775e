//! A store in memory, which nothing can go wrong with.

use crate::{Bytes, Cell, LockStore, ObjectStore, StoreError, Swap, Version, Versioned, name};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Objects and cells in memory: for tests, and the model that other stores are compared with. Clones share one state.
///
/// Everything takes effect at once and is as durable as it will ever be. Every future is ready at the first poll.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<String, Bytes>,
    cells: BTreeMap<Cell, (u64, Bytes)>,
    /// Of the last swap of any cell. Never repeats.
    version: u64,
}

impl Memory {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A copy that goes its own way from now on, as a directory that was copied does.
    #[must_use]
    pub fn clone_of_now(&self) -> Self {
        let State { objects, cells, version } = &*self.state();
        let state = State { objects: objects.clone(), cells: cells.clone(), version: *version };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// The names of all objects, staged ones included, in order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.state().objects.keys().cloned().collect()
    }

    /// A panic elsewhere cannot leave the maps half changed.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ObjectStore for Memory {
    async fn get(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        name::check(name)?;
        Ok(self.state().objects.get(name).cloned())
    }

    async fn put(&self, name: &str, value: Bytes) -> Result<(), StoreError> {
        name::check(name)?;
        self.state().objects.insert(name.to_owned(), value);
        Ok(())
    }

    async fn stage(&self, name: &str, value: Bytes) -> Result<(), StoreError> {
        self.put(name, value).await
    }

    async fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn delete(&self, name: &str) -> Result<(), StoreError> {
        name::check(name)?;
        self.state().objects.remove(name);
        Ok(())
    }
}

impl LockStore for Memory {
    async fn load(&self, cell: Cell) -> Result<Option<Versioned>, StoreError> {
        let versioned = |(version, value): &(u64, Bytes)| Versioned {
            value: value.clone(),
            version: Version(version.to_string()),
        };
        Ok(self.state().cells.get(&cell).map(versioned))
    }

    async fn swap(&self, cell: Cell, expected: Option<&Version>, value: Bytes) -> Result<Swap, StoreError> {
        let mut state = self.state();
        let found = state.cells.get(&cell).map(|(version, _)| version.to_string());
        if found.as_deref() != expected.map(|version| version.0.as_str()) {
            return Ok(Swap::Lost);
        }
        state.version += 1;
        let version = state.version;
        state.cells.insert(cell, (version, value));
        Ok(Swap::Done(Version(version.to_string())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        future::Future,
        pin::pin,
        task::{Context, Poll, Waker},
    };

    /// The futures of this store never wait.
    fn now<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("a future of the memory store waited"),
        }
    }

    #[test]
    fn a_cell_changes_only_from_the_expected_version() {
        let store = Memory::new();
        assert_eq!(now(store.load(Cell::Lock)).unwrap(), None);
        let Swap::Done(first) = now(store.swap(Cell::Lock, None, "a".into())).unwrap() else { panic!() };
        assert_eq!(now(store.swap(Cell::Lock, None, "b".into())).unwrap(), Swap::Lost);
        let Swap::Done(second) = now(store.swap(Cell::Lock, Some(&first), "b".into())).unwrap() else {
            panic!()
        };
        assert_ne!(first, second);
        assert_eq!(now(store.swap(Cell::Lock, Some(&first), "c".into())).unwrap(), Swap::Lost);
        assert_eq!(
            now(store.load(Cell::Lock)).unwrap(),
            Some(Versioned { value: "b".into(), version: second })
        );
    }

    #[test]
    fn a_version_does_not_come_back_with_the_value() {
        let store = Memory::new();
        let mut seen = Vec::new();
        for value in ["a", "b", "a", "a"] {
            let Swap::Done(version) = now(store.swap(Cell::Lock, seen.last(), value.into())).unwrap() else {
                panic!()
            };
            assert!(!seen.contains(&version));
            seen.push(version);
        }
    }

    #[test]
    fn cells_are_apart_from_each_other() {
        let store = Memory::new();
        now(store.swap(Cell::Lock, None, "lock".into())).unwrap();
        assert_eq!(now(store.load(Cell::Checkpoint)).unwrap(), None);
        assert!(matches!(now(store.swap(Cell::Checkpoint, None, "c".into())).unwrap(), Swap::Done(_)));
    }

    #[test]
    fn objects_come_and_go_in_every_clone() {
        let store = Memory::new();
        let other = store.clone();
        now(store.put("tile/0/000", "a".into())).unwrap();
        now(store.stage("staged/1", "b".into())).unwrap();
        assert_eq!(other.names(), ["staged/1", "tile/0/000"]);
        now(other.delete("staged/1")).unwrap();
        now(other.delete("staged/1")).unwrap();
        assert_eq!(now(store.get("staged/1")).unwrap(), None);
        assert_eq!(now(store.get("tile/0/000")).unwrap().unwrap(), "a");
    }

    #[test]
    fn a_name_that_leaves_the_store_is_refused() {
        let store = Memory::new();
        assert!(matches!(now(store.put("../a", Bytes::new())), Err(StoreError::Failed { .. })));
        assert!(matches!(now(store.get("/etc/passwd")), Err(StoreError::Failed { .. })));
    }
}
