use bytes::Bytes;
use sealwax_tlog::Hash;

/// Which of the two logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Rekor v2: an entry is the canonical body, at most 65,535 bytes.
    Signature,
    /// static-ct-api: an entry is a `TileLeaf` with a timestamp and its index.
    Certificate,
}

impl Kind {
    /// The word for it on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Certificate => "certificate",
        }
    }
}

/// A validated entry that wants an index.
#[derive(Clone, Debug)]
pub struct Submission {
    /// What makes two submissions the same entry. Signature log: the leaf hash. Certificate log: SHA-256 over entry
    /// type, issuer key hash and certificate or TBS (LOG rule 8: neither timestamp nor chain).
    pub identity: Hash,
    /// The bytes.
    pub body: Body,
}

/// The bytes of an entry before it has an index.
#[derive(Clone, Debug)]
pub enum Body {
    /// The canonical body.
    Signature(Bytes),
    /// The parts of a `TileLeaf` around what the sequencer adds (timestamp in front, leaf index in the extensions).
    Certificate {
        /// `entry_type` and `signed_entry` of the `TimestampedEntry` (RFC 6962 section 3.4).
        entry: Bytes,
        /// What follows the `TimestampedEntry` in the tile: the precertificate with its length (if it is one), and the
        /// chain of fingerprints with its length (static-ct-api, "Log entries").
        extra: Bytes,
    },
}

impl Submission {
    /// An entry of a signature log.
    #[must_use]
    pub fn signature(body: Bytes) -> Self {
        Self { identity: sealwax_tlog::leaf_hash(&body), body: Body::Signature(body) }
    }
}
