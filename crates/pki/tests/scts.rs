//! SCTs by logs that are made here: every part of what is signed, and lists that are malformed.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers of tests are tests

#[path = "common/issue.rs"]
mod issue;

use issue::{Template, assemble, der, ecdsa_sha256, extension, key, sign};
use sealwax_crypto::{HashAlgorithm, KeyKind, Message, Scheme, SigningKey, VerifyError};
use sealwax_pki::{Certificate, ObjectIdentifier, Sct, SctError, oids, precertificate_tbs};

const ECDSA: [u8; 2] = [4, 3];
const RSA: [u8; 2] = [4, 1];

/// One CA, one leaf key, and where in the leaf the SCT list stands.
struct Ca {
    key: SigningKey,
    certificate: Certificate,
    leaf_key: SigningKey,
}

impl Ca {
    fn new() -> Self {
        let ca_key = key();
        let certificate = Template::ca("Root", "Root").issue(&ca_key, &ca_key);
        Ca { key: ca_key, certificate, leaf_key: key() }
    }

    fn spki(&self) -> &[u8] {
        self.leaf_key.public_key().spki_der()
    }

    /// What the log signs: the leaf without the list.
    fn precertificate(&self) -> Vec<u8> {
        Template::code_signing("Root").tbs(self.spki(), &ecdsa_sha256())
    }

    /// The leaf with this list as its extension number `position`.
    fn leaf(&self, list: &[u8], position: usize) -> Certificate {
        let mut template = Template::code_signing("Root");
        template.extensions.insert(position, extension(oids::SCT_LIST, false, list));
        let tbs = template.tbs(self.spki(), &ecdsa_sha256());
        Certificate::from_der(&assemble(&tbs, &ecdsa_sha256(), &sign(&self.key, &tbs))).unwrap()
    }

    fn leaf_with(&self, scts: &[Vec<u8>]) -> Certificate {
        self.leaf(&list(scts), 1)
    }

    /// What is signed in an SCT, with these extensions.
    fn signed(&self, timestamp_ms: u64, extensions: &[u8]) -> Vec<u8> {
        let tbs = self.precertificate();
        [
            &[0, 0],
            timestamp_ms.to_be_bytes().as_slice(),
            &[0, 1],
            &self.certificate.spki_fingerprint(),
            &[0],
            &u16::try_from(tbs.len()).unwrap().to_be_bytes(),
            &tbs,
            &vector(extensions),
        ]
        .concat()
    }
}

fn vector(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

fn sct(timestamp_ms: u64, extensions: &[u8], algorithm: [u8; 2], signature: &[u8]) -> Vec<u8> {
    let log_id = [7; 32];
    [
        [0].as_slice(),
        &log_id,
        &timestamp_ms.to_be_bytes(),
        &vector(extensions),
        &algorithm,
        &vector(signature),
    ]
    .concat()
}

fn list(scts: &[Vec<u8>]) -> Vec<u8> {
    let entries: Vec<u8> = scts.iter().flat_map(|sct| vector(sct)).collect();
    der(0x04, &vector(&entries))
}

const LEAF_INDEX: &[u8] = &[0, 0, 5, 0, 0, 0, 1, 2];

#[test]
fn signed_by_ecdsa_and_rsa() {
    let ca = Ca::new();
    let message = ca.signed(1_700_000_000_123, LEAF_INDEX);
    let check = |kind: KeyKind, scheme: Scheme, algorithm: [u8; 2], expected: Result<(), SctError>| {
        let log_key = SigningKey::generate(kind).unwrap();
        let signature = log_key.sign(scheme, Message::Bytes(&message)).unwrap();
        let leaf = ca.leaf_with(&[sct(1_700_000_000_123, LEAF_INDEX, algorithm, &signature)]);
        assert_eq!(precertificate_tbs(&leaf).unwrap(), ca.precertificate());
        let scts = leaf.embedded_scts().unwrap();
        let [sct] = scts.as_slice() else { panic!("{scts:?}") };
        assert_eq!(sct.verify(&leaf, &ca.certificate, log_key.public_key()), expected);
        assert_eq!(sct.log_id, [7; 32]);
        assert_eq!(sct.leaf_index(), Some(258));
        assert_eq!(sct.timestamp().unwrap().to_string(), "2023-11-14T22:13:20.123Z");
    };
    let p256 = KeyKind::EcdsaP256;
    let rsa = KeyKind::Rsa { bits: 3072 };
    let ecdsa = Scheme::Ecdsa(HashAlgorithm::Sha256);
    check(p256, ecdsa, ECDSA, Ok(()));
    check(rsa, Scheme::RsaPkcs1(HashAlgorithm::Sha256), RSA, Ok(()));
    // The key decides about the scheme; an SCT that says another is wrong.
    check(p256, ecdsa, RSA, Err(SctError::Algorithm { hash: 4, signature: 1, key: p256 }));
    check(p256, ecdsa, [6, 3], Err(SctError::Algorithm { hash: 6, signature: 3, key: p256 }));
    check(rsa, Scheme::RsaPss(HashAlgorithm::Sha256), RSA, Err(SctError::Verify(VerifyError::BadSignature)));
    check(
        KeyKind::Ed25519,
        Scheme::Ed25519,
        [8, 7],
        Err(SctError::Algorithm { hash: 8, signature: 7, key: KeyKind::Ed25519 }),
    );
}

#[test]
fn everything_is_signed() {
    let ca = Ca::new();
    let log_key = key();
    let signature = sign(&log_key, &ca.signed(1000, LEAF_INDEX));
    let leaf = ca.leaf_with(&[sct(1000, LEAF_INDEX, ECDSA, &signature)]);
    let good = leaf.embedded_scts().unwrap().remove(0);
    let verify =
        |sct: &Sct, leaf: &Certificate, issuer: &Certificate| sct.verify(leaf, issuer, log_key.public_key());
    assert_eq!(verify(&good, &leaf, &ca.certificate), Ok(()));
    let bad = Err(SctError::Verify(VerifyError::BadSignature));
    assert_eq!(verify(&Sct { timestamp_ms: 1001, ..good.clone() }, &leaf, &ca.certificate), bad);
    assert_eq!(verify(&Sct { extensions: Vec::new(), ..good.clone() }, &leaf, &ca.certificate), bad);
    // Another leaf of the same CA, the same leaf under another key of the CA's name.
    let other = Ca::new();
    let sister = Ca { leaf_key: key(), key: ca.key, certificate: ca.certificate.clone() }.leaf_with(&[]);
    assert_eq!(verify(&good, &sister, &ca.certificate), bad);
    assert_eq!(verify(&good, &leaf, &other.certificate), bad);
}

#[test]
fn the_list_may_stand_anywhere() {
    let ca = Ca::new();
    for position in 0..=3 {
        let leaf = ca.leaf(&list(&[]), position);
        assert_eq!(precertificate_tbs(&leaf).unwrap(), ca.precertificate());
        assert_eq!(leaf.embedded_scts(), Ok(Vec::new()));
    }
    let bare = Template::code_signing("Root").issue(&ca.leaf_key, &ca.key);
    assert_eq!(bare.embedded_scts(), Ok(Vec::new()));
    assert_eq!(precertificate_tbs(&bare), Err(SctError::NoEmbeddedSct));
}

#[test]
fn lists_that_are_malformed() {
    let ca = Ca::new();
    let check = |list: &[u8], expected: SctError| {
        assert_eq!(ca.leaf(list, 0).embedded_scts(), Err(expected));
    };
    let good = sct(0, &[], ECDSA, &[1]);
    check(&list(&vec![good.clone(); 33]), SctError::TooMany { limit: 32 });
    check(&list(&[[good.clone(), vec![0]].concat()]), SctError::Malformed);
    check(&list(&[good[..good.len() - 1].to_vec()]), SctError::Malformed);
    check(&list(&[Vec::new()]), SctError::Malformed);
    check(&list(&[[&[1], &good[1..]].concat()]), SctError::Version(1));
    let entries = vector(&good);
    check(&der(0x04, &[vector(&entries), vec![0]].concat()), SctError::Malformed);
    check(&der(0x04, &entries[..10]), SctError::Malformed);
    check(&der(0x04, &[]), SctError::Malformed);
    assert!(matches!(ca.leaf(&[5, 0], 0).embedded_scts(), Err(SctError::Der(_))));
    assert!(matches!(ca.leaf(&[], 0).embedded_scts(), Err(SctError::Der(_))));
}

#[test]
fn leaf_indices() {
    let leaf_index = |extensions: &[u8]| {
        let ca = Ca::new();
        let leaf = ca.leaf_with(&[sct(u64::MAX, extensions, ECDSA, &[])]);
        let sct = leaf.embedded_scts().unwrap().remove(0);
        assert_eq!(sct.timestamp(), None);
        sct.leaf_index()
    };
    assert_eq!(leaf_index(&[]), None);
    assert_eq!(leaf_index(&[9, 0, 1, 0xaa, 0, 0, 5, 0xff, 0xff, 0xff, 0xff, 0xff]), Some(0xff_ffff_ffff));
    assert_eq!(leaf_index(&[0, 0, 4, 0, 0, 0, 1]), None);
    assert_eq!(leaf_index(&[0, 0, 5, 0]), None);
}

#[test]
fn a_poisoned_certificate_is_no_leaf() {
    let ca = Ca::new();
    let poison = extension(oids::PRECERTIFICATE_POISON, true, &[5, 0]);
    let precertificate = Template::code_signing("Root").with(poison).issue(&ca.leaf_key, &ca.key);
    let unknown: Option<ObjectIdentifier> = precertificate.unknown_critical_extension();
    assert_eq!(unknown, Some(oids::PRECERTIFICATE_POISON));
}
