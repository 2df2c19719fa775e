//! The right edge of the log in memory: of the tree, and of the entries.

use super::{Kind, record::RecordError, tree::Tree};
use bytes::Bytes;
use sealwax_tlog::tile::{EntryBundle, FULL_WIDTH};

/// What readers and the sequencer share. It may be ahead of what is published: readers cut by published sizes.
#[derive(Debug)]
pub(crate) struct Edge {
    pub(crate) tree: Tree,
    pub(crate) entries: Entries,
}

/// The entries from the start of the unfinished bundle on, as they stand there.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    /// Index of the first one: a multiple of 256.
    first: u64,
    bytes: Vec<u8>,
    /// Where each one ends.
    ends: Vec<usize>,
}

impl Edge {
    pub(crate) fn empty() -> Self {
        Self { tree: Tree::empty(), entries: Entries::default() }
    }

    /// Adds entries as they stand in a batch.
    pub(crate) fn push_all(&mut self, kind: Kind, records: &[Bytes]) -> Result<(), RecordError> {
        for record in records {
            self.tree.push(kind.read(record)?.leaf);
            self.entries.push(record);
        }
        Ok(())
    }

    /// Takes back all entries from `size` on.
    pub(crate) fn truncate(&mut self, size: u64) {
        self.tree.truncate(size);
        self.entries.truncate(size);
    }

    /// Forgets what lies in full tiles.
    pub(crate) fn prune(&mut self) {
        self.tree.prune();
        self.entries.prune(self.tree.size());
    }
}

impl Entries {
    /// The entries of the unfinished bundle of a log of `size` entries.
    pub(crate) fn from_bundle(kind: Kind, size: u64, bundle: &[u8]) -> Result<Self, RecordError> {
        let mut entries = Self { first: size - size % u64::from(FULL_WIDTH), ..Self::default() };
        let mut rest = bundle;
        for _ in entries.first..size {
            let (record, after) = rest.split_at_checked(kind.length(rest)?).ok_or(RecordError::CutOff)?;
            entries.push(record);
            rest = after;
        }
        if rest.is_empty() { Ok(entries) } else { Err(RecordError::CutOff) }
    }

    pub(crate) fn push(&mut self, record: &[u8]) {
        self.bytes.extend_from_slice(record);
        self.ends.push(self.bytes.len());
    }

    /// The bundle, if it lies in what is kept and is that wide.
    pub(crate) fn bundle(&self, bundle: EntryBundle) -> Option<Bytes> {
        let start = bundle.index().checked_mul(u64::from(FULL_WIDTH))?.checked_sub(self.first)?;
        let start = usize::try_from(start).ok()?;
        let (from, to) = (self.end_of(start)?, self.end_of(start + usize::from(bundle.width()))?);
        self.bytes.get(from..to).map(Bytes::copy_from_slice)
    }

    fn truncate(&mut self, size: u64) {
        let keep = usize::try_from(size.saturating_sub(self.first)).unwrap_or(usize::MAX);
        self.ends.truncate(keep);
        self.bytes.truncate(self.ends.last().copied().unwrap_or(0));
    }

    fn prune(&mut self, size: u64) {
        let first = size - size % u64::from(FULL_WIDTH);
        let done = usize::try_from(first.saturating_sub(self.first)).unwrap_or(usize::MAX);
        if let Some(end) = self.end_of(done).filter(|_| done > 0) {
            self.bytes.drain(..end);
            self.ends.drain(..done);
            self.ends.iter_mut().for_each(|at| *at -= end);
            self.first = first;
            // One round may have been much larger than the next ones.
            self.bytes.shrink_to(self.bytes.len().saturating_mul(2).max(1 << 20));
        }
    }

    /// Where the first `count` entries end.
    fn end_of(&self, count: usize) -> Option<usize> {
        count.checked_sub(1).map_or(Some(0), |last| self.ends.get(last).copied())
    }
}
