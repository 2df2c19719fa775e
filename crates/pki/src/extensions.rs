//! The standard extensions that decide about a path (RFC 5280 4.2.1).

use der::oid::ObjectIdentifier;

use crate::asn1::{BIT_STRING, BOOLEAN, DerCause, DerError, INTEGER, OCTET_STRING, SEQUENCE, context, only};
use crate::general_name::GeneralName;
use crate::oid;

/// Purposes in one extension. Real certificates have up to a dozen.
const MAX_PURPOSES: usize = 64;

/// basicConstraints (RFC 5280 4.2.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether the subject is a CA.
    pub ca: bool,
    /// How many CA certificates, self-issued ones aside, may stand between this one and a leaf.
    pub path_length: Option<u64>,
}

impl BasicConstraints {
    pub(crate) fn read(value: &[u8]) -> Result<Self, DerError> {
        let mut reader = only(value, SEQUENCE)?.reader();
        // `cA FALSE` is the default and should be absent; it is written out often enough.
        let ca = reader.optional(BOOLEAN)?.map(|ca| ca.boolean()).transpose()?.unwrap_or(false);
        let path_length = reader.optional(INTEGER)?.map(|length| length.unsigned_u64()).transpose()?;
        reader.finish()?;
        Ok(BasicConstraints { ca, path_length })
    }
}

/// keyUsage (RFC 5280 4.2.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUsage(u16);

impl KeyUsage {
    pub(crate) fn read(value: &[u8]) -> Result<Self, DerError> {
        Ok(KeyUsage(only(value, BIT_STRING)?.named_bits()?))
    }

    /// What a leaf of this field has: digitalSignature alone.
    pub const DIGITAL_SIGNATURE: Self = KeyUsage(0x8000);

    /// Bit 0: signatures on anything but certificates and revocation lists.
    #[must_use]
    pub fn digital_signature(self) -> bool {
        self.bit(0)
    }

    /// Bit 1, contentCommitment, also called nonRepudiation.
    #[must_use]
    pub fn content_commitment(self) -> bool {
        self.bit(1)
    }

    /// Bit 5: signatures on certificates.
    #[must_use]
    pub fn certificate_signing(self) -> bool {
        self.bit(5)
    }

    fn bit(self, number: u32) -> bool {
        self.0 & (0x8000 >> number) != 0
    }
}

/// extKeyUsage (RFC 5280 4.2.1.12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtendedKeyUsage {
    /// The purposes, in the order of the certificate.
    pub purposes: Vec<ObjectIdentifier>,
    /// Whether the extension is critical.
    pub critical: bool,
}

impl ExtendedKeyUsage {
    pub(crate) fn read(value: &[u8], critical: bool) -> Result<Self, DerError> {
        let sequence = only(value, SEQUENCE)?;
        let mut reader = sequence.reader();
        if reader.is_empty() {
            return Err(sequence.error(DerCause::Empty));
        }
        let mut purposes = Vec::with_capacity(1);
        while !reader.is_empty() {
            if purposes.len() == MAX_PURPOSES {
                return Err(reader.error(DerCause::TooMany { limit: MAX_PURPOSES }));
            }
            purposes.push(reader.any()?.object_identifier()?);
        }
        Ok(ExtendedKeyUsage { purposes, critical })
    }

    /// Whether this very purpose is listed.
    #[must_use]
    pub fn has(&self, purpose: &ObjectIdentifier) -> bool {
        self.purposes.contains(purpose)
    }

    /// Whether a CA with this extension may stand above a leaf of that purpose: it lists it, or any.
    #[must_use]
    pub fn permits(&self, purpose: &ObjectIdentifier) -> bool {
        self.has(purpose) || self.has(&oid::ANY_EXTENDED_KEY_USAGE)
    }
}

/// subjectAltName (RFC 5280 4.2.1.6).
pub(crate) fn subject_alternative_names(value: &[u8]) -> Result<Vec<GeneralName>, DerError> {
    GeneralName::read_all(only(value, SEQUENCE)?.reader())
}

/// subjectKeyIdentifier (RFC 5280 4.2.1.2).
pub(crate) fn subject_key_identifier(value: &[u8]) -> Result<Vec<u8>, DerError> {
    Ok(only(value, OCTET_STRING)?.value.to_vec())
}

/// The keyIdentifier of authorityKeyIdentifier (RFC 5280 4.2.1.1); its issuer and serial number are not used.
pub(crate) fn authority_key_identifier(value: &[u8]) -> Result<Option<Vec<u8>>, DerError> {
    let mut reader = only(value, SEQUENCE)?.reader();
    Ok(reader.optional(context(0))?.map(|identifier| identifier.value.to_vec()))
}
