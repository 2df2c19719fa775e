//! Keys from fixed seeds, and what they sign: real signatures without randomness in the tests.

use sealwax_crypto::{HashAlgorithm, KeyKind, Message, PublicKey, Scheme, SigningKey};
use sealwax_tlog::cosignature::{PosixSeconds, ed25519_message, ml_dsa_44_message};
use sealwax_tlog::note::{Signature, SignatureType};
use sealwax_tlog::{Checkpoint, CosignerKey, LogKey, Note, SignedCheckpoint, TreeSize, VerifierKey};

pub(crate) const ORIGIN: &str = "log.example";
pub(crate) const WITNESS: &str = "witness.example/w";
pub(crate) const TIME: PosixSeconds = PosixSeconds(1_700_000_000);

pub(crate) fn key(kind: KeyKind, seed: u8) -> SigningKey {
    SigningKey::from_seed(kind, &[seed; 32]).unwrap()
}

pub(crate) fn ed25519(seed: u8) -> SigningKey {
    key(KeyKind::Ed25519, seed)
}

pub(crate) fn ml_dsa_44(seed: u8) -> SigningKey {
    key(KeyKind::MlDsa44, seed)
}

pub(crate) fn public(key: &SigningKey) -> PublicKey {
    key.public_key().clone()
}

/// The log of most tests.
pub(crate) fn log_key() -> LogKey {
    LogKey::named(ORIGIN, public(&ed25519(1))).unwrap()
}

pub(crate) fn checkpoint() -> Checkpoint {
    Checkpoint::new(ORIGIN, TreeSize(42), [7; 32]).unwrap()
}

pub(crate) fn line(name: &str, hint: [u8; 4], bytes: Vec<u8>) -> Signature {
    Signature::new(name.to_owned(), hint, bytes).unwrap()
}

pub(crate) fn sign(key: &SigningKey, message: &[u8]) -> Vec<u8> {
    let scheme = match key.public_key().kind() {
        KeyKind::Rsa { .. } => Scheme::RsaPkcs1(HashAlgorithm::Sha256),
        KeyKind::EcdsaP256 => Scheme::Ecdsa(HashAlgorithm::Sha256),
        KeyKind::EcdsaP384 => Scheme::Ecdsa(HashAlgorithm::Sha384),
        KeyKind::EcdsaP521 => Scheme::Ecdsa(HashAlgorithm::Sha512),
        KeyKind::Ed25519 => Scheme::Ed25519,
        KeyKind::MlDsa44 | KeyKind::MlDsa65 | KeyKind::MlDsa87 => Scheme::MlDsa,
    };
    key.sign(scheme, Message::Bytes(message)).unwrap()
}

/// The log's own line, over the whole text.
pub(crate) fn log_line(checkpoint: &Checkpoint) -> Signature {
    let [a, b, c, d, ..] = *log_key().id();
    line(ORIGIN, [a, b, c, d], sign(&ed25519(1), checkpoint.to_string().as_bytes()))
}

/// A cosignature by `key`, of the type that fits the key.
pub(crate) fn cosignature(
    name: &str,
    key: &SigningKey,
    time: PosixSeconds,
    checkpoint: &Checkpoint,
) -> Signature {
    let message = match key.public_key().kind() {
        KeyKind::Ed25519 => ed25519_message(time, &checkpoint.to_string()),
        _ => ml_dsa_44_message(name, time, checkpoint).unwrap(),
    };
    let hint = cosigner(name, key).verifier_key().key_hash();
    line(name, hint, [time.0.to_be_bytes().as_slice(), &sign(key, &message)].concat())
}

pub(crate) fn cosigner(name: &str, key: &SigningKey) -> CosignerKey {
    match key.public_key().kind() {
        KeyKind::Ed25519 => CosignerKey::ed25519(name, public(key)).unwrap(),
        _ => CosignerKey::ml_dsa_44(name, public(key)).unwrap(),
    }
}

pub(crate) fn vkey(name: &str, signature_type: SignatureType, key: &SigningKey) -> VerifierKey {
    VerifierKey::new(name, signature_type, public(key)).unwrap()
}

pub(crate) fn signed(checkpoint: &Checkpoint, lines: Vec<Signature>) -> SignedCheckpoint {
    SignedCheckpoint::from_note(Note::new(checkpoint.to_string(), lines).unwrap()).unwrap()
}
