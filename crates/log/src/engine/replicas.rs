//! Several replicas on one store: rolling forward what others swapped in.

use super::{EngineError, LockValue, Published, ReadError, Sequencer, Shape, Step, open::read_lock};
use sealwax_store::{Cell, LockStore, ObjectStore, Swap};
use sealwax_tlog::SignedCheckpoint;
use std::time::Duration;

/// How long to wait before a store that failed is asked again.
pub(crate) const PAUSE: Duration = Duration::from_millis(100);

impl<S: ObjectStore + LockStore + 'static> Sequencer<S> {
    /// Brings this replica to what the lock value says now, and makes sure that the tiles of that round are durable and its
    /// checkpoint is published, whoever swapped it in.
    pub(crate) async fn catch_up(&mut self) -> Result<(), EngineError> {
        if self.config.shape == Shape::Exclusive {
            return Ok(());
        }
        while !self.roll_forward().await? {
            self.host.sleep(PAUSE).await;
        }
        self.stale = false;
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
            self.feed_index().await?;
            return Ok(true);
        }
        self.apply(from).await?;
        self.feed_index().await?;
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

    /// Puts the checkpoint where readers of the bucket find it, unless a newer one is there.
    pub(crate) async fn publish_object(&mut self, published: &Published) -> Result<(), EngineError> {
        loop {
            let Ok(now) = self.store.load(Cell::Checkpoint).await else {
                self.host.sleep(PAUSE).await;
                continue;
            };
            let size = now.as_ref().and_then(|now| {
                let note = SignedCheckpoint::parse(std::str::from_utf8(&now.value).ok()?).ok()?;
                Some(note.unverified().size().0)
            });
            if size.is_some_and(|size| size > published.size) && !self.skips(Step::PublishOnlyUpwards) {
                return Ok(());
            }
            let version = now.as_ref().map(|now| &now.version);
            if let Ok(Swap::Done(_)) =
                self.store.swap(Cell::Checkpoint, version, published.note.clone()).await
            {
                return Ok(());
            }
            self.host.sleep(PAUSE).await;
        }
    }
}
