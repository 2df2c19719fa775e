//! The certificates of an authority of one's own.

use jiff::Timestamp;
use sealwax_crypto::{Message, PublicKey, SignError, random};
use sealwax_pki::{Certificate, CertificateDraft, CertificateError, Name, NewExtension, oids};
use sealwax_signer::{Signer, SignerError};

use crate::authority::certificate_scheme;

/// Bits of keyUsage (RFC 5280 4.2.1.3): keyCertSign, cRLSign.
const CERTIFICATE_SIGNING: &[u8] = &[5, 6];

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// No random numbers.
    #[error(transparent)]
    Random(#[from] SignError),
    /// A kind of key that signs no certificates.
    #[error("{0} keys sign no certificates here")]
    KeyKind(sealwax_crypto::KeyKind),
    /// The key did not sign.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// What was written cannot be read.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

/// Whom a certificate of an authority is about, and from when to when.
#[derive(Clone, Copy, Debug)]
pub struct AuthorityName<'a> {
    /// Who runs it.
    pub organization: &'a str,
    /// What it is called.
    pub common_name: &'a str,
    /// The first second of validity.
    pub not_before: Timestamp,
    /// The last second of validity.
    pub not_after: Timestamp,
}

/// A self-signed root.
///
/// # Errors
/// [`CreateError`].
pub fn create_root(key: &dyn Signer, name: AuthorityName<'_>) -> Result<Certificate, CreateError> {
    let extensions = vec![
        NewExtension::key_usage(CERTIFICATE_SIGNING),
        NewExtension::basic_constraints(true, Some(1)),
        NewExtension::subject_key_identifier_of(key.public_key()),
    ];
    sign(key, &name.to_name(), key.public_key(), name, extensions)
}

/// An intermediate, which issues leaves for code signing only.
///
/// # Errors
/// [`CreateError`].
pub fn create_intermediate(
    root: &Certificate,
    root_key: &dyn Signer,
    key: &PublicKey,
    name: AuthorityName<'_>,
) -> Result<Certificate, CreateError> {
    let mut extensions = vec![
        NewExtension::key_usage(CERTIFICATE_SIGNING),
        NewExtension::extended_key_usage(false, &[oids::CODE_SIGNING]),
        NewExtension::basic_constraints(true, Some(0)),
        NewExtension::subject_key_identifier_of(key),
    ];
    extensions.extend(root.subject_key_identifier().map(NewExtension::authority_key_identifier));
    sign(root_key, root.subject(), key, name, extensions)
}

fn sign(
    issuer_key: &dyn Signer,
    issuer: &Name,
    public_key: &PublicKey,
    name: AuthorityName<'_>,
    extensions: Vec<NewExtension>,
) -> Result<Certificate, CreateError> {
    let kind = issuer_key.public_key().kind();
    let scheme = certificate_scheme(issuer_key.public_key()).ok_or(CreateError::KeyKind(kind))?;
    let mut serial = random::<16>()?;
    if let Some(first) = serial.first_mut() {
        *first &= 0x7f;
    }
    let draft = CertificateDraft {
        serial: &serial,
        issuer,
        not_before: name.not_before,
        not_after: name.not_after,
        subject: &name.to_name(),
        spki: public_key.spki_der(),
        extensions,
    };
    let tbs = draft.tbs_der(scheme, kind).ok_or(CreateError::KeyKind(kind))?;
    let signature = issuer_key.sign(scheme, Message::Bytes(&tbs))?;
    Ok(Certificate::assemble(&tbs, &signature)?)
}

impl AuthorityName<'_> {
    fn to_name(self) -> Name {
        let attributes = [(oids::ORGANIZATION, self.organization), (oids::COMMON_NAME, self.common_name)];
        let present: Vec<_> = attributes.into_iter().filter(|(_, text)| !text.is_empty()).collect();
        Name::from_attributes(&present)
    }
}
