use super::{Kind, Submission};
use bytes::Bytes;
use sealwax_store::StoreError;
use sealwax_tlog::{
    Hash,
    tile::{EntryBundle, Tile},
};
use std::{sync::Arc, time::Duration};

/// The front of a running log: cheap to clone, for any number of threads.
#[derive(Clone)]
pub struct Log {}

/// A sequenced entry, and the proof.
#[derive(Clone, Debug)]
pub struct Added {
    /// Its index, from 0.
    pub index: u64,
    /// When it was sequenced, milliseconds since 1970. Of a duplicate: when the first was.
    pub timestamp: u64,
    /// Whether it was there already.
    pub duplicate: bool,
    /// The inclusion proof in the tree of [`Added::published`].
    pub proof: Vec<Hash>,
    /// The checkpoint that contains the entry.
    pub published: Arc<Published>,
}

/// A checkpoint that is durable and published.
#[derive(Clone, Debug)]
pub struct Published {
    /// The size of the tree.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// When it was signed, milliseconds since 1970.
    pub timestamp: u64,
    /// The signed note.
    pub note: Bytes,
    /// Whether the log takes no more entries.
    pub frozen: bool,
}

/// Why an entry has no index.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddError {
    /// The queue is full. Nothing was stored.
    #[error("the log is busy; try again in {} s", retry_after.as_secs().max(1))]
    Full {
        /// When to try again.
        retry_after: Duration,
    },
    /// The log takes no entries any more.
    #[error("this log is frozen")]
    Frozen,
    /// The log takes no entries at the moment; reads work. The entry may have been sequenced: a retry finds it.
    #[error("the log cannot take entries at the moment: {reason}")]
    NotNow {
        /// Why, for the caller.
        reason: String,
    },
    /// The entry is longer than the log takes.
    #[error("the entry has {found} bytes; the log takes {limit}")]
    TooLarge {
        /// Its length.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// The log has stopped writing after a failure, or is shutting down. The entry may have been sequenced.
    #[error("the log has stopped")]
    Stopped,
}

impl Log {
    /// Which log this is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind::Signature
    }

    /// The origin, as in the checkpoint.
    #[must_use]
    pub fn origin(&self) -> &str {
        ""
    }

    /// Sequences an entry. Returns when the checkpoint that contains it is durable and published. The same entry again
    /// returns the same index.
    ///
    /// # Errors
    /// See [`AddError`].
    pub async fn add(&self, submission: Submission) -> Result<Added, AddError> {
        let _ = submission;
        Err(AddError::Stopped)
    }

    /// The newest published checkpoint; `None` before the first round of an empty log.
    #[must_use]
    pub fn published(&self) -> Option<Arc<Published>> {
        None
    }

    /// A tile as it is in some published tree, of any width up to the current one; `None` if it is not published yet.
    ///
    /// # Errors
    /// The store's.
    pub async fn tile(&self, tile: Tile) -> Result<Option<Bytes>, StoreError> {
        let _ = tile;
        Ok(None)
    }

    /// An entry bundle (signature log) or data tile (certificate log), likewise.
    ///
    /// # Errors
    /// The store's.
    pub async fn entries(&self, bundle: EntryBundle) -> Result<Option<Bytes>, StoreError> {
        let _ = bundle;
        Ok(None)
    }

    /// An object beside the tree: `issuer/<hex>`.
    ///
    /// # Errors
    /// The store's.
    pub async fn object(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        let _ = name;
        Ok(None)
    }

    /// Stores an object beside the tree and returns when it is durable; does nothing if it is there already. For issuers
    /// (LOG rule 10).
    ///
    /// # Errors
    /// The store's.
    pub async fn keep_object(&self, name: &str, value: Bytes) -> Result<(), StoreError> {
        let _ = (name, value);
        Ok(())
    }

    /// How many submissions wait, and how many may.
    #[must_use]
    pub fn queue(&self) -> (usize, usize) {
        (0, 0)
    }

    /// Whether entries are taken now, and if not, why: for `/readyz`.
    ///
    /// # Errors
    /// The reason.
    pub fn ready(&self) -> Result<(), String> {
        Err(String::new())
    }
}
