//! The one function behind every verdict of the program: `verify`, `verify --list` and the conformance client call it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use sealwax_formats::readers::{self, DetachedParts, Found};
use sealwax_formats::{Bundle, NpmKeys, TrustedRoot};
use sealwax_verify::{
    Artifact, IdentityRule, NotVerified, Policy, PublicKey, Report, SignedContent, Signer, Trust, Verified,
    Verifier, Wanted, Who, WitnessPolicy, wanted,
};

use crate::artifact::{self, Reference};
use crate::neighbours;
use crate::profile::{self, Origin, Profile};

/// The largest key, certificate or policy file.
const MAX_SMALL_FILE: u64 = 1024 * 1024;

/// Prepared trust that is kept for the next line of a list.
const MAX_KEPT_TRUST: usize = 64;

/// Everything that a verdict depends on.
#[derive(Clone, Debug)]
pub struct Job {
    /// The artifact, as on the command line.
    pub artifact: Reference,
    /// Where its bundle is.
    pub bundle: BundleSource,
    /// Who must have signed.
    pub who: WhoSource,
    /// The predicate type that an attestation must have.
    pub predicate_type: Option<String>,
    /// On what trust.
    pub trust: TrustSource,
    /// Whether every bundle must satisfy the policy.
    pub all: bool,
    /// Witnesses that must have cosigned.
    pub witnesses: Option<WitnessPolicy>,
    /// The greatest age of the trust material.
    pub max_trust_age: Option<SignedDuration>,
}

/// Where the bundle is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BundleSource {
    /// Beside the artifact.
    Neighbours,
    /// A file.
    File(PathBuf),
    /// In the list itself.
    Inline(Vec<u8>),
    /// In several files.
    Detached {
        /// The signature.
        signature: PathBuf,
        /// The certificate.
        certificate: Option<PathBuf>,
        /// The log entry.
        log_entry: Option<PathBuf>,
    },
}

/// Who must have signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhoSource {
    /// Nobody was named.
    Unnamed,
    /// One of these.
    Identities(Vec<IdentityRule>),
    /// The key in this file.
    Key(PathBuf),
}

/// On what trust.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrustSource {
    /// A profile.
    Profile(String),
    /// A trusted root.
    File(PathBuf),
}

/// How it came out, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Verified.
    Verified,
    /// It could not be decided.
    CannotTell,
    /// Not verified.
    NotVerified,
    /// The request makes no sense.
    Usage,
}

impl Status {
    /// The exit code of the process.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Verified => 0,
            Self::NotVerified => 1,
            Self::Usage => 2,
            Self::CannotTell => 3,
        }
    }
}

/// The trust that a verdict stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustNote {
    /// The profile's name, or the file's.
    pub name: String,
    /// Where it was read.
    pub origin: Origin,
    /// The version of the TUF root that vouches for it.
    pub root_version: Option<u64>,
    /// When it was last known to be current.
    pub as_of: Option<Timestamp>,
}

/// What became of one bundle.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The file, and the place in it.
    pub source: String,
    /// What became of it.
    pub outcome: CandidateOutcome,
}

/// What became of one bundle.
#[derive(Clone, Debug)]
pub enum CandidateOutcome {
    /// It satisfies the policy.
    Verified(Box<Summary>),
    /// It does not.
    Refused(Box<NotVerified>),
    /// It cannot be read.
    Unreadable(String),
}

/// A [`Verified`] without the statement, which may be large.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The predicate type; `None` for a signature over the artifact itself.
    pub predicate_type: Option<String>,
    /// The subject's name.
    pub subject: Option<String>,
    /// Who signed.
    pub signer: Signer,
    /// When, by which sources.
    pub times: Vec<sealwax_verify::EstablishedTime>,
    /// Where it is logged.
    pub entries: Vec<sealwax_verify::LoggedEntry>,
    /// Every check.
    pub report: Report,
}

/// The verdict on one artifact.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The artifact, as on the command line.
    pub artifact: String,
    /// How it came out.
    pub status: Status,
    /// Why it did not come out well.
    pub reason: Option<String>,
    /// The bundles that were looked at.
    pub candidates: Vec<Candidate>,
    /// On what trust.
    pub trust: Option<TrustNote>,
}

/// Why no verdict was reached.
struct Stop {
    status: Status,
    reason: String,
}

impl Stop {
    fn cannot_tell(reason: impl Into<String>) -> Self {
        Self { status: Status::CannotTell, reason: reason.into() }
    }
}

/// Prepared trust, shared by all jobs of a process.
#[derive(Debug)]
pub struct TrustStore {
    now: Timestamp,
    loaded: Mutex<BTreeMap<TrustSource, Arc<Loaded>>>,
}

#[derive(Debug)]
struct Loaded {
    verifier: Verifier,
    note: TrustNote,
}

impl TrustStore {
    /// An empty store; `now` is the same for all verdicts.
    pub fn new(now: Timestamp) -> Self {
        Self { now, loaded: Mutex::default() }
    }

    /// The instant that counts as now.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    fn load(&self, source: &TrustSource) -> Result<Arc<Loaded>, Stop> {
        let known = self.loaded.lock().unwrap_or_else(PoisonError::into_inner).get(source).cloned();
        if let Some(loaded) = known {
            return Ok(loaded);
        }
        let loaded = Arc::new(load(source)?);
        let mut kept = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEPT_TRUST {
            kept.clear();
        }
        kept.insert(source.clone(), Arc::clone(&loaded));
        Ok(loaded)
    }
}

fn load(source: &TrustSource) -> Result<Loaded, Stop> {
    let profile = match source {
        TrustSource::Profile(name) if name == profile::KEY_ONLY => {
            let note =
                TrustNote { name: name.clone(), origin: Origin::KeyOnly, root_version: None, as_of: None };
            return Ok(Loaded { verifier: Verifier::new(Trust::key_only()), note });
        }
        TrustSource::Profile(name) => profile::load(name),
        TrustSource::File(path) => profile::from_file(path),
    };
    prepare(profile.map_err(|error| Stop::cannot_tell(error.to_string()))?)
}

fn prepare(profile: Profile) -> Result<Loaded, Stop> {
    let Some(root) = &profile.trusted_root else {
        let reason = format!(
            "the trust profile {} has no trusted root yet; `sealwax trust update {0}` gets it",
            profile.name
        );
        return Err(Stop::cannot_tell(reason));
    };
    let unreadable = |what: &str, error: &dyn std::fmt::Display| {
        Stop::cannot_tell(format!("the {what} of {} cannot be read: {error}", profile.name))
    };
    let root = TrustedRoot::parse(root).map_err(|error| unreadable("trusted root", &error))?;
    let mut trust = Trust::new(&root);
    if let Some(keys) = &profile.keys {
        trust = trust.with_keys(NpmKeys::parse(keys).map_err(|error| unreadable("keys", &error))?);
    }
    if let Some(as_of) = profile.as_of {
        trust = trust.with_as_of(as_of);
    }
    let note = TrustNote {
        name: profile.name,
        origin: profile.origin,
        root_version: profile.root_version,
        as_of: profile.as_of,
    };
    Ok(Loaded { verifier: Verifier::new(trust), note })
}

/// Gives the verdict on one artifact.
pub fn judge(job: &Job, name: &str, store: &TrustStore) -> Judgement {
    let mut judgement = Judgement {
        artifact: name.to_owned(),
        status: Status::CannotTell,
        reason: None,
        candidates: Vec::new(),
        trust: None,
    };
    if let Err(stop) = decide(job, store, &mut judgement) {
        judgement.status = stop.status;
        judgement.reason = Some(stop.reason);
    }
    judgement
}

fn decide(job: &Job, store: &TrustStore, judgement: &mut Judgement) -> Result<(), Stop> {
    let loaded = store.load(&job.trust)?;
    judgement.trust = Some(loaded.note.clone());
    let policy = policy(job)?;
    let found = find(job)?;

    let mut all_wanted = Wanted::default();
    for (_, found) in &found {
        if let Ok(bundle) = &found.bundle {
            let wanted = wanted(bundle, &policy, loaded.verifier.trust());
            all_wanted.digests.extend(wanted.digests);
            all_wanted.bytes |= wanted.bytes;
        }
    }
    let content = if found.iter().any(|(_, found)| found.bundle.is_ok()) {
        artifact::read(&job.artifact, &all_wanted.digests, all_wanted.bytes)
            .map_err(|error| Stop::cannot_tell(format!("cannot read {}: {error}", judgement.artifact)))?
    } else {
        artifact::Content::default()
    };
    let artifact = Artifact { digests: &content.digests, bytes: content.bytes.as_deref() };

    for (file, found) in found {
        let source = if found.place.is_empty() { file } else { format!("{file} ({})", found.place) };
        let outcome = match found.bundle {
            Err(error) => CandidateOutcome::Unreadable(error.to_string()),
            Ok(bundle) => match loaded.verifier.verify(&bundle, artifact, &policy, store.now) {
                Ok(verified) => CandidateOutcome::Verified(Box::new(Summary::from(&verified))),
                Err(refused) => CandidateOutcome::Refused(refused),
            },
        };
        let done = matches!(outcome, CandidateOutcome::Verified(_)) && !job.all;
        judgement.candidates.push(Candidate { source, outcome });
        if done {
            break;
        }
    }
    conclude(job, judgement);
    Ok(())
}

/// Rule 14: one bundle suffices, unless all are demanded.
fn conclude(job: &Job, judgement: &mut Judgement) {
    let verified = |candidate: &Candidate| matches!(candidate.outcome, CandidateOutcome::Verified(_));
    let open = |candidate: &Candidate| match &candidate.outcome {
        CandidateOutcome::Refused(refused) => refused.cannot_tell(),
        CandidateOutcome::Verified(_) | CandidateOutcome::Unreadable(_) => false,
    };
    let candidates = &judgement.candidates;
    let refused = || candidates.iter().filter(|candidate| !verified(candidate));
    let good = if job.all { refused().next().is_none() } else { candidates.iter().any(verified) };
    judgement.status = if good && !candidates.is_empty() {
        Status::Verified
    } else if refused().all(open) || (!job.all && candidates.iter().any(open)) {
        Status::CannotTell
    } else {
        Status::NotVerified
    };
    if judgement.status != Status::Verified {
        judgement.reason = refused().next().map(reason_of);
    }
}

/// One line that says why a bundle was not accepted.
pub fn reason_of(candidate: &Candidate) -> String {
    match &candidate.outcome {
        CandidateOutcome::Verified(_) => "verified".to_owned(),
        CandidateOutcome::Unreadable(error) => format!("the bundle cannot be read: {error}"),
        CandidateOutcome::Refused(refused) => {
            let report = refused.report();
            match report.failed().next().or(report.undecided().next()) {
                Some(check) => format!("{}: expected {}, found {}", check.id, check.expected, check.found),
                None => "a check was not made".to_owned(),
            }
        }
    }
}

impl From<&Verified<'_>> for Summary {
    fn from(verified: &Verified<'_>) -> Self {
        let (predicate_type, subject) = match verified.content() {
            SignedContent::Attestation { predicate_type, subject, .. } => {
                (Some(predicate_type.clone()), subject.clone())
            }
            _ => (None, None),
        };
        Self {
            predicate_type,
            subject,
            signer: verified.signer().clone(),
            times: verified.times().to_vec(),
            entries: verified.entries().to_vec(),
            report: verified.report().clone(),
        }
    }
}

fn policy(job: &Job) -> Result<Policy, Stop> {
    let who = match &job.who {
        WhoSource::Unnamed => Who::Unnamed,
        WhoSource::Identities(rules) => Who::Identities(rules.clone()),
        WhoSource::Key(path) => Who::Key(read_key(path)?),
    };
    Ok(Policy {
        who,
        predicate_type: job.predicate_type.clone(),
        witnesses: job.witnesses.clone(),
        max_trust_age: job.max_trust_age,
    })
}

fn read_key(path: &Path) -> Result<PublicKey, Stop> {
    let bytes = read_small(path)?;
    let key = match std::str::from_utf8(&bytes) {
        Ok(text) if text.contains("-----BEGIN") => PublicKey::from_pem(text),
        Ok(text) if text.trim_start().starts_with('{') => PublicKey::from_jwk(text),
        _ => PublicKey::from_spki_der(&bytes),
    };
    key.map_err(|error| {
        Stop::cannot_tell(format!("{} is not a public key (PEM, JWK or DER): {error}", path.display()))
    })
}

/// The bundles, with the name of the file that each is from.
fn find(job: &Job) -> Result<Vec<(String, Found)>, Stop> {
    match &job.bundle {
        BundleSource::File(path) => read_bundles(path),
        BundleSource::Inline(bytes) => Ok(sort_out("the list".to_owned(), readers::read(bytes))),
        BundleSource::Detached { signature, certificate, log_entry } => {
            let signature_bytes = read_small(signature)?;
            let certificate = certificate.as_deref().map(read_small).transpose()?;
            let log_entry = log_entry.as_deref().map(read_small).transpose()?;
            let bundle = readers::detached(&DetachedParts {
                signature: &signature_bytes,
                certificate: certificate.as_deref(),
                rekor_entry: log_entry.as_deref(),
                ..DetachedParts::default()
            });
            Ok(vec![(signature.display().to_string(), Found { place: String::new(), bundle })])
        }
        BundleSource::Neighbours => {
            let Some(path) = job.artifact.path() else {
                return Err(Stop::cannot_tell(
                    "a digest or a stream has no bundle beside it: give --bundle FILE",
                ));
            };
            let mut found = Vec::new();
            for neighbour in neighbours::bundles_of(path) {
                found.append(&mut read_bundles(&neighbour)?);
            }
            if !found.is_empty() {
                return Ok(found);
            }
            if !path.exists() {
                return Err(Stop::cannot_tell(format!("there is no file {}", path.display())));
            }
            Err(Stop::cannot_tell(format!(
                "no bundle beside {}: looked for {} and others; give --bundle FILE",
                path.display(),
                neighbours::names_for(path)
            )))
        }
    }
}

fn sort_out(file: String, reading: Result<readers::Reading, readers::ReadError>) -> Vec<(String, Found)> {
    match reading {
        Ok(reading) => reading.bundles.into_iter().map(|found| (file.clone(), found)).collect(),
        Err(error) => vec![(file, Found { place: String::new(), bundle: Err(error) })],
    }
}

/// Reads all bundles of a file in any of the usual forms.
///
/// The raw text is dropped before anything is verified: of a large attestation only the decoded payload is held.
fn read_bundles(path: &Path) -> Result<Vec<(String, Found)>, Stop> {
    let bytes = read_file(path, readers::MAX_BYTES as u64)?;
    Ok(sort_out(path.display().to_string(), readers::read(&bytes)))
}

/// The bundle in a file that has only one.
///
/// # Errors
/// A sentence for people.
pub fn read_one_bundle(path: &Path) -> Result<Bundle, String> {
    let bytes = read_file(path, readers::MAX_BYTES as u64).map_err(|stop| stop.reason)?;
    let unreadable = |error: readers::ReadError| format!("{} cannot be read: {error}", path.display());
    let mut bundles = readers::read(&bytes).map_err(unreadable)?.bundles;
    match (bundles.pop(), bundles.len()) {
        (Some(found), 0) => found.bundle.map_err(unreadable),
        (_, others) => Err(format!("{} has {} bundles, not one", path.display(), others + 1)),
    }
}

fn read_small(path: &Path) -> Result<Vec<u8>, Stop> {
    read_file(path, MAX_SMALL_FILE)
}

fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, Stop> {
    read_limited(path, limit)
        .map_err(|error| Stop::cannot_tell(format!("cannot read {}: {error}", path.display())))
}

/// Reads a whole file, and refuses one that is larger than it may be before reading it.
///
/// # Errors
/// What the system says, or [`io::ErrorKind::FileTooLarge`].
pub fn read_limited(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let too_large = || io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {limit} bytes"));
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    if length > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(bytes) }
}
