//! Verifies the bundles of a manifest with the crate `sigstore-verify`.
//!
//! ```text
//! peer-rust check MANIFEST TRUST_DIR          one JSON line per entry: accepted or why not
//! peer-rust bench MANIFEST TRUST_DIR SECONDS  one JSON line per class: nanoseconds per verification
//! ```
//!
//! The manifest is the list that `crates/verify/tests/data/real/manifest.json` is an example of. Paths are
//! relative to it. `TRUST_DIR` holds the trust profiles by name (`crates/sealwax/trust`).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha512};
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::{Artifact, ArtifactDigest, Bundle, DerPublicKey, HashAlgorithm};
use sigstore_verify::{Policy, PublicKeyVerificationPolicy, VerificationPolicy, Verifier};

const VERSION: &str = "0.15.1"; // pinned in Cargo.toml

type Failure = Box<dyn std::error::Error>;

#[derive(Deserialize)]
struct Entry {
    name: String,
    class: String,
    format: Option<String>,
    bundle: Value,
    artifact: Option<String>,
    identity: Option<String>,
    issuer: Option<String>,
    key: Option<String>,
    trusted_root: Option<String>,
    trust: Option<String>,
}

/// One entry with everything read and parsed but the bundle.
struct Job<'a> {
    bundle: String,
    artifact: ArtifactDigest,
    policy: Box<dyn Policy>,
    verifier: &'a Verifier,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["check", manifest, trust] => check(&Inputs::read(manifest, trust)?),
        ["bench", manifest, trust, seconds] => {
            let at_least = Duration::from_secs_f64(seconds.parse()?);
            bench(&Inputs::read(manifest, trust)?, at_least)
        }
        _ => Err("usage: peer-rust check MANIFEST TRUST_DIR | bench MANIFEST TRUST_DIR SECONDS".into()),
    }
}

fn check(inputs: &Inputs) -> Result<(), Failure> {
    for entry in &inputs.entries {
        let outcome = inputs.job(entry).and_then(|job| job.verify());
        let reason = outcome.err().map_or_else(String::new, |failure| failure.to_string());
        println!("{}", json!({ "name": entry.name, "accepted": reason.is_empty(), "reason": reason }));
    }
    Ok(())
}

fn bench(inputs: &Inputs, at_least: Duration) -> Result<(), Failure> {
    let mut classes: BTreeMap<&str, Vec<Job<'_>>> = BTreeMap::new();
    for entry in &inputs.entries {
        let job = inputs.job(entry).map_err(|why| format!("{}: {why}", entry.name))?;
        job.verify().map_err(|why| format!("{}: {why}", entry.name))?;
        classes.entry(&entry.class).or_default().push(job);
    }
    for (class, jobs) in &classes {
        measure(class, jobs, at_least)?;
    }
    Ok(())
}

/// Goes round all jobs of a class until the time is up, at least three times, and takes the median of the rounds.
fn measure(class: &str, jobs: &[Job<'_>], at_least: Duration) -> Result<(), Failure> {
    let (mut whole, mut parse) = (Vec::new(), Vec::new());
    let start = Instant::now();
    while start.elapsed() < at_least || whole.len() < 3 {
        let round = Instant::now();
        let mut parsing = Duration::ZERO;
        for job in jobs {
            parsing += job.verify()?;
        }
        whole.push(round.elapsed().as_nanos() / jobs.len() as u128);
        parse.push(parsing.as_nanos() / jobs.len() as u128);
    }
    whole.sort_unstable();
    parse.sort_unstable();
    println!(
        "{}",
        json!({
            "peer": "sigstore-verify", "version": VERSION, "class": class,
            "bundles": jobs.len(), "rounds": whole.len(),
            "ns_per_verification": whole[whole.len() / 2] as u64,
            "ns_of_that_parsing": parse[parse.len() / 2] as u64,
        })
    );
    Ok(())
}

impl Job<'_> {
    /// Parses the bundle and verifies it, and says how long the parsing took.
    fn verify(&self) -> Result<Duration, Failure> {
        let start = Instant::now();
        let bundle = Bundle::from_json(&self.bundle)?;
        let parsing = start.elapsed();
        let artifact = Artifact::from_digest(self.artifact.clone());
        self.verifier.verify(artifact, &bundle, self.policy.as_ref())?;
        Ok(parsing)
    }
}

/// A manifest with every verifier that it needs.
struct Inputs {
    entries: Vec<Entry>,
    directory: PathBuf,
    trust: PathBuf,
    verifiers: BTreeMap<PathBuf, (TrustedRoot, Verifier)>,
}

impl Inputs {
    fn read(manifest: &str, trust: &str) -> Result<Self, Failure> {
        let entries: Vec<Entry> = serde_json::from_slice(&fs::read(manifest)?)?;
        let directory = Path::new(manifest).parent().unwrap_or(Path::new("")).to_owned();
        let mut inputs = Self { entries, directory, trust: trust.into(), verifiers: BTreeMap::new() };
        for path in inputs.entries.iter().map(|entry| inputs.root_path(entry)).collect::<Vec<_>>() {
            if !inputs.verifiers.contains_key(&path) {
                let root = TrustedRoot::from_json(&fs::read_to_string(&path)?)?;
                // A root that the crate refuses fails the entries that use it, not the run.
                if let Ok(verifier) = Verifier::new(&root) {
                    inputs.verifiers.insert(path, (root, verifier));
                }
            }
        }
        Ok(inputs)
    }

    fn root_path(&self, entry: &Entry) -> PathBuf {
        match (&entry.trusted_root, &entry.trust) {
            (Some(path), _) => self.directory.join(path),
            (None, profile) => {
                let profile = profile.as_deref().unwrap_or("public-good");
                self.trust.join(profile).join("trusted_root.json")
            }
        }
    }

    fn job(&self, entry: &Entry) -> Result<Job<'_>, Failure> {
        if let Some(format) = entry.format.as_deref().filter(|format| *format != "bundle") {
            return Err(format!("format {format} is not sigstore-verify's").into());
        }
        let (root, verifier) =
            self.verifiers.get(&self.root_path(entry)).ok_or("the trusted root is refused")?;
        let bundle = match &entry.bundle {
            Value::String(path) => fs::read_to_string(self.directory.join(path))?,
            object => object.to_string(),
        };
        let artifact = self.digest(entry.artifact.as_deref().ok_or("no artifact")?)?;
        Ok(Job { bundle, artifact, policy: self.policy(entry, root)?, verifier })
    }

    /// Asks for what the trusted root can give, never for what the bundle happens to carry.
    fn policy(&self, entry: &Entry, root: &TrustedRoot) -> Result<Box<dyn Policy>, Failure> {
        if let Some(key) = &entry.key {
            let key = DerPublicKey::from_pem(&fs::read_to_string(self.directory.join(key))?)?;
            let policy = PublicKeyVerificationPolicy::new(key);
            return Ok(Box::new(if root.tlogs.is_empty() { policy.skip_tlog_unsafe() } else { policy }));
        }
        let identity = entry.identity.as_deref().ok_or("neither key nor identity")?;
        let mut policy = VerificationPolicy::any_identity().require_identity(identity);
        if let Some(issuer) = entry.issuer.as_deref().filter(|issuer| *issuer != "none") {
            policy = policy.require_issuer(issuer);
        }
        if root.tlogs.is_empty() {
            policy = policy.skip_tlog_unsafe();
        }
        if root.ctlogs.is_empty() {
            policy = policy.skip_sct();
        }
        Ok(Box::new(policy))
    }

    /// `sha256:…` or `sha512:…`, or the file: hashed with SHA-512 if it is an npm tarball, since npm's statements
    /// name no other digest.
    fn digest(&self, artifact: &str) -> Result<ArtifactDigest, Failure> {
        let (algorithm, value) = match artifact.split_once(':') {
            Some((name, digits)) => (name, hex::decode(digits)?),
            None => {
                let content = fs::read(self.directory.join(artifact))?;
                if artifact.ends_with(".tgz") {
                    ("sha512", Sha512::digest(&content).to_vec())
                } else {
                    ("sha256", Sha256::digest(&content).to_vec())
                }
            }
        };
        let algorithm = match algorithm {
            "sha256" => HashAlgorithm::Sha2256,
            "sha384" => HashAlgorithm::Sha2384,
            "sha512" => HashAlgorithm::Sha2512,
            other => return Err(format!("digest algorithm {other}").into()),
        };
        Ok(ArtifactDigest::new(algorithm, value)?)
    }
}
