use super::{LockValueError, ReadError, batch::BatchError, record::RecordError, signing::SigningError};
use crate::index::IndexError;
use sealwax_store::StoreError;

/// Why a log cannot be opened, or has stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The store failed. What was acknowledged is safe; reopen to recover.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no log here.
    #[error("there is no log here: nothing was ever created")]
    NotCreated,
    /// There is a log here already.
    #[error("there is a log here already")]
    Exists,
    /// The log here is another one.
    #[error("the log here has {what} {found}, expected {expected}")]
    AnotherLog {
        /// Origin or keys.
        what: &'static str,
        /// What the caller has.
        expected: String,
        /// What the lock value says.
        found: String,
    },
    /// The lock value cannot be read.
    #[error(transparent)]
    LockValue(#[from] LockValueError),
    /// A batch cannot be read.
    #[error("{name}: {source}")]
    Batch {
        /// Its name.
        name: String,
        /// Why.
        source: BatchError,
    },
    /// The batches do not lead from the settled size to the size of the lock value.
    #[error("the staged batches lead to {found}, and not to {expected}")]
    Gap {
        /// The size they should lead to.
        expected: u64,
        /// The size they lead to.
        found: u64,
    },
    /// The entries do not make the tree that the lock value says.
    #[error("the {size} entries that are stored make another tree than the lock value says")]
    Root {
        /// Size of the tree.
        size: u64,
    },
    /// Tiles or bundles cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An entry cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The lock value went backwards, or its tree is another one: the store was restored from a copy under a running log.
    #[error(
        "the lock value went back from size {from} to {to}, or its tree changed: the log was replaced by another copy"
    )]
    Rewound {
        /// The size known.
        from: u64,
        /// The size found.
        to: u64,
    },
    /// Somebody else wrote to a directory that is ours alone.
    #[error("somebody else has written to this log: the lock value is not the one that was just swapped in")]
    SecondWriter,
    /// The store failed, and this replica was told to stop. Another one, or whoever opens the log next, ends its last round.
    #[error("the store failed until the replica stopped: whoever opens the log next ends the last round")]
    Unfinished,
    /// The checkpoint cannot be signed.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// The witnesses have not cosigned, or have seen another history.
    #[error(transparent)]
    Cosign(#[from] super::CosignError),
    /// The checkpoint of a directory cannot be shown.
    #[error("the checkpoint that is stored cannot be shown: {0}")]
    Shown(#[from] super::ShownError),
    /// The index of entries failed.
    #[error(transparent)]
    Index(#[from] IndexError),
}
