//! The key of a log, and the one way from a checkpoint that is claimed to one that is proved.

use core::ops::Deref;

use sealwax_crypto::{KeyKind, PublicKey, VerifyError};

use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::cosignature::{self, CosignatureError};
use crate::note::{Signature, SignatureType, VerifierKey, VerifierKeyError, key_hash, verify_text};

/// What separates a Rekor v1 log's name from its tree id in the origin.
const REKOR_V1_SEPARATOR: &str = " - ";

/// The key that a log signs its checkpoints with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogKey(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// The name is the origin, and the key id is made of both.
    Named(VerifierKey),
    /// The name is whatever the origin says; the key id is made of the key alone.
    RekorV1 { public_key: PublicKey, id: [u8; 32] },
}

/// Why a key is not a log's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogKeyError {
    /// Name and key do not make a verifier key.
    #[error(transparent)]
    VerifierKey(#[from] VerifierKeyError),
    /// The key signs cosignatures of witnesses.
    #[error("keys of type {signature_type:?} are witnesses', not logs'")]
    NotALog {
        /// Its type.
        signature_type: SignatureType,
    },
    /// Logs do not sign with such keys.
    #[error("logs do not sign with {kind} keys")]
    UnsupportedKind {
        /// The kind of the key.
        kind: KeyKind,
    },
}

/// Why a checkpoint is not proved to be the log's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogSignatureError {
    /// The checkpoint is about another log.
    #[error("the checkpoint is of the log {found:?}, not of {expected:?}")]
    OtherOrigin {
        /// The log's name.
        expected: String,
        /// The origin of the checkpoint.
        found: String,
    },
    /// The origin does not end in ` - ` and a tree id, as that of a Rekor v1 log.
    #[error("the origin {found:?} is not a name, a dash and a tree id, as in Rekor v1")]
    NotRekorV1 {
        /// The origin of the checkpoint.
        found: String,
    },
    /// No line carries the log's name and key hash.
    #[error("no signature by {name} with the hash of the log's key")]
    Missing {
        /// The name looked for.
        name: String,
    },
    /// A line with the log's name and key hash does not verify.
    #[error("a signature by {name} with the hash of the log's key does not verify")]
    BadSignature {
        /// The name.
        name: String,
        /// What the key says.
        source: VerifyError,
    },
    /// As [`LogSignatureError::BadSignature`], for a log that signs with ML-DSA-44.
    #[error(transparent)]
    BadCosignature(CosignatureError),
}

/// A checkpoint that the log's key has signed. Only [`LogKey::verify`] makes one.
///
/// If the log signs with ML-DSA-44, which leaves extension lines out, there are none here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedCheckpoint(Checkpoint);

impl LogKey {
    /// A log whose checkpoints follow C2SP: origin and signer are `name`, the id is made of name and key
    /// (of the key alone for ECDSA). For Rekor v2 the name is the host name of the log.
    ///
    /// # Errors
    /// [`LogKeyError::VerifierKey`] for a bad name, [`LogKeyError::UnsupportedKind`] for ML-DSA-65 and -87.
    pub fn named(name: &str, public_key: PublicKey) -> Result<Self, LogKeyError> {
        let signature_type = match public_key.kind() {
            KeyKind::Ed25519 => SignatureType::Ed25519,
            KeyKind::EcdsaP256 | KeyKind::EcdsaP384 | KeyKind::EcdsaP521 => SignatureType::Ecdsa,
            KeyKind::Rsa { .. } => SignatureType::RsaPkcs1,
            KeyKind::MlDsa44 => SignatureType::CosignatureMlDsa44,
            kind @ (KeyKind::MlDsa65 | KeyKind::MlDsa87) => {
                return Err(LogKeyError::UnsupportedKind { kind });
            }
        };
        Ok(Self(Kind::Named(VerifierKey::new(name, signature_type, public_key)?)))
    }

    /// A log whose vkey is known.
    ///
    /// # Errors
    /// [`LogKeyError::NotALog`] for an Ed25519 cosigner. An ML-DSA-44 key may be a log's.
    pub fn from_verifier_key(key: VerifierKey) -> Result<Self, LogKeyError> {
        match key.signature_type() {
            signature_type @ SignatureType::CosignatureEd25519 => {
                Err(LogKeyError::NotALog { signature_type })
            }
            _ => Ok(Self(Kind::Named(key))),
        }
    }

    /// A Rekor v1 log. Its id is SHA-256 of the SPKI, whatever the kind of key. Its checkpoints have an origin
    /// of name, ` - ` and tree id, and are signed by the name. That name may be anything, a pod's for
    /// instance, so none is demanded: the key alone identifies the log.
    ///
    /// # Errors
    /// [`LogKeyError::UnsupportedKind`] for ML-DSA keys, which Rekor v1 does not know.
    pub fn rekor_v1(public_key: PublicKey) -> Result<Self, LogKeyError> {
        match public_key.kind() {
            kind @ (KeyKind::MlDsa44 | KeyKind::MlDsa65 | KeyKind::MlDsa87) => {
                Err(LogKeyError::UnsupportedKind { kind })
            }
            _ => Ok(Self(Kind::RekorV1 { id: public_key.spki_sha256(), public_key })),
        }
    }

    /// The log's name, which a Rekor v1 log does not have.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match &self.0 {
            Kind::Named(key) => Some(key.name()),
            Kind::RekorV1 { .. } => None,
        }
    }

    /// The key.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        match &self.0 {
            Kind::Named(key) => key.public_key(),
            Kind::RekorV1 { public_key, .. } => public_key,
        }
    }

    /// The whole 32 bytes that identify the log: `logId` in bundles and trusted roots.
    #[must_use]
    pub fn id(&self) -> &[u8; 32] {
        match &self.0 {
            Kind::Named(key) => key.id(),
            Kind::RekorV1 { id, .. } => id,
        }
    }

    /// Checks that this log has signed this checkpoint.
    ///
    /// The origin must be the log's. The four bytes in a signature line only select lines; the whole key
    /// verifies them, wherever they stand. Every line that carries the log's name and key hash must verify
    /// (`signed-note`: "If a signature from a known key fails to verify, clients SHOULD reject the whole
    /// note"), and there must be one. Lines by others are ignored.
    ///
    /// # Errors
    /// [`LogSignatureError`].
    pub fn verify(&self, signed: &SignedCheckpoint) -> Result<VerifiedCheckpoint, LogSignatureError> {
        let checkpoint = signed.unverified();
        let name = self.signer_of(checkpoint)?;
        let mut verified: Option<&Signature> = None;
        for line in signed.note().signatures_by(name, key_hash(self.id())) {
            // A line that is repeated costs nothing.
            if verified != Some(line) {
                self.verify_line(name, signed, line)?;
                verified = Some(line);
            }
        }
        if verified.is_none() {
            return Err(LogSignatureError::Missing { name: name.to_owned() });
        }
        Ok(VerifiedCheckpoint(match self.ml_dsa_44() {
            Some(_) => checkpoint.without_extensions(),
            None => checkpoint.clone(),
        }))
    }

    /// The name that the signature lines of this log's checkpoint carry.
    fn signer_of<'a>(&self, checkpoint: &'a Checkpoint) -> Result<&'a str, LogSignatureError> {
        let origin = checkpoint.origin();
        match &self.0 {
            Kind::Named(key) if key.name() == origin => Ok(origin),
            Kind::Named(key) => Err(LogSignatureError::OtherOrigin {
                expected: key.name().to_owned(),
                found: origin.to_owned(),
            }),
            Kind::RekorV1 { .. } => match origin.split_once(REKOR_V1_SEPARATOR) {
                Some((name, _)) => Ok(name),
                None => Err(LogSignatureError::NotRekorV1 { found: origin.to_owned() }),
            },
        }
    }

    fn verify_line(
        &self,
        name: &str,
        signed: &SignedCheckpoint,
        line: &Signature,
    ) -> Result<(), LogSignatureError> {
        if let Some(key) = self.ml_dsa_44() {
            return match cosignature::verify_line(signed, key, line) {
                Ok(_) => Ok(()),
                Err(error) => Err(LogSignatureError::BadCosignature(error)),
            };
        }
        verify_text(self.public_key(), signed.note().text().as_bytes(), line.bytes())
            .map_err(|source| LogSignatureError::BadSignature { name: name.to_owned(), source })
    }

    fn ml_dsa_44(&self) -> Option<&VerifierKey> {
        match &self.0 {
            Kind::Named(key) if key.signature_type() == SignatureType::CosignatureMlDsa44 => Some(key),
            _ => None,
        }
    }
}

impl Deref for VerifiedCheckpoint {
    type Target = Checkpoint;

    fn deref(&self) -> &Checkpoint {
        &self.0
    }
}
