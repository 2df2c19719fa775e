//! What a log takes: one signature that verifies, by a key of an algorithm that it accepts.
//!
//! Neither the certificate's chain nor its expiry counts here: who trusts the entry later checks both.

use super::message::{
    CreateEntryRequest, DsseRequest, HashedRekordRequest, RequestSpec, Verifier, VerifierKey,
};
use crate::engine::Submission;
use bytes::Bytes;
use sealwax_crypto::{Digest, HashAlgorithm, KeyDetails, KeyError, KeyKind, Message, PublicKey};
use sealwax_formats::dsse::pae_digest;
use sealwax_formats::{HashedRekordV002, VerifierDer};
use sealwax_pki::{Certificate, CertificateError};
use sealwax_tlog::tile::MAX_ENTRY_BYTES;

/// The algorithms that are logged, as rekor-tiles has them by default. Pure Ed25519 and ML-DSA sign the whole message, of which
/// the log has a digest only; nobody verifies PSS there.
pub const ACCEPTED: [KeyDetails; 7] = [
    KeyDetails::PkixEcdsaP256Sha256,
    KeyDetails::PkixEcdsaP384Sha384,
    KeyDetails::PkixEcdsaP521Sha512,
    KeyDetails::PkixEd25519ph,
    KeyDetails::PkixRsaPkcs1v15_2048Sha256,
    KeyDetails::PkixRsaPkcs1v15_3072Sha256,
    KeyDetails::PkixRsaPkcs1v15_4096Sha256,
];

/// An entry whose signature verifies: only [`ValidEntry::check`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidEntry {
    body: Bytes,
}

/// Why a request cannot be logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidEntry {
    /// Neither kind of request.
    #[error("expected hashedRekordRequestV002 or dsseRequestV002, found neither")]
    NoSpec,
    /// A field that has to be there is absent or empty.
    #[error("{field} is required, and is absent or empty")]
    Missing {
        /// Which field.
        field: &'static str,
    },
    /// An envelope with none or several signatures, or verifiers.
    #[error("{field}: expected exactly one, since an entry has one signature; found {found}")]
    NotOne {
        /// Which field.
        field: &'static str,
        /// How many there are.
        found: usize,
    },
    /// An algorithm that is not accepted.
    #[error("{field}: expected one of {}; found {}{}", accepted(), name(*found), hint(*found))]
    Algorithm {
        /// Which field.
        field: &'static str,
        /// Its number.
        found: i32,
    },
    /// Not the DER of a public key.
    #[error("{field}: expected a public key as SubjectPublicKeyInfo in DER, found {source}")]
    Key {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        source: KeyError,
    },
    /// Not the DER of a certificate.
    #[error("{field}: expected a certificate in DER, found a {source}")]
    Certificate {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        source: CertificateError,
    },
    /// A key of another kind than the algorithm is for.
    #[error("{field}: expected a key for {}, as keyDetails says; found {found}", expected.name())]
    KeyMismatch {
        /// Which field.
        field: &'static str,
        /// The algorithm.
        expected: KeyDetails,
        /// What the key is.
        found: KeyKind,
    },
    /// A digest of another length than the algorithm's hash has.
    #[error("{field}: expected {} bytes of {algorithm}, found {found}", algorithm.output_len())]
    DigestLength {
        /// Which field.
        field: &'static str,
        /// The hash.
        algorithm: HashAlgorithm,
        /// Bytes found.
        found: usize,
    },
    /// The signature is not the key's over the digest.
    #[error("{field}: expected a signature by this key over {over}, found one that does not verify")]
    Signature {
        /// Which field.
        field: &'static str,
        /// What it has to be over.
        over: &'static str,
    },
    /// The leaf would be longer than an entry bundle can hold (C2SP `tlog-tiles`: a 16-bit length).
    #[error("expected an entry of at most {MAX_ENTRY_BYTES} bytes, found {found}")]
    TooLarge {
        /// Its bytes.
        found: usize,
    },
}

impl ValidEntry {
    /// Checks a request.
    ///
    /// # Errors
    /// [`InvalidEntry`], at the first thing that does not hold.
    pub fn check(request: &CreateEntryRequest) -> Result<Self, InvalidEntry> {
        match &request.spec {
            None => Err(InvalidEntry::NoSpec),
            Some(RequestSpec::HashedRekord(request)) => check_hashed_rekord(request),
            Some(RequestSpec::Dsse(request)) => check_dsse(request),
        }
    }

    /// The leaf: a `hashedrekord` 0.0.2, canonical.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// What the engine is given.
    #[must_use]
    pub fn submission(&self) -> Submission {
        Submission::signature(self.body.clone())
    }
}

/// Where the parts of a request stand, for errors.
struct Places {
    signature: &'static str,
    verifier: &'static str,
    key_details: &'static str,
    public_key: &'static str,
    certificate: &'static str,
    over: &'static str,
}

fn check_hashed_rekord(request: &HashedRekordRequest) -> Result<ValidEntry, InvalidEntry> {
    const DIGEST: &str = "hashedRekordRequestV002.digest";
    const PLACES: Places = Places {
        signature: "hashedRekordRequestV002.signature.content",
        verifier: "hashedRekordRequestV002.signature.verifier",
        key_details: "hashedRekordRequestV002.signature.verifier.keyDetails",
        public_key: "hashedRekordRequestV002.signature.verifier.publicKey.rawBytes",
        certificate: "hashedRekordRequestV002.signature.verifier.x509Certificate.rawBytes",
        over: "the digest",
    };
    let signature = request.signature.as_ref().ok_or(InvalidEntry::Missing { field: PLACES.signature })?;
    let verifier = signature.verifier.as_ref().ok_or(InvalidEntry::Missing { field: PLACES.verifier })?;
    present(&request.digest, DIGEST)?;
    check(&PLACES, &signature.content, verifier, |algorithm| {
        let length = InvalidEntry::DigestLength { field: DIGEST, algorithm, found: request.digest.len() };
        Digest::new(algorithm, &request.digest).map_err(|_| length)
    })
}

/// An envelope is logged as the digest of its PAE, which is what its signature is over.
fn check_dsse(request: &DsseRequest) -> Result<ValidEntry, InvalidEntry> {
    const PLACES: Places = Places {
        signature: "dsseRequestV002.envelope.signatures[0].sig",
        verifier: "dsseRequestV002.verifiers[0]",
        key_details: "dsseRequestV002.verifiers[0].keyDetails",
        public_key: "dsseRequestV002.verifiers[0].publicKey.rawBytes",
        certificate: "dsseRequestV002.verifiers[0].x509Certificate.rawBytes",
        over: "the PAE of the envelope",
    };
    let envelope =
        request.envelope.as_ref().ok_or(InvalidEntry::Missing { field: "dsseRequestV002.envelope" })?;
    present(envelope.payload_type.as_bytes(), "dsseRequestV002.envelope.payloadType")?;
    let signature = only(&envelope.signatures, "dsseRequestV002.envelope.signatures")?;
    let verifier = only(&request.verifiers, "dsseRequestV002.verifiers")?;
    check(&PLACES, &signature.sig, verifier, |algorithm| {
        Ok(pae_digest(&envelope.payload_type, &envelope.payload, algorithm))
    })
}

/// The one check: the algorithm is accepted, the key is of it, the signature is the key's over the digest, the leaf fits.
fn check(
    places: &Places,
    signature: &[u8],
    verifier: &Verifier,
    digest: impl FnOnce(HashAlgorithm) -> Result<Digest, InvalidEntry>,
) -> Result<ValidEntry, InvalidEntry> {
    present(signature, places.signature)?;
    let (key, field, verifier_der) = read_key(places, verifier)?;
    let unaccepted = InvalidEntry::Algorithm { field: places.key_details, found: verifier.key_details };
    let Some((key_details, scheme, hash)) = accept(verifier.key_details) else { return Err(unaccepted) };
    if !key_details.kind_matches(&key) {
        return Err(InvalidEntry::KeyMismatch { field, expected: key_details, found: key.kind() });
    }
    let data = digest(hash)?;
    key.verify(scheme, Message::Digest(&data), signature)
        .map_err(|_| InvalidEntry::Signature { field: places.signature, over: places.over })?;
    let body = HashedRekordV002 { data: &data, signature, verifier: verifier_der, key_details }.to_body();
    if body.len() > MAX_ENTRY_BYTES {
        return Err(InvalidEntry::TooLarge { found: body.len() });
    }
    Ok(ValidEntry { body: body.into() })
}

fn read_key<'a>(
    places: &Places,
    verifier: &'a Verifier,
) -> Result<(PublicKey, &'static str, VerifierDer<'a>), InvalidEntry> {
    match &verifier.key {
        None => Err(InvalidEntry::Missing { field: places.verifier }),
        Some(VerifierKey::PublicKey(raw)) => {
            let (field, der) = (places.public_key, &raw.raw_bytes);
            present(der, field)?;
            let key = PublicKey::from_spki_der(der).map_err(|source| InvalidEntry::Key { field, source })?;
            Ok((key, field, VerifierDer::PublicKey(der)))
        }
        Some(VerifierKey::Certificate(raw)) => {
            let (field, der) = (places.certificate, &raw.raw_bytes);
            present(der, field)?;
            let certificate =
                Certificate::from_der(der).map_err(|source| InvalidEntry::Certificate { field, source })?;
            let key = certificate
                .public_key()
                .map_err(|source| InvalidEntry::Key { field, source: source.clone() })?;
            Ok((key.clone(), field, VerifierDer::Certificate(der)))
        }
    }
}

fn accept(number: i32) -> Option<(KeyDetails, sealwax_crypto::Scheme, HashAlgorithm)> {
    let details = ACCEPTED.into_iter().find(|details| details.number() == number)?;
    let scheme = details.scheme()?;
    Some((details, scheme, scheme.prehash()?))
}

fn present(bytes: &[u8], field: &'static str) -> Result<(), InvalidEntry> {
    if bytes.is_empty() { Err(InvalidEntry::Missing { field }) } else { Ok(()) }
}

fn only<'a, T>(list: &'a [T], field: &'static str) -> Result<&'a T, InvalidEntry> {
    match list {
        [only] => Ok(only),
        _ => Err(InvalidEntry::NotOne { field, found: list.len() }),
    }
}

fn accepted() -> String {
    ACCEPTED.map(KeyDetails::name).join(", ")
}

fn name(number: i32) -> String {
    KeyDetails::from_number(number).map_or_else(|| number.to_string(), |details| details.name().to_owned())
}

fn hint(number: i32) -> &'static str {
    match KeyDetails::from_number(number) {
        Some(KeyDetails::PkixEd25519) => {
            ", which signs the whole message; sign with PKIX_ED25519_PH, since the log has the digest only"
        }
        _ => "",
    }
}
