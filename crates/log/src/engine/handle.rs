use super::{
    Kind, Submission,
    cosigning::{Proofs, with_line},
    queue::{Checking, Queue},
    reader::ReadError,
    reader::Reader,
};
use crate::metrics::{AddResult, Metrics};
use bytes::Bytes;
use sealwax_store::StoreError;
use sealwax_tlog::{
    Hash, TreeSize, VerifierKey,
    merkle::build::Plan,
    note::Signature,
    tile::{EntryBundle, FULL_WIDTH, Tile},
};
use std::{
    collections::BTreeSet,
    fs::File,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// The front of a running log: cheap to clone, for any number of threads.
#[derive(Clone)]
pub struct Log(Arc<Front>);

pub(crate) struct Front {
    pub(crate) kind: Kind,
    pub(crate) keys: Vec<VerifierKey>,
    pub(crate) origin: String,
    pub(crate) metrics: Arc<Metrics>,
    /// What is exchanged when the log is opened again.
    pub(crate) opened: RwLock<Arc<Opened>>,
}

/// One opening of the log.
pub(crate) struct Opened {
    pub(crate) queue: Arc<Queue>,
    pub(crate) reader: Reader,
    pub(crate) published: watch::Receiver<Option<Arc<Published>>>,
    pub(crate) publish: Arc<watch::Sender<Option<Arc<Published>>>>,
    /// Objects beside the tree that are known to be durable.
    pub(crate) kept: Mutex<BTreeSet<String>>,
}

impl Opened {
    /// Whether entries are taken and this object beside the tree is known to be durable.
    fn has_kept(&self, name: &str) -> bool {
        self.queue.closed().is_none() && self.kept().contains(name)
    }

    fn kept(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn size(&self) -> TreeSize {
        TreeSize(self.published.borrow().as_ref().map_or(0, |published| published.size))
    }
}

/// A submission that is being checked: the next round waits until that is done. Not to be held while waiting for anything.
pub struct Coming<'a> {
    log: &'a Log,
    opened: Arc<Opened>,
    checking: Checking,
}

impl Coming<'_> {
    /// As [`Log::add`].
    ///
    /// # Errors
    /// See [`AddError`].
    pub async fn add(self, submission: Submission) -> Result<Added, AddError> {
        let start = Instant::now();
        let metrics = self.log.metrics();
        let added = self.place(submission).await;
        if added.is_ok() {
            metrics.add_seconds.time(start.elapsed());
        }
        metrics.entries.add(result_of(&added), 1);
        added
    }

    /// As [`Log::keep_object`]; if that takes time, nobody waits for this submission meanwhile.
    ///
    /// # Errors
    /// See [`KeepError`].
    pub async fn keep_object(self, name: &str, value: &[u8]) -> Result<Self, KeepError> {
        if self.opened.has_kept(name) {
            return Ok(self);
        }
        let log = self.log;
        drop(self);
        log.keep_object(name, value).await?;
        Ok(log.coming())
    }

    async fn place(self, submission: Submission) -> Result<Added, AddError> {
        let (found, limit) = self.log.kind().length_and_limit(&submission);
        if found > limit {
            return Err(AddError::TooLarge { found, limit });
        }
        // It may have been opened again while the check went on.
        let opened = self.log.opened();
        let is_the_same = Arc::ptr_eq(&opened, &self.opened);
        let checking = if is_the_same { self.checking } else { opened.queue.check() };
        let waiting = checking.push(submission, found)?;
        let place = waiting.await.unwrap_or(Err(AddError::Stopped))?;
        let (index, timestamp, published) = (place.index, place.timestamp, place.published);
        let duplicate = place.proof.is_none();
        let proof = match place.proof {
            Some(proof) => proof,
            None => opened.reader.prove(index, published.size).await.map_err(not_now)?,
        };
        Ok(Added { index, timestamp, duplicate, proof, published })
    }
}

/// How many names of durable objects are remembered; then the list starts again.
const MAX_KEPT: usize = 4096;

/// A sequenced entry, and the proof.
#[derive(Clone, Debug)]
pub struct Added {
    /// Its index, from 0.
    pub index: u64,
    /// When it was sequenced, milliseconds since 1970. Of a duplicate in a certificate log: when the first was. Of a
    /// duplicate in a signature log, whose entries have no time: 0.
    pub timestamp: u64,
    /// Whether it was there already.
    pub duplicate: bool,
    /// The inclusion proof in the tree of [`Added::published`].
    pub proof: Vec<Hash>,
    /// The checkpoint that contains the entry.
    pub published: Arc<Published>,
}

/// A checkpoint that is durable and published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The size of the tree.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// When it was signed, milliseconds since 1970.
    pub timestamp: u64,
    /// The signed note.
    pub note: Bytes,
    /// Whether the log takes no more entries.
    pub frozen: bool,
}

/// Why an entry has no index.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddError {
    /// The queue is full. Nothing was stored.
    #[error("the log is busy; try again in {} s", retry_after.as_secs().max(1))]
    Full {
        /// When to try again.
        retry_after: Duration,
    },
    /// The log takes no entries any more.
    #[error("this log is frozen")]
    Frozen,
    /// The log takes no entries at the moment; reads work. The entry may have been sequenced: a retry finds it.
    #[error("the log cannot take entries at the moment: {reason}")]
    NotNow {
        /// Why, for the caller.
        reason: String,
    },
    /// The entry is longer than the log takes.
    #[error("the entry has {found} bytes; the log takes {limit}")]
    TooLarge {
        /// Its length.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// The log has stopped writing after a failure, or is shutting down. The entry may have been sequenced.
    #[error("the log has stopped")]
    Stopped,
}

/// Why an object beside the tree was not stored.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeepError {
    /// The log takes no entries, and so no objects for them.
    #[error(transparent)]
    Closed(AddError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Log {
    pub(crate) fn new(front: Front) -> Self {
        Self(Arc::new(front))
    }

    /// From now on this front, and every clone of it, leads to another opening of the same log; what was begun with the one
    /// before ends with it.
    pub fn replace(&self, other: &Self) {
        let opened = other.opened();
        *self.0.opened.write().unwrap_or_else(PoisonError::into_inner) = opened;
    }

    fn opened(&self) -> Arc<Opened> {
        Arc::clone(&self.0.opened.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Which log this is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The origin, as in the checkpoint.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.0.origin
    }

    /// The keys that verify its checkpoints: the log's, and perhaps an ML-DSA-44 key.
    #[must_use]
    pub fn verifier_keys(&self) -> &[VerifierKey] {
        &self.0.keys
    }

    /// What it counts.
    #[must_use]
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.0.metrics
    }

    /// Sequences an entry. Returns when the checkpoint that contains it is durable and published. The same entry again
    /// returns the same index. To be given up at any time: the entry may then be sequenced or not.
    ///
    /// # Errors
    /// See [`AddError`].
    pub async fn add(&self, submission: Submission) -> Result<Added, AddError> {
        self.coming().add(submission).await
    }

    /// Begins to check what is to be added.
    #[must_use]
    pub fn coming(&self) -> Coming<'_> {
        let opened = self.opened();
        let checking = opened.queue.check();
        Coming { log: self, opened, checking }
    }

    /// The newest published checkpoint.
    #[must_use]
    pub fn published(&self) -> Option<Arc<Published>> {
        self.opened().published.borrow().clone()
    }

    /// Completes with each new checkpoint; misses those that were replaced before it was asked.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Option<Arc<Published>>> {
        self.opened().published.clone()
    }

    /// Adds a cosignature that has arrived to the published checkpoint, if that still has the text that was cosigned. The
    /// line must have been verified. Returns whether it was added.
    #[must_use]
    pub fn add_cosignature(&self, text: &str, line: &Signature) -> bool {
        self.opened().publish.send_if_modified(|published| {
            let with = published.as_ref().and_then(|now| with_line(now, text, line.clone()));
            let added = with.is_some();
            if added {
                *published = with;
            }
            added
        })
    }

    /// A tile as it is in some published tree, of any width up to the current one; `None` if it is not published yet.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn tile(&self, tile: Tile) -> Result<Option<Bytes>, ReadError> {
        let opened = self.opened();
        opened.reader.tile(tile, opened.size()).await
    }

    /// An entry bundle (signature log) or data tile (certificate log), likewise.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn entries(&self, bundle: EntryBundle) -> Result<Option<Bytes>, ReadError> {
        let opened = self.opened();
        opened.reader.bundle(bundle, opened.size()).await
    }

    /// The file that a full bundle is, if it is one already; for handing to the system.
    #[must_use]
    pub fn entries_file(&self, bundle: EntryBundle) -> Option<File> {
        let reader = &self.opened().reader;
        (bundle.width() == FULL_WIDTH).then(|| reader.objects.file(&reader.kind.bundle_name(bundle)))?
    }

    /// Proofs in the tree of a published checkpoint of `size` leaves.
    #[must_use]
    pub fn proofs(&self, size: u64) -> Proofs {
        Proofs::new(self.opened().reader.clone(), size)
    }

    /// The hashes of a proof in a published tree.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn carry_out(&self, plan: &Plan) -> Result<Vec<Hash>, ReadError> {
        let opened = self.opened();
        opened.reader.carry_out(plan, opened.size()).await
    }

    /// An object beside the tree: `issuer/<hex>`.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn object(&self, name: &str) -> Result<Option<Bytes>, ReadError> {
        Ok(self.opened().reader.objects.get(name).await?)
    }

    /// Stores an object beside the tree and returns when it is durable; does nothing if it is there already. For issuers
    /// (LOG rule 10).
    ///
    /// # Errors
    /// [`KeepError`].
    pub async fn keep_object(&self, name: &str, value: &[u8]) -> Result<(), KeepError> {
        let opened = self.opened();
        match opened.queue.closed() {
            None => {}
            // No entry will ever need it.
            Some(AddError::Frozen) => return Ok(()),
            // It might be forgotten before the log takes entries again.
            Some(error) => return Err(KeepError::Closed(error)),
        }
        if opened.kept().contains(name) {
            return Ok(());
        }
        // Also if it is there: whoever put it may not have flushed it yet.
        opened.reader.objects.keep(name, Bytes::copy_from_slice(value)).await?;
        let mut kept = opened.kept();
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(name.to_owned());
        Ok(())
    }

    /// How many submissions wait, and how many may.
    #[must_use]
    pub fn queue(&self) -> (usize, usize) {
        self.opened().queue.depth()
    }

    /// Whether entries are taken now, and if not, why: for `/readyz`.
    ///
    /// # Errors
    /// The reason.
    pub fn ready(&self) -> Result<(), AddError> {
        self.opened().queue.trouble().map_or(Ok(()), Err)
    }

    /// Takes no more entries from the next round on, for ever (LOG rule 11).
    pub fn freeze(&self) {
        self.opened().queue.ask_to_freeze();
    }

    /// Takes no entries, for a log that is only read; a frozen one keeps saying that it is.
    pub fn refuse(&self, reason: impl Into<String>) {
        if !matches!(self.opened().queue.closed(), Some(AddError::Frozen)) {
            self.opened().queue.close(Some(AddError::NotNow { reason: reason.into() }));
        }
    }

    /// Finishes what waits, settles, and stops.
    pub fn stop(&self) {
        self.opened().queue.ask_to_stop();
    }
}

/// A read failed on behalf of somebody who adds.
pub(crate) fn not_now(error: impl std::error::Error) -> AddError {
    AddError::NotNow { reason: error.to_string() }
}

fn result_of(added: &Result<Added, AddError>) -> AddResult {
    match added {
        Ok(added) if added.duplicate => AddResult::Duplicate,
        Ok(_) => AddResult::Added,
        Err(AddError::Full { .. }) => AddResult::Full,
        Err(AddError::Frozen) => AddResult::Frozen,
        Err(AddError::NotNow { .. }) => AddResult::NotNow,
        Err(AddError::TooLarge { .. }) => AddResult::TooLarge,
        Err(AddError::Stopped) => AddResult::Stopped,
    }
}
