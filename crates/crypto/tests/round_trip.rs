//! What `SigningKey` signs, every provider verifies; damaged, no provider does.

#![allow(clippy::unwrap_used, reason = "helpers of tests; clippy.toml only knows test functions")]

use std::sync::LazyLock;

use sealwax_crypto::provider::Provider;
use sealwax_crypto::{HashAlgorithm, KeyKind, Message, PublicKey, Scheme, SigningKey, VerifyError, digest};

const KINDS: [KeyKind; 9] = [
    KeyKind::Rsa { bits: 3072 },
    KeyKind::Rsa { bits: 4096 },
    KeyKind::EcdsaP256,
    KeyKind::EcdsaP384,
    KeyKind::EcdsaP521,
    KeyKind::Ed25519,
    KeyKind::MlDsa44,
    KeyKind::MlDsa65,
    KeyKind::MlDsa87,
];

/// One key of each kind: an RSA key takes seconds.
static KEYS: LazyLock<Vec<SigningKey>> =
    LazyLock::new(|| KINDS.map(|kind| SigningKey::generate(kind).unwrap()).into());

fn schemes() -> impl Iterator<Item = Scheme> {
    HashAlgorithm::ALL
        .into_iter()
        .flat_map(|hash| [Scheme::RsaPkcs1(hash), Scheme::RsaPss(hash), Scheme::Ecdsa(hash)])
        .chain([Scheme::Ed25519, Scheme::Ed25519ph, Scheme::MlDsa])
}

#[test]
fn every_kind_and_scheme() {
    let message = b"what is signed";
    let mut tried = 0;
    for (kind, key) in KINDS.into_iter().zip(KEYS.iter()) {
        let public = key.public_key();
        assert_eq!(key.kind(), kind);
        for scheme in schemes() {
            if !kind.fits(scheme) {
                let mismatch = Err(VerifyError::SchemeMismatch { kind, scheme });
                assert_eq!(public.verify(scheme, Message::Bytes(message), &[]), mismatch);
                continue;
            }
            let signature = key.sign(scheme, Message::Bytes(message)).unwrap();
            round_trip(public, scheme, message, &signature);
            tried += 1;
        }
    }
    // Two RSA keys with six schemes each, three curves with three, Ed25519 with two, three ML-DSA.
    assert_eq!(tried, 2 * 6 + 3 * 3 + 2 + 3);
}

fn round_trip(key: &PublicKey, scheme: Scheme, message: &[u8], signature: &[u8]) {
    assert_eq!(key.verify(scheme, Message::Bytes(message), signature), Ok(()));
    for provider in Provider::ALL {
        let verify =
            |message: Message<'_>, signature: &[u8]| provider.verify(key, scheme, message, signature);
        assert_eq!(verify(Message::Bytes(message), signature), Ok(()), "{provider:?} {scheme}");
        match scheme.prehash() {
            Some(hash) => {
                let value = digest(hash, message);
                assert_eq!(verify(Message::Digest(&value), signature), Ok(()), "{provider:?} {scheme}");
                for other in HashAlgorithm::ALL.into_iter().filter(|other| *other != hash) {
                    let found = verify(Message::Digest(&digest(other, message)), signature);
                    assert_eq!(
                        found,
                        Err(VerifyError::DigestMismatch { scheme, expected: hash, found: other })
                    );
                }
            }
            None => {
                let value = digest(HashAlgorithm::Sha512, message);
                let found = verify(Message::Digest(&value), signature);
                assert_eq!(found, Err(VerifyError::MessageNeeded { scheme }));
            }
        }
        assert_eq!(verify(Message::Bytes(b"other"), signature), Err(VerifyError::BadSignature));
    }
}

#[test]
fn providers_agree_on_damage() {
    let message = b"what is signed";
    for (kind, key) in KINDS.into_iter().zip(KEYS.iter()) {
        for scheme in schemes().filter(|scheme| kind.fits(*scheme)) {
            let good = key.sign(scheme, Message::Bytes(message)).unwrap();
            let step = good.len().div_ceil(24);
            let flipped = (0..good.len()).step_by(step).flat_map(|index| {
                let good = &good;
                [1u8, 0x80].map(move |bit| {
                    let mut bad = good.clone();
                    bad[index] ^= bit;
                    bad
                })
            });
            let longer = [good.as_slice(), &[0]].concat();
            let shorter = good[..good.len() - 1].to_vec();
            for bad in flipped.chain([longer, shorter, Vec::new()]) {
                for provider in Provider::ALL {
                    let found = provider.verify(key.public_key(), scheme, Message::Bytes(message), &bad);
                    assert_eq!(found, Err(VerifyError::BadSignature), "{provider:?} {kind} {scheme}");
                }
            }
        }
    }
}

#[test]
fn private_keys_are_written_and_read() {
    for key in KEYS.iter() {
        let again = SigningKey::from_pkcs8_der(&key.to_pkcs8_der().unwrap()).unwrap();
        assert_eq!(again.public_key(), key.public_key());
    }
}

#[test]
fn digests_agree() {
    let bytes: Vec<u8> = (0..=255).cycle().take(1000).collect();
    for hash in HashAlgorithm::ALL {
        for length in [0, 1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 1000] {
            let expected = digest(hash, &bytes[..length]);
            for provider in Provider::ALL {
                assert_eq!(provider.digest(hash, &bytes[..length]), expected);
            }
        }
    }
}
