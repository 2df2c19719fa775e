//! Keeping the index of entries up to the log.

use super::{AddError, EngineError, Sequencer, Step, handle::not_now};
use crate::index::IndexError;
use sealwax_store::{LockStore, ObjectStore};
use sealwax_tlog::Hash;

/// How many entries the index is fed at once.
const CHUNK: u64 = 4096;

/// So many entries are fed in less time than a client waits anyhow.
const SHORT: u64 = 16 * CHUNK;

impl<S: ObjectStore + LockStore + 'static> Sequencer<S> {
    /// A run of the index that ends in another leaf than the log has there is of another history, and so may all be.
    pub(crate) async fn stray_run(&mut self) -> Result<Option<u64>, EngineError> {
        for (leaf, identity) in self.index.ends() {
            if self.reader.facts(leaf, self.lock.size).await?.identity != identity {
                return Ok(Some(0));
            }
        }
        Ok(None)
    }

    /// Adds what has just been sequenced.
    pub(crate) fn absorb(&mut self, first: u64, identities: &[Hash]) -> Result<(), EngineError> {
        match self.index.absorb(first, identities) {
            Err(IndexError::Damaged { first, .. }) => self.damaged_from = Some(first),
            result => result?,
        }
        Ok(())
    }

    /// Remembers what is damaged, to be rebuilt before the next round. Whoever asked is told to come back, since an index that
    /// cannot be read says neither that an entry is there nor that it is not (LOG rule 9).
    pub(crate) fn index_failed(&mut self, error: IndexError) -> AddError {
        if let IndexError::Damaged { first, .. } = &error {
            self.damaged_from = Some(self.damaged_from.map_or(*first, |known| known.min(*first)));
        }
        not_now(error)
    }

    /// Rebuilds what the index has lost; meanwhile reads work, and writes wait or, if it takes long, do not (LOG rule 9).
    pub(crate) async fn mend_index(&mut self) -> Result<(), EngineError> {
        if self.damaged_from.is_none() && self.index.absorbed() >= self.lock.size {
            return Ok(());
        }
        if let Some(first) = self.damaged_from.take() {
            self.index.forget_from(first)?;
        }
        let before = self.queue.closed();
        if before.is_none() && self.lock.size - self.index.absorbed() > SHORT {
            let reason = "the index of entries is being rebuilt".to_owned();
            self.queue.close(Some(AddError::NotNow { reason }));
        }
        self.feed_index().await?;
        self.queue.close(before);
        Ok(())
    }

    /// Brings the index to the size of the log.
    pub(crate) async fn feed_index(&mut self) -> Result<(), EngineError> {
        let size = self.lock.size;
        loop {
            let from = self.index.absorbed();
            if from >= size || self.damaged_from.is_some() {
                return Ok(());
            }
            let to = size.min(from - from % CHUNK + CHUNK);
            let identities = match usize::try_from(to - from) {
                Ok(count) if self.skips(Step::AbsorbBeforeMiss) => vec![Hash::default(); count],
                _ => self.reader.identities(from, to, size).await?,
            };
            self.absorb(from, &identities)?;
        }
    }
}
