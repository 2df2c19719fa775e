//! What people hold in hand: one function finds out which form a file has, and gives its bundles.
//!
//! Whatever the form, the bundle that comes out is judged by the same rules; nothing that a document says *about* its
//! bundles (a repository, a publisher, a predicate type) is believed, or even kept.

mod cosign;
mod detached;
mod pypi;

pub use detached::{DetachedParts, ENTRY_LIMITS, MAX_CERTIFICATE_BYTES, detached, log_entry_v1};

use crate::bundle::{self, CertificateForm};
use crate::dsse::Envelope;
use crate::field::{FieldCause, FieldError, Message, Result as FieldResult};
use crate::{BodyError, Bundle, BundleVersion, Content, DocumentError, Material};
use sealwax_json::{Limits, Value};

/// Bytes of a file of bundles: what one bundle alone may have.
pub const MAX_BYTES: usize = bundle::MAX_BYTES;

/// Bundles in one file: VERIFY rule 14.
pub const MAX_BUNDLES: usize = 1_000;

/// Bytes of the payload of a bundle among others: VERIFY rule 14.
pub const MAX_PAYLOAD_AMONG_MANY: usize = 32 << 20;

/// How the JSON of a document is read: as many values as [`MAX_BUNDLES`] usual bundles need.
pub const LIMITS: Limits = Limits { bytes: MAX_BYTES, depth: 64, values: 1 << 20, members: 1 << 16 };

/// What was found in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The form of the file.
    pub form: Form,
    /// Its bundles, in order. One that cannot be read does not hide the others.
    pub bundles: Vec<Found>,
}

/// A bundle of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where in the file: empty, `line 3`, `attestations[1].bundle`.
    pub place: String,
    /// The bundle.
    pub bundle: Result<Bundle, ReadError>,
}

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// One Sigstore bundle.
    Bundle,
    /// JSON values one after another, usually one a line.
    Lines,
    /// The npm registry's answer to `/-/npm/v1/attestations/…`.
    Npm,
    /// The answer of GitHub's attestations API.
    GitHub,
    /// An attestation object of PEP 740.
    PypiAttestation,
    /// A provenance object of PEP 740.
    PypiProvenance,
    /// What cosign 1 and 2 write with `--bundle`.
    Cosign,
    /// A DSSE envelope without any log entry or timestamp, as older SLSA builders write.
    Envelope,
}

/// Why a file, or a bundle in it, could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Not JSON that we read.
    #[error(transparent)]
    Json(#[from] sealwax_json::Error),
    /// Not a bundle that we read.
    #[error(transparent)]
    Bundle(#[from] DocumentError),
    /// A field of another form that does not fit.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// A log entry beside a signature that is not one we read.
    #[error("the log entry: {0}")]
    Body(#[from] BodyError),
    /// JSON that is none of the forms.
    #[error("neither a Sigstore bundle nor another form of signature that is known here")]
    UnknownForm,
    /// Nothing in the file.
    #[error("no bundle in it")]
    Empty,
    /// More bundles than [`MAX_BUNDLES`].
    #[error("more than {limit} bundles")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// A payload among others that is larger than [`MAX_PAYLOAD_AMONG_MANY`].
    #[error("a payload of {found} bytes; beside other bundles, at most {limit} are read")]
    TooLarge {
        /// The limit.
        limit: usize,
        /// Bytes found.
        found: usize,
    },
    /// An element that only says where its bundle is (GitHub's `bundle_url`).
    #[error("the bundle itself is not in the document, only its address")]
    NoBundle,
    /// A signature file longer than [`MAX_BYTES`].
    #[error("a signature file of {found} bytes, at most {limit} are read")]
    SignatureTooLong {
        /// The limit.
        limit: usize,
        /// Bytes found.
        found: usize,
    },
    /// A certificate or signature file that is neither PEM, base64 nor DER.
    #[error("the {part} is neither PEM, base64 nor DER")]
    Encoding {
        /// `certificate` or `signature`.
        part: &'static str,
    },
}

/// Finds out which form a file has, and reads its bundles.
///
/// # Errors
/// [`ReadError`] if the file as a whole cannot be read; what ails one bundle stands in [`Found`].
pub fn read(input: &[u8]) -> Result<Reading, ReadError> {
    let mut documents = sealwax_json::documents(input, MAX_BYTES, &LIMITS)?;
    let (value, text) = documents.next().ok_or(ReadError::Empty)??;
    let first = read_document(&value);
    drop(value);
    let mut end = end_of(text, input);
    let mut rest = documents.peekable();
    if rest.peek().is_none() {
        let mut reading = first?;
        limit(&mut reading.bundles)?;
        return Ok(reading);
    }
    // Of several documents, one that cannot be read does not hide the others.
    let mut reading = Reading { form: Form::Lines, bundles: found_in(first, 1) };
    for (count, document) in (2..).zip(rest) {
        if reading.bundles.len() >= MAX_BUNDLES {
            return Err(ReadError::TooMany { limit: MAX_BUNDLES });
        }
        let document = match document {
            Ok((value, text)) => {
                end = end_of(text, input);
                read_document(&value)
            }
            // A bad line is a bad line; anything else behind a document makes the whole file no JSON.
            Err(error) if starts_line(input.get(end..).unwrap_or_default()) => Err(error.into()),
            Err(error) => return Err(error.into()),
        };
        reading.bundles.append(&mut found_in(document, count));
    }
    limit(&mut reading.bundles)?;
    Ok(reading)
}

/// Where in `input` its part `text` ends.
fn end_of(text: &str, input: &[u8]) -> usize {
    (text.as_ptr().addr() + text.len()).saturating_sub(input.as_ptr().addr())
}

fn starts_line(rest: &[u8]) -> bool {
    rest.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r')) == Some(&b'\n')
}

/// What stands in the document of this number.
fn found_in(document: Result<Reading, ReadError>, number_of_document: usize) -> Vec<Found> {
    let mut found = match document {
        Ok(reading) => reading.bundles,
        Err(error) => vec![Found { place: String::new(), bundle: Err(error) }],
    };
    number(&mut found, number_of_document);
    found
}

fn read_document(value: &Value<'_>) -> Result<Reading, ReadError> {
    let form = sniff(value).ok_or(ReadError::UnknownForm)?;
    let one = |bundle| Ok(vec![Found { place: String::new(), bundle }]);
    let message = Message::exact(value)?;
    let bundles = match form {
        Form::Bundle | Form::Lines => one(Bundle::from_json(value).map_err(Into::into)),
        Form::Npm | Form::GitHub => attestations(message),
        Form::PypiAttestation => one(pypi::attestation(message)),
        Form::PypiProvenance => pypi::provenance(message),
        Form::Cosign => one(cosign::bundle(message)),
        Form::Envelope => one(envelope(message).map_err(Into::into)),
    }?;
    if bundles.is_empty() {
        return Err(ReadError::Empty);
    }
    Ok(Reading { form, bundles })
}

/// The form of a document, by names that no other form has.
fn sniff(value: &Value<'_>) -> Option<Form> {
    let object = value.as_object()?;
    let has = |name| object.contains(name);
    // Before all others: a bundle may have any unknown fields, and either spelling of its own.
    if has("mediaType") || has("media_type") {
        return Some(Form::Bundle);
    }
    if let Some(attestations) = object.get("attestations") {
        let npm = |element: &Value<'_>| element.member("predicateType").is_some();
        let is_npm = attestations.as_array().is_some_and(|list| list.iter().any(npm));
        return Some(if is_npm { Form::Npm } else { Form::GitHub });
    }
    if has("attestation_bundles") {
        return Some(Form::PypiProvenance);
    }
    if has("verification_material") && has("envelope") {
        return Some(Form::PypiAttestation);
    }
    if has("base64Signature") {
        return Some(Form::Cosign);
    }
    if has("payloadType") && has("signatures") {
        return Some(Form::Envelope);
    }
    // A bundle without a media type: its own error says so.
    (has("verificationMaterial") || has("verification_material")).then_some(Form::Bundle)
}

/// `{"attestations": [{"bundle": {…}}]}`, of npm and of GitHub.
fn attestations(message: Message<'_, '_>) -> Result<Vec<Found>, ReadError> {
    let elements = message.values("attestations", usize::MAX)?;
    if elements.len() > MAX_BUNDLES {
        return Err(ReadError::TooMany { limit: MAX_BUNDLES });
    }
    let found = |(i, element): (usize, &Value<'_>)| {
        let bundle = match element.member("bundle") {
            None | Some(Value::Null) => Err(ReadError::NoBundle),
            Some(bundle) => Bundle::from_json(bundle).map_err(Into::into),
        };
        Found { place: format!("attestations[{i}].bundle"), bundle }
    };
    Ok(elements.iter().enumerate().map(found).collect())
}

/// An envelope alone. Older SLSA builders put the certificate beside the signature; a bare key is found by `keyid`.
fn envelope(message: Message<'_, '_>) -> FieldResult<Bundle> {
    let envelope = Envelope::read(message)?;
    let certificates = message.messages("signatures", crate::dsse::MAX_SIGNATURES, |m| {
        let pem = m.string("cert")?;
        let parsed = if pem.is_empty() { Ok(Vec::new()) } else { detached::certificates_from_pem(pem) };
        parsed.map_err(|e: FieldCause| e.at("cert"))
    })?;
    let hint = envelope.signatures.first().map(|s| s.keyid.clone()).unwrap_or_default();
    let material = material(certificates.into_iter().next().unwrap_or_default(), hint);
    Ok(unlogged(material, Content::Dsse(envelope)))
}

/// The material of a certificate and what stood behind it, or of a bare key if there is none.
fn material(certificates: Vec<Vec<u8>>, hint: String) -> Material {
    let mut certificates = certificates.into_iter();
    match certificates.next() {
        Some(leaf) => {
            Material::Certificate { leaf, others: certificates.collect(), form: CertificateForm::Chain }
        }
        None => Material::PublicKey { hint },
    }
}

/// A bundle that was never one: the oldest version, which takes a signed entry timestamp without a proof.
fn unlogged(material: Material, content: Content) -> Bundle {
    Bundle { version: BundleVersion::V01, material, log_entries: Vec::new(), timestamps: Vec::new(), content }
}

fn number(found: &mut [Found], document: usize) {
    for found in found {
        let separator = if found.place.is_empty() { "" } else { ", " };
        found.place = format!("line {document}{separator}{}", found.place);
    }
}

fn limit(bundles: &mut [Found]) -> Result<(), ReadError> {
    if bundles.len() > MAX_BUNDLES {
        return Err(ReadError::TooMany { limit: MAX_BUNDLES });
    }
    if bundles.len() > 1 {
        for found in bundles {
            if let Ok(Bundle { content: Content::Dsse(envelope), .. }) = &found.bundle
                && envelope.payload.len() > MAX_PAYLOAD_AMONG_MANY
            {
                let found_bytes = envelope.payload.len();
                found.bundle = Err(ReadError::TooLarge { limit: MAX_PAYLOAD_AMONG_MANY, found: found_bytes });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
