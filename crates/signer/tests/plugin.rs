//! Keys behind plug-ins: programs of this test that answer by the protocol, or do not.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use sealwax_crypto::{HashAlgorithm, KeyKind, Message, Scheme, SignError, SigningKey, base64, digest};
use sealwax_signer::plugin::{AnswerError, PluginError, PluginKey, PluginReference};
use sealwax_signer::{Signer, SignerError};
use std::path::PathBuf;

const P256: Scheme = Scheme::Ecdsa(HashAlgorithm::Sha256);

/// A directory with a plug-in that says the same each time, removed at the end.
struct Plugin(PathBuf);

impl Plugin {
    /// Answers `public` when asked for the key, and `signed` when asked to sign; keeps what it was asked.
    fn new(name: &str, public: &str, signed: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("sealwax-plugin-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir(&directory).unwrap();
        let write = |name: &str, text: &str| std::fs::write(directory.join(name), text).unwrap();
        write("public", public);
        write("signed", signed);
        // A link: a program that was just written may still be open in a process that another test is starting.
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/plugin.sh");
        std::os::unix::fs::symlink(program, directory.join("program")).unwrap();
        Self(directory)
    }

    fn of(name: &str, key: &SigningKey, signature: &[u8]) -> Self {
        let pem = base64::encode(key.public_key().to_pem().as_bytes());
        let public = format!(r#"{{"publicKey":{{"publicKeyPEM":"{pem}"}}}}"#);
        let signed = format!(r#"{{"signMessage":{{"signature":"{}"}}}}"#, base64::encode(signature));
        Self::new(name, &public, &signed)
    }

    fn open(&self) -> Result<PluginKey, PluginError> {
        let reference = PluginReference::parse("test://a key").unwrap();
        PluginKey::open_program(self.0.join("program"), reference)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap()
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn refused(signed: Result<Vec<u8>, SignerError>) -> PluginError {
    match signed.unwrap_err() {
        SignerError::Plugin(error) => *error,
        other => panic!("{other}"),
    }
}

#[test]
fn a_digest_is_signed_whatever_the_exit_code() {
    let key = SigningKey::generate(KeyKind::EcdsaP256).unwrap();
    let message = Message::Bytes(b"message");
    let signature = key.sign(P256, message).unwrap();
    let plugin = Plugin::of("digest", &key, &signature);
    let opened = plugin.open().unwrap();
    assert_eq!(opened.public_key(), key.public_key());
    assert_eq!(opened.sign(P256, message).unwrap(), signature);
    let found = digest(HashAlgorithm::Sha256, b"message");
    assert_eq!(opened.sign(P256, Message::Digest(&found)).unwrap(), signature);

    let asked = plugin.read("asked");
    assert!(asked.starts_with("v1\n{"), "{asked}");
    assert!(asked.contains(r#""keyResourceID":"a key""#), "{asked}");
    assert!(asked.contains(&format!(r#""digest":"{}""#, base64::encode(found.as_bytes()))), "{asked}");
    assert_eq!(plugin.read("message"), "");
}

#[test]
fn a_pure_scheme_signs_the_message() {
    let key = SigningKey::generate(KeyKind::Ed25519).unwrap();
    // More than a pipe holds.
    let long = vec![b'x'; 200_000];
    let signature = key.sign(Scheme::Ed25519, Message::Bytes(&long)).unwrap();
    let plugin = Plugin::of("pure", &key, &signature);
    let opened = plugin.open().unwrap();
    assert_eq!(opened.sign(Scheme::Ed25519, Message::Bytes(&long)).unwrap(), signature);
    assert_eq!(plugin.read("message").len(), long.len());

    let found = digest(HashAlgorithm::Sha512, &long);
    let prehashed = refused(opened.sign(Scheme::Ed25519ph, Message::Digest(&found)));
    assert!(matches!(prehashed, PluginError::Scheme { scheme: Scheme::Ed25519ph }));
    let without = opened.sign(Scheme::Ed25519, Message::Digest(&found)).unwrap_err();
    assert!(matches!(without, SignerError::Key(SignError::Request(_))));
}

#[test]
fn a_signature_that_its_key_does_not_verify_is_given_to_nobody() {
    let key = SigningKey::generate(KeyKind::EcdsaP256).unwrap();
    let other = key.sign(P256, Message::Bytes(b"another message")).unwrap();
    let plugin = Plugin::of("lies", &key, &other);
    let lie = refused(plugin.open().unwrap().sign(P256, Message::Bytes(b"message")));
    assert!(matches!(lie, PluginError::Signature { .. }));
}

#[test]
fn answers_that_are_none() {
    let open = |name: &str, answer: &str| Plugin::new(name, answer, "").open().unwrap_err();
    let said = open("refuses", r#"{"errorMessage":"no such key"}"#);
    assert!(matches!(said, PluginError::Refused { message, .. } if message == "no such key"));
    let crashed = open("crashes", "panic: oh");
    assert!(matches!(crashed, PluginError::Answer { cause: AnswerError::Json(_), .. }));
    let member = AnswerError::Member { member: "publicKey.publicKeyPEM" };
    assert!(matches!(open("empty", "{}"), PluginError::Answer { cause, .. } if cause == member));
    let strange = open("strange", r#"{"publicKey":{"publicKeyPEM":"bXlwZW0="}}"#);
    assert!(matches!(strange, PluginError::Key { .. }));
    assert!(matches!(open("long", &"x".repeat(100_000)), PluginError::TooLong { .. }));

    let reference = PluginReference::parse("that-nobody-wrote://key").unwrap();
    let absent = PluginKey::open(reference).unwrap_err();
    assert!(
        matches!(absent, PluginError::NotFound { program } if program == "sigstore-kms-that-nobody-wrote")
    );
    let gone = PluginKey::open_program("/nowhere/program".into(), PluginReference::parse("x://y").unwrap());
    assert!(matches!(gone, Err(PluginError::Io { .. })));
}
