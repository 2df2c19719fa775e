use super::{Subject, entries};
use crate::oracle::{Base, FinalLog, History, Leaf, extend};
use sealwax_log::engine::{Kind, LockValue, LockValueError};
use sealwax_tlog::{
    CheckpointError, LogKey, LogKeyError, LogSignatureError, SignedCheckpoint, TreeSize,
    tile::{EntryBundle, new_tiles},
};

/// Why a store does not hold a log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// There is no checkpoint.
    #[error("there is no checkpoint")]
    NoCheckpoint,
    /// It is none.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The key of the log cannot be used.
    #[error(transparent)]
    Key(#[from] LogKeyError),
    /// It is not signed by the log.
    #[error(transparent)]
    Signature(#[from] LogSignatureError),
    /// The lock value is none.
    #[error(transparent)]
    Lock(#[from] LockValueError),
    /// The checkpoint does not say what the lock value says.
    #[error("the checkpoint has size {checkpoint}, the lock value {lock}")]
    Behind {
        /// Size of the checkpoint.
        checkpoint: u64,
        /// Size in the lock value.
        lock: u64,
    },
    /// A tile or a bundle is not there.
    #[error("{name} is missing")]
    Missing {
        /// Which.
        name: String,
    },
    /// A tile or a bundle does not fit the entries.
    #[error("{name} is damaged")]
    Damaged {
        /// Which.
        name: String,
    },
    /// The tiles make another tree than the checkpoint says.
    #[error("the tiles make another tree than the checkpoint of size {size}")]
    Root {
        /// Its size.
        size: u64,
    },
}

/// Reads a log as it lies in a store, the way a static log is read: the checkpoint, and the tiles of its size. Nothing of
/// the engine's own reading is used. Returns the leaves behind those of `base`; the tiles of `base` are taken on trust.
///
/// # Errors
/// [`Unreadable`].
pub fn read(
    subject: &Subject,
    base: &Base,
    checkpoint: Option<&[u8]>,
    lock: Option<&[u8]>,
    object: impl Fn(&str) -> Option<Vec<u8>>,
) -> Result<Vec<Leaf>, Unreadable> {
    let text =
        checkpoint.and_then(|bytes| std::str::from_utf8(bytes).ok()).ok_or(Unreadable::NoCheckpoint)?;
    let signed = SignedCheckpoint::parse(text)?;
    for key in subject.signing(&History::default()).verifier_keys() {
        LogKey::from_verifier_key(key.clone())?.verify(&signed)?;
    }
    let claim = signed.unverified();
    let size = claim.size().0;
    if let Some(lock) = lock.map(LockValue::parse).transpose()?
        && (lock.size, &lock.root) != (size, claim.root())
    {
        return Err(Unreadable::Behind { checkpoint: size, lock: lock.size });
    }
    let leaves = read_leaves(subject.kind, base.size(), size, &object)?;
    check_tiles(base, size, &leaves, &object)?;
    if (FinalLog { base: Some(base), leaves: &leaves }).root() != *claim.root() {
        return Err(Unreadable::Root { size });
    }
    Ok(leaves)
}

fn read_leaves(
    kind: Kind,
    from: u64,
    size: u64,
    object: &impl Fn(&str) -> Option<Vec<u8>>,
) -> Result<Vec<Leaf>, Unreadable> {
    let mut leaves = Vec::new();
    for tile in new_tiles(TreeSize(from), TreeSize(size)).take_while(|tile| tile.level() == 0) {
        let first = tile.index() * 256;
        let Ok(bundle) = EntryBundle::new(tile.index(), tile.width()) else { continue };
        let name = kind.bundle_name(bundle);
        let bytes = object(&name).ok_or_else(|| Unreadable::Missing { name: name.clone() })?;
        let found =
            entries::leaves(kind, &bytes, first).filter(|found| found.len() == usize::from(tile.width()));
        let found = found.ok_or(Unreadable::Damaged { name })?;
        leaves.extend((first..).zip(found).filter(|(index, _)| *index >= from).map(|(_, leaf)| leaf));
    }
    Ok(leaves)
}

/// Every tile that a log of this size has, and that one of the size of `base` has not, is what the leaves say.
fn check_tiles(
    base: &Base,
    size: u64,
    leaves: &[Leaf],
    object: &impl Fn(&str) -> Option<Vec<u8>>,
) -> Result<(), Unreadable> {
    let mut rows = base.rows().to_vec();
    rows.resize_with(rows.len().max(1), Vec::new);
    extend(&mut rows, leaves.iter().map(|leaf| leaf.hash));
    for tile in new_tiles(TreeSize(base.size()), TreeSize(size)) {
        let name = tile.to_string();
        let bytes = object(&name).ok_or_else(|| Unreadable::Missing { name: name.clone() })?;
        let start = usize::try_from(tile.index() * 256).unwrap_or(usize::MAX);
        let row = rows.get(usize::from(tile.level())).map(Vec::as_slice).unwrap_or_default();
        let expected = row.get(start..start + usize::from(tile.width())).unwrap_or_default();
        if expected.is_empty() || expected.as_flattened() != bytes {
            return Err(Unreadable::Damaged { name });
        }
    }
    Ok(())
}
