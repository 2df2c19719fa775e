use std::sync::Arc;

/// Why an operation of a store failed, and what is known about its effect.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The operation had no effect and will have none.
    #[error("{what}: {cause}")]
    Failed {
        /// The operation and the object, for the operator.
        what: String,
        /// What the system said.
        cause: Arc<std::io::Error>,
    },
    /// The operation may have had its effect, or may yet have it.
    #[error("{what}: {cause} (it is not known whether this took effect)")]
    Unknown {
        /// The operation and the object, for the operator.
        what: String,
        /// What the system said.
        cause: Arc<std::io::Error>,
    },
    /// What was read is not what was written.
    #[error("{what} is damaged: {cause}")]
    Damaged {
        /// Which file, and where in it.
        what: String,
        /// Expected and found.
        cause: String,
    },
    /// It was written by a newer program, in a format that this one does not read. Nothing was changed.
    #[error("{what} is of format {found}, and this program reads {known}: a newer program may read it")]
    Newer {
        /// Which file.
        what: String,
        /// The version found.
        found: u8,
        /// The newest version known.
        known: u8,
    },
    /// Another process, or another part of this one, has the store open for writing.
    #[error("the store is in use by process {by}")]
    InUse {
        /// The number of the process, as it says; may be empty.
        by: String,
    },
    /// An earlier failure makes every further write unsafe: reopen the store to recover.
    #[error("the store stopped writing after an earlier failure: {0}")]
    Stopped(Arc<StoreError>),
}
