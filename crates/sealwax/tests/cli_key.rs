//! `sealwax key`: files of keys, their passwords, and what is never replaced unasked. The terminal is not asked here: whoever runs the
//! tests may have one.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::{Ran, Scratch};
use sealwax_crypto::PublicKey;
use sealwax_signer::file::{StoredKey, encrypted};
use std::fs;

fn data(name: &str) -> String {
    format!("{}/../signer/tests/data/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn generate(scratch: &Scratch, more: &[&str]) -> Ran {
    let variables = [("SEALWAX_PASSWORD", "one")];
    scratch.run_with(&[&["key", "generate", "a.key"][..], more].concat(), &variables, b"")
}

#[track_caller]
fn opens(scratch: &Scratch, name: &str, password: &str) -> PublicKey {
    let text = fs::read_to_string(scratch.path(name)).unwrap();
    match StoredKey::parse(&text).unwrap() {
        StoredKey::Encrypted(key) => {
            key.open(&password.as_bytes().to_vec().into()).unwrap().public_key().clone()
        }
        StoredKey::Plain(_) => panic!("{name} is not encrypted"),
    }
}

fn public(scratch: &Scratch, name: &str) -> PublicKey {
    PublicKey::from_pem(&fs::read_to_string(scratch.path(name)).unwrap()).unwrap()
}

#[cfg(unix)]
fn mode(scratch: &Scratch, name: &str) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(scratch.path(name)).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_key_is_made_under_a_password_and_never_replaced_unasked() {
    let scratch = Scratch::new();
    let said = generate(&scratch, &["--json"]).exits(0).json();
    assert_eq!((said["kind"].as_str(), said["private_key"].as_str()), (Some("ECDSA P-256"), Some("a.key")));
    let made = opens(&scratch, "a.key", "one");
    assert_eq!(public(&scratch, "a.pub"), made);
    #[cfg(unix)]
    assert_eq!((mode(&scratch, "a.key"), mode(&scratch, "a.pub") & 0o400), (0o600, 0o400));

    generate(&scratch, &[]).exits(3).complains("--overwrite");
    fs::remove_file(scratch.path("a.key")).unwrap();
    generate(&scratch, &[]).exits(3).complains("a.pub is there already");
    assert!(!scratch.path("a.key").exists());

    generate(&scratch, &["--overwrite", "--kind", "ed25519"]).exits(0);
    assert_ne!(opens(&scratch, "a.key", "one"), made);
    let pub_file = scratch.run_with(&["key", "generate", "b.pub"], &[("SEALWAX_PASSWORD", "x")], b"");
    pub_file.exits(2).complains("public half");
}

#[test]
fn passwords_come_from_files_and_the_environment() {
    let scratch = Scratch::new();
    let file = scratch.write("password", "from a file\r\nand a second line");
    scratch.run(&["key", "generate", "a.key", "--password-file", &file]).exits(0);
    opens(&scratch, "a.key", "from a file");
    scratch.run_with(&["key", "generate", "b.key", "--password-file", "-"], &[], b"piped\n").exits(0);
    opens(&scratch, "b.key", "piped");
    scratch.run_with(&["key", "generate", "c.key"], &[("COSIGN_PASSWORD", "cosign's")], b"").exits(0);
    opens(&scratch, "c.key", "cosign's");
    let both = [("COSIGN_PASSWORD", "cosign's"), ("SEALWAX_PASSWORD", "ours")];
    scratch.run_with(&["key", "generate", "d.key"], &both, b"").exits(0);
    opens(&scratch, "d.key", "ours");

    let empty = scratch.run_with(&["key", "generate", "e.key"], &[("COSIGN_PASSWORD", "")], b"");
    empty.exits(2).complains("--plain");
    assert!(!scratch.path("e.key").exists() && !scratch.path("e.pub").exists());
    scratch.run(&["key", "generate", "e.key", "--plain"]).exits(0);
    let plain = fs::read_to_string(scratch.path("e.key")).unwrap();
    assert!(matches!(StoredKey::parse(&plain), Ok(StoredKey::Plain(_))));
    #[cfg(unix)]
    assert_eq!(mode(&scratch, "e.key"), 0o600);
}

#[test]
fn a_password_is_changed_and_a_wrong_one_changes_nothing() {
    let scratch = Scratch::new();
    generate(&scratch, &[]).exits(0);
    let made = opens(&scratch, "a.key", "one");
    let before = fs::read(scratch.path("a.key")).unwrap();
    let change = |old: &str, new: &str| {
        let variables = [("SEALWAX_PASSWORD", old), ("SEALWAX_NEW_PASSWORD", new)];
        scratch.run_with(&["key", "password", "a.key"], &variables, b"")
    };
    change("wrong", "two").exits(3).complains("the password is wrong");
    change("one", "").exits(2).complains("empty");
    assert_eq!(fs::read(scratch.path("a.key")).unwrap(), before);
    change("one", "two").exits(0);
    assert_eq!(opens(&scratch, "a.key", "two"), made);
    change("one", "three").exits(3);
    #[cfg(unix)]
    assert_eq!(mode(&scratch, "a.key"), 0o600);
    scratch.run(&["key", "password", "a.pub"]).exits(3).complains("public key");
    // Nothing is left beside it.
    assert_eq!(
        fs::read_dir(scratch.path("")).unwrap().flatten().filter(|entry| entry.path().is_file()).count(),
        2
    );
}

#[test]
fn keys_of_other_programs_are_taken() {
    let scratch = Scratch::new();
    let secret = [("SEALWAX_PASSWORD", "correct horse")];
    let import = |from: &str, to: &str, more: &[&str]| {
        scratch.run_with(&[&["key", "import", &data(from), to][..], more].concat(), &secret, b"")
    };
    for (number, (from, half)) in [
        ("cosign/p256.key", "cosign/p256.pub"),
        ("cosign/legacy.key", "cosign/ed25519.pub"),
        ("openssl/pkcs8-ed25519.pem", "cosign/ed25519.pub"),
        ("openssl/pbes2-scrypt-aes256.pem", "cosign/ed25519.pub"),
        ("openssl/sec1-p384.pem", "openssl/sec1-p384.pub"),
    ]
    .into_iter()
    .enumerate()
    {
        let to = format!("{number}.key");
        import(from, &to, &[]).exits(0);
        let expected = PublicKey::from_pem(&fs::read_to_string(data(half)).unwrap()).unwrap();
        assert_eq!(opens(&scratch, &to, "correct horse"), expected, "{from}");
        assert_eq!(public(&scratch, &format!("{number}.pub")), expected, "{from}");
    }
    let new = scratch.write("new", "another");
    import("cosign/p256.key", "new.key", &["--new-password-file", &new]).exits(0);
    opens(&scratch, "new.key", "another");
    import("cosign/p256.key", "plain.key", &["--plain"]).exits(0);
    assert!(fs::read_to_string(scratch.path("plain.key")).unwrap().starts_with("-----BEGIN PRIVATE KEY"));

    import("cosign/p256.key", "0.key", &[]).exits(3).complains("--overwrite");
    import("openssl/old-encryption.pem", "x.key", &[]).exits(3).complains("openssl pkcs8 -topk8");
    import("openssl/pbes2-3des.pem", "x.key", &[]).exits(3).complains("1.2.840.113549.3.7");
    import("SOURCE.md", "x.key", &[]).exits(3).complains("no key that is read here");
    assert!(!scratch.path("x.key").exists() && !scratch.path("x.pub").exists());
}

/// A pipe is read once only.
#[test]
#[cfg(unix)]
fn a_key_comes_out_of_a_pipe() {
    let scratch = Scratch::new();
    let secret = [("SEALWAX_PASSWORD", "correct horse")];
    let key = fs::read(data("cosign/p256.key")).unwrap();
    scratch.run_with(&["key", "import", "/dev/stdin", "a.key"], &secret, &key).exits(0);
    let expected = PublicKey::from_pem(&fs::read_to_string(data("cosign/p256.pub")).unwrap()).unwrap();
    assert_eq!(opens(&scratch, "a.key", "correct horse"), expected);
}

#[test]
fn public_keys_are_taken_and_given() {
    let scratch = Scratch::new();
    for name in ["ed25519", "ecdsa256", "rsa3072"] {
        let to = format!("{name}.pem");
        scratch.run(&["key", "import", &data(&format!("ssh/{name}.pub")), &to]).exits(0).says(&to);
        let expected = fs::read_to_string(data(&format!("ssh/{name}.pem"))).unwrap();
        assert_eq!(public(&scratch, &to), PublicKey::from_pem(&expected).unwrap(), "{name}");
    }
    generate(&scratch, &[]).exits(0);
    let half = fs::read_to_string(scratch.path("a.pub")).unwrap();
    let secret = [("SEALWAX_PASSWORD", "one")];
    let exported = scratch.run_with(&["key", "export", "a.key"], &secret, b"").exits(0);
    assert_eq!(exported.out, half);
    assert_eq!(scratch.run(&["key", "export", "a.pub"]).exits(0).out, half);
    let jwk = scratch.run(&["key", "export", "a.pub", "--form", "jwk"]).exits(0).json();
    assert_eq!((jwk["kty"].as_str(), jwk.get("d")), (Some("EC"), None));
    scratch.run(&["key", "export", "a.pub", "--output", "a.key"]).exits(3).complains("--overwrite");
    let over_itself = ["key", "export", "a.key", "--output", "./a.key", "--overwrite"];
    scratch.run_with(&over_itself, &secret, b"").exits(2).complains("which this command reads");
    assert_eq!(opens(&scratch, "a.key", "one"), public(&scratch, "a.pub"));
    scratch.run(&["key", "export", "nothing"]).exits(3);
    scratch
        .run(&["key", "export", "kms-that-is-not://key"])
        .exits(3)
        .complains("sigstore-kms-kms-that-is-not");
    scratch.run(&["key", "export", "../kms://key"]).exits(2).complains("scheme");
}

#[test]
fn a_server_that_cannot_ask_says_what_it_needs() {
    let scratch = Scratch::new();
    let key = sealwax_crypto::SigningKey::generate(sealwax_crypto::KeyKind::EcdsaP256).unwrap();
    let key = scratch.write("a.key", encrypted(&key, &b"x".to_vec().into()).unwrap());
    let new = ["log", "new", "log", "--origin", "log.example", "--key", &key];
    scratch.run(&new).exits(3).complains("sealwax key import --plain");
}
