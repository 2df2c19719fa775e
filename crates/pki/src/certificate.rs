//! X.509 version 3 certificates (RFC 5280 4.1), kept as the bytes that were signed.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use der::oid::ObjectIdentifier;
use jiff::Timestamp;
use sealwax_crypto::{KeyError, PublicKey, sha256};

use crate::algorithm::{SignatureAlgorithm, SignatureError};
use crate::asn1::{BIT_STRING, SEQUENCE, only};
use crate::certificate_parse::{CertificateError, MAX_CERTIFICATE_BYTES, Parsed, StoredExtension, parse};
use crate::extensions::{BasicConstraints, ExtendedKeyUsage, KeyUsage};
use crate::general_name::GeneralName;
use crate::name::Name;
use crate::name_constraints::NameConstraints;
use crate::oid;
use crate::write::{element, total};

/// A certificate, read once. Clones share it.
#[derive(Clone)]
pub struct Certificate(Arc<Parsed>);

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

impl Certificate {
    /// Reads one certificate that fills the input. Its key is looked at when it is first used.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > MAX_CERTIFICATE_BYTES {
            return Err(CertificateError::TooLarge { size: der.len() });
        }
        parse(der).map(|parsed| Certificate(Arc::new(parsed)))
    }

    /// This certificate under another signature. What is signed is the same bytes, so it is not read again, unless others share
    /// this certificate or its header changes its length.
    ///
    /// # Errors
    /// [`CertificateError::TooLarge`].
    pub fn signed(self, signature: &[u8]) -> Result<Self, CertificateError> {
        let mut parsed = match Arc::try_unwrap(self.0) {
            Ok(parsed) => parsed,
            Err(shared) => return Certificate::assemble(Certificate(shared).tbs_der(), signature),
        };
        // The bits of the signature come last, behind the algorithm.
        let end = parsed.der.len() - total(1 + parsed.signature.len());
        let kept = parsed.der.get(parsed.tbs.start..end).unwrap_or_default();
        let bits = element(BIT_STRING, &[&[0], signature]);
        let der = element(SEQUENCE, &[kept, &bits]);
        if der.len() > MAX_CERTIFICATE_BYTES || der.len() - kept.len() - bits.len() != parsed.tbs.start {
            return Certificate::from_der(&der);
        }
        parsed.signature = der.len() - signature.len()..der.len();
        parsed.der = der.into();
        parsed.fingerprint = OnceLock::new();
        Ok(Certificate(Arc::new(parsed)))
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
        let mut stored = self.0.extensions.iter();
        stored.find(|stored| oid::same(&stored.oid, oid)).map(|stored| self.extension_of(stored))
    }

    /// All extensions, in order.
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'_>> {
        self.0.extensions.iter().map(|stored| self.extension_of(stored))
    }

    fn extension_of(&self, stored: &StoredExtension) -> Extension<'_> {
        Extension { oid: stored.oid, critical: stored.critical, value: self.part(&stored.value) }
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
        let others = self.0.extensions.iter().filter(move |extension| !oid::same(&extension.oid, oid));
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
