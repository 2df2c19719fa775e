//! The directory of the provider: small files that are replaced whole, and locks.
//!
//! `accounts.json` is written by whoever administers, `keys.json` and `codes.json` by the server alone. So no file has two
//! writers, and each has a lock against a second one.

use sealwax_store::disk::{Disk, DiskFile, Mode, Os};
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The directory's mode: what is in it is its owner's alone, whatever the files' own modes say.
const MODE: u32 = 0o700;

/// A directory.
#[derive(Debug)]
pub struct State<D> {
    disk: Arc<D>,
}

/// Why the state cannot be read or written.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The system refused.
    #[error("{name}: {cause}")]
    Io {
        /// The file.
        name: String,
        /// What the system said.
        cause: Arc<io::Error>,
    },
    /// More than is read.
    #[error("{name} is longer than {limit} bytes")]
    TooLong {
        /// The file.
        name: &'static str,
        /// The limit.
        limit: usize,
    },
    /// Others could read the secrets in it, or put others in their place.
    #[error("{} is open to others (mode {mode:o}); `chmod 700` closes it", path.display())]
    OpenToOthers {
        /// The directory.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Somebody else writes it.
    #[error("{name} is held by another process")]
    InUse {
        /// The file.
        name: &'static str,
    },
}

/// A file as it was read.
pub(crate) struct Found<F> {
    pub(crate) bytes: Vec<u8>,
    /// Open, so that its number is given to no other file: who finds another number finds another file.
    pub(crate) file: F,
}

impl<D> Clone for State<D> {
    fn clone(&self) -> Self {
        Self { disk: Arc::clone(&self.disk) }
    }
}

impl State<Os> {
    /// The state in this directory, which is made if there is none, but for its parent.
    ///
    /// # Errors
    /// [`StateError::OpenToOthers`], [`StateError::Io`].
    pub fn open(path: &Path) -> Result<Self, StateError> {
        let io = |cause| StateError::Io { name: path.display().to_string(), cause: Arc::new(cause) };
        match DirBuilder::new().mode(MODE).create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.map_err(io)?,
        }
        let disk = Os::new(path).map_err(io)?;
        let mode = path.metadata().map_err(io)?.mode() & 0o777;
        if mode & !MODE != 0 {
            return Err(StateError::OpenToOthers { path: path.to_owned(), mode });
        }
        Ok(Self::new(disk))
    }
}

impl<D: Disk> State<D> {
    /// The state on this disk.
    #[must_use]
    pub fn new(disk: D) -> Self {
        Self { disk: Arc::new(disk) }
    }

    /// Opens a file, if there is one.
    pub(crate) fn open_file(&self, name: &'static str) -> Result<Option<D::File>, StateError> {
        match self.disk.open(name, Mode::Read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some).map_err(failed(name)),
        }
    }

    /// Reads a file, if there is one.
    pub(crate) fn read(
        &self,
        name: &'static str,
        limit: usize,
    ) -> Result<Option<Found<D::File>>, StateError> {
        let Some(file) = self.open_file(name)? else { return Ok(None) };
        let length = file.len().map_err(failed(name))?;
        let length = usize::try_from(length).ok().filter(|length| *length <= limit);
        let mut bytes = vec![0; length.ok_or(StateError::TooLong { name, limit })?];
        let read = file.read_at(&mut bytes, 0).map_err(failed(name))?;
        bytes.truncate(read);
        Ok(Some(Found { bytes, file }))
    }

    /// Puts a file in the place of what is there: after a crash it is the old or the new one, and once this returns the new
    /// one. Only for who holds the lock.
    pub(crate) fn replace(&self, name: &'static str, bytes: &[u8]) -> Result<(), StateError> {
        let new = format!("{name}.new");
        let io = |done: io::Result<()>| done.map_err(failed(name));
        // What a crash left behind was never in its place.
        io(match self.disk.remove(&new) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        })?;
        let file = self.disk.open(&new, Mode::Create).map_err(failed(name))?;
        io(file.write_at(bytes, 0).and_then(|()| file.sync_all()))?;
        io(self.disk.rename(&new, name))?;
        io(self.disk.sync_dir(""))
    }

    /// Takes a lock, without waiting. It is held until the file is dropped.
    pub(crate) fn lock(&self, name: &'static str) -> Result<D::File, StateError> {
        let opened = match self.disk.open(name, Mode::Create) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.disk.open(name, Mode::Write),
            opened => opened,
        };
        let file = opened.map_err(failed(name))?;
        if file.try_lock().map_err(failed(name))? { Ok(file) } else { Err(StateError::InUse { name }) }
    }
}

fn failed(name: &str) -> impl Fn(io::Error) -> StateError {
    move |cause| StateError::Io { name: name.to_owned(), cause: Arc::new(cause) }
}
