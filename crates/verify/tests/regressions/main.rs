//! What has gone wrong in this field before, one test for each: verifiers that said yes to a forgery, or no to something good.
//!
//! The numbers are those of the list of regressions that this project keeps from its first day; each names the public
//! reports behind it. Those that concern signing, serving and fetching stand with those crates.

#![allow(clippy::disallowed_methods, reason = "tests read files, and use threads; the crate does not")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

mod checkpoints;
mod entries;
mod logs;
mod timestamps;
mod trust_material;
mod versions;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use jiff::SignedDuration;
use sealwax_crypto::KeyKind;
use sealwax_testkit::certificate_log::CertificateLog;
use sealwax_testkit::checkpoint::{Signs, Witness};
use sealwax_testkit::leaf::LeafOptions;
use sealwax_testkit::timestamp::{ContentEncoding, MessageDigest};
use sealwax_testkit::{
    AuthorityOptions, EntryKind, Evidence, Instance, LogChoice, Made, SIGNED_AT, SignOptions, SignatureLog,
    Signer, TimestampAuthorityOptions, Verifier as Logged, Window, base64,
};
use sealwax_verify::{
    Artifact, Bundle, HashAlgorithm, IdentityRule, Outcome, Policy, PublicKey, Timestamp, Trust, TrustedRoot,
    Verifier, Who, digest, readers,
};
use serde_json::{Value, json};

const ARTIFACT: &[u8] = b"an artifact\n";

/// `Ok`, or what fails: `read`, or the ids of the checks.
type Verdict = Result<(), Vec<String>>;

fn trust(root: &Value) -> Trust {
    Trust::new(&TrustedRoot::parse(&serde_json::to_vec(root).unwrap()).unwrap())
}

fn judge(verifier: &Verifier, bundle: &[u8], artifact: &[u8], policy: &Policy) -> Verdict {
    let Ok(reading) = readers::read(bundle) else { return Err(vec!["read".to_owned()]) };
    let Ok(bundle) = &reading.bundles[0].bundle else { return Err(vec!["read".to_owned()]) };
    judge_bundle(verifier, bundle, artifact, policy)
}

fn judge_bundle(verifier: &Verifier, bundle: &Bundle, artifact: &[u8], policy: &Policy) -> Verdict {
    let digests = [HashAlgorithm::Sha256, HashAlgorithm::Sha512].map(|hash| digest(hash, artifact));
    match verifier.verify(
        bundle,
        Artifact { digests: &digests, bytes: Some(artifact), ..Artifact::default() },
        policy,
        Timestamp::UNIX_EPOCH,
    ) {
        Ok(_) => Ok(()),
        Err(refused) => {
            assert!(!refused.cannot_tell(), "undecided: {:?}", refused.report());
            Err(refused
                .report()
                .checks()
                .iter()
                .filter(|check| check.outcome == Outcome::Failed)
                .map(|check| check.id.to_string())
                .collect())
        }
    }
}

/// Demands the signer that made the bundle.
fn policy(made: &Made) -> Policy {
    let who = match (&made.identity, &made.issuer) {
        (Some(identity), Some(issuer)) => Who::Identities(vec![IdentityRule::exact(identity, issuer)]),
        _ => Who::Key(PublicKey::from_pem(&made.signer.public_key_pem()).unwrap()),
    };
    Policy { who, ..Policy::default() }
}

fn verdict(instance: &Instance, made: &Made) -> Verdict {
    let verifier = Verifier::new(trust(&instance.trusted_root()));
    judge(&verifier, &made.bundle_json(), &made.artifact, &policy(made))
}

#[track_caller]
fn accepts(instance: &Instance, what: &str, options: &SignOptions) {
    assert_eq!(verdict(instance, &instance.sign_message(ARTIFACT, options)), Ok(()), "{what}");
}

#[track_caller]
fn refuses(instance: &Instance, what: &str, options: &SignOptions, failing: &[&str]) {
    let verdict = verdict(instance, &instance.sign_message(ARTIFACT, options));
    assert_eq!(verdict, Err(failing.iter().map(|id| (*id).to_owned()).collect()), "{what}");
}

#[track_caller]
fn refuses_attestation(instance: &Instance, what: &str, options: &SignOptions, failing: &[&str]) {
    let verdict = verdict(instance, &instance.sign_dsse(ARTIFACT, options));
    assert_eq!(verdict, Err(failing.iter().map(|id| (*id).to_owned()).collect()), "{what}");
}

fn real(path: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/real").join(path)).unwrap()
}

fn real_json(path: &str) -> Value {
    serde_json::from_slice(&real(path)).unwrap()
}

/// A real bundle of the public instance: `a.txt`, version 0.2, proof and SET.
fn real_verdict(bundle: &Value) -> Verdict {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sealwax/trust/public-good/trusted_root.json");
    let verifier = Verifier::new(Trust::new(&TrustedRoot::parse(&fs::read(root).unwrap()).unwrap()));
    let who = Who::Identities(vec![IdentityRule::exact("a@tny.town", "https://github.com/login/oauth")]);
    let policy = Policy { who, ..Policy::default() };
    let artifact = real("message-hashedrekord001/a.txt");
    judge(&verifier, &serde_json::to_vec(bundle).unwrap(), &artifact, &policy)
}

fn failing(ids: &[&str]) -> Verdict {
    Err(ids.iter().map(|id| (*id).to_owned()).collect())
}
