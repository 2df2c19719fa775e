//! What a log has written down: the leaves of Rekor v1 and v2.
//!
//! The body that was hashed is what is read here, strictly by its own field names; none is ever rebuilt from a bundle.

mod rekor_v1;
mod rekor_v2;

use crate::field::{FieldCause, FieldError, Message, Result as FieldResult};
use crate::trust::KeyDetailsField;
use crate::{base64, field};
use sealwax_crypto::{Digest, PublicKey, pem};
use sealwax_json::Limits;
use std::borrow::Cow;

pub use rekor_v2::{HashedRekordV002, VerifierDer};
pub(crate) use sealwax_crypto::hex;

/// Bytes of one body. Rekor v1 and v2 take requests of at most 4 MiB; v2's leaves are at most 65,535 bytes.
pub const MAX_BYTES: usize = 4 << 20;

/// JSON values in one body: far more than [`MAX_SIGNATURES`] signatures need.
pub const MAX_VALUES: usize = 1 << 10;

/// Signatures read in one body. Verification demands one.
pub const MAX_SIGNATURES: usize = 32;

/// How the JSON of one body is read.
pub const LIMITS: Limits = Limits { bytes: MAX_BYTES, depth: 64, values: MAX_VALUES, members: MAX_VALUES };

/// A leaf of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntryBody {
    /// `hashedrekord` 0.0.1 (Rekor v1).
    HashedRekordV001 {
        /// The digest of the artifact.
        data: Digest,
        /// The signature over the artifact.
        signature: Vec<u8>,
        /// Whose signature it is.
        verifier: Verifier,
    },
    /// `hashedrekord` 0.0.2 (Rekor v2). For an envelope, the data is its PAE.
    HashedRekordV002 {
        /// The digest of the artifact or of the PAE.
        data: Digest,
        /// The signature.
        signature: Vec<u8>,
        /// Whose signature it is.
        verifier: Verifier,
        /// The scheme that the log verified it with.
        key_details: KeyDetailsField,
    },
    /// `dsse` 0.0.1 (Rekor v1). Its `envelopeHash` covers the JSON as it was submitted, of which at least four forms
    /// occur, so it is not read.
    DsseV001 {
        /// SHA-256 of the payload.
        payload_hash: Digest,
        /// Signatures and whose they are.
        signatures: Vec<BodySignature>,
    },
    /// `dsse` 0.0.2 (Rekor v2, before it took envelopes as `hashedrekord`).
    DsseV002 {
        /// The digest of the payload.
        payload_hash: Digest,
        /// Signatures and whose they are.
        signatures: Vec<BodySignature>,
    },
    /// `intoto` 0.0.1 (Rekor v1): has no signature, so nothing can be verified by it.
    IntotoV001 {
        /// SHA-256 of the payload, if it is there.
        payload_hash: Option<Digest>,
        /// Whose signature was logged.
        verifier: Verifier,
    },
    /// `intoto` 0.0.2 (Rekor v1). Its `hash` covers the submitted JSON, so it is not read.
    IntotoV002 {
        /// SHA-256 of the payload.
        payload_hash: Digest,
        /// The type of the payload.
        payload_type: String,
        /// Signatures and whose they are.
        signatures: Vec<BodySignature>,
    },
}

/// A signature in a leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodySignature {
    /// The signature, decoded (twice, where it was encoded twice).
    pub signature: Vec<u8>,
    /// Whose it is.
    pub verifier: Verifier,
    /// The scheme that the log verified it with; v2 only.
    pub key_details: Option<KeyDetailsField>,
}

/// Whose signature a log has written down. Compare the DER: PEM varies in its line breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verifier {
    /// A certificate, in DER.
    Certificate(Vec<u8>),
    /// A bare key.
    PublicKey(PublicKey),
    /// A bare key that is not read here, with the reason; as its DER.
    UnreadableKey(Vec<u8>, sealwax_crypto::KeyError),
}

/// Why a body could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// Not JSON that we read.
    #[error(transparent)]
    Json(#[from] sealwax_json::Error),
    /// A kind or version that is not known here.
    #[error("log entries of kind {kind:?} and version {version:?} are not known here")]
    Kind {
        /// `kind`, cut to 128 bytes.
        kind: String,
        /// `apiVersion`, cut to 128 bytes.
        version: String,
    },
    /// A field that does not fit.
    #[error(transparent)]
    Field(#[from] FieldError),
}

impl EntryBody {
    /// Reads a leaf, at most [`MAX_BYTES`].
    ///
    /// # Errors
    /// [`BodyError`].
    pub fn parse(input: &[u8]) -> Result<EntryBody, BodyError> {
        let value = sealwax_json::parse(input, &LIMITS)?;
        let entry = Message::exact(&value)?;
        let (kind, version) = (entry.string("kind")?, entry.string("apiVersion")?);
        let unknown = || BodyError::Kind { kind: field::cut(kind), version: field::cut(version) };
        let read = match (kind, version) {
            ("hashedrekord", "0.0.1") => rekor_v1::hashedrekord,
            ("dsse", "0.0.1") => rekor_v1::dsse,
            ("intoto", "0.0.1") => rekor_v1::intoto_v001,
            ("intoto", "0.0.2") => rekor_v1::intoto_v002,
            ("hashedrekord", "0.0.2") => rekor_v2::hashedrekord,
            ("dsse", "0.0.2") => rekor_v2::dsse,
            _ => return Err(unknown()),
        };
        Ok(entry.required_message("spec", read)?)
    }

    /// Kind and version, as the body says.
    pub fn kind_version(&self) -> (&'static str, &'static str) {
        match self {
            EntryBody::HashedRekordV001 { .. } => ("hashedrekord", "0.0.1"),
            EntryBody::HashedRekordV002 { .. } => ("hashedrekord", "0.0.2"),
            EntryBody::DsseV001 { .. } => ("dsse", "0.0.1"),
            EntryBody::DsseV002 { .. } => ("dsse", "0.0.2"),
            EntryBody::IntotoV001 { .. } => ("intoto", "0.0.1"),
            EntryBody::IntotoV002 { .. } => ("intoto", "0.0.2"),
        }
    }

    /// Kind and version of a leaf that need not be known here.
    ///
    /// # Errors
    /// [`BodyError`].
    pub fn peek(input: &[u8]) -> Result<(String, String), BodyError> {
        let value = sealwax_json::parse(input, &LIMITS)?;
        let entry = Message::exact(&value)?;
        Ok((entry.required_string("kind")?.to_owned(), entry.required_string("apiVersion")?.to_owned()))
    }

    /// Whether it is a leaf of Rekor v2, where integrated time and promise mean nothing (VERIFY rule 2).
    pub fn is_rekor_v2(&self) -> bool {
        matches!(self, EntryBody::HashedRekordV002 { .. } | EntryBody::DsseV002 { .. })
    }
}

impl Verifier {
    /// Reads one PEM block, in any layout: a certificate or a public key.
    pub(crate) fn from_pem(text: &[u8]) -> Result<Verifier, FieldCause> {
        let block = pem::decode_one(&as_text(text))?;
        match block.label.as_str() {
            "CERTIFICATE" => Ok(Verifier::Certificate(block.der)),
            "PUBLIC KEY" => Ok(Verifier::key(PublicKey::from_spki_der(&block.der), block.der)),
            "RSA PUBLIC KEY" => Ok(Verifier::key(PublicKey::from_pkcs1_der(&block.der), block.der)),
            _ => Err(FieldCause::PemLabel { label: field::cut(&block.label) }),
        }
    }

    fn key(key: Result<PublicKey, sealwax_crypto::KeyError>, der: Vec<u8>) -> Verifier {
        key.map_or_else(|e| Verifier::UnreadableKey(der, e), Verifier::PublicKey)
    }

    fn read_pem(message: Message<'_, '_>, name: &str) -> FieldResult<Verifier> {
        Verifier::from_pem(&message.required_bytes(name)?).map_err(|e| e.at(name))
    }
}

/// Bytes from hexadecimal of either case.
pub(crate) fn unhex(text: &str) -> Result<Vec<u8>, FieldCause> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return Err(FieldCause::Hex) };
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
    pairs.iter().map(byte).collect::<Option<_>>().ok_or(FieldCause::Hex)
}

/// Base64 that may stand inside base64.
fn decode_bytes(bytes: &[u8]) -> Result<Vec<u8>, FieldCause> {
    Ok(base64::decode(&as_text(bytes))?)
}

/// Text that should be ASCII: what is not UTF-8 becomes something that nobody takes.
fn as_text(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

#[cfg(test)]
mod tests;
