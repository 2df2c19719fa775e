//! `sealwax bundle convert`: what verified before verifies in every form that it has.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

mod common;

use std::fs;
use std::path::Path;

use common::{Ran, Scratch, manifest, real};
use sealwax_testkit::{BundleVersion, Evidence, Instance, SignOptions};
use serde_json::Value;

/// What `verify` needs beside the bundle.
fn flags(entry: &Value) -> Vec<String> {
    let text = |member: &str| entry[member].as_str().map(str::to_owned);
    let path = |member: &str| text(member).map(|name| real(&name).to_str().unwrap().to_owned());
    let mut flags = vec![match text("artifact").unwrap() {
        digest if digest.contains(':') => digest,
        name => real(&name).to_str().unwrap().to_owned(),
    }];
    let mut flag = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            flags.extend([name.to_owned(), value]);
        }
    };
    flag("--key", path("key"));
    if entry["key"].is_null() {
        flag("--identity", text("identity"));
        flag("--issuer", text("issuer"));
    }
    flag("--type", text("type"));
    flag("--trusted-root", path("trusted_root"));
    flag("--trust", text("trust"));
    flags
}

fn verify(scratch: &Scratch, flags: &[String], with: &[(&str, &Path)]) -> Ran {
    let mut arguments = vec!["verify"];
    arguments.extend(flags.iter().map(String::as_str));
    for (flag, path) in with.iter().filter(|(_, path)| path.exists()) {
        arguments.extend([*flag, path.to_str().unwrap()]);
    }
    scratch.run(&arguments)
}

/// Converts, and verifies what came; `false` if the bundle has no such form.
fn round_trip(scratch: &Scratch, bundle: &Path, form: &str, flags: &[String]) -> bool {
    let output = scratch.path("converted");
    for entry in fs::read_dir(scratch.path("")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::remove_file(path).unwrap();
        }
    }
    let (bundle, target) = (bundle.to_str().unwrap(), output.to_str().unwrap());
    let ran = scratch.run(&["bundle", "convert", bundle, "--to", form, "--output", target]);
    if ran.code == Some(3) {
        assert!(ran.err.contains("has no such form: "), "{ran:?}");
        assert!(!output.exists());
        return false;
    }
    ran.exits(0).complains("nothing was verified");
    let verified = if form == "detached" {
        let part = |suffix: &str| scratch.path(&format!("converted{suffix}"));
        if part(".tsr").exists() && !part(".rekor.json").exists() {
            // The timestamp is the only proof of time, and `verify` takes none beside a detached signature.
            return true;
        }
        let (signature, certificate, entry) = (part(".sig"), part(".pem"), part(".rekor.json"));
        verify(
            scratch,
            flags,
            &[("--signature", &signature), ("--certificate", &certificate), ("--log-entry", &entry)],
        )
    } else {
        verify(scratch, flags, &[("--bundle", &output)])
    };
    assert_eq!(verified.code, Some(0), "{bundle} as {form}: {verified:?}");
    true
}

#[test]
fn what_is_published_verifies_in_every_form_that_it_has() {
    let scratch = Scratch::new();
    let mut made = [("v0.3", 0), ("v0.1", 0), ("detached", 0)];
    for entry in manifest() {
        let single = entry["expect"] == "verified" && entry["format"] != "detached";
        let Some(bundle) = entry["bundle"].as_str().filter(|_| single) else { continue };
        let bundle = real(bundle);
        let flags = flags(&entry);
        if scratch.run(&["bundle", "convert", bundle.to_str().unwrap()]).err.contains("bundles, not one") {
            continue;
        }
        for (form, count) in &mut made {
            if round_trip(&scratch, &bundle, form, &flags) {
                *count += 1;
            }
        }
    }
    let [v03, v01, detached] = made.map(|(_, count)| count);
    assert!(v03 >= 40 && v01 >= 40 && detached >= 40, "{made:?}");
}

#[test]
fn the_public_cases_verify_in_every_form_that_they_have() {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/bundle-verify");
    if !suite.is_dir() {
        assert!(std::env::var_os("CI").is_none(), "the shared cases are missing");
        eprintln!("skipped: there are no shared cases at {}", suite.display());
        return;
    }
    let scratch = Scratch::new();
    let identity = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
    let mut made = 0;
    for case in [
        "happy-path-v0.1",
        "happy-path-v0.2",
        "happy-path-v0.3",
        "happy-path-intoto-in-dsse-v3",
        "rekor2-happy-path",
        "rekor2-dsse-happy-path",
    ] {
        let case = suite.join(case);
        let path = |name: &str| case.join(name).to_str().unwrap().to_owned();
        let artifact = if case.join("artifact").exists() {
            path("artifact")
        } else {
            suite.join("a.txt").to_str().unwrap().to_owned()
        };
        let mut flags = vec![
            artifact,
            "--identity".into(),
            identity.into(),
            "--issuer".into(),
            "https://token.actions.githubusercontent.com".into(),
        ];
        if case.join("trusted_root.json").exists() {
            flags.extend(["--trusted-root".into(), path("trusted_root.json")]);
        }
        for form in ["v0.3", "v0.1", "detached"] {
            made += u32::from(round_trip(&scratch, &case.join("bundle.sigstore.json"), form, &flags));
        }
    }
    assert!(made >= 13, "only {made}");
}

#[test]
fn a_form_that_a_bundle_does_not_have_is_refused_with_the_reason() {
    let scratch = Scratch::new();
    let instance = Instance::usual();
    let convert = |options: &SignOptions, form: &str| {
        let file =
            scratch.write("b.sigstore.json", instance.sign_message(b"artifact", options).bundle_json());
        scratch.run(&["bundle", "convert", &file, "--to", form])
    };
    convert(&SignOptions::rekor_v2(), "v0.1")
        .exits(3)
        .complains("no inclusion promise, which version 0.1 demands");
    convert(&SignOptions::rekor_v2(), "detached").exits(3).complains("Rekor v2 gives none");
    let set_only = SignOptions::rekor_v1().version(BundleVersion::V01).evidence(Evidence::SetOnly);
    convert(&set_only, "v0.3").exits(3).complains("no inclusion proof, which version 0.3 demands");
    assert!(!scratch.path("b.sig").exists());
}

#[test]
fn files_are_kept_unless_told_otherwise() {
    let scratch = Scratch::new();
    let made = Instance::usual().sign_message(b"artifact", &SignOptions::rekor_v1());
    let file = scratch.write("app.tar.gz.sigstore.json", made.bundle_json());
    let detach = ["bundle", "convert", file.as_str(), "--to", "detached"];
    scratch.run(&detach).exits(0).complains("wrote");
    let signature = scratch.path("app.tar.gz.sig");
    assert!(
        signature.exists()
            && scratch.path("app.tar.gz.pem").exists()
            && scratch.path("app.tar.gz.rekor.json").exists()
    );

    fs::remove_file(&signature).unwrap();
    scratch.run(&detach).exits(3).complains("app.tar.gz.pem is there already; --overwrite replaces it");
    assert!(!signature.exists(), "one file in the way, none written");
    scratch.run(&["bundle", "convert", &file, "--to", "detached", "--overwrite"]).exits(0);
    assert!(signature.exists());

    let output = scratch.write("out.json", "precious");
    scratch.run(&["bundle", "convert", &file, "--output", &output]).exits(3).complains("--overwrite");
    assert_eq!(fs::read_to_string(&output).unwrap(), "precious");
    scratch.run(&["bundle", "convert", &file, "--output", &output, "--overwrite"]).exits(0);
    assert_ne!(fs::read_to_string(&output).unwrap(), "precious");
    scratch.run(&["bundle", "convert", &file]).exits(0).says("bundle.v0.3+json");
    let missing = scratch.path("no/such/file");
    scratch
        .run(&["bundle", "convert", &file, "--output", missing.to_str().unwrap()])
        .exits(3)
        .complains("cannot write");
    scratch.run(&["bundle", "convert", "nothing"]).exits(3).complains("cannot read nothing");
    scratch.run(&["bundle", "convert", &file, "--to", "v0.7"]).exits(2);
}
