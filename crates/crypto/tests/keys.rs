//! Which encodings of keys are taken, and that every provider sees the same key in them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests; clippy.toml only knows test functions"
)]

use proptest::prelude::*;
use sealwax_crypto::provider::Provider;
use sealwax_crypto::{KeyDetails, KeyEncoding, KeyError, KeyKind, PublicKey, Scheme, SigningKey, pem};

const NULL: &[u8] = &[5, 0];
const RSA_ENCRYPTION: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const RSASSA_PSS: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
const EC_PUBLIC_KEY: &[u8] = &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const P256: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const SECP256K1: &[u8] = &[6, 5, 0x2b, 0x81, 4, 0, 0x0a];
const ED25519: &[u8] = &[6, 3, 0x2b, 0x65, 0x70];

const KINDS: [KeyKind; 7] = [
    KeyKind::EcdsaP256,
    KeyKind::EcdsaP384,
    KeyKind::EcdsaP521,
    KeyKind::Ed25519,
    KeyKind::MlDsa44,
    KeyKind::MlDsa65,
    KeyKind::MlDsa87,
];

#[test]
fn every_form_is_the_same_key() {
    for kind in KINDS {
        let key = public(kind);
        assert_eq!(PublicKey::from_spki_der(key.spki_der()), Ok(key.clone()));
        assert_eq!(PublicKey::from_pem(&key.to_pem()), Ok(key.clone()));
        assert_eq!(key.spki_sha256(), sealwax_crypto::sha256(key.spki_der()));
        match key.raw() {
            Some(raw) if kind == KeyKind::Ed25519 => {
                assert_eq!(PublicKey::from_ed25519_raw(raw.try_into().unwrap()), Ok(key.clone()));
            }
            Some(raw) => assert_eq!(PublicKey::from_ml_dsa_raw(kind, raw), Ok(key.clone())),
            None => assert!(kind.fits(key.default_schemes()[0])),
        }
        assert!(key.default_schemes().iter().chain(key.artifact_schemes()).all(|scheme| kind.fits(*scheme)));
    }
}

#[test]
fn rsa_in_both_forms() {
    let key = PublicKey::from_pkcs1_der(&pkcs1(&modulus(3072), &[1, 0, 1])).unwrap();
    assert_eq!(key.kind(), KeyKind::Rsa { bits: 3072 });
    let text = pem::encode("RSA PUBLIC KEY", &pkcs1(&modulus(3072), &[1, 0, 1]));
    assert_eq!(PublicKey::from_pem(&text), Ok(key.clone()));
    assert_eq!(PublicKey::from_pem(&key.to_pem()), Ok(key));
}

#[test]
fn rsa_sizes_and_exponents() {
    let check = |modulus: &[u8], exponent: &[u8]| PublicKey::from_pkcs1_der(&pkcs1(modulus, exponent)).err();
    for bits in [2048, 3072, 4096] {
        for exponent in [&[3][..], &[17], &[1, 0, 1], &[0xff, 0xff, 0xff, 0xff]] {
            assert_eq!(check(&modulus(bits), exponent), None);
        }
        for exponent in [&[1][..], &[2], &[1, 0, 0], &[1, 0, 0, 0, 1]] {
            assert_eq!(check(&modulus(bits), exponent), Some(KeyError::RsaExponent));
        }
    }
    for bits in [512, 1024, 2040, 2056, 3064, 8192] {
        assert_eq!(check(&modulus(bits), &[3]), Some(KeyError::RsaModulusSize { bits }));
    }
    let mut short = modulus(2048);
    short[0] = 0x7f;
    assert_eq!(check(&short, &[3]), Some(KeyError::RsaModulusSize { bits: 2047 }));
    let mut even = modulus(2048);
    *even.last_mut().unwrap() = 0;
    assert_eq!(check(&even, &[3]), Some(KeyError::RsaModulusEven));
}

#[test]
fn algorithms_and_parameters() {
    let check = |spki: Vec<u8>, error| assert_eq!(PublicKey::from_spki_der(&spki), Err(error));
    let oid = |oid: &str| oid.to_owned();
    let rsa = pkcs1(&modulus(2048), &[1, 0, 1]);
    let point = [&[4][..], &[1; 64]].concat();
    check(spki(&[RSA_ENCRYPTION], &rsa), KeyError::Parameters);
    check(spki(&[RSA_ENCRYPTION, &[0x30, 0]], &rsa), KeyError::Parameters);
    check(spki(&[RSASSA_PSS], &rsa), KeyError::UnsupportedAlgorithm { oid: oid("1.2.840.113549.1.1.10") });
    check(spki(&[EC_PUBLIC_KEY], &point), KeyError::Parameters);
    check(spki(&[EC_PUBLIC_KEY, NULL], &point), KeyError::Parameters);
    check(spki(&[EC_PUBLIC_KEY, SECP256K1], &point), KeyError::UnsupportedCurve { oid: oid("1.3.132.0.10") });
    check(spki(&[EC_PUBLIC_KEY, P256], &point), KeyError::Invalid { kind: KeyKind::EcdsaP256 });
    check(spki(&[EC_PUBLIC_KEY, P256], &[&[2][..], &[1; 32]].concat()), KeyError::PointForm);
    check(spki(&[EC_PUBLIC_KEY, P256], &[&[6][..], &[1; 64]].concat()), KeyError::PointForm);
    check(spki(&[EC_PUBLIC_KEY, P256], &[0]), KeyError::PointForm);
    check(spki(&[EC_PUBLIC_KEY, P256], &point[1..]), KeyError::PointForm);
    check(
        spki(&[EC_PUBLIC_KEY, P256], &point[..64]),
        KeyError::Length { kind: KeyKind::EcdsaP256, expected: 65, found: 64 },
    );
    check(spki(&[ED25519, NULL], &[1; 32]), KeyError::Parameters);
    check(spki(&[ED25519], &[1; 31]), KeyError::Length { kind: KeyKind::Ed25519, expected: 32, found: 31 });
}

#[test]
fn only_der() {
    let good = public(KeyKind::EcdsaP256).spki_der().to_vec();
    let check = |spki: &[u8]| {
        let found = PublicKey::from_spki_der(spki);
        assert!(matches!(found, Err(KeyError::Malformed | KeyError::NotCanonical)), "{found:?}");
    };
    check(&[]);
    check(&good[..good.len() - 1]);
    check(&[&good[..], &[0]].concat());
    // The outer length in two bytes, and without one.
    check(&[&[0x30, 0x81], &good[1..]].concat());
    check(&[&[0x30, 0x80], &good[2..], &[0, 0]].concat());
    // A bit string with unused bits.
    let mut unused = good.clone();
    let bits = unused.iter().position(|byte| *byte == 0x42).unwrap();
    unused[bits + 1] = 1;
    check(&unused);
    // A modulus with a needless zero, and a negative one.
    for modulus in [[&[0, 0][..], &modulus(2048)].concat(), modulus(2048)] {
        let raw = tlv(0x30, &[tlv(2, &modulus), tlv(2, &[3])].concat());
        assert_eq!(PublicKey::from_pkcs1_der(&raw), Err(KeyError::Malformed));
    }
    let found = vec![0x30; 5000];
    assert_eq!(PublicKey::from_spki_der(&found), Err(KeyError::TooLong { found: 5000, limit: 4096 }));
}

#[test]
fn pem_labels() {
    let key = public(KeyKind::Ed25519);
    let text = pem::encode("CERTIFICATE", key.spki_der());
    assert_eq!(PublicKey::from_pem(&text), Err(KeyError::PemLabel { label: "CERTIFICATE".into() }));
    let twice = key.to_pem().repeat(2);
    assert_eq!(PublicKey::from_pem(&twice), Err(KeyError::Pem(pem::PemError::Count { found: 2 })));
}

#[test]
fn the_registry() {
    let all = KeyDetails::ALL;
    assert_eq!(all.len(), 24);
    for details in all {
        assert_eq!(KeyDetails::from_name(details.name()), Some(*details));
        assert_eq!(KeyDetails::from_number(details.number()), Some(*details));
    }
    assert_eq!(KeyDetails::from_number(24), None);
    assert_eq!(KeyDetails::from_name("pkix_ed25519"), None);
    for kind in KINDS {
        let key = public(kind);
        for scheme in key.default_schemes().iter().chain(key.artifact_schemes()) {
            let details = KeyDetails::of(&key, *scheme).unwrap();
            assert!(details.kind_matches(&key));
            assert_eq!((details.scheme(), details.encoding()), (Some(*scheme), KeyEncoding::Spki));
            assert_eq!(details.read_key(key.spki_der()), Ok(key.clone()));
        }
        assert_eq!(KeyDetails::of(&key, Scheme::RsaPkcs1(sealwax_crypto::HashAlgorithm::Sha256)), None);
    }
    for bits in [2048, 3072, 4096] {
        let der = pkcs1(&modulus(bits), &[3]);
        let key = KeyDetails::Pkcs1RsaPkcs1v5.read_key(&der).unwrap();
        assert_eq!(
            KeyDetails::of(&key, key.default_schemes()[0]).unwrap().scheme(),
            Some(key.default_schemes()[0])
        );
        let fitting = all.iter().filter(|details| details.kind_matches(&key)).count();
        assert_eq!(fitting, 6, "four without a size, two with");
    }
}

/// Bits flipped anywhere in a key: the providers take or refuse the same points.
#[test]
fn providers_agree_on_damaged_keys() {
    let (mut taken, mut refused) = (0, 0);
    for kind in KINDS {
        let good = public(kind).spki_der().to_vec();
        for index in (0..good.len()).step_by(good.len() / 40) {
            let mut bad = good.clone();
            bad[index] ^= 4;
            let verdicts: Vec<bool> = Provider::ALL.iter().map(|provider| provider.accepts(&bad)).collect();
            assert_eq!(verdicts[0], verdicts[1], "{kind}, byte {index}");
            assert_eq!(PublicKey::from_spki_der(&bad).is_ok(), verdicts[0]);
            if verdicts[0] { taken += 1 } else { refused += 1 }
        }
    }
    assert!(taken > 90 && refused > 120, "{taken} {refused}");
}

proptest! {
    #[test]
    fn no_input_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), index in 0..90_usize, byte: u8) {
        let _ = PublicKey::from_spki_der(&bytes);
        let _ = PublicKey::from_pkcs1_der(&bytes);
        let _ = PublicKey::from_pem(&String::from_utf8_lossy(&bytes));
        let _ = PublicKey::from_jwk(&String::from_utf8_lossy(&bytes));
        let mut spki = public(KeyKind::EcdsaP256).spki_der().to_vec();
        spki[index] = byte;
        if let Ok(key) = PublicKey::from_spki_der(&spki) {
            prop_assert_eq!(key.spki_der(), spki);
        }
    }
}

fn public(kind: KeyKind) -> PublicKey {
    SigningKey::generate(kind).unwrap().public_key().clone()
}

/// An odd number of that many bits; nobody has its factors, and a public key does not need them.
fn modulus(bits: usize) -> Vec<u8> {
    vec![0xb5; bits / 8]
}

fn pkcs1(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    tlv(0x30, &[uint(modulus), uint(exponent)].concat())
}

fn uint(number: &[u8]) -> Vec<u8> {
    let sign: &[u8] = if number[0] & 0x80 == 0 { &[] } else { &[0] };
    tlv(2, &[sign, number].concat())
}

fn spki(algorithm: &[&[u8]], key: &[u8]) -> Vec<u8> {
    tlv(0x30, &[tlv(0x30, &algorithm.concat()), tlv(3, &[&[0], key].concat())].concat())
}

fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = value.len().to_be_bytes();
    let length = &length[length.iter().position(|byte| *byte != 0).unwrap_or(7)..];
    match value.len() {
        0..128 => [&[tag], length, value].concat(),
        _ => [&[tag, 0x80 | u8::try_from(length.len()).unwrap()], length, value].concat(),
    }
}
