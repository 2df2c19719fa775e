//! ML-DSA of messages that are too long to be held: what stands for a message, the representative µ of FIPS 204 (algorithm 7, line 6;
//! algorithm 8, line 7), is made while the message streams by, and is signed or verified in its place. It is made of the key too, and
//! so stands for the message with that key only. AWS-LC's Rust interface does not take one, so RustCrypto's does the rest.

use ml_dsa::{MlDsa44, MlDsa65, MlDsa87, MlDsaParams};
use shake::{ExtendableOutput, Shake256, Update};

use crate::{KeyKind, PublicKey, Scheme};

/// The representative of a message with a key of ML-DSA, for an empty context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Representative {
    /// SHA-256 of the key's `SubjectPublicKeyInfo`.
    key: [u8; 32],
    mu: [u8; 64],
}

/// A message that streams by.
#[derive(Clone)]
pub struct RepresentativeHasher {
    key: [u8; 32],
    state: Shake256,
}

impl Representative {
    /// Whether it was made of this key. With another it stands for nothing.
    #[must_use]
    pub fn is_of(&self, key: &PublicKey) -> bool {
        self.key == key.spki_sha256()
    }
}

impl RepresentativeHasher {
    /// For messages that this key signs; `None` if it is none of ML-DSA.
    #[must_use]
    pub fn new(key: &PublicKey) -> Option<Self> {
        let raw = key.raw().filter(|_| key.kind().fits(Scheme::MlDsa))?;
        let mut hash_of_key = [0; 64];
        let mut state = Shake256::default();
        state.update(raw);
        state.finalize_xof_into(&mut hash_of_key);
        let mut state = Shake256::default();
        state.update(&hash_of_key);
        // FIPS 204 algorithm 2, line 10: not prehashed, and a context of no bytes.
        state.update(&[0, 0]);
        Some(Self { key: key.spki_sha256(), state })
    }

    /// The next bytes of the message.
    pub fn update(&mut self, bytes: &[u8]) {
        self.state.update(bytes);
    }

    /// The message was whole.
    #[must_use]
    pub fn finish(self) -> Representative {
        let mut mu = [0; 64];
        self.state.finalize_xof_into(&mut mu);
        Representative { key: self.key, mu }
    }
}

/// FIPS 204 algorithm 8, from line 8. `raw` is the key of this kind.
pub(crate) fn verify(kind: KeyKind, raw: &[u8], representative: &Representative, signature: &[u8]) -> bool {
    match kind {
        KeyKind::MlDsa44 => verify_as::<MlDsa44>(raw, representative, signature),
        KeyKind::MlDsa65 => verify_as::<MlDsa65>(raw, representative, signature),
        KeyKind::MlDsa87 => verify_as::<MlDsa87>(raw, representative, signature),
        _ => false,
    }
}

fn verify_as<P: MlDsaParams>(raw: &[u8], representative: &Representative, signature: &[u8]) -> bool {
    let Ok(key) = ml_dsa::EncodedVerifyingKey::<P>::try_from(raw) else { return false };
    let Ok(signature) = ml_dsa::Signature::<P>::try_from(signature) else { return false };
    ml_dsa::VerifyingKey::decode(&key).verify_mu(&representative.mu.into(), &signature)
}

/// FIPS 204 algorithm 7, from line 7, hedged.
#[cfg(all(feature = "aws-lc", not(target_arch = "wasm32")))]
pub(crate) fn sign(kind: KeyKind, seed: &[u8; 32], representative: &Representative) -> Option<Vec<u8>> {
    match kind {
        KeyKind::MlDsa44 => signing::sign_as::<MlDsa44>(seed, &representative.mu),
        KeyKind::MlDsa65 => signing::sign_as::<MlDsa65>(seed, &representative.mu),
        KeyKind::MlDsa87 => signing::sign_as::<MlDsa87>(seed, &representative.mu),
        _ => None,
    }
}

#[cfg(all(feature = "aws-lc", not(target_arch = "wasm32")))]
mod signing {
    use ml_dsa::signature::rand_core::{TryCryptoRng, TryRng};
    use ml_dsa::{ExpandedSigningKey, MlDsaParams};

    use crate::SignError;

    pub(super) fn sign_as<P: MlDsaParams>(seed: &[u8; 32], mu: &[u8; 64]) -> Option<Vec<u8>> {
        let key = ExpandedSigningKey::<P>::from_seed(&(*seed).into());
        let signature = key.sign_mu_randomized(&(*mu).into(), &mut System).ok()?;
        Some(signature.encode().to_vec())
    }

    /// The operating system's randomness.
    struct System;

    impl TryRng for System {
        type Error = SignError;

        fn try_next_u32(&mut self) -> Result<u32, SignError> {
            crate::random().map(u32::from_le_bytes)
        }

        fn try_next_u64(&mut self) -> Result<u64, SignError> {
            crate::random().map(u64::from_le_bytes)
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), SignError> {
            aws_lc_rs::rand::fill(bytes).map_err(|_| SignError::Provider)
        }
    }

    impl TryCryptoRng for System {}
}

#[cfg(test)]
#[cfg(all(feature = "aws-lc", not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use crate::{HashAlgorithm, Message, SigningKey, VerifyError, digest};

    const KINDS: [KeyKind; 3] = [KeyKind::MlDsa44, KeyKind::MlDsa65, KeyKind::MlDsa87];

    fn representative(key: &PublicKey, message: &[u8]) -> Representative {
        let mut hasher = RepresentativeHasher::new(key).unwrap();
        message.chunks(7).for_each(|chunk| hasher.update(chunk));
        hasher.finish()
    }

    /// AWS-LC signs and verifies the message, RustCrypto what stands for it: each takes the other's word.
    #[test]
    fn it_stands_for_the_message() {
        let message: Vec<u8> = (0..=255).cycle().take(1000).collect();
        for kind in KINDS {
            let key = SigningKey::generate(kind).unwrap();
            let short = representative(key.public_key(), &message);
            let whole = Message::Bytes(&message);
            let of_whole = key.sign(Scheme::MlDsa, whole).unwrap();
            let of_short = key.sign(Scheme::MlDsa, Message::Representative(&short)).unwrap();
            assert_ne!(of_whole, of_short);
            for signature in [&of_whole, &of_short] {
                for message in [whole, Message::Representative(&short)] {
                    assert_eq!(key.public_key().verify(Scheme::MlDsa, message, signature), Ok(()));
                }
            }
            let other = representative(key.public_key(), b"another");
            let refused = key.public_key().verify(Scheme::MlDsa, Message::Representative(&other), &of_short);
            assert_eq!(refused, Err(VerifyError::BadSignature));
        }
    }

    #[test]
    fn it_is_of_one_key() {
        let [one, other] = [(); 2].map(|()| SigningKey::generate(KeyKind::MlDsa44).unwrap());
        let short = representative(one.public_key(), b"x");
        assert!(short.is_of(one.public_key()) && !short.is_of(other.public_key()));
        assert_ne!(short, representative(other.public_key(), b"x"));
        let refused = other.sign(Scheme::MlDsa, Message::Representative(&short));
        assert!(matches!(refused, Err(crate::SignError::Request(VerifyError::OtherRepresentative))));
        let ed25519 = SigningKey::generate(KeyKind::Ed25519).unwrap();
        assert!(RepresentativeHasher::new(ed25519.public_key()).is_none());
    }

    #[test]
    fn other_schemes_do_not_take_it() {
        let key = SigningKey::generate(KeyKind::MlDsa65).unwrap();
        let short = representative(key.public_key(), b"x");
        let p256 = SigningKey::generate(KeyKind::EcdsaP256).unwrap();
        let scheme = Scheme::Ecdsa(HashAlgorithm::Sha256);
        let refused = p256.public_key().verify(scheme, Message::Representative(&short), b"");
        assert_eq!(refused, Err(VerifyError::MessageNeeded { scheme }));
        let digest = digest(HashAlgorithm::Sha256, b"x");
        let refused = key.public_key().verify(Scheme::MlDsa, Message::Digest(&digest), b"");
        assert_eq!(refused, Err(VerifyError::MessageNeeded { scheme: Scheme::MlDsa }));
    }
}
