//! What the directory store asks of a disk, so that a simulated one can stand in its place.
//!
//! [`Os`] is the real one. Paths are relative to the root of the store, segments parted by `/`; the root itself is `""`.
//!
//! # What a disk promises, and what it does not
//! A store may rely on no more than this; a simulated disk may leave behind, after a crash, everything that this allows.
//!
//! - **Contents.** After a successful [`DiskFile::sync_data`] the bytes and the length of the file are durable. Before
//!   that, each sector (512 bytes) that was written holds the old or the new bytes after a crash, independently of the
//!   others; a length that grew is the old, the new or one between, and what was never written reads as zeros.
//! - **Neighbours.** A byte outside the written range keeps its value even when a crash tears the write beside it
//!   ("powersafe overwrite", as SQLite calls it and assumes by default).
//! - **Names.** A name that was created, renamed or removed, and a directory that was created, is durable after
//!   [`Disk::sync_dir`] of the directory that holds the name; of a rename between two directories, both. Before that,
//!   each change of a name may be lost or kept, independently of the others: a rename between directories may leave
//!   both names, one or none. A name that is replaced by a rename is the old file or the new one, never missing.
//!   Syncing a file does not make its name durable.
//! - **Failures.** An operation that fails may have had its effect, wholly or in part. After a failed sync the bytes may
//!   be lost although they can still be read, and another sync may claim success: nothing may rely on that file then.
//!   Names are not lost like that: a file system that cannot write its journal stops.
//! - **Processes.** What one process wrote, another one reads at once, durable or not.

#[cfg(target_os = "linux")]
mod network;
#[cfg(unix)]
mod os;

#[cfg(unix)]
pub use os::{Os, OsFile};
use std::{fmt, fs::File, io};

/// A directory on a disk. All operations block.
pub trait Disk: Send + Sync + 'static {
    /// An open file.
    type File: DiskFile;

    /// Opens or creates a file.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] if it (or its directory) does not exist, [`io::ErrorKind::AlreadyExists`] if it does
    /// and was to be created; others.
    fn open(&self, path: &str, mode: Mode) -> io::Result<Self::File>;

    /// Renames a file, atomically replacing what has the new name.
    ///
    /// # Errors
    /// The system's.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file. Who has it open can still read it.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] if there is none; others.
    fn remove(&self, path: &str) -> io::Result<()>;

    /// Creates a directory, not its parents.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] if there is something with this name; others.
    fn create_dir(&self, path: &str) -> io::Result<()>;

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// The system's.
    fn sync_dir(&self, path: &str) -> io::Result<()>;

    /// The names in a directory, of files and directories, in any order.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] if there is no such directory; others.
    fn list(&self, path: &str) -> io::Result<Vec<String>>;
}

/// An open file. Closed, and its lock given back, when it is dropped.
pub trait DiskFile: Send + Sync + 'static {
    /// Its length, bytes.
    ///
    /// # Errors
    /// The system's.
    fn len(&self) -> io::Result<u64>;

    /// Whether it has no bytes.
    ///
    /// # Errors
    /// The system's.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Reads from an offset until the buffer is full or the file ends. Returns how many bytes were read.
    ///
    /// # Errors
    /// The system's.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes all bytes at an offset; the file grows as needed, with zeros in between.
    ///
    /// # Errors
    /// The system's. Some of the bytes may have been written.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Cuts or extends (with zeros).
    ///
    /// # Errors
    /// The system's.
    fn set_len(&self, length: u64) -> io::Result<()>;

    /// Makes contents and length durable. Works on a file that was opened for reading, too.
    ///
    /// # Errors
    /// The system's.
    fn sync_data(&self) -> io::Result<()>;

    /// The same, and whatever else the system keeps about the file.
    ///
    /// # Errors
    /// The system's.
    fn sync_all(&self) -> io::Result<()>;

    /// Takes the exclusive lock if nobody has it, without waiting. Returns whether it was taken. It is held until the
    /// file is dropped, and bars other processes and other openings in this one.
    ///
    /// # Errors
    /// The system's.
    fn try_lock(&self) -> io::Result<bool>;

    /// Where the file lives.
    ///
    /// # Errors
    /// The system's.
    fn place(&self) -> io::Result<Place>;

    /// The system's file that this is, if it is one.
    fn system(self) -> Option<File>
    where
        Self: Sized,
    {
        None
    }
}

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// An existing file, for reading.
    Read,
    /// An existing file, for reading and writing.
    Write,
    /// A new file, for reading and writing: it is an error if the name is taken.
    Create,
}

/// Which file this is, among all on this machine: a copy of a directory has another place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The identity of the file system: `f_fsid`, which most derive from their UUID, so that it outlives a reboot.
    pub file_system: u64,
    /// The number of the file in it.
    pub inode: u64,
    /// When the file was made, nanoseconds since 1970, where the system says. A number that has become free is given to the next
    /// file: to that of a copy, where what was copied had been removed before.
    pub born_ns: Option<u64>,
}

impl Place {
    /// Whether this is the place that was written down once, by what is known of when the file was made, now and then.
    #[must_use]
    pub fn is(&self, written: &str) -> bool {
        let number = Self { born_ns: None, ..*self }.to_string();
        match (written.strip_prefix(&number), self.born_ns) {
            (None, _) => false,
            (Some(""), _) => true,
            (Some(rest), None) => rest.starts_with(':'),
            (Some(rest), Some(born_ns)) => rest == format!(":{born_ns}"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}:{}", self.file_system, self.inode)?;
        self.born_ns.map_or(Ok(()), |born_ns| write!(f, ":{born_ns}"))
    }
}

impl<D: Disk> Disk for std::sync::Arc<D> {
    type File = D::File;

    fn open(&self, path: &str, mode: Mode) -> io::Result<Self::File> {
        (**self).open(path, mode)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        (**self).rename(from, to)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        (**self).remove(path)
    }

    fn create_dir(&self, path: &str) -> io::Result<()> {
        (**self).create_dir(path)
    }

    fn sync_dir(&self, path: &str) -> io::Result<()> {
        (**self).sync_dir(path)
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        (**self).list(path)
    }
}
