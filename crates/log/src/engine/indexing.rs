//! Keeping the index of entries up to the log. It is derived from the log: whatever happens to it is mended, and until then
//! no entries are taken, but it never stops the log.

use super::{AddError, EngineError, Sequencer, Step, handle::not_now, sequencer::refuse};
use crate::index::IndexError;
use sealwax_store::{LockStore, ObjectStore};
use sealwax_tlog::Hash;
use std::mem;

/// How many entries the index is fed at once.
const CHUNK: u64 = 4096;

/// So many entries are fed in less time than a client waits anyhow.
const SHORT: u64 = 16 * CHUNK;

impl<S: ObjectStore + LockStore + 'static> Sequencer<S> {
    /// Adds what has just been sequenced. If that fails, it is fed again before the next round.
    pub(crate) fn absorb(&mut self, first: u64, identities: &[Hash]) {
        if let Err(error) = self.index.absorb(first, identities) {
            self.index_failed(error);
        }
    }

    /// Remembers what is damaged, to be rebuilt before the next round. Whoever asked is told to come back, since an index that
    /// cannot be read says neither that an entry is there nor that it is not (LOG rule 9).
    pub(crate) fn index_failed(&mut self, error: IndexError) -> AddError {
        if let IndexError::Damaged { first, .. } = &error {
            self.damaged_from = Some(self.damaged_from.map_or(*first, |known| known.min(*first)));
        }
        not_now(error)
    }

    /// Brings the index up to the log if it is not; meanwhile reads work, and writes wait or, if it takes long or fails, are
    /// refused (LOG rule 9). After a failure it is to be called again.
    pub(crate) async fn mend_index(&mut self) {
        if self.runs_are_ours && self.damaged_from.is_none() && self.index.absorbed() >= self.lock.size {
            return;
        }
        if self.lock.size.saturating_sub(self.index.absorbed()) > SHORT {
            self.close_for_index(AddError::NotNow {
                reason: "the index of entries is being rebuilt".to_owned(),
            });
        }
        match self.rebuild_index().await {
            Ok(()) => {
                self.index_fails = false;
                // Others who have closed it will open it.
                if !self.withheld && matches!(self.queue.closed(), Some(AddError::NotNow { .. })) {
                    self.queue.close(None);
                }
            }
            Err(error) => {
                self.index_fails = true;
                self.metrics.store_failures.add(1);
                let error = not_now(error);
                self.close_for_index(error.clone());
                let waiting = mem::take(&mut self.carried).into_iter().chain(self.queue.take_all());
                waiting.for_each(|waiting| refuse(waiting, error.clone()));
            }
        }
    }

    fn close_for_index(&self, error: AddError) {
        if self
            .queue
            .closed()
            .is_none_or(|closed| self.index_fails && matches!(closed, AddError::NotNow { .. }))
        {
            self.queue.close(Some(error));
        }
    }

    async fn rebuild_index(&mut self) -> Result<(), EngineError> {
        if !self.runs_are_ours {
            if self.has_stray_run().await? {
                self.damaged_from = Some(0);
            }
            self.runs_are_ours = true;
        }
        while self.damaged_from.is_some() || self.index.absorbed() < self.lock.size {
            if let Some(first) = self.damaged_from {
                self.index.forget_from(first)?;
                self.damaged_from = None;
            }
            self.feed_index().await?;
        }
        Ok(())
    }

    /// A run of the index that ends in another leaf than the log has there is of another history, and so may all be.
    async fn has_stray_run(&mut self) -> Result<bool, EngineError> {
        for (leaf, identity) in self.index.ends() {
            if self.reader.facts(leaf, self.lock.size).await?.identity != identity {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Feeds it until it has the whole log, or is damaged.
    async fn feed_index(&mut self) -> Result<(), EngineError> {
        let size = self.lock.size;
        loop {
            let from = self.index.absorbed();
            if from >= size {
                return Ok(());
            }
            let to = size.min(from - from % CHUNK + CHUNK);
            let identities = match usize::try_from(to - from) {
                Ok(count) if self.skips(Step::AbsorbBeforeMiss) => vec![Hash::default(); count],
                _ => self.reader.identities(from, to, size).await?,
            };
            match self.index.absorb(from, &identities) {
                Err(error @ IndexError::Damaged { .. }) => {
                    self.index_failed(error);
                    return Ok(());
                }
                fed => fed?,
            }
        }
    }
}
