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
mod tests {
    use super::*;

    const TIME: u64 = 0x0102_0304_0506_0708;
    const CHAIN: [[u8; 32]; 2] = [[0xc1; 32], [0xc2; 32]];

    fn x509() -> (Bytes, Bytes) {
        let entry = Bytes::from_static(b"\0\0\0\0\x04cert");
        (entry, [&[0, 64][..], CHAIN.as_flattened()].concat().into())
    }

    fn precert() -> (Bytes, Bytes) {
        let entry = [b"\0\x01".as_slice(), &[7; 32], b"\0\0\x03tbs"].concat();
        (entry.into(), [b"\0\0\x03pre\0\x40".as_slice(), CHAIN.as_flattened()].concat().into())
    }

    #[test]
    fn a_certificate_is_laid_out_as_specified() {
        let (entry, extra) = x509();
        let sealed = seal(&entry, &extra, 0x09_0807_0605, TIME).unwrap();
        let timestamped =
            b"\x01\x02\x03\x04\x05\x06\x07\x08\0\0\0\0\x04cert\0\x08\0\0\x05\x09\x08\x07\x06\x05";
        let expected = [timestamped.as_slice(), &[0, 64], &[0xc1; 32], &[0xc2; 32]].concat();
        assert_eq!(sealed.record, expected);
        assert_eq!(sealed.leaf_hash, sha256(&[b"\0\0\0".as_slice(), timestamped].concat()));
    }

    #[test]
    fn a_precertificate_is_laid_out_as_specified() {
        let (entry, extra) = precert();
        let sealed = seal(&entry, &extra, 0, TIME).unwrap();
        let timestamped = [
            b"\x01\x02\x03\x04\x05\x06\x07\x08\0\x01".as_slice(),
            &[7; 32],
            b"\0\0\x03tbs\0\x08\0\0\x05\0\0\0\0\0",
        ]
        .concat();
        let expected = [timestamped.as_slice(), b"\0\0\x03pre", &[0, 64], &[0xc1; 32], &[0xc2; 32]].concat();
        assert_eq!(sealed.record, expected);
        assert_eq!(sealed.leaf_hash, sha256(&[b"\0\0\0".as_slice(), &timestamped].concat()));
    }

    #[test]
    fn what_is_written_is_read() {
        let mut tile = Vec::new();
        for (index, (entry, extra)) in [x509(), precert(), x509()].into_iter().enumerate() {
            let index = index as u64 + 70_000;
            let sealed = seal(&entry, &extra, index, TIME + index).unwrap();
            let facts = LeafFacts {
                len: sealed.record.len(),
                timestamp: TIME + index,
                leaf_index: index,
                identity: sha256(&entry),
                leaf_hash: sealed.leaf_hash,
            };
            assert_eq!(read_one(&sealed.record), Ok(facts));
            tile.extend_from_slice(&sealed.record);
            assert_eq!(leaves(&tile).last().unwrap().unwrap().facts(), facts);
        }
        let read: Vec<_> = leaves(&tile).map(Result::unwrap).collect();
        assert_eq!(read.len(), 3);
        assert_eq!(read[0].entry, Entry::X509 { certificate: b"cert" });
        let precert = Entry::Precert { issuer_key_hash: &[7; 32], tbs: b"tbs", pre_certificate: b"pre" };
        assert_eq!(read[1].entry, precert);
        assert_eq!(read[2].chain, CHAIN);
        assert_eq!(read.iter().flat_map(|leaf| leaf.record()).copied().collect::<Vec<u8>>(), tile);
    }

    #[test]
    fn an_index_has_forty_bits() {
        let (entry, extra) = x509();
        let last = seal(&entry, &extra, MAX_LEAF_INDEX, TIME).unwrap();
        assert_eq!(read_one(&last.record).unwrap().leaf_index, MAX_LEAF_INDEX);
        let index = MAX_LEAF_INDEX + 1;
        assert_eq!(seal(&entry, &extra, index, TIME), Err(LeafError::IndexTooLarge { index }));
        assert_eq!(seal(&entry, &extra, u64::MAX, TIME), Err(LeafError::IndexTooLarge { index: u64::MAX }));
    }

    #[test]
    fn whatever_is_cut_is_refused() {
        for (entry, extra) in [x509(), precert()] {
            let record = seal(&entry, &extra, 1, TIME).unwrap().record;
            for length in 0..record.len() {
                assert_eq!(read_one(&record[..length]), Err(LeafError::Cut), "{length}");
            }
            let two = [record.as_slice(), &record[..9]].concat();
            let read: Vec<_> = leaves(&two).map(|leaf| leaf.map(|leaf| leaf.leaf_index)).collect();
            assert_eq!(read, [Ok(1), Err(LeafError::Cut)]);
        }
        assert!(leaves(&[]).next().is_none());
    }

    #[test]
    fn whatever_is_not_a_leaf_is_refused() {
        let check = |entry: &[u8], extensions: &[u8], extra: &[u8], expected: LeafError| {
            let length = u16::try_from(extensions.len()).unwrap().to_be_bytes();
            let record = [&TIME.to_be_bytes(), entry, &length, extensions, extra].concat();
            assert_eq!(read_one(&record), Err(expected));
        };
        let good = &[0, 0, 5, 0, 0, 0, 0, 1][..];
        check(b"\0\x02\0\0\x01a", good, b"\0\0", LeafError::UnknownEntryType { found: 2 });
        check(b"\x01\0\0\0\x01a", good, b"\0\0", LeafError::UnknownEntryType { found: 256 });
        check(b"\0\0\0\0\0", good, b"\0\0", LeafError::EmptyCertificate);
        check(&[&[0, 1][..], &[7; 32], &[0; 3]].concat(), good, b"\0\0", LeafError::EmptyCertificate);
        check(b"\0\0\0\0\x01a", &[], b"\0\0", LeafError::NoLeafIndex);
        check(b"\0\0\0\0\x01a", &[9, 0, 0], b"\0\0", LeafError::NoLeafIndex);
        for extensions in [
            &[0][..],
            &[0, 0],
            &[0, 0, 4, 0, 0, 0, 0],
            &[0, 0, 6, 0, 0, 0, 0, 0, 0],
            &[0, 0, 6, 0, 0, 0, 0, 0],
            &[good, good].concat(),
            &[good, &[9, 0, 0, 9, 0, 0]].concat(),
        ] {
            check(b"\0\0\0\0\x01a", extensions, b"\0\0", LeafError::Extensions);
        }
        check(b"\0\0\0\0\x01a", good, b"\0\x01a", LeafError::Chain { bytes: 1 });
        check(b"\0\0\0\0\x01a", good, &[&[0, 33][..], &[1; 33]].concat(), LeafError::Chain { bytes: 33 });
    }

    #[test]
    fn unknown_extensions_are_passed_over_and_hashed() {
        let extensions = [9, 0, 1, 0xaa, 0, 0, 5, 0, 0, 0, 0, 1];
        let timestamped =
            [&TIME.to_be_bytes(), b"\0\0\0\0\x01a\0\x0c".as_slice(), extensions.as_slice()].concat();
        let record = [timestamped.as_slice(), b"\0\0"].concat();
        let facts = read_one(&record).unwrap();
        assert_eq!(facts.leaf_index, 1);
        assert_eq!(facts.leaf_hash, leaf_hash(&[b"\0\0".as_slice(), &timestamped].concat()));
    }
}
