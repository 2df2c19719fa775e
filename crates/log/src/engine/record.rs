//! What differs between the two logs in the engine: how an entry stands in a bundle, and what its leaf hash is.

use super::{Body, Kind, Submission};
use crate::ct::leaf;
use bytes::Bytes;
use sealwax_tlog::{
    Hash, leaf_hash,
    tile::{EntryBundle, MAX_ENTRY_BYTES},
};

/// The longest record of a certificate log, in bytes: what a certificate of 64 KiB, its precertificate and a chain take.
pub const MAX_CERTIFICATE_RECORD: usize = 256 << 10;

/// An entry that has its index.
#[derive(Debug)]
pub(crate) struct Sealed {
    /// As it stands in the bundle.
    pub(crate) record: Bytes,
    pub(crate) leaf: Hash,
    pub(crate) identity: Hash,
}

/// What an entry in a bundle says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    /// How many bytes it takes there.
    pub(crate) length: usize,
    pub(crate) leaf: Hash,
    pub(crate) identity: Hash,
    /// Milliseconds since 1970; 0 in a signature log, whose entries have none.
    pub(crate) timestamp: u64,
}

/// A bundle of the log's own cannot be read, or an index is beyond what the format holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Cut off.
    #[error("an entry bundle ends within an entry")]
    CutOff,
    /// Not the leaf that the tree has there.
    #[error("entry {index} is not the leaf that the tree has there")]
    OtherLeaf {
        /// Its index.
        index: u64,
    },
    /// Not a leaf of a certificate log.
    #[error(transparent)]
    Leaf(#[from] leaf::LeafError),
}

impl Kind {
    /// The name of a bundle: `tile/entries/…` or `tile/data/…`.
    #[must_use]
    pub fn bundle_name(self, bundle: EntryBundle) -> String {
        let name = bundle.to_string();
        match self {
            Self::Signature => name,
            Self::Certificate => name.replacen("tile/entries/", "tile/data/", 1),
        }
    }

    /// The largest index that an entry may have (LOG rule 10: `leaf_index` has 40 bits).
    #[must_use]
    pub fn max_index(self) -> u64 {
        leaf::MAX_LEAF_INDEX
    }

    pub(crate) fn seal(
        self,
        submission: &Submission,
        index: u64,
        timestamp: u64,
    ) -> Result<Sealed, RecordError> {
        let identity = submission.identity;
        match &submission.body {
            Body::Signature(body) => {
                let length = u16::try_from(body.len()).map_err(|_| RecordError::CutOff)?;
                let record = [&length.to_be_bytes(), body.as_ref()].concat();
                // The identity of an entry of a signature log is its leaf hash.
                Ok(Sealed { record: record.into(), leaf: identity, identity })
            }
            Body::Certificate { entry, extra } => {
                let sealed = leaf::seal(entry, extra, index, timestamp)?;
                Ok(Sealed { record: sealed.record.into(), leaf: sealed.leaf_hash, identity })
            }
        }
    }

    /// Reads the first entry of a bundle.
    pub(crate) fn read(self, bundle: &[u8]) -> Result<Facts, RecordError> {
        match self {
            Self::Signature => {
                let (length, rest) = bundle.split_first_chunk::<2>().ok_or(RecordError::CutOff)?;
                let length = usize::from(u16::from_be_bytes(*length));
                let leaf = leaf_hash(rest.get(..length).ok_or(RecordError::CutOff)?);
                Ok(Facts { length: length + 2, leaf, identity: leaf, timestamp: 0 })
            }
            Self::Certificate => {
                let facts = leaf::read_one(bundle)?;
                let (leaf, identity, timestamp) = (facts.leaf_hash, facts.identity, facts.timestamp);
                Ok(Facts { length: facts.len, leaf, identity, timestamp })
            }
        }
    }

    /// How many bytes the first entry of a bundle takes.
    pub(crate) fn length(self, bundle: &[u8]) -> Result<usize, RecordError> {
        match self {
            Self::Signature => {
                let (length, rest) = bundle.split_first_chunk::<2>().ok_or(RecordError::CutOff)?;
                let length = usize::from(u16::from_be_bytes(*length));
                if rest.len() < length { Err(RecordError::CutOff) } else { Ok(length + 2) }
            }
            Self::Certificate => Ok(leaf::TileLeaf::read(bundle)?.record().len()),
        }
    }

    /// The first `count` entries of a bundle, or what is wrong with it.
    pub(crate) fn first(self, bundle: &Bytes, count: u16) -> Result<Bytes, RecordError> {
        let mut rest: &[u8] = bundle;
        for _ in 0..count {
            rest = rest.get(self.length(rest)?..).ok_or(RecordError::CutOff)?;
        }
        Ok(bundle.slice(..bundle.len() - rest.len()))
    }

    /// The length of a submission's body, and the longest that is taken.
    pub(crate) fn length_and_limit(self, submission: &Submission) -> (usize, usize) {
        match &submission.body {
            Body::Signature(body) => (body.len(), MAX_ENTRY_BYTES),
            Body::Certificate { entry, extra } => (entry.len() + extra.len(), MAX_CERTIFICATE_RECORD),
        }
    }
}
