//! Whom and what the flags demand.

use sealwax_testkit::{Instance, SignOptions, cases};

use crate::common::Scratch;
use crate::{IDENTITY, ISSUER, example, made, package};

#[test]
fn pairs_of_identity_and_issuer_mean_any_of_them() {
    let scratch = Scratch::new();
    let both = [
        "verify",
        &package(),
        "--identity",
        "a@b.c",
        "--issuer",
        "https://x",
        "--identity",
        IDENTITY,
        "--issuer",
        ISSUER,
    ];
    assert_eq!(scratch.run(&both).code, Some(0));
    let crossed = [
        "verify",
        &package(),
        "--identity",
        "a@b.c",
        "--issuer",
        ISSUER,
        "--identity",
        IDENTITY,
        "--issuer",
        "https://x",
    ];
    assert_eq!(scratch.run(&crossed).code, Some(1));
}

#[test]
fn structured_fields_and_patterns_are_exact_and_anchored() {
    let scratch = Scratch::new();
    let check = |flags: &[&str], code: i32| {
        let mut all = vec!["verify", "--issuer", ISSUER];
        all.extend(flags);
        let package = package();
        all.push(&package);
        let ran = scratch.run(&all);
        assert_eq!(ran.code, Some(code), "{flags:?}\n{}{}", ran.out, ran.err);
    };
    let repository = "https://github.com/sigstore/sigstore-js";
    check(&["--repository", repository], 0);
    check(&["--repository", repository, "--source-ref", "refs/heads/main", "--trigger", "push"], 0);
    check(
        &[
            "--repository",
            repository,
            "--source-ref",
            "refs/heads/*",
            "--runner-environment",
            "github-hosted",
        ],
        0,
    );
    check(&["--repository", repository, "--source-ref", "refs/tags/*"], 1);
    check(&["--repository", repository, "--runner-environment", "self-hosted"], 1);
    check(&["--repository", "https://github.com/sigstore/sigstore"], 1);
    let workflow = "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml";
    check(&["--signer-workflow", workflow], 0);
    check(&["--signer-workflow", "https://github.com/sigstore/sigstore-js/.github/workflows/release"], 1);
    check(&["--identity-pattern", "https://github.com/sigstore/sigstore-js/**"], 0);
    check(&["--identity-pattern", "https://github.com/sigstore/*"], 1);
    check(&["--identity-pattern", "sigstore-js"], 1);
}

#[test]
fn without_an_identity_it_says_who_and_exits_as_not_verified() {
    let scratch = Scratch::new();
    let ran = scratch.run(&["verify", &package()]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains(&format!("--identity {IDENTITY} --issuer {ISSUER}")), "{}", ran.out);
}

#[test]
fn nothing_is_suggested_when_another_check_fails() {
    let scratch = Scratch::new();
    let other = scratch.write("other.tgz", "something else");
    let ran = scratch.run(&["verify", &other, "--bundle", &example("sigstore-5.0.0.tgz.sigstore.json")]);
    assert_eq!(ran.code, Some(1));
    assert!(!ran.out.contains("--identity "), "{}", ran.out);
    assert!(ran.out.contains("statement.subject"), "{}", ran.out);
}

#[test]
fn the_type_of_an_attestation_is_demanded() {
    let scratch = Scratch::new();
    let common = ["verify", &package(), "--identity", IDENTITY, "--issuer", ISSUER, "--type"];
    assert_eq!(scratch.run(&[&common[..], &["https://slsa.dev/provenance/v1"]].concat()).code, Some(0));
    let ran = scratch.run(&[&common[..], &["https://slsa.dev/provenance/v0.2"]].concat());
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("statement.predicate-type"), "{}", ran.out);
}

#[test]
fn the_age_of_the_trust_can_be_a_reason_to_refuse() {
    let scratch = Scratch::new();
    let common = ["verify", &package(), "--identity", IDENTITY, "--issuer", ISSUER, "--max-trust-age"];
    assert_eq!(scratch.run(&[&common[..], &["10000w"]].concat()).code, Some(0));
    let ran = scratch.run(&[&common[..], &["0s"]].concat());
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("sealwax trust update"), "{}", ran.out);
}

#[test]
fn a_trusted_root_in_a_file_has_no_age_that_could_be_believed() {
    let scratch = Scratch::new();
    let made = made(&scratch, &Instance::usual(), "app", b"content", &SignOptions::rekor_v1());
    let common = made.verify();
    assert_eq!(scratch.run(&common).code, Some(0));
    let ran = scratch.run(&[&common[..], &["--max-trust-age", "1000w"]].concat());
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("its age is not known"), "{}", ran.out);
}

#[test]
fn keys_are_demanded_by_file_and_a_signature_alone_says_so() {
    let scratch = Scratch::new();
    for case in cases::classes().into_iter().filter(|case| case.managed_key.is_some()) {
        let key = case.managed_key.clone().unwrap();
        let artifact = scratch.write("artifact", &case.made.artifact);
        let bundle = scratch.write("bundle.json", case.made.bundle.to_string());
        let root = scratch.write("root.json", case.trusted_root.to_string());
        let pem = scratch.write("key.pub", key.signer.public_key_pem());
        let common = ["verify", &artifact, "--bundle", &bundle, "--key", &pem];
        let ran = scratch.run(&[&common[..], &["--trusted-root", &root]].concat());
        assert_eq!(ran.code, Some(0), "{}: {}", case.name, ran.out);
        let ran = scratch.run(&[&common[..], &["--trust", "key-only"]].concat());
        assert_eq!(ran.code, Some(0), "{}: {}", case.name, ran.out);
        assert!(ran.out.contains("the signature alone"), "{}", ran.out);
        let ran = scratch.run(&["verify", &artifact, "--bundle", &bundle, "--trusted-root", &root]);
        assert_eq!(ran.code, Some(1), "{}: {}", case.name, ran.out);
    }
}
