//! A directory of small files that many processes share.
//!
//! **What is trusted.** A file counts because of who could have written it: its directory and itself must belong to us
//! or to root, and nobody else may write them. So a cache below `/tmp` that someone else prepared is refused, and one
//! that root has provided read-only is fine.
//!
//! **Writing** is atomic (a temporary file, flushed, renamed, the directory flushed), so that a reader sees the old file
//! or the new one. Writers that change several files together hold [`Directory::lock`].

mod guard;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub use guard::{check_directory, check_file};

/// Why a cache directory or a file in it cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// Others may write it.
    #[error("{} can be written by others (mode {mode:03o}): others could have changed it; `chmod go-w` it, or remove it", path.display())]
    WritableByOthers {
        /// The directory or file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It belongs to someone else.
    #[error("{} belongs to user {owner}, neither to us (user {us}) nor to root", path.display())]
    ForeignOwner {
        /// The directory or file.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who we are.
        us: u32,
    },
    /// Not a directory.
    #[error("{} is not a directory", path.display())]
    NotADirectory {
        /// What stands there.
        path: PathBuf,
    },
    /// Not a regular file: a link, a pipe, a directory.
    #[error("{} is not a regular file", path.display())]
    NotAFile {
        /// What stands there.
        path: PathBuf,
    },
    /// Longer than it may be.
    #[error("{} is longer than {limit} bytes", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The limit.
        limit: u64,
    },
    /// Another process holds the lock for longer than we wait.
    #[error("another process has been updating {} for {seconds} seconds; try again", path.display())]
    Busy {
        /// The directory.
        path: PathBuf,
        /// How long we waited.
        seconds: u64,
    },
    /// The system says no.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl CacheError {
    /// Whether it says that the directory cannot be written, now or ever: a read-only file system, missing permission.
    pub fn is_read_only(&self) -> bool {
        use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
        matches!(self, CacheError::Io { source, .. } if matches!(source.kind(), PermissionDenied | ReadOnlyFilesystem))
    }

    fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CacheError {
        move |source| CacheError::Io { doing, path: path.to_owned(), source }
    }
}

/// A cache directory that only we, or root, can have written.
#[derive(Debug, Clone)]
pub struct Directory {
    path: PathBuf,
}

/// Until it is dropped, other processes that call [`Directory::lock`] wait.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "closing the file releases the lock")] File);

impl Directory {
    /// Opens a directory that is there.
    ///
    /// # Errors
    /// As [`check_directory`].
    pub fn open(path: &Path) -> Result<Self, CacheError> {
        check_directory(path)?;
        Ok(Directory { path: path.to_owned() })
    }

    /// Opens a directory, making it first if it is not there.
    ///
    /// # Errors
    /// As [`check_directory`]; [`CacheError::Io`] if it cannot be made.
    pub fn create(path: &Path) -> Result<Self, CacheError> {
        if !path.exists() {
            let mut builder = fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o755);
            builder.create(path).map_err(CacheError::io("make", path))?;
        }
        Self::open(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads a file, if it is there. `name` is one path component.
    ///
    /// # Errors
    /// As [`check_file`]; [`CacheError::TooLong`]; [`CacheError::Io`].
    pub fn read(&self, name: &str, max_bytes: u64) -> Result<Option<Vec<u8>>, CacheError> {
        let path = self.file(name)?;
        let Some(file) = guard::open_checked(&path)? else { return Ok(None) };
        let mut bytes = Vec::new();
        let beyond = max_bytes.saturating_add(1);
        file.take(beyond).read_to_end(&mut bytes).map_err(CacheError::io("read", &path))?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > max_bytes {
            return Err(CacheError::TooLong { path, limit: max_bytes });
        }
        Ok(Some(bytes))
    }

    /// Replaces a file: a reader sees the old bytes or the new ones, also after a crash. `name` is one path component.
    ///
    /// # Errors
    /// [`CacheError::Io`]; see [`CacheError::is_read_only`].
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), CacheError> {
        let path = self.file(name)?;
        let (temporary, mut file) = self.temporary()?;
        let written =
            file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&temporary, &path));
        if let Err(source) = written {
            // Nothing more can be done about a temporary file that stays behind.
            let _ = fs::remove_file(&temporary);
            return Err(CacheError::Io { doing: "write", path, source });
        }
        self.flush()
    }

    /// Deletes a file, if it is there. `name` is one path component.
    ///
    /// # Errors
    /// [`CacheError::Io`].
    pub fn remove(&self, name: &str) -> Result<(), CacheError> {
        let path = self.file(name)?;
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(CacheError::Io { doing: "remove", path, source }),
            Ok(()) => self.flush(),
        }
    }

    /// Waits until no other process holds the lock, and takes it. Only for processes that ask: readers do not.
    ///
    /// # Errors
    /// [`CacheError::Busy`] after `patience`; [`CacheError::Io`] where no lock file can be made.
    pub fn lock(&self, patience: Duration) -> Result<Lock, CacheError> {
        const STEP: Duration = Duration::from_millis(20);
        let path = self.path.join(".lock");
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o644);
        let file = options.open(&path).map_err(CacheError::io("lock", &path))?;
        let mut waited = Duration::ZERO;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock(file)),
                Err(fs::TryLockError::Error(source)) => {
                    return Err(CacheError::Io { doing: "lock", path, source });
                }
                Err(fs::TryLockError::WouldBlock) if waited >= patience => {
                    return Err(CacheError::Busy { path: self.path.clone(), seconds: patience.as_secs() });
                }
                Err(fs::TryLockError::WouldBlock) => {
                    std::thread::sleep(STEP);
                    waited = waited.saturating_add(STEP);
                }
            }
        }
    }

    /// The path of a name that stays inside.
    fn file(&self, name: &str) -> Result<PathBuf, CacheError> {
        let path = self.path.join(name);
        let mut components = Path::new(name).components();
        match (components.next(), components.next()) {
            (Some(std::path::Component::Normal(_)), None) => Ok(path),
            _ => Err(CacheError::NotAFile { path }),
        }
    }

    fn temporary(&self) -> Result<(PathBuf, File), CacheError> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        loop {
            let number = COUNTER.fetch_add(1, Ordering::Relaxed);
            let path = self.path.join(format!(".{}.{number}.tmp", std::process::id()));
            let mut options = File::options();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o644);
            match options.open(&path) {
                Ok(file) => return Ok((path, file)),
                // Left behind by a process that had our number.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => {
                    return Err(CacheError::Io { doing: "write to", path: self.path.clone(), source });
                }
            }
        }
    }

    /// Makes a rename last.
    fn flush(&self) -> Result<(), CacheError> {
        #[cfg(unix)]
        File::open(&self.path)
            .and_then(|directory| directory.sync_all())
            .map_err(CacheError::io("flush", &self.path))?;
        Ok(())
    }
}
