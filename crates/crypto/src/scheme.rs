//! What a key is, and how it signs.

use core::fmt;

use crate::{Digest, HashAlgorithm, Representative};

/// The kind of a public key, with the parameters that fix it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// RSA with a modulus of `bits` bits: 2048 (verify only), 3072 or 4096.
    Rsa {
        /// Length of the modulus in bits.
        bits: u16,
    },
    /// NIST P-256.
    EcdsaP256,
    /// NIST P-384.
    EcdsaP384,
    /// NIST P-521.
    EcdsaP521,
    /// Ed25519, for both [`Scheme::Ed25519`] and [`Scheme::Ed25519ph`].
    Ed25519,
    /// ML-DSA-44.
    MlDsa44,
    /// ML-DSA-65.
    MlDsa65,
    /// ML-DSA-87.
    MlDsa87,
}

impl KeyKind {
    /// Every scheme that fits this kind of key.
    pub fn fits(self, scheme: Scheme) -> bool {
        match scheme {
            Scheme::RsaPkcs1(_) | Scheme::RsaPss(_) => matches!(self, Self::Rsa { .. }),
            Scheme::Ecdsa(_) => matches!(self, Self::EcdsaP256 | Self::EcdsaP384 | Self::EcdsaP521),
            Scheme::Ed25519 | Scheme::Ed25519ph => self == Self::Ed25519,
            Scheme::MlDsa => matches!(self, Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87),
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA {bits}"),
            Self::EcdsaP256 => f.write_str("ECDSA P-256"),
            Self::EcdsaP384 => f.write_str("ECDSA P-384"),
            Self::EcdsaP521 => f.write_str("ECDSA P-521"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::MlDsa44 => f.write_str("ML-DSA-44"),
            Self::MlDsa65 => f.write_str("ML-DSA-65"),
            Self::MlDsa87 => f.write_str("ML-DSA-87"),
        }
    }
}

/// A signature scheme. The curve, the size and the parameter set are the key's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2).
    RsaPkcs1(HashAlgorithm),
    /// RSASSA-PSS (RFC 8017 §8.1), MGF1 with the same hash, salt as long as the hash.
    RsaPss(HashAlgorithm),
    /// ECDSA (FIPS 186-5 §6) with any SHA-2, whatever the curve; the signature is DER (RFC 3279 §2.2.3).
    Ecdsa(HashAlgorithm),
    /// Pure Ed25519 (RFC 8032 §5.1).
    Ed25519,
    /// Ed25519ph (RFC 8032 §5.1), SHA-512, empty context.
    Ed25519ph,
    /// Pure ML-DSA (FIPS 204 algorithm 3), empty context.
    MlDsa,
}

impl Scheme {
    /// The hash that may stand for the message, or `None` if the scheme needs the whole message.
    pub fn prehash(self) -> Option<HashAlgorithm> {
        match self {
            Self::RsaPkcs1(hash) | Self::RsaPss(hash) | Self::Ecdsa(hash) => Some(hash),
            Self::Ed25519ph => Some(HashAlgorithm::Sha512),
            Self::Ed25519 | Self::MlDsa => None,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RsaPkcs1(hash) => write!(f, "RSA PKCS#1 v1.5 with {hash}"),
            Self::RsaPss(hash) => write!(f, "RSA PSS with {hash}"),
            Self::Ecdsa(hash) => write!(f, "ECDSA with {hash}"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Ed25519ph => f.write_str("Ed25519ph"),
            Self::MlDsa => f.write_str("ML-DSA"),
        }
    }
}

/// What was signed: the bytes, or what stands for them where they are not at hand.
#[derive(Clone, Copy, Debug)]
pub enum Message<'a> {
    /// The whole message.
    Bytes(&'a [u8]),
    /// Its digest; the hash must be the scheme's [`prehash`](Scheme::prehash).
    Digest(&'a Digest),
    /// What stands for it under ML-DSA, and nowhere else; it must be of the key that signs or verifies.
    Representative(&'a Representative),
}
