//! The directory of the provider: small files that are replaced whole, and locks.
//!
//! `accounts.sealed` is written by whoever administers, `keys.sealed` and `codes.json` by the server alone. So no file has two
//! writers, and each has a lock against a second one. What is sealed opens with the secret of the instance alone, under its own
//! name ([`sealwax_crypto::sealed`]): a copy of the directory tells nobody's address, guesses no password and signs no token.

use sealwax_crypto::sealed::{self, SECRET_BYTES, SealError};
use sealwax_crypto::{SignError, random};
use sealwax_store::disk::{Disk, DiskFile, Mode, Os};
use std::fmt;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The directory's mode: what is in it is its owner's alone, whatever the files' own modes say.
const MODE: u32 = 0o700;

/// What the names of sealed files begin with where they are part of the seal: other sealed files of an instance have no folder.
const FOLDER: &str = "idp/";

/// What a sealed file has more than what is in it, bytes, and some.
const SEAL_BYTES: usize = 64;

/// A directory, and what opens what is sealed in it.
pub struct State<D> {
    disk: Arc<D>,
    secret: Arc<[u8; SECRET_BYTES]>,
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
    /// It does not open, or cannot be sealed.
    #[error("{name}: {cause}")]
    Seal {
        /// The file.
        name: &'static str,
        /// Why.
        cause: SealError,
    },
    /// No randomness to seal with.
    #[error("{name}: {cause}")]
    Random {
        /// The file.
        name: &'static str,
        /// Why.
        cause: SignError,
    },
    /// A file of the format before, in the place of a sealed one.
    #[error(
        "{name} is not sealed, which all files were that this directory has had since it was brought up to date"
    )]
    NotSealed {
        /// The file.
        name: &'static str,
    },
}

/// A file that is sealed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sealed {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it was called in the format before, which sealed nothing.
    pub(crate) before: &'static str,
}

impl Sealed {
    fn context(self) -> String {
        format!("{FOLDER}{}", self.name)
    }
}

/// A file as it was read.
pub(crate) struct Found<F> {
    pub(crate) bytes: Vec<u8>,
    /// Open, so that its number is given to no other file: who finds another number finds another file.
    pub(crate) file: F,
}

impl<D> Clone for State<D> {
    fn clone(&self) -> Self {
        Self { disk: Arc::clone(&self.disk), secret: Arc::clone(&self.secret) }
    }
}

impl<D: fmt::Debug> fmt::Debug for State<D> {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        output.debug_struct("State").field("disk", &self.disk).finish_non_exhaustive()
    }
}

impl State<Os> {
    /// The state in this directory, which is made if there is none, but for its parent. `secret` opens what is sealed in it.
    ///
    /// # Errors
    /// [`StateError::OpenToOthers`], [`StateError::Io`].
    pub fn open(path: &Path, secret: [u8; SECRET_BYTES]) -> Result<Self, StateError> {
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
        Ok(Self::new(disk, secret))
    }
}

impl<D: Disk> State<D> {
    /// The state on this disk.
    #[must_use]
    pub fn new(disk: D, secret: [u8; SECRET_BYTES]) -> Self {
        Self { disk: Arc::new(disk), secret: Arc::new(secret) }
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

    /// Reads what is in a sealed file, if there is one.
    pub(crate) fn read_sealed(
        &self,
        file: Sealed,
        limit: usize,
    ) -> Result<Option<Found<D::File>>, StateError> {
        let Some(found) = self.read(file.name, limit + SEAL_BYTES)? else {
            return match self.open_file(file.before)? {
                Some(_) => Err(StateError::NotSealed { name: file.before }),
                None => Ok(None),
            };
        };
        let opened = sealed::open(&self.secret, &file.context(), &found.bytes);
        let bytes = opened.map_err(|cause| StateError::Seal { name: file.name, cause })?;
        Ok(Some(Found { bytes, ..found }))
    }

    /// Seals this, and puts it in the place of what is there, as [`State::replace`] does.
    pub(crate) fn replace_sealed(&self, file: Sealed, bytes: &[u8]) -> Result<(), StateError> {
        let Sealed { name, .. } = file;
        let salt = random().map_err(|cause| StateError::Random { name, cause })?;
        let sealed = sealed::seal(&self.secret, &file.context(), &salt, bytes);
        self.replace(name, &sealed.map_err(|cause| StateError::Seal { name, cause })?)
    }

    /// Removes a file, durably, if it is there.
    pub(crate) fn remove(&self, name: &'static str) -> Result<(), StateError> {
        match self.disk.remove(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            removed => removed.map_err(failed(name))?,
        }
        self.disk.sync_dir("").map_err(failed(name))
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
