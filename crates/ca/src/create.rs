//! The certificates of an authority of one's own.

use sealwax_crypto::PublicKey;
use sealwax_pki::{Certificate, NewExtension, oids};
use sealwax_signer::{CertifyError, Signer, Subject, certify, self_signed};

/// Bits of keyUsage (RFC 5280 4.2.1.3): keyCertSign, cRLSign.
const CERTIFICATE_SIGNING: &[u8] = &[5, 6];

/// A self-signed root. May block, as its key may.
///
/// # Errors
/// [`CertifyError`].
pub fn create_root(key: &dyn Signer, subject: Subject<'_>) -> Result<Certificate, CertifyError> {
    let profile =
        vec![NewExtension::key_usage(CERTIFICATE_SIGNING), NewExtension::basic_constraints(true, Some(1))];
    self_signed(key, subject, profile)
}

/// An intermediate, which issues leaves for code signing only. May block, as the root's key may.
///
/// # Errors
/// [`CertifyError`].
pub fn create_intermediate(
    root: &Certificate,
    root_key: &dyn Signer,
    key: &PublicKey,
    subject: Subject<'_>,
) -> Result<Certificate, CertifyError> {
    let profile = vec![
        NewExtension::key_usage(CERTIFICATE_SIGNING),
        NewExtension::extended_key_usage(false, &[oids::CODE_SIGNING]),
        NewExtension::basic_constraints(true, Some(0)),
    ];
    certify(root_key, root, key, subject, profile)
}
