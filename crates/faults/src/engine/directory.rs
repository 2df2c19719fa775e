use super::{SimHost, Subject, Unreadable, entries, stored};
use crate::{
    Random, SimDisk, World,
    oracle::{Base, FinalLog, History, Leaf, Violation},
    simulate::Clock,
    world::{Ended, Node},
};
use bytes::Bytes;
use sealwax_log::{
    engine::{Config, EngineError, Log, Shape, create, open},
    index::Index,
    metrics::Metrics,
};
use sealwax_store::{
    Directory, StoreError,
    directory::Options,
    disk::{Disk, DiskFile, Mode},
};
use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// The engine on a directory that is its own, from one opening to the next.
pub struct OverDirectory {
    world: World,
    history: History,
    subject: Subject,
    log: Option<Log>,
    ended: Arc<Mutex<Option<Result<(), EngineError>>>>,
}

/// How it is run: small numbers, so that little work reaches everything.
#[derive(Clone, Debug)]
pub struct Knobs {
    /// Bytes of batches after which the directory is settled.
    pub settle_bytes: usize,
    /// Bytes of a segment of the write-ahead file.
    pub segment_bytes: u64,
    /// The write-ahead file grows by this, bytes.
    pub reserve_bytes: u64,
    /// Entries of one round.
    pub batch_entries: usize,
    /// Milliseconds that the clock is wrong by.
    pub clock_offset_ms: i64,
    /// Chance of the machine.
    pub seed: u64,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            settle_bytes: 400,
            segment_bytes: 4096,
            reserve_bytes: 1024,
            batch_entries: 4,
            clock_offset_ms: 0,
            seed: 0,
        }
    }
}

/// What may never be of a directory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Broken {
    /// It cannot be opened any more.
    #[error("it cannot be opened: {0}")]
    Opening(EngineError),
    /// It has forgotten that it was ever created, and there were checkpoints.
    #[error("there is no log any more")]
    Gone,
    /// It takes no entry after it was opened.
    #[error("it takes no entry: {0}")]
    TakesNothing(String),
    /// It cannot be stopped in order.
    #[error("it does not stop in order: {0:?}")]
    Stopping(Option<EngineError>),
    /// Its files are no static log.
    #[error("its files are no log: {0}")]
    Files(#[from] Unreadable),
    /// The oracle says no.
    #[error(transparent)]
    Violation(#[from] Violation),
}

/// Virtual time for anything that should happen soon.
const SOON: Duration = Duration::from_secs(5);

impl OverDirectory {
    /// Opens the directory on this disk and lets the engine run there. `Ok(None)`: there is no log yet.
    ///
    /// # Errors
    /// The engine's.
    pub fn open(
        disk: &SimDisk,
        subject: &Subject,
        history: &History,
        knobs: &Knobs,
    ) -> Result<Option<Self>, EngineError> {
        let world = World::new(knobs.seed);
        let store = Directory::open(disk.clone(), &options(knobs))?;
        let host = host(&world, knobs);
        let (signing, config) = (subject.signing(history), config(subject, knobs));
        let opened = Arc::new(Mutex::new(None));
        let ended = Arc::new(Mutex::new(None));
        let (opening, ending) = (Arc::clone(&opened), Arc::clone(&ended));
        world.spawn(Node(0), async move {
            let index = |_| Ok(Index::in_memory());
            match open(store, config, signing, host, Arc::new(Metrics::default()), index).await {
                Ok((log, sequencer)) => {
                    *opening.lock().unwrap_or_else(PoisonError::into_inner) = Some(Ok(log));
                    let result = sequencer.run().await;
                    *ending.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
                }
                Err(error) => *opening.lock().unwrap_or_else(PoisonError::into_inner) = Some(Err(error)),
            }
        });
        world.run_while(SOON, || opened.lock().unwrap_or_else(PoisonError::into_inner).is_none());
        let opened = opened.lock().unwrap_or_else(PoisonError::into_inner).take();
        let this = |log| Self {
            world: world.clone(),
            history: history.clone(),
            subject: subject.clone(),
            log,
            ended,
        };
        match opened {
            Some(Ok(log)) => {
                let this = this(Some(log));
                this.look();
                Ok(Some(this))
            }
            Some(Err(EngineError::NotCreated)) => {
                world.end();
                Ok(None)
            }
            Some(Err(error)) => {
                world.end();
                Err(error)
            }
            // It waits for ever for a disk that answers at once.
            None => {
                world.end();
                let cause = Arc::new(io::ErrorKind::TimedOut.into());
                Err(StoreError::Failed { what: "open".to_owned(), cause }.into())
            }
        }
    }

    /// Makes an empty log on this disk.
    ///
    /// # Errors
    /// The engine's.
    pub fn create(
        disk: &SimDisk,
        subject: &Subject,
        history: &History,
        knobs: &Knobs,
    ) -> Result<(), EngineError> {
        let store = Directory::open(disk.clone(), &options(knobs))?;
        let world = World::new(knobs.seed);
        let (signing, host) = (subject.signing(history), host(&world, knobs));
        let result = Arc::new(Mutex::new(None));
        let done = Arc::clone(&result);
        world.spawn(Node(0), async move {
            let created = create(&store, &signing, &*host).await;
            *done.lock().unwrap_or_else(PoisonError::into_inner) = Some(created);
        });
        world.run_for(SOON);
        world.end();
        let result = result.lock().unwrap_or_else(PoisonError::into_inner).take();
        result.unwrap_or(Ok(()))
    }

    /// Adds these entries at once, and returns how many were answered.
    pub fn add(&self, bytes: &[Bytes]) -> usize {
        let (Some(log), kind) = (&self.log, self.subject.kind) else { return 0 };
        let left = Arc::new(AtomicUsize::new(bytes.len()));
        let answered = Arc::new(AtomicUsize::new(0));
        for entry in bytes {
            let (log, history, entry) = (log.clone(), self.history.clone(), entry.clone());
            let (left, answered) = (Arc::clone(&left), Arc::clone(&answered));
            self.world.spawn(Node(1), async move {
                if let Ok(added) = log.add(entries::submission(kind, &entry)).await {
                    history.answered(entries::answer(kind, &entry, &added));
                    answered.fetch_add(1, Ordering::Relaxed);
                }
                left.fetch_sub(1, Ordering::Relaxed);
            });
        }
        self.world.run_while(SOON, || left.load(Ordering::Relaxed) > 0);
        self.look();
        answered.load(Ordering::Relaxed)
    }

    /// Lets time pass.
    pub fn idle(&self, duration: Duration) -> Ended {
        let ended = self.world.run_for(duration);
        self.look();
        ended
    }

    /// Whether the sequencer has stopped.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Stops in order.
    ///
    /// # Errors
    /// [`Broken::Stopping`].
    pub fn stop(self) -> Result<(), Broken> {
        if let Some(log) = &self.log {
            log.stop();
        }
        self.world.run_while(SOON, || !self.has_ended());
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner).take();
        match ended {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(Broken::Stopping(Some(error))),
            None => Err(Broken::Stopping(None)),
        }
    }

    /// A reader looks at the newest checkpoint.
    fn look(&self) {
        if let Some(published) = self.log.as_ref().and_then(Log::published) {
            self.history.read(0, published.size);
        }
    }
}

impl Drop for OverDirectory {
    fn drop(&mut self) {
        self.world.end();
    }
}

/// Reads the files of a directory as a static log, and returns the leaves behind those of `base`.
///
/// # Errors
/// [`Unreadable`].
pub fn static_log(disk: &SimDisk, subject: &Subject, base: &Base) -> Result<Vec<Leaf>, Unreadable> {
    stored::read(subject, base, read(disk, "checkpoint").as_deref(), None, |name| read(disk, name))
}

/// What everybody may expect of a directory after whatever happened to it: it opens, it has every entry that was answered,
/// it takes entries, its files are a static log whenever there is a checkpoint, and this stays so after another crash,
/// which `crash` makes of the disk.
///
/// # Errors
/// [`Broken`].
pub fn check(
    disk: &SimDisk,
    subject: &Subject,
    history: &History,
    base: &Base,
    crash: impl Fn(&SimDisk) -> SimDisk,
) -> Result<(), Broken> {
    check_files(disk, subject, history, base)?;
    let again = add_more(disk, subject, history, 1)?;
    check_files(&crash(disk), subject, history, base)?;
    let other = crash(disk);
    drop(again);
    let last = add_more(&other, subject, history, 2)?;
    last.stop()?;
    let leaves = static_log(&other, subject, base)?;
    Ok(history.check(FinalLog { base: Some(base), leaves: &leaves })?)
}

/// The static copy of a directory is a log at any time, if there is one at all (LOG rule 6), and of the same history.
fn check_files(disk: &SimDisk, subject: &Subject, history: &History, base: &Base) -> Result<(), Broken> {
    match static_log(disk, subject, base) {
        Err(Unreadable::NoCheckpoint) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(leaves) => Ok(history.check_is_signed(FinalLog { base: Some(base), leaves: &leaves })?),
    }
}

fn add_more(
    disk: &SimDisk,
    subject: &Subject,
    history: &History,
    time: u64,
) -> Result<OverDirectory, Broken> {
    // Each world begins anew, and a certificate log waits for its last timestamp.
    let clock_offset_ms = i64::try_from(time).unwrap_or(0) * 24 * 3_600_000;
    let knobs = Knobs { seed: time, clock_offset_ms, ..Knobs::default() };
    let opened = match OverDirectory::open(disk, subject, history, &knobs).map_err(Broken::Opening)? {
        Some(opened) => opened,
        None if history.largest_signed().is_some() => return Err(Broken::Gone),
        None => {
            OverDirectory::create(disk, subject, history, &knobs).map_err(Broken::Opening)?;
            OverDirectory::open(disk, subject, history, &knobs)
                .map_err(Broken::Opening)?
                .ok_or(Broken::Gone)?
        }
    };
    for number in 0..2 {
        let entry = Bytes::from(format!("{{\"time\":{time},\"again\":{number}}}"));
        // The second one also asks for the first one again.
        let first = Bytes::from(format!("{{\"time\":{time},\"again\":0}}"));
        let wanted = if number == 0 { vec![entry] } else { vec![entry, first] };
        if opened.add(&wanted) < wanted.len() {
            let ended = opened.ended.lock().unwrap_or_else(PoisonError::into_inner).take();
            return Err(Broken::TakesNothing(format!("{ended:?}")));
        }
    }
    Ok(opened)
}

fn options(knobs: &Knobs) -> Options {
    Options {
        background: false,
        segment_bytes: knobs.segment_bytes,
        reserve_bytes: knobs.reserve_bytes,
        ..Options::default()
    }
}

fn config(subject: &Subject, knobs: &Knobs) -> Config {
    let mut config = Config::new(subject.kind, Shape::Exclusive);
    config.settle_bytes = knobs.settle_bytes;
    config.batch_entries = knobs.batch_entries;
    #[cfg(feature = "sabotage")]
    {
        config.sabotage = subject.sabotage;
    }
    config
}

fn host(world: &World, knobs: &Knobs) -> Arc<SimHost> {
    let clock = Clock::new(world);
    clock.set_offset_ms(knobs.clock_offset_ms);
    Arc::new(SimHost::new(world, &clock, Random::new(knobs.seed ^ 0x5eed)))
}

fn read(disk: &SimDisk, path: &str) -> Option<Vec<u8>> {
    let file = disk.open(path, Mode::Read).ok()?;
    let mut bytes = vec![0; usize::try_from(file.len().ok()?).ok()?];
    let count = file.read_at(&mut bytes, 0).ok()?;
    (count == bytes.len()).then_some(bytes)
}
