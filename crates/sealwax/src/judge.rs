//! The one function behind every verdict of the program: `verify`, `verify --list` and the conformance client call it.

use std::path::PathBuf;

use jiff::SignedDuration;
use sealwax_formats::Statement;
use sealwax_verify::{
    Artifact, IdentityRule, NotVerified, Policy, Report, SignedContent, Signer, Verified, Wanted, Who,
    WitnessPolicy, wanted,
};

use crate::artifact::{self, Reference};
use crate::sources::{BundleSource, Sourced, find, read_key};
use crate::trust_store::{TrustNote, TrustSource, TrustStore};

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
    /// Whether what attestations say is kept. Then every bundle is looked at: one must not hide another that contradicts it.
    pub keep_predicate: bool,
    /// On what trust.
    pub trust: TrustSource,
    /// Whether every bundle must satisfy the policy.
    pub all: bool,
    /// Witnesses that must have cosigned.
    pub witnesses: Option<WitnessPolicy>,
    /// The greatest age of the trust material.
    pub max_trust_age: Option<SignedDuration>,
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

/// A [`Verified`] without the statement, which may be large, unless what it says was asked for.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The predicate type; `None` for a signature over the artifact itself.
    pub predicate_type: Option<String>,
    /// The subject's name.
    pub subject: Option<String>,
    /// What the statement says, as it stands there, if that was asked for.
    pub predicate: Option<String>,
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
#[derive(Debug)]
pub struct Stop {
    /// Nearly always that it cannot be told.
    pub status: Status,
    /// A sentence for people.
    pub reason: String,
}

impl Stop {
    /// Something is missing.
    pub fn cannot_tell(reason: impl Into<String>) -> Self {
        Self { status: Status::CannotTell, reason: reason.into() }
    }
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
    for found in &found {
        if let Ok(bundle) = &found.bundle {
            all_wanted.extend(wanted(bundle, &policy, loaded.verifier.trust()));
        }
    }
    let content = if found.iter().any(|found| found.bundle.is_ok()) {
        artifact::read(&job.artifact, &all_wanted)
            .map_err(|error| Stop::cannot_tell(format!("cannot read {}: {error}", judgement.artifact)))?
    } else {
        artifact::Content::default()
    };
    let artifact = Artifact {
        digests: &content.digests,
        bytes: content.bytes.as_deref(),
        representatives: &content.representatives,
    };

    for Sourced { source, bundle } in found {
        let outcome = match bundle {
            Err(error) => CandidateOutcome::Unreadable(error),
            Ok(bundle) => match loaded.verifier.verify(&bundle, artifact, &policy, store.now()) {
                Ok(verified) => {
                    CandidateOutcome::Verified(Box::new(Summary::of(&verified, job.keep_predicate)))
                }
                Err(refused) => CandidateOutcome::Refused(refused),
            },
        };
        let done = matches!(outcome, CandidateOutcome::Verified(_)) && !job.all && !job.keep_predicate;
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

impl Summary {
    fn of(verified: &Verified<'_>, keep_predicate: bool) -> Self {
        let (predicate_type, subject, predicate) = match verified.content() {
            SignedContent::Attestation { predicate_type, subject, statement } => {
                let predicate = || Statement::parse(statement).ok()?.predicate.map(str::to_owned);
                (Some(predicate_type.clone()), subject.clone(), keep_predicate.then(predicate).flatten())
            }
            _ => (None, None, None),
        };
        Self {
            predicate_type,
            subject,
            predicate,
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
