//! Copying a log into a store: for backups, for restoring, for taking over.
//!
//! Tiles and bundles that are full never change, so what is there is not copied again, and a copy that was interrupted is
//! taken up where it ended. The lock value comes last: a store without it is not a log yet.

use crate::ct::leaf::TileLeaf;
use crate::{
    check::{Problem, Progress, Reading, Source, Target},
    engine::{Edge, Entries, LockValue, LockValueError, RecordError, Signing, SigningError, Tree},
};
use sealwax_crypto::hex;
use sealwax_store::{Bytes, Cell, LockStore, ObjectStore, StoreError, Swap};
use sealwax_tlog::{
    TreeSize,
    tile::{EntryBundle, Tile, TileData, new_tiles},
};
use std::{collections::BTreeSet, sync::atomic::Ordering::Relaxed};

/// Puts on their way before they are made durable.
const FLUSH_EVERY: u64 = 4096;

/// Why a log was not copied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// What is copied is missing or damaged.
    #[error("{0}")]
    Problem(Problem),
    /// An entry cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The store that is copied to failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The lock value that is there cannot be read.
    #[error(transparent)]
    LockValue(#[from] LockValueError),
    /// What is there is another log, or a longer one.
    #[error("what is there is of {origin:?} with {size} entries, and no beginning of what is copied")]
    Another {
        /// Its origin.
        origin: String,
        /// Its size.
        size: u64,
    },
    /// Somebody else writes there.
    #[error("somebody else writes to what is copied to")]
    Lost,
    /// The entries do not make the tree.
    #[error("the {size} entries do not make the tree that is signed")]
    Root {
        /// How many.
        size: u64,
    },
}

impl From<Problem> for CopyError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// Copies a log, all of it as tiles, and sets the lock value there to `lock`, which must be that of the target; its round is
/// made to follow on the one that is there. `there`: whether an object is in the store already.
///
/// # Errors
/// [`CopyError`]. What was copied stays; the lock value is as it was.
pub async fn copy<S: ObjectStore + LockStore>(
    source: &impl Source,
    target: &Target,
    lock: &LockValue,
    store: &S,
    there: impl Fn(&str) -> bool,
    progress: &Progress,
) -> Result<(), CopyError> {
    let found = store.load(Cell::Lock).await?;
    let round = match &found {
        None => lock.round,
        Some(found) => {
            let old = LockValue::parse(&found.value)?;
            let another = || CopyError::Another { origin: old.origin.clone(), size: old.size };
            if old.origin != lock.origin || old.keys != lock.keys || old.size > lock.size {
                return Err(another());
            }
            if old.size <= target.settled && crate::check::root_at(source, target, old.size)? != old.root {
                return Err(another());
            }
            old.round.max(lock.round) + 1
        }
    };
    let reading = Reading::new(source, target, progress);
    let mut put = 0_u64;
    for tile in new_tiles(TreeSize(0), TreeSize(target.settled)) {
        for name in names(target, tile) {
            if tile.is_full() && there(&name) {
                continue;
            }
            let bytes = read(&reading, &name, tile)?;
            store.put(&name, bytes).await?;
            put += 1;
            if put.is_multiple_of(FLUSH_EVERY) {
                store.flush().await?;
            }
        }
        if tile.level() == 0 {
            progress.entries.fetch_add(u64::from(tile.width()), Relaxed);
        }
    }
    put_tail(&reading, store).await?;
    store.flush().await?;
    let lock = LockValue { round, settled: lock.size, batch: None, ..lock.clone() };
    let expected = found.as_ref().map(|found| &found.version);
    match store.swap(Cell::Lock, expected, lock.to_string().into()).await? {
        Swap::Done(_) => Ok(()),
        Swap::Lost => Err(CopyError::Lost),
    }
}

/// The checkpoint of a copy, signed once more: for the very size and root that the log had when it was copied, and for nothing
/// else, so that no second history comes of it.
///
/// # Errors
/// [`SigningError`].
pub fn checkpoint(lock: &LockValue, signing: &Signing) -> Result<Vec<u8>, SigningError> {
    Ok(signing.sign(lock)?.to_string().into_bytes())
}

/// Copies what a static copy needs for a checkpoint of a smaller tree beside the full tiles: the unfinished ones of that very size.
///
/// # Errors
/// [`CopyError`].
pub async fn unfinished<S: ObjectStore>(
    source: &impl Source,
    target: &Target,
    size: u64,
    store: &S,
) -> Result<(), CopyError> {
    let progress = Progress::default();
    let reading = Reading::new(source, target, &progress);
    for tile in new_tiles(TreeSize(0), TreeSize(size)).filter(|tile| !tile.is_full()) {
        for name in names(target, tile) {
            store.put(&name, read(&reading, &name, tile)?).await?;
        }
    }
    Ok(store.flush().await?)
}

/// A tile, or the bundle beside it, out of one that may have grown since.
fn read(reading: &Reading<'_, impl Source>, name: &str, tile: Tile) -> Result<Bytes, CopyError> {
    let target = reading.target;
    let wide = Tile::at(tile.level(), tile.index(), TreeSize(target.settled)).unwrap_or(tile);
    let width = wide.width().max(tile.width());
    if name.starts_with("tile/entries/") || name.starts_with("tile/data/") {
        let (_, bytes) = reading.bundle(tile.index(), width)?;
        return Ok(target.kind.first(&bytes, tile.width())?);
    }
    let (name, bytes) = reading.tile(tile.level(), tile.index(), width)?;
    let length = usize::from(tile.width()) * 32;
    if bytes.len() < length {
        return Err(Problem::Length { name, expected: length, found: bytes.len() }.into());
    }
    Ok(bytes.slice(..length))
}

/// What is not in tiles there yet becomes tiles here.
async fn put_tail<S: ObjectStore>(reading: &Reading<'_, impl Source>, store: &S) -> Result<(), CopyError> {
    let target = reading.target;
    if target.settled == target.size {
        return Ok(());
    }
    let size = target.settled;
    let mut tiles = Vec::new();
    for tile in Tree::edge_tiles(size) {
        let (name, bytes) = reading.tile(tile.level(), tile.index(), tile.width())?;
        let bad = Problem::Length { name, expected: usize::from(tile.width()) * 32, found: bytes.len() };
        tiles.push(TileData::from_bytes(tile, &bytes).map_err(|_| bad)?);
    }
    let tree = Tree::from_tiles(size, &tiles).ok_or(CopyError::Root { size })?;
    let bundle = match u16::try_from(size % 256) {
        Ok(width @ 1..) => target.kind.first(&reading.bundle(size / 256, width)?.1, width)?,
        _ => Bytes::new(),
    };
    let mut edge = Edge { tree, entries: Entries::from_bundle(target.kind, size, &bundle)? };
    for record in &target.tail {
        edge.tree.push(target.kind.read(record)?.leaf);
        edge.entries.push(record);
    }
    if edge.tree.root() != target.root {
        return Err(CopyError::Root { size: target.size });
    }
    for tile in new_tiles(TreeSize(size), TreeSize(target.size)) {
        let lost = || CopyError::Root { size: target.size };
        let hashes = edge.tree.tile(tile).ok_or_else(lost)?.as_flattened().to_vec();
        store.put(&tile.to_string(), hashes.into()).await?;
        if tile.level() == 0 {
            let bundle = EntryBundle::new(tile.index(), tile.width()).map_err(|_| lost())?;
            let bytes = edge.entries.bundle(bundle).ok_or_else(lost)?;
            store.put(&target.kind.bundle_name(bundle), bytes).await?;
        }
    }
    Ok(())
}

/// A tile, and the bundle beside it if it is one of leaves.
fn names(target: &Target, tile: Tile) -> Vec<String> {
    let bundle = (tile.level() == 0).then(|| EntryBundle::new(tile.index(), tile.width()).ok()).flatten();
    std::iter::once(tile.to_string()).chain(bundle.map(|bundle| target.kind.bundle_name(bundle))).collect()
}

/// The names of the certificates that the chains of a certificate log name.
///
/// # Errors
/// [`CopyError`]: an entry cannot be read.
pub fn issuers(source: &impl Source, target: &Target) -> Result<BTreeSet<String>, CopyError> {
    let progress = Progress::default();
    let reading = Reading::new(source, target, &progress);
    let mut names = BTreeSet::new();
    let mut add = |record: &[u8]| -> Result<(), CopyError> {
        let leaf = TileLeaf::read(record).map_err(RecordError::from)?;
        names.extend(leaf.chain.iter().map(|issuer| format!("issuer/{}", hex(issuer))));
        Ok(())
    };
    for index in 0..target.settled.div_ceil(256) {
        let width = u16::try_from((target.settled - index * 256).min(256)).unwrap_or(256);
        let (_, bytes) = reading.bundle(index, width)?;
        let mut rest = target.kind.first(&bytes, width)?;
        while !rest.is_empty() {
            let length = target.kind.length(&rest)?;
            add(&rest.split_to(length))?;
        }
    }
    target.tail.iter().try_for_each(|record| add(record))?;
    Ok(names)
}
