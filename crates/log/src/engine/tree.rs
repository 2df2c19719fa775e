//! The right edge of the Merkle tree: what is needed to grow it and to prove what was just added.
//!
//! Per level of the binary tree the hashes of complete nodes are kept from the start of that level's unfinished tile on.
//! Since a node and its sibling always lie in the same tile, the siblings of everything that was added since the last
//! [`Tree::prune`] are at hand: a proof copies hashes and computes none.

use sealwax_tlog::{
    Hash, TreeSize, empty_root,
    merkle::build::Node,
    node_hash,
    tile::{FULL_WIDTH, HEIGHT, Tile, TileData},
};

/// Levels of the binary tree that a log of 2^40 entries has (LOG rule 10), and some room.
const LEVELS: usize = 48;

/// The right edge of a tree.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    size: u64,
    levels: Vec<Level>,
}

/// Complete nodes of one level, from `first` on.
#[derive(Clone, Debug, Default)]
struct Level {
    first: u64,
    nodes: Vec<Hash>,
}

impl Level {
    fn node(&self, index: u64) -> Option<&Hash> {
        self.nodes.get(usize::try_from(index.checked_sub(self.first)?).ok()?)
    }
}

impl Tree {
    /// The empty tree.
    pub(crate) fn empty() -> Self {
        Self { size: 0, levels: vec![Level::default(); LEVELS] }
    }

    /// A tree of `size` leaves from the tiles on its right edge, one per level as [`Tree::edge_tiles`] lists them.
    /// `None` if a tile is missing or of another width.
    pub(crate) fn from_tiles(size: u64, tiles: &[TileData]) -> Option<Self> {
        let mut tree = Self::empty();
        tree.size = size;
        for height in 0..LEVELS {
            let (above, shift) = (u8::try_from(height).ok()?, u32::try_from(height).ok()?);
            let level = above / HEIGHT;
            let first = first_kept(size, shift);
            let wanted = edge_tile(level, size);
            let tile = tiles.iter().find(|tile| Some(tile.tile()) == wanted);
            if wanted.is_some() && tile.is_none() {
                return None;
            }
            let place = tree.levels.get_mut(height)?;
            place.first = first;
            for index in first..size >> shift {
                let node = Node { level: above, index };
                place.nodes.push(tile?.hash(node).ok()?);
            }
        }
        Some(tree)
    }

    /// The unfinished tiles at the right edge of a tree of `size` leaves.
    pub(crate) fn edge_tiles(size: u64) -> impl Iterator<Item = Tile> {
        (0..HEIGHT).filter_map(move |level| edge_tile(level, size))
    }

    /// Leaves.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The hash of a leaf, if it is kept.
    pub(crate) fn leaf(&self, index: u64) -> Option<&Hash> {
        self.node(Node { level: 0, index })
    }

    /// The hash of a complete node, if it is kept.
    pub(crate) fn node(&self, node: Node) -> Option<&Hash> {
        self.levels.get(usize::from(node.level))?.node(node.index)
    }

    /// Adds a leaf.
    pub(crate) fn push(&mut self, leaf: Hash) {
        let (mut hash, mut index) = (leaf, self.size);
        self.size += 1;
        for level in &mut self.levels {
            level.nodes.push(hash);
            // The right one of two completes their parent.
            if index % 2 == 0 {
                return;
            }
            let Some(left) = level.node(index - 1) else { return };
            hash = node_hash(left, &hash);
            index /= 2;
        }
    }

    /// Takes back all leaves from `size` on. Only leaves added since the last [`Tree::prune`] can be taken back.
    pub(crate) fn truncate(&mut self, size: u64) {
        self.size = size;
        for (shift, level) in (0u32..).zip(&mut self.levels) {
            let keep = (size >> shift).saturating_sub(level.first);
            level.nodes.truncate(usize::try_from(keep).unwrap_or(usize::MAX));
        }
    }

    /// Forgets what only proofs of leaves before the current right edge need.
    pub(crate) fn prune(&mut self) {
        for (shift, level) in (0u32..).zip(&mut self.levels) {
            let first = first_kept(self.size, shift);
            if let Some(done) = first.checked_sub(level.first).and_then(|done| usize::try_from(done).ok())
                && done > 0
            {
                level.nodes.drain(..done.min(level.nodes.len()));
                level.first = first;
            }
        }
    }

    /// The root hash.
    pub(crate) fn root(&self) -> Hash {
        self.borders().last().copied().flatten().unwrap_or_else(empty_root)
    }

    /// The proofs of inclusion of leaves added since the last [`Tree::prune`].
    pub(crate) fn prover(&self) -> Prover<'_> {
        Prover { tree: self, borders: self.borders() }
    }

    /// The hashes of a tile of level `level`, if it lies in what is kept and is that wide.
    pub(crate) fn tile(&self, tile: Tile) -> Option<&[Hash]> {
        let level = self.levels.get(usize::from(tile.level()) * usize::from(HEIGHT))?;
        let start = tile.index().checked_mul(u64::from(FULL_WIDTH))?.checked_sub(level.first)?;
        let start = usize::try_from(start).ok()?;
        level.nodes.get(start..start + usize::from(tile.width()))
    }

    /// Per level the hash of the leaves that do not fill a node of that level, `None` where there are none. The last one
    /// is the hash of the whole tree.
    fn borders(&self) -> Vec<Option<Hash>> {
        let mut border: Option<Hash> = None;
        let mut borders = Vec::with_capacity(self.levels.len() + 1);
        for (shift, level) in (0u32..).zip(&self.levels) {
            borders.push(border);
            let count = self.size >> shift;
            if count % 2 == 1
                && let Some(last) = level.node(count - 1)
            {
                border = Some(border.map_or(*last, |right| node_hash(last, &right)));
            }
        }
        borders.push(border);
        borders
    }
}

/// Makes proofs in one tree.
pub(crate) struct Prover<'a> {
    tree: &'a Tree,
    borders: Vec<Option<Hash>>,
}

impl Prover<'_> {
    /// The inclusion proof of a leaf (PATH of RFC 6962 section 2.1.1); `None` if the leaf is too old or not there.
    pub(crate) fn prove(&self, index: u64) -> Option<Vec<Hash>> {
        let size = self.tree.size;
        if index >= size {
            return None;
        }
        let mut proof = Vec::with_capacity(usize::try_from(u64::BITS - size.leading_zeros()).ok()?);
        for (shift, level) in (0u32..).zip(&self.tree.levels) {
            // A node that holds all leaves is the root, whole or not.
            if size >> shift == 0 || size == 1 << shift {
                break;
            }
            let (node, complete) = (index >> shift, size >> shift);
            let sibling = node ^ 1;
            if node == complete && sibling > node {
                continue; // The unfinished node at the border has no sibling on its right.
            }
            if sibling < complete {
                proof.push(*level.node(sibling)?);
            } else if let Some(border) = self.borders.get(usize::try_from(shift).ok()?)? {
                proof.push(*border);
            }
        }
        Some(proof)
    }
}

/// The first node that is kept of a level: the first in the unfinished tile of a tree of `size` leaves.
fn first_kept(size: u64, shift: u32) -> u64 {
    let tile_top = (shift / u32::from(HEIGHT) + 1) * u32::from(HEIGHT);
    if tile_top >= u64::BITS { 0 } else { (size >> tile_top) << (tile_top - shift) }
}

/// The unfinished tile of a level; `None` if all tiles of the level are full.
fn edge_tile(level: u8, size: u64) -> Option<Tile> {
    let hashes = size.checked_shr(u32::from(level) * u32::from(HEIGHT))?;
    Tile::at(level, hashes >> HEIGHT, TreeSize(size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealwax_tlog::{LeafIndex, leaf_hash, verify_inclusion};

    fn leaf(index: u64) -> Hash {
        leaf_hash(&index.to_be_bytes())
    }

    /// Every proof of every size, in batches, with pruning between.
    #[test]
    fn proves_what_it_added() {
        for batch in [1, 2, 3, 255, 256, 257, 600] {
            let mut tree = Tree::empty();
            while tree.size() < 1500 {
                let old = tree.size();
                (old..old + batch).for_each(|index| tree.push(leaf(index)));
                let (root, size) = (tree.root(), TreeSize(tree.size()));
                let prover = tree.prover();
                for index in old..old + batch {
                    let proof = prover.prove(index).unwrap();
                    verify_inclusion(&leaf(index), LeafIndex(index), size, &proof, &root).unwrap();
                }
                tree.prune();
                assert!(tree.levels.iter().all(|level| level.nodes.len() <= 256));
            }
        }
    }

    #[test]
    fn taking_back_is_as_if_never_added() {
        for size in [0, 1, 255, 256, 257, 511, 65_535, 65_536] {
            let mut tree = Tree::empty();
            for index in 0..size {
                tree.push(leaf(index));
                if index % 100 == 0 {
                    tree.prune();
                }
            }
            tree.prune();
            let before = format!("{tree:?}");
            (0..300).for_each(|index| tree.push(leaf(index + 7)));
            tree.truncate(size);
            assert_eq!(format!("{tree:?}"), before);
        }
    }

    #[test]
    fn comes_back_from_its_tiles() {
        for size in [0u64, 1, 2, 255, 256, 257, 1000, 65_536, 65_537, 70_000] {
            let mut tree = Tree::empty();
            (0..size).for_each(|index| {
                tree.push(leaf(index));
                tree.prune();
            });
            let tiles: Vec<TileData> = Tree::edge_tiles(size)
                .map(|tile| TileData::from_bytes(tile, tree.tile(tile).unwrap().as_flattened()).unwrap())
                .collect();
            let again = Tree::from_tiles(size, &tiles).unwrap();
            assert_eq!(format!("{tree:?}"), format!("{again:?}"));
            assert_eq!(again.root(), tree.root());
        }
    }
}
