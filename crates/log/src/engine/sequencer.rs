//! The sequencer: one round after the other.

use super::{
    AddError, Config, EngineError, Host, LockValue, Published, Shape, Signing, Step,
    queue::{Queue, Waiting},
    reader::Reader,
    settle::Settling,
};
use crate::{index::Index, metrics::Metrics};
use bytes::Bytes;
use sealwax_store::{LockStore, ObjectStore, StoreError, Version};
use sealwax_tlog::Note;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// Puts entries in order. To be driven by one task; nothing else changes the log.
pub struct Sequencer<S> {
    pub(crate) store: Arc<S>,
    pub(crate) config: Config,
    pub(crate) signing: Signing,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) index: Arc<Index>,
    pub(crate) reader: Reader,
    pub(crate) queue: Arc<Queue>,
    pub(crate) publish: Arc<watch::Sender<Option<Arc<Published>>>>,
    pub(crate) metrics: Arc<Metrics>,
    /// What we know of the truth, and its version. The edge is at its size between rounds.
    pub(crate) lock: LockValue,
    pub(crate) version: Version,
    /// Random per start.
    pub(crate) writer: [u8; 16],
    /// The highest round number seen or tried.
    pub(crate) round: u64,
    /// Submissions of a round that was lost.
    pub(crate) carried: Vec<Waiting>,
    /// Batches that are still staged, with the size they lead to, oldest first.
    pub(crate) staged: Vec<(u64, String)>,
    /// Bytes staged since the last settling began.
    pub(crate) unsettled: usize,
    /// When the first of them were, by the host's clock.
    pub(crate) unsettled_since: Option<u64>,
    /// What the next lock value says is settled.
    pub(crate) settled: u64,
    pub(crate) settling: Option<Settling>,
    /// The lock may be another one than we know.
    pub(crate) stale: bool,
    /// The checkpoint of the lock value is not published yet: the quorum of witnesses is missing.
    pub(crate) withheld: bool,
    /// The index has lost what it knew from this leaf on.
    pub(crate) damaged_from: Option<u64>,
    /// The runs of the index are of this log.
    pub(crate) runs_are_ours: bool,
    /// The index could not be brought up to the log.
    pub(crate) index_fails: bool,
    /// How often a store that fails is asked again after a stop was asked for.
    pub(crate) attempts_left: u32,
    /// When the last checkpoint was signed, by the host's clock.
    pub(crate) signed_at: u64,
}

/// How long until what could not be done is tried again.
pub(crate) const PAUSE: Duration = Duration::from_secs(1);

/// Why there is a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Something waits.
    Work,
    /// Nothing has happened for long.
    Idle,
    /// Nothing waits any more, and nothing will.
    Stop,
    /// The log is to take no more entries.
    Freeze,
    /// It is time to see what is due: rounds of other replicas, a settling, an index that failed.
    Look,
    /// A settling has ended, and is looked after at the end of every turn.
    Settled,
}

impl<S: ObjectStore + LockStore + 'static> Sequencer<S> {
    /// Sequences until [`Log::stop`](super::Log::stop) is called.
    ///
    /// # Errors
    /// [`EngineError`]: no more is written, nothing that was acknowledged is lost, what waited gets
    /// [`AddError::Stopped`]. Reads go on. To write again, open the log again.
    pub async fn run(mut self) -> Result<(), EngineError> {
        // What waits is told by the end of `self`, also by an untimely one.
        self.rounds().await
    }

    async fn rounds(&mut self) -> Result<(), EngineError> {
        loop {
            self.mend_index().await;
            if self.withheld && !self.queue.asked_to_stop() {
                self.try_again().await?;
                continue;
            }
            match self.wait().await {
                Why::Stop => return self.finish().await,
                Why::Look => self.catch_up().await?,
                Why::Settled => {}
                Why::Work => self.round(Why::Work).await.map(drop)?,
                why => {
                    if !self.round(why).await? {
                        // The clock is behind, or the disk is full, and may be so for ever; or another replica was first.
                        if self.queue.asked_to_stop() && !self.stale {
                            return self.finish().await;
                        }
                        self.host.sleep(PAUSE).await;
                    } else if self.config.shape == Shape::Exclusive && self.settling.is_none() {
                        self.begin_settling().await?;
                    }
                }
            }
            self.settle_on().await?;
        }
    }

    /// Returns at once if there is something to do.
    async fn wait(&mut self) -> Why {
        let queue = self.queue.clone();
        loop {
            if queue.asked_to_freeze() && self.lock.frozen.is_none() {
                return Why::Freeze;
            }
            if !self.carried.is_empty() || queue.is_ready() {
                return Why::Work;
            }
            if queue.asked_to_stop() {
                return Why::Stop;
            }
            let (pause, why) = self.next();
            tokio::select! {
                biased;
                // It is looked at again: this may have been said of what the round before has taken.
                () = queue.ready() => {}
                () = settled(&mut self.settling) => return Why::Settled,
                () = self.host.sleep(pause) => return why,
            }
        }
    }

    /// What happens next if nothing arrives, and when.
    fn next(&self) -> (Duration, Why) {
        let look_for_others = (self.config.shape == Shape::Shared).then_some(self.config.look_every);
        let settles = self.config.shape == Shape::Exclusive && self.settling.is_none();
        let settle = self.unsettled_since.filter(|_| settles);
        let events = [
            (Some(self.left(self.config.resign_every, self.signed_at)), Why::Idle),
            // Nobody sends anything to a log that is not ready: see for ourselves whether there is room again.
            (self.queue.is_in_trouble().then_some(PAUSE), Why::Idle),
            (self.index_fails.then_some(PAUSE), Why::Look),
            (look_for_others, Why::Look),
            (settle.map(|since| self.left(self.config.settle_every, since)), Why::Look),
        ];
        let events = events.into_iter().filter_map(|(pause, why)| Some((pause?, why)));
        events.min_by_key(|(pause, _)| *pause).unwrap_or((PAUSE, Why::Look))
    }

    /// How much of this time is left since then. A clock that jumps makes it end at once.
    pub(crate) fn left(&self, time: Duration, since: u64) -> Duration {
        let passed = Duration::from_millis(self.host.now_ms().abs_diff(since));
        time.saturating_sub(passed).max(Duration::from_millis(1))
    }

    /// A round without entries, so that the lock value says what is settled.
    pub(crate) async fn say_settled(&mut self) -> Result<(), EngineError> {
        self.round(Why::Stop).await.map(drop)
    }

    /// A failure is the end for a directory (LOG rule 5). With other replicas about, it is a reason to look at the lock.
    pub(crate) fn unless_shared<T>(&self, result: Result<T, StoreError>) -> Result<Option<T>, EngineError> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) => {
                self.metrics.store_failures.add(1);
                match self.config.shape {
                    Shape::Exclusive => Err(error.into()),
                    Shape::Shared => Ok(None),
                }
            }
        }
    }

    /// Makes a checkpoint visible (LOG rule 4).
    pub(crate) async fn publish(&mut self, note: &Note) -> Result<(), EngineError> {
        let published = self.published(note.to_string().into());
        if self.config.shape == Shape::Shared {
            self.publish_object(&published).await?;
        }
        self.signed_at = self.host.now_ms();
        self.show(published);
        Ok(())
    }

    /// A checkpoint of what the lock value says.
    pub(crate) fn published(&self, note: Bytes) -> Published {
        Published {
            size: self.lock.size,
            root: self.lock.root,
            timestamp: self.lock.timestamp,
            note,
            frozen: self.lock.frozen.is_some(),
        }
    }

    pub(crate) fn show(&self, published: Published) {
        self.metrics.tree_size.set(published.size);
        self.metrics.checkpoint_timestamp_ms.set(published.timestamp);
        self.metrics.frozen.set(u64::from(published.frozen));
        if published.frozen {
            self.queue.close(Some(AddError::Frozen));
        }
        self.publish.send_replace(Some(Arc::new(published)));
    }

    /// Whether a test leaves this step out.
    #[cfg(feature = "sabotage")]
    pub(crate) fn skips(&self, step: Step) -> bool {
        self.config.sabotage == Some(step)
    }

    /// Nothing is left out.
    #[cfg(not(feature = "sabotage"))]
    #[expect(clippy::unused_self, reason = "the other one needs it")]
    pub(crate) fn skips(&self, _: Step) -> bool {
        false
    }
}

/// However it ends, whoever waits is told: the senders of their answers go with the queue's content.
impl<S> Drop for Sequencer<S> {
    fn drop(&mut self) {
        self.queue.close(Some(AddError::Stopped));
        drop(self.queue.take_all());
    }
}

/// Completes when a settling is done; never, if there is none.
async fn settled(settling: &mut Option<Settling>) {
    match settling {
        Some(settling) => settling.wait().await,
        None => std::future::pending().await,
    }
}

pub(crate) fn refuse(waiting: Waiting, error: AddError) {
    // Whoever asked may have hung up.
    let _ = waiting.reply.send(Err(error));
}
