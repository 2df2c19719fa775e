//! Proofs of possession and keys that are refused.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::der::{element, request};
use common::{key, person, scheme};
use sealwax_ca::{PossessionError, ProvenKey, WeakKey, read_public_key};
use sealwax_crypto::{HashAlgorithm, KeyKind, Message, PublicKey, Scheme, SigningKey};
use sealwax_pki::{CertificateRequest, SignatureError};

fn sign(key: &SigningKey, scheme: Scheme, text: &str) -> Vec<u8> {
    key.sign(scheme, Message::Bytes(text.as_bytes())).unwrap()
}

const PERMITTED: [KeyKind; 6] = [
    KeyKind::EcdsaP256,
    KeyKind::EcdsaP384,
    KeyKind::EcdsaP521,
    KeyKind::Ed25519,
    KeyKind::Rsa { bits: 3072 },
    KeyKind::Rsa { bits: 4096 },
];

#[test]
fn keys_prove_themselves_over_the_challenge() {
    let identity = person();
    for kind in PERMITTED {
        let key = key(kind);
        let prove =
            |proof: &[u8]| ProvenKey::by_challenge(key.public_key().clone(), proof, &identity).map(drop);
        let scheme = scheme(&key);
        assert_eq!(prove(&sign(&key, scheme, "ann@a.example")), Ok(()), "{kind}");
        let refused = Err(PossessionError::Proof { challenge: "ann@a.example".to_owned() });
        // The token's subject, somebody else, and nothing.
        for other in ["7", "bob@a.example", ""] {
            assert_eq!(prove(&sign(&key, scheme, other)), refused, "{kind} {other}");
        }
        assert_eq!(prove(&[]), refused);
    }
    let (mine, theirs) = (key(KeyKind::EcdsaP256), key(KeyKind::EcdsaP256));
    let replayed = sign(&theirs, Scheme::Ecdsa(HashAlgorithm::Sha256), "ann@a.example");
    let error = ProvenKey::by_challenge(mine.public_key().clone(), &replayed, &identity).unwrap_err();
    assert!(matches!(error, PossessionError::Proof { .. }));
    let wrong_hash = sign(&mine, Scheme::Ecdsa(HashAlgorithm::Sha384), "ann@a.example");
    let error = ProvenKey::by_challenge(mine.public_key().clone(), &wrong_hash, &identity).unwrap_err();
    assert!(matches!(error, PossessionError::Proof { .. }));
}

#[test]
fn requests_sign_themselves() {
    for kind in PERMITTED {
        let key = key(kind);
        let der = request(&key, scheme(&key));
        assert!(ProvenKey::by_request(&CertificateRequest::from_der(&der).unwrap()).is_ok(), "{kind}");
        let mut broken = der.clone();
        let middle = broken.len() - 20;
        broken[middle] ^= 1;
        let error = ProvenKey::by_request(&CertificateRequest::from_der(&broken).unwrap()).unwrap_err();
        assert!(matches!(error, PossessionError::RequestSignature(SignatureError::Verify(_))), "{kind}");
    }
    let key = key(KeyKind::EcdsaP384);
    let der = request(&key, Scheme::Ecdsa(HashAlgorithm::Sha256));
    let error = ProvenKey::by_request(&CertificateRequest::from_der(&der).unwrap()).unwrap_err();
    let expected = Scheme::Ecdsa(HashAlgorithm::Sha384);
    assert!(matches!(error, PossessionError::Algorithm { expected: found, .. } if found == expected));
}

#[test]
fn keys_that_get_no_certificate() {
    let identity = person();
    let error = |key: PublicKey| ProvenKey::by_challenge(key, &[], &identity).unwrap_err();
    let kind = KeyKind::MlDsa44;
    assert_eq!(error(key(kind).public_key().clone()), PossessionError::NotPermitted { kind });
    let rsa = key(KeyKind::Rsa { bits: 3072 });
    let (modulus, _) = rsa.public_key().rsa_numbers().unwrap();
    let with = |modulus: &[u8], exponent: &[u8]| {
        let number = |magnitude: &[u8]| {
            let sign: &[u8] = if magnitude[0] >= 0x80 { &[0] } else { &[] };
            element(2, &[sign, magnitude].concat())
        };
        PublicKey::from_pkcs1_der(&element(0x30, &[number(modulus), number(exponent)].concat())).unwrap()
    };
    assert_eq!(error(with(modulus, &[3])), PossessionError::Weak(WeakKey::Exponent));
    // An odd multiple of three nearby.
    let mut multiple = modulus.to_vec();
    let remainder = multiple.iter().fold(0u16, |rest, octet| (rest * 256 + u16::from(*octet)) % 3);
    let (more, less) = [(0, 0), (2, 4), (4, 2)][usize::from(remainder)];
    let low = multiple.last_mut().unwrap();
    *low = low.checked_add(more).unwrap_or(low.wrapping_sub(less));
    let weak = error(with(&multiple, &[1, 0, 1]));
    assert_eq!(weak, PossessionError::Weak(WeakKey::SmallFactor(3)));
}

#[test]
fn keys_are_read_as_clients_send_them() {
    let key = key(KeyKind::EcdsaP256);
    let public = key.public_key();
    assert_eq!(read_public_key(public.to_pem().as_bytes()).unwrap(), *public);
    assert_eq!(read_public_key(public.spki_der()).unwrap(), *public);
    assert!(matches!(read_public_key(b""), Err(PossessionError::Key(_))));
    assert!(matches!(read_public_key(b"ssh-ed25519 AAAA"), Err(PossessionError::Key(_))));
    let size = (16 << 10) + 1;
    assert_eq!(read_public_key(&vec![b'a'; size]).unwrap_err(), PossessionError::TooLong { size });
    let private = sealwax_crypto::pem::encode("PRIVATE KEY", &key.to_pkcs8_der().unwrap());
    assert!(matches!(read_public_key(private.as_bytes()), Err(PossessionError::Key(_))));
}
