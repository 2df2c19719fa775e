//! The authority's own certificates: a self-signed root, and the leaf under it that signs tokens.
//!
//! Who has a hierarchy already brings a chain along ([`Credentials::new`](crate::Credentials::new) checks it); this is for who has none.

use jiff::Timestamp;
use sealwax_crypto::{HashAlgorithm, KeyKind, Message, PublicKey, Scheme, SignError, sha256};
use sealwax_pki::{Certificate, CertificateDraft, CertificateError, Name, NewExtension, oids};
use sealwax_signer::{Signer, SignerError};

/// Bits of keyUsage (RFC 5280 4.2.1.3).
const DIGITAL_SIGNATURE: u8 = 0;
const KEY_CERT_SIGN: u8 = 5;
const CRL_SIGN: u8 = 6;

/// Octets of a serial number: the most that RFC 5280 4.1.2.2 allows. 159 bits of them are random.
const SERIAL_BYTES: usize = 20;

/// Octets of a key identifier: SHA-256 of the SubjectPublicKeyInfo, cut (RFC 7093 2).
const KEY_IDENTIFIER_BYTES: usize = 20;

/// Whom a certificate is about, and when it is valid.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// organizationName.
    pub organization: &'a str,
    /// commonName. Root and leaf must not have the same.
    pub common_name: &'a str,
    /// The first instant of validity; its fraction of a second is cut off.
    pub not_before: Timestamp,
    /// The last instant of validity; its fraction of a second is cut off.
    pub not_after: Timestamp,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// The issuer's key is neither ECDSA P-256 nor P-384 nor RSA: deployed clients verify no others.
    #[error("{0} keys sign no certificates of a time-stamping authority")]
    KeyKind(KeyKind),
    /// The leaf would be valid where the root is not.
    #[error("the leaf would not be valid within the validity of its root, {from} to {until}")]
    Validity {
        /// From when the root is valid.
        from: Timestamp,
        /// Until when.
        until: Timestamp,
    },
    /// The issuer's key is not the root's.
    #[error("the key is not that of the root")]
    OtherKey,
    /// The system has no randomness.
    #[error(transparent)]
    Random(#[from] SignError),
    /// The key did not sign.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// What was written cannot be read: a name or a time that no certificate can have.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

/// A self-signed root, which issues leaves and nothing below them. May block, as its key may.
///
/// # Errors
/// [`IssueError`].
pub fn issue_root(signer: &dyn Signer, subject: Subject<'_>) -> Result<Certificate, IssueError> {
    let key = signer.public_key();
    let identifier = key_identifier(key);
    let extensions = vec![
        NewExtension::basic_constraints(true, Some(0)),
        NewExtension::key_usage(&[KEY_CERT_SIGN, CRL_SIGN]),
        NewExtension::subject_key_identifier(&identifier),
    ];
    issue(signer, &subject.name(), key, subject, extensions)
}

/// The certificate of a key that signs tokens (RFC 3161 2.3): extended key usage timeStamping, alone and critical.
/// May block, as the root's key may.
///
/// # Errors
/// [`IssueError`].
pub fn issue_leaf(
    signer: &dyn Signer,
    root: &Certificate,
    key: &PublicKey,
    subject: Subject<'_>,
) -> Result<Certificate, IssueError> {
    if root.public_key() != Ok(signer.public_key()) {
        return Err(IssueError::OtherKey);
    }
    let (from, until) = (root.not_before(), root.not_after());
    if subject.not_before.as_second() < from.as_second() || subject.not_after.as_second() > until.as_second()
    {
        return Err(IssueError::Validity { from, until });
    }
    let identifier = key_identifier(key);
    let issuer_identifier = root.subject_key_identifier().map(<[u8]>::to_vec);
    let issuer_identifier = issuer_identifier.unwrap_or_else(|| key_identifier(signer.public_key()));
    let extensions = vec![
        NewExtension::key_usage(&[DIGITAL_SIGNATURE]),
        NewExtension::extended_key_usage(true, &[oids::TIME_STAMPING]),
        NewExtension::subject_key_identifier(&identifier),
        NewExtension::authority_key_identifier(&issuer_identifier),
    ];
    issue(signer, root.subject(), key, subject, extensions)
}

impl Subject<'_> {
    fn name(&self) -> Name {
        Name::from_attributes(&[
            (oids::ORGANIZATION, self.organization),
            (oids::COMMON_NAME, self.common_name),
        ])
    }
}

fn issue(
    signer: &dyn Signer,
    issuer: &Name,
    key: &PublicKey,
    subject: Subject<'_>,
    extensions: Vec<NewExtension>,
) -> Result<Certificate, IssueError> {
    let issuer_kind = signer.public_key().kind();
    let scheme = match issuer_kind {
        KeyKind::EcdsaP256 => Scheme::Ecdsa(HashAlgorithm::Sha256),
        KeyKind::EcdsaP384 => Scheme::Ecdsa(HashAlgorithm::Sha384),
        KeyKind::Rsa { .. } => Scheme::RsaPkcs1(HashAlgorithm::Sha256),
        kind => return Err(IssueError::KeyKind(kind)),
    };
    let [first, rest @ ..] = sealwax_crypto::random::<SERIAL_BYTES>()?;
    let serial = [&[first & 0x7f][..], &rest].concat();
    let draft = CertificateDraft {
        serial: &serial,
        issuer,
        not_before: subject.not_before,
        not_after: subject.not_after,
        subject: &subject.name(),
        spki: key.spki_der(),
        extensions,
    };
    let tbs = draft.tbs_der(scheme, issuer_kind).ok_or(IssueError::KeyKind(issuer_kind))?;
    let signature = signer.sign(scheme, Message::Bytes(&tbs))?;
    Ok(Certificate::assemble(&tbs, &signature)?)
}

fn key_identifier(key: &PublicKey) -> Vec<u8> {
    sha256(key.spki_der()).into_iter().take(KEY_IDENTIFIER_BYTES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealwax_crypto::SigningKey;
    use sealwax_pki::{EndEntity, Purpose};

    fn key(kind: KeyKind) -> SigningKey {
        SigningKey::generate(kind).unwrap()
    }

    /// Valid between these, with a fraction that no certificate can have.
    fn subject(common_name: &str, from_s: i64, until_s: i64) -> Subject<'_> {
        let at = |second| Timestamp::new(1_763_800_000 + second, 500_000_000).unwrap();
        Subject { organization: "sealwax.test", common_name, not_before: at(from_s), not_after: at(until_s) }
    }

    #[test]
    fn a_root_and_a_leaf() {
        let leaf_key = key(KeyKind::EcdsaP384);
        for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::Rsa { bits: 3072 }] {
            let root_key = key(kind);
            let root = issue_root(&root_key, subject("root", 0, 100)).unwrap();
            let leaf = issue_leaf(&root_key, &root, leaf_key.public_key(), subject("tsa", 0, 100)).unwrap();
            assert_eq!(root.check_signature_by(root_key.public_key()), Ok(()));
            assert!(root.is_self_issued() && root.is_ca() && root.key_usage().unwrap().certificate_signing());
            assert_eq!(leaf.check_signature_by(root_key.public_key()), Ok(()));
            assert_eq!(EndEntity::time_stamping(&leaf).unwrap().purpose(), Purpose::TimeStamping);
            assert_eq!(leaf.subject().to_string(), "CN=tsa,O=sealwax.test");
            assert_eq!(leaf.authority_key_identifier(), root.subject_key_identifier());
            assert_eq!(leaf.not_before(), Timestamp::from_second(1_763_800_000).unwrap());
            assert_eq!(leaf.not_after(), Timestamp::from_second(1_763_800_100).unwrap());
            assert_ne!(leaf.serial(), root.serial());
        }
    }

    #[test]
    fn refused() {
        let (root_key, leaf_key) = (key(KeyKind::EcdsaP256), key(KeyKind::EcdsaP256));
        let root = issue_root(&root_key, subject("root", 0, 100)).unwrap();
        let leaf = |signer: &SigningKey, from, until| {
            issue_leaf(signer, &root, leaf_key.public_key(), subject("tsa", from, until)).unwrap_err()
        };
        assert!(matches!(leaf(&root_key, -1, 100), IssueError::Validity { .. }));
        assert!(matches!(leaf(&root_key, 0, 101), IssueError::Validity { .. }));
        assert!(matches!(leaf(&leaf_key, 0, 100), IssueError::OtherKey));
        let ed25519 = issue_root(&key(KeyKind::Ed25519), subject("root", 0, 100));
        assert!(matches!(ed25519, Err(IssueError::KeyKind(KeyKind::Ed25519))));
    }
}
