//! Signing keys, native only.

use core::fmt;

use aws_lc_rs::encoding::AsBigEndian as _;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self as alg, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, PqdsaKeyPair,
    PqdsaSigningAlgorithm, RsaEncoding, RsaKeyPair,
};

use crate::key::Admitted;
use crate::provider::{active, fit};
use crate::{
    Digest, HashAlgorithm, KeyKind, Message, PublicKey, Scheme, SignError, ed25519, representative, spki,
};

/// A private key of the registry. It signs what [`PublicKey`] verifies, and nothing else.
pub struct SigningKey {
    pair: Pair,
    public: PublicKey,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    MlDsa(PqdsaKeyPair),
}

impl SigningKey {
    /// A new key, from the operating system's randomness.
    ///
    /// # Errors
    /// [`SignError::Unsupported`] for RSA 2048 and sizes that are not in the registry.
    pub fn generate(kind: KeyKind) -> Result<Self, SignError> {
        let provider = |_| SignError::Provider;
        let pair = match kind {
            KeyKind::Rsa { bits: 3072 } => {
                Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa3072).map_err(provider)?)
            }
            KeyKind::Rsa { bits: 4096 } => {
                Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa4096).map_err(provider)?)
            }
            KeyKind::Rsa { .. } => return Err(SignError::Unsupported { kind }),
            KeyKind::Ed25519 => Pair::Ed25519(Ed25519KeyPair::generate().map_err(provider)?),
            KeyKind::EcdsaP256 | KeyKind::EcdsaP384 | KeyKind::EcdsaP521 => {
                let algorithm = ecdsa(kind).ok_or(SignError::Provider)?;
                Pair::Ecdsa(EcdsaKeyPair::generate(algorithm).map_err(provider)?)
            }
            KeyKind::MlDsa44 | KeyKind::MlDsa65 | KeyKind::MlDsa87 => {
                let algorithm = ml_dsa(kind).ok_or(SignError::Provider)?;
                Pair::MlDsa(PqdsaKeyPair::generate(algorithm).map_err(provider)?)
            }
        };
        Self::new(kind, pair)
    }

    /// An Ed25519 or ML-DSA key from its seed of 32 bytes (RFC 8032 §5.1.5, FIPS 204 §6.1).
    ///
    /// # Errors
    /// [`SignError::Unsupported`] for other kinds.
    pub fn from_seed(kind: KeyKind, seed: &[u8; 32]) -> Result<Self, SignError> {
        let provider = |_| SignError::Provider;
        let pair = match (kind, ml_dsa(kind)) {
            (KeyKind::Ed25519, _) => {
                Pair::Ed25519(Ed25519KeyPair::from_seed_unchecked(seed).map_err(provider)?)
            }
            (_, Some(algorithm)) => Pair::MlDsa(PqdsaKeyPair::from_seed(algorithm, seed).map_err(provider)?),
            (_, None) => return Err(SignError::Unsupported { kind }),
        };
        Self::new(kind, pair)
    }

    /// Reads an unencrypted PKCS#8 private key (RFC 5958).
    ///
    /// # Errors
    /// [`SignError::Pkcs8`], or [`SignError::Unsupported`] for RSA 2048 and sizes that are not in the registry, or
    /// [`SignError::NoSeed`].
    pub fn from_pkcs8_der(pkcs8: &[u8]) -> Result<Self, SignError> {
        for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::EcdsaP521] {
            if let Some(Ok(pair)) = ecdsa(kind).map(|algorithm| EcdsaKeyPair::from_pkcs8(algorithm, pkcs8)) {
                return Self::new(kind, Pair::Ecdsa(pair));
            }
        }
        for kind in [KeyKind::MlDsa44, KeyKind::MlDsa65, KeyKind::MlDsa87] {
            if let Some(Ok(pair)) = ml_dsa(kind).map(|algorithm| PqdsaKeyPair::from_pkcs8(algorithm, pkcs8)) {
                // Neither written again nor used for what stands for a message: found now, and not in the middle of a signature.
                seed(&pair).ok_or(SignError::NoSeed { kind })?;
                return Self::new(kind, Pair::MlDsa(pair));
            }
        }
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8(pkcs8) {
            return Self::new(KeyKind::Ed25519, Pair::Ed25519(pair));
        }
        Self::of_rsa(RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| SignError::Pkcs8)?)
    }

    /// Reads an `RSAPrivateKey` (RFC 8017 appendix A.1.2), as OpenSSL wrote RSA keys before PKCS#8.
    ///
    /// # Errors
    /// As [`SigningKey::from_pkcs8_der`].
    pub fn from_pkcs1_der(pkcs1: &[u8]) -> Result<Self, SignError> {
        Self::of_rsa(RsaKeyPair::from_der(pkcs1).map_err(|_| SignError::Pkcs8)?)
    }

    /// Reads an `ECPrivateKey` that names its curve (RFC 5915), as OpenSSL wrote keys of curves before PKCS#8.
    ///
    /// # Errors
    /// [`SignError::Pkcs8`].
    pub fn from_sec1_der(sec1: &[u8]) -> Result<Self, SignError> {
        let kinds = [KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::EcdsaP521];
        let found = kinds
            .into_iter()
            .find_map(|kind| Some((kind, EcdsaKeyPair::from_private_key_der(ecdsa(kind)?, sec1).ok()?)));
        let (kind, pair) = found.ok_or(SignError::Pkcs8)?;
        Self::new(kind, Pair::Ecdsa(pair))
    }

    /// The key as unencrypted PKCS#8.
    ///
    /// # Errors
    /// [`SignError::Provider`] only.
    pub fn to_pkcs8_der(&self) -> Result<Vec<u8>, SignError> {
        use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
        let rsa = |pair: &RsaKeyPair| {
            let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| SignError::Provider)?;
            Ok(der.as_ref().to_vec())
        };
        let document = match &self.pair {
            Pair::Rsa(pair) => return rsa(pair),
            Pair::Ecdsa(pair) => pair.to_pkcs8v1(),
            Pair::Ed25519(pair) => pair.to_pkcs8v1(),
            Pair::MlDsa(pair) => pair.to_pkcs8v1(),
        };
        Ok(document.map_err(|_| SignError::Provider)?.as_ref().to_vec())
    }

    /// The public half.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The kind of key.
    pub fn kind(&self) -> KeyKind {
        self.public.kind()
    }

    /// Signs.
    ///
    /// # Errors
    /// [`SignError::Request`] where [`PublicKey::verify`] would not even try.
    pub fn sign(&self, scheme: Scheme, message: Message<'_>) -> Result<Vec<u8>, SignError> {
        let kind = self.kind();
        match (&self.pair, Admitted::new(&self.public, scheme, message)?) {
            (Pair::Rsa(pair), Admitted::Digest(digest)) => sign_rsa(pair, scheme, &digest),
            (Pair::Ecdsa(pair), Admitted::Digest(digest)) => sign_ecdsa(pair, kind, &digest),
            (Pair::Ed25519(pair), Admitted::Digest(digest)) => sign_ed25519ph(pair, &digest),
            (Pair::Ed25519(pair), Admitted::Whole(message)) => Some(pair.sign(message).as_ref().to_vec()),
            (Pair::MlDsa(pair), Admitted::Whole(message)) => {
                let mut signature = vec![0; pair.algorithm().signature_len()];
                pair.sign(message, &mut signature).ok().map(|_| signature)
            }
            (Pair::MlDsa(pair), Admitted::Representative(message)) => {
                seed(pair).and_then(|seed| representative::sign(kind, &seed, message))
            }
            _ => None,
        }
        .ok_or(SignError::Provider)
    }

    fn of_rsa(pair: RsaKeyPair) -> Result<Self, SignError> {
        let bits = u16::try_from(pair.public_modulus_len() * 8).unwrap_or(u16::MAX);
        let kind = KeyKind::Rsa { bits };
        if !matches!(bits, 3072 | 4096) {
            return Err(SignError::Unsupported { kind });
        }
        Self::new(kind, Pair::Rsa(pair))
    }

    fn new(kind: KeyKind, pair: Pair) -> Result<Self, SignError> {
        let public = match &pair {
            Pair::Rsa(pair) => PublicKey::from_pkcs1_der(pair.public_key().as_ref())?,
            Pair::Ecdsa(pair) => PublicKey::from_ec_point(kind, pair.public_key().as_ref())?,
            Pair::Ed25519(pair) => {
                PublicKey::from_spki_der(&spki::encode_raw(kind, pair.public_key().as_ref())?)?
            }
            Pair::MlDsa(pair) => PublicKey::from_ml_dsa_raw(kind, pair.public_key().as_ref())?,
        };
        Ok(Self { pair, public })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("public", &self.public).finish_non_exhaustive()
    }
}

/// Bytes from the operating system's randomness.
///
/// # Errors
/// [`SignError::Provider`] only.
pub fn random<const N: usize>() -> Result<[u8; N], SignError> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| SignError::Provider)?;
    Ok(bytes)
}

fn sign_rsa(pair: &RsaKeyPair, scheme: Scheme, digest: &Digest) -> Option<Vec<u8>> {
    use HashAlgorithm::{Sha256, Sha384, Sha512};
    let encoding: &'static dyn RsaEncoding = match scheme {
        Scheme::RsaPkcs1(Sha256) => &alg::RSA_PKCS1_SHA256,
        Scheme::RsaPkcs1(Sha384) => &alg::RSA_PKCS1_SHA384,
        Scheme::RsaPkcs1(Sha512) => &alg::RSA_PKCS1_SHA512,
        Scheme::RsaPss(Sha256) => &alg::RSA_PSS_SHA256,
        Scheme::RsaPss(Sha384) => &alg::RSA_PSS_SHA384,
        Scheme::RsaPss(Sha512) => &alg::RSA_PSS_SHA512,
        _ => return None,
    };
    let digest = active::import(digest.algorithm(), digest.as_bytes())?;
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign_digest(encoding, &digest, &mut signature).ok().map(|()| signature)
}

fn sign_ecdsa(pair: &EcdsaKeyPair, kind: KeyKind, digest: &Digest) -> Option<Vec<u8>> {
    let digest = match kind {
        KeyKind::EcdsaP256 => active::import(HashAlgorithm::Sha256, &fit::<32>(digest)),
        KeyKind::EcdsaP384 => active::import(HashAlgorithm::Sha384, &fit::<48>(digest)),
        _ => active::import(HashAlgorithm::Sha512, &fit::<64>(digest)),
    };
    Some(pair.sign_digest(&digest?).ok()?.as_ref().to_vec())
}

fn sign_ed25519ph(pair: &Ed25519KeyPair, digest: &Digest) -> Option<Vec<u8>> {
    let seed = pair.seed().ok()?.as_be_bytes().ok()?;
    ed25519::sign_ph(seed.as_ref().try_into().ok()?, digest)
}

/// The seed of an ML-DSA key, if it still has one: the form of RFC 9881 section 6 that AWS-LC writes ends with it.
fn seed(pair: &PqdsaKeyPair) -> Option<[u8; 32]> {
    let document = pair.to_pkcs8v1().ok()?;
    let (_, end) = document.as_ref().split_last_chunk::<34>()?;
    // [0] IMPLICIT OCTET STRING of 32 bytes.
    let seed = end.strip_prefix(&[0x80, 0x20])?;
    seed.try_into().ok()
}

fn ecdsa(kind: KeyKind) -> Option<&'static EcdsaSigningAlgorithm> {
    Some(match kind {
        KeyKind::EcdsaP256 => &alg::ECDSA_P256_SHA256_ASN1_SIGNING,
        KeyKind::EcdsaP384 => &alg::ECDSA_P384_SHA384_ASN1_SIGNING,
        KeyKind::EcdsaP521 => &alg::ECDSA_P521_SHA512_ASN1_SIGNING,
        _ => return None,
    })
}

fn ml_dsa(kind: KeyKind) -> Option<&'static PqdsaSigningAlgorithm> {
    Some(match kind {
        KeyKind::MlDsa44 => &alg::ML_DSA_44_SIGNING,
        KeyKind::MlDsa65 => &alg::ML_DSA_65_SIGNING,
        KeyKind::MlDsa87 => &alg::ML_DSA_87_SIGNING,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::AsRawBytes as _;

    use super::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
        let length: &[u8] = match content.len() {
            0..128 => &[low],
            128..256 => &[0x81, low],
            _ => &[0x82, high, low],
        };
        [&[tag], length, content].concat()
    }

    /// The forms of RFC 9881 section 6: the seed makes a key, the expanded form without it is refused by name.
    #[test]
    fn keys_of_ml_dsa_have_their_seeds() {
        for (kind, last) in [(KeyKind::MlDsa44, 17), (KeyKind::MlDsa65, 18), (KeyKind::MlDsa87, 19)] {
            let pair = PqdsaKeyPair::generate(ml_dsa(kind).unwrap()).unwrap();
            let seed = der(0x04, &seed(&pair).unwrap());
            let expanded = der(0x04, pair.private_key().as_raw_bytes().unwrap().as_ref());
            let oid = [0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, last];
            let pkcs8 = |key: &[u8]| {
                let algorithm = der(0x30, &oid);
                der(0x30, &[&[0x02, 1, 0][..], &algorithm, &der(0x04, key)].concat())
            };
            let both = pkcs8(&der(0x30, &[seed, expanded.clone()].concat()));
            let key = SigningKey::from_pkcs8_der(&both).unwrap();
            assert_eq!(key.to_pkcs8_der().unwrap(), pair.to_pkcs8v1().unwrap().as_ref());
            let refused = SigningKey::from_pkcs8_der(&pkcs8(&expanded)).unwrap_err();
            assert_eq!(refused, SignError::NoSeed { kind });
        }
    }
}
