//! A signature, a certificate and a log entry in files of their own.

use super::cosign::{rekor_entry, unwrap_base64};
use super::{MAX_BYTES, ReadError, material, unlogged};
use crate::bundle::MAX_CERTIFICATES;
use crate::dsse::Envelope;
use crate::field::{FieldCause, Message};
use crate::{Bundle, Content, LogEntry, Verifier, base64};
use sealwax_crypto::pem;
use sealwax_json::Limits;

/// Bytes of a certificate file.
pub const MAX_CERTIFICATE_BYTES: usize = 1 << 20;

/// How the JSON of a log entry is read: its body in base64, its proof, and whatever else the API puts beside them.
pub const ENTRY_LIMITS: Limits = Limits { bytes: 16 << 20, depth: 64, values: 1 << 12, members: 1 << 12 };

/// The files.
#[derive(Debug, Clone, Copy, Default)]
pub struct DetachedParts<'a> {
    /// The signature: raw, or in base64, or a DSSE envelope.
    pub signature: &'a [u8],
    /// The certificate, or the certificate and its chain: PEM, PEM in base64 (as cosign writes it), or DER.
    /// Absent, the signature is that of a bare key.
    pub certificate: Option<&'a [u8]>,
    /// The log entry: as Rekor v1's API gives it, or as cosign has it beside an image.
    pub rekor_entry: Option<&'a [u8]>,
    /// RFC 3161 responses, in DER.
    pub timestamps: &'a [&'a [u8]],
}

/// Puts the files of one signature together, as a bundle of version 0.1.
///
/// # Errors
/// [`ReadError`].
pub fn detached(parts: &DetachedParts<'_>) -> Result<Bundle, ReadError> {
    let content = content_from_signature(parts.signature)?;
    let certificates = parts.certificate.map(certificates_from_bytes).transpose()?.unwrap_or_default();
    let hint = match &content {
        Content::Dsse(envelope) => envelope.signatures.first().map(|s| s.keyid.clone()).unwrap_or_default(),
        Content::Message { .. } => String::new(),
    };
    let mut bundle = unlogged(material(certificates, hint), content);
    if let Some(entry) = parts.rekor_entry {
        bundle.log_entries.push(log_entry_v1(entry)?);
    }
    bundle.timestamps = parts.timestamps.iter().map(|der| der.to_vec()).collect();
    Ok(bundle)
}

/// Reads an entry as Rekor v1's API answers (`{uuid: {…}}`), or as cosign has it beside an image.
///
/// # Errors
/// [`ReadError`].
pub fn log_entry_v1(input: &[u8]) -> Result<LogEntry, ReadError> {
    rekor_entry(&sealwax_json::parse(input, &ENTRY_LIMITS)?)
}

/// What a signature file holds: an envelope as JSON, either of envelope and signature in base64, or a raw signature.
pub(super) fn content_from_signature(file: &[u8]) -> Result<Content, ReadError> {
    if file.len() > MAX_BYTES {
        return Err(ReadError::SignatureTooLong { limit: MAX_BYTES, found: file.len() });
    }
    let decoded = unwrap_base64(file);
    let bytes = decoded.as_deref().unwrap_or(file);
    if bytes.trim_ascii_start().starts_with(b"{") {
        let value = sealwax_json::parse(bytes, &crate::bundle::LIMITS)?;
        return Ok(Content::Dsse(Message::exact(&value).and_then(Envelope::read)?));
    }
    if bytes.is_empty() || (decoded.is_none() && bytes.is_ascii()) {
        return Err(ReadError::Encoding { part: "signature" });
    }
    Ok(Content::Message { digest: None, signature: bytes.to_vec() })
}

pub(super) fn certificates_from_bytes(file: &[u8]) -> Result<Vec<Vec<u8>>, ReadError> {
    let encoding = ReadError::Encoding { part: "certificate" };
    if file.len() > MAX_CERTIFICATE_BYTES {
        return Err(encoding);
    }
    if is_pem(file) {
        let text = String::from_utf8_lossy(file);
        return certificates_from_pem(&text).map_err(|e| e.at("certificate").into());
    }
    match unwrap_base64(file) {
        Some(inner) if is_pem(&inner) => {
            let text = String::from_utf8_lossy(&inner);
            certificates_from_pem(&text).map_err(|e| e.at("certificate").into())
        }
        Some(der) if der.starts_with(&[0x30]) => Ok(vec![der]),
        None if file.starts_with(&[0x30]) && !file.is_ascii() => Ok(vec![file.to_vec()]),
        _ => Err(encoding),
    }
}

/// All certificates of a PEM text, at least one.
pub(super) fn certificates_from_pem(text: &str) -> Result<Vec<Vec<u8>>, FieldCause> {
    let blocks = pem::decode_all(text)?;
    if blocks.len() > MAX_CERTIFICATES {
        return Err(FieldCause::TooMany { limit: MAX_CERTIFICATES, found: blocks.len() });
    }
    if blocks.is_empty() {
        return Err(FieldCause::Missing);
    }
    let certificate = |block: pem::Block| match block.label.as_str() {
        "CERTIFICATE" => Ok(block.der),
        label => Err(FieldCause::PemLabel { label: crate::field::cut(label) }),
    };
    blocks.into_iter().map(certificate).collect()
}

/// If the text is a public key and not a certificate: the hint that bundles give for it, base64(SHA-256(SPKI)).
pub(super) fn hint_of_key(file: &[u8]) -> Option<String> {
    let decoded = if is_pem(file) { file.to_vec() } else { unwrap_base64(file)? };
    match Verifier::from_pem(&decoded).ok()? {
        Verifier::PublicKey(key) => Some(base64::encode(&key.spki_sha256())),
        Verifier::Certificate(_) | Verifier::UnreadableKey(..) => None,
    }
}

fn is_pem(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(b"-----BEGIN ")
}
