//! The Merkle tree of RFC 6962 section 2.1 with SHA-256: its hashes, and the verification of proofs.
//!
//! Building proofs is in [`build`].

pub mod build;

use sealwax_crypto::sha256;

/// A Merkle tree hash: SHA-256, 32 bytes.
pub type Hash = [u8; 32];

/// The zero-based position of a leaf in a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeafIndex(pub u64);

/// The number of leaves of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreeSize(pub u64);

/// Why a proof does not prove.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// There is no such leaf in a tree of this size.
    #[error("leaf index {} is not in a tree of size {}", index.0, size.0)]
    IndexBeyondTree {
        /// The index asked for.
        index: LeafIndex,
        /// The size of the tree.
        size: TreeSize,
    },
    /// The earlier tree of a consistency proof is larger than the later one.
    #[error("the earlier tree has {} leaves, the later one only {}", old.0, new.0)]
    SizesReversed {
        /// Size of the earlier tree.
        old: TreeSize,
        /// Size of the later tree.
        new: TreeSize,
    },
    /// The tree demands exactly `expected` hashes.
    #[error("the proof has {found} hashes, a tree of this shape demands {expected}")]
    WrongLength {
        /// How many hashes the shape of the tree demands.
        expected: usize,
        /// How many the proof has.
        found: usize,
    },
    /// The proof leads to another root than the one given (of the later tree, in a consistency proof).
    #[error("the proof leads to another root hash than the expected one")]
    RootMismatch {
        /// The root given.
        expected: Hash,
        /// The root that the proof leads to.
        computed: Hash,
    },
    /// A consistency proof leads to another root of the earlier tree than the one given.
    #[error("the consistency proof leads to another earlier root hash than the expected one")]
    OldRootMismatch {
        /// The root given.
        expected: Hash,
        /// The root that the proof leads to.
        computed: Hash,
    },
}

/// The hash of a leaf: `SHA-256(0x00 || data)` (RFC 6962 section 2.1).
#[must_use]
pub fn leaf_hash(data: &[u8]) -> Hash {
    let mut input = Vec::with_capacity(data.len().saturating_add(1));
    input.push(0);
    input.extend_from_slice(data);
    sha256(&input)
}

/// The hash of an inner node: `SHA-256(0x01 || left || right)` (RFC 6962 section 2.1).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut input = [1; 65];
    input[1..33].copy_from_slice(left);
    input[33..].copy_from_slice(right);
    sha256(&input)
}

/// The root of the empty tree: `SHA-256("")` (RFC 6962 section 2.1).
#[must_use]
pub fn empty_root() -> Hash {
    sha256(b"")
}

/// Checks that the tree of `size` leaves with this `root` has a leaf of this hash at `index`
/// (RFC 9162 section 2.1.3.2; the proof goes from the leaf's sibling up to the root's child).
///
/// # Errors
/// [`ProofError`]: the index is not in the tree, the proof has not exactly as many hashes as the shape of
/// the tree demands, or it leads to another root.
pub fn verify_inclusion(
    leaf: &Hash,
    index: LeafIndex,
    size: TreeSize,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    let computed = root_from_inclusion(leaf, index, size, proof)?;
    same_root(root, computed)
}

/// The root that an inclusion proof leads to.
///
/// # Errors
/// As [`verify_inclusion`], but for the root.
pub fn root_from_inclusion(
    leaf: &Hash,
    index: LeafIndex,
    size: TreeSize,
    proof: &[Hash],
) -> Result<Hash, ProofError> {
    if index.0 >= size.0 {
        return Err(ProofError::IndexBeyondTree { index, size });
    }
    let path = Path::between(index.0, size.0 - 1);
    demand_length(path.inner + path.border, proof)?;
    let (inner, border) = proof.split_at(path.inner);
    Ok(up_the_border(up_the_inner(*leaf, index.0, inner), border))
}

/// Checks that the tree (`new`, `new_root`) begins with all the leaves of the tree (`old`, `old_root`)
/// (RFC 9162 section 2.1.4.2).
///
/// RFC 9162 leaves the empty tree out. Every tree begins with it, so its proof is empty (C2SP
/// `tlog-witness`) and only its root is compared. Trees of one size have an empty proof and the same root.
///
/// # Errors
/// [`ProofError`]: sizes the wrong way round, not exactly as many hashes as the shape of the trees demands,
/// or another root than the two given.
pub fn verify_consistency(
    old: TreeSize,
    old_root: &Hash,
    new: TreeSize,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::SizesReversed { old, new });
    }
    if old.0 == 0 {
        demand_length(0, proof)?;
        same_old_root(old_root, empty_root())?;
    }
    if old == new {
        demand_length(0, proof)?;
        return same_root(new_root, *old_root);
    }
    if old.0 == 0 {
        return Ok(());
    }

    // The proof starts from the last complete subtree of the old tree, `height` levels up: everything below
    // is in both trees. If that subtree is the whole old tree, its root is known and not part of the proof.
    let height = old.0.trailing_zeros();
    let old_is_complete = old.0.is_power_of_two();
    let path = Path::between(old.0 - 1, new.0 - 1).above(height);
    demand_length(usize::from(!old_is_complete) + path.inner + path.border, proof)?;
    let (start, rest) = match proof.split_first() {
        Some((first, rest)) if !old_is_complete => (*first, rest),
        _ => (*old_root, proof),
    };
    let index = (old.0 - 1) >> height;
    let (inner, border) = rest.split_at(path.inner);

    // In the old tree that subtree is the last one, so only hashes to its left take part.
    let lefts = inner.iter().enumerate().filter(|(level, _)| is_right_child(index, *level));
    let old_computed = lefts.fold(start, |right, (_, left)| node_hash(left, &right));
    same_old_root(old_root, up_the_border(old_computed, border))?;
    same_root(new_root, up_the_border(up_the_inner(start, index, inner), border))
}

/// The way from a leaf to the root. On the `inner` levels the node has a sibling on either side. Above
/// them it lies on the right border of the tree, where a node either has a left sibling (counted in
/// `border`) or none at all, and then moves up without a hash.
struct Path {
    inner: usize,
    border: usize,
}

impl Path {
    /// For leaf `index` of a tree whose last leaf is `last`: the two ways meet where the bits of the
    /// indices above agree.
    fn between(index: u64, last: u64) -> Self {
        let inner = u64::BITS - (index ^ last).leading_zeros();
        let border = index.checked_shr(inner).unwrap_or(0).count_ones();
        Self { inner: inner as usize, border: border as usize }
    }

    /// The same way, started `height` levels further up.
    fn above(self, height: u32) -> Self {
        // `height` is never above the meeting point: below it the old tree is complete, the new one is larger.
        Self { inner: self.inner.saturating_sub(height as usize), border: self.border }
    }
}

fn up_the_inner(start: Hash, index: u64, siblings: &[Hash]) -> Hash {
    siblings.iter().enumerate().fold(start, |node, (level, sibling)| {
        if is_right_child(index, level) { node_hash(sibling, &node) } else { node_hash(&node, sibling) }
    })
}

fn up_the_border(start: Hash, siblings: &[Hash]) -> Hash {
    siblings.iter().fold(start, |node, sibling| node_hash(sibling, &node))
}

/// `level` is below 64: there are no more inner levels than bits in an index.
fn is_right_child(index: u64, level: usize) -> bool {
    (index >> level) & 1 == 1
}

fn demand_length(expected: usize, proof: &[Hash]) -> Result<(), ProofError> {
    let found = proof.len();
    if found == expected { Ok(()) } else { Err(ProofError::WrongLength { expected, found }) }
}

fn same_root(expected: &Hash, computed: Hash) -> Result<(), ProofError> {
    if *expected == computed {
        Ok(())
    } else {
        Err(ProofError::RootMismatch { expected: *expected, computed })
    }
}

fn same_old_root(expected: &Hash, computed: Hash) -> Result<(), ProofError> {
    if *expected == computed {
        Ok(())
    } else {
        Err(ProofError::OldRootMismatch { expected: *expected, computed })
    }
}
