//! Checkpoints of certificate logs: signature type 05.

use sealwax_crypto::{HashAlgorithm, KeyKind, Message, Scheme, SigningKey, VerifyError, sha256};
use sealwax_tlog::note::SignatureType;
use sealwax_tlog::rfc6962::{TreeHeadError, note_signature, scheme, tree_head_message};
use sealwax_tlog::{
    Checkpoint, LogKey, LogKeyError, LogSignatureError, TreeSize, VerifierKey, VerifierKeyError,
};

use crate::signing::{ed25519, line, public, signed};

const ORIGIN: &str = "rome.ct.example.com/2024h1";
const TIME: u64 = 1_700_000_000_123;

fn log(key: &SigningKey) -> LogKey {
    LogKey::certificate_log(ORIGIN, public(key)).unwrap()
}

fn checkpoint() -> Checkpoint {
    Checkpoint::new(ORIGIN, TreeSize(70_000), [7; 32]).unwrap()
}

fn key_hash(key: &SigningKey) -> [u8; 4] {
    let [a, b, c, d, ..] = *log(key).id();
    [a, b, c, d]
}

/// The bytes of a good line.
fn bytes(key: &SigningKey, time: u64, checkpoint: &Checkpoint) -> Vec<u8> {
    let message = tree_head_message(time, checkpoint.size(), checkpoint.root());
    let signature = key.sign(scheme(key.kind()).unwrap(), Message::Bytes(&message)).unwrap();
    note_signature(key.kind(), time, &signature).unwrap()
}

#[test]
fn the_tree_head_is_laid_out_as_in_rfc_6962() {
    let message = tree_head_message(0x0102_0304_0506_0708, TreeSize(0x1112_1314_1516_1718), &[0xaa; 32]);
    let start = [0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18];
    assert_eq!(message[..18], start);
    assert_eq!(message[18..], [0xaa; 32]);
    let blob = note_signature(KeyKind::EcdsaP256, 5, b"sig").unwrap();
    assert_eq!(blob, [0, 0, 0, 0, 0, 0, 0, 5, 4, 3, 0, 3, b's', b'i', b'g']);
    let blob = note_signature(KeyKind::Rsa { bits: 4096 }, 5, b"sig").unwrap();
    assert_eq!(blob[8..12], [4, 1, 0, 3]);
    assert_eq!(note_signature(KeyKind::Ed25519, 5, b"sig"), None);
    assert_eq!(note_signature(KeyKind::EcdsaP256, 5, &[0; 65_536]), None);
}

#[test]
fn the_key_id_is_made_of_name_type_and_log_id() {
    let key = SigningKey::generate(KeyKind::EcdsaP256).unwrap();
    let public = public(&key);
    let id = sha256(&[ORIGIN.as_bytes(), b"\n\x05", &public.spki_sha256()].concat());
    assert_eq!(*log(&key).id(), id);

    let vkey = VerifierKey::new(ORIGIN, SignatureType::Rfc6962, public).unwrap();
    assert_eq!(vkey.key_hash(), id[..4]);
    assert_eq!(VerifierKey::parse(&vkey.to_string()), Ok(vkey.clone()));
    assert_eq!(LogKey::from_verifier_key(vkey).unwrap(), log(&key));
}

#[test]
fn other_keys_are_refused() {
    let key = public(&ed25519(1));
    assert_eq!(
        LogKey::certificate_log(ORIGIN, key),
        Err(LogKeyError::VerifierKey(VerifierKeyError::KindMismatch {
            signature_type: SignatureType::Rfc6962,
            kind: KeyKind::Ed25519,
        }))
    );
}

#[test]
fn a_signed_checkpoint_verifies_and_says_when() {
    for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::Rsa { bits: 3072 }] {
        let key = SigningKey::generate(kind).unwrap();
        let good = line(ORIGIN, key_hash(&key), bytes(&key, TIME, &checkpoint()));
        let later = line(ORIGIN, key_hash(&key), bytes(&key, TIME + 1, &checkpoint()));
        let stranger = line(ORIGIN, [1, 2, 3, 4], vec![1]);
        let verified = log(&key).verify(&signed(&checkpoint(), vec![stranger, later, good])).unwrap();
        assert_eq!(verified.timestamp_ms(), Some(TIME), "the earliest");
        assert_eq!(*verified, checkpoint());
    }
}

#[test]
fn other_logs_say_no_time() {
    let verified = crate::signing::log_key()
        .verify(&signed(
            &crate::signing::checkpoint(),
            vec![crate::signing::log_line(&crate::signing::checkpoint())],
        ))
        .unwrap();
    assert_eq!(verified.timestamp_ms(), None);
}

#[test]
fn whatever_is_not_signed_is_refused() {
    let key = SigningKey::generate(KeyKind::EcdsaP256).unwrap();
    let check = |checkpoint: &Checkpoint, bytes: Vec<u8>, expected: TreeHeadError| {
        let signed = signed(checkpoint, vec![line(ORIGIN, key_hash(&key), bytes)]);
        let name = ORIGIN.to_owned();
        let expected = LogSignatureError::BadTreeHead { name, source: expected };
        assert_eq!(log(&key).verify(&signed), Err(expected));
    };
    let good = bytes(&key, TIME, &checkpoint());

    let extensions = vec!["line".to_owned()];
    let extended = Checkpoint::with_extensions(ORIGIN, TreeSize(70_000), [7; 32], extensions).unwrap();
    check(&extended, good.clone(), TreeHeadError::Extensions);

    let bad = TreeHeadError::Verify(VerifyError::BadSignature);
    check(&Checkpoint::new(ORIGIN, TreeSize(70_001), [7; 32]).unwrap(), good.clone(), bad.clone());
    check(&Checkpoint::new(ORIGIN, TreeSize(70_000), [8; 32]).unwrap(), good.clone(), bad.clone());
    let mut other_time = good.clone();
    other_time[7] ^= 1;
    check(&checkpoint(), other_time, bad);

    for length in [0, 8, 11, good.len() - 1] {
        let short = good.get(..length).filter(|short| !short.is_empty()).unwrap_or(&[0]).to_vec();
        check(&checkpoint(), short, TreeHeadError::Malformed);
    }
    check(&checkpoint(), [good.as_slice(), &[0]].concat(), TreeHeadError::Malformed);

    for (at, value) in [(8, 5), (9, 1)] {
        let mut other = good.clone();
        other[at] = value;
        let key = KeyKind::EcdsaP256;
        let expected = TreeHeadError::Algorithm { hash: other[8], signature: other[9], key };
        check(&checkpoint(), other, expected);
    }

    // The same key over the text of the note is another type of signature.
    let text = checkpoint().to_string();
    let plain = key.sign(Scheme::Ecdsa(HashAlgorithm::Sha256), Message::Bytes(text.as_bytes())).unwrap();
    let signed = signed(&checkpoint(), vec![line(ORIGIN, key_hash(&key), plain)]);
    assert!(matches!(log(&key).verify(&signed), Err(LogSignatureError::BadTreeHead { .. })));
}
