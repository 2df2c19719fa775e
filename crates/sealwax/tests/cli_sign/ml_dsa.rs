//! Keys of ML-DSA: they sign the artifact, as it streams by, and what they sign is timestamped and in no log.

use std::sync::Arc;

use sealwax_crypto::KeyKind;
use sealwax_testkit::{Instance, Witness};
use serde_json::Value;

use crate::common::Scratch;
use crate::signer::Signer;

#[test]
fn keys_of_ml_dsa_sign_without_a_log() {
    let scratch = Scratch::new();
    let signer = Signer::start(&scratch);
    let entries = signer.log_size();
    // Longer than what is read at a time.
    let app = scratch.write("app", vec![7; 700_000]);
    let bundle = scratch.path("app.sigstore.json");
    let witnesses = vec![Arc::new(Witness::new("witness.test/one", KeyKind::Ed25519))];
    let watched = Instance { witnesses, ..Instance::usual() };
    let policy = scratch.write("policy", watched.witness_policy(1));
    for kind in ["ml-dsa-44", "ml-dsa-65"] {
        let key = scratch.path(&format!("{kind}.key")).to_string_lossy().into_owned();
        let public = scratch.path(&format!("{kind}.pub")).to_string_lossy().into_owned();
        scratch.run(&["key", "generate", &key, "--kind", kind, "--plain"]).exits(0);
        let sign = ["sign", app.as_str(), "--key", key.as_str()];
        signer
            .sign(&scratch, &[&sign[..], &["--also", "detached"]].concat(), &[], b"")
            .exits(3)
            .complains("--also");
        let ran = signer.sign(&scratch, &sign, &[], b"").exits(0).complains("logs have no entries");
        // And so nothing becomes public.
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
        signer.verify_by(&scratch, &app, &["--key", &public]).exits(0);

        let made: Value = serde_json::from_slice(&std::fs::read(&bundle).unwrap()).unwrap();
        let material = &made["verificationMaterial"];
        assert!(material["tlogEntries"].as_array().is_none_or(Vec::is_empty));
        assert_eq!(material["timestampVerificationData"]["rfc3161Timestamps"].as_array().unwrap().len(), 1);

        // Who demands that witnesses have seen it demands a log that they watch.
        let watched = ["--key", public.as_str(), "--witness-policy", &policy];
        signer.verify_by(&scratch, &app, &watched).exits(1).says("log.required");

        let other = scratch.write("other", vec![8; 700_000]);
        let of = ["--key", public.as_str(), "--bundle", bundle.to_str().unwrap()];
        signer.verify_by(&scratch, &other, &of).exits(1);
        // Neither signs nor verifies by a digest, whatever it is of.
        let digest = format!("sha256:{}", sealwax_crypto::hex(&sealwax_crypto::sha256(&[7; 700_000])));
        signer.verify_by(&scratch, &digest, &of).exits(3);
        signer
            .sign(&scratch, &["sign", &digest, "--key", &key, "--bundle", "by-digest.json"], &[], b"")
            .exits(3)
            .says("not a digest");
        std::fs::remove_file(&bundle).unwrap();
    }
    assert_eq!(signer.log_size(), entries);
}

#[test]
fn envelopes_too_and_under_a_password() {
    let scratch = Scratch::new();
    let signer = Signer::start(&scratch);
    let app = scratch.write("app", b"content");
    let predicate = scratch.write("predicate.json", "{}");
    let key = scratch.path("release.key").to_string_lossy().into_owned();
    let public = scratch.path("release.pub").to_string_lossy().into_owned();
    let variables = [("SEALWAX_PASSWORD", "correct horse")];
    scratch.run_with(&["key", "generate", &key, "--kind", "ml-dsa-44"], &variables, b"").exits(0);
    let kind = "https://acme.example/x";
    let attest = ["attest", &app, "--type", kind, "--predicate", &predicate, "--key", &key];
    signer.sign(&scratch, &attest, &variables, b"").exits(0);
    signer.verify_by(&scratch, &app, &["--key", &public, "--type", kind]).exits(0);
}

/// What was begun is taken up with the artifact at hand, of which the file of `--resume` keeps nothing.
#[test]
fn what_was_begun_is_taken_up() {
    let scratch = Scratch::new();
    let signer = Signer::start(&scratch);
    let app = scratch.write("app", b"content");
    let key = scratch.path("release.key").to_string_lossy().into_owned();
    let public = scratch.path("release.pub").to_string_lossy().into_owned();
    let state = scratch.path("state").to_string_lossy().into_owned();
    scratch.run(&["key", "generate", &key, "--kind", "ml-dsa-65", "--plain"]).exits(0);
    let nowhere = signer.config_by(&scratch, &["http://127.0.0.1:1"]);
    let sign = ["sign", &app, "--key", &key, "--resume", &state, "--patience", "0s", "--trust-config"];
    scratch.run(&[&sign[..], &[nowhere.as_str()]].concat()).exits(3);
    let begun = std::fs::read_to_string(&state).unwrap();
    scratch.run(&[&sign[..], &[signer.config.as_str()]].concat()).exits(0);
    signer.verify_by(&scratch, &app, &["--key", &public]).exits(0);
    let made = std::fs::read_to_string(scratch.path("app.sigstore.json")).unwrap();
    let made: Value = serde_json::from_str(&made).unwrap();
    let signature = made["messageSignature"]["signature"].as_str().unwrap();
    assert!(begun.contains(signature), "it was signed anew");
}
