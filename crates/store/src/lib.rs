//! Where a log keeps its state: objects, and one small value that is swapped.
//!
//! **Job.** Two small traits. An [`ObjectStore`] holds tiles, staged batches and issuers; it is not trusted to be atomic
//! across objects. A [`LockStore`] holds one small value per cell that changes by compare-and-swap only; the value of
//! [`Cell::Lock`] is the truth about the log. Two stores that implement both: [`memory`], and a directory, where a
//! staged batch and the swap that follows it cost one flush of a write-ahead file.
//!
//! **Non-goals.** What the bytes mean. Retrying: an operation that failed is reported once, with what is known about its
//! effect, and the engine decides.
//!
//! **What is trusted.** The disk, for what [`disk`] says and no more. That nobody else writes to the directory: the lock
//! file bars other processes of ours, digests tell damage from a crash, and neither stops who wants to change the log; what
//! is signed elsewhere does.
//!
//! **Tested** against the store in memory with random operations; with every byte of a write-ahead file changed and every
//! cut (`tests/directory`); over a disk that refuses; and over a simulated disk that fails, tears and forgets at every
//! write (`sealwax-faults`). `cargo bench -p sealwax-store` sets a swap beside a bare flush.

pub mod directory;
pub mod disk;
mod error;
pub mod memory;
mod name;
mod view;

#[cfg(test)]
mod scratch;

pub use bytes::Bytes;
pub use directory::Directory;
pub use error::StoreError;
pub use memory::Memory;
use std::{fs::File, future::Future};
pub use view::View;

/// Objects by name. Names are relative paths of `a-z A-Z 0-9 . _ - /`, never empty, without `..` or empty segments, and
/// not the directory's own `checkpoint`, `lock`, `tmp/…`, `wal/…`. Another name is [`StoreError::Failed`].
///
/// Every operation may fail with an effect that is known ([`StoreError::Failed`]: nothing happened) or unknown
/// ([`StoreError::Unknown`]).
pub trait ObjectStore: Send + Sync {
    /// The object, or `None` if there is none. Sees what this process has put, flushed or not.
    fn get(&self, name: &str) -> impl Future<Output = Result<Option<Bytes>, StoreError>> + Send;

    /// The file that is this object, where objects are files and it is one already: for handing to the system, of objects
    /// that never change.
    fn file(&self, name: &str) -> Option<File> {
        let _ = name;
        None
    }

    /// Creates or replaces an object. A reader sees the old bytes or the new ones, never a mixture. Durable once a
    /// [`ObjectStore::flush`] that began later has succeeded, not before.
    fn put(&self, name: &str, value: Bytes) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Creates an object, for a batch that the next swap refers to. Durable no later than the next
    /// [`LockStore::swap`] on this store that succeeds; the name is never used twice.
    fn stage(&self, name: &str, value: Bytes) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Makes durable everything that was put or deleted before. May run beside other operations.
    fn flush(&self) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Removes an object, also one that was staged. It is no error if there is none. Of staged objects:
    /// - One that no swap has made durable, because none came, or it was lost or [failed](StoreError::Failed), goes alone. No
    ///   later swap makes it durable, and it does not come back.
    /// - With one that a swap made durable may go all those that older swaps made durable, not the others of the same swap:
    ///   they are deleted from the oldest on. It may be there again after a crash, until one of a later swap is deleted.
    fn delete(&self, name: &str) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Small values that change by compare-and-swap.
pub trait LockStore: Send + Sync {
    /// The value of a cell and its version; `None` if it was never set.
    fn load(&self, cell: Cell) -> impl Future<Output = Result<Option<Versioned>, StoreError>> + Send;

    /// Sets the cell if its version is still `expected` (`None`: if it was never set). For [`Cell::Lock`] the value is
    /// durable when this succeeds, and so is all that was staged before.
    ///
    /// # Errors
    /// After [`StoreError::Unknown`] the value may have been set, or may yet be: load to find out.
    fn swap(
        &self,
        cell: Cell,
        expected: Option<&Version>,
        value: Bytes,
    ) -> impl Future<Output = Result<Swap, StoreError>> + Send;
}

/// Which value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cell {
    /// The truth about the log: size, root and where the batch is staged.
    Lock,
    /// The signed checkpoint, as readers get it. In a directory this is the file `checkpoint`.
    Checkpoint,
}

/// What a swap is conditional on: an ETag, a sequence number. Opaque.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version(pub String);

/// A value and its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned {
    /// The value.
    pub value: Bytes,
    /// Its version.
    pub version: Version,
}

/// What became of a swap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Swap {
    /// The value is set and has this version.
    Done(Version),
    /// The version was another one; nothing was changed.
    Lost,
}
