//! Reading a log from some entry on, as it grows: every entry is proved before it is handed out.
//!
//! A [`Follower`] keeps the right edge of the tree that it has read. The entries of a bundle are added to it, and the result
//! must be a beginning of the tree that is signed: so the signed trees, too, are beginnings of each other.

use crate::{
    check::{Problem, Progress, Reading, Source, Target},
    engine::{RecordError, Tree},
};
use bytes::Bytes;
use sealwax_tlog::{
    Hash, ProofError, TreeSize,
    merkle::build::Plan,
    tile::{Tile, TileData, TileSet, tiles_holding},
    verify_consistency,
};

/// How far a log was read, and how its tree looked there.
pub struct Follower {
    tree: Tree,
}

/// Why the next entries cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FollowError {
    /// A file is missing or damaged.
    #[error("{0}")]
    Problem(Problem),
    /// An entry cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The log is smaller than what was read of it.
    #[error("the log has {found} entries, and {read} were read before: it was set back")]
    Shrunk {
        /// How many were read.
        read: u64,
        /// The size that is signed now.
        found: u64,
    },
    /// What was read is no beginning of what is signed.
    #[error(
        "the first {size} entries, as they were read, are not the beginning of the log that is signed: {source}"
    )]
    Inconsistent {
        /// How many were read.
        size: u64,
        /// What the proof says.
        source: ProofError,
    },
    /// What was read makes another tree than the one that is signed.
    #[error("the {size} entries do not make the tree that is signed")]
    Root {
        /// How many.
        size: u64,
    },
}

impl From<Problem> for FollowError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl Follower {
    /// Begins at entry `from`, which may be the next one of the target's log.
    ///
    /// # Errors
    /// [`FollowError`].
    pub fn new(source: &impl Source, target: &Target, from: u64) -> Result<Self, FollowError> {
        if from > target.size {
            return Err(FollowError::Shrunk { read: from, found: target.size });
        }
        let mut tree = edge(source, target, from.min(target.settled))?;
        let beyond = usize::try_from(from.saturating_sub(target.settled)).unwrap_or(usize::MAX);
        push_all(&mut tree, target, target.tail.iter().take(beyond))?;
        Ok(Self { tree })
    }

    /// The index of the next entry.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.tree.size()
    }

    /// The next entries, as they stand in a bundle; at most a bundle's. None, if the target has no more.
    ///
    /// # Errors
    /// [`FollowError`]; nothing was read then.
    pub fn read(&mut self, source: &impl Source, target: &Target) -> Result<Vec<Bytes>, FollowError> {
        let next = self.next();
        if next > target.size {
            return Err(FollowError::Shrunk { read: next, found: target.size });
        }
        let mut tree = self.tree.clone();
        let records = if next < target.settled {
            let records = bundle(source, target, next)?;
            push_all(&mut tree, target, &records)?;
            let (size, root) = settled_tree(source, target)?;
            prove(source, target, &tree, size, &root)?;
            records
        } else {
            let beyond = usize::try_from(next - target.settled).unwrap_or(usize::MAX);
            let records: Vec<Bytes> = target.tail.iter().skip(beyond).cloned().collect();
            push_all(&mut tree, target, &records)?;
            if tree.root() != target.root {
                return Err(FollowError::Root { size: target.size });
            }
            records
        };
        tree.prune();
        self.tree = tree;
        Ok(records)
    }
}

/// The entries of the bundle that holds entry `from`, from it on.
fn bundle(source: &impl Source, target: &Target, from: u64) -> Result<Vec<Bytes>, FollowError> {
    let progress = Progress::default();
    let reading = Reading::new(source, target, &progress);
    let index = from / 256;
    let count = u16::try_from((target.settled - index * 256).min(256)).unwrap_or(256);
    let (_, bytes) = reading.bundle(index, count)?;
    let mut rest = bytes.clone();
    let mut records = Vec::new();
    for number in 0..u64::from(count) {
        let length = target.kind.length(&rest)?;
        let record = rest.split_to(length);
        if index * 256 + number >= from {
            records.push(record);
        }
    }
    Ok(records)
}

fn push_all<'a>(
    tree: &mut Tree,
    target: &Target,
    records: impl IntoIterator<Item = &'a Bytes>,
) -> Result<(), FollowError> {
    for record in records {
        tree.push(target.kind.read(record)?.leaf);
    }
    Ok(())
}

/// What is in tiles, and its root: with the entries that are not yet, it makes the tree of the target.
fn settled_tree(source: &impl Source, target: &Target) -> Result<(u64, Hash), FollowError> {
    if target.settled == target.size {
        return Ok((target.size, target.root));
    }
    let mut tree = edge(source, target, target.settled)?;
    let root = tree.root();
    push_all(&mut tree, target, &target.tail)?;
    if tree.root() == target.root {
        Ok((target.settled, root))
    } else {
        Err(FollowError::Root { size: target.size })
    }
}

/// The edge of a tree whose tiles are there.
fn edge(source: &impl Source, target: &Target, size: u64) -> Result<Tree, FollowError> {
    let tiles =
        Tree::edge_tiles(size).map(|tile| read_tile(source, target, tile)).collect::<Result<Vec<_>, _>>()?;
    Tree::from_tiles(size, &tiles).ok_or(FollowError::Root { size })
}

/// What was read is the beginning of the tree of this size and root.
fn prove(
    source: &impl Source,
    target: &Target,
    tree: &Tree,
    size: u64,
    root: &Hash,
) -> Result<(), FollowError> {
    let (old, new) = (TreeSize(tree.size()), TreeSize(size));
    let inconsistent = |source| FollowError::Inconsistent { size: old.0, source };
    if old == new {
        return verify_consistency(old, &tree.root(), new, root, &[]).map_err(inconsistent);
    }
    let no_tree = || FollowError::Root { size };
    let plan = Plan::consistency(old, new).map_err(|_| no_tree())?;
    let mut tiles = TileSet::default();
    for tile in tiles_holding(plan.nodes(), new) {
        tiles.insert(read_tile(source, target, tile)?);
    }
    let proof = plan.run(&tiles).map_err(|_| no_tree())?;
    verify_consistency(old, &tree.root(), new, root, &proof).map_err(inconsistent)
}

/// A tile, out of one that may have grown since.
fn read_tile(source: &impl Source, target: &Target, tile: Tile) -> Result<TileData, FollowError> {
    let progress = Progress::default();
    let reading = Reading::new(source, target, &progress);
    let wide = Tile::at(tile.level(), tile.index(), TreeSize(target.settled)).unwrap_or(tile);
    let (name, bytes) = reading.tile(tile.level(), tile.index(), wide.width().max(tile.width()))?;
    let expected = usize::from(tile.width()) * 32;
    let bad = Problem::Length { name, expected, found: bytes.len() };
    let hashes = bytes.get(..expected).and_then(|hashes| TileData::from_bytes(tile, hashes).ok());
    Ok(hashes.ok_or(bad)?)
}
