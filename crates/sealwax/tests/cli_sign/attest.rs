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
            ran.exits(3).says("no log takes");
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
