//! Notes and verifier keys: the specification's examples, and everything that is neither.

use sealwax_crypto::{KeyError, KeyKind, Message, Scheme};
use sealwax_tlog::note::{MAX_BYTES, MAX_SIGNATURES, Signature, SignatureType};
use sealwax_tlog::{Note, NoteError, VerifierKey, VerifierKeyError};

use crate::signing::{ed25519, ml_dsa_44, public, vkey};

/// The example of C2SP `signed-note`, "Verifier keys".
const SPEC_VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const SPEC_NOTE: &str = "This is an example message.\n\n\u{2014} example.com/foo \
    Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

/// The example at the top of C2SP `signed-note`: blank lines in the text, more than ASCII.
const SPEC_POEM: &str = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned \u{e8} subito sera.\n\n\
    \u{2014} quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";

#[test]
fn the_specifications_key_verifies_its_note() {
    let key = VerifierKey::parse(SPEC_VKEY).unwrap();
    assert_eq!(key.to_string(), SPEC_VKEY);
    assert_eq!((key.name(), key.signature_type()), ("example.com/foo", SignatureType::Ed25519));

    let note = Note::parse(SPEC_NOTE).unwrap();
    assert_eq!(note.text(), "This is an example message.\n");
    let [signature] = note.signatures() else { panic!("one signature") };
    assert_eq!((signature.name(), signature.key_hash()), (key.name(), key.key_hash()));
    let text = Message::Bytes(note.text().as_bytes());
    assert_eq!(key.public_key().verify(Scheme::Ed25519, text, signature.bytes()), Ok(()));
}

#[test]
fn the_last_blank_line_separates() {
    let note = Note::parse(SPEC_POEM).unwrap();
    assert!(note.text().ends_with("sole:\n\ned \u{e8} subito sera.\n"));
    assert_eq!(note.signatures().len(), 1);

    let twice = format!("{SPEC_NOTE}\n\u{2014} other AAAAAAA=\n");
    assert_eq!(Note::parse(&twice).unwrap().text(), SPEC_NOTE, "a signed note may be signed");
}

#[test]
fn writing_gives_back_what_was_read() {
    let many = format!("t\n\n{}", "\u{2014} a AAAAAAA=\n".repeat(MAX_SIGNATURES));
    for text in [SPEC_NOTE, SPEC_POEM, "\n\n\u{2014} a AAAAAAA=\n", &many] {
        let note = Note::parse(text).unwrap();
        assert_eq!(note.to_string(), text);
        assert_eq!(Note::new(note.text().to_owned(), note.signatures().to_vec()), Ok(note));
    }
}

#[test]
fn whatever_is_not_a_note_is_refused() {
    use NoteError::*;
    let check = |note: &str, expected: NoteError| assert_eq!(Note::parse(note), Err(expected), "{note:?}");

    check("", NoBlankLine);
    check("text\n", NoBlankLine);
    check("text\n\u{2014} a AAAAAAA=\n", NoBlankLine);
    check("\n\u{2014} a AAAAAAA=\n", NoBlankLine);
    check("text\n\n", NoSignatures);
    check("text\n\n\u{2014} a AAAAAAA=\n\n", NoSignatures);
    check("text\n\n\u{2014} a AAAAAAA=", NoFinalNewline);
    check("text\n\n\u{2014} a AAAAAAA=\n\u{2014} b AAAAAAA=", NoFinalNewline);

    check("text\r\n\n\u{2014} a AAAAAAA=\n", ControlCharacter { character: '\r', offset: 4 });
    check("te\txt\n\n\u{2014} a AAAAAAA=\n", ControlCharacter { character: '\t', offset: 2 });
    check("text\n\n\u{2014} a AAAAAAA=\0\n", ControlCharacter { character: '\0', offset: 20 });

    for line in [
        "- a AAAAAAA=",
        "\u{2014}a AAAAAAA=",
        " \u{2014} a AAAAAAA=",
        "\u{2013} a AAAAAAA=",
        "a AAAAAAA=",
        "\u{2014} AAAAAAA=",
        "\u{2014} ",
        "\u{2014}",
    ] {
        check(&format!("text\n\n{line}\n"), NotASignatureLine { line: 1 });
        check(&format!("text\n\n\u{2014} a AAAAAAA=\n{line}\n"), NotASignatureLine { line: 2 });
    }
    for name in ["", "a+b", "a\u{a0}b", "a\u{2003}b", "\u{3000}", "a\u{85}b", "a\u{2028}b"] {
        check(&format!("text\n\n\u{2014} {name} AAAAAAA=\n"), BadName { line: 1 });
    }
    for base64 in
        ["AAAAAAA", "AAAAAAB=", "AAAA AAA=", " AAAAAAA=", "AAAAAAA= ", "AAAAAA-=", "AAAAAAA==", "AAAAA==="]
    {
        check(&format!("text\n\n\u{2014} a {base64}\n"), BadBase64 { line: 1 });
    }
    for (base64, bytes) in [("", 0), ("AA==", 1), ("AAAAAA==", 4)] {
        check(&format!("text\n\n\u{2014} a {base64}\n"), TooShort { line: 1, bytes });
    }

    check(&format!("t\n\n{}", "\u{2014} a AAAAAAA=\n".repeat(MAX_SIGNATURES + 1)), TooManySignatures);
    let long = format!("{}\n\n\u{2014} a AAAAAAA=\n", "t".repeat(MAX_BYTES));
    check(&long, TooLong { bytes: long.len() });
}

#[test]
fn a_note_that_would_not_be_read_back_is_not_made() {
    let line = || Signature::new("a".to_owned(), [0; 4], vec![1]).unwrap();
    assert_eq!(Note::new("text".to_owned(), vec![line()]), Err(NoteError::TextWithoutNewline));
    assert_eq!(Note::new("text\n".to_owned(), vec![]), Err(NoteError::NoSignatures));
    assert_eq!(
        Note::new("text\n".to_owned(), vec![line(); MAX_SIGNATURES + 1]),
        Err(NoteError::TooManySignatures)
    );
    assert_eq!(
        Note::new("te\rxt\n".to_owned(), vec![line()]),
        Err(NoteError::ControlCharacter { character: '\r', offset: 2 })
    );
    assert_eq!(Signature::new("a b".to_owned(), [0; 4], vec![1]), Err(NoteError::BadName { line: 1 }));
    assert_eq!(
        Signature::new("a\nb".to_owned(), [0; 4], vec![1]),
        Err(NoteError::BadName { line: 1 }),
        "a newline is a space"
    );
    assert_eq!(
        Signature::new("a".to_owned(), [0; 4], vec![]),
        Err(NoteError::TooShort { line: 1, bytes: 4 })
    );
}

#[test]
fn a_witness_answers_with_lines_alone() {
    let lines = "\u{2014} a AAAAAAA=\n\u{2014} b AAAAAAE=\n";
    let parsed = Signature::parse_lines(lines).unwrap();
    assert_eq!(parsed.iter().map(Signature::to_string).collect::<String>(), lines);
    assert_eq!(Signature::parse_lines(""), Err(NoteError::NoSignatures));
    assert_eq!(Signature::parse_lines("\n"), Err(NoteError::NotASignatureLine { line: 1 }));
}

#[test]
fn verifier_keys_of_every_type_are_read_back() {
    let p256 = sealwax_crypto::SigningKey::generate(KeyKind::EcdsaP256).unwrap();
    let rsa = sealwax_crypto::SigningKey::generate(KeyKind::Rsa { bits: 3072 }).unwrap();
    for (signature_type, key) in [
        (SignatureType::Ed25519, &ed25519(1)),
        (SignatureType::CosignatureEd25519, &ed25519(1)),
        (SignatureType::CosignatureMlDsa44, &ml_dsa_44(1)),
        (SignatureType::Ecdsa, &p256),
        (SignatureType::RsaPkcs1, &rsa),
    ] {
        let key = vkey("name.example/\u{e9}", signature_type, key);
        assert_eq!(VerifierKey::parse(&key.to_string()), Ok(key));
    }
}

#[test]
fn one_key_of_two_types_has_two_ids() {
    let ids = [SignatureType::Ed25519, SignatureType::CosignatureEd25519]
        .map(|kind| *vkey("a", kind, &ed25519(1)).id());
    assert_ne!(ids[0], ids[1]);
    let p256 = sealwax_crypto::SigningKey::generate(KeyKind::EcdsaP256).unwrap();
    assert_eq!(*vkey("a", SignatureType::Ecdsa, &p256).id(), public(&p256).spki_sha256());
}

#[test]
fn whatever_is_not_a_verifier_key_is_refused() {
    use VerifierKeyError::*;
    let check = |vkey: &str, expected: VerifierKeyError| {
        assert_eq!(VerifierKey::parse(vkey), Err(expected), "{vkey:?}");
    };
    let key = "AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    check("", NotThreeParts);
    check("name", NotThreeParts);
    check("name+530d903a", NotThreeParts);
    for hash in ["", "530d903", "530D903A", "+30d903a", "530d903a0", "0x0d903a"] {
        check(&format!("example.com/foo+{hash}+{key}"), BadHash);
    }
    check(
        &format!("example.com/foo+530d903b+{key}"),
        HashMismatch { expected: [0x53, 0x0d, 0x90, 0x3a], found: [0x53, 0x0d, 0x90, 0x3b] },
    );
    let renamed = VerifierKey::parse(&SPEC_VKEY.replace("foo", "bar"));
    assert!(matches!(renamed, Err(HashMismatch { found: [0x53, 0x0d, 0x90, 0x3a], .. })), "{renamed:?}");
    check(&format!("+530d903a+{key}"), BadName { name: String::new() });
    check(&format!("a b+530d903a+{key}"), BadName { name: "a b".to_owned() });
    check(&format!("a\u{1}b+530d903a+{key}"), BadName { name: "a\u{1}b".to_owned() });
    check("example.com/foo+530d903a+", BadBase64);
    check(&format!("example.com/foo+530d903a+{key}="), BadBase64);
    check(&format!("example.com/foo+530d903a+{key}\n"), BadBase64);
    check(&format!("{SPEC_VKEY}+more"), BadBase64);
    for (base64, byte) in [("AAAA", 0), ("A6mp", 3), ("B6mp", 7), ("/6mp", 0xff)] {
        check(&format!("example.com/foo+530d903a+{base64}"), UnknownType { byte });
    }
    check(
        "example.com/foo+530d903a+AQAA",
        Key(KeyError::Length { kind: KeyKind::Ed25519, expected: 32, found: 2 }),
    );
    let long = format!("{}+530d903a+{key}", "a".repeat(5000));
    check(&long, TooLong { bytes: long.len() });

    let mismatch = VerifierKey::new("a", SignatureType::Ecdsa, public(&ed25519(1)));
    assert_eq!(mismatch, Err(KindMismatch { signature_type: SignatureType::Ecdsa, kind: KeyKind::Ed25519 }));
}
