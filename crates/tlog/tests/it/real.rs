//! Checkpoints of the public logs and their witnesses, out of the public test suite's bundles.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealwax_crypto::PublicKey;
use sealwax_tlog::cosignature::{self, PosixSeconds};
use sealwax_tlog::policy::Policy;
use sealwax_tlog::{
    CheckpointError, CosignerKey, Hash, LeafIndex, LogKey, LogSignatureError, NoteError, ProofError,
    SignedCheckpoint, TreeSize, VerifierKey, leaf_hash, verify_inclusion,
};
use serde_json::Value;

/// What was wrong first on the way from a checkpoint's text to a proof of inclusion.
#[derive(Debug, PartialEq)]
enum Fault {
    Checkpoint(CheckpointError),
    Log(LogSignatureError),
    Inclusion(ProofError),
}

/// Cases whose fault is in the checkpoint or in the proof. All others must pass here.
fn is_expected(case: &str, verdict: &Result<(), Fault>) -> bool {
    use Fault::{Checkpoint, Inclusion, Log};
    match case {
        "checkpoint-bad-keyhint_fail" => matches!(verdict, Err(Log(LogSignatureError::Missing { .. }))),
        "invalid-checkpoint-signature_fail" => {
            matches!(verdict, Err(Log(LogSignatureError::BadSignature { .. })))
        }
        // The checkpoint is genuine, of another size.
        "checkpoint-wrong-roothash_fail" => matches!(verdict, Err(Inclusion(_))),
        // The proof or, in the last two, the entry is not the one that was logged.
        "inclusion-proof-corrupted-hash_fail"
        | "invalid-inclusion-proof_fail"
        | "bundle-invalid-base64-signature_fail"
        | "incorrect-public-key_fail" => {
            matches!(
                verdict,
                Err(Inclusion(ProofError::RootMismatch { .. } | ProofError::WrongLength { .. }))
            )
        }
        "rekor2-checkpoint-missing-log-signature_fail" => {
            matches!(verdict, Err(Checkpoint(CheckpointError::Note(NoteError::NoSignatures))))
        }
        "rekor2-checkpoint-missing-origin_fail"
        | "rekor2-checkpoint-missing-size_fail"
        | "rekor2-checkpoint-missing-root-hash_fail" => {
            matches!(verdict, Err(Checkpoint(CheckpointError::TooFewLines { found: 2 })))
        }
        "rekor2-checkpoint-no-matching-signature_fail" => {
            matches!(verdict, Err(Log(LogSignatureError::OtherOrigin { .. })))
        }
        _ => *verdict == Ok(()),
    }
}

#[test]
fn every_checkpoint_of_the_public_suite() {
    let Some(shared) = shared() else { return };
    let public_good = shared.join("trust/public-good/targets/trusted_root.json");
    let mut checked = 0;
    for case in sorted(&shared.join("conformance/bundle-verify")) {
        let name = case.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(bundle) = json(&case.join("bundle.sigstore.json")) else { continue };
        let root = json(&case.join("trusted_root.json")).or_else(|| json(&public_good)).unwrap();
        for entry in list(&bundle["verificationMaterial"]["tlogEntries"]) {
            let Some(envelope) = entry["inclusionProof"]["checkpoint"]["envelope"].as_str() else { continue };
            // Of another instance: its log is unknown here.
            let Some(log) = log_of(entry, &root, envelope) else {
                assert!(name.ends_with("_fail"), "{name}: log unknown");
                continue;
            };
            let verdict = judge(entry, envelope, &log);
            assert!(is_expected(&name, &verdict), "{name}: {verdict:?}");
            checked += 1;
        }
    }
    assert_eq!(checked, 61, "checkpoints in the suite");
}

fn judge(entry: &Value, envelope: &str, log: &LogKey) -> Result<(), Fault> {
    let signed = SignedCheckpoint::parse(envelope).map_err(Fault::Checkpoint)?;
    assert_eq!(signed.to_string(), envelope);
    let checkpoint = log.verify(&signed).map_err(Fault::Log)?;
    let proof = &entry["inclusionProof"];
    let leaf = leaf_hash(&bytes(&entry["canonicalizedBody"]));
    let hashes: Vec<Hash> =
        list(&proof["hashes"]).iter().map(|hash| bytes(hash).try_into().unwrap()).collect();
    let index = LeafIndex(proof["logIndex"].as_str().map_or(0, |index| index.parse().unwrap()));
    verify_inclusion(&leaf, index, checkpoint.size(), &hashes, checkpoint.root()).map_err(Fault::Inclusion)
}

/// The log of the trusted root that the entry names, as the verifier will build it.
fn log_of(entry: &Value, root: &Value, envelope: &str) -> Option<LogKey> {
    let id = &entry["logId"]["keyId"];
    let log = list(&root["tlogs"]).iter().find(|log| log["logId"]["keyId"] == *id)?;
    let key = PublicKey::from_spki_der(&bytes(&log["publicKey"]["rawBytes"])).unwrap();
    let is_v1 = envelope.split('\n').next().unwrap().contains(" - ");
    let log = if is_v1 { LogKey::rekor_v1(key) } else { LogKey::named(host(log), key) }.unwrap();
    assert_eq!(log.id().as_slice(), bytes(id), "the id in the root is the one we compute");
    Some(log)
}

#[test]
fn every_log_of_the_public_roots_has_the_id_that_we_compute() {
    let Some(shared) = shared() else { return };
    for (root, v1, v2) in [("public-good", 1, 1), ("staging", 1, 4)] {
        let root = json(&shared.join(format!("trust/{root}/targets/trusted_root.json"))).unwrap();
        let mut found = (0, 0);
        for log in list(&root["tlogs"]) {
            let key = PublicKey::from_spki_der(&bytes(&log["publicKey"]["rawBytes"])).unwrap();
            let id = bytes(&log["logId"]["keyId"]);
            if LogKey::rekor_v1(key.clone()).unwrap().id().as_slice() == id {
                found.0 += 1;
            } else if LogKey::named(host(log), key).unwrap().id().as_slice() == id {
                found.1 += 1;
            } else {
                panic!("{log}");
            }
        }
        assert_eq!(found, (v1, v2));
    }
}

/// The keys that three operators of the witness network publish, and their cosignatures on one real checkpoint.
#[test]
fn real_witnesses_have_cosigned_a_real_checkpoint() {
    const WITNESSES: [&str; 3] = [
        "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
        "staging.witness.transparency.goog/ring-any-bells+2e1a8dc9+BG5JTpLc3FJtwzgh1Uv+Qelz9qeOH2bfWjS1s0s+y4rL",
        "witness.navigli.sunlight.geomys.org+a3e00fe2+BNy/co4C1Hn1p+INwJrfUlgz7W55dSZReusH/GhUhJ/G",
    ];
    const LOG: &str =
        "log2025-alpha3.rekor.sigstage.dev+d3d3a70c+AZQ93VXPMmj9uZj7U/7CefQ9yy8RgYFv6mKzOseipjqp";

    let Some(shared) = shared() else { return };
    let case = shared.join("conformance/bundle-verify/rekor2-dsse-happy-path/bundle.sigstore.json");
    let bundle = json(&case).unwrap();
    let envelope =
        &bundle["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["checkpoint"]["envelope"];
    let signed = SignedCheckpoint::parse(envelope.as_str().unwrap()).unwrap();
    for witness in WITNESSES {
        let cosigner = CosignerKey::new(VerifierKey::parse(witness).unwrap()).unwrap();
        assert_eq!(cosignature::verify(&signed, &cosigner), Ok(PosixSeconds(1_778_700_214)));
    }

    let [a, b, c] = WITNESSES;
    let policy =
        format!("log {LOG}\nwitness a {a}\nwitness b {b}\nwitness c {c}\ngroup g 2 a b c\nquorum g\n");
    let satisfied = Policy::parse(policy.as_bytes()).unwrap().evaluate(&signed).unwrap();
    assert_eq!((satisfied.checkpoint.size(), satisfied.cosigned.len()), (TreeSize(4_026_479), 3));
}

/// `../shared` beside the repository. Without it these tests are skipped, but never in CI.
#[expect(clippy::disallowed_methods, reason = "which machine the tests run on is not the crate's business")]
fn shared() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    if path.is_dir() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is missing", path.display());
    println!("skipped: {} is missing", path.display());
    None
}

#[expect(clippy::disallowed_methods, reason = "tests read vectors")]
fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// `None` if there is no such file, or no JSON in it.
#[expect(clippy::disallowed_methods, reason = "tests read vectors")]
fn json(path: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn bytes(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap_or_default()).unwrap()
}

fn host(log: &Value) -> &str {
    let url = log["baseUrl"].as_str().unwrap();
    url.split("://").nth(1).unwrap().trim_end_matches('/')
}
