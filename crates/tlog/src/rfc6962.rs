//! How a certificate log signs its checkpoint: the `RFC6962NoteSignature` of C2SP `static-ct-api`, signature type 05.
//!
//! The bytes that are signed are the `TreeHeadSignature` of RFC 6962 section 3.5, which names size, root and time, and
//! not the log: the origin line is unauthenticated, and extension lines are not allowed.

use sealwax_crypto::{HashAlgorithm, KeyKind, Message, PublicKey, Scheme, VerifyError};

use crate::checkpoint::Checkpoint;
use crate::merkle::{Hash, TreeSize};

/// The length of what is signed (RFC 6962 section 3.5), in bytes.
pub const TREE_HEAD_BYTES: usize = 50;

/// `Version.v1` and `SignatureType.tree_hash` (RFC 6962 section 3.2).
const TREE_HEAD_START: [u8; 2] = [0, 1];

/// `HashAlgorithm.sha256` of RFC 5246 section 7.4.1.4.1.
const SHA_256: u8 = 4;

/// Why a line is not this log's signature of type 05.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TreeHeadError {
    /// Shorter or longer than its parts say.
    #[error("the signature is not a time and a digitally-signed value")]
    Malformed,
    /// The checkpoint has extension lines, which this signature does not cover.
    #[error("the checkpoint has extension lines, which a signature of this type forbids")]
    Extensions,
    /// The algorithm in the line is not that of the key.
    #[error("signed with algorithm {hash}/{signature} of RFC 5246, the log's key is {key}")]
    Algorithm {
        /// HashAlgorithm.
        hash: u8,
        /// SignatureAlgorithm.
        signature: u8,
        /// What the log's key is.
        key: KeyKind,
    },
    /// The signature does not verify.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

/// What is signed: a `TreeHeadSignature`, with a time in milliseconds since 1970-01-01T00:00:00Z.
#[must_use]
pub fn tree_head_message(timestamp_ms: u64, size: TreeSize, root: &Hash) -> [u8; TREE_HEAD_BYTES] {
    let mut message = [0; TREE_HEAD_BYTES];
    let parts = [&TREE_HEAD_START, &timestamp_ms.to_be_bytes()[..], &size.0.to_be_bytes(), root].concat();
    message.copy_from_slice(&parts);
    message
}

/// The scheme that a certificate log of this kind of key signs tree heads and SCTs with (RFC 6962 section 2.1.4:
/// SHA-256 with ECDSA or RSA PKCS#1). `None` if it cannot be a certificate log's.
///
/// The RFC names P-256 alone; the other curves are read as well.
#[must_use]
pub fn scheme(kind: KeyKind) -> Option<Scheme> {
    algorithms(kind).map(|(scheme, _)| scheme)
}

/// The bytes of the signature line, after the key hash: the time, and the [`digitally_signed`] value of `signature`,
/// which is over [`tree_head_message`] with [`scheme`]. `None` as there.
#[must_use]
pub fn note_signature(kind: KeyKind, timestamp_ms: u64, signature: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = timestamp_ms.to_be_bytes().to_vec();
    bytes.extend_from_slice(&digitally_signed(kind, signature)?);
    Some(bytes)
}

/// A digitally-signed value (RFC 5246 section 4.7): the algorithms that go with [`scheme`], and the signature behind its
/// length. `None` if the key is of a kind that certificate logs do not have, or the signature is longer than 65,535 bytes.
#[must_use]
pub fn digitally_signed(kind: KeyKind, signature: &[u8]) -> Option<Vec<u8>> {
    let (_, algorithm) = algorithms(kind)?;
    let length = u16::try_from(signature.len()).ok()?;
    Some([&[SHA_256, algorithm], &length.to_be_bytes(), signature].concat())
}

/// Checks the bytes of a line, and returns its time, in milliseconds.
pub(crate) fn verify(key: &PublicKey, checkpoint: &Checkpoint, line: &[u8]) -> Result<u64, TreeHeadError> {
    if !checkpoint.extensions().is_empty() {
        return Err(TreeHeadError::Extensions);
    }
    let Some((&[a, b, c, d, e, f, g, h, hash, signature, high, low], bytes)) = line.split_first_chunk()
    else {
        return Err(TreeHeadError::Malformed);
    };
    if bytes.len() != usize::from(u16::from_be_bytes([high, low])) {
        return Err(TreeHeadError::Malformed);
    }
    let Some((scheme, algorithm)) = algorithms(key.kind()) else {
        return Err(TreeHeadError::Algorithm { hash, signature, key: key.kind() });
    };
    if (hash, signature) != (SHA_256, algorithm) {
        return Err(TreeHeadError::Algorithm { hash, signature, key: key.kind() });
    }
    let timestamp_ms = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
    let message = tree_head_message(timestamp_ms, checkpoint.size(), checkpoint.root());
    key.verify(scheme, Message::Bytes(&message), bytes)?;
    Ok(timestamp_ms)
}

/// The scheme of a key, and its `SignatureAlgorithm` of RFC 5246 section 7.4.1.4.1.
fn algorithms(kind: KeyKind) -> Option<(Scheme, u8)> {
    match kind {
        KeyKind::Rsa { .. } => Some((Scheme::RsaPkcs1(HashAlgorithm::Sha256), 1)),
        KeyKind::EcdsaP256 | KeyKind::EcdsaP384 | KeyKind::EcdsaP521 => {
            Some((Scheme::Ecdsa(HashAlgorithm::Sha256), 3))
        }
        _ => None,
    }
}
