use super::fingerprint;
use sealwax_tlog::Hash;
use std::collections::{BTreeSet, btree_set};

/// Consecutive leaves in memory. An ordered set rather than a hash table: it is written in its order, a leaf can share
/// its fingerprint with others, and no choice of fingerprints makes it slow.
#[derive(Debug)]
pub(super) struct Chunk {
    first: u64,
    /// The identity of the last leaf.
    last: Hash,
    /// Fingerprint and leaf.
    records: BTreeSet<(u64, u64)>,
}

impl Chunk {
    pub(super) fn new(first: u64) -> Self {
        Self { first, last: [0; 32], records: BTreeSet::new() }
    }

    pub(super) fn first(&self) -> u64 {
        self.first
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// The leaf after the last.
    pub(super) fn end(&self) -> u64 {
        self.first + self.records.len() as u64
    }

    pub(super) fn last(&self) -> &Hash {
        &self.last
    }

    pub(super) fn append(&mut self, identities: &[Hash]) {
        let leaves = self.end()..;
        self.records.extend(identities.iter().map(fingerprint).zip(leaves));
        if let Some(last) = identities.last() {
            self.last = *last;
        }
    }

    /// The leaves with this fingerprint, in their order.
    pub(super) fn find(&self, fingerprint: u64) -> impl Iterator<Item = u64> {
        self.records.range((fingerprint, 0)..=(fingerprint, u64::MAX)).map(|(_, leaf)| *leaf)
    }

    pub(super) fn records(&self) -> btree_set::Iter<'_, (u64, u64)> {
        self.records.iter()
    }
}
