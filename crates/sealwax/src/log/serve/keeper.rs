//! Keeps the log open: sequences on a thread of its own, and opens the log again after a failure. Reads go on meanwhile,
//! from a view that writes and signs nothing: after a failure it shows the last checkpoint that was published, and on a
//! read-only server the last one that was settled.

mod trouble;

use std::fs;
use std::future::pending;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sealwax_log::anchor::Anchor;
use sealwax_log::engine::{
    self, Config, CosignError, Cosigners, EngineError, Sequencer, Shape, Shown, Signing,
};
use sealwax_log::index::{Index, Options as IndexOptions};
use sealwax_log::metrics::Metrics;
use sealwax_log::witness::Witnesses;
use sealwax_log::{Kind, Log};
use sealwax_server::journal::{Journal, Value};
use sealwax_store::directory::{Directory, Options, Reader};
use sealwax_store::disk::Os;
use sealwax_store::{Cell, LockStore, StoreError, Version};
use tokio::sync::{oneshot, watch};
use tokio::time::sleep;

use super::super::freeze::REQUEST;
use super::super::host::System;
use super::super::{INDEX, open_store};
use crate::Failure;

/// How long to wait before the log is opened again; twice as long each time, up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LAST_PAUSE: Duration = Duration::from_secs(30);

/// How often a log that is only read is looked at for what its writer has added.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Why no entries are taken.
const READ_ONLY: &str = "this is a read-only server of the log";
const COPY: &str = "this is a copy of the log's directory, and must not grow a second history";

/// What is kept open, and how.
pub struct Plan {
    pub directory: PathBuf,
    pub kind: Kind,
    /// Where the directory was made.
    pub place: String,
    pub read_only: bool,
    /// How far static copies may be behind.
    pub settle_every: Duration,
    pub signing: Signing,
    pub metrics: Arc<Metrics>,
    pub journal: Journal,
    pub witnesses: Option<Witnesses>,
    pub anchor: Option<Anchor>,
}

/// A log that is kept open.
pub struct Keeper {
    log: Log,
    stop: watch::Sender<bool>,
    thread: JoinHandle<Result<(), Failure>>,
}

impl Keeper {
    /// Opens the log, and sequences until it is stopped.
    pub async fn start(plan: Plan) -> Result<Self, Failure> {
        let (opened, open) = oneshot::channel();
        let (stop, stopping) = watch::channel(false);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| cannot(&plan.directory, &error))?;
        let thread = thread::Builder::new().name("sequencer".to_owned());
        let thread = thread.spawn(move || runtime.block_on(plan.keep(opened, stopping)));
        let thread = thread.map_err(|error| Failure::cannot(format!("cannot start a thread: {error}")))?;
        let log = open.await.unwrap_or_else(|_| Err(ended()))?;
        Ok(Self { log, stop, thread })
    }

    /// The log, through whatever happens to it.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Finishes what waits, settles, and closes.
    pub async fn stop(self) -> Result<(), Failure> {
        self.stop.send_replace(true);
        let thread = self.thread;
        let joined = tokio::task::spawn_blocking(move || thread.join()).await;
        joined.ok().and_then(Result::ok).unwrap_or_else(|| Err(ended()))
    }
}

/// What came of opening the log for writing.
enum Opening {
    Open(Log, Box<Sequencer<Directory<Os>>>),
    /// It cannot be known now whether this is the log that it was: to be tried again.
    Unsure(String),
    /// It is a copy, or has another history than others know of it.
    Never(String),
}

/// What witnesses say who are asked beside the log.
type Conflict = watch::Receiver<Option<CosignError>>;

impl Plan {
    async fn keep(
        self,
        opened: oneshot::Sender<Result<Log, Failure>>,
        mut stop: watch::Receiver<bool>,
    ) -> Result<(), Failure> {
        let first = if self.read_only { Ok(Opening::Never(READ_ONLY.to_owned())) } else { self.open().await };
        let (log, sequencer) = match first {
            Ok(Opening::Open(log, sequencer)) => (log, *sequencer),
            Ok(Opening::Unsure(reason)) => {
                let log = match self.view(Shown::Settled, &reason).await {
                    Ok(log) => log,
                    Err(error) => return fail(opened, cannot(&self.directory, &error)),
                };
                let _ = opened.send(Ok(log.clone()));
                let sequencer = tokio::select! {
                    sequencer = self.open_again(&log) => sequencer,
                    _ = stop.wait_for(|stop| *stop) => return Ok(()),
                };
                return self.write_on(&log, sequencer, &mut stop).await;
            }
            Ok(Opening::Never(reason)) => {
                let log = match self.view(Shown::Settled, &reason).await {
                    Ok(log) => log,
                    Err(error) => return fail(opened, cannot(&self.directory, &error)),
                };
                let _ = opened.send(Ok(log.clone()));
                return self.follow(&log, &reason, &mut stop).await;
            }
            Err(failure) => return fail(opened, failure),
        };
        let _ = opened.send(Ok(log.clone()));
        self.write_on(&log, sequencer, &mut stop).await
    }

    /// Sequences, with all that goes on beside it, until `stop`.
    async fn write_on(
        &self,
        log: &Log,
        sequencer: Sequencer<Directory<Os>>,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<(), Failure> {
        let (tell, mut conflict) = watch::channel(None);
        self.follow_beside(log, &tell);
        self.write(log, sequencer, stop, &mut conflict).await?;
        match (&self.anchor, log.published()) {
            (Some(anchor), Some(newest)) => {
                anchor.write(&newest).await.map_err(|error| cannot(&self.directory, &error))
            }
            _ => Ok(()),
        }
    }

    /// Sequences, and opens the log again when that fails, until `stop`.
    async fn write(
        &self,
        log: &Log,
        mut sequencer: Sequencer<Directory<Os>>,
        stop: &mut watch::Receiver<bool>,
        conflict: &mut Conflict,
    ) -> Result<(), Failure> {
        loop {
            let result = self.sequence(log, sequencer, stop, conflict).await;
            let Err(error) = result else { return Ok(()) };
            self.journal.error("the log has stopped writing", &[("error", Value::Shown(&error))]);
            sequencer = tokio::select! {
                reopened = self.reopen(log, &error) => reopened,
                _ = stop.wait_for(|stop| *stop) => return Err(cannot(&self.directory, &error)),
            };
            self.journal.info("the log writes again", &[]);
        }
    }

    /// Runs a sequencer until it fails, or has finished because of `stop`, or until a witness has seen another history.
    /// Freezes the log when that is asked for.
    async fn sequence(
        &self,
        log: &Log,
        sequencer: Sequencer<Directory<Os>>,
        stop: &mut watch::Receiver<bool>,
        conflict: &mut Conflict,
    ) -> Result<(), EngineError> {
        let request = self.directory.join(REQUEST);
        let mut running = pin!(sequencer.run());
        let mut trouble = trouble::Trouble::default();
        loop {
            tokio::select! {
                biased;
                error = seen_by(conflict) => {
                    log.refuse(error.to_string());
                    // Not one more checkpoint is signed.
                    return Err(error.into());
                }
                result = &mut running => return result,
                _ = stop.wait_for(|stop| *stop) => break,
                () = sleep(LOOK_EVERY) => {
                    trouble.look(log, &self.journal);
                    // It goes first: a log cannot be frozen by a request that was left behind.
                    if request.exists() && fs::remove_file(&request).is_ok() {
                        self.journal.info("freezing the log", &[]);
                        log.freeze();
                    }
                }
            }
        }
        log.stop();
        running.await
    }

    /// Lets go of the store after a failure, and tries until the log is open again.
    async fn reopen(&self, log: &Log, error: &EngineError) -> Sequencer<Directory<Os>> {
        let shown = Shown::Last(log.published());
        let reason = error.to_string();
        log.refuse(reason.clone());
        // Nothing is signed before the store is open for writing: only that makes durable what a failed flush has left.
        let mut pause = FIRST_PAUSE;
        loop {
            match self.view(shown.clone(), &reason).await {
                Ok(view) => break log.replace(&view),
                Err(error) => self.journal.warning("cannot read the log", &[("error", Value::Shown(&error))]),
            }
            sleep(pause).await;
            pause = (pause * 2).min(LAST_PAUSE);
        }
        if is_final(error) {
            self.journal.error("the log is only read from now on", &[("error", Value::Text(&reason))]);
            return pending().await;
        }
        self.open_again(log).await
    }

    /// Tries until the log, of which this is a view, is open for writing. The store can be opened when the requests that
    /// still read from it have ended.
    async fn open_again(&self, log: &Log) -> Sequencer<Directory<Os>> {
        let mut pause = FIRST_PAUSE;
        loop {
            sleep(pause).await;
            pause = (pause * 2).min(LAST_PAUSE);
            let reason = match self.open().await {
                Ok(Opening::Open(opened, sequencer)) => {
                    log.replace(&opened);
                    return *sequencer;
                }
                Ok(Opening::Never(reason)) => {
                    log.refuse(reason);
                    return pending().await;
                }
                Ok(Opening::Unsure(reason)) => reason,
                Err(failure) => {
                    let message = Value::Text(&failure.message);
                    self.journal.warning("the log cannot be opened for writing", &[("error", message)]);
                    failure.message
                }
            };
            log.refuse(reason);
        }
    }

    /// Reads what another process adds, until `stop`.
    async fn follow(&self, log: &Log, reason: &str, stop: &mut watch::Receiver<bool>) -> Result<(), Failure> {
        let mut seen = None;
        loop {
            tokio::select! {
                () = sleep(LOOK_EVERY) => {}
                _ = stop.wait_for(|stop| *stop) => return Ok(()),
            }
            let version = self.version().await;
            if version.as_ref().is_ok_and(|version| *version == seen) {
                continue;
            }
            match self.view(Shown::Settled, reason).await {
                Ok(view) => {
                    log.replace(&view);
                    seen = version.unwrap_or(None);
                }
                Err(error) => self.journal.warning("cannot read the log", &[("error", Value::Shown(&error))]),
            }
        }
    }

    /// Opens the log for writing, if it is certainly the one that it was.
    async fn open(&self) -> Result<Opening, Failure> {
        let store = open_store(&self.directory, &Options::default())?;
        if !store.place().is(&self.place) {
            self.journal.warning("this directory is a copy: it is only read", &[]);
            return Ok(Opening::Never(COPY.to_owned()));
        }
        let mut config = Config::new(self.kind, Shape::Exclusive);
        config.settle_every = self.settle_every;
        let required = self.witnesses.as_ref().filter(|witnesses| witnesses.required());
        config.cosigners = required.map(|witnesses| Arc::new(witnesses.clone()) as Arc<dyn Cosigners>);
        let (signing, metrics) = (self.signing.clone(), self.metrics.clone());
        let index = |size| Index::open(&self.directory.join(INDEX), size, IndexOptions::default());
        let open = engine::open(store, config, signing, Arc::new(System), metrics, index).await;
        let (log, sequencer) = match open {
            Err(EngineError::Cosign(error)) if error.is_final() => return Ok(self.never(&error)),
            open => open.map_err(|error| cannot(&self.directory, &error))?,
        };
        if let Some(anchor) = &self.anchor {
            match anchor.check(&log).await {
                Ok(()) => {}
                Err(error) if error.is_final() => return Ok(self.never(&error)),
                Err(error) => {
                    let reason = trouble::with_anchor(&log, &error);
                    let message = "the log is only read until it can be compared with its anchor";
                    self.journal.warning(message, &[("anchor", Value::Text(&reason))]);
                    return Ok(Opening::Unsure(reason));
                }
            }
        }
        if let Some(witnesses) = &self.witnesses
            && let Err(error) = witnesses.check(&log).await
        {
            return Ok(self.never(&error));
        }
        Ok(Opening::Open(log, Box::new(sequencer)))
    }

    fn never(&self, error: &dyn std::fmt::Display) -> Opening {
        self.journal.error("the log is only read from now on", &[("error", Value::Shown(&error))]);
        Opening::Never(error.to_string())
    }

    /// Keeps the anchor and the witnesses that nobody waits for up to the log.
    fn follow_beside(&self, log: &Log, tell: &watch::Sender<Option<CosignError>>) {
        if let Some(anchor) = self.anchor.clone() {
            let journal = self.journal.clone();
            let failed =
                move |error| journal.warning("the anchor is behind", &[("error", Value::Shown(&error))]);
            tokio::spawn(anchor.follow(log.clone(), failed));
        }
        if let Some(witnesses) = self.witnesses.clone() {
            let tell = tell.clone();
            tokio::spawn(witnesses.follow(log.clone(), move |error| {
                tell.send_replace(Some(error));
            }));
        }
    }

    /// Opens the log for reading. It signs nothing and shows nothing new.
    async fn view(&self, shown: Shown, reason: &str) -> Result<Log, EngineError> {
        let metrics = self.metrics.clone();
        let log = engine::open_view(self.reader()?, self.kind, &self.signing, metrics, shown).await?;
        log.refuse(reason);
        Ok(log)
    }

    /// Of what a view of the settled log shows.
    async fn version(&self) -> Result<Option<Version>, EngineError> {
        Ok(self.reader()?.load(Cell::Checkpoint).await?.map(|checkpoint| checkpoint.version))
    }

    fn reader(&self) -> Result<Reader<Os>, StoreError> {
        let failed = |cause| StoreError::Failed {
            what: format!("open {}", self.directory.display()),
            cause: Arc::new(cause),
        };
        Ok(Reader::new(Os::new(&self.directory).map_err(failed)?))
    }
}

/// Completes when a witness has seen another history.
async fn seen_by(conflict: &mut Conflict) -> CosignError {
    match conflict.wait_for(Option::is_some).await.map(|error| error.clone()) {
        Ok(Some(error)) => error,
        _ => pending().await,
    }
}

/// Somebody else writes without the lock, or exchanged the files, or knows another history: opening again would not end
/// well.
fn is_final(error: &EngineError) -> bool {
    match error {
        EngineError::SecondWriter | EngineError::Rewound { .. } | EngineError::AnotherLog { .. } => true,
        EngineError::Cosign(error) => error.is_final(),
        _ => false,
    }
}

fn fail(opened: oneshot::Sender<Result<Log, Failure>>, failure: Failure) -> Result<(), Failure> {
    let _ = opened.send(Err(failure.clone()));
    Err(failure)
}

fn cannot(directory: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::cannot(format!("{}: {error}", directory.display()))
}

fn ended() -> Failure {
    Failure::cannot("the thread that sequences has ended unexpectedly")
}
