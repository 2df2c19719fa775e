//! Settling: bringing the tiles of one size, partial ones too, durably into the store, so that batches can go.

use super::{EngineError, Sequencer, Shape, Step, tree::Tree};
use bytes::Bytes;
use sealwax_store::{Cell, LockStore, ObjectStore, StoreError};
use std::{
    future::Future,
    pin::Pin,
    task::Poll,
    time::{Duration, Instant},
};

/// The tiles of a size are on their way to the disk.
pub(crate) struct Settling {
    size: u64,
    /// The checkpoint of that very size.
    note: Bytes,
    start: Instant,
    flush: Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>>,
    done: Option<Result<(), StoreError>>,
}

impl Settling {
    /// Completes when the flush has. May be dropped and called again.
    pub(crate) async fn wait(&mut self) {
        if self.done.is_none() {
            self.done = Some(self.flush.as_mut().await);
        }
    }

    /// Looks whether the flush has completed.
    async fn poll(&mut self) -> bool {
        if self.done.is_none() {
            let flush = &mut self.flush;
            self.done = std::future::poll_fn(|context| match flush.as_mut().poll(context) {
                Poll::Ready(done) => Poll::Ready(Some(done)),
                Poll::Pending => Poll::Ready(None),
            })
            .await;
        }
        self.done.is_some()
    }
}

impl<S: ObjectStore + LockStore + 'static> Sequencer<S> {
    /// Begins a settling if enough is staged, and ends the one that is done.
    pub(crate) async fn settle_on(&mut self) -> Result<(), EngineError> {
        if self.config.shape == Shape::Shared {
            return Ok(());
        }
        if let Some(settling) = &mut self.settling
            && settling.poll().await
        {
            self.end_settling().await?;
        }
        let is_due = |since| self.host.now_ms().abs_diff(since) >= millis(self.config.settle_every);
        let is_due = self.unsettled >= self.config.settle_bytes || self.unsettled_since.is_some_and(is_due);
        if self.settling.is_none() && is_due {
            self.begin_settling().await?;
        }
        Ok(())
    }

    /// Records that are staged and not yet in the static files.
    pub(crate) fn count_unsettled(&mut self, records: &[Bytes]) {
        self.unsettled += records.iter().map(Bytes::len).sum::<usize>();
        self.unsettled_since.get_or_insert_with(|| self.host.now_ms());
    }

    /// Settles, says so in the lock value, and deletes what needs not be staged any more: an orderly stop.
    pub(crate) async fn finish(&mut self) -> Result<(), EngineError> {
        if self.config.shape == Shape::Exclusive {
            if let Some(settling) = &mut self.settling {
                settling.wait().await;
                self.end_settling().await?;
            }
            let file = self.store.load(Cell::Checkpoint).await?.map(|file| file.value);
            let current = self.publish.borrow().as_ref().map(|published| published.note.clone());
            if self.lock.settled < self.lock.size || file != current {
                self.begin_settling().await?;
                if let Some(settling) = &mut self.settling {
                    settling.wait().await;
                }
                self.end_settling().await?;
                self.say_settled().await?;
            }
            self.store.flush().await?;
        }
        Ok(self.index.flush()?)
    }

    pub(crate) async fn begin_settling(&mut self) -> Result<(), EngineError> {
        let Some(published) = self.publish.borrow().clone() else { return Ok(()) };
        let size = self.lock.size;
        // A checkpoint without its quorum is not for copies either.
        if published.size != size {
            return Ok(());
        }
        for tile in Tree::edge_tiles(size) {
            self.put_tile(tile, true).await?;
        }
        (self.unsettled, self.unsettled_since) = (0, None);
        if self.skips(Step::FlushBeforeSettled) {
            self.settled = size;
        }
        let store = self.store.clone();
        self.settling = Some(Settling {
            size,
            note: published.note.clone(),
            start: Instant::now(),
            flush: Box::pin(async move { store.flush().await }),
            done: None,
        });
        Ok(())
    }

    async fn end_settling(&mut self) -> Result<(), EngineError> {
        let Some(settling) = self.settling.take_if(|settling| settling.done.is_some()) else { return Ok(()) };
        match settling.done.unwrap_or(Ok(())) {
            // No room: what was put waits in the store, and is flushed with what the next settling puts.
            Err(StoreError::Failed { .. }) => {
                self.metrics.store_failures.add(1);
                self.unsettled = self.config.settle_bytes / 2;
                self.unsettled_since = Some(self.host.now_ms());
                return Ok(());
            }
            done => done?,
        }
        self.settled = settling.size;
        self.metrics.settles.add(1);
        self.metrics.settle_seconds.time(settling.start.elapsed());
        self.metrics.settled_size.set(settling.size);
        // For copies of the directory: the partial tiles of this very size are there (LOG rule 6).
        let now = self.store.load(Cell::Checkpoint).await?;
        let expected = now.as_ref().map(|now| &now.version);
        self.store.swap(Cell::Checkpoint, expected, settling.note).await?;
        if self.skips(Step::SettledBeforeDelete) {
            self.lock.settled = self.settled;
            self.delete_settled().await?;
        }
        Ok(())
    }

    /// Deletes the staged batches that the lock value does not need any more. With other replicas about, the last two
    /// stay, for those that are late (LOG rule 2).
    pub(crate) async fn delete_settled(&mut self) -> Result<(), EngineError> {
        let needless = self.staged.iter().take_while(|(end, _)| *end <= self.lock.settled).count();
        let late = if self.config.shape == Shape::Shared { 2 } else { 0 };
        let staged: Vec<_> = self.staged.drain(..needless.saturating_sub(late)).collect();
        for (_, name) in staged {
            let deleted = self.store.delete(&name).await;
            self.unless_shared(deleted)?;
        }
        Ok(())
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
