//! One round, from what waits to the answers. The order of the writes is the subject of ADR 5.

use super::{
    AddError, EngineError, Kind, LockValue, Sequencer, Shape, Step,
    batch::Batch,
    handle::not_now,
    queue::{Place, Waiting},
    record::Sealed,
    sequencer::{Why, refuse},
};
use bytes::Bytes;
use sealwax_crypto::hex;
use sealwax_store::{Cell, LockStore, ObjectStore, StoreError, Swap};
use sealwax_tlog::Hash;
use std::{collections::HashMap, mem, time::Instant};

/// What became of a swap.
enum Swapped {
    /// It is the truth.
    Done,
    /// Another replica was first, or nobody knows: the lock has to be looked at.
    Unclear,
    /// The store refused it, certainly without effect.
    Refused(StoreError),
}

/// Submissions that have their place.
#[derive(Default)]
struct Sorted {
    /// In the order of their indices.
    fresh: Vec<Fresh>,
    /// With the index and the timestamp of the first.
    known: Vec<(Waiting, u64, u64)>,
}

impl Sorted {
    fn into_waiting(self) -> impl Iterator<Item = Waiting> {
        let known = self.known.into_iter().map(|(waiting, ..)| waiting);
        self.fresh.into_iter().flat_map(|fresh| fresh.waiting).chain(known)
    }
}

/// One new entry, and everybody who submitted it in this round.
struct Fresh {
    sealed: Sealed,
    waiting: Vec<Waiting>,
}

impl<S: ObjectStore + LockStore + 'static> Sequencer<S> {
    /// One round. Returns whether there is a new lock value.
    pub(super) async fn round(&mut self, why: Why) -> Result<bool, EngineError> {
        if self.stale {
            self.catch_up().await?;
        }
        let waiting = self.collect();
        if self.lock.frozen.is_some() {
            waiting.into_iter().for_each(|waiting| refuse(waiting, AddError::Frozen));
            return if matches!(why, Why::Work | Why::Freeze) {
                Ok(false)
            } else {
                self.sequence(why, Vec::new()).await
            };
        }
        self.sequence(why, waiting).await
    }

    async fn sequence(&mut self, why: Why, waiting: Vec<Waiting>) -> Result<bool, EngineError> {
        let start = Instant::now();
        let Some(timestamp) = self.timestamp() else {
            let reason = "the clock is behind the log's last timestamp".to_owned();
            let error = AddError::NotNow { reason };
            // Whoever asks whether the log is ready hears of it, and the clock is looked at again soon.
            self.queue.report_trouble(Some(error.clone()));
            waiting.into_iter().for_each(|waiting| refuse(waiting, error.clone()));
            return Ok(false);
        };
        let sorted = self.sort_out(waiting, timestamp).await?;
        if sorted.fresh.is_empty() && why == Why::Work {
            self.answer(sorted);
            return Ok(false);
        }
        let old = self.lock.size;
        let Some(mut next) = self.stage(&sorted, timestamp).await? else {
            self.take_back(sorted);
            return Ok(false);
        };
        if why == Why::Freeze {
            next.frozen = Some(timestamp);
        }
        let early = self.skips(Step::SignAfterSwap).then(|| self.signing.sign(&next)).transpose()?;
        match self.swap_in(next).await? {
            Swapped::Done => self.queue.report_trouble(None),
            Swapped::Unclear => {
                self.take_back(sorted);
                return Ok(false);
            }
            Swapped::Refused(error) => return self.give_up(sorted, &error).await.map(|()| false),
        }
        if !self.skips(Step::ApplyBeforePublish) {
            self.apply(old).await?;
        }
        if self.skips(Step::PublishBeforeReply) {
            self.answer(sorted);
            let note = self.signing.sign(&self.lock)?;
            return self.publish(&note).await.map(|()| true);
        }
        let published = self.sign_and_publish(early).await?;
        let identities: Vec<Hash> = sorted.fresh.iter().map(|fresh| fresh.sealed.identity).collect();
        if !identities.is_empty() {
            self.absorb(old, &identities);
        }
        // Before the answers: whoever has one finds its round counted.
        let entries = sorted.fresh.len() as u64;
        if entries > 0 {
            self.metrics.rounds.add(1);
            self.metrics.round_entries.observe(entries);
            self.metrics.round_seconds.time(start.elapsed());
        } else {
            self.metrics.resigned.add(1);
        }
        if published {
            self.answer(sorted);
        } else {
            self.refuse_all(sorted);
        }
        self.reader.edge_mut().prune();
        Ok(true)
    }

    /// What waits, up to the limits of a batch.
    fn collect(&mut self) -> Vec<Waiting> {
        let mut waiting = mem::take(&mut self.carried);
        let entries = self.config.batch_entries.saturating_sub(waiting.len());
        if entries > 0 {
            waiting.extend(self.queue.take(entries, self.config.batch_bytes));
        }
        // Whoever has hung up gets no entry.
        waiting.retain(|waiting| !waiting.reply.is_closed());
        self.metrics.queue.set(self.queue.depth().0 as u64);
        waiting
    }

    /// The time of this round, milliseconds since 1970; `None` if a certificate log's clock is behind (LOG rule 10).
    fn timestamp(&self) -> Option<u64> {
        let (now, last) = (self.host.now_ms(), self.lock.timestamp);
        if self.skips(Step::TimestampsRise) {
            return Some(now);
        }
        match self.config.kind {
            Kind::Certificate if now < last => None,
            _ => Some(now.max(last)),
        }
    }

    /// Finds what is there already, and gives indices to the rest, whose leaves and records go to the edge.
    async fn sort_out(&mut self, waiting: Vec<Waiting>, timestamp: u64) -> Result<Sorted, EngineError> {
        let mut sorted = Sorted::default();
        let mut here: HashMap<Hash, usize> = HashMap::with_capacity(waiting.len());
        for waiting in waiting {
            let identity = waiting.submission.identity;
            if let Some(fresh) = here.get(&identity).and_then(|at| sorted.fresh.get_mut(*at)) {
                fresh.waiting.push(waiting);
                continue;
            }
            match self.find(&identity).await {
                Ok(Some((index, timestamp))) => sorted.known.push((waiting, index, timestamp)),
                Err(error) => refuse(waiting, error),
                Ok(None) => {
                    let mut edge = self.reader.edge_mut();
                    let index = edge.tree.size();
                    if index > self.config.kind.max_index() {
                        refuse(waiting, AddError::NotNow { reason: "the log has no index left".to_owned() });
                        continue;
                    }
                    let sealed = self.config.kind.seal(&waiting.submission, index, timestamp)?;
                    edge.tree.push(sealed.leaf);
                    edge.entries.push(&sealed.record);
                    here.insert(identity, sorted.fresh.len());
                    sorted.fresh.push(Fresh { sealed, waiting: vec![waiting] });
                }
            }
        }
        Ok(sorted)
    }

    /// Index and timestamp of an entry that is in the log (LOG rule 9).
    async fn find(&mut self, identity: &Hash) -> Result<Option<(u64, u64)>, AddError> {
        let candidates = self.index.candidates(identity).map_err(|error| self.index_failed(error))?;
        if candidates.absorbed() < self.lock.size && !self.skips(Step::AbsorbBeforeMiss) {
            let reason = "the index of entries is behind the log".to_owned();
            return Err(AddError::NotNow { reason });
        }
        for candidate in candidates {
            let index = candidate.map_err(|error| self.index_failed(error))?;
            if self.skips(Step::CompareLeaf) {
                return Ok(Some((index, 0)));
            }
            let facts = self.reader.facts(index, self.lock.size).await.map_err(not_now)?;
            if facts.identity == *identity {
                return Ok(Some((index, facts.timestamp)));
            }
        }
        Ok(None)
    }

    /// Stages the batch, and makes the lock value that will name it. `None`: it is not known to be staged, and no lock
    /// value may name it.
    async fn stage(&mut self, sorted: &Sorted, timestamp: u64) -> Result<Option<LockValue>, EngineError> {
        self.round += 1;
        let (size, root) = {
            let edge = self.reader.edge();
            (edge.tree.size(), edge.tree.root())
        };
        let mut next = LockValue {
            writer: self.writer,
            round: self.round,
            size,
            root,
            timestamp,
            settled: self.settled,
            ..self.lock.clone()
        };
        if self.skips(Step::FreshNames) {
            (next.round, next.writer) = (self.lock.round, self.lock.writer);
        }
        if !sorted.fresh.is_empty() {
            let nonce = if self.skips(Step::FreshNames) { [0; 16] } else { self.host.random() };
            let name = format!("staged/{size}-{}-{}", hex(root.get(..8).unwrap_or_default()), hex(&nonce));
            let records: Vec<Bytes> = sorted.fresh.iter().map(|fresh| fresh.sealed.record.clone()).collect();
            self.count_unsettled(&records);
            let batch = Batch { start: self.lock.size, previous: self.lock.batch.clone(), records };
            if !self.skips(Step::StageBeforeSwap) {
                let staged = self.store.stage(&name, batch.to_bytes()).await;
                if self.unless_shared(staged)?.is_none() {
                    return Ok(None);
                }
            }
            self.staged.push((size, name.clone()));
            next.batch = Some(name);
        }
        Ok(Some(next))
    }

    /// Makes `next` the truth, and makes sure that it is (LOG rules 1 and 3).
    async fn swap_in(&mut self, next: LockValue) -> Result<Swapped, EngineError> {
        let start = Instant::now();
        let value = Bytes::from(next.to_string());
        let mut expected = self.version.clone();
        if self.skips(Step::SwapConditionally)
            && let Ok(Some(now)) = self.store.load(Cell::Lock).await
        {
            expected = now.version;
        }
        let alone = self.config.shape == Shape::Exclusive;
        let swapped = match self.store.swap(Cell::Lock, Some(&expected), value.clone()).await {
            Err(error @ StoreError::Failed { .. }) if alone => return Ok(Swapped::Refused(error)),
            swapped => self.unless_shared(swapped)?,
        };
        let version = match swapped {
            Some(Swap::Done(version)) => version,
            Some(Swap::Lost) if alone => return Err(EngineError::SecondWriter),
            Some(Swap::Lost) => {
                self.metrics.swaps_lost.add(1);
                return Ok(Swapped::Unclear);
            }
            None => return Ok(Swapped::Unclear),
        };
        if !self.skips(Step::ReadBack) {
            let read = self.store.load(Cell::Lock).await;
            let read = self.unless_shared(read)?.flatten();
            if read.is_none_or(|read| read.version != version || read.value != value) {
                return if alone { Err(EngineError::SecondWriter) } else { Ok(Swapped::Unclear) };
            }
        }
        self.metrics.flush_seconds.time(start.elapsed());
        (self.lock, self.version) = (next, version);
        self.delete_settled().await?;
        Ok(Swapped::Done)
    }

    /// The disk had no room, or something like that: the round has not happened, and the log goes on.
    async fn give_up(&mut self, sorted: Sorted, error: &StoreError) -> Result<(), EngineError> {
        self.metrics.store_failures.add(1);
        self.queue.report_trouble(Some(not_now(error)));
        self.reader.edge_mut().truncate(self.lock.size);
        if !sorted.fresh.is_empty()
            && let Some((_, name)) = self.staged.pop()
        {
            self.store.delete(&name).await?;
        }
        sorted.into_waiting().for_each(|waiting| refuse(waiting, not_now(error)));
        Ok(())
    }

    /// The entries are sequenced and not published: a retry will find them.
    fn refuse_all(&self, sorted: Sorted) {
        let error = self.queue.closed().unwrap_or(AddError::Stopped);
        sorted.into_waiting().for_each(|waiting| refuse(waiting, error.clone()));
    }

    /// A round that is not known to be the truth: its entries go back to those that wait. If they were sequenced after all,
    /// the next round finds them by their leaves, which decide, and never the lock alone (LOG rule 3).
    fn take_back(&mut self, sorted: Sorted) {
        self.stale = true;
        if self.skips(Step::TakeBackLostBatch) {
            return;
        }
        self.reader.edge_mut().truncate(self.lock.size);
        let mut waiting: Vec<Waiting> = sorted.into_waiting().collect();
        waiting.append(&mut self.carried);
        self.carried = waiting;
    }

    /// Answers everybody of a round that is published.
    fn answer(&mut self, sorted: Sorted) {
        let Some(published) = self.publish.borrow().clone() else { return };
        let edge = self.reader.edge();
        let prover = edge.tree.prover();
        let timestamp = self.lock.timestamp;
        let start = self.lock.size - sorted.fresh.len() as u64;
        for (index, fresh) in (start..).zip(sorted.fresh) {
            let proof = prover.prove(index);
            for (nth, waiting) in fresh.waiting.into_iter().enumerate() {
                let proof = proof.clone().filter(|_| nth == 0);
                let published = published.clone();
                let _ = waiting.reply.send(Ok(Place { index, timestamp, proof, published }));
            }
        }
        for (waiting, index, timestamp) in sorted.known {
            let published = published.clone();
            let _ = waiting.reply.send(Ok(Place { index, timestamp, proof: None, published }));
        }
    }
}
