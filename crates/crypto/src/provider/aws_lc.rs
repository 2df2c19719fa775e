//! AWS-LC through `aws-lc-rs`.
//!
//! Keys are parsed once: for RSA that also keeps the Montgomery constants of the modulus.

use std::sync::OnceLock;

use aws_lc_rs::digest as lc;
use aws_lc_rs::signature::{self as alg, ParsedPublicKey, RsaParameters, RsaPublicKeyComponents};

use super::{Context, Prepared, fit};
use crate::spki::Material;
use crate::{Digest, HashAlgorithm, KeyKind, Representative, Scheme, ed25519, representative};

pub(crate) enum Key {
    /// One parsed key per hash and padding, each made when first used.
    Rsa {
        pkcs1_sha256: ParsedPublicKey,
        others: Box<[OnceLock<ParsedPublicKey>; 5]>,
    },
    P256(ParsedPublicKey),
    P384(ParsedPublicKey),
    P521(ParsedPublicKey),
    Ed25519 {
        key: ParsedPublicKey,
        point: [u8; 32],
    },
    MlDsa {
        key: ParsedPublicKey,
        kind: KeyKind,
        raw: Box<[u8]>,
    },
}

impl Prepared for Key {
    fn new(material: &Material<'_>, spki: &[u8]) -> Option<Self> {
        Some(match *material {
            Material::Rsa { modulus: n, exponent: e } => Self::Rsa {
                pkcs1_sha256: RsaPublicKeyComponents { n, e }
                    .to_parsed_public_key(&alg::RSA_PKCS1_2048_8192_SHA256)
                    .ok()?,
                others: Default::default(),
            },
            // Not from the point, which aws-lc-rs takes only once it has failed to read it as a whole encoding.
            Material::Ec { kind, .. } => match kind {
                KeyKind::EcdsaP256 => Self::P256(parsed(&alg::ECDSA_P256_SHA256_ASN1, spki)?),
                KeyKind::EcdsaP384 => Self::P384(parsed(&alg::ECDSA_P384_SHA384_ASN1, spki)?),
                KeyKind::EcdsaP521 => Self::P521(parsed(&alg::ECDSA_P521_SHA512_ASN1, spki)?),
                _ => return None,
            },
            Material::Ed25519 { point } => {
                Self::Ed25519 { key: parsed(&alg::ED25519, point)?, point: *point }
            }
            Material::MlDsa { kind, key: raw } => {
                let key = match kind {
                    KeyKind::MlDsa44 => parsed(&alg::ML_DSA_44, raw)?,
                    KeyKind::MlDsa65 => parsed(&alg::ML_DSA_65, raw)?,
                    KeyKind::MlDsa87 => parsed(&alg::ML_DSA_87, raw)?,
                    _ => return None,
                };
                Self::MlDsa { key, kind, raw: raw.into() }
            }
        })
    }

    fn verify_digest(&self, scheme: Scheme, digest: &Digest, signature: &[u8]) -> bool {
        match self {
            Self::Rsa { pkcs1_sha256, others } => {
                let Some(digest) = import(digest.algorithm(), digest.as_bytes()) else { return false };
                rsa_key(pkcs1_sha256, others, scheme)
                    .is_some_and(|key| key.verify_digest_sig(&digest, signature).is_ok())
            }
            Self::P256(key) => ecdsa(key, HashAlgorithm::Sha256, &fit::<32>(digest), signature),
            Self::P384(key) => ecdsa(key, HashAlgorithm::Sha384, &fit::<48>(digest), signature),
            // SHA-512 is shorter than the field; zeros in front change nothing.
            Self::P521(key) => ecdsa(key, HashAlgorithm::Sha512, &fit::<64>(digest), signature),
            Self::Ed25519 { point, .. } => ed25519::verify_ph(point, digest, signature),
            Self::MlDsa { .. } => false,
        }
    }

    fn verify_whole(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ed25519 { key, .. } | Self::MlDsa { key, .. } => key.verify_sig(message, signature).is_ok(),
            Self::Rsa { .. } | Self::P256(_) | Self::P384(_) | Self::P521(_) => false,
        }
    }

    fn verify_representative(&self, message: &Representative, signature: &[u8]) -> bool {
        match self {
            Self::MlDsa { kind, raw, .. } => representative::verify(*kind, raw, message, signature),
            _ => false,
        }
    }
}

/// A digest under another name: see [`fit`].
pub(crate) fn import(algorithm: HashAlgorithm, bytes: &[u8]) -> Option<lc::Digest> {
    lc::Digest::import_less_safe(bytes, name(algorithm)).ok()
}

#[derive(Clone)]
pub(crate) struct Hash(lc::Context);

impl Context for Hash {
    fn new(algorithm: HashAlgorithm) -> Self {
        Self(lc::Context::new(name(algorithm)))
    }

    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(self, out: &mut [u8; 64]) {
        copy(&self.0.finish(), out);
    }

    /// Without a context, which AWS-LC keeps on the heap: the nodes of a Merkle tree are 65 bytes.
    fn whole(algorithm: HashAlgorithm, bytes: &[u8], out: &mut [u8; 64]) {
        copy(&lc::digest(name(algorithm), bytes), out);
    }
}

fn copy(digest: &lc::Digest, out: &mut [u8; 64]) {
    let digest = digest.as_ref();
    if let Some(front) = out.get_mut(..digest.len()) {
        front.copy_from_slice(digest);
    }
}

fn parsed(algorithm: &'static dyn alg::VerificationAlgorithm, bytes: &[u8]) -> Option<ParsedPublicKey> {
    ParsedPublicKey::new(algorithm, bytes).ok()
}

fn ecdsa(key: &ParsedPublicKey, matched: HashAlgorithm, fitted: &[u8], signature: &[u8]) -> bool {
    import(matched, fitted).is_some_and(|digest| key.verify_digest_sig(&digest, signature).is_ok())
}

fn rsa_key<'a>(
    pkcs1_sha256: &'a ParsedPublicKey,
    others: &'a [OnceLock<ParsedPublicKey>; 5],
    scheme: Scheme,
) -> Option<&'a ParsedPublicKey> {
    use HashAlgorithm::{Sha256, Sha384, Sha512};
    let [pkcs1_sha384, pkcs1_sha512, pss_sha256, pss_sha384, pss_sha512] = others;
    let (slot, parameters): (_, &'static RsaParameters) = match scheme {
        Scheme::RsaPkcs1(Sha256) => return Some(pkcs1_sha256),
        Scheme::RsaPkcs1(Sha384) => (pkcs1_sha384, &alg::RSA_PKCS1_2048_8192_SHA384),
        Scheme::RsaPkcs1(Sha512) => (pkcs1_sha512, &alg::RSA_PKCS1_2048_8192_SHA512),
        Scheme::RsaPss(Sha256) => (pss_sha256, &alg::RSA_PSS_2048_8192_SHA256),
        Scheme::RsaPss(Sha384) => (pss_sha384, &alg::RSA_PSS_2048_8192_SHA384),
        Scheme::RsaPss(Sha512) => (pss_sha512, &alg::RSA_PSS_2048_8192_SHA512),
        Scheme::Ecdsa(_) | Scheme::Ed25519 | Scheme::Ed25519ph | Scheme::MlDsa => return None,
    };
    if slot.get().is_none() {
        // Two threads may both parse; one result is kept.
        let _ = slot.set(parsed(parameters, pkcs1_sha256.as_ref())?);
    }
    slot.get()
}

fn name(algorithm: HashAlgorithm) -> &'static lc::Algorithm {
    match algorithm {
        HashAlgorithm::Sha256 => &lc::SHA256,
        HashAlgorithm::Sha384 => &lc::SHA384,
        HashAlgorithm::Sha512 => &lc::SHA512,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeyKind, Message, Scheme, SigningKey};

    /// [`fit`] against AWS-LC's own handling of every pair of curve and hash.
    #[test]
    fn fitted_digests() {
        use HashAlgorithm::{Sha256, Sha384, Sha512};
        let pairs: [(_, _, &'static alg::EcdsaVerificationAlgorithm); 9] = [
            (KeyKind::EcdsaP256, Sha256, &alg::ECDSA_P256_SHA256_ASN1),
            (KeyKind::EcdsaP256, Sha384, &alg::ECDSA_P256_SHA384_ASN1),
            (KeyKind::EcdsaP256, Sha512, &alg::ECDSA_P256_SHA512_ASN1),
            (KeyKind::EcdsaP384, Sha256, &alg::ECDSA_P384_SHA256_ASN1),
            (KeyKind::EcdsaP384, Sha384, &alg::ECDSA_P384_SHA384_ASN1),
            (KeyKind::EcdsaP384, Sha512, &alg::ECDSA_P384_SHA512_ASN1),
            (KeyKind::EcdsaP521, Sha256, &alg::ECDSA_P521_SHA256_ASN1),
            (KeyKind::EcdsaP521, Sha384, &alg::ECDSA_P521_SHA384_ASN1),
            (KeyKind::EcdsaP521, Sha512, &alg::ECDSA_P521_SHA512_ASN1),
        ];
        for (kind, hash, algorithm) in pairs {
            let key = SigningKey::generate(kind).unwrap();
            let signature = key.sign(Scheme::Ecdsa(hash), Message::Bytes(b"message")).unwrap();
            let theirs = ParsedPublicKey::new(algorithm, key.public_key().spki_der()).unwrap();
            assert!(theirs.verify_sig(b"message", &signature).is_ok(), "{kind} {hash}");
        }
    }
}
