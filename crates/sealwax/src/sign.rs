//! `sealwax sign`: artifacts become bundles. The flow is `sealwax-client`'s; here are files, the terminal, and the order of things.

pub(crate) mod args;
mod jobs;
mod preview;
mod report;
mod state;
mod token;
mod trust;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::Arc;

use jiff::Timestamp;
use sealwax_client::{
    Credential, IdentityToken, MAX_PARALLEL, Patience, Prediction, Purpose, Services, Session, SignError,
    Signed, Subject, Unfinished, Who,
};
use sealwax_crypto::Digest;
use tokio::task::JoinSet;

use self::args::SignArgs;
use self::jobs::{Job, Jobs};
use self::preview::Preview;
use self::report::Done;
use self::state::StateFile;
use self::trust::{SigningTrust, log_versions};
use crate::artifact::{self, Reference};
use crate::judge::Status;
use crate::terminal::notice;
use crate::{Failure, output_file};

/// Runs the command.
///
/// # Errors
/// Nothing was begun: a sentence for people.
pub(crate) fn run(args: &SignArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let now = Timestamp::now();
    // All that can be wrong on this side, before anybody is asked.
    let jobs = Jobs::of(args)?;
    let state = args.resume.as_deref().map(StateFile::open).transpose()?;
    let begun = |job: &Job| state.as_ref().and_then(|state| state.get(&job.name)).is_some();
    let fresh = jobs.jobs.iter().filter(|job| !begun(job)).filter_map(|job| job.output.as_ref());
    output_file::check_free(fresh.chain(&jobs.lines), args.overwrite)?;
    let trust = SigningTrust::of(&args.trust)?;
    let is_begun = jobs.jobs.iter().all(begun);
    let purpose = Purpose { certificate: !is_begun, logs: log_versions(args.trust.rekor) };
    let services =
        Services::choose(&trust.config, purpose, now).map_err(|error| Failure::cannot(error.to_string()))?;
    let total = crate::verify::duration(&args.patience).map_err(Failure::usage)?.unsigned_abs();
    let patience = Patience { total, ..Patience::default() };
    let runtime = match jobs.jobs.len() {
        1 => tokio::runtime::Builder::new_current_thread().enable_all().build(),
        _ => tokio::runtime::Builder::new_multi_thread().enable_all().build(),
    };
    let runtime = runtime.map_err(|error| Failure::cannot(format!("cannot start: {error}")))?;

    let token = match is_begun {
        true => None,
        false => runtime.block_on(token::find(&args.who, &services.issuers, patience))?,
    };
    if token.is_none() && !is_begun {
        return Err(nobody(&trust.name));
    }
    expected(args, token.as_ref())?;
    let may_ask = !args.yes && args.who.token.is_none();
    Preview { token: token.as_ref(), services: &services, jobs: &jobs.jobs, profile: &trust.name }
        .show(may_ask)?;

    let who = token.map_or(Who::Nobody, |token| Who::Identity(Box::new(token)));
    let session = Session::new(trust.verifier, services, who)
        .map_err(|error| Failure::cannot(error.to_string()))?
        .with_patience(patience)
        .expecting(args.who.expect_identity.clone());
    let run = Run {
        session: Arc::new(session),
        state: state.map(Arc::new),
        overwrite: args.overwrite,
        json: args.json,
    };
    let status = runtime.block_on(run.all(&jobs, out))?;
    // Requests that nobody waits for any more are not waited for either.
    runtime.shutdown_background();
    Ok(status)
}

/// What is the same for all artifacts.
#[derive(Clone)]
struct Run {
    session: Arc<Session>,
    state: Option<Arc<StateFile>>,
    overwrite: bool,
    json: bool,
}

/// What became of an artifact.
struct Outcome {
    number: usize,
    digest: Option<Digest>,
    result: Result<Signed, Trouble>,
}

/// Why an artifact has no bundle.
struct Trouble {
    failure: Failure,
    /// Whether it would be the same with all others: a service is down, the certificate is refused.
    ends_all: bool,
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self { failure, ends_all: false }
    }
}

impl From<SignError> for Trouble {
    fn from(error: SignError) -> Self {
        Self { failure: report::failure(&error), ends_all: true }
    }
}

impl Run {
    /// Signs all of them, some at the same time, and says what became of each as it is done.
    async fn all(&self, jobs: &Jobs, out: &mut impl Write) -> Result<Status, Failure> {
        let mut waiting = jobs.jobs.iter().enumerate();
        let (mut working, mut lines) = (JoinSet::new(), BTreeMap::new());
        let (mut worst, mut ended) = (Status::Verified, false);
        let mut begin = |working: &mut JoinSet<Outcome>| {
            if let Some((number, job)) = waiting.next() {
                let (run, job) = (self.clone(), job.clone());
                working.spawn(async move { run.one(number, &job).await });
            }
        };
        (0..2 * MAX_PARALLEL).for_each(|_| begin(&mut working));
        while let Some(joined) = working.join_next().await {
            let outcome = joined.map_err(|error| Failure::cannot(format!("a thread ended: {error}")))?;
            let Some(job) = jobs.jobs.get(outcome.number) else { continue };
            let text = match (&outcome.result, job.output.as_ref().or(jobs.lines.as_ref())) {
                (Ok(signed), Some(bundle)) => {
                    report::done(&Done { name: &job.name, digest: outcome.digest, signed, bundle }, self.json)
                }
                (Err(Trouble { failure, ends_all }), _) => {
                    worst = worst.max(failure.status);
                    ended |= ends_all;
                    report::failed(&job.name, failure, self.json)
                }
                (Ok(_), None) => String::new(),
            };
            write(out, &text)?;
            if let (Ok(signed), None) = (outcome.result, &job.output) {
                lines.insert(outcome.number, signed.bundle.write());
            }
            if !ended {
                begin(&mut working);
            }
        }
        match waiting.len() {
            0 => {}
            untried => notice(&format!("{untried} more were not tried")),
        }
        self.finish(jobs, &lines, worst)
    }

    /// The one file of all, if there is one, is whole or not there.
    fn finish(&self, jobs: &Jobs, lines: &BTreeMap<usize, String>, worst: Status) -> Result<Status, Failure> {
        if let (Some(path), Status::Verified) = (&jobs.lines, worst) {
            let text: String = lines.values().map(|line| format!("{line}\n")).collect();
            output_file::write(path, text.as_bytes(), self.overwrite)?;
        }
        match &self.state {
            Some(state) if worst == Status::Verified => state.remove(),
            Some(state) => notice(&format!("what is unfinished is kept in {}", state.name())),
            None => {}
        }
        Ok(worst)
    }

    async fn one(&self, number: usize, job: &Job) -> Outcome {
        let (mut digest, begun) = (None, self.state.as_ref().and_then(|state| state.get(&job.name)).cloned());
        let result = async {
            let found = self.digest(job).await?;
            digest = Some(found);
            let unfinished = match begun.clone() {
                Some(unfinished) if unfinished.artifact_digest() == Some(found) => unfinished,
                Some(_) => return Err(changed(&job.name).into()),
                None => {
                    let credential = self.session.credential().await?;
                    self.begin(job, &credential, found)?
                }
            };
            // A step that cannot be recorded ends nothing that is under way: it would only be asked for again.
            let keep = |unfinished: &Unfinished| drop(self.keep(job, unfinished));
            let signed = self.session.complete(unfinished, &keep).await?;
            self.write(job, &signed, begun.is_some())?;
            Ok(signed)
        }
        .await;
        Outcome { number, digest, result }
    }

    /// Signs, and records it before anything is sent.
    fn begin(&self, job: &Job, credential: &Credential, digest: Digest) -> Result<Unfinished, Trouble> {
        let unfinished = self.session.sign(credential, Subject::Artifact(digest))?;
        self.keep(job, &unfinished)?;
        Ok(unfinished)
    }

    fn keep(&self, job: &Job, unfinished: &Unfinished) -> Result<(), Failure> {
        let kept = self.state.as_ref().map_or(Ok(()), |state| state.keep(&job.name, unfinished));
        kept.map_err(|error| Failure::cannot(format!("cannot write what --resume needs: {error}")))
    }

    /// The digest that the key signs, read in a thread that may wait.
    async fn digest(&self, job: &Job) -> Result<Digest, Failure> {
        let cannot = |reason: String| Failure::cannot(format!("cannot read {}: {reason}", job.name));
        let algorithm = self.session.hash_algorithm();
        let algorithm = algorithm.ok_or_else(|| cannot("its key signs no digest".to_owned()))?;
        if let Reference::Digest(digest) = &job.artifact {
            return match digest.algorithm() == algorithm {
                true => Ok(*digest),
                false => Err(cannot(format!("the key signs {algorithm}"))),
            };
        }
        let artifact = job.artifact.clone();
        let read = move || artifact::read(&artifact, &BTreeSet::from([algorithm]), false);
        let content = tokio::task::spawn_blocking(read).await.map_err(|error| cannot(error.to_string()))?;
        let content = content.map_err(|error| cannot(error.to_string()))?;
        content.digests.first().copied().ok_or_else(|| cannot("nothing was read".to_owned()))
    }

    /// Writes the bundle, whole or not at all. One that was written before a crash is the same.
    fn write(&self, job: &Job, signed: &Signed, was_begun: bool) -> Result<(), Failure> {
        let Some(path) = &job.output else { return Ok(()) };
        let text = format!("{}\n", signed.bundle.write());
        if was_begun && std::fs::read(path).is_ok_and(|there| there == text.as_bytes()) {
            return Ok(());
        }
        output_file::write(path, text.as_bytes(), self.overwrite)
    }
}

/// Whether the token is for whom the caller expects, where that can be told from it.
fn expected(args: &SignArgs, token: Option<&IdentityToken>) -> Result<(), Failure> {
    match (&args.who.expect_identity, token.map(IdentityToken::prediction)) {
        (Some(expected), Some(Prediction::Known(found))) if *expected != found => {
            let message = format!("the certificate would name {found:?}, not {expected:?}: nothing was sent");
            Err(Failure { status: Status::NotVerified, message })
        }
        _ => Ok(()),
    }
}

fn changed(name: &str) -> Failure {
    Failure::cannot(format!(
        "{name} has changed since it was signed: remove it from the file of --resume to sign it anew"
    ))
}

/// What is needed, in three lines.
fn nobody(profile: &str) -> Failure {
    notice(
        "there is no identity token, so nobody to sign. In CI, put one for the audience \"sigstore\" into SIGSTORE_ID_TOKEN;",
    );
    notice("elsewhere get one: sealwax token --browser --issuer URL > token.jwt");
    Failure::cannot(format!(
        "then: sealwax sign FILE --token @token.jwt (by the services of {profile}; --trust names others)"
    ))
}

fn write(out: &mut impl Write, text: &str) -> Result<(), Failure> {
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| Failure::cannot(format!("cannot write the result: {error}")))
}
