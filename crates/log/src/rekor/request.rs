//! A request in protobuf's JSON (<https://protobuf.dev/programming-guides/json/>), read in one pass.
//!
//! Either spelling of a field, null for absent, enumerations by name or number, base64 of either alphabet. A field that is not
//! known is refused, as by the deployed server: whoever misspells one should hear of it.

use super::MAX_REQUEST_BYTES;
use super::message::{
    CreateEntryRequest, DsseRequest, Envelope, EnvelopeSignature, HashedRekordRequest, RawBytes, RequestSpec,
    Signature, Verifier, VerifierKey,
};
use bytes::Bytes;
use sealwax_crypto::KeyDetails;
use sealwax_formats::base64::{self, Base64Error};
use sealwax_json::{Kind, Limits, Number, Reader};

/// Signatures, and verifiers, read of one envelope: what rekor-tiles read while it took envelopes. One is accepted.
const MAX_SIGNATURES: usize = 10;

/// The deepest request nests five levels; one with [`MAX_SIGNATURES`] signatures and verifiers has under a hundred values.
const LIMITS: Limits = Limits { bytes: MAX_REQUEST_BYTES, depth: 8, values: 256, members: 64 };

/// A body that is not a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {cause}", if path.is_empty() { "the request" } else { path })]
pub struct JsonError {
    /// Where, as `hashedRekordRequestV002.signature.verifier`.
    pub path: String,
    /// What is wrong.
    pub cause: JsonCause,
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonCause {
    /// Not JSON that we read.
    #[error("expected JSON, found this: {0}")]
    Json(#[from] sealwax_json::Error),
    /// A field that the message does not have.
    #[error("expected only the fields {expected}, found {found:?}")]
    UnknownField {
        /// The fields it has.
        expected: String,
        /// The name, cut to 128 bytes.
        found: String,
    },
    /// One field in both its spellings.
    #[error("expected once, found in both its spellings")]
    Spellings,
    /// Two of which only one may be set.
    #[error("expected at most one of two, found {other} beside it")]
    OneOf {
        /// The other.
        other: &'static str,
    },
    /// Another JSON type than the field has.
    #[error("expected {expected}, found {found}")]
    Type {
        /// What it has to be.
        expected: &'static str,
        /// What it is.
        found: Kind,
    },
    /// Bytes that are not base64.
    #[error("expected base64, found what {0}")]
    Base64(#[from] Base64Error),
    /// No value of the enumeration.
    #[error("expected a name of PublicKeyDetails such as {}, found {found:?}", KeyDetails::PkixEcdsaP256Sha256.name())]
    KeyDetails {
        /// The value, cut to 128 bytes.
        found: String,
    },
    /// More elements than are read.
    #[error("expected at most {limit} elements, found more")]
    TooMany {
        /// The limit.
        limit: usize,
    },
}

impl CreateEntryRequest {
    /// Reads the body of `POST /api/v2/log/entries`, at most [`MAX_REQUEST_BYTES`].
    ///
    /// # Errors
    /// [`JsonError`]. Whether the request can be logged is for [`ValidEntry::check`](super::ValidEntry::check).
    pub fn from_json(body: &[u8]) -> Result<Self, JsonError> {
        let mut reader = Reader::new(body, &LIMITS)?;
        let request = create_entry(&mut reader)?;
        reader.end()?;
        Ok(request)
    }
}

type Result<T, E = JsonError> = std::result::Result<T, E>;

/// JSON name and original name of each field.
type Names = &'static [(&'static str, &'static str)];

fn create_entry(reader: &mut Reader<'_>) -> Result<CreateEntryRequest> {
    const NAMES: Names = &[
        ("hashedRekordRequestV002", "hashed_rekord_request_v002"),
        ("dsseRequestV002", "dsse_request_v002"),
    ];
    let mut spec = None;
    fields(reader, NAMES, |name, reader| {
        one_of(spec.is_some(), NAMES, name)?;
        spec = Some(match name {
            "dsseRequestV002" => RequestSpec::Dsse(dsse(reader)?),
            _ => RequestSpec::HashedRekord(hashed_rekord(reader)?),
        });
        Ok(())
    })?;
    Ok(CreateEntryRequest { spec })
}

fn hashed_rekord(reader: &mut Reader<'_>) -> Result<HashedRekordRequest> {
    let mut request = HashedRekordRequest::default();
    fields(reader, &[("digest", "digest"), ("signature", "signature")], |name, reader| {
        match name {
            "digest" => request.digest = bytes(reader)?,
            _ => request.signature = Some(signature(reader)?),
        }
        Ok(())
    })?;
    Ok(request)
}

fn signature(reader: &mut Reader<'_>) -> Result<Signature> {
    let mut signature = Signature::default();
    fields(reader, &[("content", "content"), ("verifier", "verifier")], |name, reader| {
        match name {
            "content" => signature.content = bytes(reader)?,
            _ => signature.verifier = Some(verifier(reader)?),
        }
        Ok(())
    })?;
    Ok(signature)
}

fn verifier(reader: &mut Reader<'_>) -> Result<Verifier> {
    const KEYS: Names = &[("publicKey", "public_key"), ("x509Certificate", "x509_certificate")];
    const NAMES: Names = &[
        ("publicKey", "public_key"),
        ("x509Certificate", "x509_certificate"),
        ("keyDetails", "key_details"),
    ];
    let mut verifier = Verifier::default();
    fields(reader, NAMES, |name, reader| {
        if name == "keyDetails" {
            verifier.key_details = key_details(reader)?;
            return Ok(());
        }
        one_of(verifier.key.is_some(), KEYS, name)?;
        let key = raw_bytes(reader)?;
        verifier.key = Some(match name {
            "publicKey" => VerifierKey::PublicKey(key),
            _ => VerifierKey::Certificate(key),
        });
        Ok(())
    })?;
    Ok(verifier)
}

fn raw_bytes(reader: &mut Reader<'_>) -> Result<RawBytes> {
    let mut raw = RawBytes::default();
    fields(reader, &[("rawBytes", "raw_bytes")], |_, reader| {
        raw.raw_bytes = bytes(reader)?;
        Ok(())
    })?;
    Ok(raw)
}

fn dsse(reader: &mut Reader<'_>) -> Result<DsseRequest> {
    let mut request = DsseRequest::default();
    fields(reader, &[("envelope", "envelope"), ("verifiers", "verifiers")], |name, reader| {
        match name {
            "envelope" => request.envelope = Some(envelope(reader)?),
            _ => request.verifiers = list(reader, verifier)?,
        }
        Ok(())
    })?;
    Ok(request)
}

fn envelope(reader: &mut Reader<'_>) -> Result<Envelope> {
    // in-toto's definition is in camel case already, so its fields have one spelling.
    const NAMES: Names =
        &[("payload", "payload"), ("payloadType", "payloadType"), ("signatures", "signatures")];
    let mut envelope = Envelope::default();
    fields(reader, NAMES, |name, reader| {
        match name {
            "payload" => envelope.payload = bytes(reader)?,
            "payloadType" => envelope.payload_type = string(reader)?,
            _ => envelope.signatures = list(reader, envelope_signature)?,
        }
        Ok(())
    })?;
    Ok(envelope)
}

fn envelope_signature(reader: &mut Reader<'_>) -> Result<EnvelopeSignature> {
    let mut signature = EnvelopeSignature::default();
    fields(reader, &[("sig", "sig"), ("keyid", "keyid")], |name, reader| {
        match name {
            "sig" => signature.sig = bytes(reader)?,
            _ => signature.keyid = string(reader)?,
        }
        Ok(())
    })?;
    Ok(signature)
}

/// Walks a message: `field` is called with the JSON name of each field that is set, and reads its value.
fn fields<'a>(
    reader: &mut Reader<'a>,
    names: Names,
    mut field: impl FnMut(&'static str, &mut Reader<'a>) -> Result<()>,
) -> Result<()> {
    expect(reader, Kind::Object, "an object")?;
    let mut seen = [false; 4];
    reader.members(|found, reader| {
        let known = names.iter().zip(&mut seen).find(|((json, proto), _)| found == *json || found == *proto);
        let Some((&(name, _), seen)) = known else { return Err(unknown_field(names, &found)) };
        if std::mem::replace(seen, true) {
            return Err(JsonError::from(JsonCause::Spellings).within(name));
        }
        if reader.kind()? == Kind::Null {
            reader.skip()?;
            return Ok(());
        }
        field(name, reader).map_err(|error| error.within(name))
    })
}

fn list<'a, T>(reader: &mut Reader<'a>, read: impl Fn(&mut Reader<'a>) -> Result<T>) -> Result<Vec<T>> {
    expect(reader, Kind::Array, "an array")?;
    let mut elements = Vec::new();
    reader.elements(|reader| {
        if elements.len() == MAX_SIGNATURES {
            return Err(JsonError::from(JsonCause::TooMany { limit: MAX_SIGNATURES }));
        }
        let element = read(reader).map_err(|error| error.within(&format!("[{}]", elements.len())))?;
        elements.push(element);
        Ok(())
    })?;
    Ok(elements)
}

fn bytes(reader: &mut Reader<'_>) -> Result<Bytes> {
    expect(reader, Kind::String, "base64 in a string")?;
    let text = reader.string()?;
    Ok(base64::decode(&text).map_err(JsonCause::from)?.into())
}

fn string(reader: &mut Reader<'_>) -> Result<String> {
    expect(reader, Kind::String, "a string")?;
    Ok(reader.string()?.into_owned())
}

/// An enumeration's value. A number need not be known: protobuf's JSON takes any, and the check refuses it.
fn key_details(reader: &mut Reader<'_>) -> Result<i32> {
    match reader.kind()? {
        Kind::String => {
            let name = reader.string()?;
            let details = KeyDetails::from_name(&name).map(KeyDetails::number);
            details.ok_or_else(|| JsonCause::KeyDetails { found: cut(&name) }.into())
        }
        Kind::Number => {
            let number = reader.read()?;
            let found = || JsonCause::KeyDetails { found: sealwax_json::compact(&number) };
            number.as_number().and_then(whole).ok_or_else(|| found().into())
        }
        found => Err(JsonCause::Type { expected: "a name or number", found }.into()),
    }
}

/// A number without a fraction, however it is written: `5`, `5.0`, `5e0`.
fn whole(number: Number) -> Option<i32> {
    match number {
        Number::Float(n) if n.fract() == 0.0 => format!("{n:.0}").parse().ok(),
        other => other.as_i64().and_then(|n| i32::try_from(n).ok()),
    }
}

fn expect(reader: &mut Reader<'_>, kind: Kind, expected: &'static str) -> Result<()> {
    let found = reader.kind()?;
    if found == kind { Ok(()) } else { Err(JsonCause::Type { expected, found }.into()) }
}

fn one_of(set: bool, names: Names, name: &'static str) -> Result<()> {
    let other = names.iter().map(|(json, _)| *json).find(|other| *other != name);
    match other {
        Some(other) if set => Err(JsonCause::OneOf { other }.into()),
        _ => Ok(()),
    }
}

fn unknown_field(names: Names, found: &str) -> JsonError {
    let expected: Vec<&str> = names.iter().map(|(json, _)| *json).collect();
    JsonCause::UnknownField { expected: expected.join(", "), found: cut(found) }.into()
}

fn cut(found: &str) -> String {
    found.get(..found.floor_char_boundary(128)).unwrap_or_default().to_owned()
}

impl JsonError {
    /// The same error, seen from the message that contains `name`.
    fn within(mut self, name: &str) -> Self {
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{name}{separator}{}", self.path);
        self
    }
}

impl From<JsonCause> for JsonError {
    fn from(cause: JsonCause) -> Self {
        Self { path: String::new(), cause }
    }
}

impl From<sealwax_json::Error> for JsonError {
    fn from(error: sealwax_json::Error) -> Self {
        JsonCause::Json(error).into()
    }
}
