//! Witnesses: cosignatures on the log's checkpoints.
//!
//! **Job.** [`Witnesses`] asks the witnesses of a policy with `add-checkpoint`. As [`Cosigners`] it gathers the quorum
//! without which nothing is published; [`Witnesses::follow`] asks those that the quorum does not need, at their leisure, and
//! adds their lines to the checkpoint that is served (LOG rule 13).
//!
//! **Specification.** C2SP `tlog-witness`, `tlog-cosignature`, `tlog-policy`.
//!
//! **What is trusted.** A line counts once it verifies with the witness's key from the policy. What a witness says besides
//! (the size it has seen) is believed only in so far as it can stop the log, which a witness can do anyhow by silence.

use crate::engine::{CosignError, Cosigners, Log, Proofs, Published};
use sealwax_net::http::{BaseUrl, Client, HttpError, Method, Timeouts, Transport, Url};
use sealwax_tlog::{
    CosignerKey, Hash, Note, SignedCheckpoint, cosignature,
    note::Signature,
    policy::{Policy, PolicyError},
};
use std::{fmt::Write as _, future::Future, pin::Pin, sync::Arc, time::Duration};
use tokio::{sync::Mutex, task::JoinSet};

/// The longest answer of a witness that is read, in bytes: a few lines.
pub const MAX_ANSWER_BYTES: u64 = 64 << 10;

/// How often a witness is asked about one checkpoint: with what we remember, with what it says, and once more since it may
/// have been asked by another replica meanwhile.
const ATTEMPTS: usize = 3;

/// At most one submission in this time to a witness that nobody waits for (LOG rule 13).
const PACE: Duration = Duration::from_secs(1);

/// The witnesses of a log.
#[derive(Clone, Debug)]
pub struct Witnesses {
    policy: Arc<Policy>,
    all: Vec<Arc<Witness>>,
    timeout: Duration,
}

/// One witness.
#[derive(Debug)]
struct Witness {
    name: String,
    key: CosignerKey,
    add_checkpoint: Url,
    client: Client,
    /// Held while it is asked: one request at a time.
    known: Mutex<Known>,
}

/// What is known of a witness.
#[derive(Debug, Default)]
struct Known {
    /// The size it has cosigned last, as far as we know.
    last: u64,
    /// The largest size that it was asked to cosign; the answer may have been lost.
    asked: u64,
}

/// Why witnesses cannot be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// A witness without URL, or with one that cannot be used.
    #[error("the policy's witness {witness} cannot be asked: {reason}")]
    Url {
        /// Its name in the policy.
        witness: String,
        /// Why.
        reason: String,
    },
    /// HTTP cannot be set up.
    #[error(transparent)]
    Http(#[from] HttpError),
}

impl Witnesses {
    /// The witnesses of a policy. `timeout` is for one checkpoint and all of them.
    ///
    /// # Errors
    /// [`WitnessError`].
    pub fn new(policy: Policy, timeout: Duration) -> Result<Self, WitnessError> {
        let client =
            Client::without_redirects(&Timeouts { connect: timeout, read: timeout, total: timeout })?;
        let all = policy.witnesses().iter().map(|witness| {
            let name = witness.name.escape_ascii().to_string();
            let bad = |reason: String| WitnessError::Url { witness: name.clone(), reason };
            let url = witness.url.as_deref().ok_or_else(|| bad("the policy gives no URL".to_owned()))?;
            let url = std::str::from_utf8(url).map_err(|error| bad(error.to_string()))?;
            let base = BaseUrl::parse(url, Transport::SelfProving).map_err(|error| bad(error.to_string()))?;
            let add_checkpoint = base.join("add-checkpoint").map_err(|error| bad(error.to_string()))?;
            let (key, client) = (witness.key.clone(), client.clone());
            Ok(Arc::new(Witness { name, key, add_checkpoint, client, known: Mutex::default() }))
        });
        let all = all.collect::<Result<Vec<_>, WitnessError>>()?;
        Ok(Self { policy: Arc::new(policy), all, timeout })
    }

    /// Whether the policy has a quorum, without which nothing is published.
    #[must_use]
    pub fn required(&self) -> bool {
        self.policy.demands_cosignatures()
    }

    /// Has each new checkpoint of the log cosigned by everybody who has not done so yet, and adds the lines to the one that
    /// is served. Runs until it is dropped. Whoever has seen another history, or more than this log has, is told to
    /// `conflict`: a log with one writer must stop.
    pub async fn follow(self, log: Log, conflict: impl Fn(CosignError) + Clone + Send + 'static) {
        let mut tasks = JoinSet::new();
        for witness in &self.all {
            tasks.spawn(follow(witness.clone(), log.clone(), conflict.clone()));
        }
        while tasks.join_next().await.is_some() {}
    }

    /// Asks everybody about the newest checkpoint, needed or not, and adds the lines to it. To be called after opening and
    /// before the first round. Waits no longer than the time for one checkpoint; who does not answer has no objection.
    ///
    /// # Errors
    /// [`CosignError::Conflict`] or [`CosignError::Ahead`]: do not write to this log, unless it is another replica that is
    /// ahead.
    pub async fn check(&self, log: &Log) -> Result<(), CosignError> {
        let Some(newest) = log.published() else { return Ok(()) };
        let mut asked = JoinSet::new();
        for witness in &self.all {
            let (witness, log, newest) = (witness.clone(), log.clone(), newest.clone());
            asked.spawn(async move {
                let mut known = witness.known.lock().await;
                witness.add_to(&log, &newest, &mut known).await
            });
        }
        let all = async {
            while let Some(answer) = asked.join_next().await {
                answer.unwrap_or(Ok(()))?;
            }
            Ok(())
        };
        tokio::time::timeout(self.timeout, all).await.unwrap_or(Ok(()))
    }

    /// Asks everybody, until there is a quorum.
    async fn gather(&self, note: &Note, tree: &Proofs) -> Result<Vec<Signature>, CosignError> {
        let mut asked = JoinSet::new();
        for witness in &self.all {
            let (witness, note, tree) = (witness.clone(), note.clone(), tree.clone());
            asked.spawn(async move { witness.cosign(&note, &tree).await });
        }
        let mut lines = Vec::new();
        let mut reasons = Vec::new();
        while let Some(answer) = asked.join_next().await {
            match answer {
                Ok(Ok(line)) => lines.push(line),
                Ok(Err(Refusal::Conflict { witness, reason })) => {
                    return Err(CosignError::Conflict { witness, reason });
                }
                Ok(Err(Refusal::Ahead { witness, seen })) => {
                    return Err(CosignError::Ahead { witness, seen, size: tree.size() });
                }
                Ok(Err(Refusal::No { witness, reason })) => reasons.push(format!("{witness}: {reason}")),
                Err(error) => reasons.push(error.to_string()),
            }
            if self.satisfied(note, &lines) {
                return Ok(lines);
            }
        }
        Err(CosignError::Missing { reason: reasons.join("; ") })
    }

    fn satisfied(&self, note: &Note, lines: &[Signature]) -> bool {
        let quorum = with_lines(note, lines).map(|signed| self.policy.evaluate_quorum(&signed));
        // A line that is wrong is never among these.
        matches!(quorum, Some(Ok(_) | Err(PolicyError::Log(_))))
    }
}

impl Cosigners for Witnesses {
    fn cosign<'a>(
        &'a self,
        checkpoint: &'a Note,
        tree: &'a Proofs,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<Signature>, CosignError>> + Send + 'a>> {
        Box::pin(async move {
            if !self.required() {
                return Ok(Vec::new());
            }
            let late = || CosignError::Missing { reason: format!("no quorum within {:?}", self.timeout) };
            tokio::time::timeout(self.timeout, self.gather(checkpoint, tree)).await.map_err(|_| late())?
        })
    }

    fn suffice(&self, checkpoint: &Note) -> bool {
        self.satisfied(checkpoint, &[])
    }
}

/// One witness, at its leisure.
async fn follow(witness: Arc<Witness>, log: Log, conflict: impl Fn(CosignError)) {
    let mut published = log.watch();
    loop {
        let newest = published.borrow_and_update().clone();
        if let Some(newest) = newest {
            let mut known = witness.known.lock().await;
            // The quorum's question about the next checkpoint may have been faster: then it has seen more of us.
            if known.asked <= newest.size
                && let Err(error) = witness.add_to(&log, &newest, &mut known).await
            {
                conflict(error);
            }
            drop(known);
            tokio::time::sleep(PACE).await;
        }
        if published.changed().await.is_err() {
            // The log was opened again.
            tokio::time::sleep(PACE).await;
            published = log.watch();
        }
    }
}

/// Why a witness has not cosigned.
#[derive(Debug)]
enum Refusal {
    No { witness: String, reason: String },
    Ahead { witness: String, seen: u64 },
    Conflict { witness: String, reason: String },
}

impl Witness {
    /// Has a checkpoint cosigned, unless it is. Whoever does not answer is asked again about the next one; the only errors are
    /// [`CosignError::Conflict`] and [`CosignError::Ahead`].
    async fn add_to(&self, log: &Log, published: &Published, known: &mut Known) -> Result<(), CosignError> {
        let note = std::str::from_utf8(&published.note).ok().and_then(|note| Note::parse(note).ok());
        let Some(note) = note.filter(|note| !self.is_in(note)) else { return Ok(()) };
        match self.ask(&note, &log.proofs(published.size), known).await {
            Ok(line) => {
                let _ = log.add_cosignature(note.text(), &line);
            }
            Err(Refusal::Conflict { witness, reason }) => {
                return Err(CosignError::Conflict { witness, reason });
            }
            Err(Refusal::Ahead { witness, seen }) => {
                return Err(CosignError::Ahead { witness, seen, size: published.size });
            }
            Err(Refusal::No { .. }) => {}
        }
        Ok(())
    }

    fn is_in(&self, note: &Note) -> bool {
        let key = self.key.verifier_key();
        let by = |line: &Signature| (line.name(), line.key_hash()) == (key.name(), key.key_hash());
        note.signatures().iter().any(by)
    }

    /// Has a checkpoint cosigned. To be called with the newest one only: whoever has seen more of a log with one writer has seen
    /// another one.
    async fn cosign(&self, note: &Note, tree: &Proofs) -> Result<Signature, Refusal> {
        let mut known = self.known.lock().await;
        self.ask(note, tree, &mut known).await
    }

    /// `add-checkpoint` (C2SP `tlog-witness`).
    async fn ask(&self, note: &Note, tree: &Proofs, known: &mut Known) -> Result<Signature, Refusal> {
        let no = |reason: String| Refusal::No { witness: self.name.clone(), reason };
        let conflict = |reason: String| Refusal::Conflict { witness: self.name.clone(), reason };
        known.asked = known.asked.max(tree.size());
        for _ in 0..ATTEMPTS {
            let old = known.last.min(tree.size());
            let proof = tree.consistency(old).await.map_err(|error| no(error.to_string()))?;
            let request = request(old, &proof, note);
            let answer = self.client.send(Method::POST, &self.add_checkpoint, &[], request, MAX_ANSWER_BYTES);
            let answer = answer.await.map_err(|error| no(error.to_string()))?;
            let text = String::from_utf8(answer.body).map_err(|_| no("the answer is not text".to_owned()))?;
            match answer.status {
                200 => {
                    let line = self.line(note, &text).map_err(no)?;
                    known.last = tree.size();
                    return Ok(line);
                }
                409 if answer.content_type.as_deref() == Some("text/x.tlog.size") => {
                    let seen: u64 =
                        text.trim_end().parse().map_err(|_| no("its size is no number".to_owned()))?;
                    if seen > tree.size() {
                        return Err(Refusal::Ahead { witness: self.name.clone(), seen });
                    }
                    known.last = seen;
                }
                409 if old == tree.size() => {
                    return Err(conflict(format!("it has seen another tree of size {old}")));
                }
                // Its size is `old`, or it would have said so; and our proof is right for our tree.
                422 if old > 0 => {
                    return Err(conflict(format!(
                        "this tree does not contain the {old} entries it has seen"
                    )));
                }
                status => {
                    let said: String = text.chars().take(200).collect();
                    return Err(no(format!("status {status}, {:?}", said.trim_end())));
                }
            }
        }
        Err(no("it has seen another size each time it was asked".to_owned()))
    }

    /// The witness's own line, verified.
    fn line(&self, note: &Note, answer: &str) -> Result<Signature, String> {
        let lines = Signature::parse_lines(answer).map_err(|error| error.to_string())?;
        let key = self.key.verifier_key();
        let mut by =
            lines.into_iter().filter(|line| (line.name(), line.key_hash()) == (key.name(), key.key_hash()));
        let line = by.next().ok_or("its answer has no line by its key")?;
        let signed = with_lines(note, std::slice::from_ref(&line)).ok_or("its line does not fit")?;
        cosignature::verify(&signed, &self.key).map_err(|error| error.to_string())?;
        Ok(line)
    }
}

/// The body of `add-checkpoint`.
fn request(old: u64, proof: &[Hash], note: &Note) -> Vec<u8> {
    let mut text = format!("old {old}\n");
    for hash in proof {
        let _ = writeln!(text, "{}", sealwax_crypto::base64::encode(hash));
    }
    let _ = write!(text, "\n{note}");
    text.into_bytes()
}

fn with_lines(note: &Note, lines: &[Signature]) -> Option<SignedCheckpoint> {
    let signatures = note.signatures().iter().chain(lines).cloned().collect();
    SignedCheckpoint::from_note(Note::new(note.text().to_owned(), signatures).ok()?).ok()
}
