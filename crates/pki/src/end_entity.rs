//! What a leaf must be before anybody asks who issued it.

use der::oid::ObjectIdentifier;

use crate::certificate::Certificate;
use crate::general_name::GeneralName;
use crate::oid;

/// What a leaf is used for; the extended key usages of a path are read in this light.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// Signing artifacts and statements: id-kp-codeSigning.
    CodeSigning,
    /// Signing time-stamp tokens: id-kp-timeStamping.
    TimeStamping,
}

impl Purpose {
    /// Its key purpose identifier.
    #[must_use]
    pub fn oid(self) -> ObjectIdentifier {
        match self {
            Purpose::CodeSigning => oid::CODE_SIGNING,
            Purpose::TimeStamping => oid::TIME_STAMPING,
        }
    }
}

/// A certificate that has the profile of a leaf for a purpose. Only the checks build one, and only for one is a path
/// searched.
#[derive(Clone, Copy, Debug)]
pub struct EndEntity<'a> {
    certificate: &'a Certificate,
    purpose: Purpose,
}

/// A certificate that cannot be the leaf that it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndEntityError {
    /// basicConstraints make it a CA.
    #[error("the certificate is a CA")]
    IsCa,
    /// RFC 5280 4.2: a critical extension that nobody here acts on.
    #[error("critical extension {0} is not understood")]
    UnknownCriticalExtension(ObjectIdentifier),
    /// keyUsage is absent.
    #[error("no key usage")]
    NoKeyUsage,
    /// keyUsage does not have digitalSignature.
    #[error("key usage without digitalSignature")]
    NoDigitalSignature,
    /// extKeyUsage is absent.
    #[error("no extended key usage")]
    NoExtendedKeyUsage,
    /// extKeyUsage does not list the purpose.
    #[error("extended key usage {} without {expected}", listed(found))]
    WrongExtendedKeyUsage {
        /// The purpose asked for.
        expected: ObjectIdentifier,
        /// The purposes listed.
        found: Vec<ObjectIdentifier>,
    },
    /// RFC 3161 2.3: the extension of a time-stamping certificate is critical.
    #[error("extended key usage is not critical")]
    ExtendedKeyUsageNotCritical,
    /// RFC 3161 2.3: and has that purpose alone.
    #[error("extended key usage lists {}, not timeStamping alone", listed(_0))]
    OtherExtendedKeyUsages(Vec<ObjectIdentifier>),
    /// Not exactly one subject alternative name, so there is no answer to "who".
    #[error("{0} subject alternative names, not exactly one")]
    SubjectAlternativeNameCount(usize),
    /// The one name is of a kind without text, so no identity can be compared with it.
    #[error("a subject alternative name of kind {0} is not an identity")]
    UnsupportedSubjectAlternativeName(&'static str),
}

impl<'a> EndEntity<'a> {
    /// The profile of a Fulcio leaf: not a CA, nothing critical that is unknown, keyUsage digitalSignature,
    /// extKeyUsage codeSigning, exactly one alternative name, with text.
    pub fn code_signing(certificate: &'a Certificate) -> Result<Self, EndEntityError> {
        check_common(certificate)?;
        let key_usage = certificate.key_usage().ok_or(EndEntityError::NoKeyUsage)?;
        if !key_usage.digital_signature() {
            return Err(EndEntityError::NoDigitalSignature);
        }
        check_purpose(certificate, Purpose::CodeSigning)?;
        let [name] = certificate.subject_alternative_names() else {
            let count = certificate.subject_alternative_names().len();
            return Err(EndEntityError::SubjectAlternativeNameCount(count));
        };
        if name.identity().is_none() {
            return Err(EndEntityError::UnsupportedSubjectAlternativeName(name.kind()));
        }
        Ok(EndEntity { certificate, purpose: Purpose::CodeSigning })
    }

    /// The profile of RFC 3161 2.3: not a CA, nothing critical that is unknown, extKeyUsage critical and timeStamping alone;
    /// keyUsage, if there, allows signing.
    pub fn time_stamping(certificate: &'a Certificate) -> Result<Self, EndEntityError> {
        check_common(certificate)?;
        let signs = |usage: crate::KeyUsage| usage.digital_signature() || usage.content_commitment();
        if !certificate.key_usage().is_none_or(signs) {
            return Err(EndEntityError::NoDigitalSignature);
        }
        check_purpose(certificate, Purpose::TimeStamping)?;
        match certificate.extended_key_usage() {
            Some(usage) if usage.purposes.len() != 1 => {
                Err(EndEntityError::OtherExtendedKeyUsages(usage.purposes.clone()))
            }
            Some(usage) if !usage.critical => Err(EndEntityError::ExtendedKeyUsageNotCritical),
            _ => Ok(EndEntity { certificate, purpose: Purpose::TimeStamping }),
        }
    }

    /// The certificate.
    #[must_use]
    pub fn certificate(&self) -> &'a Certificate {
        self.certificate
    }

    /// What it was checked for.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Who: the one alternative name of a code-signing leaf.
    #[must_use]
    pub fn name(&self) -> Option<&'a GeneralName> {
        match self.purpose {
            Purpose::CodeSigning => self.certificate.subject_alternative_names().first(),
            Purpose::TimeStamping => None,
        }
    }
}

fn listed(purposes: &[ObjectIdentifier]) -> String {
    purposes.iter().map(ObjectIdentifier::to_string).collect::<Vec<_>>().join(", ")
}

fn check_common(certificate: &Certificate) -> Result<(), EndEntityError> {
    if certificate.is_ca() {
        return Err(EndEntityError::IsCa);
    }
    match certificate.unknown_critical_extension() {
        Some(extension) => Err(EndEntityError::UnknownCriticalExtension(extension)),
        None => Ok(()),
    }
}

fn check_purpose(certificate: &Certificate, purpose: Purpose) -> Result<(), EndEntityError> {
    let usage = certificate.extended_key_usage().ok_or(EndEntityError::NoExtendedKeyUsage)?;
    if usage.has(&purpose.oid()) {
        return Ok(());
    }
    Err(EndEntityError::WrongExtendedKeyUsage { expected: purpose.oid(), found: usage.purposes.clone() })
}
