//! Certificates by a key: an authority's own root, and what it certifies under that.
//!
//! What a certificate may be used for is the profile of who asks for it. What all have is decided here: the serial number, the
//! key identifiers, that a certificate lies within its issuer's validity, and which keys sign any.

use jiff::Timestamp;
use sealwax_crypto::{KeyKind, Message, PublicKey, Scheme, SignError, random};
use sealwax_pki::{Certificate, CertificateDraft, CertificateError, Name, NewExtension, oids};

use crate::{Signer, SignerError};

/// Octets of a serial number: the most that RFC 5280 4.1.2.2 allows.
pub const SERIAL_BYTES: usize = 20;

/// Whom a certificate is about, and when it is valid.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// organizationName; empty for none.
    pub organization: &'a str,
    /// commonName; empty for none. An issuer and what it certifies must not have the same.
    pub common_name: &'a str,
    /// The first instant of validity; its fraction of a second is cut off.
    pub not_before: Timestamp,
    /// The last instant of validity; its fraction of a second is cut off.
    pub not_after: Timestamp,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertifyError {
    /// The issuer's key is neither ECDSA nor RSA: deployed clients verify no others.
    #[error("{0} keys sign no certificates that clients verify; ECDSA and RSA keys do")]
    KeyKind(KeyKind),
    /// The certificate would be valid where its issuer is not.
    #[error("the certificate would not be valid within the validity of its issuer, {from} to {until}")]
    Validity {
        /// From when the issuer is valid.
        from: Timestamp,
        /// Until when.
        until: Timestamp,
    },
    /// The key is not the issuer's.
    #[error("the key is not that of the issuer")]
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

/// A certificate of a key by itself: a root. May block, as its key may.
///
/// # Errors
/// [`CertifyError`].
pub fn self_signed(
    signer: &dyn Signer,
    subject: Subject<'_>,
    profile: Vec<NewExtension>,
) -> Result<Certificate, CertifyError> {
    let key = signer.public_key();
    sign(signer, &subject.name(), key, subject, &with_identifiers(profile, key, None))
}

/// A certificate of `key` under `issuer`, whose key `signer` has. May block, as that key may.
///
/// # Errors
/// [`CertifyError`].
pub fn certify(
    signer: &dyn Signer,
    issuer: &Certificate,
    key: &PublicKey,
    subject: Subject<'_>,
    profile: Vec<NewExtension>,
) -> Result<Certificate, CertifyError> {
    if issuer.public_key() != Ok(signer.public_key()) {
        return Err(CertifyError::OtherKey);
    }
    let (from, until) = (issuer.not_before(), issuer.not_after());
    if subject.not_before.as_second() < from.as_second() || subject.not_after.as_second() > until.as_second()
    {
        return Err(CertifyError::Validity { from, until });
    }
    sign(signer, issuer.subject(), key, subject, &with_identifiers(profile, key, Some(issuer)))
}

/// A serial number of 159 random bits: the highest is zero, so that the number is positive in twenty octets.
///
/// # Errors
/// The system has no randomness.
pub fn serial_number() -> Result<[u8; SERIAL_BYTES], SignError> {
    let mut serial = random::<SERIAL_BYTES>()?;
    if let Some(first) = serial.first_mut() {
        *first &= 0x7f;
    }
    Ok(serial)
}

/// The one scheme with which a key signs certificates, if clients verify such: ECDSA with SHA-2 of the curve's size, PKCS#1 v1.5 with
/// SHA-256.
#[must_use]
pub fn certificate_scheme(key: &PublicKey) -> Option<Scheme> {
    match key.kind() {
        KeyKind::Rsa { .. } | KeyKind::EcdsaP256 | KeyKind::EcdsaP384 | KeyKind::EcdsaP521 => {
            key.default_schemes().first().copied()
        }
        _ => None,
    }
}

/// Of the subject's key, and of the issuer's as the issuer has it.
fn with_identifiers(
    mut profile: Vec<NewExtension>,
    key: &PublicKey,
    issuer: Option<&Certificate>,
) -> Vec<NewExtension> {
    profile.push(NewExtension::subject_key_identifier_of(key));
    let of_issuer = issuer.and_then(Certificate::subject_key_identifier);
    profile.extend(of_issuer.map(NewExtension::authority_key_identifier));
    profile
}

fn sign(
    signer: &dyn Signer,
    issuer: &Name,
    key: &PublicKey,
    subject: Subject<'_>,
    extensions: &[NewExtension],
) -> Result<Certificate, CertifyError> {
    let kind = signer.public_key().kind();
    let scheme = certificate_scheme(signer.public_key()).ok_or(CertifyError::KeyKind(kind))?;
    let draft = CertificateDraft {
        serial: &serial_number()?,
        issuer,
        not_before: subject.not_before,
        not_after: subject.not_after,
        subject: &subject.name(),
        spki: key.spki_der(),
        extensions,
    };
    let tbs = draft.tbs_der(scheme, kind).ok_or(CertifyError::KeyKind(kind))?;
    let signature = signer.sign(scheme, Message::Bytes(&tbs))?;
    Ok(Certificate::assemble(&tbs, &signature)?)
}

impl Subject<'_> {
    fn name(self) -> Name {
        let attributes = [(oids::ORGANIZATION, self.organization), (oids::COMMON_NAME, self.common_name)];
        let present: Vec<_> = attributes.into_iter().filter(|(_, text)| !text.is_empty()).collect();
        Name::from_attributes(&present)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealwax_crypto::SigningKey;

    fn key(kind: KeyKind) -> SigningKey {
        SigningKey::generate(kind).unwrap()
    }

    /// Valid between these, with a fraction that no certificate can have.
    fn subject(common_name: &str, from_s: i64, until_s: i64) -> Subject<'_> {
        let at = |second| Timestamp::new(1_763_800_000 + second, 500_000_000).unwrap();
        Subject { organization: "sealwax.test", common_name, not_before: at(from_s), not_after: at(until_s) }
    }

    #[test]
    fn a_root_and_what_it_certifies() {
        let leaf_key = key(KeyKind::EcdsaP384);
        for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::EcdsaP521, KeyKind::Rsa { bits: 3072 }]
        {
            let root_key = key(kind);
            let usage = vec![NewExtension::basic_constraints(true, None)];
            let root = self_signed(&root_key, subject("root", 0, 100), usage).unwrap();
            let below = subject("leaf", 0, 100);
            let leaf = certify(&root_key, &root, leaf_key.public_key(), below, Vec::new()).unwrap();
            assert_eq!(root.check_signature_by(root_key.public_key()), Ok(()));
            assert_eq!(leaf.check_signature_by(root_key.public_key()), Ok(()));
            assert!(root.is_self_issued() && root.is_ca() && !leaf.is_self_issued());
            assert_eq!(leaf.public_key().unwrap(), leaf_key.public_key());
            assert_eq!(leaf.subject().to_string(), "CN=leaf,O=sealwax.test");
            assert_eq!(leaf.authority_key_identifier(), root.subject_key_identifier());
            assert_eq!(leaf.subject_key_identifier().map(<[u8]>::len), Some(20));
            assert_eq!(leaf.not_before(), Timestamp::from_second(1_763_800_000).unwrap());
            assert_eq!(leaf.not_after(), Timestamp::from_second(1_763_800_100).unwrap());
            assert_ne!(leaf.serial(), root.serial());
        }
    }

    #[test]
    fn names_without_empty_attributes() {
        let nameless = Subject { organization: "", ..subject("root", 0, 1) };
        assert_eq!(nameless.name().to_string(), "CN=root");
    }

    #[test]
    fn refused() {
        let (root_key, leaf_key) = (key(KeyKind::EcdsaP256), key(KeyKind::EcdsaP256));
        let root = self_signed(&root_key, subject("root", 0, 100), Vec::new()).unwrap();
        let refusal = |signer: &SigningKey, from, until| {
            let below = subject("leaf", from, until);
            certify(signer, &root, leaf_key.public_key(), below, Vec::new()).unwrap_err()
        };
        assert!(matches!(refusal(&root_key, -1, 100), CertifyError::Validity { .. }));
        assert!(matches!(refusal(&root_key, 0, 101), CertifyError::Validity { .. }));
        assert!(matches!(refusal(&leaf_key, 0, 100), CertifyError::OtherKey));
        let ed25519 = self_signed(&key(KeyKind::Ed25519), subject("root", 0, 100), Vec::new());
        assert!(matches!(ed25519, Err(CertifyError::KeyKind(KeyKind::Ed25519))));
    }

    #[test]
    fn serial_numbers_are_positive() {
        assert!((0..64).all(|_| serial_number().unwrap()[0] < 0x80));
    }
}
