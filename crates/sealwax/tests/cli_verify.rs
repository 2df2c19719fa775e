//! `sealwax verify` as a user meets it: exit codes, words, JSON, lists, neighbours, and what it refuses to be talked into.

mod common;

use std::fs;
use std::path::Path;

use common::Scratch;
use sealwax_testkit::cases;
use sealwax_testkit::{Instance, SignOptions};
use serde_json::{Value, json};

const IDENTITY: &str =
    "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

fn example(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name).to_string_lossy().into_owned()
}

fn package() -> String {
    example("sigstore-5.0.0.tgz")
}

/// An artifact of a made instance, with its bundle beside it, and the trusted root.
struct Made {
    artifact: String,
    root: String,
    identity: String,
    issuer: String,
    bundle: Value,
}

fn made(scratch: &Scratch, instance: &Instance, name: &str, content: &[u8], options: &SignOptions) -> Made {
    let signed = instance.sign_message(content, options);
    let artifact = scratch.write(name, content);
    scratch.write(&format!("{name}.sigstore.json"), signed.bundle.to_string());
    Made {
        artifact,
        root: scratch.write("root.json", instance.trusted_root_json()),
        identity: signed.identity.clone().unwrap_or_default(),
        issuer: signed.issuer.clone().unwrap_or_default(),
        bundle: signed.bundle,
    }
}

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
    let common = [
        "--bundle",
        &bundle,
        "--trusted-root",
        &made.root,
        "--identity",
        &made.identity,
        "--issuer",
        &made.issuer,
    ];
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
    let common = [
        "verify",
        &made_here.artifact,
        "--bundle",
        &both,
        "--trusted-root",
        &made_here.root,
        "--identity",
        &made_here.identity,
        "--issuer",
        &made_here.issuer,
    ];
    let ran = scratch.run(&common);
    assert_eq!(ran.code, Some(0), "{}", ran.out);
    assert!(ran.out.contains("line 2"), "{}", ran.out);
    let ran = scratch.run(&[&common[..], &["--all"]].concat());
    assert_eq!(ran.code, Some(1), "{}", ran.out);
    assert!(ran.out.contains("line 1"), "{}", ran.out);
    let twice = scratch.write("twice.jsonl", format!("{0}\n{0}\n", made_here.bundle));
    let mut all = common.to_vec();
    all[3] = &twice;
    all.push("--all");
    assert_eq!(scratch.run(&all).code, Some(0));
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
fn the_age_of_the_trust_can_be_a_reason_to_refuse() {
    let scratch = Scratch::new();
    let common = ["verify", &package(), "--identity", IDENTITY, "--issuer", ISSUER, "--max-trust-age"];
    assert_eq!(scratch.run(&[&common[..], &["10000w"]].concat()).code, Some(0));
    let ran = scratch.run(&[&common[..], &["0s"]].concat());
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("sealwax trust update"), "{}", ran.out);
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

#[test]
fn witnesses_are_demanded_and_never_taken_for_granted() {
    let scratch = Scratch::new();
    let policed: Vec<_> =
        cases::oddities().into_iter().filter(|case| case.witness_policy.is_some()).collect();
    assert!(!policed.is_empty());
    for case in policed {
        let artifact = scratch.write("artifact", &case.made.artifact);
        let bundle = scratch.write("bundle.json", case.made.bundle.to_string());
        let root = scratch.write("root.json", case.trusted_root.to_string());
        let policy = scratch.write("policy", case.witness_policy.clone().unwrap());
        let identity = case.made.identity.clone().unwrap();
        let issuer = case.made.issuer.clone().unwrap();
        let common = [
            "verify",
            &artifact,
            "--bundle",
            &bundle,
            "--trusted-root",
            &root,
            "--identity",
            &identity,
            "--issuer",
            &issuer,
            "--witness-policy",
            &policy,
        ];
        let ran = scratch.run(&common);
        assert_eq!(ran.code, Some(0), "{}: {}", case.name, ran.out);
        assert!(ran.out.contains("witnessed by"), "{}: {}", case.name, ran.out);
    }
    let nothing = scratch.write("none", "quorum none\n");
    let ran = scratch.run(&[
        "verify",
        &package(),
        "--identity",
        IDENTITY,
        "--issuer",
        ISSUER,
        "--witness-policy",
        &nothing,
    ]);
    assert_eq!(ran.code, Some(2), "{}", ran.out);
}

#[test]
fn a_list_answers_in_order_one_line_each_and_a_bad_line_stops_nothing() {
    let scratch = Scratch::new();
    let package = package();
    let bundle: Value =
        serde_json::from_slice(&fs::read(example("sigstore-5.0.0.tgz.sigstore.json")).unwrap()).unwrap();
    let mut lines = vec![
        json!({"artifact": package, "identity": IDENTITY}).to_string(),
        json!({"artifact": package, "identity": "x"}).to_string(),
        json!({"artifact": package, "identity": IDENTITY, "bundle": bundle}).to_string(),
        json!({"artifact": "missing"}).to_string(),
        json!({"artifact": package, "identiy": IDENTITY}).to_string(),
        "nonsense".to_owned(),
        json!({"artifact": package, "identity": IDENTITY, "type": "x"}).to_string(),
        json!({"artifact": package, "identity": IDENTITY, "trust": "staging"}).to_string(),
        json!({"artifact": package, "identity": IDENTITY, "key": "k"}).to_string(),
        r#"{"artifact": "a", "artifact": "b"}"#.to_owned(),
    ];
    let mut expected = vec![true, false, true, false, false, false, false, false, false, false];
    for _ in 0..200 {
        lines.push(lines[0].clone());
        expected.push(true);
        lines.push(lines[1].clone());
        expected.push(false);
    }
    let file = scratch.write("list.jsonl", lines.join("\n"));
    for (source, input) in [(file.as_str(), String::new()), ("-", lines.join("\n"))] {
        let ran = scratch.run_with(
            &["verify", "--list", source, "--issuer", ISSUER, "--identity", "d"],
            &[],
            input.as_bytes(),
        );
        assert_eq!(ran.code, Some(2), "{}", ran.err);
        let answers: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let verified: Vec<bool> =
            answers.iter().map(|answer| answer["verified"].as_bool().unwrap()).collect();
        assert_eq!(verified, expected);
        assert!(
            answers.iter().all(|answer| answer["verified"] == json!(true) || answer["reason"].is_string())
        );
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
fn colours_only_where_they_are_wanted() {
    let scratch = Scratch::new();
    assert!(!scratch.run(&["verify", &package()]).out.contains('\u{1b}'));
    assert!(scratch.run(&["verify", &package(), "--color", "always"]).out.contains('\u{1b}'));
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

#[test]
fn a_line_of_a_list_never_loses_what_the_flags_demand_of_the_build() {
    let scratch = Scratch::new();
    let line = json!({"artifact": package(), "identity": IDENTITY, "issuer": ISSUER}).to_string();
    let run = |flags: &[&str]| {
        let all = [&["verify", "--list", "-", "--identity", "a", "--issuer", "x"][..], flags].concat();
        scratch.run_with(&all, &[], line.as_bytes()).code
    };
    assert_eq!(run(&[]), Some(0));
    assert_eq!(run(&["--trigger", "push"]), Some(0));
    assert_eq!(run(&["--trigger", "nope"]), Some(1));
    let two = ["--identity", "b", "--issuer", "y"];
    assert_eq!(run(&[&two[..], &["--trigger", "push"]].concat()), Some(0));
    assert_eq!(run(&[&two[..], &["--trigger", "nope"]].concat()), Some(1));
    assert_eq!(run(&[&two[..], &["--repository", "https://nope"]].concat()), Some(1));
}

#[test]
fn an_empty_list_verifies_nothing() {
    let scratch = Scratch::new();
    for input in ["", "\n \n"] {
        let ran = scratch.run_with(
            &["verify", "--list", "-", "--identity", "a", "--issuer", "x"],
            &[],
            input.as_bytes(),
        );
        assert_eq!(ran.code, Some(3), "{}", ran.out);
        assert_eq!(ran.json()["verified"], json!(false));
    }
}

#[test]
fn json_cannot_fool_a_terminal_either() {
    let scratch = Scratch::new();
    let instance = Instance::usual();
    let mut made = made(&scratch, &instance, "app", b"content", &SignOptions::rekor_v1());
    let hostile = "x\u{9b}31m\u{202e}";
    made.bundle["verificationMaterial"]["tlogEntries"][0]["kindVersion"]["kind"] = json!(hostile);
    let bundle = scratch.write("hostile.json", made.bundle.to_string());
    let ran = scratch.run(&[
        "verify",
        "--json",
        &made.artifact,
        "--bundle",
        &bundle,
        "--trusted-root",
        &made.root,
        "--identity",
        &made.identity,
        "--issuer",
        &made.issuer,
    ]);
    assert_eq!(ran.code, Some(1));
    assert!(!ran.out.contains('\u{9b}') && !ran.out.contains('\u{202e}'), "{:?}", ran.out);
    assert!(ran.json()["reason"].as_str().unwrap().contains(hostile), "{}", ran.out);
}

#[test]
fn what_lies_beside_an_artifact_cannot_hide_its_bundle() {
    let scratch = Scratch::new();
    let made = made(&scratch, &Instance::usual(), "app", b"content", &SignOptions::rekor_v1());
    scratch.write("app.bundle", "nonsense");
    scratch.write("app.evil.sigstore.json", r#"{"mediaType": "x"}"#);
    fs::create_dir(scratch.path("app.dir.sigstore.json")).unwrap();
    let common = [
        "verify",
        &made.artifact,
        "--trusted-root",
        &made.root,
        "--identity",
        &made.identity,
        "--issuer",
        &made.issuer,
    ];
    assert_eq!(scratch.run(&common).code, Some(0));
    fs::remove_file(scratch.path("app.sigstore.json")).unwrap();
    assert_eq!(scratch.run(&common).code, Some(1));
}

#[test]
fn a_trusted_root_in_a_file_has_no_age_that_could_be_believed() {
    let scratch = Scratch::new();
    let made = made(&scratch, &Instance::usual(), "app", b"content", &SignOptions::rekor_v1());
    let common = [
        "verify",
        &made.artifact,
        "--trusted-root",
        &made.root,
        "--identity",
        &made.identity,
        "--issuer",
        &made.issuer,
    ];
    assert_eq!(scratch.run(&common).code, Some(0));
    let ran = scratch.run(&[&common[..], &["--max-trust-age", "1000w"]].concat());
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("its age is not known"), "{}", ran.out);
}

#[test]
fn a_witness_policy_that_names_logs_is_about_these() {
    let scratch = Scratch::new();
    for case in cases::oddities().into_iter().filter(|case| case.witness_policy.is_some()) {
        let policy = case.witness_policy.clone().unwrap();
        if !policy.lines().any(|line| line.starts_with("log ")) {
            continue;
        }
        // The same witnesses, and the log of somebody else.
        let other: Vec<String> = Instance::usual().witness_policy(0).lines().map(str::to_owned).collect();
        let other = other.into_iter().filter(|line| line.starts_with("log "));
        let own = policy.lines().filter(|line| !line.starts_with("log ")).map(str::to_owned);
        let foreign: Vec<String> = other.chain(own).collect();
        let artifact = scratch.write("artifact", &case.made.artifact);
        let bundle = scratch.write("bundle.json", case.made.bundle.to_string());
        let root = scratch.write("root.json", case.trusted_root.to_string());
        let policy = scratch.write("policy", foreign.join("\n") + "\n");
        let ran = scratch.run(&[
            "verify",
            &artifact,
            "--bundle",
            &bundle,
            "--trusted-root",
            &root,
            "--identity",
            &case.made.identity.clone().unwrap(),
            "--issuer",
            &case.made.issuer.clone().unwrap(),
            "--witness-policy",
            &policy,
        ]);
        assert_eq!(ran.code, Some(1), "{}: {}{}", case.name, ran.out, ran.err);
        assert!(ran.out.contains("log.witnesses"), "{}: {}", case.name, ran.out);
    }
}
