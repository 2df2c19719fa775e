//! The public bundle cases, in process.

#![allow(clippy::disallowed_methods, reason = "tests read files; the crate does not")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

use std::fs;
use std::path::{Path, PathBuf};

use sealwax_verify::{
    Artifact, Bundle, HashAlgorithm, IdentityRule, Policy, PublicKey, Timestamp, Trust, TrustedRoot,
    Verifier, Who, digest,
};

const IDENTITY: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

fn shared() -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    if shared.is_dir() {
        return Some(shared);
    }
    assert!(std::env::var_os("CI").is_none(), "the shared cases are missing");
    eprintln!("skipped: there are no shared cases at {}", shared.display());
    None
}

#[test]
fn every_public_case_has_its_verdict() {
    let Some(shared) = shared() else { return };
    let suite = shared.join("conformance/bundle-verify");
    let public_good = fs::read(shared.join("trust/public-good/targets/trusted_root.json")).unwrap();
    let mut cases = 0;
    let mut wrong = Vec::new();
    for entry in fs::read_dir(&suite).unwrap() {
        let case = entry.unwrap().path();
        if !case.is_dir() {
            continue;
        }
        cases += 1;
        let read = |name: &str| fs::read(case.join(name)).ok();
        let text = |name: &str, default: &str| {
            read(name).map_or(default.to_owned(), |bytes| String::from_utf8(bytes).unwrap().trim().to_owned())
        };
        let root =
            TrustedRoot::parse(&read("trusted_root.json").unwrap_or_else(|| public_good.clone())).unwrap();
        let who = match read("key.pub") {
            // One of the cases has a key that is none: nothing can be verified by it.
            Some(key) => match PublicKey::from_pem(std::str::from_utf8(&key).unwrap()) {
                Ok(key) => Who::Key(key),
                Err(_) => Who::Unnamed,
            },
            None => {
                Who::Identities(vec![IdentityRule::exact(text("identity", IDENTITY), text("issuer", ISSUER))])
            }
        };
        let artifact = read("artifact").unwrap_or_else(|| fs::read(suite.join("a.txt")).unwrap());
        let digests = [digest(HashAlgorithm::Sha256, &artifact)];
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let verifier = Verifier::new(Trust::new(&root));
        let policy = Policy { who, ..Policy::default() };
        let found = match Bundle::parse(&read("bundle.sigstore.json").unwrap()) {
            Err(error) => Err(format!("parse: {error}")),
            Ok(bundle) => {
                let artifact = Artifact { digests: &digests, ..Artifact::default() };
                match verifier.verify(&bundle, artifact, &policy, Timestamp::UNIX_EPOCH) {
                    Ok(_) => Ok(()),
                    Err(refused) => Err(refused
                        .report()
                        .checks()
                        .iter()
                        .filter(|check| check.outcome != sealwax_verify::Outcome::Passed)
                        .map(|check| {
                            format!(
                                "{} {}: {} / {}",
                                check.id,
                                check.outcome.name(),
                                check.expected,
                                check.found
                            )
                        })
                        .collect::<Vec<_>>()
                        .join("\n    ")),
                }
            }
        };
        if found.is_ok() == name.ends_with("_fail") {
            wrong.push(format!("{name}: {found:?}"));
        }
        if std::env::var_os("SHOW").is_some() {
            println!("{name}: {found:?}");
        }
    }
    assert!(cases >= 70, "only {cases} cases");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
