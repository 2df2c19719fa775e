//! A log of made-up leaf hashes: all tiles, the index and the lock value, put where the engine would have put them.

use std::fs;
use std::path::Path;
use std::time::Instant;

use sealwax_log::engine::LockValue;
use sealwax_log::index::{Index, Options};
use sealwax_store::{Cell, LockStore, Swap};
use sealwax_tlog::tile::{Tile, TileData};
use sealwax_tlog::{Hash, node_hash};

use crate::running::{host, signing, store};

const WIDTH: usize = 256;

/// Makes it; seconds.
pub(crate) fn make(directory: &Path, entries: u64) -> f64 {
    assert!(entries.is_multiple_of(WIDTH as u64), "a multiple of {WIDTH}");
    let start = Instant::now();
    fs::create_dir_all(directory).unwrap();
    let root = Tiles::new(directory, entries).fill();
    let value = LockValue {
        origin: signing().origin().to_owned(),
        keys: signing().key_hashes(),
        writer: host().random(),
        round: 1,
        size: entries,
        root,
        timestamp: host().now_ms(),
        batch: None,
        settled: entries,
        frozen: None,
    };
    let store = store(directory);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let swapped = runtime.block_on(store.swap(Cell::Lock, None, value.to_string().into())).unwrap();
    assert!(matches!(swapped, Swap::Done(_)));
    start.elapsed().as_secs_f64()
}

/// The tiles that are being filled, one per level.
struct Tiles<'d> {
    directory: &'d Path,
    entries: u64,
    levels: Vec<Vec<Hash>>,
    written: Vec<u64>,
}

impl<'d> Tiles<'d> {
    fn new(directory: &'d Path, entries: u64) -> Self {
        Self { directory, entries, levels: Vec::new(), written: Vec::new() }
    }

    /// Writes all tiles and the index; the root.
    fn fill(mut self) -> Hash {
        let index = Index::open(&self.directory.join("index"), 0, Options::default()).unwrap();
        for first in (0..self.entries).step_by(WIDTH) {
            let leaves: Vec<Hash> = (first..first + WIDTH as u64).map(leaf).collect();
            index.absorb(first, &leaves).unwrap();
            for leaf in leaves {
                self.push(0, leaf);
            }
        }
        index.flush().unwrap();
        for level in 0..self.levels.len() {
            if !self.levels[level].is_empty() {
                self.write(level);
            }
        }
        self.root()
    }

    fn push(&mut self, level: usize, hash: Hash) {
        if self.levels.len() == level {
            self.levels.push(Vec::with_capacity(WIDTH));
            self.written.push(0);
        }
        self.levels[level].push(hash);
        if self.levels[level].len() == WIDTH {
            self.write(level);
            self.written[level] += 1;
            let above = subtree(&self.levels[level]);
            self.levels[level].clear();
            self.push(level + 1, above);
        }
    }

    fn write(&self, level: usize) {
        let hashes = &self.levels[level];
        let tile = Tile::new(level as u8, self.written[level], hashes.len() as u16).unwrap();
        let bytes: Vec<u8> = hashes.concat();
        let data = TileData::from_bytes(tile, &bytes).unwrap();
        let path = self.directory.join(tile.to_string());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, data.to_bytes()).unwrap();
    }

    /// The partial tiles' subtrees, the lowest level being the right end.
    fn root(&self) -> Hash {
        let mut root: Option<Hash> = None;
        for hashes in &self.levels {
            // Complete subtrees of the tile, from the right.
            let mut end = hashes.len();
            while end > 0 {
                let width = 1 << end.trailing_zeros();
                let left = subtree(&hashes[end - width..end]);
                root = Some(root.map_or(left, |right| node_hash(&left, &right)));
                end -= width;
            }
        }
        root.expect("a tree with leaves")
    }
}

/// The root of a complete subtree.
fn subtree(hashes: &[Hash]) -> Hash {
    match hashes {
        [hash] => *hash,
        _ => {
            let (left, right) = hashes.split_at(hashes.len() / 2);
            node_hash(&subtree(left), &subtree(right))
        }
    }
}

fn leaf(number: u64) -> Hash {
    sealwax_crypto::sha256(&[b"leaf".as_slice(), &number.to_le_bytes()].concat())
}
