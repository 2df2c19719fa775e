//! Artifacts, bundles, and what is missing of them.

use std::fs;

use sealwax_testkit::{Instance, SignOptions};

use crate::common::Scratch;
use crate::{IDENTITY, ISSUER, example, made, package};

#[test]
fn a_command_line_that_says_too_little_is_exit_code_2() {
    let scratch = Scratch::new();
    for flags in [
        &["verify"][..],
        &["verify", "a", "--identity", "x"],
        &["verify", "a", "--issuer", ISSUER],
        &["verify", "a", "--issuer", ISSUER, "--source-ref", "refs/heads/main"],
        &["verify", "a", "--identity", "x", "--issuer", "y", "--key", "k"],
        &["verify", "sha256:zz"],
        &["verify", "-", "-", "--bundle", "b"],
        &["verify", "a", "--max-trust-age", "soon"],
        &["verify", "a", "--no-such-flag"],
    ] {
        let ran = scratch.run(flags);
        assert_eq!(ran.code, Some(2), "{flags:?}: {}{}", ran.out, ran.err);
        assert!(!ran.err.is_empty(), "{flags:?}");
    }
}

#[test]
fn a_profile_and_a_file_are_one_too_many() {
    let scratch = Scratch::new();
    let made = made(&scratch, &Instance::usual(), "app", b"content", &SignOptions::rekor_v1());
    let file = made.verify();
    assert_eq!(scratch.run(&file).code, Some(0));
    for profile in [&["--trust", "public-good"][..], &["--trust", "nobody"], &["--trust=staging"]] {
        scratch.run(&[&file[..], profile].concat()).exits(2).complains("drop --trust to use the file");
        // The same in the environment is only a default.
        let name = profile.last().unwrap().trim_start_matches("--trust=");
        let variables = [("SEALWAX_TRUST", name)];
        assert_eq!(scratch.run_with(&[&file[..], profile].concat(), &variables, b"").code, Some(2));
        assert_eq!(scratch.run_with(&file, &variables, b"").code, Some(0));
    }
}

#[test]
fn what_is_missing_is_exit_code_3_and_says_what_to_do() {
    let scratch = Scratch::new();
    let lonely = scratch.write("lonely", "x");
    for (flags, word) in [
        (vec!["verify", "nothing"], "there is no file nothing"),
        (vec!["verify", &lonely], "give --bundle"),
        (vec!["verify", &lonely, "--bundle", "nowhere"], "cannot read nowhere"),
        (vec!["verify", &lonely, "--trust", "nobody"], "sealwax trust add"),
        (vec!["verify", &lonely, "--trusted-root", "nowhere.json"], "nowhere.json"),
    ] {
        let ran = scratch.run(&flags);
        assert_eq!(ran.code, Some(3), "{flags:?}: {}{}", ran.out, ran.err);
        assert!(ran.out.contains(word), "{flags:?}: {}", ran.out);
    }
}

#[test]
fn an_artifact_may_be_a_digest_or_a_stream() {
    let scratch = Scratch::new();
    let made = made(&scratch, &Instance::usual(), "app", b"content", &SignOptions::rekor_v1());
    let bundle = format!("{}.sigstore.json", made.artifact);
    let common = [&["--bundle", &bundle][..], &made.accepted()].concat();
    let digest = sealwax_crypto::digest(sealwax_crypto::HashAlgorithm::Sha256, b"content").to_string();
    assert_eq!(scratch.run(&[&["verify", &digest][..], &common].concat()).code, Some(0));
    assert_eq!(scratch.run_with(&[&["verify", "-"][..], &common].concat(), &[], b"content").code, Some(0));
    assert_eq!(scratch.run_with(&[&["verify", "-"][..], &common].concat(), &[], b"contents").code, Some(1));
    // A digest that cannot be compared decides nothing.
    let other = sealwax_crypto::digest(sealwax_crypto::HashAlgorithm::Sha512, b"content").to_string();
    assert_eq!(scratch.run(&[&["verify", &other][..], &common].concat()).code, Some(3));
    // A file may have the name of a digest.
    fs::write(scratch.path(&digest), b"contents").unwrap();
    assert_eq!(scratch.run(&[&["verify", &format!("./{digest}")][..], &common].concat()).code, Some(1));
}

#[test]
fn of_several_artifacts_the_worst_counts() {
    let scratch = Scratch::new();
    let good = package();
    let common = ["--identity", IDENTITY, "--issuer", ISSUER];
    let run = |artifacts: &[&str]| scratch.run(&[&["verify"][..], artifacts, &common].concat()).code;
    assert_eq!(run(&[&good, &good]), Some(0));
    assert_eq!(run(&[&good, "missing"]), Some(3));
    let bad = scratch.write("bad.tgz", "x");
    fs::copy(example("sigstore-5.0.0.tgz.sigstore.json"), format!("{bad}.sigstore.json")).unwrap();
    assert_eq!(run(&["missing", &bad, &good]), Some(1));
}

#[test]
fn one_good_bundle_of_many_suffices_unless_all_are_demanded() {
    let scratch = Scratch::new();
    let instance = Instance::usual();
    let made_here = made(&scratch, &instance, "app", b"content", &SignOptions::rekor_v1());
    let other = instance.sign_message(b"other", &SignOptions::rekor_v1());
    let both = scratch.write("both.jsonl", format!("{}\n{}\n", other.bundle, made_here.bundle));
    let common = [&made_here.verify()[..], &["--bundle", &both]].concat();
    let ran = scratch.run(&common);
    assert_eq!(ran.code, Some(0), "{}", ran.out);
    assert!(ran.out.contains("line 2"), "{}", ran.out);
    let ran = scratch.run(&[&common[..], &["--all"]].concat());
    assert_eq!(ran.code, Some(1), "{}", ran.out);
    assert!(ran.out.contains("line 1"), "{}", ran.out);
    let twice = scratch.write("twice.jsonl", format!("{0}\n{0}\n", made_here.bundle));
    let all = [&made_here.verify()[..], &["--bundle", &twice, "--all"]].concat();
    assert_eq!(scratch.run(&all).code, Some(0));
}

#[test]
fn what_lies_beside_an_artifact_cannot_hide_its_bundle() {
    let scratch = Scratch::new();
    let made = made(&scratch, &Instance::usual(), "app", b"content", &SignOptions::rekor_v1());
    scratch.write("app.bundle", "nonsense");
    scratch.write("app.evil.sigstore.json", r#"{"mediaType": "x"}"#);
    fs::create_dir(scratch.path("app.dir.sigstore.json")).unwrap();
    let common = made.verify();
    assert_eq!(scratch.run(&common).code, Some(0));
    fs::remove_file(scratch.path("app.sigstore.json")).unwrap();
    assert_eq!(scratch.run(&common).code, Some(1));
}

#[test]
fn a_read_only_home_and_many_at_once_change_nothing() {
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.home()).unwrap();
    let mut permissions = fs::metadata(scratch.home()).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(scratch.home(), permissions).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let ran = scratch.run(&["verify", &package(), "--identity", IDENTITY, "--issuer", ISSUER]);
                assert_eq!(ran.code, Some(0), "{}", ran.err);
            });
        }
    });
}
