//! Published bundles, one of each of the commonest classes.

use std::fs;
use std::path::{Path, PathBuf};

use sealwax_verify::{HashAlgorithm, IdentityRule, IssuerRule, Match, Policy, PublicKey, Who, digest};
use serde_json::Value;

use crate::change::Density;
use crate::subject::{Subject, TrustDocuments};

/// What they are, names in the manifest, and for each another of its class to take parts from.
const BUNDLES: &[(&str, &str, &str)] = &[
    ("0.1 dsse, intoto 0.0.2, proof and SET", "sigstore-js-2.1.0", "slsa-delegator-1.10.0"),
    ("0.1 dsse, intoto 0.0.2, SET, chain of three", "sigstore-js-1.3.0", "slsa-container-based-1.7.0"),
    (
        "0.1 dsse, intoto 0.0.2, SET, given key",
        "npm-publish-sigstore-1.3.0",
        "provenance-npm-test-1.0.5-publish-bundle",
    ),
    ("0.2 message, hashedrekord 0.0.1, proof and SET", "a.txt", "rfc8785-0.1.2-whl"),
    ("0.3 dsse, dsse 0.0.1, proof and SET", "bcr-module", "custom-issuer"),
    ("0.3 message, hashedrekord 0.0.1, proof, SET and timestamp", "cosign-v3-blob", "cosign-3.0.2-release"),
    ("0.3 message, hashedrekord 0.0.2, proof and timestamp", "sigstore-python-v2-message", "staging-2026"),
    ("0.3 dsse, hashedrekord 0.0.2, proof and timestamp", "conda-v2", "sigstore-python-v2-dsse"),
    ("0.3 dsse, no entry, timestamp", "github-private-v0.3", "github-release-v0.2"),
    ("0.3 message, no entry, timestamp, given key", "public-key-validity", "public-key-validity"),
];

fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/real").join(path)
}

fn document(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON")
}

pub(crate) fn subjects() -> Vec<Subject> {
    let manifest = document(&data("manifest.json"));
    let entry = |name: &str| {
        let entries = manifest.as_array().expect("entries");
        entries.iter().find(|entry| entry["name"] == name).unwrap_or_else(|| panic!("no entry {name}"))
    };
    BUNDLES.iter().map(|(class, name, other)| subject(class, entry(name), entry(other))).collect()
}

fn subject(class: &str, entry: &Value, other: &Value) -> Subject {
    let text = |member: &str| entry[member].as_str();
    let built_in =
        |path: &str| document(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../sealwax/trust").join(path));
    let root = match text("trusted_root") {
        Some(path) => document(&data(path)),
        None => built_in(&format!("{}/trusted_root.json", text("trust").expect("a profile"))),
    };
    let trust = TrustDocuments { root, keys: serde_json::json!({"keys": []}) };
    let who = match text("key") {
        Some(path) => {
            let pem = fs::read_to_string(data(path)).expect("a key");
            Who::Key(PublicKey::from_pem(&pem).expect("a key"))
        }
        None => Who::Identities(vec![IdentityRule {
            subject: text("identity").map(|text| Match::Exact(text.to_owned())),
            issuer: text("issuer").map(|text| IssuerRule::Is(Match::Exact(text.to_owned()))),
            ..IdentityRule::default()
        }]),
    };
    let artifact = text("artifact").expect("an artifact");
    let digests = if artifact.contains(':') {
        vec![artifact.parse().expect("a digest")]
    } else {
        let bytes = fs::read(data(artifact)).expect("an artifact");
        [HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512]
            .map(|algorithm| digest(algorithm, &bytes))
            .to_vec()
    };
    let bundle = |entry: &Value| document(&data(entry["bundle"].as_str().expect("a bundle")));
    Subject {
        name: format!("real {class}"),
        document: bundle(entry),
        verifier: trust.verifier().expect("trust"),
        trust,
        policy: Policy { who, ..Policy::default() },
        digests,
        others: vec![("of another signer", bundle(other))],
        density: Density::Sample(10),
    }
}
