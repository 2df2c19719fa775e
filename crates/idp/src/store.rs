//! The accounts in their file, for who reads them and for who changes them.

use crate::account::file::{AccountFileError, FILE, MAX_BYTES, NAME};
use crate::account::{AccountError, Accounts};
use crate::state::{Found, State, StateError};
use sealwax_store::disk::{Disk, DiskFile};
use std::sync::{Arc, Mutex, PoisonError};

/// Who changes the accounts holds this.
pub(crate) const LOCK: &str = "accounts.lock";

/// The accounts, as they are in the file now.
pub struct AccountStore<D: Disk> {
    state: State<D>,
    read: Mutex<Option<Read<D::File>>>,
}

/// What was read last, and out of which file.
struct Read<F> {
    file: F,
    accounts: Arc<Accounts>,
}

/// Why the accounts cannot be read or changed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The disk.
    #[error(transparent)]
    State(#[from] StateError),
    /// The file is not one of ours.
    #[error("{NAME}: {0}")]
    File(#[from] AccountFileError),
    /// What was to be changed cannot be.
    #[error(transparent)]
    Account(#[from] AccountError),
}

impl<D: Disk> AccountStore<D> {
    /// The accounts of a directory; without a file there are none yet.
    #[must_use]
    pub fn new(state: State<D>) -> Self {
        Self { state, read: Mutex::new(None) }
    }

    /// The accounts as the file has them now. It is read again when it was replaced, also by another process.
    ///
    /// # Errors
    /// [`StoreError`]: what was read before is not used then, since it may have somebody who was removed.
    pub fn current(&self) -> Result<Arc<Accounts>, StoreError> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*read
            && let Some(file) = self.state.open_file(NAME)?
            && is_same(&known.file, &file)
        {
            return Ok(Arc::clone(&known.accounts));
        }
        *read = None;
        let Some(Found { bytes, file }) = self.state.read_sealed(FILE, MAX_BYTES)? else {
            return Ok(Arc::default());
        };
        let accounts = Arc::new(Accounts::parse(&bytes)?);
        *read = Some(Read { file, accounts: Arc::clone(&accounts) });
        Ok(accounts)
    }

    /// Changes the accounts: all of the change or nothing of it, durably.
    ///
    /// # Errors
    /// [`StoreError`]; [`StateError::InUse`] while another process changes them.
    pub fn change<T>(
        &self,
        change: impl FnOnce(&mut Accounts) -> Result<T, AccountError>,
    ) -> Result<T, StoreError> {
        let _lock = self.state.lock(LOCK)?;
        let mut accounts = (*self.current()?).clone();
        let changed = change(&mut accounts)?;
        self.state.replace_sealed(FILE, &accounts.write())?;
        Ok(changed)
    }
}

/// Whether both are one file. One whose place cannot be told is another one.
fn is_same<F: DiskFile>(one: &F, other: &F) -> bool {
    one.place().ok().zip(other.place().ok()).is_some_and(|(one, other)| one == other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::tests::person;
    use sealwax_faults::disk::SimDisk;

    #[test]
    fn who_reads_sees_what_was_changed() {
        let state = State::new(SimDisk::new(1), [7; 32]);
        let (reader, writer) = (AccountStore::new(state.clone()), AccountStore::new(state));
        assert_eq!(reader.current().unwrap().iter().len(), 0);
        for (count, name) in ["a", "b", "c"].into_iter().enumerate() {
            writer.change(|accounts| accounts.add(person(name, &format!("{name}@example.com")))).unwrap();
            assert_eq!(reader.current().unwrap().iter().len(), count + 1);
            assert!(Arc::ptr_eq(&reader.current().unwrap(), &reader.current().unwrap()));
        }
        let refused = writer.change(|accounts| accounts.add(person("a", "x@example.com"))).unwrap_err();
        assert!(matches!(refused, StoreError::Account(AccountError::NameTaken { .. })));
        assert_eq!(reader.current().unwrap().iter().len(), 3);
    }

    #[test]
    fn two_writers_are_one_too_many() {
        let state = State::new(SimDisk::new(1), [7; 32]);
        let store = AccountStore::new(state.clone());
        let lock = state.lock(LOCK).unwrap();
        let refused = store.change(|_| Ok(())).unwrap_err();
        assert!(matches!(refused, StoreError::State(StateError::InUse { name: LOCK })));
        drop(lock);
        store.change(|_| Ok(())).unwrap();
    }
}
