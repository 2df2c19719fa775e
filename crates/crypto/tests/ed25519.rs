//! The edges of Ed25519, where libraries differ: what RFC 8032 leaves open must come out the same in every provider.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests; clippy.toml only knows test functions"
)]

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION};
use curve25519_dalek::{EdwardsPoint, Scalar};
use sealwax_crypto::provider::Provider;
use sealwax_crypto::{
    Digest, HashAlgorithm, KeyError, KeyKind, Message, PublicKey, Scheme, SigningKey, VerifyError, digest,
};

/// The order of the base point, little-endian.
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// RFC 8032 §7.1, test 2, and §7.3.
#[test]
fn vectors_of_the_rfc() {
    let check = |scheme, seed: &str, public: &str, message: &[u8], signature: &str| {
        let key = SigningKey::from_seed(KeyKind::Ed25519, &hex(seed).try_into().unwrap()).unwrap();
        assert_eq!(key.public_key().raw(), Some(hex(public).as_slice()));
        assert_eq!(key.sign(scheme, Message::Bytes(message)), Ok(hex(signature)));
        for provider in Provider::ALL {
            let found = provider.verify(key.public_key(), scheme, Message::Bytes(message), &hex(signature));
            assert_eq!(found, Ok(()), "{provider:?}");
        }
    };
    check(
        Scheme::Ed25519,
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        &[0x72],
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
         085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    );
    check(
        Scheme::Ed25519ph,
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        b"abc",
        "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41\
         31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406",
    );
}

#[test]
fn pure_and_prehashed_do_not_mix() {
    let key = SigningKey::from_seed(KeyKind::Ed25519, &[1; 32]).unwrap();
    let sha512 = digest(HashAlgorithm::Sha512, b"message");
    for (signed, verified) in [(Scheme::Ed25519, Scheme::Ed25519ph), (Scheme::Ed25519ph, Scheme::Ed25519)] {
        let signature = key.sign(signed, Message::Bytes(b"message")).unwrap();
        refused(key.public_key(), verified, Message::Bytes(b"message"), &signature);
        refused(key.public_key(), verified, Message::Bytes(sha512.as_bytes()), &signature);
    }
}

#[test]
fn s_is_canonical() {
    let key = SigningKey::from_seed(KeyKind::Ed25519, &[1; 32]).unwrap();
    for scheme in [Scheme::Ed25519, Scheme::Ed25519ph] {
        let mut signature = key.sign(scheme, Message::Bytes(b"message")).unwrap();
        let mut carry = 0;
        for (byte, add) in signature[32..].iter_mut().zip(L) {
            let sum = u16::from(*byte) + u16::from(add) + carry;
            *byte = u8::try_from(sum & 0xff).unwrap();
            carry = sum >> 8;
        }
        assert_eq!(carry, 0);
        refused(key.public_key(), scheme, Message::Bytes(b"message"), &signature);
    }
}

/// Every encoding of every point of small order, canonical or not, is refused as a key.
#[test]
fn weak_keys() {
    let mut seen = 0;
    for point in EIGHT_TORSION {
        let bytes = point.compress().to_bytes();
        let mut negated = bytes;
        negated[31] ^= 0x80;
        for encoding in [bytes, negated] {
            assert_eq!(PublicKey::from_ed25519_raw(&encoding), Err(KeyError::Ed25519Weak), "{encoding:02x?}");
            seen += 1;
        }
    }
    assert_eq!(seen, 16);
    // y from p to 2^255 - 1, with and without the sign bit: the encodings that are not canonical.
    for low in 0xed..=0xff {
        for high in [0x7f, 0xff] {
            let mut encoding = [0xff; 32];
            encoding[0] = low;
            encoding[31] = high;
            assert_eq!(PublicKey::from_ed25519_raw(&encoding), Err(KeyError::Ed25519Weak));
        }
    }
    // y = 2 is on no point.
    let mut off = [0; 32];
    off[0] = 2;
    assert_eq!(PublicKey::from_ed25519_raw(&off), Err(KeyError::Invalid { kind: KeyKind::Ed25519 }));
}

/// With R of order one the equation holds for S = ka; both libraries would take it but for our rule.
#[test]
fn small_r() {
    let (secret, key) = pair(EdwardsPoint::default());
    let r = EdwardsPoint::default().compress().to_bytes();
    let s = challenge(&r, key.raw().unwrap(), b"message") * secret;
    refused(&key, Scheme::Ed25519, Message::Bytes(b"message"), &[r, s.to_bytes()].concat());
}

/// A key with a component of order eight: whether a signature holds depends on k, and on whether the cofactor is
/// multiplied in. Neither provider does that.
#[test]
fn mixed_order_keys() {
    let (secret, key) = pair(EIGHT_TORSION[1]);
    let nonce = Scalar::from(123_456_789_u64);
    let r = (B * nonce).compress().to_bytes();
    let mut accepted = 0;
    for index in 0..=255_u8 {
        let message = [index];
        let k = challenge(&r, key.raw().unwrap(), &message);
        let signature = [r, (nonce + k * secret).to_bytes()].concat();
        let expected =
            if k.to_bytes()[0].is_multiple_of(8) { Ok(()) } else { Err(VerifyError::BadSignature) };
        accepted += usize::from(expected.is_ok());
        for provider in Provider::ALL {
            let found = provider.verify(&key, Scheme::Ed25519, Message::Bytes(&message), &signature);
            assert_eq!(found, expected, "{provider:?}, message {index}");
        }
    }
    assert!((8..=64).contains(&accepted), "{accepted} of 256, expected about one in eight");
}

#[test]
fn prehashed_wants_sha512() {
    let key = SigningKey::from_seed(KeyKind::Ed25519, &[1; 32]).unwrap();
    let sha256: Digest = digest(HashAlgorithm::Sha256, b"message");
    assert_eq!(
        key.public_key().verify(Scheme::Ed25519ph, Message::Digest(&sha256), &[0; 64]),
        Err(VerifyError::DigestMismatch {
            scheme: Scheme::Ed25519ph,
            expected: HashAlgorithm::Sha512,
            found: HashAlgorithm::Sha256
        })
    );
}

fn refused(key: &PublicKey, scheme: Scheme, message: Message<'_>, signature: &[u8]) {
    for provider in Provider::ALL {
        let found = provider.verify(key, scheme, message, signature);
        assert_eq!(found, Err(VerifyError::BadSignature), "{provider:?}");
    }
}

/// A secret scalar, and the key aB + `torsion`.
fn pair(torsion: EdwardsPoint) -> (Scalar, PublicKey) {
    let secret = Scalar::from(987_654_321_u64);
    let point = B * secret + torsion;
    (secret, PublicKey::from_ed25519_raw(&point.compress().to_bytes()).unwrap())
}

/// k of RFC 8032 §5.1.7 step 2.
fn challenge(r: &[u8], key: &[u8], message: &[u8]) -> Scalar {
    let hash = digest(HashAlgorithm::Sha512, &[r, key, message].concat());
    Scalar::from_bytes_mod_order_wide(hash.as_bytes().try_into().unwrap())
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().map(|digit| digit.to_digit(16).unwrap().try_into().unwrap()).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
