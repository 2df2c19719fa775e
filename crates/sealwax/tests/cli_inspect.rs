//! `sealwax inspect`: whatever people hold in hand is shown, never without saying that it is not verified.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

mod common;

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{Ran, Scratch, built_in, manifest, real};
use sealwax_testkit::der::pem;
use sealwax_testkit::{Instance, SignOptions};

#[track_caller]
fn shown(scratch: &Scratch, file: &str) -> Ran {
    let ran = scratch.run(&["inspect", file]).exits(0);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(
        lines[0].starts_with("NOT VERIFIED") && lines[lines.len() - 1].starts_with("NOT VERIFIED"),
        "{ran:?}"
    );
    let json = scratch.run(&["inspect", file, "--json"]).exits(0);
    assert_eq!(json.json()["verified"], false);
    assert!(json.out.starts_with("{\n  \"verified\": false"), "{}", json.out);
    ran
}

#[test]
fn every_form_is_recognised_by_its_content() {
    let scratch = Scratch::new();
    let instance = Instance::usual();
    let made = instance.sign_dsse(b"artifact", &SignOptions::rekor_v2());
    let material = &made.bundle["verificationMaterial"];
    let stamp =
        material["timestampVerificationData"]["rfc3161Timestamps"][0]["signedTimestamp"].as_str().unwrap();
    let stamp_der = STANDARD.decode(stamp).unwrap();
    let checkpoint = material["tlogEntries"][0]["inclusionProof"]["checkpoint"]["envelope"].as_str().unwrap();
    let certificate = pem("CERTIFICATE", made.leaf.as_ref().unwrap());
    let config = fs::read_to_string(built_in("public-good/signing_config.json")).unwrap();
    let client = format!(
        r#"{{"mediaType":"application/vnd.dev.sigstore.clienttrustconfig.v0.1+json","trustedRoot":{},"signingConfig":{config}}}"#,
        instance.trusted_root()
    );
    for (bytes, form, detail) in [
        (
            fs::read(real("cosign-legacy/a.txt.rekor.json")).unwrap(),
            "log entry of Rekor v1",
            "hashedrekord 0.0.1",
        ),
        (made.bundle_json(), "Sigstore bundle", "log2026.rekor.sealwax.test"),
        (certificate.clone().into_bytes(), "X.509 certificate", "codeSigning"),
        (made.leaf.clone().unwrap(), "X.509 certificate", "codeSigning"),
        (STANDARD.encode(&certificate).into_bytes(), "X.509 certificate", "codeSigning"),
        (instance.trusted_root_json(), "trusted root", "https://fulcio.sealwax.test"),
        (config.clone().into_bytes(), "signing config", "ANY"),
        (client.into_bytes(), "client trust config", "https://rekor.sigstore.dev"),
        (checkpoint.as_bytes().to_vec(), "signed note", "log2026.rekor.sealwax.test"),
        (stamp_der, "RFC 3161 timestamp", "1.3.6.1.4.1.57264.2"),
        (stamp.as_bytes().to_vec(), "RFC 3161 timestamp", "1.3.6.1.4.1.57264.2"),
        (instance.npm_keys().to_string().into_bytes(), "managed keys", "npm:attestations"),
        (made.signer.public_key_pem().into_bytes(), "public key", "ECDSA"),
        (instance.logs[1].verifier_key().into_bytes(), "verifier key", "checkpoints of a log"),
        (fs::read(built_in("public-good/root.json")).unwrap(), "TUF root", "16"),
    ] {
        // The name says nothing.
        let file = scratch.write("file", bytes);
        shown(&scratch, &file).says(form).says(detail);
        let input = fs::read(&file).unwrap();
        scratch.run_with(&["inspect", "-"], &[], &input).exits(0).says(form);
    }
}

#[test]
fn a_bundle_shows_what_people_look_for() {
    let scratch = Scratch::new();
    let file = real("v03-dsse-dsse001/kubewarden-controller-1.34.0.json");
    let ran = scratch.run(&["inspect", file.to_str().unwrap(), "--json"]).exits(0);
    let json = ran.json();
    let bundle = &json["bundles"][0];
    let certificate = &bundle["certificate"];
    assert_eq!(certificate["identity_issuer"], "https://token.actions.githubusercontent.com");
    assert!(certificate["extensions"]["Source Repository URI"].as_str().unwrap().contains("kubewarden"));
    assert!(bundle["envelope"]["statement"]["predicate_type"].is_string());
    assert!(
        bundle["envelope"]["statement"]["subjects"][0]["digests"][0].as_str().unwrap().starts_with("sha256:")
    );
    let entry = &bundle["log_entries"][0];
    assert!(entry["log_index"].is_u64() && entry["integrated_time"].is_string());
    assert!(entry["inclusion_proof"]["checkpoint"]["origin"].as_str().unwrap().contains("rekor"));
}

#[test]
fn everything_published_can_be_looked_at() {
    let scratch = Scratch::new();
    let mut shown = 0;
    for entry in manifest() {
        let Some(bundle) = entry["bundle"].as_str() else { continue };
        let file = real(bundle);
        let ran = scratch.run(&["inspect", file.to_str().unwrap()]);
        if entry["expect"] == "verified" {
            ran.exits(0).says("NOT VERIFIED");
            shown += 1;
        } else {
            assert!(matches!(ran.code, Some(0 | 3)), "{bundle}: {ran:?}");
        }
    }
    assert!(shown >= 60, "only {shown}");
}

#[test]
fn what_could_fool_a_terminal_is_escaped_in_both_forms() {
    let scratch = Scratch::new();
    let instance = Instance::usual();
    let evil = "x\u{1b}]0;owned\u{7}\u{202e}txt\n\u{2066}";
    let made = instance.sign_dsse(
        b"artifact",
        &SignOptions::rekor_v1().on_bundle(move |bundle| {
            let statement = serde_json::json!({
                "_type": "https://in-toto.io/Statement/v1",
                "subject": [{"name": evil, "digest": {evil: evil}}],
                "predicateType": evil,
            });
            bundle["dsseEnvelope"]["payload"] = STANDARD.encode(statement.to_string()).into();
            bundle["dsseEnvelope"]["signatures"][0]["keyid"] = evil.into();
            bundle["verificationMaterial"]["tlogEntries"][0]["kindVersion"]["kind"] = evil.into();
        }),
    );
    let file = scratch.write("bundle", made.bundle_json());
    let harmless = |text: &str| {
        !text.chars().any(|c| (c.is_control() && c != '\n') || matches!(c, '\u{202e}' | '\u{2066}'))
    };
    let ran = scratch.run(&["inspect", &file]).exits(0).says(r"x\u{1b}]0;owned\u{7}\u{202e}txt\u{a}\u{2066}");
    assert!(harmless(&ran.out), "{}", ran.out);
    let ran = scratch.run(&["inspect", &file, "--json"]).exits(0);
    assert!(harmless(&ran.out), "{}", ran.out);
    let subject = &ran.json()["bundles"][0]["envelope"]["statement"]["subjects"][0];
    assert_eq!(subject["name"], evil);
}

#[test]
fn twenty_subjects_are_enough() {
    let scratch = Scratch::new();
    let subjects: Vec<_> =
        (0..50).map(|i| serde_json::json!({"name": format!("s{i}"), "digest": {"sha256": "00"}})).collect();
    let statement = serde_json::json!({"_type": "https://in-toto.io/Statement/v1", "subject": subjects, "predicateType": "x"});
    let payload = STANDARD.encode(statement.to_string());
    let made = Instance::usual().sign_dsse(
        b"artifact",
        &SignOptions::rekor_v1()
            .on_bundle(move |bundle| bundle["dsseEnvelope"]["payload"] = payload.clone().into()),
    );
    let file = scratch.write("bundle", made.bundle_json());
    let shown = scratch.run(&["inspect", &file, "--json"]).exits(0).json();
    let statement = &shown["bundles"][0]["envelope"]["statement"];
    assert_eq!(statement["subjects"].as_array().unwrap().len(), 20);
    assert_eq!(statement["further_subjects"], 30);
}

#[test]
fn what_cannot_be_read_exits_with_3_and_says_why() {
    let scratch = Scratch::new();
    for (bytes, reason) in [
        (&b"{"[..], "JSON that cannot be read"),
        (b"[1]", "JSON array"),
        (b"", "not a form that is known here"),
        (b"hello world\n", "not a form that is known here"),
        (b"\x30\x03\x02\x01", "not a form that is known here"),
        (b"{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.9+json\"}", "unknown media type"),
        (
            b"{\"mediaType\":\"application/vnd.dev.sigstore.trustedroot.v9+json\"}",
            "a trusted root that cannot be read",
        ),
        (
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "certificates that cannot be read",
        ),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "private key"),
        (b"x\n\n\xe2\x80\x94 y\n", "a signed note that cannot be read"),
    ] {
        let file = scratch.write("file", bytes);
        let ran = scratch.run(&["inspect", &file]).exits(3).complains(reason);
        assert!(ran.out.is_empty(), "{ran:?}");
    }
    scratch.run(&["inspect", "missing"]).exits(3).complains("cannot read missing");
    scratch.run(&["inspect"]).exits(2);
}
