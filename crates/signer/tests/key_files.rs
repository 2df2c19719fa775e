//! Private keys in the files of cosign and OpenSSL, and public ones in those of SSH. Where the files come from: `data/SOURCE.md`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use sealwax_crypto::{KeyKind, PublicKey, SigningKey};
use sealwax_signer::file::{
    BoxError, EncryptedKey, Password, Pbes2Error, StoredKey, StoredKeyError, encrypted, plain,
};
use std::path::Path;

const PASSWORD: &str = "correct horse";

fn password(text: &str) -> Password {
    text.as_bytes().to_vec().into()
}

fn text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn public(name: &str) -> PublicKey {
    PublicKey::from_pem(&text(name)).unwrap()
}

fn encrypted_key(text: &str) -> EncryptedKey {
    match StoredKey::parse(text).unwrap() {
        StoredKey::Encrypted(key) => key,
        StoredKey::Plain(_) => panic!("it is not encrypted"),
    }
}

fn plain_key(text: &str) -> SigningKey {
    match StoredKey::parse(text).unwrap() {
        StoredKey::Plain(key) => key,
        StoredKey::Encrypted(_) => panic!("it is encrypted"),
    }
}

#[test]
fn the_keys_of_cosign_open() {
    for (name, secret, half) in [
        ("cosign/p256.key", PASSWORD, "cosign/p256.pub"),
        ("cosign/ed25519.key", PASSWORD, "cosign/ed25519.pub"),
        ("cosign/empty.key", "", "cosign/empty.pub"),
        // The label of cosign 1, and the other two sets of parameters.
        ("cosign/legacy.key", PASSWORD, "cosign/ed25519.pub"),
        ("cosign/owasp.key", PASSWORD, "cosign/ed25519.pub"),
    ] {
        let key = encrypted_key(&text(name));
        assert_eq!(key.open(&password(secret)).unwrap().public_key(), &public(half), "{name}");
        assert_eq!(key.open(&password("another")).unwrap_err(), StoredKeyError::Password, "{name}");
    }
}

#[test]
fn what_openssl_encrypted_opens() {
    let expected = public("cosign/ed25519.pub");
    for name in ["pbkdf2-sha256-aes256", "pbkdf2-sha1-aes128", "pbkdf2-sha512-aes192", "scrypt-aes256"] {
        let key = encrypted_key(&text(&format!("openssl/pbes2-{name}.pem")));
        assert_eq!(key.open(&password(PASSWORD)).unwrap().public_key(), &expected, "{name}");
        assert_eq!(key.open(&password("another")).unwrap_err(), StoredKeyError::Password, "{name}");
    }
    // DES is nobody's choice any more.
    let refused = StoredKey::parse(&text("openssl/pbes2-3des.pem")).unwrap_err();
    let oid = "1.2.840.113549.3.7".to_owned();
    assert_eq!(refused, StoredKeyError::Pbes2(Pbes2Error::Algorithm { oid }));
    let refused = StoredKey::parse(&text("openssl/old-encryption.pem")).unwrap_err();
    assert_eq!(refused, StoredKeyError::OldEncryption);
}

#[test]
fn keys_from_before_pkcs8_are_read() {
    for (name, half) in [("sec1-p256", "sec1-p256"), ("sec1-p384", "sec1-p384"), ("pkcs1-rsa3072", "rsa3072")]
    {
        let key = plain_key(&text(&format!("openssl/{name}.pem")));
        assert_eq!(key.public_key(), &public(&format!("openssl/{half}.pub")), "{name}");
    }
    let parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    plain_key(&format!("{parameters}{}", text("openssl/sec1-p256.pem")));
}

#[test]
fn what_is_written_is_read() {
    for kind in [KeyKind::EcdsaP256, KeyKind::Ed25519, KeyKind::MlDsa65, KeyKind::Rsa { bits: 3072 }] {
        let key = SigningKey::generate(kind).unwrap();
        let sealed = encrypted(&key, &password(PASSWORD)).unwrap();
        assert!(sealed.starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n"));
        assert_eq!(encrypted_key(&sealed).open(&password(PASSWORD)).unwrap().public_key(), key.public_key());
        assert_ne!(encrypted(&key, &password(PASSWORD)).unwrap(), sealed, "salt and nonce are new each time");
        assert_eq!(plain_key(&plain(&key).unwrap()).public_key(), key.public_key());
    }
}

#[test]
fn a_changed_file_does_not_open() {
    let json = sealwax_crypto::pem::decode_one(&text("cosign/legacy.key")).unwrap().der;
    let json = String::from_utf8(json).unwrap();
    let changed = |from: &str, to: &str| {
        assert!(json.contains(from));
        sealwax_crypto::pem::encode("ENCRYPTED SIGSTORE PRIVATE KEY", json.replacen(from, to, 1).as_bytes())
    };
    // Other parameters give another key; parameters that nobody writes are not even tried.
    let other = encrypted_key(&changed("32768", "65536"));
    assert_eq!(other.open(&password(PASSWORD)).unwrap_err(), StoredKeyError::Password);
    let refused = StoredKey::parse(&changed("32768", "1073741824")).unwrap_err();
    assert_eq!(refused, StoredKeyError::Box(BoxError::Cost { n: 1 << 30, r: 8, p: 1 }));
}

#[test]
fn the_public_keys_of_ssh_are_read() {
    for name in ["ed25519", "ecdsa256", "ecdsa384", "ecdsa521", "rsa3072"] {
        let line = text(&format!("ssh/{name}.pub"));
        let key = PublicKey::from_ssh(&line).unwrap();
        assert_eq!(key, public(&format!("ssh/{name}.pem")), "{name}");
        assert_eq!(PublicKey::from_file_bytes(line.as_bytes()).unwrap(), key, "{name}");
    }
}
