//! Cosignatures: what is signed, and every way to be wrong.

use sealwax_crypto::{SigningKey, VerifyError};
use sealwax_tlog::cosignature::{
    CosignatureError, CosignerKeyError, PosixSeconds, ed25519_message, ml_dsa_44_message, verify,
};
use sealwax_tlog::note::SignatureType;
use sealwax_tlog::{Checkpoint, CosignerKey, TreeSize};

use crate::signing::{
    ORIGIN, TIME, WITNESS, checkpoint, cosignature, cosigner, ed25519, line, log_line, ml_dsa_44, public,
    sign, signed, vkey,
};

#[test]
fn the_ed25519_message_is_the_specifications() {
    let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    assert_eq!(
        ed25519_message(PosixSeconds(1_679_315_147), text),
        format!("cosignature/v1\ntime 1679315147\n{text}").into_bytes()
    );
}

#[test]
fn the_ml_dsa_message_is_the_specifications() {
    let checkpoint =
        Checkpoint::with_extensions("o.example", TreeSize(0x0102), [9; 32], vec!["x".to_owned()]);
    let mut expected = b"subtree/v1\n\0\x03w/1\0\0\0\0\x64\x18\x50\xcb\x09o.example".to_vec();
    expected.extend([0; 8]);
    expected.extend([0, 0, 0, 0, 0, 0, 1, 2]);
    expected.extend([9; 32]);
    assert_eq!(ml_dsa_44_message("w/1", PosixSeconds(0x6418_50cb), &checkpoint.unwrap()), Some(expected));

    let long = "a".repeat(256);
    let of_long = Checkpoint::new(&long, TreeSize(1), [0; 32]).unwrap();
    assert_eq!(ml_dsa_44_message("w", TIME, &of_long), None);
    assert_eq!(ml_dsa_44_message(&long, TIME, &crate::signing::checkpoint()), None);
    assert!(ml_dsa_44_message(&"a".repeat(255), TIME, &crate::signing::checkpoint()).is_some());
}

#[test]
fn both_types_verify_beside_the_logs_line() {
    let checkpoint = checkpoint();
    for key in [ed25519(9), ml_dsa_44(9)] {
        let lines = vec![log_line(&checkpoint), cosignature(WITNESS, &key, TIME, &checkpoint)];
        assert_eq!(verify(&signed(&checkpoint, lines), &cosigner(WITNESS, &key)), Ok(TIME));
    }
}

#[test]
fn only_ed25519_covers_extension_lines() {
    let plain = checkpoint();
    let extended =
        Checkpoint::with_extensions(ORIGIN, plain.size(), *plain.root(), vec!["x".to_owned()]).unwrap();
    let verdict = |key: &SigningKey| {
        verify(&signed(&extended, vec![cosignature(WITNESS, key, TIME, &plain)]), &cosigner(WITNESS, key))
    };
    assert_eq!(verdict(&ml_dsa_44(9)), Ok(TIME));
    assert!(matches!(verdict(&ed25519(9)), Err(CosignatureError::BadSignature { .. })));
    // With the lines in the message it is the specification's.
    let lines = vec![cosignature(WITNESS, &ed25519(9), TIME, &extended)];
    assert_eq!(verify(&signed(&extended, lines), &cosigner(WITNESS, &ed25519(9))), Ok(TIME));
}

#[test]
fn the_earliest_of_several_times_is_taken() {
    let checkpoint = checkpoint();
    let key = ed25519(9);
    let lines = [30, 10, 20].map(|time| cosignature(WITNESS, &key, PosixSeconds(time), &checkpoint)).to_vec();
    assert_eq!(verify(&signed(&checkpoint, lines), &cosigner(WITNESS, &key)), Ok(PosixSeconds(10)));
}

#[test]
fn each_part_is_bound() {
    let checkpoint = checkpoint();
    let name = || WITNESS.to_owned();
    for key in [ed25519(9), ml_dsa_44(9)] {
        let cosigner_key = cosigner(WITNESS, &key);
        let good = cosignature(WITNESS, &key, TIME, &checkpoint);
        let hint = good.key_hash();
        let check = |bytes: Vec<u8>, expected: CosignatureError| {
            let lines = vec![line(WITNESS, hint, bytes)];
            assert_eq!(verify(&signed(&checkpoint, lines), &cosigner_key), Err(expected));
        };
        let bad = || CosignatureError::BadSignature { name: name(), source: VerifyError::BadSignature };

        let mut other_time = good.bytes().to_vec();
        other_time[7] ^= 1;
        check(other_time, bad());
        let mut other_signature = good.bytes().to_vec();
        other_signature[20] ^= 1;
        check(other_signature, bad());
        let mut longer = good.bytes().to_vec();
        longer.push(0);
        check(longer, bad());
        check(good.bytes()[..good.bytes().len() - 1].to_vec(), bad());
        check(good.bytes()[..8].to_vec(), bad());
        check(good.bytes()[..7].to_vec(), CosignatureError::TooShort { name: name(), bytes: 7 });
        // The log's way of signing, over the text alone.
        let text = checkpoint.to_string();
        let plain = [TIME.0.to_be_bytes().as_slice(), &sign(&key, text.as_bytes())].concat();
        check(plain, bad());

        let unsigned_time = 1 << 63;
        let late = cosignature(WITNESS, &key, PosixSeconds(unsigned_time), &checkpoint);
        check(late.bytes().to_vec(), CosignatureError::TimeOutOfRange { name: name(), time: unsigned_time });
        let none = cosignature(WITNESS, &key, PosixSeconds(0), &checkpoint);
        check(none.bytes().to_vec(), CosignatureError::NoTime { name: name() });

        for other in [
            Checkpoint::new("other", checkpoint.size(), *checkpoint.root()),
            Checkpoint::new(ORIGIN, TreeSize(43), *checkpoint.root()),
            Checkpoint::new(ORIGIN, checkpoint.size(), [8; 32]),
        ] {
            assert_eq!(verify(&signed(&other.unwrap(), vec![good.clone()]), &cosigner_key), Err(bad()));
        }
    }
}

#[test]
fn a_wrong_line_beside_a_good_one_is_refused() {
    let checkpoint = checkpoint();
    let good = cosignature(WITNESS, &ed25519(9), TIME, &checkpoint);
    let wrong = line(WITNESS, good.key_hash(), vec![0; 72]);
    assert!(matches!(
        verify(&signed(&checkpoint, vec![good, wrong]), &cosigner(WITNESS, &ed25519(9))),
        Err(CosignatureError::NoTime { .. } | CosignatureError::BadSignature { .. })
    ));
}

#[test]
fn ml_dsa_binds_the_cosigners_name_and_ed25519_its_hash() {
    let checkpoint = checkpoint();
    for key in [ed25519(9), ml_dsa_44(9)] {
        let lines = vec![cosignature(WITNESS, &key, TIME, &checkpoint)];
        assert_eq!(
            verify(&signed(&checkpoint, lines), &cosigner("other.example", &key)),
            Err(CosignatureError::Missing { name: "other.example".to_owned() })
        );
    }
    let key = ml_dsa_44(9);
    let renamed = line(
        "other.example",
        cosigner("other.example", &key).verifier_key().key_hash(),
        cosignature(WITNESS, &key, TIME, &checkpoint).bytes().to_vec(),
    );
    assert!(matches!(
        verify(&signed(&checkpoint, vec![renamed]), &cosigner("other.example", &key)),
        Err(CosignatureError::BadSignature { .. })
    ));
}

#[test]
fn a_name_without_room_in_the_message_is_refused() {
    let long = "a".repeat(256);
    let key = ml_dsa_44(9);
    let checkpoint = checkpoint();
    let hint = cosigner(&long, &key).verifier_key().key_hash();
    let lines = vec![line(&long, hint, vec![1; 2428 - 7])];
    let verdict = verify(&signed(&checkpoint, lines), &cosigner(&long, &key));
    assert!(matches!(verdict, Err(CosignatureError::NameTooLong { .. })), "{verdict:?}");
}

#[test]
fn only_cosigners_keys_cosign() {
    assert_eq!(
        CosignerKey::new(vkey("w", SignatureType::Ed25519, &ed25519(1))),
        Err(CosignerKeyError::NotACosigner { signature_type: SignatureType::Ed25519 })
    );
    assert!(matches!(
        CosignerKey::ed25519("w", public(&ml_dsa_44(1))),
        Err(CosignerKeyError::VerifierKey(_))
    ));
    assert!(matches!(
        CosignerKey::ml_dsa_44("w", public(&ed25519(1))),
        Err(CosignerKeyError::VerifierKey(_))
    ));
}
