//! X.509 version 3 certificates (RFC 5280 4.1), kept as the bytes that were signed.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use der::oid::ObjectIdentifier;
use jiff::Timestamp;
use sealwax_crypto::{KeyError, PublicKey, sha256};

use crate::algorithm::{SignatureAlgorithm, SignatureError};
use crate::asn1::{
    BIT_STRING, BOOLEAN, DerCause, DerError, INTEGER, OCTET_STRING, Reader, SEQUENCE, context_constructed,
    only,
};
use crate::extensions::{self, BasicConstraints, ExtendedKeyUsage, KeyUsage};
use crate::general_name::GeneralName;
use crate::name::Name;
use crate::name_constraints::NameConstraints;
use crate::{oid, time};

/// The largest certificate that is read: eight times one with an ML-DSA-87 key and signature (7.5 KB).
pub const MAX_CERTIFICATE_BYTES: usize = 64 * 1024;

/// Extensions in one certificate. Fulcio's leaves have up to 28.
const MAX_EXTENSIONS: usize = 64;

/// RFC 5280 4.1.2.2: at most 20 octets, the sign octet included; some issuers count it apart.
const MAX_SERIAL_BYTES: usize = 20;

/// A certificate, read once. Clones share it.
#[derive(Clone)]
pub struct Certificate(Arc<Parsed>);

/// Bytes that are not a certificate that we read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// Larger than [`MAX_CERTIFICATE_BYTES`].
    #[error("certificate of {size} bytes, at most {MAX_CERTIFICATE_BYTES} are read")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// Not the DER of a certificate.
    #[error("malformed certificate: {0}")]
    Der(#[from] DerError),
    /// A version other than 1, 2 and 3, or extensions in one before 3 (RFC 5280 4.1.2.1).
    #[error("certificate version {0} does not fit its content")]
    Version(u64),
    /// RFC 5280 4.1.1.2: the algorithm inside and outside of what is signed differ.
    #[error("signature algorithm differs inside and outside of the signed part")]
    AlgorithmMismatch,
    /// RFC 5280 4.1.2.2: longer than 20 octets.
    #[error("serial number of {size} bytes, at most {MAX_SERIAL_BYTES} are allowed")]
    SerialTooLong {
        /// Its size in bytes.
        size: usize,
    },
    /// RFC 5280 4.2: the same extension twice.
    #[error("extension {0} occurs twice")]
    DuplicateExtension(ObjectIdentifier),
    /// More than 64 extensions.
    #[error("more than {limit} extensions")]
    TooManyExtensions {
        /// The limit.
        limit: usize,
    },
    /// The content of a standard extension is not what its type says.
    #[error("malformed extension {oid}: {source}")]
    Extension {
        /// Which extension.
        oid: ObjectIdentifier,
        /// What is wrong, with the offset in the extension's value.
        source: DerError,
    },
}

/// One extension, as it stands in the certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension<'a> {
    /// What it is.
    pub oid: ObjectIdentifier,
    /// Whether a verifier that does not know it must refuse the certificate.
    pub critical: bool,
    /// Its value: the content of the OCTET STRING.
    pub value: &'a [u8],
}

struct Parsed {
    der: Box<[u8]>,
    tbs: Range<usize>,
    serial: Range<usize>,
    algorithm: SignatureAlgorithm,
    issuer: Name,
    not_before: Timestamp,
    not_after: Timestamp,
    subject: Name,
    spki: Range<usize>,
    signature: Range<usize>,
    extensions: Vec<StoredExtension>,
    known: KnownExtensions,
    public_key: OnceLock<Result<PublicKey, KeyError>>,
    fingerprint: OnceLock<[u8; 32]>,
    spki_fingerprint: OnceLock<[u8; 32]>,
}

struct StoredExtension {
    oid: ObjectIdentifier,
    critical: bool,
    /// The whole element, for the precertificate.
    element: Range<usize>,
    value: Range<usize>,
}

#[derive(Default)]
struct KnownExtensions {
    basic_constraints: Option<BasicConstraints>,
    key_usage: Option<KeyUsage>,
    extended_key_usage: Option<ExtendedKeyUsage>,
    subject_alternative_names: Vec<GeneralName>,
    name_constraints: Option<NameConstraints>,
    subject_key_identifier: Option<Vec<u8>>,
    authority_key_identifier: Option<Vec<u8>>,
}

impl Certificate {
    /// Reads one certificate that fills the input. Its key is looked at when it is first used.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > MAX_CERTIFICATE_BYTES {
            return Err(CertificateError::TooLarge { size: der.len() });
        }
        parse(der).map(|parsed| Certificate(Arc::new(parsed)))
    }

    /// The whole certificate.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The part that is signed.
    #[must_use]
    pub fn tbs_der(&self) -> &[u8] {
        self.part(&self.0.tbs)
    }

    /// Whom the certificate is about.
    #[must_use]
    pub fn subject(&self) -> &Name {
        &self.0.subject
    }

    /// Who says so.
    #[must_use]
    pub fn issuer(&self) -> &Name {
        &self.0.issuer
    }

    /// Whether subject and issuer are the same name (RFC 5280 6.1: self-issued).
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.0.subject == self.0.issuer
    }

    /// The serial number's magnitude, big endian, without leading zeros (zero is one zero octet).
    #[must_use]
    pub fn serial(&self) -> &[u8] {
        self.part(&self.0.serial)
    }

    /// The first instant of validity, inclusive.
    #[must_use]
    pub fn not_before(&self) -> Timestamp {
        self.0.not_before
    }

    /// The last instant of validity, inclusive.
    #[must_use]
    pub fn not_after(&self) -> Timestamp {
        self.0.not_after
    }

    /// The SubjectPublicKeyInfo.
    #[must_use]
    pub fn public_key_spki(&self) -> &[u8] {
        self.part(&self.0.spki)
    }

    /// The subject's key, prepared once. A key of an unknown kind fails here and nowhere else.
    pub fn public_key(&self) -> Result<&PublicKey, &KeyError> {
        self.0.public_key.get_or_init(|| PublicKey::from_spki_der(self.public_key_spki())).as_ref()
    }

    /// SHA-256 of the whole certificate.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        *self.0.fingerprint.get_or_init(|| sha256(self.der()))
    }

    /// SHA-256 of the SubjectPublicKeyInfo: the issuer key hash of RFC 6962 3.2.
    #[must_use]
    pub fn spki_fingerprint(&self) -> [u8; 32] {
        *self.0.spki_fingerprint.get_or_init(|| sha256(self.public_key_spki()))
    }

    /// The algorithm of the signature on this certificate.
    #[must_use]
    pub fn signature_algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm
    }

    /// Verifies the signature on this certificate, and nothing else.
    pub fn check_signature_by(&self, issuer_key: &PublicKey) -> Result<(), SignatureError> {
        self.0.algorithm.verify(issuer_key, self.tbs_der(), self.part(&self.0.signature))
    }

    /// basicConstraints.
    #[must_use]
    pub fn basic_constraints(&self) -> Option<BasicConstraints> {
        self.0.known.basic_constraints
    }

    /// Whether basicConstraints are there and say so.
    #[must_use]
    pub fn is_ca(&self) -> bool {
        self.basic_constraints().is_some_and(|constraints| constraints.ca)
    }

    /// keyUsage.
    #[must_use]
    pub fn key_usage(&self) -> Option<KeyUsage> {
        self.0.known.key_usage
    }

    /// extKeyUsage.
    #[must_use]
    pub fn extended_key_usage(&self) -> Option<&ExtendedKeyUsage> {
        self.0.known.extended_key_usage.as_ref()
    }

    /// The names in subjectAltName; none if the extension is absent.
    #[must_use]
    pub fn subject_alternative_names(&self) -> &[GeneralName] {
        &self.0.known.subject_alternative_names
    }

    /// subjectKeyIdentifier.
    #[must_use]
    pub fn subject_key_identifier(&self) -> Option<&[u8]> {
        self.0.known.subject_key_identifier.as_deref()
    }

    /// The key identifier in authorityKeyIdentifier.
    #[must_use]
    pub fn authority_key_identifier(&self) -> Option<&[u8]> {
        self.0.known.authority_key_identifier.as_deref()
    }

    /// The extension of this type.
    #[must_use]
    pub fn extension(&self, oid: &ObjectIdentifier) -> Option<Extension<'_>> {
        self.extensions().find(|extension| extension.oid == *oid)
    }

    /// All extensions, in order.
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'_>> {
        self.0.extensions.iter().map(|stored| Extension {
            oid: stored.oid,
            critical: stored.critical,
            value: self.part(&stored.value),
        })
    }

    /// The first critical extension that this crate does not act on (RFC 5280 4.2: such a certificate is refused).
    /// Name constraints count as known on a CA only, where they are enforced.
    #[must_use]
    pub fn unknown_critical_extension(&self) -> Option<ObjectIdentifier> {
        let known = |oid: ObjectIdentifier| match oid {
            oid::BASIC_CONSTRAINTS
            | oid::KEY_USAGE
            | oid::EXTENDED_KEY_USAGE
            | oid::SUBJECT_ALTERNATIVE_NAME => true,
            oid::NAME_CONSTRAINTS => self.is_ca(),
            _ => false,
        };
        let mut critical = self.0.extensions.iter().filter(|extension| extension.critical);
        critical.find(|extension| !known(extension.oid)).map(|extension| extension.oid)
    }

    pub(crate) fn name_constraints(&self) -> Option<&NameConstraints> {
        self.0.known.name_constraints.as_ref()
    }

    /// The signed part up to its extensions, and the elements of all extensions but one.
    pub(crate) fn tbs_without(&self, oid: &ObjectIdentifier) -> (&[u8], impl Iterator<Item = &[u8]>) {
        let fields_start =
            only(self.tbs_der(), SEQUENCE).map_or(0, |tbs| tbs.value_offset()) + self.0.tbs.start;
        let fields = self.part(&(fields_start..self.0.spki.end));
        let others = self.0.extensions.iter().filter(move |extension| extension.oid != *oid);
        (fields, others.map(|extension| self.part(&extension.element)))
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        // The ranges were cut out of these very bytes.
        self.0.der.get(range.clone()).unwrap_or_default()
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = self.subject_alternative_names().iter().map(ToString::to_string);
        write!(
            output,
            "Certificate({}{} issued by {}, valid {} to {})",
            self.subject(),
            names.next().unwrap_or_default(),
            self.issuer(),
            self.not_before(),
            self.not_after()
        )
    }
}

/// Certificate and TBSCertificate (RFC 5280 4.1). Unique identifiers, which CAs must not write, are refused.
fn parse(der: &[u8]) -> Result<Parsed, CertificateError> {
    let mut certificate = only(der, SEQUENCE)?.reader();
    let tbs = certificate.expect(SEQUENCE)?;
    let outer_algorithm = certificate.expect(SEQUENCE)?;
    let signature = certificate.expect(BIT_STRING)?;
    signature.octet_aligned_bits()?;
    certificate.finish()?;

    let mut fields = tbs.reader();
    let version = read_version(&mut fields)?;
    let serial_element = fields.expect(INTEGER)?;
    let serial = serial_element.unsigned()?;
    if serial.len() > MAX_SERIAL_BYTES {
        return Err(CertificateError::SerialTooLong { size: serial.len() });
    }
    let inner_algorithm = fields.expect(SEQUENCE)?;
    if inner_algorithm.raw != outer_algorithm.raw {
        return Err(CertificateError::AlgorithmMismatch);
    }
    let algorithm = SignatureAlgorithm::read(&inner_algorithm)?;
    let issuer = Name::read(&fields.expect(SEQUENCE)?)?;
    let mut validity = fields.sequence()?;
    let not_before = time::read(&mut validity)?;
    let not_after = time::read(&mut validity)?;
    validity.finish()?;
    let subject = Name::read(&fields.expect(SEQUENCE)?)?;
    let spki = fields.expect(SEQUENCE)?;
    let extensions = match fields.optional(context_constructed(3))? {
        Some(_) if version < 3 => return Err(CertificateError::Version(version)),
        Some(explicit) => {
            let mut inner = explicit.reader();
            let extensions = read_extensions(inner.sequence()?)?;
            inner.finish()?;
            extensions
        }
        None => Vec::new(),
    };
    fields.finish()?;

    let known = read_known(der, &extensions)?;
    let serial_end = serial_element.range().end;
    Ok(Parsed {
        tbs: tbs.range(),
        serial: serial_end - serial.len()..serial_end,
        algorithm,
        issuer,
        not_before,
        not_after,
        subject,
        spki: spki.range(),
        signature: signature.value_offset() + 1..signature.range().end,
        extensions,
        known,
        public_key: OnceLock::new(),
        fingerprint: OnceLock::new(),
        spki_fingerprint: OnceLock::new(),
        der: der.into(),
    })
}

/// The version as people count it. Version 1 is the default and written out by some.
fn read_version(fields: &mut Reader<'_>) -> Result<u64, CertificateError> {
    let Some(explicit) = fields.optional(context_constructed(0))? else { return Ok(1) };
    let mut inner = explicit.reader();
    let version = inner.any()?.unsigned_u64()?;
    inner.finish()?;
    match version {
        0..=2 => Ok(version + 1),
        _ => Err(CertificateError::Version(version.saturating_add(1))),
    }
}

fn read_extensions(mut reader: Reader<'_>) -> Result<Vec<StoredExtension>, CertificateError> {
    if reader.is_empty() {
        return Err(reader.error(DerCause::Empty).into());
    }
    let mut extensions: Vec<StoredExtension> = Vec::with_capacity(16);
    while !reader.is_empty() {
        if extensions.len() == MAX_EXTENSIONS {
            return Err(CertificateError::TooManyExtensions { limit: MAX_EXTENSIONS });
        }
        let element = reader.expect(SEQUENCE)?;
        let mut fields = element.reader();
        let oid = fields.any()?.object_identifier()?;
        let critical =
            fields.optional(BOOLEAN)?.map(|critical| critical.boolean()).transpose()?.unwrap_or(false);
        let value = fields.expect(OCTET_STRING)?;
        fields.finish()?;
        if extensions.iter().any(|earlier| earlier.oid == oid) {
            return Err(CertificateError::DuplicateExtension(oid));
        }
        extensions.push(StoredExtension {
            oid,
            critical,
            element: element.range(),
            value: value.value_range(),
        });
    }
    Ok(extensions)
}

fn read_known(der: &[u8], extensions: &[StoredExtension]) -> Result<KnownExtensions, CertificateError> {
    let mut known = KnownExtensions::default();
    for extension in extensions {
        let value = der.get(extension.value.clone()).unwrap_or_default();
        read_one_known(&mut known, extension, value)
            .map_err(|source| CertificateError::Extension { oid: extension.oid, source })?;
    }
    Ok(known)
}

fn read_one_known(
    known: &mut KnownExtensions,
    extension: &StoredExtension,
    value: &[u8],
) -> Result<(), DerError> {
    match extension.oid {
        oid::BASIC_CONSTRAINTS => known.basic_constraints = Some(BasicConstraints::read(value)?),
        oid::KEY_USAGE => known.key_usage = Some(KeyUsage::read(value)?),
        oid::EXTENDED_KEY_USAGE => {
            known.extended_key_usage = Some(ExtendedKeyUsage::read(value, extension.critical)?);
        }
        oid::SUBJECT_ALTERNATIVE_NAME => {
            known.subject_alternative_names = extensions::subject_alternative_names(value)?;
        }
        oid::NAME_CONSTRAINTS => known.name_constraints = Some(NameConstraints::read(value)?),
        oid::SUBJECT_KEY_IDENTIFIER => {
            known.subject_key_identifier = Some(extensions::subject_key_identifier(value)?);
        }
        oid::AUTHORITY_KEY_IDENTIFIER => {
            known.authority_key_identifier = extensions::authority_key_identifier(value)?;
        }
        _ => {}
    }
    Ok(())
}
