//! Keys that take a password, and keys behind a plug-in.

use crate::common::Scratch;
use crate::signer::Signer;
use crate::world::World;

#[test]
fn an_encrypted_key_signs_with_its_password() {
    let scratch = Scratch::new();
    let signer = Signer::start(&scratch);
    let app = scratch.write("app", b"content");
    let bundle = scratch.path("app.sigstore.json");
    let secret = scratch.write("password", "the password\n");
    let key = scratch.path("release.key").to_string_lossy().into_owned();
    let public = scratch.path("release.pub").to_string_lossy().into_owned();
    scratch.run(&["key", "generate", &key, "--password-file", &secret]).exits(0);

    let sign = ["sign", app.as_str(), "--key", key.as_str()];
    let by_file = [&sign[..], &["--password-file", &secret]].concat();
    signer.sign(&scratch, &by_file, &[], b"").exits(0);
    signer.verify_by(&scratch, &app, &["--key", &public]).exits(0);
    std::fs::remove_file(&bundle).unwrap();
    signer.sign(&scratch, &sign, &[("COSIGN_PASSWORD", "the password")], b"").exits(0);
    signer.verify_by(&scratch, &app, &["--key", &public]).exits(0);
    std::fs::remove_file(&bundle).unwrap();

    signer
        .sign(&scratch, &sign, &[("SEALWAX_PASSWORD", "another")], b"")
        .exits(3)
        .complains("the password is wrong");
    signer.sign(&scratch, &["sign", &app, "--key", &public], &[], b"").exits(3).complains("signs nothing");
    let both = ["sign", "-", "--bundle", "b", "--key", &key, "--password-file", "-"];
    signer.sign(&scratch, &both, &[], b"the password\n").exits(2).complains("standard input");
    assert!(!bundle.exists());
}

/// Told not to log and stamp, nobody is asked: this needs no network, and no configuration.
#[test]
fn a_key_signs_alone() {
    let scratch = Scratch::new();
    let app = scratch.write("app", b"content");
    let bundle = scratch.path("app.sigstore.json");
    let predicate = scratch.write("predicate.json", "{}");
    for kind in ["ecdsa-p256", "ed25519", "ml-dsa-65"] {
        scratch.run(&["key", "generate", "a.key", "--kind", kind, "--plain", "--overwrite"]).exits(0);
        let sign = ["sign", &app, "--key", "a.key", "--trust", "key-only", "--overwrite"];
        assert_eq!(scratch.run(&sign).exits(0).err, "");
        scratch.run(&["verify", &app, "--key", "a.pub", "--trust", "key-only"]).exits(0);
        // Where there are logs, an entry is demanded of what they take.
        let by_default = scratch.run(&["verify", &app, "--key", "a.pub"]);
        by_default.exits(if kind == "ml-dsa-65" { 0 } else { 1 });
        let attest = ["attest", &app, "--type", "urn:x", "--predicate", &predicate, "--key", "a.key"];
        scratch.run(&[&attest[..], &["--trust", "key-only", "--overwrite"]].concat()).exits(0);
    }
    let made = std::fs::read_to_string(&bundle).unwrap();
    assert!(!made.contains("rfc3161") && !made.contains("logIndex"), "{made}");
    scratch.run(&["sign", &app, "--trust", "key-only", "--overwrite"]).exits(2).complains("--key");
    let named = ["--trust", "key-only", "--overwrite", "--expect-identity", "a@b.example"];
    scratch.run(&[&["sign", &app, "--key", "a.key"][..], &named].concat()).exits(2).complains("no identity");
}

/// A file may have the name of the profile, and asks somebody.
#[test]
fn a_signing_config_of_that_name_is_a_file() {
    let World { scratch, signer, app, token } = &World::new();
    let root = signer.download(scratch, "/trusted_root.json", "root.json");
    signer.download(scratch, "/signing_config.json", "key-only");
    let sign = ["sign", app, "--trusted-root", &root, "--signing-config", "key-only", "--token", token];
    scratch.run(&sign).exits(0);
    signer.verify(scratch, app).exits(0);
}

/// The key of cosign's own file, by the command of somebody who comes from there.
#[test]
fn a_key_of_cosign_signs() {
    let scratch = Scratch::new();
    let signer = Signer::start(&scratch);
    let app = scratch.write("app", b"content");
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../signer/tests/data/cosign");
    for (name, password) in [("p256", "correct horse"), ("ed25519", "correct horse"), ("empty", "")] {
        let (key, public) = (format!("{data}/{name}.key"), format!("{data}/{name}.pub"));
        let sign = ["sign", app.as_str(), "--key", key.as_str(), "--overwrite"];
        signer.sign(&scratch, &sign, &[("COSIGN_PASSWORD", password)], b"").exits(0);
        signer.verify_by(&scratch, &app, &["--key", &public]).exits(0);
    }
}

/// A plug-in that signs with openssl, by the digest that it is handed.
#[test]
#[cfg(unix)]
fn a_plug_in_signs() {
    if std::process::Command::new("openssl").arg("version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "openssl is missing");
        eprintln!("skipped: there is no openssl");
        return;
    }
    let scratch = Scratch::new();
    let signer = Signer::start(&scratch);
    let app = scratch.write("app", b"content");
    let public = scratch.path("release.pub").to_string_lossy().into_owned();
    scratch.run(&["key", "generate", "release.key", "--plain"]).exits(0);
    // A link: a program that was just written may still be open in a process that another test is starting.
    std::fs::create_dir(scratch.path("bin")).unwrap();
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli_sign/plugin.sh");
    std::os::unix::fs::symlink(program, scratch.path("bin/sigstore-kms-openssl")).unwrap();
    let directories = format!("{}:{}", scratch.path("bin").display(), std::env::var("PATH").unwrap());
    let variables = [("PATH", directories.as_str())];
    let key = format!("openssl://{}", scratch.path("release.key").display());
    signer.sign(&scratch, &["sign", &app, "--key", &key], &variables, b"").exits(0);
    signer.verify_by(&scratch, &app, &["--key", &public]).exits(0);
    let exported = scratch.run_with(&["key", "export", &key], &variables, b"").exits(0).out;
    assert_eq!(exported, std::fs::read_to_string(&public).unwrap());
}
