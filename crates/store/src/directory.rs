//! A store in a directory of a local disk.
//!
//! ```text
//! lock           who has the directory open; held with the system's exclusive lock
//! wal/<number>   segments of the write-ahead file: what is staged, and the lock value
//! checkpoint     the value of the cell of that name
//! tmp/<number>   files that are being written
//! <name>         an object
//! ```
//!
//! # What is durable, and when
//! - [`LockStore::swap`] of [`Cell::Lock`] writes everything that was staged and the new value as one frame, with one
//!   write and one flush. It is there as a whole after a crash or not at all; when the swap has succeeded, it is.
//! - [`ObjectStore::put`], [`ObjectStore::delete`] and a swap of [`Cell::Checkpoint`] return at once, are seen at once by
//!   this process, and are durable after [`ObjectStore::flush`]. Before that each of them may be found after a crash or
//!   not, in any combination; an object is the old one or the new one as a whole.
//! - What is staged goes when its segment goes: when everything in it and in older ones is deleted, and a newer one holds
//!   the lock value. Until then it comes back when the store is opened again, and goes for good with the first object of
//!   a later swap that is deleted: deleting one deletes those of older swaps too. What no swap has written yet is in memory
//!   only, and is deleted alone.
//! - A version of [`Cell::Lock`] is the sequence number of a frame. Opening the store writes the newest frame again, so it
//!   changes the version too.
//!
//! # Failures
//! - What the system lacked (space, memory, file descriptors) is [`StoreError::Failed`]: nothing happened, and the same may
//!   be tried again. An object that could not be made a file is kept, and [`ObjectStore::flush`] says so.
//! - Every other failure of a write, and every failure of a flush, is [`StoreError::Unknown`] once; after that everything
//!   that writes, and [`LockStore::load`] of [`Cell::Lock`], is [`StoreError::Stopped`]. Objects can still be read. Drop the
//!   store and open it again to find out what happened.
//! - Opening cuts off a torn end of the write-ahead file, and only that: if something that is whole follows, it is
//!   [`StoreError::Damaged`] with the file and the byte. Damage to the very last frame looks like a torn end; nothing on
//!   this disk can tell, the newest checkpoint elsewhere does.
//!
//! # Blocking
//! The futures are ready at the first poll, and block the thread for as long as the disk takes. Only with
//! [`Options::background`] do `flush`, and `put` when too much is on its way, wait without blocking.

mod frame;
mod reader;
mod scan;
mod segment;
mod settler;
mod stop;
mod wal;

use crate::{
    Bytes, Cell, LockStore, ObjectStore, StoreError, Swap, Version, Versioned,
    disk::{Disk, DiskFile, Mode, Place},
    name,
};
pub use reader::Reader;
use settler::{Change, Settler};
use std::{
    fs::File,
    io,
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};
use stop::Stop;
use wal::Wal;

/// The file that is locked.
const LOCK: &str = "lock";
/// The file of [`Cell::Checkpoint`].
const CHECKPOINT: &str = "checkpoint";

/// The longest object, bytes: some times the largest entry bundle (256 entries of 64 KiB).
pub const OBJECT_MAX: usize = 64 << 20;

/// How a directory is kept.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether a thread makes files of objects. If not, `flush` does, and everything happens in an order that depends on
    /// the caller alone.
    pub background: bool,
    /// A new segment of the write-ahead file is begun when this one would be longer, bytes.
    pub segment_bytes: u64,
    /// The write-ahead file grows by multiples of this, bytes.
    pub reserve_bytes: u64,
    /// `put` waits while more than this is on its way to files, bytes.
    pub pending_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { background: true, segment_bytes: 16 << 20, reserve_bytes: 256 << 10, pending_bytes: 64 << 20 }
    }
}

/// A store in a directory, opened for writing by nobody else. Clones share it; it is closed when the last one is dropped.
/// Dropping does not flush.
pub struct Directory<D: Disk> {
    shared: Arc<Shared<D>>,
}

struct Shared<D: Disk> {
    disk: Arc<D>,
    wal: Wal<D>,
    settler: Arc<Settler<D>>,
    thread: Option<JoinHandle<()>>,
    /// One swap of [`Cell::Checkpoint`] at a time.
    checkpoint: Mutex<()>,
    place: Place,
    /// Given back last.
    _lock: D::File,
}

impl<D: Disk> Directory<D> {
    /// Opens a directory, an empty one too, and recovers what a crash has left.
    ///
    /// # Errors
    /// [`StoreError::InUse`] if another process has it open; [`StoreError::Damaged`]; the disk's. Nothing was changed that
    /// a later opening would miss.
    pub fn open(disk: D, options: &Options) -> Result<Self, StoreError> {
        let disk = Arc::new(disk);
        let stop = Stop::default();
        let lock = lock(&*disk)?;
        let place = lock.place().map_err(|error| failed("look at", LOCK, error))?;
        for directory in ["tmp", segment::DIRECTORY] {
            match disk.create_dir(directory) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(failed("create", directory, error));
                }
                _ => {}
            }
        }
        disk.sync_dir("").map_err(|error| failed("flush", "the directory", error))?;
        let wal = Wal::open(disk.clone(), options, stop.clone())?;
        let settler = Arc::new(Settler::open(disk.clone(), options, stop)?);
        let thread = if options.background { Some(start(settler.clone())?) } else { None };
        Ok(Self {
            shared: Arc::new(Shared {
                disk,
                wal,
                settler,
                thread,
                checkpoint: Mutex::new(()),
                place,
                _lock: lock,
            }),
        })
    }

    /// Where the directory lives: the place of its file `lock`. A copy lives elsewhere.
    #[must_use]
    pub fn place(&self) -> Place {
        self.shared.place
    }

    /// The disk.
    #[must_use]
    pub fn disk(&self) -> &D {
        &self.shared.disk
    }

    async fn swap_checkpoint(&self, expected: Option<&Version>, value: Bytes) -> Result<Swap, StoreError> {
        {
            let _one_at_a_time = self.shared.checkpoint.lock().unwrap_or_else(PoisonError::into_inner);
            let found = self.shared.object(CHECKPOINT)?;
            if found.map(|value| version(&value)).as_ref() != expected {
                return Ok(Swap::Lost);
            }
            self.shared.settler.change_now(CHECKPOINT, Change::Put(value.clone()))?;
        }
        Ok(Swap::Done(version(&value)))
    }
}

impl<D: Disk> ObjectStore for Directory<D> {
    async fn get(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        name::check(name)?;
        match self.shared.object(name)? {
            Some(value) => Ok(Some(value)),
            None => self.shared.wal.get(name),
        }
    }

    fn file(&self, name: &str) -> Option<File> {
        name::check(name).ok()?;
        // What is on its way is no file yet.
        if self.shared.settler.get(name).is_some() {
            return None;
        }
        self.shared.disk.open(name, Mode::Read).ok()?.system()
    }

    async fn put(&self, name: &str, value: Bytes) -> Result<(), StoreError> {
        name::check(name)?;
        if value.len() > OBJECT_MAX {
            return Err(failed("put", name, io::ErrorKind::FileTooLarge.into()));
        }
        self.shared.settler.change(name, Change::Put(value)).await
    }

    async fn stage(&self, name: &str, value: Bytes) -> Result<(), StoreError> {
        name::check(name)?;
        self.shared.wal.stage(name, value)
    }

    async fn flush(&self) -> Result<(), StoreError> {
        self.shared.settler.flush().await
    }

    async fn delete(&self, name: &str) -> Result<(), StoreError> {
        name::check(name)?;
        if self.shared.wal.delete(name)? {
            return Ok(());
        }
        self.shared.settler.change(name, Change::Delete).await
    }
}

impl<D: Disk> LockStore for Directory<D> {
    async fn load(&self, cell: Cell) -> Result<Option<Versioned>, StoreError> {
        match cell {
            Cell::Lock => self.shared.wal.load(),
            Cell::Checkpoint => {
                let value = self.shared.object(CHECKPOINT)?;
                Ok(value.map(|value| Versioned { version: version(&value), value }))
            }
        }
    }

    async fn swap(&self, cell: Cell, expected: Option<&Version>, value: Bytes) -> Result<Swap, StoreError> {
        match cell {
            Cell::Lock => self.shared.wal.swap(expected, value),
            Cell::Checkpoint => self.swap_checkpoint(expected, value).await,
        }
    }
}

impl<D: Disk> Clone for Directory<D> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<D: Disk> Drop for Shared<D> {
    /// Waits for the thread, so that nothing is written any more when the lock is given back.
    fn drop(&mut self) {
        self.settler.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl<D: Disk> Shared<D> {
    /// An object that is a file, or on its way to become one.
    fn object(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        match self.settler.get(name) {
            Some(Change::Put(value)) => Ok(Some(value)),
            Some(Change::Delete) => Ok(None),
            None => read_file(&*self.disk, name),
        }
    }
}

/// Opens the file `lock` and locks it.
fn lock<D: Disk>(disk: &D) -> Result<D::File, StoreError> {
    let opened = match disk.open(LOCK, Mode::Write) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => match disk.open(LOCK, Mode::Create) {
            // Another process was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => disk.open(LOCK, Mode::Write),
            created => created,
        },
        opened => opened,
    };
    let file = opened.map_err(|error| failed("open", LOCK, error))?;
    if !file.try_lock().map_err(|error| failed("lock", LOCK, error))? {
        let mut holder = [0; 20];
        let length = file.read_at(&mut holder, 0).unwrap_or(0);
        let holder = String::from_utf8_lossy(holder.get(..length).unwrap_or_default()).trim().to_owned();
        return Err(StoreError::InUse { by: holder });
    }
    // Only so that the other process can say who was first: a failure is no reason not to open.
    let _ = file.set_len(0).and_then(|()| file.write_at(format!("{}\n", std::process::id()).as_bytes(), 0));
    Ok(file)
}

fn start<D: Disk>(settler: Arc<Settler<D>>) -> Result<JoinHandle<()>, StoreError> {
    let thread = std::thread::Builder::new().name("store-settler".to_owned());
    thread.spawn(move || settler.run()).map_err(|error| failed("start", "the settler's thread", error))
}

fn read_file<D: Disk>(disk: &D, name: &str) -> Result<Option<Bytes>, StoreError> {
    let read = || -> io::Result<Option<Bytes>> {
        let file = disk.open(name, Mode::Read)?;
        let length = usize::try_from(file.len()?).unwrap_or(usize::MAX);
        if length > OBJECT_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut value = vec![0; length];
        match file.read_at(&mut value, 0)? {
            read if read == length => Ok(Some(value.into())),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    };
    match read() {
        // The second: a segment of the name is a file.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        read => read.map_err(|error| failed("read", name, error)),
    }
}

/// The version of a checkpoint: the same content is the same version.
fn version(value: &[u8]) -> Version {
    Version(sealwax_crypto::hex(&sealwax_crypto::sha256(value)))
}

fn failed(verb: &str, what: &str, error: io::Error) -> StoreError {
    StoreError::Failed { what: format!("{verb} {what}"), cause: Arc::new(error) }
}
