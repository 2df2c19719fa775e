//! `sealwax trust`: profiles come, are shown, are used, and go.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

mod common;

use std::fs;

use common::{Scratch, built_in};
use sealwax_testkit::{Instance, SignOptions};

#[test]
fn the_built_in_profiles_are_there_without_any_directory() {
    let scratch = Scratch::new();
    scratch
        .run(&["trust", "list"])
        .exits(0)
        .says("public-good")
        .says("staging")
        .says("github")
        .says("built in");
    let list = scratch.run(&["trust", "list", "--json"]).exits(0).json();
    let names: Vec<_> =
        list.as_array().unwrap().iter().map(|profile| profile["profile"].as_str().unwrap()).collect();
    assert_eq!(names, ["public-good", "staging", "github"]);
    assert!(list[0]["root_version"].as_u64().unwrap() >= 15 && list[0]["age"].is_string());
    assert!(!scratch.home().exists(), "reading makes nothing");
}

#[test]
fn show_says_which_profile_applies_and_why() {
    let scratch = Scratch::new();
    scratch.run(&["trust", "show"]).exits(0).says("public-good").says("SEALWAX_TRUST is not set");
    let ran = scratch.run_with(&["trust", "show"], &[("SEALWAX_TRUST", "github")], b"").exits(0);
    ran.says("github").says("SEALWAX_TRUST is set to it").says("fulcio.githubapp.com");
    scratch
        .run_with(&["trust", "show", "staging"], &[("SEALWAX_TRUST", "github")], b"")
        .exits(0)
        .says("sigstage");
    scratch.run(&["trust", "show", "key-only"]).exits(0).says("nothing else");
    scratch.run(&["trust", "show", "nobody"]).exits(3).complains("there is no trust profile \"nobody\"");
    scratch.run(&["trust", "show", "../x"]).exits(2).complains("cannot be the name");

    let shown = scratch.run(&["trust", "show", "public-good", "--json"]).exits(0).json();
    let log = &shown["trusted_root"]["signature_logs"][0];
    assert_eq!(log["url"], "https://rekor.sigstore.dev");
    assert_eq!(log["key"], "PKIX_ECDSA_P256_SHA_256");
    assert!(log["valid"].as_str().unwrap().starts_with("from 2021-01-12"));
    assert_eq!(shown["signing_config"]["signature_logs_asked"], "ANY");
    assert_eq!(shown["managed_keys"][1]["usage"], "npm:attestations");
}

#[test]
fn what_cannot_be_used_is_shown_with_the_reason() {
    let scratch = Scratch::new();
    let mut root: serde_json::Value =
        serde_json::from_slice(&fs::read(built_in("public-good/trusted_root.json")).unwrap()).unwrap();
    root["tlogs"][1]["publicKey"]["keyDetails"] = "SLH_DSA_FUTURE".into();
    root["ctlogs"][0]["publicKey"]["validFor"] = serde_json::json!({});
    let file = scratch.write("root.json", root.to_string());
    scratch.run(&["trust", "add", "odd", "--trusted-root", &file]).exits(0);
    let shown = scratch.run(&["trust", "show", "odd", "--json"]).exits(0).json();
    let reason = |list: &str, index: usize| {
        shown["trusted_root"][list][index]["unusable"].as_str().unwrap().to_owned()
    };
    assert!(reason("signature_logs", 1).contains("SLH_DSA_FUTURE"));
    assert!(reason("certificate_logs", 0).contains("no start"));
}

#[test]
fn a_profile_of_ones_own_is_added_used_exported_and_removed() {
    let scratch = Scratch::new();
    let instance = Instance::usual();
    let made = instance.sign_message(b"artifact", &SignOptions::rekor_v1());
    let artifact = scratch.write("app", "artifact");
    scratch.write("app.sigstore.json", made.bundle_json());
    let root = scratch.write("root.json", instance.trusted_root_json());
    let keys = scratch.write("keys.json", instance.npm_keys().to_string());
    let (identity, issuer) = (made.identity.unwrap(), made.issuer.unwrap());
    let verify =
        ["verify", artifact.as_str(), "--identity", &identity, "--issuer", &issuer, "--trust", "lab"];

    scratch.run(&verify).exits(3).says("there is no trust profile");
    scratch
        .run(&["trust", "add", "lab", "--trusted-root", &root, "--keys", &keys])
        .exits(0)
        .says("verify FILE --trust lab");
    scratch.run(&verify).exits(0).says("verified");
    scratch.run(&["trust", "add", "lab", "--trusted-root", &root]).exits(3).complains("already");
    scratch.run(&["trust", "list"]).exits(0).says("lab");

    let directory = scratch.path("out");
    let export = ["trust", "export", "lab", "--output", directory.to_str().unwrap()];
    scratch.run(&export).exits(0).says("trusted_root.json, keys.json");
    assert_eq!(fs::read(directory.join("trusted_root.json")).unwrap(), instance.trusted_root_json());
    scratch.run(&export).exits(3).complains("--overwrite");

    scratch.run(&["trust", "remove", "lab"]).exits(0);
    scratch.run(&verify).exits(3);
    scratch.run(&["trust", "remove", "lab"]).exits(3).complains("there is no trust profile");
    let left: Vec<_> = fs::read_dir(scratch.home().join("trust")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_client_trust_config_brings_both_files() {
    let scratch = Scratch::new();
    let config = format!(
        r#"{{"mediaType":"application/vnd.dev.sigstore.clienttrustconfig.v0.1+json","trustedRoot":{},"signingConfig":{}}}"#,
        fs::read_to_string(built_in("staging/trusted_root.json")).unwrap(),
        fs::read_to_string(built_in("staging/signing_config.json")).unwrap(),
    );
    let file = scratch.write("config.json", config);
    scratch.run(&["trust", "add", "lab", "--config", &file]).exits(0);
    let shown = scratch.run(&["trust", "show", "lab", "--json"]).exits(0).json();
    let staging = scratch.run(&["trust", "show", "staging", "--json"]).exits(0).json();
    assert_eq!(shown["trusted_root"], staging["trusted_root"]);
    assert_eq!(shown["signing_config"], staging["signing_config"]);
}

#[test]
fn a_tuf_repository_is_added_without_asking_it() {
    let scratch = Scratch::new();
    let root = built_in("public-good/root.json");
    let add = ["trust", "add", "acme", "--tuf", "https://tuf.acme.invalid", "--root", &root];
    scratch.run(&add).exits(0).says("`sealwax trust update acme` is next");
    scratch.run(&["trust", "show", "acme"]).exits(0).says("https://tuf.acme.invalid").says("none yet");
    scratch.run(&["verify", "x", "--trust", "acme"]).exits(3).says("has no trusted root yet");
    scratch.run(&["trust", "list"]).exits(0).says("nothing fetched yet");

    let not_a_root = built_in("public-good/trusted_root.json");
    scratch
        .run(&["trust", "add", "b", "--tuf", "https://x.invalid", "--root", &not_a_root])
        .exits(3)
        .complains("not a TUF root");
    scratch.run(&["trust", "add", "b", "--tuf", "ftp://x.invalid", "--root", &root]).exits(2);
    scratch.run(&["trust", "add", "b", "--tuf", "https://x.invalid"]).exits(2);
    scratch.run(&["trust", "add", "b"]).exits(2);
}

#[test]
fn names_are_checked_and_built_in_ones_are_not_taken() {
    let scratch = Scratch::new();
    let root = built_in("public-good/trusted_root.json");
    for name in ["public-good", "staging", "github", "key-only"] {
        scratch.run(&["trust", "add", name, "--trusted-root", &root]).exits(2).complains("is built in");
        scratch.run(&["trust", "remove", name]).exits(3).complains("cannot be removed");
    }
    let long = "x".repeat(65);
    for name in ["", ".", "..", ".hidden", "a/b", "../x", "a b", "ä", "a\nb", &long] {
        scratch.run(&["trust", "add", name, "--trusted-root", &root]).exits(2);
        scratch.run(&["trust", "remove", name]).exits(2);
    }
    scratch.run(&["trust", "add", "x", "--trusted-root", &built_in("public-good/root.json")]).exits(3);
    scratch
        .run(&["trust", "add", "x", "--trusted-root", "missing"])
        .exits(3)
        .complains("cannot read missing");
    assert!(!scratch.home().exists());
}

#[cfg(unix)]
#[test]
fn what_others_could_have_written_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    scratch.run(&["trust", "add", "lab", "--trusted-root", &built_in("staging/trusted_root.json")]).exits(0);
    let home = scratch.home();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for directory in [home.clone(), home.join("trust"), home.join("trust/lab")] {
        assert_eq!(mode(&directory), 0o700, "{}", directory.display());
    }
    for (path, open) in [
        ("", 0o720),
        ("trust", 0o702),
        ("trust/lab", 0o770),
        ("trust/lab/trusted_root.json", 0o664),
        ("trust/lab/profile.json", 0o646),
    ] {
        let path = home.join(path);
        let before = mode(&path);
        fs::set_permissions(&path, fs::Permissions::from_mode(open)).unwrap();
        scratch.run(&["trust", "show", "lab"]).exits(3).complains("can be written by others");
        scratch.run(&["verify", "x", "--trust", "lab"]).exits(3).says("can be written by others");
        scratch.run(&["trust", "list"]).exits(3).says("cannot be used").says("public-good");
        fs::set_permissions(&path, fs::Permissions::from_mode(before)).unwrap();
    }
    scratch.run(&["trust", "show", "lab"]).exits(0);
}

#[test]
fn a_damaged_profile_does_not_hide_the_others() {
    let scratch = Scratch::new();
    for name in ["good", "bad"] {
        scratch
            .run(&["trust", "add", name, "--trusted-root", &built_in("staging/trusted_root.json")])
            .exits(0);
    }
    fs::write(scratch.home().join("trust/bad/profile.json"), "{").unwrap();
    scratch.run(&["trust", "show", "bad"]).exits(3).complains("is not a profile description");
    scratch.run(&["trust", "list"]).exits(3).says("good").says("is not a profile description");
    let list = scratch.run(&["trust", "list", "--json"]).exits(3).json();
    assert_eq!(list.as_array().unwrap().len(), 5);
    scratch.run(&["trust", "remove", "bad"]).exits(0);
    scratch.run(&["trust", "list"]).exits(0);
}

/// Puts a refreshed copy of public-good there, as an update would.
fn refreshed(scratch: &Scratch, root_version: u64) {
    let file = |name: &str, bytes: &[u8]| {
        let path = scratch.home().join("trust/public-good").join(name);
        fs::write(path, bytes).unwrap();
    };
    scratch.run(&["trust", "add", "made", "--trusted-root", &built_in("staging/trusted_root.json")]).exits(0);
    fs::rename(scratch.home().join("trust/made"), scratch.home().join("trust/public-good")).unwrap();
    let description = serde_json::json!({ "root_version": root_version, "as_of": "2026-11-22T00:00:00Z", "tuf_url": "https://tuf.invalid" });
    file("profile.json", description.to_string().as_bytes());
}

#[test]
fn of_built_in_and_refreshed_the_higher_root_version_wins() {
    let scratch = Scratch::new();
    refreshed(&scratch, 99);
    scratch.run(&["trust", "show", "public-good"]).exits(0).says("https://fulcio.sigstage.dev");
    scratch.run(&["trust", "list"]).exits(0).says("refreshed, root 99");
    scratch.run(&["trust", "remove", "public-good"]).exits(0).says("the one that is built in applies");
    scratch.run(&["trust", "show", "public-good"]).exits(0).says("https://fulcio.sigstore.dev");

    refreshed(&scratch, 1);
    scratch
        .run(&["trust", "show", "public-good"])
        .exits(0)
        .says("https://fulcio.sigstore.dev")
        .says("built in");
}

#[test]
fn of_many_who_add_one_name_at_once_one_does() {
    let scratch = Scratch::new();
    let root = built_in("staging/trusted_root.json");
    let codes: Vec<_> = std::thread::scope(|scope| {
        let add = || scratch.run(&["trust", "add", "lab", "--trusted-root", &root]).code;
        let running: Vec<_> = (0..8).map(|_| scope.spawn(add)).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(codes.iter().filter(|code| **code == Some(0)).count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == Some(3)).count(), 7, "{codes:?}");
    scratch.run(&["trust", "show", "lab"]).exits(0);
    assert_eq!(fs::read_dir(scratch.home().join("trust")).unwrap().count(), 1);
}
