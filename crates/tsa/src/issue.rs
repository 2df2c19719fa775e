//! The authority's own certificates: a self-signed root, and the leaf under it that signs tokens.
//!
//! Who has a hierarchy already brings a chain along ([`Credentials::new`](crate::Credentials::new) checks it); this is for who has none.

use sealwax_crypto::PublicKey;
use sealwax_pki::{Certificate, NewExtension, oids};
use sealwax_signer::{CertifyError, Signer, Subject, certify, self_signed};

/// Bits of keyUsage (RFC 5280 4.2.1.3).
const DIGITAL_SIGNATURE: u8 = 0;
const KEY_CERT_SIGN: u8 = 5;
const CRL_SIGN: u8 = 6;

/// A self-signed root, which issues leaves and nothing below them. May block, as its key may.
///
/// # Errors
/// [`CertifyError`].
pub fn issue_root(signer: &dyn Signer, subject: Subject<'_>) -> Result<Certificate, CertifyError> {
    let profile = vec![
        NewExtension::basic_constraints(true, Some(0)),
        NewExtension::key_usage(&[KEY_CERT_SIGN, CRL_SIGN]),
    ];
    self_signed(signer, subject, profile)
}

/// The certificate of a key that signs tokens (RFC 3161 2.3): extended key usage timeStamping, alone and critical.
/// May block, as the root's key may.
///
/// # Errors
/// [`CertifyError`].
pub fn issue_leaf(
    signer: &dyn Signer,
    root: &Certificate,
    key: &PublicKey,
    subject: Subject<'_>,
) -> Result<Certificate, CertifyError> {
    let profile = vec![
        NewExtension::key_usage(&[DIGITAL_SIGNATURE]),
        NewExtension::extended_key_usage(true, &[oids::TIME_STAMPING]),
    ];
    certify(signer, root, key, subject, profile)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use sealwax_crypto::{KeyKind, SigningKey};
    use sealwax_pki::{EndEntity, Purpose};

    #[test]
    fn a_root_and_a_leaf() {
        let [root_key, leaf_key] =
            [KeyKind::EcdsaP256, KeyKind::EcdsaP384].map(|kind| SigningKey::generate(kind).unwrap());
        let at = |second: i64| Timestamp::from_second(1_763_800_000 + second).unwrap();
        let subject = |common_name| Subject {
            organization: "sealwax.test",
            common_name,
            not_before: at(0),
            not_after: at(100),
        };
        let root = issue_root(&root_key, subject("root")).unwrap();
        let leaf = issue_leaf(&root_key, &root, leaf_key.public_key(), subject("tsa")).unwrap();
        assert!(root.is_ca() && root.key_usage().unwrap().certificate_signing());
        assert_eq!(root.basic_constraints().unwrap().path_length, Some(0));
        assert_eq!(EndEntity::time_stamping(&leaf).unwrap().purpose(), Purpose::TimeStamping);
        assert_eq!(leaf.check_signature_by(root_key.public_key()), Ok(()));
        assert_eq!(leaf.subject().to_string(), "CN=tsa,O=sealwax.test");
    }
}
