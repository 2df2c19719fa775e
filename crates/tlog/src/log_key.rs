//! The key of a log, and the one way from a checkpoint that is claimed to one that is proved.

use core::ops::Deref;

use sealwax_crypto::{KeyKind, PublicKey, VerifyError};

use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::cosignature::{self, CosignatureError};
use crate::note::{Signature, SignatureType, VerifierKey, VerifierKeyError, key_hash, verify_text};
use crate::rfc6962::{self, TreeHeadError};

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
    /// As [`LogSignatureError::BadSignature`], for a certificate log.
    #[error("the tree head signature by {name} is bad: {source}")]
    BadTreeHead {
        /// The name.
        name: String,
        /// What is wrong with it.
        source: TreeHeadError,
    },
}

/// A checkpoint that the log's key has signed. Only [`LogKey::verify`] makes one.
///
/// If the log signs with ML-DSA-44, which leaves extension lines out, there are none here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedCheckpoint {
    checkpoint: Checkpoint,
    timestamp_ms: Option<u64>,
}

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

    /// A certificate log (C2SP `static-ct-api`): its checkpoints carry the tree head of RFC 6962, signature type 05. The
    /// name is the submission prefix without scheme and final slash.
    ///
    /// # Errors
    /// [`LogKeyError::VerifierKey`] for a bad name, and for keys that are neither ECDSA nor RSA.
    pub fn certificate_log(name: &str, public_key: PublicKey) -> Result<Self, LogKeyError> {
        Ok(Self(Kind::Named(VerifierKey::new(name, SignatureType::Rfc6962, public_key)?)))
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

    /// The whole 32 bytes that identify the log: `logId` in bundles and trusted roots. Not so for a certificate log,
    /// whose log id is [`PublicKey::spki_sha256`] there and in SCTs, and one part of what this is the hash of.
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
        let mut timestamp_ms = None;
        for line in signed.note().signatures_by(name, key_hash(self.id())) {
            // A line that is repeated costs nothing.
            if verified != Some(line) {
                let time = self.verify_line(name, signed, line)?;
                timestamp_ms = timestamp_ms.min(time).or(time);
                verified = Some(line);
            }
        }
        if verified.is_none() {
            return Err(LogSignatureError::Missing { name: name.to_owned() });
        }
        let checkpoint = match self.signature_type() {
            Some(SignatureType::CosignatureMlDsa44) => checkpoint.without_extensions(),
            _ => checkpoint.clone(),
        };
        Ok(VerifiedCheckpoint { checkpoint, timestamp_ms })
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

    /// Checks one line and returns its time in milliseconds, if it has one.
    fn verify_line(
        &self,
        name: &str,
        signed: &SignedCheckpoint,
        line: &Signature,
    ) -> Result<Option<u64>, LogSignatureError> {
        let name = || name.to_owned();
        match &self.0 {
            Kind::Named(key) if key.signature_type() == SignatureType::CosignatureMlDsa44 => {
                cosignature::verify_line(signed, key, line).map_err(LogSignatureError::BadCosignature)?;
                Ok(None)
            }
            Kind::Named(key) if key.signature_type() == SignatureType::Rfc6962 => {
                rfc6962::verify(key.public_key(), signed.unverified(), line.bytes())
                    .map(Some)
                    .map_err(|source| LogSignatureError::BadTreeHead { name: name(), source })
            }
            _ => verify_text(self.public_key(), signed.note().text().as_bytes(), line.bytes())
                .map(|()| None)
                .map_err(|source| LogSignatureError::BadSignature { name: name(), source }),
        }
    }

    /// How the log signs; a Rekor v1 log has no type of its own.
    fn signature_type(&self) -> Option<SignatureType> {
        match &self.0 {
            Kind::Named(key) => Some(key.signature_type()),
            Kind::RekorV1 { .. } => None,
        }
    }
}

impl VerifiedCheckpoint {
    /// When the tree head was signed, in milliseconds since 1970-01-01T00:00:00Z: only a certificate log's signature says
    /// so. Of several signatures, the earliest time.
    #[must_use]
    pub fn timestamp_ms(&self) -> Option<u64> {
        self.timestamp_ms
    }
}

impl Deref for VerifiedCheckpoint {
    type Target = Checkpoint;

    fn deref(&self) -> &Checkpoint {
        &self.checkpoint
    }
}
