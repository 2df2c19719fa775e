//! Statements, and keys that sign instead of identities.

use serde_json::Value;

use crate::common::Scratch;
use crate::names;
use crate::signer::Signer;

#[test]
fn a_statement_is_about_its_artifacts() {
    let scratch = Scratch::new();
    let signer = Signer::start(&scratch);
    let token = format!("@{}", scratch.write("token", signer.token(&scratch)));
    let (app, other) = (scratch.write("app", b"content"), scratch.write("other", b"other content"));
    let attest = |arguments: &[&str]| {
        signer.sign(&scratch, &[&["attest", "--token", &token][..], arguments].concat(), &[], b"")
    };

    let sbom = scratch.write("sbom.json", r#"{"spdxVersion": "SPDX-2.3", "packages": []}"#);
    attest(&[&app, "--type", "spdx", "--predicate", &sbom]).exits(0).says("app.spdx.sigstore.json");
    let (identity, issuer) = (signer.identity(), signer.identity().replace("/bot", ""));
    let who = ["--identity", &identity, "--issuer", &issuer];
    let spdx = ["--type", "https://spdx.dev/Document"];
    // Found beside the artifact, for it alone, and by its type alone.
    signer.verify_by(&scratch, &app, &[&who[..], &spdx].concat()).exits(0).says("https://spdx.dev/Document");
    let bundle = scratch.path("app.spdx.sigstore.json").to_string_lossy().into_owned();
    signer.verify_by(&scratch, &other, &[&who[..], &["--bundle", &bundle]].concat()).exits(1);
    signer.verify_by(&scratch, &app, &[&who[..], &["--type", "https://cyclonedx.org/bom"]].concat()).exits(1);

    // What is not what it claims, or about nothing, is not signed.
    attest(&[&app, "--type", "cyclonedx", "--predicate", &sbom]).exits(3).complains("bomFormat");
    attest(&[&app, "--type", "sbom", "--predicate", &sbom]).exits(2).complains("neither a URI");
    attest(&["--type", "spdx", "--predicate", &sbom, "--bundle", "x"]).exits(2).complains("about something");

    // Several, by a list of checksums.
    let list = scratch.write(
        "SHA256SUMS",
        "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73  app\n\
         ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73 *again\n",
    );
    let all = scratch.path("all.json").to_string_lossy().into_owned();
    attest(&[
        &other,
        "--subject-checksums",
        &list,
        "--type",
        "urn:review",
        "--predicate",
        &sbom,
        "--bundle",
        &all,
    ])
    .exits(0);
    for artifact in [&app, &other] {
        signer.verify_by(&scratch, artifact, &[&who[..], &["--bundle", &all]].concat()).exits(0);
    }
    // The log has the digest of it only.
    let bundle: Value = serde_json::from_str(&std::fs::read_to_string(&all).unwrap()).unwrap();
    assert_eq!(bundle["verificationMaterial"]["tlogEntries"][0]["kindVersion"]["kind"], "hashedrekord");

    let statement = scratch.write(
        "statement.json",
        r#"{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://x.example/t","predicate":{},"subject":[
            {"name":"app","digest":{"sha256":"ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"}}]}"#,
    );
    let whole = scratch.path("whole.json").to_string_lossy().into_owned();
    attest(&["--statement", &statement, "--bundle", &whole]).exits(0);
    signer.verify_by(&scratch, &app, &[&who[..], &["--bundle", &whole]].concat()).exits(0);

    // It is what it claims, too, and about something that can be recognised.
    let text = std::fs::read_to_string(&statement).unwrap();
    for (from, to, part) in [
        ("https://x.example/t", "https://cyclonedx.org/bom", "bomFormat"),
        ("https://x.example/t", "", "neither a URI"),
        ("sha256", "sha1", "to know it by"),
        ("ed7002b4", "ED7002B4", "to know it by"),
        (r#"{"name":"app""#, r#"{"name":"no""#, ""),
    ] {
        let statement = scratch.write("odd.json", text.replace(from, to));
        let odd = scratch.path("odd.sigstore.json").to_string_lossy().into_owned();
        let ran = attest(&["--statement", &statement, "--bundle", &odd]);
        if part.is_empty() {
            ran.exits(0)
        } else {
            ran.exits(3).complains(part)
        };
    }
    let nothing = r#"{"_type":"https://in-toto.io/Statement/v1","predicateType":"urn:x","subject":[]}"#;
    let nothing = scratch.write("nothing.json", nothing);
    attest(&["--statement", &nothing, "--bundle", "x"]).exits(3).complains("about nothing");
}

#[test]
fn what_is_said_may_be_large_and_about_many() {
    let scratch = Scratch::new();
    let signer = Signer::start(&scratch);
    let token = format!("@{}", scratch.write("token", signer.token(&scratch)));
    let files: Vec<String> =
        (0..3).map(|n| scratch.write(&format!("many/{n}"), format!("content {n}"))).collect();
    // The limit of entries is 64 KiB, that of requests 4 MiB: the log gets neither.
    let package = format!(r#"{{"name":"{}"}}"#, "x".repeat(1000));
    let sbom = format!(r#"{{"spdxVersion":"SPDX-2.3","packages":[{}]}}"#, vec![package; 8 << 10].join(","));
    let predicate = scratch.write("sbom.json", &sbom);
    let bundle = scratch.path("all.json").to_string_lossy().into_owned();
    let arguments =
        ["attest", "--token", &token, "--type", "spdx", "--predicate", &predicate, "--bundle", &bundle];
    let words: Vec<&str> = files.iter().map(String::as_str).collect();
    signer.sign(&scratch, &[&arguments[..], &words].concat(), &[], b"").exits(0);
    assert!(std::fs::metadata(&bundle).unwrap().len() > 8 << 20);
    let who = signer.who();
    let out = scratch.path("out.json").to_string_lossy().into_owned();
    for file in &files {
        let arguments = ["--bundle", &bundle, "--type", "spdx", "--predicate-out", &out, "--overwrite"];
        let who: Vec<&str> = who.iter().map(String::as_str).collect();
        signer.verify_by(&scratch, file, &[&arguments[..], &who].concat()).exits(0);
        assert!(std::fs::read_to_string(&out).unwrap() == sbom);
    }
}

#[test]
fn a_key_signs_without_a_certificate() {
    let scratch = Scratch::new();
    let signer = Signer::start(&scratch);
    let app = scratch.write("app", b"content");
    for (kind, signs_statements) in [("p256", true), ("p384", true), ("ed25519", false)] {
        let (key, public) = signer_key(&scratch, kind);
        signer.sign(&scratch, &["sign", &app, "--key", &key], &[], b"").exits(0).says("key ");
        signer.verify_by(&scratch, &app, &["--key", &public]).exits(0);
        std::fs::remove_file(scratch.path("app.sigstore.json")).unwrap();
        let predicate = scratch.write("predicate.json", "{}");
        let arguments = ["attest", &app, "--key", &key, "--type", "urn:x", "--predicate", &predicate];
        let ran = signer.sign(&scratch, &arguments, &[], b"");
        if signs_statements {
            ran.exits(0);
            signer.verify_by(&scratch, &app, &["--key", &public]).exits(0);
            std::fs::remove_file(scratch.path("app.urn-x.sigstore.json")).unwrap();
        } else {
            // Of envelopes pure Ed25519 signs the whole, and Rekor v2 takes digests only.
            ran.exits(3).says("take digests only");
        }
        assert!(names(&scratch, "app") == ["app"], "{kind}: {:?}", names(&scratch, "app"));
    }
    signer.sign(&scratch, &["sign", &app, "--key", "/nowhere"], &[], b"").exits(3);
    signer.sign(&scratch, &["sign", &app, "--key", &app, "--token", "x"], &[], b"").exits(2);
}

/// The paths of a private key and of its public half.
fn signer_key(scratch: &Scratch, kind: &str) -> (String, String) {
    use sealwax_crypto::KeyKind;
    let path = scratch.path(&format!("{kind}.pem"));
    let kind = match kind {
        "p256" => KeyKind::EcdsaP256,
        "p384" => KeyKind::EcdsaP384,
        _ => KeyKind::Ed25519,
    };
    let key = sealwax_signer::file::create(&path, kind).unwrap();
    let public = scratch.write(&format!("{kind:?}.pub"), key.public_key().to_pem());
    (path.to_string_lossy().into_owned(), public)
}
