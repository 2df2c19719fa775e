//! Directories of the format before, which sealed nothing: `accounts.json` and `keys.json` become sealed files.

use crate::account::file::{self as accounts};
use crate::state::{State, StateError};
use crate::{keys, store};
use sealwax_store::disk::Disk;

impl<D: Disk> State<D> {
    /// Seals what the format before has left open. Killed at any moment, it is done by doing it again; where there is nothing
    /// to seal, nothing changes. What the disk keeps of the old files is out of reach: who fears for it gives the accounts new
    /// secrets, and removes the keys.
    ///
    /// # Errors
    /// [`StateError`]; [`StateError::InUse`] while a server, or whoever changes accounts, has them.
    pub fn seal_what_is_open(&self) -> Result<(), StateError> {
        let _server = self.lock(keys::LOCK)?;
        let _changes = self.lock(store::LOCK)?;
        for (file, limit) in [(accounts::FILE, accounts::MAX_BYTES), (keys::FILE, keys::MAX_BYTES)] {
            let Some(open) = self.read(file.before, limit)? else { continue };
            // What is sealed is newer: it was made out of what is open, and only its removal did not come about.
            if self.open_file(file.name)?.is_none() {
                self.replace_sealed(file, &open.bytes)?;
            }
            self.remove(file.before)?;
        }
        Ok(())
    }
}
