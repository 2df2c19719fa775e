//! 256 entries: their bundle against their tile of level 0.

use super::{Problem, Reading, Source, beside};
use crate::{ct::leaf::TileLeaf, engine::Kind};
use sealwax_tlog::{
    Hash, leaf_hash, node_hash,
    tile::{EntryBundle, Tile},
};
use std::{collections::BTreeSet, sync::atomic::Ordering::Relaxed};

/// What the entries at one place come to.
#[derive(Default)]
pub(super) struct Block {
    pub(super) problems: Vec<Problem>,
    /// How many entries belong here.
    pub(super) width: usize,
    /// The leaf hashes as the entries make them, and where they cannot be read, as the tile has them. Kept, as those in the tile
    /// are, of fewer than 256 entries, and where there is a suspect: a log has many blocks.
    pub(super) leaves: Vec<Option<Hash>>,
    /// The leaf hashes in the tile.
    pub(super) stored: Vec<Hash>,
    /// Where the two differ first.
    pub(super) suspect: Option<Box<Suspect>>,
    /// The root of 256 leaves, if all are known.
    pub(super) root: Option<Hash>,
    /// The root of what the tile says of 256 leaves.
    pub(super) stored_root: Option<Hash>,
    /// Certificates that the chains name.
    pub(super) issuers: BTreeSet<Hash>,
}

/// An entry and a hash in a tile that contradict each other.
#[derive(Clone)]
pub(super) struct Suspect {
    pub(super) tile: Problem,
    pub(super) entry: Problem,
}

impl Block {
    pub(super) fn check<S: Source>(reading: &Reading<'_, S>, index: u64) -> Self {
        let target = reading.target;
        let start = index * 256;
        let width = usize_of((target.size - start).min(256));
        let settled = usize_of(target.settled.saturating_sub(start).min(width as u64));
        let mut block = Self { width, leaves: vec![None; width], ..Self::default() };
        let mut places = Vec::new();
        if settled > 0 {
            places = block.read_bundle(reading, index, settled);
        }
        for slot in settled..width {
            let record = target.tail.get(usize_of(start + slot as u64 - target.settled));
            let name = "wal".to_owned();
            block.read_entry(reading, &name, start, slot, (0, record.map_or(&[], |record| record)));
        }
        if settled > 0 {
            match reading.tile(0, index, width_of(settled)) {
                Ok((name, bytes)) => block.compare(&name, &bytes, settled, index, target.kind, &places),
                Err(problem) => block.problems.push(problem),
            }
        }
        block.check_early_files(reading, index, settled, width);
        reading.progress.entries.fetch_add(width as u64, Relaxed);
        // What cannot be told from the entries the tile may say, so that the rest can be checked.
        for (leaf, stored) in block.leaves.iter_mut().zip(&block.stored) {
            leaf.get_or_insert(*stored);
        }
        if width == 256 {
            block.condense();
        }
        block
    }

    /// From 256 leaves to their root.
    fn condense(&mut self) {
        self.root = self.leaves.iter().copied().collect::<Option<Vec<Hash>>>().map(subtree);
        let is_whole = self.stored.len() == 256;
        if self.suspect.is_some() {
            self.stored_root = is_whole.then(|| subtree(self.stored.clone()));
        } else {
            // The leaves are what the tile says.
            self.stored_root = self.root.filter(|_| is_whole);
            (self.leaves, self.stored) = (Vec::new(), Vec::new());
        }
    }

    /// Reads so many entries, and returns where each begins.
    fn read_bundle<S: Source>(&mut self, reading: &Reading<'_, S>, index: u64, count: usize) -> Vec<usize> {
        let (name, bytes) = match reading.bundle(index, width_of(count)) {
            Ok(found) => found,
            Err(problem) => {
                self.problems.push(problem);
                return Vec::new();
            }
        };
        let mut places = Vec::new();
        let mut offset = 0;
        for slot in 0..count {
            let rest = bytes.get(offset..).unwrap_or_default();
            places.push(offset);
            let Some(length) = self.read_entry(reading, &name, index * 256, slot, (offset, rest)) else {
                return places;
            };
            offset += length;
        }
        let is_full =
            EntryBundle::new(index, 256).is_ok_and(|full| reading.target.kind.bundle_name(full) == name);
        if offset != bytes.len() && (count == 256 || !is_full) {
            self.problems.push(Problem::Trailing { name, offset });
        }
        places
    }

    /// Reads the entry at the start of `bytes`; returns how many of them it takes.
    fn read_entry<S: Source>(
        &mut self,
        reading: &Reading<'_, S>,
        name: &str,
        start: u64,
        slot: usize,
        (offset, bytes): (usize, &[u8]),
    ) -> Option<usize> {
        let index = start + slot as u64;
        let bad = |why: String| Problem::Entry { name: name.to_owned(), offset, index, why };
        let (leaf, length) = match reading.target.kind {
            Kind::Signature => {
                let entry = bytes
                    .split_first_chunk::<2>()
                    .and_then(|(length, rest)| rest.get(..usize::from(u16::from_be_bytes(*length))));
                let Some(entry) = entry else {
                    self.problems.push(bad("the bundle ends within it".to_owned()));
                    return None;
                };
                (leaf_hash(entry), entry.len() + 2)
            }
            Kind::Certificate => match TileLeaf::read(bytes) {
                Ok(leaf) => {
                    if leaf.leaf_index != index {
                        self.problems.push(bad(format!("it says that it is entry {}", leaf.leaf_index)));
                    }
                    self.issuers.extend(leaf.chain);
                    if let Err(error) = beside::check(reading, &leaf) {
                        self.problems.push(bad(error.to_string()));
                    }
                    (leaf.leaf_hash(), leaf.record().len())
                }
                Err(error) => {
                    self.problems.push(bad(error.to_string()));
                    return None;
                }
            },
        };
        if let Some(place) = self.leaves.get_mut(slot) {
            *place = Some(leaf);
        }
        Some(length)
    }

    /// The hashes of a tile against the entries.
    fn compare(&mut self, name: &str, bytes: &[u8], count: usize, index: u64, kind: Kind, places: &[usize]) {
        let expected = count * 32;
        let Some(hashes) = bytes.get(..expected) else {
            let found = bytes.len();
            self.problems.push(Problem::Length { name: name.to_owned(), expected, found });
            return;
        };
        let is_full = Tile::new(0, index, 256).is_ok_and(|full| full.to_string() == name);
        if bytes.len() > expected && (count == 256 || !is_full) {
            let found = bytes.len();
            self.problems.push(Problem::Length { name: name.to_owned(), expected, found });
        }
        self.stored = hashes.as_chunks::<32>().0.to_vec();
        for (slot, (leaf, stored)) in self.leaves.iter().zip(&self.stored).enumerate() {
            let Some(leaf) = leaf.filter(|leaf| leaf != stored) else { continue };
            let bundle = EntryBundle::new(index, width_of(count)).map(|bundle| kind.bundle_name(bundle));
            self.suspect = Some(Box::new(Suspect {
                tile: Problem::Hash {
                    name: name.to_owned(),
                    offset: slot * 32 + first_difference(&leaf, stored),
                },
                entry: Problem::Entry {
                    name: bundle.unwrap_or_default(),
                    offset: places.get(slot).copied().unwrap_or(0),
                    index: index * 256 + slot as u64,
                    why: "it is not the entry that its leaf hash stands for".to_owned(),
                },
            }));
            return;
        }
    }

    /// A full tile may be there before it must; then it is right as well.
    fn check_early_files<S: Source>(
        &mut self,
        reading: &Reading<'_, S>,
        index: u64,
        settled: usize,
        width: usize,
    ) {
        if settled == width || width < 256 {
            return;
        }
        let Ok(tile) = Tile::new(0, index, 256) else { return };
        match reading.get(&tile.to_string()) {
            Ok(Some(bytes)) => self.compare(&tile.to_string(), &bytes, 256, index, reading.target.kind, &[]),
            Ok(None) => {}
            Err(problem) => self.problems.push(problem),
        }
    }
}

/// The root of a power of two of hashes.
pub(super) fn subtree(mut hashes: Vec<Hash>) -> Hash {
    while hashes.len() > 1 {
        hashes = hashes.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    hashes.first().copied().unwrap_or_default()
}

pub(super) fn first_difference(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}

pub(super) fn width_of(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(256)
}

/// Never more than 256, or an index into what is in memory.
pub(super) fn usize_of(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
