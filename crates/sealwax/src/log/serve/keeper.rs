//! Keeps the log open: sequences on a thread of its own, and opens the log again after a failure. Reads go on meanwhile,
//! from a view that writes nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sealwax_log::anchor::Anchor;
use sealwax_log::engine::{self, Config, CosignError, Cosigners, EngineError, Sequencer, Shape, Signing};
use sealwax_log::index::{Index, Options as IndexOptions};
use sealwax_log::journal::{Journal, Value};
use sealwax_log::metrics::Metrics;
use sealwax_log::witness::Witnesses;
use sealwax_log::{Kind, Log};
use sealwax_store::directory::{Directory, Options, Reader};
use sealwax_store::disk::Os;
use sealwax_store::{Cell, LockStore, StoreError, Version, View};
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

/// What is kept open, and how.
pub struct Plan {
    pub directory: PathBuf,
    pub kind: Kind,
    /// Where the directory was made.
    pub place: String,
    pub read_only: bool,
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

type Open = (Log, Sequencer<Directory<Os>>);

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

impl Plan {
    async fn keep(
        self,
        opened: oneshot::Sender<Result<Log, Failure>>,
        mut stop: watch::Receiver<bool>,
    ) -> Result<(), Failure> {
        let first = if self.read_only { Ok(None) } else { self.open().await };
        let (log, sequencer) = match first {
            Ok(Some((log, sequencer))) => (log, Some(sequencer)),
            Ok(None) => match self.view(self.reason()).await {
                Ok((log, _)) => (log, None),
                Err(error) => return fail(opened, cannot(&self.directory, &error)),
            },
            Err(failure) => return fail(opened, failure),
        };
        let _ = opened.send(Ok(log.clone()));
        match sequencer {
            Some(sequencer) => {
                self.follow_beside(&log);
                self.write(&log, sequencer, &mut stop).await?;
                match (&self.anchor, log.published()) {
                    (Some(anchor), Some(newest)) => {
                        anchor.write(&newest).await.map_err(|error| cannot(&self.directory, &error))
                    }
                    _ => Ok(()),
                }
            }
            None => self.follow(&log, &mut stop).await,
        }
    }

    /// Sequences, and opens the log again when that fails, until `stop`.
    async fn write(
        &self,
        log: &Log,
        mut sequencer: Sequencer<Directory<Os>>,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<(), Failure> {
        loop {
            let result = self.sequence(log, sequencer, stop).await;
            let Err(error) = result else { return Ok(()) };
            self.journal.error("the log has stopped writing", &[("error", Value::Shown(&error))]);
            sequencer = tokio::select! {
                reopened = self.reopen(log, &error) => reopened,
                _ = stop.wait_for(|stop| *stop) => return Err(cannot(&self.directory, &error)),
            };
            self.journal.info("the log writes again", &[]);
        }
    }

    /// Runs a sequencer until it fails, or has finished because of `stop`. Freezes the log when that is asked for.
    async fn sequence(
        &self,
        log: &Log,
        sequencer: Sequencer<Directory<Os>>,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<(), EngineError> {
        let request = self.directory.join(REQUEST);
        let mut running = pin!(sequencer.run());
        loop {
            tokio::select! {
                result = &mut running => return result,
                _ = stop.wait_for(|stop| *stop) => break,
                () = sleep(LOOK_EVERY) => {
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

    /// Tries until the log is open again.
    async fn reopen(&self, log: &Log, error: &EngineError) -> Sequencer<Directory<Os>> {
        let mut pause = FIRST_PAUSE;
        let mut reason = error.to_string();
        loop {
            // A view lets go of the store, which can be opened again when the requests that still read from it have ended.
            match self.view(reason.clone()).await {
                // Without a quorum of its witnesses a view has nothing to show; what was open before has.
                Ok((view, _)) if view.published().is_none() => {}
                Ok((view, _)) => log.replace(&view),
                Err(error) => self.journal.warning("cannot read the log", &[("error", Value::Shown(&error))]),
            }
            sleep(pause).await;
            pause = (pause * 2).min(LAST_PAUSE);
            if is_final(error) {
                continue;
            }
            match self.open().await {
                Ok(Some((opened, sequencer))) => {
                    log.replace(&opened);
                    return sequencer;
                }
                Ok(None) => reason = self.reason(),
                Err(failure) => {
                    let message = Value::Text(&failure.message);
                    self.journal.warning("the log cannot be opened for writing", &[("error", message)]);
                    reason = failure.message;
                }
            }
        }
    }

    /// Reads what another process adds, until `stop`.
    async fn follow(&self, log: &Log, stop: &mut watch::Receiver<bool>) -> Result<(), Failure> {
        let mut seen = None;
        loop {
            tokio::select! {
                () = sleep(LOOK_EVERY) => {}
                _ = stop.wait_for(|stop| *stop) => return Ok(()),
            }
            if self.version().await.is_ok_and(|version| version == seen) {
                continue;
            }
            match self.view(self.reason()).await {
                Ok((view, version)) => {
                    log.replace(&view);
                    seen = version;
                }
                Err(error) => self.journal.warning("cannot read the log", &[("error", Value::Shown(&error))]),
            }
        }
    }

    /// Opens the log for writing; `None` if that is not allowed.
    async fn open(&self) -> Result<Option<Open>, Failure> {
        let store = open_store(&self.directory, &Options::default())?;
        if store.place().to_string() != self.place {
            self.journal.warning("this directory is a copy: it is only read", &[]);
            return Ok(None);
        }
        let config = self.config();
        let (signing, metrics) = (self.signing.clone(), self.metrics.clone());
        let index = |size| Index::open(&self.directory.join(INDEX), size, IndexOptions::default());
        let open = engine::open(store, config, signing, Arc::new(System), metrics, index).await;
        let (log, sequencer) = open.map_err(|error| cannot(&self.directory, &error))?;
        if let Some(anchor) = &self.anchor
            && let Err(error) = anchor.check(&log).await
        {
            self.journal.error("the log is only read", &[("anchor", Value::Shown(&error))]);
            return Ok(None);
        }
        Ok(Some((log, sequencer)))
    }

    /// A checkpoint that needs witnesses needs them in a view as well (LOG rule 13).
    fn config(&self) -> Config {
        let mut config = Config::new(self.kind, Shape::Exclusive);
        let required = self.witnesses.as_ref().filter(|witnesses| witnesses.required());
        config.cosigners = required.map(|witnesses| Arc::new(witnesses.clone()) as Arc<dyn Cosigners>);
        config
    }

    /// Keeps the anchor and the witnesses that nobody waits for up to the log.
    fn follow_beside(&self, log: &Log) {
        if let Some(anchor) = self.anchor.clone() {
            let journal = self.journal.clone();
            let failed =
                move |error| journal.warning("the anchor is behind", &[("error", Value::Shown(&error))]);
            tokio::spawn(anchor.follow(log.clone(), failed));
        }
        if let Some(witnesses) = self.witnesses.clone() {
            tokio::spawn(witnesses.follow(log.clone()));
        }
    }

    /// Opens the log for reading, as it is at this moment.
    async fn view(&self, reason: String) -> Result<(Log, Option<Version>), EngineError> {
        let version = self.version().await?;
        let store = View::new(self.reader()?);
        let config = self.config();
        let (signing, metrics) = (self.signing.clone(), self.metrics.clone());
        let index = |_| Ok(Index::in_memory());
        let (log, _) = engine::open(store, config, signing, Arc::new(System), metrics, index).await?;
        log.refuse(reason);
        Ok((log, version))
    }

    async fn version(&self) -> Result<Option<Version>, EngineError> {
        Ok(self.reader()?.load(Cell::Lock).await?.map(|lock| lock.version))
    }

    fn reader(&self) -> Result<Reader<Os>, StoreError> {
        let failed = |cause| StoreError::Failed {
            what: format!("open {}", self.directory.display()),
            cause: Arc::new(cause),
        };
        Ok(Reader::new(Os::new(&self.directory).map_err(failed)?))
    }

    /// Why no entries are taken.
    fn reason(&self) -> String {
        if self.read_only {
            "this is a read-only server of the log".to_owned()
        } else {
            "this is a copy of the log's directory, or older than its anchor, and must not grow a second history"
                .to_owned()
        }
    }
}

/// Somebody else writes without the lock, exchanged the files, or has another history: opening again would not end well.
fn is_final(error: &EngineError) -> bool {
    use EngineError::{AnotherLog, Cosign, Rewound, SecondWriter};
    matches!(error, SecondWriter | Rewound { .. } | AnotherLog { .. } | Cosign(CosignError::Conflict { .. }))
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
