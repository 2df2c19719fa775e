//! Sigstore bundles, versions 0.1, 0.2 and 0.3.

mod convert;
mod entry;
mod form;
pub(crate) mod write;

pub use convert::{ConvertError, Detached};
pub(crate) use entry::merkle_hash;
pub use entry::{InclusionProof, LogEntry, MAX_PROOF_HASHES};
pub use form::FormError;
pub(crate) use write::raw_bytes;

use crate::dsse::Envelope;
use crate::field::{FieldCause, FieldError, Message, Result as FieldResult};
use crate::hash_field::read_hash_output;
use sealwax_crypto::Digest;
use sealwax_json::{Limits, Value};

/// Bytes of a bundle that stands alone. Attestations of 100 MiB occur (SBOMs); base64 makes a third more of them.
pub const MAX_BYTES: usize = 256 << 20;

/// JSON values in one bundle. The largest honest one has 32 entries of 64 hashes each.
pub const MAX_VALUES: usize = 1 << 16;

/// Log entries in one bundle: VERIFY rule 4.
pub const MAX_LOG_ENTRIES: usize = 32;

/// Timestamps in one bundle: VERIFY rule 4.
pub const MAX_TIMESTAMPS: usize = 32;

/// Certificates in one bundle: a leaf, and a longer path than any PKI of this field has (three).
pub const MAX_CERTIFICATES: usize = 16;

/// How the JSON of one bundle is read.
pub const LIMITS: Limits = Limits { bytes: MAX_BYTES, depth: 64, values: MAX_VALUES, members: MAX_VALUES };

/// A bundle: a signature, and what is needed to verify it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The version that the bundle says it has.
    pub version: BundleVersion,
    /// Whose signature it is.
    pub material: Material,
    /// Where it was logged.
    pub log_entries: Vec<LogEntry>,
    /// RFC 3161 responses, in DER.
    pub timestamps: Vec<Vec<u8>>,
    /// What was signed.
    pub content: Content,
}

/// The version of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BundleVersion {
    /// `application/vnd.dev.sigstore.bundle+json;version=0.1`
    V01,
    /// `application/vnd.dev.sigstore.bundle+json;version=0.2`
    V02,
    /// `application/vnd.dev.sigstore.bundle.v0.3+json`; `…bundle+json;version=0.3` is read too.
    V03,
}

/// Whose signature it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Material {
    /// The key of a certificate.
    Certificate {
        /// The certificate, in DER.
        leaf: Vec<u8>,
        /// Others of a chain, in DER, in their order. Never anchors.
        others: Vec<Vec<u8>>,
        /// The field in which they stand.
        form: CertificateForm,
    },
    /// A key that the verifier has to have.
    PublicKey {
        /// Which one; unauthenticated, and empty where there is none.
        hint: String,
    },
}

/// The field in which certificates stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateForm {
    /// `x509CertificateChain`, of 0.1 and 0.2.
    Chain,
    /// `certificate`, of 0.3.
    Single,
}

/// What was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// An artifact.
    Message {
        /// Its digest; a hint, which must nevertheless be true (VERIFY rule 9).
        digest: Option<Digest>,
        /// The signature over the artifact.
        signature: Vec<u8>,
    },
    /// An envelope.
    Dsse(Envelope),
}

/// Why a bundle could not be read.
pub type BundleError = crate::DocumentError;

impl Bundle {
    /// Reads a bundle that is the whole input, at most [`MAX_BYTES`]. A payload is decoded straight out of the input,
    /// so the cost in memory is the payload once.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn parse(input: &[u8]) -> Result<Bundle, BundleError> {
        Bundle::from_json(&sealwax_json::parse(input, &LIMITS)?)
    }

    /// Reads a bundle that stands inside another document.
    ///
    /// # Errors
    /// [`BundleError::MediaType`] and [`BundleError::Field`].
    pub fn from_json(value: &Value<'_>) -> Result<Bundle, BundleError> {
        let message = Message::of(value)?;
        let media_type = message.string("mediaType")?;
        let version = BundleVersion::from_media_type(media_type)
            .ok_or_else(|| BundleError::MediaType { found: crate::field::cut(media_type) })?;
        let (material, log_entries, timestamps) =
            message.required_message("verificationMaterial", read_material)?;
        Ok(Bundle { version, material, log_entries, timestamps, content: read_content(message)? })
    }

    /// The signature: of the message, or the first of the envelope.
    pub fn signature(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Message { signature, .. } => Some(signature),
            Content::Dsse(envelope) => envelope.signatures.first().map(|s| s.sig.as_slice()),
        }
    }
}

impl BundleVersion {
    /// The version of a media type.
    pub fn from_media_type(media_type: &str) -> Option<BundleVersion> {
        match media_type {
            "application/vnd.dev.sigstore.bundle+json;version=0.1" => Some(BundleVersion::V01),
            "application/vnd.dev.sigstore.bundle+json;version=0.2" => Some(BundleVersion::V02),
            "application/vnd.dev.sigstore.bundle+json;version=0.3"
            | "application/vnd.dev.sigstore.bundle.v0.3+json" => Some(BundleVersion::V03),
            _ => None,
        }
    }

    /// The media type to write.
    pub fn media_type(self) -> &'static str {
        match self {
            BundleVersion::V01 => "application/vnd.dev.sigstore.bundle+json;version=0.1",
            BundleVersion::V02 => "application/vnd.dev.sigstore.bundle+json;version=0.2",
            BundleVersion::V03 => "application/vnd.dev.sigstore.bundle.v0.3+json",
        }
    }
}

impl std::fmt::Display for BundleVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            BundleVersion::V01 => "0.1",
            BundleVersion::V02 => "0.2",
            BundleVersion::V03 => "0.3",
        })
    }
}

fn read_material(message: Message<'_, '_>) -> FieldResult<(Material, Vec<LogEntry>, Vec<Vec<u8>>)> {
    let material = match message.one_of(&["certificate", "x509CertificateChain", "publicKey"])? {
        Some(("certificate", value)) => {
            let leaf = Message::of(value).and_then(read_certificate).map_err(|e| e.within("certificate"))?;
            Material::Certificate { leaf, others: Vec::new(), form: CertificateForm::Single }
        }
        Some(("publicKey", value)) => {
            let hint =
                Message::of(value).and_then(|m| m.string("hint")).map_err(|e| e.within("publicKey"))?;
            Material::PublicKey { hint: hint.to_owned() }
        }
        Some((chain, value)) => Message::of(value).and_then(read_chain).map_err(|e| e.within(chain))?,
        None => return Err(FieldCause::Missing.at("certificate")),
    };
    let log_entries = message.messages("tlogEntries", MAX_LOG_ENTRIES, LogEntry::read)?;
    let timestamps = message.message("timestampVerificationData", |m| {
        m.messages("rfc3161Timestamps", MAX_TIMESTAMPS, |m| m.bytes("signedTimestamp"))
    })?;
    Ok((material, log_entries, timestamps.unwrap_or_default()))
}

fn read_chain(message: Message<'_, '_>) -> FieldResult<Material> {
    let mut certificates = message.messages("certificates", MAX_CERTIFICATES, read_certificate)?.into_iter();
    let leaf = certificates.next().ok_or_else(|| FieldCause::Missing.at("certificates"))?;
    Ok(Material::Certificate { leaf, others: certificates.collect(), form: CertificateForm::Chain })
}

pub(crate) fn read_certificate(message: Message<'_, '_>) -> FieldResult<Vec<u8>> {
    message.required_bytes("rawBytes")
}

fn read_content(message: Message<'_, '_>) -> FieldResult<Content> {
    let (name, value) = message
        .one_of(&["messageSignature", "dsseEnvelope"])?
        .ok_or_else(|| FieldCause::Missing.at("messageSignature"))?;
    let read = |message| match name {
        "dsseEnvelope" => Envelope::read(message).map(Content::Dsse),
        _ => read_message_signature(message),
    };
    Message::of(value).and_then(read).map_err(|e: FieldError| e.within(name))
}

fn read_message_signature(message: Message<'_, '_>) -> FieldResult<Content> {
    let digest = match message.field("messageDigest")? {
        // An empty message says nothing.
        Some(Value::Object(object)) if object.is_empty() => None,
        _ => message.message("messageDigest", read_hash_output)?,
    };
    Ok(Content::Message { digest, signature: message.required_bytes("signature")? })
}

#[cfg(test)]
mod tests;
