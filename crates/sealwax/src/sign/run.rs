//! Signing what was prepared, some at the same time, and saying what became of each.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::Arc;

use sealwax_client::{Credential, MAX_PARALLEL, Session, SignError, Signed, Subject, Unfinished};
use sealwax_crypto::{Digest, HashAlgorithm, PublicKey};
use sealwax_verify::Wanted;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::also::{self, Also};
use super::jobs::{Job, Jobs, Work};
use super::progress::Progress;
use super::report::{self, Done};
use super::state::StateFile;
use crate::artifact::{self, Content, Reference};
use crate::judge::Status;
use crate::terminal::notice;
use crate::{Failure, output_file};

/// What is the same for all artifacts.
#[derive(Clone)]
pub struct Run {
    pub session: Arc<Session>,
    pub state: Option<Arc<StateFile>>,
    pub overwrite: bool,
    /// Older forms beside each bundle.
    pub also: BTreeSet<Also>,
    pub json: bool,
    /// Why there is no certificate, once there is none.
    pub refused: Arc<Mutex<Option<Failure>>>,
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
    ///
    /// # Errors
    /// The result cannot be written.
    pub async fn all(&self, jobs: &Jobs, out: &mut impl Write) -> Result<Status, Failure> {
        let mut waiting = jobs.jobs.iter().enumerate();
        let (mut working, mut lines) = (JoinSet::new(), BTreeMap::new());
        let (mut worst, mut ended) = (Status::Verified, false);
        let mut progress = Progress::of(jobs.jobs.len());
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
            progress.hide();
            write(out, &text)?;
            progress.count(outcome.result.is_ok());
            if let (Ok(signed), None) = (outcome.result, &job.output) {
                lines.insert(outcome.number, signed.bundle.write());
            }
            if !ended {
                begin(&mut working);
            }
        }
        progress.hide();
        match waiting.len() {
            0 => {}
            untried => notice(&format!("{untried} more were not tried")),
        }
        self.finish(jobs, &lines, worst)
    }

    /// The one file of all, if there is one, is whole or not there.
    fn finish(&self, jobs: &Jobs, lines: &BTreeMap<usize, String>, worst: Status) -> Result<Status, Failure> {
        match (&jobs.lines, worst) {
            (Some(path), Status::Verified) => {
                let text: String = lines.values().map(|line| format!("{line}\n")).collect();
                output_file::write(path, text.as_bytes(), self.overwrite)?;
            }
            (Some(path), _) => {
                notice(&format!(
                    "{} is not written: it has the bundles of all, or is not there",
                    path.display()
                ));
            }
            (None, _) => {}
        }
        match &self.state {
            Some(state) if worst == Status::Verified => state.finish(),
            Some(state) if state.is_needed() => {
                notice(&format!("what is unfinished is kept in {}", state.name()));
            }
            _ => {}
        }
        Ok(worst)
    }

    async fn one(&self, number: usize, job: &Job) -> Outcome {
        let mut digest = None;
        let result = async {
            let subject = self.subject(job).await?;
            if let Subject::Artifact(found) | Subject::Streamed(found, _) = &subject {
                digest = Some(*found);
            }
            let begun = self.state.as_ref().and_then(|state| state.get(&job.name)).cloned();
            let was_begun = begun.is_some();
            let unfinished = match begun {
                Some(unfinished) => unfinished.of(&subject).ok_or_else(|| changed(job))?,
                None => {
                    let credential = self.credential().await?;
                    self.begin(job, credential, subject).await?
                }
            };
            // A step that cannot be recorded ends nothing that is under way: it would only be asked for again.
            let keep = |unfinished: &Unfinished| drop(self.keep(job, unfinished));
            let signed = self.session.complete(unfinished, &keep).await?;
            self.write(job, &signed, was_begun)?;
            Ok(signed)
        }
        .await;
        Outcome { number, digest, result }
    }

    /// A key that may sign. One that is refused is refused for all who have waited meanwhile: each of them would ask again, with all
    /// patience.
    async fn credential(&self) -> Result<Credential, Trouble> {
        let mut refused = self.refused.lock().await;
        if let Some(failure) = refused.clone() {
            return Err(Trouble { failure, ends_all: true });
        }
        let credential = self.session.credential().await.map_err(Trouble::from);
        *refused = credential.as_ref().err().map(|trouble| trouble.failure.clone());
        credential
    }

    /// Signs, in a thread that may wait, since the key may be in a token or a service; and records it before anything is sent.
    async fn begin(
        &self,
        job: &Job,
        credential: Credential,
        subject: Subject,
    ) -> Result<Unfinished, Trouble> {
        let session = Arc::clone(&self.session);
        let signed = tokio::task::spawn_blocking(move || session.sign(&credential, subject)).await;
        let unfinished = signed.map_err(|error| Failure::cannot(format!("a thread ended: {error}")))??;
        self.keep(job, &unfinished)?;
        Ok(unfinished)
    }

    fn keep(&self, job: &Job, unfinished: &Unfinished) -> Result<(), Failure> {
        let kept = self.state.as_ref().map_or(Ok(()), |state| state.keep(&job.name, unfinished));
        kept.map_err(|error| Failure::cannot(format!("cannot write what --resume needs: {error}")))
    }

    /// What is signed: a statement, or the digest that the key signs of an artifact.
    async fn subject(&self, job: &Job) -> Result<Subject, Failure> {
        match &job.work {
            Work::Statement(payload) => Ok(Subject::Statement(payload.clone())),
            Work::Artifact(artifact) => {
                let cannot = |reason: String| Failure::cannot(format!("cannot sign {}: {reason}", job.name));
                let algorithm = self.session.hash_algorithm();
                let algorithm = algorithm.ok_or_else(|| cannot("its key signs no digest".to_owned()))?;
                match self.session.key_of_representative() {
                    None => digest(&job.name, artifact, algorithm).await.map(Subject::Artifact),
                    Some(key) => streamed(&job.name, artifact, algorithm, key).await,
                }
            }
        }
    }

    /// Writes the bundle, whole or not at all. One that was written before a crash is the same.
    fn write(&self, job: &Job, signed: &Signed, was_begun: bool) -> Result<(), Failure> {
        let Some(path) = &job.output else { return Ok(()) };
        let mut files = vec![(path.clone(), format!("{}\n", signed.bundle.write()).into_bytes())];
        let also = also::files(&self.also, &signed.bundle, path);
        files.extend(
            also.map_err(|reason| Failure::cannot(format!("--also: {reason}; nothing was written")))?,
        );
        for (path, bytes) in files {
            if !(was_begun && std::fs::read(&path).is_ok_and(|there| there == bytes)) {
                output_file::write(&path, &bytes, self.overwrite)?;
            }
        }
        Ok(())
    }
}

/// A digest of an artifact, read in a thread that may wait.
///
/// # Errors
/// It cannot be read, or is another digest.
pub async fn digest(name: &str, artifact: &Reference, algorithm: HashAlgorithm) -> Result<Digest, Failure> {
    let cannot = |reason: String| Failure::cannot(format!("cannot read {name}: {reason}"));
    if let Reference::Digest(digest) = artifact {
        return match digest.algorithm() == algorithm {
            true => Ok(*digest),
            false => {
                Err(Failure::cannot(format!("{name} is no {algorithm} digest, and that is what is signed")))
            }
        };
    }
    let wanted = Wanted { digests: BTreeSet::from([algorithm]), ..Wanted::default() };
    let content = read(name, artifact, wanted).await?;
    content.digests.first().copied().ok_or_else(|| cannot("nothing was read".to_owned()))
}

/// A digest of an artifact, and what stands for it with a key that signs no digest.
async fn streamed(
    name: &str,
    artifact: &Reference,
    algorithm: HashAlgorithm,
    key: PublicKey,
) -> Result<Subject, Failure> {
    let wanted =
        Wanted { digests: BTreeSet::from([algorithm]), representatives: vec![key], ..Wanted::default() };
    let mut content = read(name, artifact, wanted).await?;
    match (content.digests.first(), content.representatives.pop()) {
        (Some(digest), Some(representative)) => Ok(Subject::Streamed(*digest, representative)),
        _ => Err(Failure::cannot(format!(
            "cannot sign {name}: its key signs the artifact, not a digest of it"
        ))),
    }
}

async fn read(name: &str, artifact: &Reference, wanted: Wanted) -> Result<Content, Failure> {
    let cannot = |reason: String| Failure::cannot(format!("cannot read {name}: {reason}"));
    let artifact = artifact.clone();
    let read = tokio::task::spawn_blocking(move || artifact::read(&artifact, &wanted)).await;
    read.map_err(|error| cannot(error.to_string()))?.map_err(|error| cannot(error.to_string()))
}

fn changed(job: &Job) -> Failure {
    let name = &job.name;
    Failure::cannot(match job.work {
        Work::Artifact(_) => format!(
            "{name} has changed since it was signed: remove it from the file of --resume to sign it anew"
        ),
        Work::Statement(_) => {
            format!(
                "{name}: the file of --resume holds another statement about it; this one needs a file of its own"
            )
        }
    })
}

/// Says something, at once.
///
/// # Errors
/// Nobody reads it.
pub fn write(out: &mut impl Write, text: &str) -> Result<(), Failure> {
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| Failure::cannot(format!("cannot write the result: {error}")))
}
