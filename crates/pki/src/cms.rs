//! CMS SignedData (RFC 5652 5) in the shape that a time-stamp token has: one signer, signed attributes, content inside.

use der::oid::ObjectIdentifier;
use sealwax_crypto::HashAlgorithm;

use crate::algorithm::{self, SignatureAlgorithm};
use crate::asn1::{
    DerCause, DerError, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, SET, Tlv, context, context_constructed,
    only,
};
use crate::certificate::Certificate;
use crate::name::Name;
use crate::oid;

/// Certificates in one SignedData. Real tokens have up to four.
const MAX_CERTIFICATES: usize = 16;

/// Digest algorithms announced for one SignedData. Real tokens have one, and there are three that are read.
const MAX_DIGESTS: usize = 16;

/// Signed attributes of one signer. Real tokens have three to five.
const MAX_ATTRIBUTES: usize = 32;

/// A SignedData that is not of the shape that is read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CmsError {
    /// Not the DER that was expected.
    #[error("malformed CMS: {0}")]
    Der(#[from] DerError),
    /// Another type of content than expected.
    #[error("CMS content of type {found} where {expected} was expected")]
    ContentType {
        /// The type that belongs here.
        expected: ObjectIdentifier,
        /// The type found.
        found: ObjectIdentifier,
    },
    /// A version of SignedData or SignerInfo that does not fit what is in it (RFC 5652 5.1 and 5.3).
    #[error("CMS version {0} does not fit the content")]
    Version(u64),
    /// The signer's digest algorithm is not among those of the SignedData.
    #[error("the signer's digest algorithm {0} is not announced")]
    DigestNotListed(HashAlgorithm),
    /// The content is not inside.
    #[error("CMS without content")]
    NoContent,
    /// Not exactly one signer (RFC 3161 2.4.2).
    #[error("{0} signers, not exactly one")]
    SignerCount(usize),
    /// More than 16 certificates.
    #[error("more than {limit} certificates")]
    TooManyCertificates {
        /// The limit.
        limit: usize,
    },
    /// A digest other than SHA-256, SHA-384 and SHA-512.
    #[error("digest algorithm {0} is not supported")]
    UnsupportedDigest(ObjectIdentifier),
    /// No signed attributes, which any content but id-data must have (RFC 5652 5.3).
    #[error("no signed attributes")]
    NoSignedAttributes,
    /// The same attribute twice (RFC 5652 5.3).
    #[error("signed attribute {0} occurs twice")]
    DuplicateAttribute(ObjectIdentifier),
    /// An attribute that must be there is not.
    #[error("no signed attribute {0}")]
    MissingAttribute(ObjectIdentifier),
    /// An attribute that must have exactly one value has none or several.
    #[error("signed attribute {0} does not have exactly one value")]
    AttributeValues(ObjectIdentifier),
}

/// Which certificate is the signer's (RFC 5652 5.3).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignerIdentifier {
    /// By its issuer and serial number (magnitude, big endian).
    IssuerAndSerial {
        /// The name of the issuer.
        issuer: Name,
        /// The serial number.
        serial: Vec<u8>,
    },
    /// By its subjectKeyIdentifier.
    KeyIdentifier(Vec<u8>),
}

impl SignerIdentifier {
    /// Whether this names the certificate.
    #[must_use]
    pub fn names(&self, certificate: &Certificate) -> bool {
        match self {
            SignerIdentifier::IssuerAndSerial { issuer, serial } => {
                certificate.issuer() == issuer && certificate.serial() == serial.as_slice()
            }
            SignerIdentifier::KeyIdentifier(identifier) => {
                certificate.subject_key_identifier() == Some(identifier.as_slice())
            }
        }
    }
}

/// What is signed, and the one SignerInfo.
#[derive(Clone, Debug)]
pub(crate) struct SignedData {
    pub(crate) content: Vec<u8>,
    /// DER of the embedded X.509 certificates, unread.
    pub(crate) certificates: Vec<Vec<u8>>,
    pub(crate) signer: SignerInfo,
}

#[derive(Clone, Debug)]
pub(crate) struct SignerInfo {
    pub(crate) identifier: SignerIdentifier,
    pub(crate) digest: HashAlgorithm,
    /// The signed attributes with the tag of a SET OF, which is what is signed (RFC 5652 5.4).
    pub(crate) signed_attributes: Vec<u8>,
    pub(crate) message_digest: Vec<u8>,
    /// The value of the attribute signing-certificate.
    pub(crate) signing_certificate: Option<Vec<u8>>,
    /// The value of the attribute signing-certificate-v2.
    pub(crate) signing_certificate_v2: Option<Vec<u8>>,
    pub(crate) algorithm: SignatureAlgorithm,
    pub(crate) signature: Vec<u8>,
}

impl SignedData {
    /// Reads a ContentInfo with a SignedData over content of this type.
    pub(crate) fn read(content_info: &Tlv<'_>, content_type: ObjectIdentifier) -> Result<Self, CmsError> {
        let mut info = content_info.reader();
        expect_type(&info.expect(OID)?, oid::SIGNED_DATA)?;
        let mut explicit = info.expect(context_constructed(0))?.reader();
        info.finish()?;
        let mut signed_data = explicit.sequence()?;
        explicit.finish()?;

        let version = signed_data.expect(INTEGER)?.unsigned_u64()?;
        if !matches!(version, 1 | 3..=5) {
            return Err(CmsError::Version(version));
        }
        let digests = read_digests(signed_data.expect(SET)?.reader())?;
        let content = read_content(signed_data.sequence()?, content_type)?;
        let certificates = match signed_data.optional(context_constructed(0))? {
            Some(set) => read_certificates(set.reader())?,
            None => Vec::new(),
        };
        signed_data.optional(context_constructed(1))?; // crls: revocation is not consulted
        let signer = read_only_signer(signed_data.expect(SET)?.reader(), content_type)?;
        signed_data.finish()?;
        // RFC 5652 5.1 lets a verifier refuse a signer whose digest is not announced.
        if !digests.contains(&signer.digest) {
            return Err(CmsError::DigestNotListed(signer.digest));
        }
        Ok(SignedData { content, certificates, signer })
    }
}

/// DigestAlgorithmIdentifiers (RFC 5652 5.1): those of them that are supported.
fn read_digests(mut set: Reader<'_>) -> Result<Vec<HashAlgorithm>, CmsError> {
    let mut digests = Vec::with_capacity(1);
    while !set.is_empty() {
        if digests.len() == MAX_DIGESTS {
            return Err(set.error(DerCause::TooMany { limit: MAX_DIGESTS }).into());
        }
        digests.push(algorithm::next(&mut set)?.hash());
    }
    Ok(digests.into_iter().flatten().collect())
}

fn expect_type(element: &Tlv<'_>, expected: ObjectIdentifier) -> Result<(), CmsError> {
    let found = element.object_identifier()?;
    if found == expected { Ok(()) } else { Err(CmsError::ContentType { expected, found }) }
}

/// EncapsulatedContentInfo (RFC 5652 5.2).
fn read_content(mut reader: Reader<'_>, content_type: ObjectIdentifier) -> Result<Vec<u8>, CmsError> {
    expect_type(&reader.expect(OID)?, content_type)?;
    let mut explicit = reader.optional(context_constructed(0))?.ok_or(CmsError::NoContent)?.reader();
    reader.finish()?;
    let content = explicit.expect(OCTET_STRING)?.value.to_vec();
    explicit.finish()?;
    Ok(content)
}

/// CertificateSet (RFC 5652 10.2.2): the X.509 certificates; other choices are passed over.
fn read_certificates(mut set: Reader<'_>) -> Result<Vec<Vec<u8>>, CmsError> {
    let mut certificates = Vec::new();
    while !set.is_empty() {
        let element = set.any()?;
        if certificates.len() == MAX_CERTIFICATES {
            return Err(CmsError::TooManyCertificates { limit: MAX_CERTIFICATES });
        }
        if element.tag == SEQUENCE {
            certificates.push(element.raw.to_vec());
        }
    }
    Ok(certificates)
}

fn read_only_signer(set: Reader<'_>, content_type: ObjectIdentifier) -> Result<SignerInfo, CmsError> {
    let mut rest = set;
    let mut count = 0;
    while !rest.is_empty() {
        rest.any()?;
        count += 1;
    }
    if count != 1 {
        return Err(CmsError::SignerCount(count));
    }
    let mut set = set;
    read_signer(set.sequence()?, content_type)
}

/// SignerInfo (RFC 5652 5.3). Unsigned attributes are passed over.
fn read_signer(mut reader: Reader<'_>, content_type: ObjectIdentifier) -> Result<SignerInfo, CmsError> {
    let version = reader.expect(INTEGER)?.unsigned_u64()?;
    let identifier = read_identifier(&reader.any()?)?;
    match (&identifier, version) {
        (SignerIdentifier::IssuerAndSerial { .. }, 1) | (SignerIdentifier::KeyIdentifier(_), 3) => {}
        _ => return Err(CmsError::Version(version)),
    }
    let digest_algorithm = algorithm::next(&mut reader)?;
    let digest = digest_algorithm.hash().ok_or(CmsError::UnsupportedDigest(digest_algorithm.algorithm))?;
    let attributes = reader.optional(context_constructed(0))?.ok_or(CmsError::NoSignedAttributes)?;
    let algorithm = SignatureAlgorithm::read_for_signer(&reader.expect(SEQUENCE)?, digest)?;
    let signature = reader.expect(OCTET_STRING)?.value.to_vec();
    reader.optional(context_constructed(1))?;
    reader.finish()?;

    let known = read_attributes(&attributes)?;
    let stated_type = known.content_type.ok_or(CmsError::MissingAttribute(oid::CONTENT_TYPE))?;
    expect_type(&stated_type, content_type)?;
    let message_digest = known.message_digest.ok_or(CmsError::MissingAttribute(oid::MESSAGE_DIGEST))?;
    let message_digest = only(message_digest.raw, OCTET_STRING)?.value.to_vec();
    let mut signed_attributes = attributes.raw.to_vec();
    if let Some(tag) = signed_attributes.first_mut() {
        *tag = SET;
    }
    Ok(SignerInfo {
        identifier,
        digest,
        signed_attributes,
        message_digest,
        signing_certificate: known.signing_certificate.map(|value| value.raw.to_vec()),
        signing_certificate_v2: known.signing_certificate_v2.map(|value| value.raw.to_vec()),
        algorithm,
        signature,
    })
}

fn read_identifier(element: &Tlv<'_>) -> Result<SignerIdentifier, DerError> {
    const KEY_IDENTIFIER: u8 = context(0);
    match element.tag {
        SEQUENCE => {
            let mut reader = element.reader();
            let issuer = Name::read(&reader.expect(SEQUENCE)?)?;
            let serial = reader.expect(INTEGER)?.unsigned()?.to_vec();
            reader.finish()?;
            Ok(SignerIdentifier::IssuerAndSerial { issuer, serial })
        }
        KEY_IDENTIFIER => Ok(SignerIdentifier::KeyIdentifier(element.value.to_vec())),
        found => Err(element.error(DerCause::UnexpectedTag { expected: SEQUENCE, found })),
    }
}

#[derive(Default)]
struct KnownAttributes<'a> {
    content_type: Option<Tlv<'a>>,
    message_digest: Option<Tlv<'a>>,
    signing_certificate: Option<Tlv<'a>>,
    signing_certificate_v2: Option<Tlv<'a>>,
}

/// SignedAttributes: no type twice, and one value in each that is used here.
fn read_attributes<'a>(set: &Tlv<'a>) -> Result<KnownAttributes<'a>, CmsError> {
    let mut reader = set.reader();
    let mut seen: Vec<ObjectIdentifier> = Vec::with_capacity(4);
    let mut known = KnownAttributes::default();
    while !reader.is_empty() {
        if seen.len() == MAX_ATTRIBUTES {
            return Err(reader.error(DerCause::TooMany { limit: MAX_ATTRIBUTES }).into());
        }
        let mut attribute = reader.sequence()?;
        let kind = attribute.any()?.object_identifier()?;
        let mut values = attribute.expect(SET)?.reader();
        attribute.finish()?;
        if seen.contains(&kind) {
            return Err(CmsError::DuplicateAttribute(kind));
        }
        seen.push(kind);
        let slot = match kind {
            oid::CONTENT_TYPE => &mut known.content_type,
            oid::MESSAGE_DIGEST => &mut known.message_digest,
            oid::SIGNING_CERTIFICATE => &mut known.signing_certificate,
            oid::SIGNING_CERTIFICATE_V2 => &mut known.signing_certificate_v2,
            _ => continue,
        };
        if values.is_empty() {
            return Err(CmsError::AttributeValues(kind));
        }
        *slot = Some(values.any()?);
        if !values.is_empty() {
            return Err(CmsError::AttributeValues(kind));
        }
    }
    Ok(known)
}
