//! How long a verification takes, beside the bare cryptography that it needs.
//!
//! ```text
//! cargo bench -p sealwax-verify                          both classes beside the bare cryptography, in one run
//! cargo bench -p sealwax-verify -- write DIR             128 bundles with manifest and trusted root, for everybody's programs
//! cargo bench -p sealwax-verify -- run MANIFEST SECONDS  what the programs in `peers/` do with such a manifest
//! ```
//!
//! **What is measured.** The bundle's bytes are parsed and verified, on one thread, one bundle after the other, over 64 distinct
//! bundles in turn; the artifact's digest, the policy and the trusted root are ready beforehand. **The bare cryptography**
//! is the same number of the same operations by AWS-LC, called directly on bytes that lie ready: every signature that such a
//! bundle must have verified, with its hashing, and the hashes of the inclusion proof; keys of the trusted root are
//! prepared once, the signer's own key is not. The signature on the intermediate is in neither, since it is remembered.
//!
//! Rounds of both alternate; the ratio is the median over pairs of neighbouring rounds, so that a busy machine slows both.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a bench has a clock and files")]
#![allow(clippy::print_stdout, reason = "a bench has a reader")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench may panic")]
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "numbers for people")]

mod bare;
mod bundles;

use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use sealwax_verify::{
    Artifact, Bundle, Digest, IdentityRule, Policy, Timestamp, Trust, TrustedRoot, Verifier, Who,
};
use serde_json::{Value, json};

use bare::Bare;
use bundles::Class;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| *word != "--bench").collect();
    match words.as_slice() {
        // Cargo adds `--bench` when it wants to know; as one of all targets of `cargo test` this only has to work.
        [] if words.len() == arguments.len() => beside_bare(Duration::ZERO),
        [] => beside_bare(Duration::from_secs(6)),
        ["beside-bare", seconds] => beside_bare(Duration::from_secs_f64(seconds.parse().unwrap())),
        ["write", directory] => bundles::write(Path::new(directory)),
        ["run", manifest, seconds] => {
            run(Path::new(manifest), Duration::from_secs_f64(seconds.parse().unwrap()));
        }
        other => panic!("see the head of this file; what is {other:?}?"),
    }
}

/// A bundle with everything else ready.
struct Job<'v> {
    bundle: Vec<u8>,
    digests: Vec<Digest>,
    policy: Policy,
    verifier: &'v Verifier,
}

impl Job<'_> {
    /// Parses and verifies, and says how long the parsing took.
    fn verify(&self) -> Duration {
        let start = Instant::now();
        let bundle = Bundle::parse(&self.bundle).unwrap();
        let parsing = start.elapsed();
        let artifact = Artifact { digests: &self.digests, ..Artifact::default() };
        let verified = self.verifier.verify(&bundle, artifact, &self.policy, Timestamp::UNIX_EPOCH);
        let _ = black_box(verified.map_err(|refused| format!("{:?}", refused.report())).unwrap());
        parsing
    }
}

/// One round over all jobs: nanoseconds for each, and of these for parsing.
fn round(jobs: &[Job<'_>]) -> (u64, u64) {
    let start = Instant::now();
    let parsing: Duration = jobs.iter().map(Job::verify).sum();
    (per_job(start.elapsed(), jobs.len()), per_job(parsing, jobs.len()))
}

fn per_job(all: Duration, jobs: usize) -> u64 {
    (all.as_nanos() / jobs as u128) as u64
}

fn median<T: PartialOrd + Copy>(values: &mut [T]) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap());
    values[values.len() / 2]
}

fn policy(identity: &str, issuer: &str) -> Policy {
    Policy { who: Who::Identities(vec![IdentityRule::exact(identity, issuer)]), ..Policy::default() }
}

fn verifier(root: &[u8]) -> Verifier {
    Verifier::new(Trust::new(&TrustedRoot::parse(root).unwrap()))
}

/// Ours and the bare cryptography in turn, for each class.
fn beside_bare(at_least: Duration) {
    let instance = bundles::instance();
    let verifier = verifier(&instance.trusted_root_json());
    for class in Class::ALL {
        let made = bundles::made(&instance, class);
        let bare = Bare::of(class, &made);
        let jobs: Vec<_> = made
            .iter()
            .map(|made| Job {
                bundle: made.bundle_json(),
                digests: vec![sealwax_verify::digest(sealwax_verify::HashAlgorithm::Sha256, &made.artifact)],
                policy: policy(made.identity.as_deref().unwrap(), made.issuer.as_deref().unwrap()),
                verifier: &verifier,
            })
            .collect();
        let (mut ours, mut parsing, mut theirs, mut ratios) = (vec![], vec![], vec![], vec![]);
        let start = Instant::now();
        while start.elapsed() < at_least || ours.len() < 5 {
            let (all, parsed) = round(&jobs);
            let begun = Instant::now();
            bare.round();
            let alone = per_job(begun.elapsed(), jobs.len());
            ours.push(all);
            parsing.push(parsed);
            theirs.push(alone);
            ratios.push(all as f64 / alone as f64);
        }
        let report = json!({
            "class": class.name(), "bundles": jobs.len(), "rounds": ours.len(),
            "bytes_per_bundle": jobs.iter().map(|job| job.bundle.len()).sum::<usize>() / jobs.len(),
            "ns_per_verification": median(&mut ours), "ns_at_best": ours[0],
            "ns_of_that_parsing": median(&mut parsing),
            "ns_of_bare_cryptography": median(&mut theirs), "ns_of_bare_at_best": theirs[0],
            "ratio": (median(&mut ratios) * 1000.0).round() / 1000.0,
            "ratio_at_best": (ours[0] as f64 / theirs[0] as f64 * 1000.0).round() / 1000.0,
            "bare": bare.describe(),
        });
        println!("{report}");
    }
}

/// The manifest that everybody's programs get, and their form of output.
fn run(manifest: &Path, at_least: Duration) {
    let entries: Vec<Value> = serde_json::from_slice(&fs::read(manifest).unwrap()).unwrap();
    let directory = manifest.parent().unwrap();
    let text = |entry: &Value, member: &str| entry[member].as_str().unwrap().to_owned();
    let file = |entry: &Value, member: &str| fs::read(directory.join(text(entry, member))).unwrap();
    let roots: BTreeMap<String, Verifier> = entries
        .iter()
        .map(|entry| (text(entry, "trusted_root"), entry))
        .collect::<BTreeMap<_, _>>()
        .into_iter()
        .map(|(path, entry)| (path, verifier(&file(entry, "trusted_root"))))
        .collect();
    let mut classes: BTreeMap<String, Vec<Job<'_>>> = BTreeMap::new();
    for entry in &entries {
        classes.entry(text(entry, "class")).or_default().push(Job {
            bundle: file(entry, "bundle"),
            digests: vec![text(entry, "artifact").parse().unwrap()],
            policy: policy(&text(entry, "identity"), &text(entry, "issuer")),
            verifier: &roots[&text(entry, "trusted_root")],
        });
    }
    for (class, jobs) in classes {
        let (mut all, mut parsing) = (vec![], vec![]);
        let start = Instant::now();
        while start.elapsed() < at_least || all.len() < 3 {
            let (whole, parsed) = round(&jobs);
            all.push(whole);
            parsing.push(parsed);
        }
        let report = json!({
            "peer": "sealwax", "version": env!("CARGO_PKG_VERSION"), "class": class,
            "bundles": jobs.len(), "rounds": all.len(),
            "ns_per_verification": median(&mut all), "ns_of_that_parsing": median(&mut parsing),
        });
        println!("{report}");
    }
}
