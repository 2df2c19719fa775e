//! Reading a certificate (RFC 5280 4.1): strict DER, each extension once, the standard ones decoded at once.

use std::ops::Range;
use std::sync::OnceLock;

use der::oid::ObjectIdentifier;
use jiff::Timestamp;
use sealwax_crypto::{KeyError, PublicKey};

use crate::algorithm::SignatureAlgorithm;
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

/// What is read of a certificate, most of it as ranges of its bytes.
pub(crate) struct Parsed {
    pub(crate) der: Box<[u8]>,
    pub(crate) tbs: Range<usize>,
    pub(crate) serial: Range<usize>,
    pub(crate) algorithm: SignatureAlgorithm,
    pub(crate) issuer: Name,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) subject: Name,
    pub(crate) spki: Range<usize>,
    pub(crate) signature: Range<usize>,
    pub(crate) extensions: Vec<StoredExtension>,
    pub(crate) known: KnownExtensions,
    pub(crate) public_key: OnceLock<Result<PublicKey, KeyError>>,
    pub(crate) fingerprint: OnceLock<[u8; 32]>,
    pub(crate) spki_fingerprint: OnceLock<[u8; 32]>,
}

/// One extension, as ranges.
pub(crate) struct StoredExtension {
    pub(crate) oid: ObjectIdentifier,
    pub(crate) critical: bool,
    /// The whole element, for the precertificate.
    pub(crate) element: Range<usize>,
    pub(crate) value: Range<usize>,
}

/// The standard extensions, decoded.
#[derive(Default)]
pub(crate) struct KnownExtensions {
    pub(crate) basic_constraints: Option<BasicConstraints>,
    pub(crate) key_usage: Option<KeyUsage>,
    pub(crate) extended_key_usage: Option<ExtendedKeyUsage>,
    pub(crate) subject_alternative_names: Vec<GeneralName>,
    pub(crate) name_constraints: Option<NameConstraints>,
    pub(crate) subject_key_identifier: Option<Vec<u8>>,
    pub(crate) authority_key_identifier: Option<Vec<u8>>,
}

/// Certificate and TBSCertificate (RFC 5280 4.1). Unique identifiers, which CAs must not write, are refused.
pub(crate) fn parse(der: &[u8]) -> Result<Parsed, CertificateError> {
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
    let mut extensions: Vec<StoredExtension> = Vec::with_capacity(32);
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
        if extensions.iter().any(|earlier| oid::same(&earlier.oid, &oid)) {
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
