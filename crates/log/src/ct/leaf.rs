//! The leaves of a data tile: `TileLeaf` (C2SP static-ct-api, "Log entries"), written and read.
//!
//! ```text
//! uint64 timestamp                      ┐
//! uint16 entry_type                     │ `entry`  ┐
//! x509:    opaque certificate<1..2^24-1>│          │ `TimestampedEntry` (RFC 6962 section 3.4);
//! precert: opaque issuer_key_hash[32]   │          │ behind two zero bytes it is the `MerkleTreeLeaf`
//!          opaque tbs<1..2^24-1>        │          ┘
//! opaque extensions<0..2^16-1>          ┘
//! precert: opaque pre_certificate<1..2^24-1>  ┐ `extra`
//! opaque certificate_chain<0..2^16-1>         ┘ 32 bytes each
//! ```

use bytes::Bytes;
use sealwax_crypto::sha256;
use sealwax_tlog::{Hash, leaf_hash};

/// The largest `leaf_index`: it has 40 bits.
pub const MAX_LEAF_INDEX: u64 = (1 << 40) - 1;

/// `x509_entry` and `precert_entry` of `LogEntryType` (RFC 6962 section 3.1).
pub(crate) const X509_ENTRY: [u8; 2] = [0, 0];
pub(crate) const PRECERT_ENTRY: [u8; 2] = [0, 1];

/// `Version.v1` and `MerkleLeafType.timestamped_entry`, in front of the entry in a `MerkleTreeLeaf` (section 3.4).
const MERKLE_TREE_LEAF: [u8; 2] = [0, 0];

/// `ExtensionType.leaf_index`, the only one there is.
const LEAF_INDEX: u8 = 0;

/// An entry that has its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The `TileLeaf`, as it stands in the data tile.
    pub record: Vec<u8>,
    /// The hash of its `MerkleTreeLeaf`.
    pub leaf_hash: Hash,
}

/// What the engine wants to know about a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeafFacts {
    /// How many bytes the leaf takes in the tile.
    pub len: usize,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub timestamp: u64,
    /// Its index, as it says itself.
    pub leaf_index: u64,
    /// What makes two submissions the same, see [`identity`].
    pub identity: Hash,
    /// The hash of its `MerkleTreeLeaf`.
    pub leaf_hash: Hash,
}

/// A leaf of a data tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileLeaf<'a> {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub timestamp: u64,
    /// Its index, as it says itself.
    pub leaf_index: u64,
    /// What was logged.
    pub entry: Entry<'a>,
    /// SHA-256 of each certificate of the chain, from the issuer of the first one on.
    pub chain: &'a [[u8; 32]],
    /// All of it.
    record: &'a [u8],
    /// The `TimestampedEntry`.
    timestamped_entry: &'a [u8],
    /// `entry_type` and `signed_entry`.
    signed_entry: &'a [u8],
}

/// What was logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// A certificate.
    X509 {
        /// Its DER.
        certificate: &'a [u8],
    },
    /// A precertificate.
    Precert {
        /// SHA-256 of the SubjectPublicKeyInfo of the issuer of the certificate to come.
        issuer_key_hash: &'a [u8; 32],
        /// The TBSCertificate without its poison, DER.
        tbs: &'a [u8],
        /// The precertificate as it was submitted, DER.
        pre_certificate: &'a [u8],
    },
}

/// Why bytes are not a leaf, or an entry cannot be made into one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LeafError {
    /// The bytes end within a leaf.
    #[error("the data tile ends within a leaf")]
    Cut,
    /// An entry type other than x509_entry and precert_entry.
    #[error("entry type {found} is not known")]
    UnknownEntryType {
        /// As written.
        found: u16,
    },
    /// A certificate or TBSCertificate without any bytes.
    #[error("a certificate in the leaf is empty")]
    EmptyCertificate,
    /// The extensions are not a list of extensions, or one type occurs twice.
    #[error("the extensions of the leaf are malformed")]
    Extensions,
    /// There is no `leaf_index` among the extensions.
    #[error("the leaf does not say its index")]
    NoLeafIndex,
    /// The fingerprints of the chain do not have 32 bytes each.
    #[error("the chain of the leaf has {bytes} bytes, which are not fingerprints of 32 bytes")]
    Chain {
        /// How many bytes.
        bytes: usize,
    },
    /// Beyond [`MAX_LEAF_INDEX`] (only when a leaf is written).
    #[error("index {index} does not fit into the 40 bits of a leaf index")]
    IndexTooLarge {
        /// The index.
        index: u64,
    },
}

/// Puts an entry at its place. `entry` and `extra` are the parts of
/// [`Body::Certificate`](crate::engine::Body::Certificate); the timestamp counts milliseconds.
///
/// # Errors
/// [`LeafError::IndexTooLarge`].
pub fn seal(entry: &Bytes, extra: &Bytes, index: u64, timestamp: u64) -> Result<Sealed, LeafError> {
    let extensions = extensions(index)?;
    let mut record = Vec::with_capacity(18 + entry.len() + extra.len());
    record.extend_from_slice(&timestamp.to_be_bytes());
    record.extend_from_slice(entry);
    record.extend_from_slice(&[0, 8]); // the length of what follows
    record.extend_from_slice(&extensions);
    let leaf_hash = merkle_tree_leaf_hash(&record);
    record.extend_from_slice(extra);
    Ok(Sealed { record, leaf_hash })
}

/// The `CtExtensions` of an entry and of its SCT: one `leaf_index`.
///
/// # Errors
/// [`LeafError::IndexTooLarge`].
pub fn extensions(index: u64) -> Result<[u8; 8], LeafError> {
    match index.to_be_bytes() {
        [0, 0, 0, a, b, c, d, e] => Ok([LEAF_INDEX, 0, 5, a, b, c, d, e]),
        _ => Err(LeafError::IndexTooLarge { index }),
    }
}

/// What makes two submissions the same entry: SHA-256 of `entry_type` and `signed_entry`, that is of the type, the
/// issuer's key hash and the TBSCertificate, or of the type and the certificate. Neither time nor chain.
#[must_use]
pub fn identity(entry: &[u8]) -> Hash {
    sha256(entry)
}

/// The facts of the first leaf in `tile`.
///
/// # Errors
/// [`LeafError`].
pub fn read_one(tile: &[u8]) -> Result<LeafFacts, LeafError> {
    TileLeaf::read(tile).map(|leaf| leaf.facts())
}

/// The leaves of a data tile, in order. Nothing follows an error.
pub fn leaves(tile: &[u8]) -> impl Iterator<Item = Result<TileLeaf<'_>, LeafError>> {
    let mut rest = tile;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let leaf = TileLeaf::read(rest);
        rest = leaf.as_ref().map_or(&[], |leaf| rest.get(leaf.record.len()..).unwrap_or_default());
        Some(leaf)
    })
}

impl<'a> TileLeaf<'a> {
    /// Reads the first leaf in `tile`.
    ///
    /// # Errors
    /// [`LeafError`].
    pub fn read(tile: &'a [u8]) -> Result<Self, LeafError> {
        let mut reader = Reader(tile);
        let timestamp = u64::from_be_bytes(*reader.array()?);
        let signed_entry_start = reader.0;
        let entry_type = *reader.array()?;
        let issuer_key_hash = match entry_type {
            X509_ENTRY => None,
            PRECERT_ENTRY => Some(reader.array()?),
            other => return Err(LeafError::UnknownEntryType { found: u16::from_be_bytes(other) }),
        };
        let logged = reader.certificate()?;
        let signed_entry = until(signed_entry_start, reader.0);
        let leaf_index = leaf_index(reader.vector_u16()?)?;
        let timestamped_entry = until(tile, reader.0);
        let entry = match issuer_key_hash {
            None => Entry::X509 { certificate: logged },
            Some(issuer_key_hash) => {
                Entry::Precert { issuer_key_hash, tbs: logged, pre_certificate: reader.certificate()? }
            }
        };
        let fingerprints = reader.vector_u16()?;
        let (chain, []) = fingerprints.as_chunks() else {
            return Err(LeafError::Chain { bytes: fingerprints.len() });
        };
        let record = until(tile, reader.0);
        Ok(Self { timestamp, leaf_index, entry, chain, record, timestamped_entry, signed_entry })
    }

    /// All the bytes of the leaf.
    #[must_use]
    pub fn record(&self) -> &'a [u8] {
        self.record
    }

    /// `entry_type` and `signed_entry`, as they stand under the tree.
    #[must_use]
    pub fn signed_entry(&self) -> &'a [u8] {
        self.signed_entry
    }

    /// See [`identity`].
    #[must_use]
    pub fn identity(&self) -> Hash {
        identity(self.signed_entry)
    }

    /// The hash of its `MerkleTreeLeaf`.
    #[must_use]
    pub fn leaf_hash(&self) -> Hash {
        merkle_tree_leaf_hash(self.timestamped_entry)
    }

    /// What the engine wants to know.
    #[must_use]
    pub fn facts(&self) -> LeafFacts {
        LeafFacts {
            len: self.record.len(),
            timestamp: self.timestamp,
            leaf_index: self.leaf_index,
            identity: self.identity(),
            leaf_hash: self.leaf_hash(),
        }
    }
}

fn merkle_tree_leaf_hash(timestamped_entry: &[u8]) -> Hash {
    leaf_hash(&[&MERKLE_TREE_LEAF, timestamped_entry].concat())
}

/// The `leaf_index` among the extensions. Others, which do not exist yet, are passed over.
fn leaf_index(extensions: &[u8]) -> Result<u64, LeafError> {
    let malformed = |_| LeafError::Extensions;
    let mut reader = Reader(extensions);
    let mut seen = [false; 256];
    let mut index = None;
    while !reader.0.is_empty() {
        let [kind] = *reader.array().map_err(malformed)?;
        let data = reader.vector_u16().map_err(malformed)?;
        // "Duplicate extensions with the same ExtensionType MUST NOT be included"
        let Some(seen @ false) = seen.get_mut(usize::from(kind)) else { return Err(LeafError::Extensions) };
        *seen = true;
        if kind == LEAF_INDEX {
            let [a, b, c, d, e] = *data else { return Err(LeafError::Extensions) };
            index = Some(u64::from_be_bytes([0, 0, 0, a, b, c, d, e]));
        }
    }
    index.ok_or(LeafError::NoLeafIndex)
}

/// The part of `from` before its tail `rest`.
fn until<'a>(from: &'a [u8], rest: &[u8]) -> &'a [u8] {
    from.get(..from.len() - rest.len()).unwrap_or_default()
}

/// A cursor over the presentation language of RFC 8446 section 3.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], LeafError> {
        let (array, rest) = self.0.split_first_chunk().ok_or(LeafError::Cut)?;
        self.0 = rest;
        Ok(array)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], LeafError> {
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(LeafError::Cut)?;
        self.0 = rest;
        Ok(bytes)
    }

    fn vector_u16(&mut self) -> Result<&'a [u8], LeafError> {
        let length = u16::from_be_bytes(*self.array()?);
        self.take(usize::from(length))
    }

    /// An `ASN.1Cert` or `TBSCertificate`: at least one byte, behind a length of three.
    fn certificate(&mut self) -> Result<&'a [u8], LeafError> {
        let [a, b, c] = *self.array()?;
        match u32::from_be_bytes([0, a, b, c]) {
            0 => Err(LeafError::EmptyCertificate),
            length => self.take(usize::try_from(length).map_err(|_| LeafError::Cut)?),
        }
    }
}

#[cfg(test)]
mod tests;
