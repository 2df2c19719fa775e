//! Witness policies.

use sealwax_testkit::Instance;
use sealwax_testkit::cases::{self, Case};

use crate::common::{Ran, Scratch};
use crate::{IDENTITY, ISSUER, package};

/// Good cases with a witness policy.
fn policed() -> Vec<Case> {
    cases::oddities().into_iter().filter(|case| case.witness_policy.is_some()).collect()
}

fn verify(scratch: &Scratch, case: &Case, policy: &str) -> Ran {
    let artifact = scratch.write("artifact", &case.made.artifact);
    let bundle = scratch.write("bundle.json", case.made.bundle.to_string());
    let root = scratch.write("root.json", case.trusted_root.to_string());
    let policy = scratch.write("policy", policy);
    let (identity, issuer) =
        (case.made.identity.clone().unwrap_or_default(), case.made.issuer.clone().unwrap_or_default());
    let trust = ["--trusted-root", &root, "--witness-policy", &policy];
    let who = ["--identity", &identity, "--issuer", &issuer];
    scratch.run(&[&["verify", &artifact, "--bundle", &bundle][..], &trust, &who].concat())
}

#[test]
fn witnesses_are_demanded_and_never_taken_for_granted() {
    let scratch = Scratch::new();
    let cases = policed();
    assert!(!cases.is_empty());
    for case in cases {
        let ran = verify(&scratch, &case, &case.witness_policy.clone().unwrap()).exits(0);
        assert!(ran.out.contains("witnessed by"), "{}: {}", case.name, ran.out);
    }
    let nothing = scratch.write("none", "quorum none\n");
    let flags = ["--identity", IDENTITY, "--issuer", ISSUER, "--witness-policy", &nothing];
    scratch.run(&[&["verify", &package()][..], &flags].concat()).exits(2);
}

#[test]
fn a_witness_policy_that_names_logs_is_about_these() {
    let scratch = Scratch::new();
    let is_log = |line: &&str| line.starts_with("log ");
    // The log of somebody else, and the same witnesses.
    let foreign = Instance::usual().witness_policy(0);
    let mut tried = 0;
    for case in policed() {
        let policy = case.witness_policy.clone().unwrap();
        if !policy.lines().any(|line| is_log(&line)) {
            continue;
        }
        let lines = foreign.lines().filter(is_log).chain(policy.lines().filter(|line| !is_log(line)));
        let policy: String = lines.map(|line| format!("{line}\n")).collect();
        verify(&scratch, &case, &policy).exits(1).says("log.witnesses");
        tried += 1;
    }
    assert!(tried > 0, "no policy names a log");
}
