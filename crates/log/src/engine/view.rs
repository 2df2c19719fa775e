//! A log that is only read. Nothing is signed for it: a view shows what the log itself has published.

use super::{
    AddError, EngineError, Front, Kind, LockValue, Log, Published, Signing,
    edge::Edge,
    handle::Opened,
    open::{batches, edge_at, read_lock},
    queue::{Queue, QueueLimits},
    reader::Reader,
};
use crate::metrics::Metrics;
use bytes::Bytes;
use sealwax_store::{Cell, LockStore, ObjectStore};
use sealwax_tlog::{CheckpointError, LogKey, LogKeyError, LogSignatureError, SignedCheckpoint};
use std::sync::{Arc, Mutex, RwLock};
use tokio::sync::watch;

/// Which checkpoint a view shows.
#[derive(Clone, Debug)]
pub enum Shown {
    /// The one that is stored beside the tiles, of the last settling. Nothing, if the log has never settled.
    Settled,
    /// The last one that this process has published; nothing, if there was none.
    Last(Option<Arc<Published>>),
}

/// Why the stored checkpoint cannot be shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShownError {
    /// It is not text.
    #[error("it is not UTF-8")]
    NotText,
    /// It is not a checkpoint.
    #[error(transparent)]
    NotCheckpoint(#[from] CheckpointError),
    /// A key of the log verifies no checkpoints.
    #[error(transparent)]
    Key(#[from] LogKeyError),
    /// It is not signed by this log.
    #[error(transparent)]
    Signature(#[from] LogSignatureError),
    /// It is of a larger tree than the lock value.
    #[error("it is of {checkpoint} entries, and here are {log}")]
    Larger {
        /// Its size.
        checkpoint: u64,
        /// The lock value's.
        log: u64,
    },
}

/// Opens a log for reading. Writes nothing, signs nothing, and takes no entries ([`AddError::Frozen`] or
/// [`AddError::Stopped`]; see [`Log::refuse`]).
///
/// What the lock value says beyond `shown` is not shown: after a failed flush it may be readable and not be on the disk, and
/// while another process writes it may not be published. [`Published::timestamp`] is 0 if a stored checkpoint does not say it.
///
/// # Errors
/// [`EngineError`]: the store failed, or what it holds is damaged, another log, or another tree than that of `shown`.
pub async fn open_view<S: ObjectStore + LockStore + 'static>(
    store: S,
    kind: Kind,
    signing: &Signing,
    metrics: Arc<Metrics>,
    shown: Shown,
) -> Result<Log, EngineError> {
    let store = Arc::new(store);
    // In this order: the lock value is never behind a stored checkpoint.
    let stored = store.load(Cell::Checkpoint).await?;
    let versioned = store.load(Cell::Lock).await?.ok_or(EngineError::NotCreated)?;
    let lock = read_lock(&versioned, signing)?;
    let edge = Arc::new(RwLock::new(Edge::empty()));
    let reader = Reader { kind, objects: store.clone(), edge };
    let shown = match shown {
        Shown::Settled => {
            let published = stored.map(|stored| settled(stored.value, &lock, signing)).transpose()?;
            let size = published.as_ref().map_or(0, |published| published.size);
            let edge = edge_at(&reader, size).await?;
            *reader.edge_mut() = edge;
            published.map(Arc::new)
        }
        Shown::Last(published) => {
            let size = published.as_ref().map_or(0, |published| published.size);
            let edge = edge_between(store.as_ref(), &reader, &lock, size).await?;
            *reader.edge_mut() = edge;
            published
        }
    };
    if let Some(shown) = &shown {
        let size = shown.size;
        let (found, root) = {
            let edge = reader.edge();
            (edge.tree.size(), edge.tree.root())
        };
        if (found, root) != (size, shown.root) {
            return Err(EngineError::Root { size });
        }
        metrics.tree_size.set(size);
        metrics.checkpoint_timestamp_ms.set(shown.timestamp);
    }
    metrics.frozen.set(u64::from(lock.frozen.is_some()));
    let queue = Arc::new(Queue::new(QueueLimits::default()));
    queue.close(Some(if lock.frozen.is_some() { AddError::Frozen } else { AddError::Stopped }));
    let (publish, published) = watch::channel(shown);
    Ok(Log::new(Front {
        kind,
        keys: signing.verifier_keys().cloned().collect(),
        origin: lock.origin,
        metrics,
        opened: RwLock::new(Arc::new(Opened {
            queue,
            reader,
            published,
            publish: Arc::new(publish),
            kept: Mutex::default(),
        })),
    }))
}

/// The stored checkpoint, if it is this log's.
fn settled(note: Bytes, lock: &LockValue, signing: &Signing) -> Result<Published, EngineError> {
    let (signed, timestamp) = verified(&note, signing)?;
    let timestamp = timestamp.unwrap_or(0);
    let (size, root) = (signed.unverified().size().0, *signed.unverified().root());
    if size > lock.size {
        return Err(ShownError::Larger { checkpoint: size, log: lock.size }.into());
    }
    Ok(Published { size, root, timestamp, note, frozen: lock.frozen.is_some() && size == lock.size })
}

/// A checkpoint that every key of the log has signed, and its timestamp if it says one.
pub(crate) fn verified(
    note: &[u8],
    signing: &Signing,
) -> Result<(SignedCheckpoint, Option<u64>), ShownError> {
    let text = std::str::from_utf8(note).map_err(|_| ShownError::NotText)?;
    let signed = SignedCheckpoint::parse(text)?;
    let mut timestamp = None;
    for key in signing.verifier_keys() {
        let verified = LogKey::from_verifier_key(key.clone())?.verify(&signed)?;
        timestamp = timestamp.or(verified.timestamp_ms());
    }
    Ok((signed, timestamp))
}

/// The edge at a size between the settled one and the lock value's. It keeps everything since the settled size: the tiles
/// may be no files yet.
async fn edge_between<S: ObjectStore>(
    store: &S,
    reader: &Reader,
    lock: &LockValue,
    size: u64,
) -> Result<Edge, EngineError> {
    if size < lock.settled {
        return edge_at(reader, size).await;
    }
    let mut edge = edge_at(reader, lock.settled).await?;
    let (batches, _) = batches(store, lock, lock.settled).await?;
    for (_, batch) in batches.iter().rev().filter(|(_, batch)| batch.end() <= size) {
        edge.push_all(reader.kind, &batch.records)?;
    }
    Ok(edge)
}
