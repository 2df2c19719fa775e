//! Building proofs and roots: first a plan that names the nodes it needs, then the proof out of their hashes.
//!
//! The plan does no input or output, so one plan serves a tree in memory, a directory of tiles and a client
//! that fetches tiles over the network in parallel. [`HashSource`] is the short way for the first two.

use super::{Hash, LeafIndex, TreeSize, empty_root, node_hash};

/// A node of the tree that is complete below: the subtree of `2^level` leaves from leaf `index * 2^level` on.
/// Its hash never changes once these leaves exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// Height above the leaves, 0 to 63.
    pub level: u8,
    /// Position within the level.
    pub index: u64,
}

/// Where the hashes of complete nodes come from.
pub trait HashSource {
    /// Why a hash cannot be had.
    type Error;

    /// The hash of a node whose leaves all exist.
    ///
    /// # Errors
    /// The source does not have it.
    fn hash(&self, node: Node) -> Result<Hash, Self::Error>;
}

/// Why no plan can be made, or why it cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// There is no such leaf in a tree of this size.
    #[error("leaf index {} is not in a tree of size {}", index.0, size.0)]
    IndexBeyondTree {
        /// The index asked for.
        index: LeafIndex,
        /// The size of the tree.
        size: TreeSize,
    },
    /// The earlier tree is larger than the later one.
    #[error("the earlier tree has {} leaves, the later one only {}", old.0, new.0)]
    SizesReversed {
        /// Size of the earlier tree.
        old: TreeSize,
        /// Size of the later tree.
        new: TreeSize,
    },
    /// Not as many hashes as the plan has nodes.
    #[error("the plan needs {expected} hashes, not {found}")]
    WrongHashCount {
        /// Nodes in the plan.
        expected: usize,
        /// Hashes given.
        found: usize,
    },
}

/// Why [`Plan::run`] has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError<E> {
    /// What was asked for does not exist.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The source does not have this node.
    #[error("the hash at level {}, index {} is not available", node.level, node.index)]
    Source {
        /// The node.
        node: Node,
        /// What the source says.
        source: E,
    },
}

/// The nodes that a list of subtree hashes is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    nodes: Vec<Node>,
    /// How many of `nodes` make each hash of the result.
    parts: Vec<usize>,
}

impl Plan {
    /// The proof that leaf `index` is in the tree of `size` leaves: PATH of RFC 6962 section 2.1.1.
    ///
    /// # Errors
    /// [`PlanError::IndexBeyondTree`].
    pub fn inclusion(index: LeafIndex, size: TreeSize) -> Result<Self, PlanError> {
        if index.0 >= size.0 {
            return Err(PlanError::IndexBeyondTree { index, size });
        }
        let (mut low, mut high) = (0, size.0);
        let mut siblings = Vec::new();
        while high - low > 1 {
            let middle = low + split(high - low);
            if index.0 < middle {
                siblings.push((middle, high));
                high = middle;
            } else {
                siblings.push((low, middle));
                low = middle;
            }
        }
        Ok(Self::bottom_up(&siblings))
    }

    /// The proof that the tree of `new` leaves begins with the tree of `old` leaves: PROOF of RFC 6962
    /// section 2.1.2. Empty if `old` is 0 or equal to `new`.
    ///
    /// # Errors
    /// [`PlanError::SizesReversed`].
    pub fn consistency(old: TreeSize, new: TreeSize) -> Result<Self, PlanError> {
        if old > new {
            return Err(PlanError::SizesReversed { old, new });
        }
        let (mut low, mut high) = (0, new.0);
        let mut subtrees = Vec::new();
        if old.0 > 0 {
            while old.0 < high {
                let middle = low + split(high - low);
                if old.0 <= middle {
                    subtrees.push((middle, high));
                    high = middle;
                } else {
                    subtrees.push((low, middle));
                    low = middle;
                }
            }
            // What is left ends where the old tree ends. If it is the whole old tree, the verifier has its root.
            if low > 0 {
                subtrees.push((low, high));
            }
        }
        Ok(Self::bottom_up(&subtrees))
    }

    /// The root of the tree of `size` leaves. The plan for the empty tree is empty, and so is its result.
    #[must_use]
    pub fn root(size: TreeSize) -> Self {
        if size.0 == 0 { Self::bottom_up(&[]) } else { Self::bottom_up(&[(0, size.0)]) }
    }

    /// The nodes whose hashes are needed, in the order in which [`Plan::finish`] takes them.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The proof, made of the hashes of [`Plan::nodes`].
    ///
    /// # Errors
    /// [`PlanError::WrongHashCount`].
    pub fn finish(&self, hashes: &[Hash]) -> Result<Vec<Hash>, PlanError> {
        let wrong = PlanError::WrongHashCount { expected: self.nodes.len(), found: hashes.len() };
        if hashes.len() != self.nodes.len() {
            return Err(wrong);
        }
        let mut rest = hashes;
        let mut result = Vec::with_capacity(self.parts.len());
        for count in &self.parts {
            let Some((part, tail)) = rest.split_at_checked(*count) else { return Err(wrong) };
            // A subtree on the right border is a row of complete ones, each larger than all to its right.
            let Some(hash) = part.iter().rev().copied().reduce(|right, left| node_hash(&left, &right)) else {
                return Err(wrong);
            };
            result.push(hash);
            rest = tail;
        }
        Ok(result)
    }

    /// Reads the nodes from `source` and finishes.
    ///
    /// # Errors
    /// [`BuildError::Source`].
    pub fn run<S: HashSource>(&self, source: &S) -> Result<Vec<Hash>, BuildError<S::Error>> {
        let read =
            |node: &Node| source.hash(*node).map_err(|source| BuildError::Source { node: *node, source });
        let hashes = self.nodes.iter().map(read).collect::<Result<Vec<Hash>, _>>()?;
        Ok(self.finish(&hashes)?)
    }

    /// From subtrees `[low, high)` found on the way down, the plan of a proof, which goes up.
    fn bottom_up(subtrees: &[(u64, u64)]) -> Self {
        let mut plan = Self { nodes: Vec::new(), parts: Vec::new() };
        for &(mut low, high) in subtrees.iter().rev() {
            let before = plan.nodes.len();
            while low < high {
                let level = (high - low).ilog2();
                plan.nodes.push(Node { level: level_of(level), index: low >> level });
                low += 1 << level;
            }
            plan.parts.push(plan.nodes.len() - before);
        }
        plan
    }
}

/// The inclusion proof of a leaf, out of `source`.
///
/// # Errors
/// [`BuildError`]: the leaf is not in the tree, or the source lacks a node.
pub fn inclusion_proof<S: HashSource>(
    source: &S,
    index: LeafIndex,
    size: TreeSize,
) -> Result<Vec<Hash>, BuildError<S::Error>> {
    Plan::inclusion(index, size)?.run(source)
}

/// The consistency proof between two sizes, out of `source`.
///
/// # Errors
/// [`BuildError`]: the sizes are the wrong way round, or the source lacks a node.
pub fn consistency_proof<S: HashSource>(
    source: &S,
    old: TreeSize,
    new: TreeSize,
) -> Result<Vec<Hash>, BuildError<S::Error>> {
    Plan::consistency(old, new)?.run(source)
}

/// The root of the tree of the first `size` leaves, out of `source`.
///
/// # Errors
/// [`BuildError::Source`]: the source lacks a node.
pub fn root<S: HashSource>(source: &S, size: TreeSize) -> Result<Hash, BuildError<S::Error>> {
    Ok(Plan::root(size).run(source)?.first().copied().unwrap_or_else(empty_root))
}

/// The largest power of two below `n`, for `n` of at least 2 (`k` of RFC 6962 section 2.1).
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

#[expect(clippy::cast_possible_truncation, reason = "the logarithm of a u64 is at most 63")]
fn level_of(log: u32) -> u8 {
    log as u8
}
