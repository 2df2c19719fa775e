//! Recomputing a whole log: every leaf from its entry, every hash from those below it, up to the root that is signed.
//!
//! **Job.** [`check`] reads everything that a tree of a given size and root consists of from a [`Source`], on as many threads
//! as it is given, and says in a [`Report`] what is wrong, with the file and the byte. The log may be anybody's: tiles and
//! bundles as C2SP `tlog-tiles` or `static-ct-api` have them. Of a directory that is being written to, what is not yet in
//! tiles comes from the staged batches ([`directory`]). Of a certificate log, what the tree does not cover is checked too: what
//! stands beside a leaf follows from it.
//!
//! **Who is to blame** when two files contradict each other: the one that does not lead to the root.
//!
//! **Non-goals.** Whether the root is signed: the caller verifies the checkpoint. Whether an entry was worth logging, or says
//! anything to Rekor's clients: a log that was taken over may have others.

mod beside;
mod block;
pub mod directory;
mod levels;
mod parallel;
mod problem;

use crate::engine::Kind;
use beside::Chains;
use block::Block;
use bytes::Bytes;
pub use problem::Problem;
use sealwax_crypto::sha256;
use sealwax_tlog::{
    Hash, TreeSize, empty_root,
    tile::{EntryBundle, Tile},
};
use std::{
    collections::BTreeSet,
    num::NonZeroUsize,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
};

/// How many problems are listed, the first by place in the log; the rest is counted. One bad disk has thousands.
pub const MAX_PROBLEMS: usize = 1000;

/// After so many problems with entries no more of these are read: somebody else's log can say that it has any number of them.
const ENOUGH: usize = 10 * MAX_PROBLEMS;

/// Where objects are read from, by many threads at once.
pub trait Source: Sync {
    /// An object by name, or `None` if there is none.
    ///
    /// # Errors
    /// Why it cannot be read, as a sentence.
    fn get(&self, name: &str) -> Result<Option<Bytes>, String>;
}

/// What there should be.
#[derive(Clone, Debug)]
pub struct Target {
    /// Which log.
    pub kind: Kind,
    /// The size of the tree.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// The tiles and bundles of the tree of this size must be there; beyond it they may.
    pub settled: u64,
    /// The entries beyond `settled`, as they stand in a bundle.
    pub tail: Vec<Bytes>,
}

/// How far the check is.
#[derive(Debug, Default)]
pub struct Progress {
    /// Entries that were read.
    pub entries: AtomicU64,
    /// Bytes that were read.
    pub bytes: AtomicU64,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What is wrong, by place in the log. Empty: nothing is.
    pub problems: Vec<Problem>,
    /// Problems beyond [`MAX_PROBLEMS`].
    pub more: usize,
    /// Entries that were not read, since too much is wrong with those that were.
    pub unread: u64,
    /// Issuers that were found to be what the entries say.
    pub issuers: usize,
}

/// Reads and recomputes everything.
pub fn check(source: &impl Source, target: &Target, threads: NonZeroUsize, progress: &Progress) -> Report {
    let reading = Reading::new(source, target, progress);
    let bad = AtomicUsize::new(0);
    let blocks = parallel::map_while(target.size.div_ceil(256), threads, |index| {
        let block = (bad.load(Relaxed) < ENOUGH).then(|| Block::check(&reading, index))?;
        bad.fetch_add(block.problems.len(), Relaxed);
        Some(block)
    });
    let read = (blocks.len() as u64).saturating_mul(256);
    let mut report = Report { unread: target.size.saturating_sub(read), ..Report::default() };
    report.add(blocks.iter().flat_map(|block| block.problems.iter().cloned()));
    if report.unread > 0 {
        return report;
    }
    report.add(levels::check(&reading, &blocks, threads));
    let issuers: BTreeSet<&Hash> = blocks.iter().flat_map(|block| &block.issuers).collect();
    let issuers: Vec<&Hash> = issuers.into_iter().collect();
    let bad = parallel::map(issuers.len() as u64, threads, |index| {
        let issuer = usize::try_from(index).ok().and_then(|index| issuers.get(index));
        issuer.and_then(|issuer| check_issuer(&reading, issuer))
    });
    report.issuers = bad.iter().filter(|problem| problem.is_none()).count();
    report.add(bad.into_iter().flatten());
    report
}

impl Report {
    /// Adds what else is wrong.
    pub fn add(&mut self, problems: impl IntoIterator<Item = Problem>) {
        self.problems.extend(problems);
        self.problems.sort_by_cached_key(Problem::place_in_log);
        self.more += self.problems.len().saturating_sub(MAX_PROBLEMS);
        self.problems.truncate(MAX_PROBLEMS);
    }
}

/// The issuer is there, and is what its name says.
fn check_issuer<S: Source>(reading: &Reading<'_, S>, fingerprint: &Hash) -> Option<Problem> {
    let name = format!("issuer/{}", sealwax_crypto::hex(fingerprint));
    match reading.get(&name) {
        Ok(Some(bytes)) if sha256(&bytes) == *fingerprint => None,
        Ok(Some(_)) => Some(Problem::Issuer { name }),
        Ok(None) => Some(Problem::Missing { name }),
        Err(problem) => Some(problem),
    }
}

/// What everybody who reads needs.
pub(crate) struct Reading<'a, S> {
    pub(crate) source: &'a S,
    pub(crate) target: &'a Target,
    pub(crate) progress: &'a Progress,
    /// Of certificate logs.
    chains: Chains,
}

impl<'a, S: Source> Reading<'a, S> {
    pub(crate) fn new(source: &'a S, target: &'a Target, progress: &'a Progress) -> Self {
        Self { source, target, progress, chains: Chains::default() }
    }

    fn get(&self, name: &str) -> Result<Option<Bytes>, Problem> {
        let found =
            self.source.get(name).map_err(|cause| Problem::Unreadable { name: name.to_owned(), cause })?;
        if let Some(bytes) = &found {
            self.progress.bytes.fetch_add(bytes.len() as u64, Relaxed);
        }
        Ok(found)
    }

    /// The tile at a place with this many hashes: the file of this width, or a full one, which some logs keep alone.
    pub(crate) fn tile(&self, level: u8, index: u64, width: u16) -> Result<(String, Bytes), Problem> {
        let name = |width| Tile::new(level, index, width).map(|tile| tile.to_string()).unwrap_or_default();
        self.part_or_full(name(width), name(256))
    }

    /// The bundle at a place, likewise.
    pub(crate) fn bundle(&self, index: u64, width: u16) -> Result<(String, Bytes), Problem> {
        let name = |width| {
            let bundle = EntryBundle::new(index, width);
            bundle.map(|bundle| self.target.kind.bundle_name(bundle)).unwrap_or_default()
        };
        self.part_or_full(name(width), name(256))
    }

    fn part_or_full(&self, part: String, full: String) -> Result<(String, Bytes), Problem> {
        if let Some(bytes) = self.get(&part)? {
            return Ok((part, bytes));
        }
        if part != full
            && let Some(bytes) = self.get(&full)?
        {
            return Ok((full, bytes));
        }
        Err(Problem::Missing { name: part })
    }
}

/// The root of a smaller tree, out of tiles that were found to be right.
///
/// # Errors
/// [`Problem`]: a tile of that tree is not there.
pub fn root_at(source: &impl Source, target: &Target, size: u64) -> Result<Hash, Problem> {
    use sealwax_tlog::merkle::build::Plan;
    use sealwax_tlog::tile::{TileData, TileSet, tiles_holding};
    let progress = Progress::default();
    let reading = Reading::new(source, target, &progress);
    let plan = Plan::root(TreeSize(size));
    let mut tiles = TileSet::default();
    for tile in tiles_holding(plan.nodes(), TreeSize(size)) {
        // Narrower than it is now: the wider one begins with it.
        let wide = Tile::at(tile.level(), tile.index(), TreeSize(target.settled)).unwrap_or(tile);
        let (name, bytes) = reading.tile(tile.level(), tile.index(), wide.width().max(tile.width()))?;
        let length = usize::from(tile.width()) * 32;
        let bad = Problem::Length { name, expected: length, found: bytes.len() };
        let hashes = bytes.get(..length).and_then(|hashes| TileData::from_bytes(tile, hashes).ok());
        tiles.insert(hashes.ok_or(bad)?);
    }
    let root = plan.run(&tiles).map(|hashes| hashes.first().copied().unwrap_or_else(empty_root));
    root.map_err(|_| Problem::Root { size, expected: target.root, found: None })
}

#[cfg(test)]
mod tests;
