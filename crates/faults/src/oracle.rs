//! What no run may ever show.
//!
//! A [`History`] collects, while a run lasts, every checkpoint at the moment it is signed, every answer to a client and
//! every checkpoint a reader got. In the end [`History::check`] compares all of it with the log as it is then.

mod frontier;
mod signer;
mod violation;

pub use frontier::Frontier;
pub use signer::RecordingSigner;
pub use violation::Violation;

use sealwax_tlog::{Hash, LeafIndex, TreeSize, merkle};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What was signed, answered and read. Cheap to clone: all clones are the same history.
#[derive(Clone, Default)]
pub struct History(Arc<Mutex<Records>>);

#[derive(Clone, Default)]
struct Records {
    signed: BTreeSet<Head>,
    answers: Vec<Answer>,
    read: BTreeMap<u32, u64>,
    /// What was wrong at the moment it happened.
    violations: Vec<Violation>,
}

/// A tree head that somebody may rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Head {
    /// The number of leaves.
    pub size: u64,
    /// The root.
    pub root: Hash,
    /// Milliseconds since 1970, where the signature covers it (certificate log).
    pub timestamp: Option<u64>,
}

/// An answer to a client: its entry is in the log.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What the client takes for the same entry.
    pub identity: Hash,
    /// The hash of the leaf that the client computes from its entry and the answer.
    pub leaf: Hash,
    /// The index in the answer.
    pub index: u64,
    /// The inclusion proof in the answer.
    pub proof: Vec<Hash>,
    /// The size of the checkpoint in the answer.
    pub size: u64,
    /// The root of the checkpoint in the answer.
    pub root: Hash,
}

/// A leaf of the log as it is in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// What two entries may not have in common.
    pub identity: Hash,
    /// Its hash.
    pub hash: Hash,
    /// Milliseconds since 1970, if it has one.
    pub timestamp: Option<u64>,
}

/// The log as it is in the end.
#[derive(Clone, Copy)]
pub struct FinalLog<'a> {
    /// The leaves that are known without looking at each: those of the state that the run began with.
    pub base: Option<&'a Base>,
    /// All that follow.
    pub leaves: &'a [Leaf],
}

/// The leaves of a state that runs begin with.
#[derive(Clone, Debug, Default)]
pub struct Base {
    frontier: Frontier,
    identities: BTreeMap<Hash, u64>,
    /// The hashes of the leaves, the roots of each 256 of them, the roots of each 256 of these, and so on.
    rows: Vec<Vec<Hash>>,
    timestamp: Option<u64>,
}

impl Base {
    /// Of these leaves.
    #[must_use]
    pub fn new(leaves: &[Leaf]) -> Self {
        let mut base = Self::default();
        for (leaf, index) in leaves.iter().zip(0..) {
            base.frontier.push(leaf.hash);
            base.identities.insert(leaf.identity, index);
            base.timestamp = base.timestamp.max(leaf.timestamp);
        }
        extend(&mut base.rows, leaves.iter().map(|leaf| leaf.hash));
        base
    }

    /// How many leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.leaves().len() as u64
    }

    /// The hashes of the leaves.
    #[must_use]
    pub fn leaves(&self) -> &[Hash] {
        self.rows.first().map(Vec::as_slice).unwrap_or_default()
    }

    /// The hashes in full tiles, by level; the lowest has those of all leaves.
    #[must_use]
    pub fn rows(&self) -> &[Vec<Hash>] {
        &self.rows
    }
}

/// Adds leaves to the lowest row, and what becomes of them to the rows above.
pub fn extend(rows: &mut Vec<Vec<Hash>>, leaves: impl Iterator<Item = Hash>) {
    if rows.is_empty() {
        rows.push(Vec::new());
    }
    if let Some(lowest) = rows.first_mut() {
        lowest.extend(leaves);
    }
    for level in 1.. {
        let below = rows.get(level - 1).map(Vec::as_slice).unwrap_or_default();
        let done = rows.get(level).map_or(0, Vec::len);
        let new: Vec<Hash> =
            below.chunks_exact(256).skip(done).filter_map(|chunk| subtree_root(chunk.to_vec())).collect();
        if new.is_empty() {
            return;
        }
        match rows.get_mut(level) {
            Some(row) => row.extend(new),
            None => rows.push(new),
        }
    }
}

fn subtree_root(mut row: Vec<Hash>) -> Option<Hash> {
    while row.len() > 1 {
        row = row.as_chunks::<2>().0.iter().map(|[left, right]| merkle::node_hash(left, right)).collect();
    }
    row.first().copied()
}

impl History {
    /// A checkpoint is being signed.
    pub fn signed(&self, head: Head) {
        self.records().signed.insert(head);
    }

    /// Something was signed that is no checkpoint.
    pub fn signed_something_else(&self, bytes: usize) {
        self.records().violations.push(Violation::NotACheckpoint { bytes });
    }

    /// A client got an answer. Its proof is verified at once, as the client does it, and its checkpoint must have been
    /// signed.
    pub fn answered(&self, answer: Answer) {
        let mut records = self.records();
        let Answer { index, size, .. } = answer;
        let (place, tree) = (LeafIndex(index), TreeSize(size));
        if let Err(error) = merkle::verify_inclusion(&answer.leaf, place, tree, &answer.proof, &answer.root) {
            records.violations.push(Violation::ProofDoesNotProve { index, size, error });
        }
        if !records.signed.iter().any(|head| (head.size, head.root) == (size, answer.root)) {
            records.violations.push(Violation::NeverSigned { size });
        }
        records.answers.push(answer);
    }

    /// A reader got a checkpoint of this size. Readers are told apart by their numbers.
    pub fn read(&self, reader: u32, size: u64) {
        let mut records = self.records();
        let before = records.read.insert(reader, size).unwrap_or(0);
        if size < before {
            records.violations.push(Violation::Lowered { reader, before, after: size });
        }
    }

    /// How many answers there were.
    #[must_use]
    pub fn answers(&self) -> usize {
        self.records().answers.len()
    }

    /// The largest size that was ever signed.
    #[must_use]
    pub fn largest_signed(&self) -> Option<u64> {
        self.records().signed.last().map(|head| head.size)
    }

    /// What is known now, apart from what will be.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self(Arc::new(Mutex::new(self.records().clone())))
    }

    /// A static copy of the log, perhaps an old one: its checkpoint was signed, or it is the one that the run began with.
    ///
    /// # Errors
    /// [`Violation::NeverSigned`].
    pub fn check_is_signed(&self, copy: FinalLog<'_>) -> Result<(), Violation> {
        let (size, root) = (copy.size(), copy.root());
        let is_signed = self.records().signed.iter().any(|head| (head.size, head.root) == (size, root));
        let is_base = copy.leaves.is_empty() && copy.base.is_some();
        if is_signed || is_base { Ok(()) } else { Err(Violation::NeverSigned { size }) }
    }

    /// Compares everything with the log as it is in the end.
    ///
    /// # Errors
    /// The first thing that may never be.
    pub fn check(&self, log: FinalLog<'_>) -> Result<(), Violation> {
        let records = self.records();
        if let Some(violation) = records.violations.first() {
            return Err(violation.clone());
        }
        let index_of = no_identity_twice(log)?;
        records.check_signed(log)?;
        records.check_answers(log, &index_of)?;
        records.check_timestamps(log)
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Records {
    /// Every tree that was ever signed is a prefix of the log: then each is a prefix of every larger one, too.
    fn check_signed(&self, log: FinalLog<'_>) -> Result<(), Violation> {
        let mut signed = self.signed.iter().peekable();
        // Heads that the base covers are computed from its start; there are few, in the runs that begin anew.
        let base = log.base.map_or(0, Base::size);
        let mut frontier = Frontier::default();
        let mut position = 0;
        if signed.peek().is_none_or(|head| head.size >= base) && base > 0 {
            frontier = log.base.map(|base| base.frontier.clone()).unwrap_or_default();
            position = base;
        }
        let before = log.base.map_or(&[][..], Base::leaves).iter().copied();
        let rest = log.leaves.iter().map(|leaf| leaf.hash);
        let mut leaves = before.chain(rest).skip(usize::try_from(position).unwrap_or(usize::MAX));
        for head in signed {
            while position < head.size {
                let Some(leaf) = leaves.next() else {
                    return Err(Violation::SignedBeyondTheLog { signed: head.size, log: log.size() });
                };
                frontier.push(leaf);
                position += 1;
            }
            let root = frontier.root();
            if root != head.root {
                return Err(Violation::Fork { size: head.size, signed: head.root, log: root });
            }
        }
        Ok(())
    }

    fn check_answers(&self, log: FinalLog<'_>, index_of: &BTreeMap<Hash, u64>) -> Result<(), Violation> {
        for Answer { identity, leaf, index, .. } in &self.answers {
            let in_base = log.base.and_then(|base| base.identities.get(identity));
            let Some(found) = in_base.or_else(|| index_of.get(identity)).copied() else {
                return Err(Violation::Lost { index: *index });
            };
            if found != *index {
                return Err(Violation::Moved { answered: *index, found });
            }
            if log.leaf(*index) != Some(*leaf) {
                return Err(Violation::LeafDiffers { index: *index });
            }
        }
        Ok(())
    }

    /// Neither of leaves nor of heads do timestamps decrease, and no head is older than a leaf in it.
    fn check_timestamps(&self, log: FinalLog<'_>) -> Result<(), Violation> {
        let mut latest = log.base.and_then(|base| base.timestamp);
        let mut latest_at = BTreeMap::from([(log.base.map_or(0, Base::size), latest)]); // size → timestamp of its last leaf
        for (leaf, index) in log.leaves.iter().zip(log.base.map_or(0, Base::size)..) {
            if leaf.timestamp < latest {
                return Err(Violation::LeafOlderThanBefore { index });
            }
            latest = leaf.timestamp;
            latest_at.insert(index + 1, latest);
        }
        let mut newest_of_smaller = None;
        let mut newest_of_this = (0, None);
        for Head { size, timestamp, .. } in self.signed.iter().filter(|head| head.timestamp.is_some()) {
            if *size > newest_of_this.0 {
                newest_of_smaller = newest_of_smaller.max(newest_of_this.1);
                newest_of_this = (*size, None);
            }
            newest_of_this.1 = newest_of_this.1.max(*timestamp);
            if *timestamp < newest_of_smaller {
                return Err(Violation::HeadOlderThanSmaller { size: *size });
            }
            if latest_at.get(size).is_some_and(|leaf| timestamp < leaf) {
                return Err(Violation::HeadOlderThanLeaf { size: *size });
            }
        }
        Ok(())
    }
}

impl FinalLog<'_> {
    /// The number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.base.map_or(0, Base::size) + self.leaves.len() as u64
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut frontier = self.base.map(|base| base.frontier.clone()).unwrap_or_default();
        self.leaves.iter().for_each(|leaf| frontier.push(leaf.hash));
        frontier.root()
    }

    fn leaf(&self, index: u64) -> Option<Hash> {
        let base = self.base.map_or(&[][..], Base::leaves);
        let index = usize::try_from(index).ok()?;
        match base.get(index) {
            Some(hash) => Some(*hash),
            None => self.leaves.get(index - base.len()).map(|leaf| leaf.hash),
        }
    }
}

fn no_identity_twice(log: FinalLog<'_>) -> Result<BTreeMap<Hash, u64>, Violation> {
    let mut index_of = BTreeMap::new();
    for (leaf, second) in log.leaves.iter().zip(log.base.map_or(0, Base::size)..) {
        let in_base = log.base.and_then(|base| base.identities.get(&leaf.identity).copied());
        if let Some(first) = index_of.insert(leaf.identity, second).or(in_base) {
            return Err(Violation::Twice { first, second });
        }
    }
    Ok(index_of)
}

#[cfg(test)]
mod tests;
