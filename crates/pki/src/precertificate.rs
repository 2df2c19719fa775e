//! Precertificates (RFC 6962 3.1), and what a log makes of them and of certificates (3.4).

use der::oid::ObjectIdentifier;

use crate::asn1::{
    BOOLEAN, DerError, INTEGER, NULL, OCTET_STRING, OID, Reader, SEQUENCE, context_constructed,
    header_length, write_header,
};
use crate::certificate::{Certificate, Extension};
use crate::oid;

/// The purpose of a Precertificate Signing Certificate (RFC 6962 3.1).
const PRECERTIFICATE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.4.4");

/// `x509_entry` and `precert_entry` of `LogEntryType` (RFC 6962 3.1).
const X509_ENTRY: [u8; 2] = [0, 0];
const PRECERT_ENTRY: [u8; 2] = [0, 1];

/// A precertificate that cannot be logged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrecertificateError {
    /// The poison is there, but not critical, or not NULL.
    #[error("the poison extension is not critical, or is not NULL")]
    Poison,
    /// There is no poison, so this is not a precertificate.
    #[error("not a precertificate: it has no poison extension")]
    NotPoisoned,
    /// The chain ends before the issuer of the certificate to come.
    #[error("the chain ends before the issuer of the certificate that the precertificate announces")]
    NoIssuer,
    /// RFC 6962 3.2 demands authorityKeyIdentifier in a precertificate and in its signing certificate, or in neither.
    #[error("authorityKeyIdentifier is in one of the precertificate and its signing certificate only")]
    AuthorityKeyIdentifier,
    /// The TBSCertificate could not be taken apart.
    #[error("malformed precertificate: {0}")]
    Der(#[from] DerError),
    /// Longer than 2^24-1 bytes.
    #[error("a TBSCertificate of {size} bytes does not fit into a log entry")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
}

impl Certificate {
    /// Whether this is a precertificate: whether it carries the poison.
    ///
    /// # Errors
    /// [`PrecertificateError::Poison`] if what it carries is not the poison of RFC 6962 3.1: critical, and NULL.
    pub fn is_precertificate(&self) -> Result<bool, PrecertificateError> {
        match self.extension(&oid::PRECERTIFICATE_POISON) {
            None => Ok(false),
            Some(Extension { critical: true, value: [NULL, 0], .. }) => Ok(true),
            Some(_) => Err(PrecertificateError::Poison),
        }
    }

    /// Whether this is a Precertificate Signing Certificate: a CA for that purpose (RFC 6962 3.1).
    #[must_use]
    pub fn is_precertificate_signing(&self) -> bool {
        self.is_ca() && self.extended_key_usage().is_some_and(|usage| usage.has(&PRECERTIFICATE_SIGNING))
    }
}

/// `entry_type` and `signed_entry` of a log entry for a certificate (RFC 6962 3.4).
#[must_use]
pub fn x509_log_entry(certificate: &Certificate) -> Vec<u8> {
    let der = certificate.der();
    let mut entry = Vec::with_capacity(5 + der.len());
    entry.extend_from_slice(&X509_ENTRY);
    // The length is at most MAX_CERTIFICATE_BYTES.
    let [.., high, middle, low] = der.len().to_be_bytes();
    entry.extend_from_slice(&[high, middle, low]);
    entry.extend_from_slice(der);
    entry
}

/// `entry_type` and `signed_entry` of a log entry for the first certificate of a path, a precertificate (RFC 6962 3.2,
/// 3.4): the key hash of the CA that will issue the certificate, and the TBSCertificate without the poison, with every
/// other byte as it is.
///
/// That CA is the second certificate, or the third if the second is a Precertificate Signing Certificate; then the
/// issuer and authorityKeyIdentifier are made those of the certificate to come. Nothing is verified here.
///
/// # Errors
/// [`PrecertificateError`].
pub fn precert_log_entry(path: &[Certificate]) -> Result<Vec<u8>, PrecertificateError> {
    let (precertificate, above) = path.split_first().ok_or(PrecertificateError::NotPoisoned)?;
    if !precertificate.is_precertificate()? {
        return Err(PrecertificateError::NotPoisoned);
    }
    let (issuer, signing) = match above {
        [signing, issuer, ..] if signing.is_precertificate_signing() => (issuer, Some(signing)),
        [issuer, ..] if !issuer.is_precertificate_signing() => (issuer, None),
        _ => return Err(PrecertificateError::NoIssuer),
    };
    let mut entry = Vec::with_capacity(64 + precertificate.tbs_der().len());
    entry.extend_from_slice(&PRECERT_ENTRY);
    entry.extend_from_slice(&issuer.spki_fingerprint());
    entry.extend_from_slice(&[0; 3]);
    let start = entry.len();
    match signing {
        None => push_tbs_without(&mut entry, precertificate, &oid::PRECERTIFICATE_POISON),
        Some(signing) => push_reissued_tbs(&mut entry, precertificate, signing)?,
    }
    let size = entry.len() - start;
    let Some([0, length @ ..]) = u32::try_from(size).ok().map(u32::to_be_bytes) else {
        return Err(PrecertificateError::TooLarge { size });
    };
    if let Some(room) = entry.get_mut(start - 3..start) {
        room.copy_from_slice(&length);
    }
    Ok(entry)
}

/// The TBSCertificate without that extension. A list of extensions that would be empty is left out (RFC 5280 4.1: at
/// least one).
pub(crate) fn push_tbs_without(output: &mut Vec<u8>, certificate: &Certificate, oid: &ObjectIdentifier) {
    let (fields, extensions) = certificate.tbs_without(oid);
    let list_length: usize = extensions.map(<[u8]>::len).sum();
    write_tbs_start(output, &[fields], list_length);
    let (_, extensions) = certificate.tbs_without(oid);
    extensions.for_each(|extension| output.extend_from_slice(extension));
}

/// The TBSCertificate without its poison, as the issuer of `signing` will issue it.
fn push_reissued_tbs(
    output: &mut Vec<u8>,
    precertificate: &Certificate,
    signing: &Certificate,
) -> Result<(), PrecertificateError> {
    let (fields, extensions) = precertificate.tbs_without(&oid::PRECERTIFICATE_POISON);
    let mut reader = Reader::new(fields);
    reader.optional(context_constructed(0))?; // version
    reader.expect(INTEGER)?; // serialNumber
    reader.expect(SEQUENCE)?; // signature
    let issuer = reader.expect(SEQUENCE)?.range();
    let before = fields.get(..issuer.start).unwrap_or_default();
    let after = fields.get(issuer.end..).unwrap_or_default();

    let own = precertificate.extension(&oid::AUTHORITY_KEY_IDENTIFIER);
    let replacement = match (own, signing.extension(&oid::AUTHORITY_KEY_IDENTIFIER)) {
        (None, None) => None,
        (Some(own), Some(theirs)) => Some(extension(&Extension { value: theirs.value, ..own })),
        _ => return Err(PrecertificateError::AuthorityKeyIdentifier),
    };
    let mut elements: Vec<&[u8]> = extensions.collect();
    if let Some(replacement) = &replacement {
        let remaining = precertificate.extensions().filter(|other| other.oid != oid::PRECERTIFICATE_POISON);
        for (element, _) in
            elements.iter_mut().zip(remaining).filter(|(_, other)| other.oid == oid::AUTHORITY_KEY_IDENTIFIER)
        {
            *element = replacement;
        }
    }
    let list_length = elements.iter().map(|element| element.len()).sum();
    write_tbs_start(output, &[before, signing.issuer().der(), after], list_length);
    elements.iter().for_each(|element| output.extend_from_slice(element));
    Ok(())
}

/// A TBSCertificate of these fields up to its extensions, of which so many bytes follow.
fn write_tbs_start(output: &mut Vec<u8>, fields: &[&[u8]], list_length: usize) {
    let fields_length: usize = fields.iter().map(|field| field.len()).sum();
    let explicit_length = header_length(list_length) + list_length;
    let extensions_length =
        if list_length == 0 { 0 } else { header_length(explicit_length) + explicit_length };
    write_header(output, SEQUENCE, fields_length + extensions_length);
    fields.iter().for_each(|field| output.extend_from_slice(field));
    if list_length > 0 {
        write_header(output, context_constructed(3), explicit_length);
        write_header(output, SEQUENCE, list_length);
    }
}

/// One extension (RFC 5280 4.1).
fn extension(extension: &Extension<'_>) -> Vec<u8> {
    let mut content = Vec::with_capacity(16 + extension.value.len());
    write_header(&mut content, OID, extension.oid.as_bytes().len());
    content.extend_from_slice(extension.oid.as_bytes());
    if extension.critical {
        content.extend_from_slice(&[BOOLEAN, 1, 0xff]);
    }
    write_header(&mut content, OCTET_STRING, extension.value.len());
    content.extend_from_slice(extension.value);
    let mut element = Vec::with_capacity(8 + content.len());
    write_header(&mut element, SEQUENCE, content.len());
    element.extend_from_slice(&content);
    element
}
