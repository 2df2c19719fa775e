//! What a client asks for.

use ::base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ::base64::{DecodeError, Engine as _};
use sealwax_crypto::base64;
use sealwax_json::{Error as JsonError, Limits, Value};

use super::message::{CreateSigningCertificateRequest, Key};

/// The longest body that is read, in bytes: a token of the longest, and a certificate request of the longest in base64 of PEM.
pub const MAX_REQUEST_BYTES: usize = 256 << 10;

const LIMITS: Limits = Limits { bytes: MAX_REQUEST_BYTES, depth: 8, values: 256, members: 64 };

/// A certificate is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningRequest {
    /// Who asks.
    pub token: String,
    /// For which key.
    pub key: KeyProof,
}

/// A key and the proof that whoever asks has it, unread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyProof {
    /// A key in PEM or DER, and its signature of the challenge.
    PublicKey {
        /// The key.
        content: Vec<u8>,
        /// The signature.
        proof: Vec<u8>,
    },
    /// A certificate request in PEM.
    CertificateRequest(Vec<u8>),
}

/// A body that is not a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Not strict JSON.
    #[error("the request is not JSON: {0}")]
    Json(#[from] JsonError),
    /// A field of another type.
    #[error("{field} is {found}, not {expected}")]
    Type {
        /// Its name.
        field: &'static str,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A field in both its spellings.
    #[error("{field} is there in both its spellings")]
    Spellings {
        /// Its name.
        field: &'static str,
    },
    /// Bytes that are not base64.
    #[error("{field} is not base64")]
    Base64 {
        /// Its name.
        field: &'static str,
    },
    /// A key and a certificate request.
    #[error("publicKeyRequest and certificateSigningRequest are both there")]
    BothKeys,
    /// Neither.
    #[error("neither publicKeyRequest nor certificateSigningRequest is there")]
    NoKey,
    /// Neither in the body nor in the header.
    #[error("there is no identity token: credentials.oidcIdentityToken, or a header Authorization: Bearer")]
    NoToken,
}

impl SigningRequest {
    /// Reads the body of `POST /api/v2/signingCert`; `bearer` is the token of the header `Authorization`, which counts if the body
    /// has none.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn from_json(body: &[u8], bearer: Option<&str>) -> Result<Self, RequestError> {
        let value = sealwax_json::parse(body, &LIMITS)?;
        let root = object("the request", &value)?;
        let credentials = field(root, "credentials", "credentials")?;
        let token = match credentials {
            Some(credentials) => {
                text(object("credentials", credentials)?, "oidcIdentityToken", "oidc_identity_token")?
            }
            None => None,
        };
        let key = field(root, "publicKeyRequest", "public_key_request")?;
        let request = bytes(root, "certificateSigningRequest", "certificate_signing_request")?;
        let key = match (key, request) {
            (Some(_), Some(_)) => return Err(RequestError::BothKeys),
            (None, None) => return Err(RequestError::NoKey),
            (None, Some(request)) => KeyProof::CertificateRequest(request),
            (Some(key), None) => {
                let key = object("publicKeyRequest", key)?;
                let inner = field(key, "publicKey", "public_key")?.ok_or(RequestError::NoKey)?;
                let content = text(object("publicKey", inner)?, "content", "content")?.unwrap_or_default();
                let proof = bytes(key, "proofOfPossession", "proof_of_possession")?.unwrap_or_default();
                KeyProof::PublicKey { content: content.as_bytes().to_vec(), proof }
            }
        };
        Ok(SigningRequest { token: or_bearer(token.map(str::to_owned), bearer)?, key })
    }

    /// Reads the message of `CreateSigningCertificate`; `metadata` is a token that came beside it, which counts if the message has none.
    ///
    /// # Errors
    /// [`RequestError::NoKey`], [`RequestError::NoToken`].
    pub fn from_message(
        message: CreateSigningCertificateRequest,
        metadata: Option<&str>,
    ) -> Result<Self, RequestError> {
        let key = match message.key.ok_or(RequestError::NoKey)? {
            Key::CertificateSigningRequest(request) => KeyProof::CertificateRequest(request),
            Key::PublicKey(key) => KeyProof::PublicKey {
                content: key.public_key.ok_or(RequestError::NoKey)?.content.into_bytes(),
                proof: key.proof_of_possession,
            },
        };
        let token = message.credentials.map(|credentials| credentials.oidc_identity_token);
        let token = token.filter(|token| !token.is_empty());
        Ok(SigningRequest { token: or_bearer(token, metadata)?, key })
    }

    /// Reads the body of `POST /api/v1/signingCert`, whose token is in the header alone.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn from_legacy_json(body: &[u8], bearer: Option<&str>) -> Result<Self, RequestError> {
        let value = sealwax_json::parse(body, &LIMITS)?;
        let root = object("the request", &value)?;
        let request = bytes(root, "certificateSigningRequest", "certificate_signing_request")?;
        let key = match request.filter(|request| !request.is_empty()) {
            Some(request) => KeyProof::CertificateRequest(request),
            None => {
                let key = field(root, "publicKey", "public_key")?.ok_or(RequestError::NoKey)?;
                let content = bytes(object("publicKey", key)?, "content", "content")?.unwrap_or_default();
                let proof = bytes(root, "signedEmailAddress", "signed_email_address")?.unwrap_or_default();
                KeyProof::PublicKey { content, proof }
            }
        };
        Ok(SigningRequest { token: or_bearer(None, bearer)?, key })
    }
}

fn or_bearer(token: Option<String>, bearer: Option<&str>) -> Result<String, RequestError> {
    let token = token.or_else(|| bearer.map(str::to_owned));
    token.filter(|token| !token.is_empty()).ok_or(RequestError::NoToken)
}

type Object<'a> = sealwax_json::Object<'a>;

fn object<'a, 'v>(field: &'static str, value: &'a Value<'v>) -> Result<&'a Object<'v>, RequestError> {
    value.as_object().ok_or_else(|| wrong_type(field, "an object", value))
}

/// A field by its name in JSON or its original one; null is the same as none.
fn field<'a, 'v>(
    object: &'a Object<'v>,
    json: &'static str,
    original: &'static str,
) -> Result<Option<&'a Value<'v>>, RequestError> {
    let found = object.get(json);
    let other = if original == json { None } else { object.get(original) };
    if found.is_some() && other.is_some() {
        return Err(RequestError::Spellings { field: json });
    }
    Ok(found.or(other).filter(|value| !value.is_null()))
}

fn text<'a>(
    object: &'a Object<'_>,
    json: &'static str,
    original: &'static str,
) -> Result<Option<&'a str>, RequestError> {
    let value = field(object, json, original)?;
    let text = |value: &'a Value<'_>| value.as_str().ok_or_else(|| wrong_type(json, "a text", value));
    value.map(text).transpose()
}

fn bytes(
    object: &Object<'_>,
    json: &'static str,
    original: &'static str,
) -> Result<Option<Vec<u8>>, RequestError> {
    let decoded = text(object, json, original)?.map(|text| {
        base64::decode(&STANDARD, text)
            .or_else(|_| lenient(text))
            .map_err(|_| RequestError::Base64 { field: json })
    });
    decoded.transpose()
}

/// Either alphabet, with padding or without; line breaks are passed over, as Go's protobuf does.
fn lenient(text: &str) -> Result<Vec<u8>, DecodeError> {
    let text = text.replace(['\r', '\n'], "").replace('-', "+").replace('_', "/");
    STANDARD_NO_PAD.decode(text.trim_end_matches('='))
}

fn wrong_type(field: &'static str, expected: &'static str, found: &Value<'_>) -> RequestError {
    RequestError::Type { field, expected, found: found.kind().name() }
}
