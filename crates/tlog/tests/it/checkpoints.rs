//! Checkpoints, and the keys that logs sign them with.

use proptest::prelude::*;
use sealwax_crypto::{HashAlgorithm, KeyKind, Message, Scheme, SigningKey, VerifyError};
use sealwax_tlog::cosignature::{CosignatureError, PosixSeconds};
use sealwax_tlog::note::SignatureType;
use sealwax_tlog::{
    Checkpoint, CheckpointError, LogKey, LogKeyError, LogSignatureError, NoteError, SignedCheckpoint,
    TreeSize, VerifierKeyError,
};

use crate::signing::{
    ORIGIN, TIME, WITNESS, checkpoint, cosignature, ed25519, key, line, log_key, log_line, ml_dsa_44, public,
    sign, signed, vkey,
};

const ROOT: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

/// The example of C2SP `tlog-checkpoint`.
const SPEC: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
    \u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";

#[test]
fn the_specifications_example_is_read_and_written() {
    let signed = SignedCheckpoint::parse(SPEC).unwrap();
    let checkpoint = signed.unverified();
    assert_eq!(checkpoint.origin(), "example.com/behind-the-sofa");
    assert_eq!(checkpoint.size(), TreeSize(20_852_163));
    assert_eq!(checkpoint.root()[..3], [0x0a, 0xc5, 0x18]);
    assert!(checkpoint.extensions().is_empty());
    assert_eq!(signed.to_string(), SPEC);
}

#[test]
fn writing_gives_back_what_was_read() {
    for text in [
        format!("o\n0\n{ROOT}\n"),
        format!("o\n18446744073709551615\n{ROOT}\n"),
        format!("name - 2605736670972794746\n1\n{ROOT}\nTimestamp: 1689177396617352539\n"),
        format!("\u{f6} +\n1\n{ROOT}\na\n b \nc\n"),
    ] {
        assert_eq!(Checkpoint::parse(&text).unwrap().to_string(), text);
    }
}

#[test]
fn whatever_is_not_a_checkpoint_is_refused() {
    use CheckpointError::*;
    let check = |text: &str, expected: CheckpointError| {
        assert_eq!(Checkpoint::parse(text), Err(expected), "{text:?}");
    };

    check("", NoFinalNewline);
    check(&format!("o\n1\n{ROOT}"), NoFinalNewline);
    check("\n", TooFewLines { found: 1 });
    check("o\n1\n", TooFewLines { found: 2 });
    check(&format!("1\n{ROOT}\n"), TooFewLines { found: 2 });
    check(&format!("\n1\n{ROOT}\n"), EmptyOrigin);
    for size in
        ["", "00", "01", "-1", "+1", "1 ", " 1", "1.0", "0x1", "18446744073709551616", "\u{661}", ROOT]
    {
        check(&format!("o\n{size}\n{ROOT}\n"), BadSize { found: size.to_owned() });
    }
    let unpadded = ROOT.trim_end_matches('=');
    let unused_bits = ROOT.replace("2I=", "2J=");
    let url_alphabet = ROOT.replace('/', "_");
    for root in ["", "AAAA", unpadded, &unused_bits, &url_alphabet, "more", &format!("{ROOT} ")] {
        check(&format!("o\n1\n{root}\n"), BadRoot { found: root.to_owned() });
    }
    check(&format!("o\n1\n{ROOT}\n\n"), EmptyExtension { line: 1 });
    check(&format!("o\n1\n{ROOT}\na\n\nb\n"), EmptyExtension { line: 2 });
    check(&format!("o\r\n1\n{ROOT}\n"), ControlCharacter);

    let made = |origin, extensions: &[&str]| {
        let extensions = extensions.iter().map(|line| (*line).to_owned()).collect();
        Checkpoint::with_extensions(origin, TreeSize(1), [0; 32], extensions)
    };
    assert_eq!(made("", &[]), Err(EmptyOrigin));
    assert_eq!(made("a\nb", &[]), Err(ControlCharacter));
    assert_eq!(made("a", &["b\nc"]), Err(ControlCharacter));
    assert_eq!(made("a", &["b", ""]), Err(EmptyExtension { line: 2 }));
    assert_eq!(SignedCheckpoint::parse("o\n1\n"), Err(Note(NoteError::NoBlankLine)));
}

#[test]
fn the_logs_own_line_counts_wherever_it_stands() {
    let checkpoint = checkpoint();
    let witness = || cosignature(WITNESS, &ed25519(9), TIME, &checkpoint);
    let own = || log_line(&checkpoint);
    let unknown = || line(ORIGIN, [1, 2, 3, 4], vec![0; 70]);
    for lines in [
        vec![own()],
        vec![own(), witness()],
        vec![witness(), own()],
        vec![unknown(), own(), witness()],
        vec![own(), own(), unknown()],
    ] {
        let verified = log_key().verify(&signed(&checkpoint, lines)).unwrap();
        assert_eq!(*verified, checkpoint);
    }
}

#[test]
fn every_line_with_the_logs_name_and_hash_must_verify() {
    let checkpoint = checkpoint();
    let own = log_line(&checkpoint);
    let mut bytes = own.bytes().to_vec();
    bytes[10] ^= 1;
    let wrong = line(ORIGIN, own.key_hash(), bytes);
    let refused =
        Err(LogSignatureError::BadSignature { name: ORIGIN.to_owned(), source: VerifyError::BadSignature });
    for lines in [vec![wrong.clone()], vec![own.clone(), wrong.clone()], vec![wrong, own]] {
        assert_eq!(log_key().verify(&signed(&checkpoint, lines)), refused);
    }
}

#[test]
fn what_is_not_by_the_log_is_not_its() {
    let checkpoint = checkpoint();
    let own = log_line(&checkpoint);
    let missing = || LogSignatureError::Missing { name: ORIGIN.to_owned() };
    let check = |lines, expected| assert_eq!(log_key().verify(&signed(&checkpoint, lines)), Err(expected));

    check(vec![cosignature(WITNESS, &ed25519(9), TIME, &checkpoint)], missing());
    check(vec![line(ORIGIN, [0; 4], own.bytes().to_vec())], missing());
    check(vec![line("other.example", own.key_hash(), own.bytes().to_vec())], missing());
    // The log's key as a witness's, under the log's name: another type, another hash.
    check(vec![cosignature(ORIGIN, &ed25519(1), TIME, &checkpoint)], missing());

    let other = Checkpoint::new("other.example", TreeSize(42), [7; 32]).unwrap();
    assert_eq!(
        log_key().verify(&signed(
            &other,
            vec![line(ORIGIN, own.key_hash(), sign(&ed25519(1), other.to_string().as_bytes()))]
        )),
        Err(LogSignatureError::OtherOrigin {
            expected: ORIGIN.to_owned(),
            found: "other.example".to_owned()
        })
    );
}

#[test]
fn a_cosignature_in_the_logs_line_does_not_stand_for_its_signature() {
    let checkpoint = checkpoint();
    let own = log_line(&checkpoint);
    let cosigned = cosignature(ORIGIN, &ed25519(1), TIME, &checkpoint);
    let posing = line(ORIGIN, own.key_hash(), cosigned.bytes().to_vec());
    assert!(matches!(
        log_key().verify(&signed(&checkpoint, vec![posing])),
        Err(LogSignatureError::BadSignature { .. })
    ));
}

#[test]
fn logs_sign_with_every_kind_of_key() {
    let kinds = [KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::EcdsaP521, KeyKind::Rsa { bits: 3072 }];
    let mut keys: Vec<SigningKey> =
        kinds.into_iter().map(|kind| SigningKey::generate(kind).unwrap()).collect();
    keys.push(ed25519(3));
    let named = checkpoint();
    let v1 = Checkpoint::new("pod-1 - 42", TreeSize(42), [7; 32]).unwrap();
    for key in &keys {
        for (checkpoint, name, log) in [
            (&named, ORIGIN, LogKey::named(ORIGIN, public(key)).unwrap()),
            (&v1, "pod-1", LogKey::rekor_v1(public(key)).unwrap()),
        ] {
            let [a, b, c, d, ..] = *log.id();
            let lines = vec![line(name, [a, b, c, d], sign(key, checkpoint.to_string().as_bytes()))];
            assert_eq!(
                log.verify(&signed(checkpoint, lines)).as_deref(),
                Ok(checkpoint),
                "{:?}",
                key.public_key()
            );
        }
    }
}

#[test]
fn a_p384_log_may_hash_with_sha256() {
    let key = SigningKey::generate(KeyKind::EcdsaP384).unwrap();
    let checkpoint = checkpoint();
    let log = LogKey::named(ORIGIN, public(&key)).unwrap();
    let [a, b, c, d, ..] = *log.id();
    let text = checkpoint.to_string();
    let signature = key.sign(Scheme::Ecdsa(HashAlgorithm::Sha256), Message::Bytes(text.as_bytes())).unwrap();
    assert_eq!(
        log.verify(&signed(&checkpoint, vec![line(ORIGIN, [a, b, c, d], signature)])).as_deref(),
        Ok(&checkpoint)
    );
}

#[test]
fn a_rekor_v1_log_has_a_tree_id() {
    let log = LogKey::rekor_v1(public(&ed25519(1))).unwrap();
    assert_eq!(log.id(), &public(&ed25519(1)).spki_sha256());
    let checkpoint = checkpoint();
    let [a, b, c, d, ..] = *log.id();
    let lines = vec![line(ORIGIN, [a, b, c, d], sign(&ed25519(1), checkpoint.to_string().as_bytes()))];
    assert_eq!(
        log.verify(&signed(&checkpoint, lines)),
        Err(LogSignatureError::NotRekorV1 { found: ORIGIN.to_owned() })
    );
}

#[test]
fn a_log_that_signs_with_ml_dsa_says_nothing_about_extension_lines() {
    let key = ml_dsa_44(1);
    let log = LogKey::named(ORIGIN, public(&key)).unwrap();
    let with_lines =
        Checkpoint::with_extensions(ORIGIN, TreeSize(42), [7; 32], vec!["unsigned".to_owned()]).unwrap();
    // A log may leave the time out: it makes no statement about the newest tree.
    for time in [TIME, PosixSeconds(0)] {
        let lines = vec![cosignature(ORIGIN, &key, time, &with_lines)];
        assert_eq!(log.verify(&signed(&with_lines, lines)).as_deref(), Ok(&checkpoint()));
    }
    let mut bytes = cosignature(ORIGIN, &key, TIME, &with_lines).bytes().to_vec();
    bytes[7] ^= 1;
    let hint = vkey(ORIGIN, SignatureType::CosignatureMlDsa44, &key).key_hash();
    assert_eq!(
        log.verify(&signed(&with_lines, vec![line(ORIGIN, hint, bytes)])),
        Err(LogSignatureError::BadCosignature(CosignatureError::BadSignature {
            name: ORIGIN.to_owned(),
            source: VerifyError::BadSignature,
        }))
    );
}

#[test]
fn keys_that_are_no_logs_are_refused() {
    let witness = vkey("w", SignatureType::CosignatureEd25519, &ed25519(1));
    assert_eq!(
        LogKey::from_verifier_key(witness),
        Err(LogKeyError::NotALog { signature_type: SignatureType::CosignatureEd25519 })
    );
    for kind in [KeyKind::MlDsa65, KeyKind::MlDsa87] {
        assert_eq!(LogKey::named("a", public(&key(kind, 1))), Err(LogKeyError::UnsupportedKind { kind }));
    }
    let kind = KeyKind::MlDsa44;
    assert_eq!(LogKey::rekor_v1(public(&key(kind, 1))), Err(LogKeyError::UnsupportedKind { kind }));
    assert_eq!(
        LogKey::named("a b", public(&ed25519(1))),
        Err(LogKeyError::VerifierKey(VerifierKeyError::BadName { name: "a b".to_owned() }))
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_is_written_again(text in "[a+ \n\u{2014}=0-9A-Z]{0,80}") {
        if let Ok(checkpoint) = Checkpoint::parse(&text) {
            prop_assert_eq!(checkpoint.to_string(), text.clone());
        }
        if let Ok(note) = sealwax_tlog::Note::parse(&text) {
            prop_assert_eq!(note.to_string(), text);
        }
    }

    #[test]
    fn every_altered_byte_is_noticed(position in any::<prop::sample::Index>(), bit in 0..7_u8) {
        let checkpoint = checkpoint();
        let good = signed(&checkpoint, vec![log_line(&checkpoint)]).to_string();
        let mut bytes = good.clone().into_bytes();
        bytes[position.index(good.len())] ^= 1 << bit;
        if let Some(altered) = String::from_utf8(bytes).ok().and_then(|text| SignedCheckpoint::parse(&text).ok()) {
            prop_assert!(log_key().verify(&altered).is_err(), "{}", altered);
        }
    }
}
