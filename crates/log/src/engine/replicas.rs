//! Several replicas on one store: rolling forward what others swapped in.

use super::{
    EngineError, LockValue, Published, ReadError, Sequencer, Shape, Step, open::read_lock, signing::FROZEN,
    view::verified,
};
use sealwax_store::{Cell, LockStore, ObjectStore, Swap};
use sealwax_tlog::{CosignerKey, cosignature};
use std::time::Duration;

/// How long to wait before a store that failed is asked again.
const PAUSE: Duration = Duration::from_millis(100);

/// How often it is asked again after the replica was told to stop: for some seconds.
pub(crate) const LAST_ATTEMPTS: u32 = 50;

/// What a checkpoint says of itself, in the order in which one may take the place of another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    size: u64,
    /// A certificate log's does not say so, but has a timestamp.
    is_frozen: bool,
    /// Milliseconds since 1970; 0 if it does not say.
    timestamp: u64,
}

impl<S: ObjectStore + LockStore + 'static> Sequencer<S> {
    /// Brings this replica to what the lock value says now, and makes sure that the tiles of that round are durable and its
    /// checkpoint is published, whoever swapped it in.
    pub(crate) async fn catch_up(&mut self) -> Result<(), EngineError> {
        if self.config.shape == Shape::Exclusive {
            return Ok(());
        }
        while !self.roll_forward().await? {
            self.wait_for_store().await?;
        }
        self.stale = false;
        Ok(())
    }

    /// Waits before the store is asked again; not for ever if the replica is to stop.
    pub(crate) async fn wait_for_store(&mut self) -> Result<(), EngineError> {
        if self.queue.asked_to_stop() {
            self.attempts_left = self.attempts_left.checked_sub(1).ok_or(EngineError::Unfinished)?;
        }
        self.host.sleep(PAUSE).await;
        Ok(())
    }

    /// `false`: the store failed, or the lock has moved on meanwhile.
    async fn roll_forward(&mut self) -> Result<bool, EngineError> {
        let loaded = self.store.load(Cell::Lock).await;
        let Some(versioned) = self.unless_shared(loaded)? else { return Ok(false) };
        let versioned = versioned.ok_or(EngineError::NotCreated)?;
        if versioned.version == self.version {
            return Ok(true);
        }
        let lock = read_lock(&versioned, &self.signing)?;
        let old = self.lock.size;
        self.round = self.round.max(lock.round);
        if lock.size < old || (lock.size == old && lock.root != self.lock.root) {
            return Err(EngineError::Rewound { from: old, to: lock.size });
        }
        let from = match self.fetch(&lock).await {
            // The batch or the store is gone for the moment: whoever swapped it in may have gone on.
            Err(
                EngineError::Read(ReadError::Missing { .. } | ReadError::Store(_)) | EngineError::Store(_),
            ) => {
                return Ok(false);
            }
            result => result?,
        };
        (self.lock, self.version) = (lock, versioned.version);
        if self.skips(Step::RollForward) {
            self.reader.edge_mut().prune();
            self.mend_index().await;
            return Ok(true);
        }
        self.apply(from).await?;
        self.mend_index().await;
        self.sign_and_publish(None).await?;
        self.reader.edge_mut().prune();
        self.delete_settled().await?;
        self.metrics.rolled_forward.add(1);
        Ok(true)
    }

    /// Brings the edge to the size of `lock`. Returns from which size on the tiles may not be durable.
    async fn fetch(&mut self, lock: &LockValue) -> Result<u64, EngineError> {
        let mut from = self.reader.edge().tree.size();
        // After an attempt that failed half-way, or if others have gone on by more than one round.
        if from != self.lock.size || lock.settled > from {
            from = lock.settled;
            self.load_edge(from).await?;
        }
        let replayed = self.replay(lock, from).await;
        if replayed.is_err() {
            self.reader.edge_mut().truncate(from);
        }
        replayed.map(|_| from)
    }

    /// Puts the checkpoint where readers of the bucket find it, unless a newer one is there: a larger one, or of the same size
    /// a frozen or a later one.
    pub(crate) async fn publish_object(&mut self, published: &Published) -> Result<(), EngineError> {
        let own = self.rank(&published.note);
        loop {
            let Ok(now) = self.store.load(Cell::Checkpoint).await else {
                self.wait_for_store().await?;
                continue;
            };
            // What this log has not signed is no checkpoint of it.
            let there = now.as_ref().and_then(|now| self.rank(&now.value));
            if there.is_some_and(|there| self.keeps(there, own, published.size)) {
                return Ok(());
            }
            let version = now.as_ref().map(|now| &now.version);
            if let Ok(Swap::Done(_)) =
                self.store.swap(Cell::Checkpoint, version, published.note.clone()).await
            {
                return Ok(());
            }
            self.wait_for_store().await?;
        }
    }

    /// Whether the checkpoint that is there stays, and ours, of this size, does not take its place.
    fn keeps(&self, there: Rank, own: Option<Rank>, size: u64) -> bool {
        match own {
            Some(own) if there.size == own.size => there > own && !self.skips(Step::PublishOnlyNewer),
            _ => there.size > size && !self.skips(Step::PublishOnlyUpwards),
        }
    }

    /// `None`: this log has not signed it.
    fn rank(&self, note: &[u8]) -> Option<Rank> {
        let (signed, timestamp) = verified(note, &self.signing).ok()?;
        let is_frozen = signed.note().text().lines().any(|line| line.starts_with(FROZEN));
        // A second key says when it signed.
        let second = self.signing.verifier_keys().find_map(|key| CosignerKey::new(key.clone()).ok());
        let second = second.and_then(|key| cosignature::verify(&signed, &key).ok());
        let timestamp = timestamp.or(second.map(|time| time.0.saturating_mul(1000))).unwrap_or(0);
        Some(Rank { size: signed.unverified().size().0, is_frozen, timestamp })
    }
}
