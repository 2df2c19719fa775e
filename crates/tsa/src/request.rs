//! A request in JSON, as timestamp-authority takes it beside RFC 3161's own form.
//!
//! A member that it does not know is passed over, as by the deployed server; what is read is still strict JSON. Null is
//! the same as absent.

use base64::engine::general_purpose::STANDARD;
use sealwax_crypto::{Digest, HashAlgorithm, base64 as fast_base64};
use sealwax_json::{Kind, Limits, Reader};
use sealwax_pki::{MAX_NONCE_BYTES, Nonce, ObjectIdentifier, TimestampRequest};

/// The largest body that is read, in bytes: that of the deployed server.
pub const MAX_JSON_BYTES: usize = 1024;

/// A request is one flat object of five members; what else there is may be a little more.
const LIMITS: Limits = Limits { bytes: MAX_JSON_BYTES, depth: 4, values: 64, members: 64 };

/// A body that is not a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonRequestError {
    /// Not JSON that we read.
    #[error("the request is not JSON: {0}")]
    Json(#[from] sealwax_json::Error),
    /// Another JSON type than the member has.
    #[error("{member}: expected {expected}, found {found}")]
    Type {
        /// The member.
        member: &'static str,
        /// What it has to be.
        expected: &'static str,
        /// What it is.
        found: Kind,
    },
    /// `hashAlgorithm` is none of the three.
    #[error("hashAlgorithm: expected sha256, sha384 or sha512, found {found:?}")]
    HashAlgorithm {
        /// The name, cut to 32 bytes.
        found: String,
    },
    /// `artifactHash` is not base64.
    #[error("artifactHash: expected base64")]
    Base64,
    /// `artifactHash` is not as long as the algorithm makes it.
    #[error("artifactHash: {algorithm} makes {} bytes, found {found}", algorithm.output_len())]
    ImprintLength {
        /// The algorithm.
        algorithm: HashAlgorithm,
        /// How many bytes it has.
        found: usize,
    },
    /// `nonce` is not an integer.
    #[error("nonce: expected an integer")]
    Nonce,
    /// `nonce` is longer than is repeated.
    #[error("nonce: expected at most {MAX_NONCE_BYTES} bytes")]
    NonceTooLong,
    /// `tsaPolicyOID` is not an object identifier.
    #[error("tsaPolicyOID: expected an object identifier in dots")]
    Policy,
}

/// Reads the body.
///
/// # Errors
/// [`JsonRequestError`].
pub fn from_json(body: &[u8]) -> Result<TimestampRequest, JsonRequestError> {
    let mut reader = Reader::new(body, &LIMITS)?;
    let (mut hash, mut digest) = (String::new(), String::new());
    let (mut nonce, mut policy, mut certificates) = (None, String::new(), false);
    reader.members(|name, reader| {
        match (&*name, reader.kind()?) {
            (_, Kind::Null) => drop(reader.skip()?),
            ("hashAlgorithm", kind) => hash = string(reader, "hashAlgorithm", kind)?,
            ("artifactHash", kind) => digest = string(reader, "artifactHash", kind)?,
            ("tsaPolicyOID", kind) => policy = string(reader, "tsaPolicyOID", kind)?,
            ("certificates", Kind::Bool) => certificates = reader.skip()? == "true",
            ("certificates", found) => {
                return Err(JsonRequestError::Type {
                    member: "certificates",
                    expected: "true or false",
                    found,
                });
            }
            ("nonce", Kind::Number) => nonce = Some(read_nonce(reader.skip()?)?),
            ("nonce", found) => {
                return Err(JsonRequestError::Type { member: "nonce", expected: "a number", found });
            }
            _ => drop(reader.skip()?),
        }
        Ok(())
    })?;
    reader.end()?;
    let mut request = TimestampRequest::new(imprint(&hash, &digest)?);
    request.nonce = nonce;
    request.certificates = certificates;
    if !policy.is_empty() {
        request.policy = Some(ObjectIdentifier::new(&policy).map_err(|_| JsonRequestError::Policy)?);
    }
    Ok(request)
}

fn string(reader: &mut Reader<'_>, member: &'static str, found: Kind) -> Result<String, JsonRequestError> {
    if found != Kind::String {
        return Err(JsonRequestError::Type { member, expected: "a string", found });
    }
    Ok(reader.string()?.into_owned())
}

/// The name of the hash in letters of either case, as the deployed server takes it.
fn imprint(hash: &str, digest: &str) -> Result<Digest, JsonRequestError> {
    let cut = hash.get(..hash.floor_char_boundary(32)).unwrap_or_default();
    let algorithm = HashAlgorithm::from_name(&hash.to_ascii_lowercase())
        .ok_or_else(|| JsonRequestError::HashAlgorithm { found: cut.to_owned() })?;
    let digest = fast_base64::decode(&STANDARD, digest).map_err(|_| JsonRequestError::Base64)?;
    Digest::new(algorithm, &digest)
        .map_err(|_| JsonRequestError::ImprintLength { algorithm, found: digest.len() })
}

/// A decimal integer of any sign as the content of an INTEGER.
fn read_nonce(text: &str) -> Result<Nonce, JsonRequestError> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    // Least significant octet first, with one to spare for the sign.
    let mut octets = [0u8; MAX_NONCE_BYTES + 1];
    for digit in digits.bytes() {
        if !digit.is_ascii_digit() {
            return Err(JsonRequestError::Nonce); // a fraction or an exponent
        }
        let mut carry = u16::from(digit - b'0');
        for octet in &mut octets {
            let [high, low] = (u16::from(*octet) * 10 + carry).to_be_bytes();
            (*octet, carry) = (low, u16::from(high));
        }
        if carry != 0 || octets.last() != Some(&0) {
            return Err(JsonRequestError::NonceTooLong);
        }
    }
    if negative {
        let mut carry = true;
        for octet in &mut octets {
            (*octet, carry) = (!*octet).overflowing_add(u8::from(carry));
        }
    }
    octets.reverse();
    Nonce::new(shortest(&octets)).map_err(|_| JsonRequestError::NonceTooLong)
}

/// Without the leading octets that only repeat the sign (X.690 8.3.2).
fn shortest(mut octets: &[u8]) -> &[u8] {
    while let Some((first, rest)) = octets.split_first()
        && let Some(second) = rest.first()
        && matches!((first, second), (0, 0..=0x7f) | (0xff, 0x80..))
    {
        octets = rest;
    }
    octets
}

#[cfg(test)]
mod tests;
