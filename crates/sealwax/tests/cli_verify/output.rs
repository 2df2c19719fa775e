//! What people and programs read.

use std::fs;
use std::process::Command;

use sealwax_testkit::{Instance, SignOptions};
use serde_json::{Value, json};

use crate::common::Scratch;
use crate::{IDENTITY, ISSUER, made, package};

#[test]
fn a_published_release_verifies_and_the_first_line_says_what_it_is() {
    let scratch = Scratch::new();
    let ran = scratch.run(&["verify", &package(), "--identity", IDENTITY, "--issuer", ISSUER]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let first = ran.out.lines().next().unwrap();
    assert!(first.starts_with("verified attestation https://slsa.dev/provenance/v1"), "{first}");
    assert!(ran.out.contains("public-good, root 16, built in"), "{}", ran.out);
}

#[test]
fn the_flags_of_other_clients_work_and_stay_out_of_the_help() {
    let scratch = Scratch::new();
    for (identity, issuer) in
        [("--certificate-identity", "--certificate-oidc-issuer"), ("--cert-identity", "--cert-oidc-issuer")]
    {
        let ran = scratch.run(&["verify", "--offline", &package(), identity, IDENTITY, issuer, ISSUER]);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
    }
    let help = scratch.run(&["verify", "--help"]).out;
    assert!(!help.contains("--cert-identity") && !help.contains("--offline"), "{help}");
    assert!(help.contains("Examples:") && help.contains("Exit codes:"), "{help}");
}

#[test]
fn json_speaks_on_success_and_on_failure() {
    let scratch = Scratch::new();
    let common = ["verify", "--json", &package(), "--issuer", ISSUER, "--identity"];
    let good: Value = serde_json::from_str(&scratch.run(&[&common[..], &[IDENTITY]].concat()).out).unwrap();
    assert_eq!(good["verified"], json!(true));
    assert_eq!(good["kind"], json!("attestation"));
    assert_eq!(good["predicate_type"], json!("https://slsa.dev/provenance/v1"));
    assert_eq!(good["signer"]["identity"], json!(IDENTITY));
    assert_eq!(good["trust"]["profile"], json!("public-good"));
    assert_eq!(good["reason"], Value::Null);
    let bad: Value = serde_json::from_str(&scratch.run(&[&common[..], &["x"]].concat()).out).unwrap();
    assert_eq!(bad["verified"], json!(false));
    assert_eq!(bad["bundles"][0]["checks"][0]["id"], json!("identity"));
    assert!(bad["reason"].as_str().unwrap().contains("identity"));
    let explained = scratch.run(&[&common[..], &[IDENTITY, "--explain"]].concat()).out;
    let explained: Value = serde_json::from_str(&explained).unwrap();
    assert!(explained["bundles"][0]["checks"].as_array().unwrap().len() > 30);
}

#[test]
fn explain_lists_every_check_on_success_too() {
    let scratch = Scratch::new();
    let ran = scratch.run(&["verify", &package(), "--identity", IDENTITY, "--issuer", ISSUER, "--explain"]);
    for id in [
        "certificate.path",
        "certificate.sct",
        "log.inclusion",
        "log.checkpoint-signature",
        "signature",
        "identity",
    ] {
        assert!(ran.out.contains(id), "{id} is not in\n{}", ran.out);
    }
}

#[test]
fn text_from_a_bundle_cannot_fool_a_terminal() {
    let scratch = Scratch::new();
    let hostile = "a\u{1b}[2K\u{202e}@example.com";
    let options = SignOptions::rekor_v1();
    let made = made(&scratch, &Instance::usual(), "app", b"content", &options);
    let ran = scratch.run(&[
        "verify",
        &made.artifact,
        "--trusted-root",
        &made.root,
        "--identity",
        hostile,
        "--issuer",
        &made.issuer,
    ]);
    assert_eq!(ran.code, Some(1));
    assert!(!ran.out.contains('\u{1b}') && !ran.out.contains('\u{202e}'), "{:?}", ran.out);
    assert!(ran.out.contains("\\u{1b}") && ran.out.contains("\\u{202e}"), "{}", ran.out);
}

#[test]
fn json_cannot_fool_a_terminal_either() {
    let scratch = Scratch::new();
    let instance = Instance::usual();
    let mut made = made(&scratch, &instance, "app", b"content", &SignOptions::rekor_v1());
    let hostile = "x\u{9b}31m\u{202e}";
    made.bundle["verificationMaterial"]["tlogEntries"][0]["kindVersion"]["kind"] = json!(hostile);
    let bundle = scratch.write("hostile.json", made.bundle.to_string());
    let ran = scratch.run(&[&made.verify()[..], &["--json", "--bundle", &bundle]].concat());
    assert_eq!(ran.code, Some(1));
    assert!(!ran.out.contains('\u{9b}') && !ran.out.contains('\u{202e}'), "{:?}", ran.out);
    assert!(ran.json()["reason"].as_str().unwrap().contains(hostile), "{}", ran.out);
}

#[test]
fn colours_only_where_they_are_wanted() {
    let scratch = Scratch::new();
    assert!(!scratch.run(&["verify", &package()]).out.contains('\u{1b}'));
    assert!(scratch.run(&["verify", &package(), "--color", "always"]).out.contains('\u{1b}'));
}

#[test]
fn completions_and_manual_pages_are_written() {
    let scratch = Scratch::new();
    for shell in ["bash", "zsh", "fish"] {
        let ran = scratch.run(&["completions", shell]);
        assert_eq!(ran.code, Some(0));
        assert!(ran.out.contains("trusted-root"), "{shell}");
    }
    let directory = scratch.path("man");
    fs::create_dir(&directory).unwrap();
    assert_eq!(scratch.run(&["man", directory.to_str().unwrap()]).code, Some(0));
    assert!(directory.join("sealwax-verify.1").is_file());
}

/// As `sealwax … | head`: the reader is gone before anything is written.
#[test]
fn a_reader_who_goes_away_is_told_nothing() {
    let scratch = Scratch::new();
    let list = scratch.write("list.jsonl", format!("{{\"artifact\": {:?}}}\n", package()).repeat(1_000));
    for arguments in [
        &["verify", &package(), "--identity", IDENTITY, "--issuer", ISSUER][..],
        &["verify", "--list", &list],
        &["inspect", &format!("{}.sigstore.json", package())],
        &["trust", "list"],
        &["completions", "bash"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = Command::new(env!("CARGO_BIN_EXE_sealwax"))
            .args(arguments)
            .env_remove("SEALWAX_TRUST")
            .env("SEALWAX_HOME", scratch.home())
            .stdout(writer)
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&ran.stderr), "", "{arguments:?}");
        assert_eq!(ran.status.code(), Some(141), "{arguments:?}");
    }
}
