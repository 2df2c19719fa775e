//! `sealwax sign` before a running `sealwax serve`: what is signed verifies, by our own `verify`, on the trust that the instance
//! hands out; what is refused leaves nothing behind.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod also;
mod apart;
mod attest;
mod bare;
mod certificate;
#[allow(dead_code, reason = "shared with the tests of the identity provider")]
#[path = "../../../idp/tests/flows/client.rs"]
mod client;
#[path = "../common/mod.rs"]
mod common;
mod faults;
mod identity;
#[allow(dead_code, reason = "shared with the tests of `serve`")]
#[path = "../cli_serve/instance.rs"]
mod instance;
mod key;
mod ml_dsa;
mod older_log;
mod predicate;
mod profiles;
mod proxy;
mod resume;
mod signer;
mod slow;
mod windows;
mod world;

use common::Scratch;
use serde_json::Value;
use signer::Signer;

#[test]
fn what_is_signed_verifies_and_what_is_there_stays() {
    let scratch = Scratch::new();
    let signer = Signer::start(&scratch);
    let app = scratch.write("app", b"content");
    let bundle = scratch.path("app.sigstore.json");
    let identity = signer.identity();

    // The token on standard input, as a file, in the environment.
    let token = signer.token(&scratch);
    let sign =
        |more: &[&str]| signer.sign(&scratch, &[&["sign", &app][..], more].concat(), &[], token.as_bytes());
    let ran = sign(&["--token", "-"]).exits(0).says("signed").says(&identity).says("app.sigstore.json");
    ran.complains("becomes public").complains(&identity).complains(signer.url());
    let first = std::fs::read(&bundle).unwrap();
    signer.verify(&scratch, &app).exits(0);

    sign(&["--token", "-"]).exits(3).complains("--overwrite");
    assert_eq!(std::fs::read(&bundle).unwrap(), first);
    let file = format!("@{}", scratch.write("token", &token));
    sign(&["--token", &file, "--overwrite"]).exits(0);
    assert_ne!(std::fs::read(&bundle).unwrap(), first);
    signer.verify(&scratch, &app).exits(0);

    let other = scratch.path("other.json").to_string_lossy().into_owned();
    let variables = [("SIGSTORE_ID_TOKEN", token.as_str())];
    let arguments = ["sign", app.as_str(), "--bundle", other.as_str(), "--json"];
    let said = signer.sign(&scratch, &arguments, &variables, b"").exits(0).json();
    assert_eq!(
        (said["status"].as_str(), said["signer"]["identity"].as_str()),
        (Some("signed"), Some(&*identity))
    );
    assert_eq!(said["digest"], "sha256:ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73");
    assert_eq!(said["log_entries"].as_array().unwrap().len(), 1);

    // On the command line itself, where it does not belong; and by the name of its file, as cosign takes it.
    let by_word = |word: &str| {
        let bundle = scratch.path("by-word.json").to_string_lossy().into_owned();
        let sign = ["sign", &app, "--bundle", &bundle, "--overwrite", "--identity-token", word];
        signer.sign(&scratch, &sign, &[], b"")
    };
    by_word(token.trim()).exits(0).complains("other users of this machine");
    by_word(&file[1..]).exits(2).complains(&format!("is given as {file}"));

    // By digest, without the file.
    let digest = said["digest"].as_str().unwrap();
    let by_digest = scratch.path("by-digest.json").to_string_lossy().into_owned();
    signer.sign(&scratch, &["sign", digest, "--bundle", &by_digest], &variables, b"").exits(0);
    signer.verify_with(&scratch, &app, &by_digest).exits(0);
}

#[test]
fn nothing_is_signed_for_somebody_else() {
    let scratch = Scratch::new();
    let signer = Signer::start(&scratch);
    let app = scratch.write("app", b"content");
    let token = signer.token(&scratch);
    let sign = |more: &[&str], token: &str| {
        signer.sign(&scratch, &[&["sign", &app, "--token", "-"][..], more].concat(), &[], token.as_bytes())
    };
    // Found on the certificate: the issuer's tokens could become anything.
    sign(&["--expect-identity", "https://elsewhere.example"], &token)
        .exits(1)
        .says("https://elsewhere.example");
    sign(&["--expect-identity", &signer.identity()], &token).exits(0);
    std::fs::remove_file(scratch.path("app.sigstore.json")).unwrap();

    // The token was all that there was to read: an artifact of nothing is not what anybody means.
    let nothing = ["sign", "-", "--token", "-", "--bundle", "app.sigstore.json"];
    signer.sign(&scratch, &nothing, &[], token.as_bytes()).exits(2).complains("once");

    sign(&[], "").exits(3).complains("empty");
    sign(&[], "a.b.c").exits(3).complains("not sent");
    let (head, signature) = token.trim().rsplit_once('.').unwrap();
    let other = if signature.starts_with('A') { 'B' } else { 'A' };
    let forged = format!("{other}{}", &signature[1..]);
    sign(&[], &format!("{head}.{forged}")).exits(1).says("status 400");
    // Neither a bundle nor half of one.
    assert_eq!(names(&scratch, "app"), ["app"]);
}

#[test]
fn many_are_signed_with_one_certificate() {
    let scratch = Scratch::new();
    let signer = Signer::start(&scratch);
    let token = signer.token(&scratch);
    let files: Vec<String> =
        (0..40).map(|n| scratch.write(&format!("many/{n:02}"), format!("content {n}"))).collect();
    let lines = scratch.path("all.jsonl").to_string_lossy().into_owned();
    let words: Vec<&str> = files.iter().map(String::as_str).collect();
    let arguments = [&["sign", "--token", "-", "--bundle", &lines, "--json"][..], &words].concat();
    let ran = signer.sign(&scratch, &arguments, &[], token.as_bytes()).exits(0);
    assert_eq!(ran.out.lines().filter(|line| line.contains("\"signed\"")).count(), 40);
    let text = std::fs::read_to_string(&lines).unwrap();
    let certificates: std::collections::BTreeSet<String> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|bundle| bundle["verificationMaterial"]["certificate"]["rawBytes"].to_string())
        .collect();
    assert_eq!((text.lines().count(), certificates.len()), (40, 1));
    signer.verify_with(&scratch, &files[39], &lines).exits(0);

    // From a list, each beside its artifact; one that is missing does not stop the others.
    let list = scratch.write("list", format!("{}\n\n{{\"artifact\":\"many/01\"}}\nmany/nobody\n", files[0]));
    let arguments = ["sign", "--list", &list, "--token", "-"];
    let ran = signer.sign(&scratch, &arguments, &[], token.as_bytes()).exits(3);
    assert!(ran.out.contains("many/nobody") && ran.out.matches("  bundle ").count() == 2, "{}", ran.out);
    signer.verify(&scratch, &files[1]).exits(0);
}

/// The names in the scratch directory that begin like this, in order.
fn names(scratch: &Scratch, start: &str) -> Vec<String> {
    let entries = std::fs::read_dir(scratch.path("")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> =
        names.filter(|name| name.trim_start_matches('.').starts_with(start)).collect();
    names.sort();
    names
}
