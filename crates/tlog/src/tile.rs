//! Tiles: the hashes and the entries of a log, cut into files that never change (C2SP `tlog-tiles`).

mod entries;
mod path;

use std::collections::{BTreeMap, BTreeSet};

use crate::merkle::build::{HashSource, Node};
use crate::merkle::{Hash, TreeSize, node_hash};

pub use entries::{EntriesError, MAX_ENTRY_BYTES, decode_entries, encode_entries};
pub use path::{EntryBundle, TilePathError};

/// Height of a tile in levels of the tree.
pub const HEIGHT: u8 = 8;

/// Hashes in a full tile, entries in a full bundle.
pub const FULL_WIDTH: u16 = 256;

/// The highest level a path may name.
pub const MAX_LEVEL: u8 = 63;

/// Bytes of a hash in a tile.
const HASH_BYTES: usize = 32;

/// Which tile: `width` hashes (1 to 256) of tree level `8 * level`, from position `256 * index` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    level: u8,
    index: u64,
    width: u16,
}

/// Why there is no such tile, or why it does not have a hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TileError {
    /// The level is above [`MAX_LEVEL`].
    #[error("tile level {level} is above {MAX_LEVEL}")]
    BadLevel {
        /// The level.
        level: u8,
    },
    /// The width is not 1 to 256.
    #[error("tile width {width} is not from 1 to {FULL_WIDTH}")]
    BadWidth {
        /// The width.
        width: u16,
    },
    /// The data are not as many hashes as the tile is wide.
    #[error("{found} bytes are not the {expected} bytes of this tile")]
    WrongLength {
        /// Bytes the tile has.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
    /// The node is in another tile, or in a wider one.
    #[error("the node at level {}, index {} is not in this tile", node.level, node.index)]
    NotInTile {
        /// The node.
        node: Node,
    },
}

impl Tile {
    /// A tile.
    ///
    /// # Errors
    /// [`TileError::BadLevel`] or [`TileError::BadWidth`].
    pub fn new(level: u8, index: u64, width: u16) -> Result<Self, TileError> {
        if level > MAX_LEVEL {
            return Err(TileError::BadLevel { level });
        }
        if width == 0 || width > FULL_WIDTH {
            return Err(TileError::BadWidth { width });
        }
        Ok(Self { level, index, width })
    }

    /// The tile of a tree of `size` leaves that holds what `node` is made of, as wide as that tree makes it.
    /// `None` if the node is not complete in that tree.
    #[must_use]
    pub fn holding(node: Node, size: TreeSize) -> Option<Self> {
        let end = node.index.checked_add(1)?.checked_shl(u32::from(node.level))?;
        if end >> node.level != node.index + 1 || end > size.0 {
            return None;
        }
        let place = Place::of(node)?;
        let width = width_at(place.tile_level, place.tile_index, size)?;
        Some(Self { level: place.tile_level, index: place.tile_index, width })
    }

    /// The tile at a place as wide as a tree of `size` leaves makes it; `None` if that tree does not have it.
    #[must_use]
    pub fn at(level: u8, index: u64, size: TreeSize) -> Option<Self> {
        let width = width_at(level, index, size).filter(|_| level <= MAX_LEVEL)?;
        Some(Self { level, index, width })
    }

    /// The level of tiles, from 0. Its hashes are at level `8 * level` of the tree.
    #[must_use]
    pub fn level(&self) -> u8 {
        self.level
    }

    /// Position within the level.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Hashes in the tile, 1 to 256.
    #[must_use]
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether the tile will not grow any more.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.width == FULL_WIDTH
    }
}

/// The tiles that exist for a tree of `new` leaves and that did not for one of `old` leaves, or were narrower
/// then. In the order in which they can be written: lower levels first.
///
/// Nothing is returned if the tree has not grown. The list is as long as the tiles are many: an iterator.
pub fn new_tiles(old: TreeSize, new: TreeSize) -> impl Iterator<Item = Tile> {
    (0..HEIGHT).flat_map(move |level| {
        let (before, now) = (hashes_at(level, old), hashes_at(level, new));
        let tiles = if before < now { (before >> HEIGHT)..now.div_ceil(u64::from(FULL_WIDTH)) } else { 0..0 };
        tiles.filter_map(move |index| Some(Tile { level, index, width: width_at(level, index, new)? }))
    })
}

/// The bundles of entries that belong to the leaves from `old` to `new`, as wide as the new tree makes them.
pub fn new_entry_bundles(old: TreeSize, new: TreeSize) -> impl Iterator<Item = EntryBundle> {
    new_tiles(old, new)
        .take_while(|tile| tile.level == 0)
        .filter_map(|tile| EntryBundle::new(tile.index, tile.width).ok())
}

/// The hashes of one tile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileData {
    tile: Tile,
    hashes: Vec<Hash>,
}

impl TileData {
    /// Reads a tile as it is stored and served. A full tile may stand for a partial one: `tile` says which it is.
    ///
    /// # Errors
    /// [`TileError::WrongLength`].
    pub fn from_bytes(tile: Tile, bytes: &[u8]) -> Result<Self, TileError> {
        let expected = usize::from(tile.width) * HASH_BYTES;
        let (hashes, rest) = bytes.as_chunks::<HASH_BYTES>();
        if bytes.len() != expected || !rest.is_empty() {
            return Err(TileError::WrongLength { expected, found: bytes.len() });
        }
        Ok(Self { tile, hashes: hashes.to_vec() })
    }

    /// The tile as it is stored and served.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.hashes.concat()
    }

    /// Which tile it is.
    #[must_use]
    pub fn tile(&self) -> Tile {
        self.tile
    }

    /// Its hashes.
    #[must_use]
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// The hash of a node that lies in this tile, or is made of hashes in it.
    ///
    /// # Errors
    /// [`TileError::NotInTile`].
    pub fn hash(&self, node: Node) -> Result<Hash, TileError> {
        let place = Place::of(node)
            .filter(|place| (place.tile_level, place.tile_index) == (self.tile.level, self.tile.index));
        place
            .and_then(|place| self.hashes.get(place.start..place.start + place.count))
            .and_then(subtree_root)
            .ok_or(TileError::NotInTile { node })
    }
}

/// Tiles at hand, as a source of hashes for proofs. Nothing says that they are a log's: verify what is built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TileSet(BTreeMap<(u8, u64), TileData>);

impl TileSet {
    /// Adds a tile; of two for the same place the wider stays.
    pub fn insert(&mut self, data: TileData) {
        let place = (data.tile.level, data.tile.index);
        if self.0.get(&place).is_none_or(|held| held.tile.width < data.tile.width) {
            self.0.insert(place, data);
        }
    }
}

impl HashSource for TileSet {
    type Error = TileError;

    fn hash(&self, node: Node) -> Result<Hash, TileError> {
        let missing = TileError::NotInTile { node };
        let Some(place) = Place::of(node) else { return Err(missing) };
        self.0.get(&(place.tile_level, place.tile_index)).ok_or(missing)?.hash(node)
    }
}

/// The tiles to fetch for these nodes in a tree of `size` leaves. Nodes that the tree does not have are left out.
#[must_use]
pub fn tiles_holding(nodes: &[Node], size: TreeSize) -> BTreeSet<Tile> {
    nodes.iter().filter_map(|node| Tile::holding(*node, size)).collect()
}

/// Where in the tiles a node is: `count` hashes (a power of two) from `start` on.
struct Place {
    tile_level: u8,
    tile_index: u64,
    start: usize,
    count: usize,
}

impl Place {
    /// `None` for nodes that no tree of fewer than 2^64 leaves has.
    fn of(node: Node) -> Option<Self> {
        if node.level >= 64 || node.index > (u64::MAX >> node.level) {
            return None;
        }
        let above = node.level % HEIGHT;
        let first = node.index << above;
        Some(Self {
            tile_level: node.level / HEIGHT,
            tile_index: first >> HEIGHT,
            start: usize::try_from(first % u64::from(FULL_WIDTH)).ok()?,
            count: 1 << above,
        })
    }
}

/// The root of a complete subtree: a power of two of hashes.
fn subtree_root(hashes: &[Hash]) -> Option<Hash> {
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        row = row.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    row.first().copied()
}

/// How many hashes there are at this level of tiles: `floor(size / 256^level)`.
fn hashes_at(level: u8, size: TreeSize) -> u64 {
    size.0.checked_shr(u32::from(level) * u32::from(HEIGHT)).unwrap_or(0)
}

/// How wide this tile is in a tree of `size` leaves, if it is there at all.
fn width_at(level: u8, index: u64, size: TreeSize) -> Option<u16> {
    let left = hashes_at(level, size).checked_sub(index.checked_mul(u64::from(FULL_WIDTH))?)?;
    let width = u16::try_from(left.min(u64::from(FULL_WIDTH))).ok()?;
    if width == 0 { None } else { Some(width) }
}
