//! Cosignatures: a witness states that a checkpoint is consistent with all it has seen of the log
//! (C2SP `tlog-cosignature`).

use sealwax_crypto::{PublicKey, VerifyError};

use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::note::verify_text;
use crate::note::{Signature, SignatureType, VerifierKey, VerifierKeyError};

/// Seconds since 1970-01-01T00:00:00Z, as a cosigner writes them. At most 2^63 - 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PosixSeconds(pub u64);

/// The key of a witness: Ed25519 (type 0x04) or ML-DSA-44 (type 0x06).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CosignerKey(VerifierKey);

/// Why a key is not a cosigner's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CosignerKeyError {
    /// Name and key do not make a verifier key.
    #[error(transparent)]
    VerifierKey(#[from] VerifierKeyError),
    /// The key makes signatures of another type.
    #[error("keys of type {signature_type:?} do not cosign")]
    NotACosigner {
        /// Its type.
        signature_type: SignatureType,
    },
}

/// Why a checkpoint does not count as cosigned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CosignatureError {
    /// No line carries the cosigner's name and key hash.
    #[error("no cosignature by {name}")]
    Missing {
        /// The cosigner.
        name: String,
    },
    /// The line is not a time and a signature.
    #[error("the cosignature by {name} has {bytes} bytes, too few for a time and a signature")]
    TooShort {
        /// The cosigner.
        name: String,
        /// The length found.
        bytes: usize,
    },
    /// The time is beyond 2^63 - 1.
    #[error("the cosignature by {name} has the time {time}, beyond 2^63 - 1")]
    TimeOutOfRange {
        /// The cosigner.
        name: String,
        /// The time found.
        time: u64,
    },
    /// The time is zero: by that a cosigner says that it makes no statement about the newest tree, which is
    /// what a witness is asked for.
    #[error("the cosignature by {name} makes no statement about time")]
    NoTime {
        /// The cosigner.
        name: String,
    },
    /// Name or origin is longer than the 255 bytes that the ML-DSA-44 message has room for.
    #[error("name or origin is longer than 255 bytes and cannot be cosigned by {name} with ML-DSA-44")]
    NameTooLong {
        /// The cosigner.
        name: String,
    },
    /// The signature does not verify.
    #[error("the cosignature by {name} does not verify")]
    BadSignature {
        /// The cosigner.
        name: String,
        /// What the key says.
        source: VerifyError,
    },
}

impl CosignerKey {
    /// A verifier key of type 0x04 or 0x06.
    ///
    /// # Errors
    /// [`CosignerKeyError::NotACosigner`].
    pub fn new(key: VerifierKey) -> Result<Self, CosignerKeyError> {
        match key.signature_type() {
            SignatureType::CosignatureEd25519 | SignatureType::CosignatureMlDsa44 => Ok(Self(key)),
            signature_type => Err(CosignerKeyError::NotACosigner { signature_type }),
        }
    }

    /// A witness that signs with Ed25519.
    ///
    /// # Errors
    /// [`CosignerKeyError::VerifierKey`].
    pub fn ed25519(name: &str, key: PublicKey) -> Result<Self, CosignerKeyError> {
        Ok(Self(VerifierKey::new(name, SignatureType::CosignatureEd25519, key)?))
    }

    /// A witness that signs with ML-DSA-44.
    ///
    /// # Errors
    /// [`CosignerKeyError::VerifierKey`].
    pub fn ml_dsa_44(name: &str, key: PublicKey) -> Result<Self, CosignerKeyError> {
        Ok(Self(VerifierKey::new(name, SignatureType::CosignatureMlDsa44, key)?))
    }

    /// The key with its name.
    #[must_use]
    pub fn verifier_key(&self) -> &VerifierKey {
        &self.0
    }
}

/// Checks that this witness has cosigned this checkpoint, and returns when.
///
/// Every line with the witness's name and key hash must verify, as `signed-note` advises. Of several, the
/// earliest time is returned: since then the tree is known.
///
/// # Errors
/// [`CosignatureError`].
pub fn verify(signed: &SignedCheckpoint, cosigner: &CosignerKey) -> Result<PosixSeconds, CosignatureError> {
    let key = &cosigner.0;
    let name = || key.name().to_owned();
    let mut earliest = None;
    for line in signed.note().signatures_by(key.name(), key.key_hash()) {
        let time = verify_line(signed, key, line)?;
        if time == PosixSeconds(0) {
            return Err(CosignatureError::NoTime { name: name() });
        }
        earliest = Some(earliest.map_or(time, |other: PosixSeconds| other.min(time)));
    }
    earliest.ok_or_else(|| CosignatureError::Missing { name: name() })
}

/// Checks one line against a key of type 0x04 or 0x06. A time of zero passes.
pub(crate) fn verify_line(
    signed: &SignedCheckpoint,
    key: &VerifierKey,
    line: &Signature,
) -> Result<PosixSeconds, CosignatureError> {
    let name = || key.name().to_owned();
    let Some((time, signature)) = line.bytes().split_first_chunk() else {
        return Err(CosignatureError::TooShort { name: name(), bytes: line.bytes().len() });
    };
    let time = u64::from_be_bytes(*time);
    if time > i64::MAX.unsigned_abs() {
        return Err(CosignatureError::TimeOutOfRange { name: name(), time });
    }
    let time = PosixSeconds(time);
    let message = if key.signature_type() == SignatureType::CosignatureMlDsa44 {
        ml_dsa_44_message(key.name(), time, signed.unverified())
            .ok_or_else(|| CosignatureError::NameTooLong { name: name() })?
    } else {
        ed25519_message(time, signed.note().text())
    };
    match verify_text(key.public_key(), &message, signature) {
        Ok(()) => Ok(time),
        Err(source) => Err(CosignatureError::BadSignature { name: name(), source }),
    }
}

/// What an Ed25519 cosigner signs: header, time and the whole text of the note, extension lines included.
#[must_use]
pub fn ed25519_message(time: PosixSeconds, note_text: &str) -> Vec<u8> {
    format!("cosignature/v1\ntime {}\n{note_text}", time.0).into_bytes()
}

/// What an ML-DSA-44 cosigner signs (`cosigned_message` with `start` 0): not the text, so no extension lines.
///
/// `None` if the name or the origin is longer than 255 bytes.
#[must_use]
pub fn ml_dsa_44_message(name: &str, time: PosixSeconds, checkpoint: &Checkpoint) -> Option<Vec<u8>> {
    let mut message = b"subtree/v1\n\0".to_vec();
    message.push(u8::try_from(name.len()).ok()?);
    message.extend_from_slice(name.as_bytes());
    message.extend_from_slice(&time.0.to_be_bytes());
    message.push(u8::try_from(checkpoint.origin().len()).ok()?);
    message.extend_from_slice(checkpoint.origin().as_bytes());
    message.extend_from_slice(&0_u64.to_be_bytes());
    message.extend_from_slice(&checkpoint.size().0.to_be_bytes());
    message.extend_from_slice(checkpoint.root());
    Some(message)
}
