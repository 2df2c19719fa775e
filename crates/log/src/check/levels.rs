//! The tiles above level 0, and the root.

use super::{
    MAX_PROBLEMS, Problem, Reading, Source,
    block::{Block, first_difference, subtree, usize_of, width_of},
    parallel,
};
use sealwax_tlog::{
    Hash, TreeSize,
    merkle::build::{self, HashSource, Node},
    tile::Tile,
};
use std::num::NonZeroUsize;

/// The complete nodes of one tile level.
struct Level {
    /// As what lies below makes them; where that is not known, as the tiles have them.
    built: Vec<Option<Hash>>,
    /// As the tiles have them.
    stored: Vec<Option<Hash>>,
}

/// A hash in a tile that is not made by what lies below.
struct Mismatch {
    level: usize,
    index: usize,
    problem: Problem,
}

pub(super) fn check<S: Source>(
    reading: &Reading<'_, S>,
    blocks: &[Block],
    threads: NonZeroUsize,
) -> Vec<Problem> {
    let size = reading.target.size;
    let last = blocks.last().filter(|block| block.width < 256);
    let full = blocks.iter().filter(|block| block.width == 256);
    let mut problems = Vec::new();
    let mut mismatches = Vec::new();
    let mut levels = vec![Level {
        built: last.map(|block| block.leaves.clone()).unwrap_or_default(),
        stored: last.map(|block| block.stored.iter().copied().map(Some).collect()).unwrap_or_default(),
    }];
    let mut built: Vec<Option<Hash>> = full.clone().map(|block| block.root).collect();
    let mut below: Vec<Option<Hash>> = full.map(|block| block.stored_root).collect();
    let mut number = 1_u8;
    while !built.is_empty() {
        let (stored, found) = read_level(reading, number, built.len(), threads);
        problems.extend(found);
        for (index, stored) in stored.iter().enumerate() {
            let made = built.get_mut(index);
            let Some((stored, made)) = stored.zip(made) else { continue };
            let Some(expected) = *made else {
                *made = Some(stored);
                continue;
            };
            // If the tile below, by itself, makes it, then what is wrong lies further down, and was found there.
            if stored != expected && below.get(index).copied().flatten() != Some(stored) {
                let offset = index % 256 * 32 + first_difference(&stored, &expected);
                let problem = Problem::Hash { name: tile_name(reading, number, index), offset };
                mismatches.push(Mismatch { level: usize::from(number), index, problem });
            }
        }
        let next = parents(&built);
        let next_below = parents(&stored);
        levels.push(Level { built, stored });
        (built, below) = (next, next_below);
        number += 1;
    }
    let found = root(&levels, 0, levels.first().map(|level| level.built.clone()).unwrap_or_default(), size);
    if found == Some(reading.target.root) && problems.is_empty() {
        // The entries are right, so a tile is wrong wherever there is a contradiction.
        problems.extend(mismatches.into_iter().map(|mismatch| mismatch.problem));
        problems.extend(blocks.iter().filter_map(|block| Some(block.suspect.clone()?.tile)));
        return problems;
    }
    let before = problems.len();
    // Whether the hashes of a level, as the tiles have them, lead to the root.
    let genuine = levels.iter().enumerate();
    let genuine = genuine.map(|(level, hashes)| root(&levels, level, hashes.stored_or_built(), size));
    let genuine: Vec<bool> = genuine.map(|root| root == Some(reading.target.root)).collect();
    for mismatch in mismatches {
        let is_genuine = genuine.get(mismatch.level) == Some(&true);
        problems.push(if is_genuine { blame_below(reading, &mismatch) } else { mismatch.problem });
    }
    let suspects =
        blocks.iter().enumerate().filter_map(|(index, block)| Some((index, block, block.suspect.clone()?)));
    for (number, (index, block, suspect)) in suspects.enumerate() {
        // Each takes a tree to tell, and is listed if it is among the first.
        let tile_is_right = number < MAX_PROBLEMS && tile_is_genuine(reading, &levels, block, index);
        problems.push(if tile_is_right { suspect.entry } else { suspect.tile });
    }
    let known = before > 0 || blocks.iter().any(|block| !block.problems.is_empty());
    if problems.is_empty() && (found != Some(reading.target.root)) && !known {
        problems.push(Problem::Root { size, expected: reading.target.root, found });
    }
    problems
}

/// The hashes of all tiles of one level.
fn read_level<S: Source>(
    reading: &Reading<'_, S>,
    number: u8,
    count: usize,
    threads: NonZeroUsize,
) -> (Vec<Option<Hash>>, Vec<Problem>) {
    let settled = usize_of(reading.target.settled.checked_shr(u32::from(number) * 8).unwrap_or(0));
    let tiles = parallel::map(count.div_ceil(256) as u64, threads, |index| {
        let start = usize_of(index) * 256;
        let width = (count - start).min(256);
        let required = settled.saturating_sub(start).min(width);
        let mut hashes = vec![None; width];
        // The unfinished tile must be there as wide as it was when the log was last settled.
        let read = if required > 0 {
            Some(reading.tile(number, index, width_of(required)))
        } else {
            let name =
                Tile::new(number, index, width_of(width)).map(|tile| tile.to_string()).unwrap_or_default();
            reading.get(&name).transpose().map(|bytes| bytes.map(|bytes| (name, bytes)))
        };
        let (name, bytes) = match read {
            None => return (hashes, None),
            Some(Err(problem)) => return (hashes, Some(problem)),
            Some(Ok(found)) => found,
        };
        let expected = if required > 0 { required } else { width } * 32;
        for (hash, stored) in hashes.iter_mut().zip(bytes.as_chunks::<32>().0) {
            *hash = Some(*stored);
        }
        let cut = bytes.len() < expected || bytes.len() % 32 != 0;
        let problem = cut.then(|| Problem::Length { name, expected, found: bytes.len() });
        (hashes, problem)
    });
    let mut problems = Vec::new();
    let mut stored = Vec::with_capacity(count);
    for (hashes, problem) in tiles {
        stored.extend(hashes);
        problems.extend(problem);
    }
    (stored, problems)
}

/// The roots of the full tiles of a level.
fn parents(hashes: &[Option<Hash>]) -> Vec<Option<Hash>> {
    let full = hashes.as_chunks::<256>().0.iter();
    full.map(|tile| tile.iter().copied().collect::<Option<Vec<Hash>>>().map(subtree)).collect()
}

fn tile_name<S: Source>(reading: &Reading<'_, S>, level: u8, index: usize) -> String {
    let place = index as u64 / 256;
    Tile::at(level, place, TreeSize(reading.target.settled.max(1)))
        .or_else(|| Tile::at(level, place, TreeSize(reading.target.size)))
        .map(|tile| tile.to_string())
        .unwrap_or_default()
}

/// A hash that leads to the root, and a file below it that does not make it.
fn blame_below<S: Source>(reading: &Reading<'_, S>, mismatch: &Mismatch) -> Problem {
    let level = u8::try_from(mismatch.level - 1).unwrap_or(0);
    match Tile::new(level, mismatch.index as u64, 256) {
        Ok(tile) => Problem::Hash { name: tile.to_string(), offset: 0 },
        Err(_) => Problem::Root { size: reading.target.size, expected: reading.target.root, found: None },
    }
}

/// Whether the hashes in a tile of level 0 lead to the root.
fn tile_is_genuine<S: Source>(
    reading: &Reading<'_, S>,
    levels: &[Level],
    block: &Block,
    index: usize,
) -> bool {
    let target = reading.target;
    // Entries that are not in tiles yet are as they were staged.
    let stored = block.stored.iter().copied().map(Some);
    let leaves: Vec<_> = stored.chain(block.leaves.iter().copied().skip(block.stored.len())).collect();
    let root = if leaves.len() < 256 {
        root(levels, 0, leaves, target.size)
    } else {
        let mut nodes = levels.get(1).map(|level| level.built.clone()).unwrap_or_default();
        if let Some(node) = nodes.get_mut(index) {
            *node = leaves.into_iter().collect::<Option<Vec<Hash>>>().map(subtree);
        }
        root(levels, 1, nodes, target.size)
    };
    root == Some(target.root)
}

/// The root of the tree with these hashes at one level; those below it are as they were built, those above are made of them.
fn root(levels: &[Level], level: usize, hashes: Vec<Option<Hash>>, size: u64) -> Option<Hash> {
    let mut nodes: Vec<Vec<Option<Hash>>> =
        levels.iter().take(level).map(|level| level.built.clone()).collect();
    let mut here = hashes;
    while nodes.len() < levels.len() {
        let next = match levels.get(1) {
            Some(level) if nodes.is_empty() => level.built.clone(),
            _ => parents(&here),
        };
        nodes.push(here);
        here = next;
    }
    build::root(&Nodes { size, levels: nodes }, TreeSize(size)).ok()
}

impl Level {
    /// As the tiles have them; what is not in tiles yet as it was built.
    fn stored_or_built(&self) -> Vec<Option<Hash>> {
        let stored = self.stored.iter().copied().chain(std::iter::repeat(None));
        self.built.iter().zip(stored).map(|(built, stored)| stored.or(*built)).collect()
    }
}

struct Nodes {
    size: u64,
    levels: Vec<Vec<Option<Hash>>>,
}

impl HashSource for Nodes {
    type Error = ();

    fn hash(&self, node: Node) -> Result<Hash, ()> {
        let level = usize::from(node.level / 8);
        let hashes = self.levels.get(level).ok_or(())?;
        // Of level 0 only the unfinished tile is kept.
        let first = if level == 0 { usize_of(self.size / 256 * 256) } else { 0 };
        let count = 1_usize << (node.level % 8);
        let start =
            usize_of(node.index).checked_mul(count).and_then(|start| start.checked_sub(first)).ok_or(())?;
        let hashes = hashes.get(start..start + count).ok_or(())?;
        hashes.iter().copied().collect::<Option<Vec<Hash>>>().map(subtree).ok_or(())
    }
}
