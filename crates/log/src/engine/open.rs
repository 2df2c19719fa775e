//! Creating a log, and opening one after whatever happened to it.

use super::{
    Config, EngineError, Front, Host, LockValue, Log, ReadError, RecordError, Sequencer, Shape, Signing,
    Step,
    batch::Batch,
    edge::{Edge, Entries},
    handle::Opened,
    queue::Queue,
    reader::Reader,
    replicas::LAST_ATTEMPTS,
    tree::Tree,
};
use crate::{
    index::{Index, IndexError},
    metrics::Metrics,
};
use bytes::Bytes;
use sealwax_store::{Cell, LockStore, ObjectStore, Swap, Versioned};
use sealwax_tlog::{
    TreeSize, empty_root,
    tile::{EntryBundle, FULL_WIDTH, Tile, new_tiles},
};
use std::sync::{Arc, Mutex, RwLock};
use tokio::sync::watch;

/// Makes an empty log.
///
/// # Errors
/// [`EngineError::Exists`], or the store's.
pub async fn create<S: LockStore>(store: &S, signing: &Signing, host: &dyn Host) -> Result<(), EngineError> {
    let value = LockValue {
        origin: signing.origin().to_owned(),
        keys: signing.key_hashes(),
        writer: host.random(),
        round: 0,
        size: 0,
        root: empty_root(),
        timestamp: host.now_ms(),
        batch: None,
        settled: 0,
        frozen: None,
    };
    match store.swap(Cell::Lock, None, value.to_string().into()).await? {
        Swap::Done(_) => Ok(()),
        Swap::Lost => Err(EngineError::Exists),
    }
}

/// Opens a log: brings the tiles to what the lock value says, and signs and publishes exactly that. Nothing runs until
/// [`Sequencer::run`] is polled; reads work at once.
///
/// `index` opens the index for a log of so many entries.
///
/// # Errors
/// [`EngineError`]: the store failed, what it holds is damaged, or it is another log than the one `signing` is for.
pub async fn open<S: ObjectStore + LockStore + 'static>(
    store: S,
    config: Config,
    signing: Signing,
    host: Arc<dyn Host>,
    metrics: Arc<Metrics>,
    index: impl FnOnce(u64) -> Result<Index, IndexError>,
) -> Result<(Log, Sequencer<S>), EngineError> {
    let store = Arc::new(store);
    let versioned = store.load(Cell::Lock).await?.ok_or(EngineError::NotCreated)?;
    let lock = read_lock(&versioned, &signing)?;
    let queue = Arc::new(Queue::new(config.queue));
    let (publish, published) = watch::channel(None);
    let publish = Arc::new(publish);
    let reader =
        Reader { kind: config.kind, objects: store.clone(), edge: Arc::new(RwLock::new(Edge::empty())) };
    let front = Front {
        kind: config.kind,
        keys: signing.verifier_keys().cloned().collect(),
        origin: lock.origin.clone(),
        metrics: metrics.clone(),
        opened: RwLock::new(Arc::new(Opened {
            queue: queue.clone(),
            reader: reader.clone(),
            published,
            publish: publish.clone(),
            kept: Mutex::default(),
        })),
    };
    metrics.queue_limit.set(config.queue.entries as u64);
    metrics.settled_size.set(lock.settled);
    let mut sequencer = Sequencer {
        settled: lock.settled,
        round: lock.round,
        writer: host.random(),
        index: Arc::new(index(lock.size)?),
        version: versioned.version,
        carried: Vec::new(),
        staged: Vec::new(),
        unsettled: 0,
        unsettled_since: None,
        settling: None,
        stale: false,
        withheld: false,
        damaged_from: None,
        runs_are_ours: false,
        index_fails: false,
        attempts_left: LAST_ATTEMPTS,
        signed_at: 0,
        store,
        config,
        signing,
        host,
        reader,
        queue,
        publish,
        metrics,
        lock,
    };
    sequencer.recover().await?;
    Ok((Log::new(front), sequencer))
}

/// Reads the lock value, and makes sure that it is this log's.
pub(crate) fn read_lock(versioned: &Versioned, signing: &Signing) -> Result<LockValue, EngineError> {
    let value = LockValue::parse(&versioned.value)?;
    let another = |what, expected, found| Err(EngineError::AnotherLog { what, expected, found });
    if value.origin != signing.origin() {
        return another("origin", signing.origin().to_owned(), value.origin);
    }
    if value.keys != signing.key_hashes() {
        return another("keys", format!("{:02x?}", signing.key_hashes()), format!("{:02x?}", value.keys));
    }
    Ok(value)
}

impl<S: ObjectStore + LockStore + 'static> Sequencer<S> {
    /// From the settled tiles and the staged batches to the tree that the lock value says.
    async fn recover(&mut self) -> Result<(), EngineError> {
        self.load_edge(self.lock.settled).await?;
        let (settled, lock) = (self.lock.settled, self.lock.clone());
        if self.skips(Step::ReplayOnOpen) {
            return Ok(());
        }
        let older = self.replay(&lock, settled).await?;
        // What was deleted just before a crash may have come back, and nothing else would ever name it.
        if let Some(name) = older.filter(|_| self.config.shape == Shape::Exclusive) {
            self.store.delete(&name).await?;
        }
        self.apply(settled).await?;
        self.reader.edge_mut().prune();
        self.sign_and_publish(None).await.map(drop)
    }

    /// Sets the edge to that of a log of `size` entries whose tiles are durable.
    pub(crate) async fn load_edge(&mut self, size: u64) -> Result<(), EngineError> {
        let edge = edge_at(&self.reader, size).await?;
        *self.reader.edge_mut() = edge;
        Ok(())
    }

    /// Adds to the edge, which is at `from`, what the batches say that lead to `lock`. Returns the name of the batch that led to
    /// `from`.
    pub(crate) async fn replay(
        &mut self,
        lock: &LockValue,
        from: u64,
    ) -> Result<Option<String>, EngineError> {
        let (batches, name) = batches(self.store.as_ref(), lock, from).await?;
        for (name, batch) in batches.into_iter().rev() {
            self.count_unsettled(&batch.records);
            self.staged.push((batch.end(), name));
            self.reader.edge_mut().push_all(self.config.kind, &batch.records)?;
        }
        if self.reader.edge().tree.root() == lock.root {
            Ok(name)
        } else {
            Err(EngineError::Root { size: lock.size })
        }
    }

    /// Puts the tiles and bundles that the tree has since it had `old` leaves: full ones, and partial ones where other
    /// replicas need them.
    pub(crate) async fn apply(&mut self, old: u64) -> Result<(), EngineError> {
        loop {
            match self.put_tiles(old).await {
                // Nothing may be swapped in on top of a batch whose tiles are not durable (LOG rule 2).
                Err(EngineError::Store(_)) if self.config.shape == Shape::Shared => {
                    self.metrics.store_failures.add(1);
                    self.wait_for_store().await?;
                }
                result => return result,
            }
        }
    }

    async fn put_tiles(&mut self, old: u64) -> Result<(), EngineError> {
        let size = self.reader.edge().tree.size();
        for tile in new_tiles(TreeSize(old), TreeSize(size)) {
            self.put_tile(tile, self.config.shape == Shape::Shared).await?;
        }
        if self.config.shape == Shape::Shared {
            if !self.skips(Step::FlushBeforeNextSwap) {
                self.store.flush().await?;
            }
            self.settled = size;
        }
        Ok(())
    }

    /// Puts a tile, and the bundle beside it if it is one of leaves, out of the edge.
    pub(crate) async fn put_tile(&mut self, tile: Tile, partial: bool) -> Result<(), EngineError> {
        if !tile.is_full() && !partial {
            return Ok(());
        }
        let missing = |name| ReadError::Missing { name };
        let bytes = self.reader.edge().tree.tile(tile).map(|hashes| hashes.as_flattened().to_vec());
        let bytes = bytes.ok_or_else(|| missing(tile.to_string()))?;
        self.store.put(&tile.to_string(), bytes.into()).await?;
        if tile.level() == 0
            && let Ok(bundle) = EntryBundle::new(tile.index(), tile.width())
        {
            let name = self.config.kind.bundle_name(bundle);
            let bytes = self.reader.edge().entries.bundle(bundle);
            self.store.put(&name, bytes.ok_or_else(|| missing(name.clone()))?).await?;
        }
        Ok(())
    }
}

/// The edge of a log of `size` entries whose tiles are durable.
pub(crate) async fn edge_at(reader: &Reader, size: u64) -> Result<Edge, EngineError> {
    let mut tiles = Vec::new();
    for tile in Tree::edge_tiles(size) {
        tiles.push(reader.tile_data(tile, TreeSize(size)).await?);
    }
    let tree = Tree::from_tiles(size, &tiles).ok_or(EngineError::Root { size })?;
    let bundle = match edge_bundle(size) {
        Some(bundle) => reader.bundle(bundle, TreeSize(size)).await?.unwrap_or_default(),
        None => Bytes::new(),
    };
    let entries = Entries::from_bundle(reader.kind, size, &bundle)?;
    let first = size - size % u64::from(FULL_WIDTH);
    let mut rest: &[u8] = &bundle;
    for index in first..size {
        let facts = reader.kind.read(rest)?;
        if tree.leaf(index) != Some(&facts.leaf) {
            return Err(RecordError::OtherLeaf { index }.into());
        }
        rest = rest.get(facts.length..).unwrap_or_default();
    }
    Ok(Edge { tree, entries })
}

/// The batches that lead from a log of `from` entries to `lock`, by name, the newest first; and the name of the batch that
/// led to `from`.
pub(crate) async fn batches<S: ObjectStore>(
    store: &S,
    lock: &LockValue,
    from: u64,
) -> Result<(Vec<(String, Batch)>, Option<String>), EngineError> {
    let mut batches = Vec::new();
    let (mut end, mut name) = (lock.size, lock.batch.clone());
    while end > from {
        let gap = EngineError::Gap { expected: lock.size, found: end };
        let Some(this) = name else { return Err(gap) };
        let bytes = store.get(&this).await?.ok_or_else(|| ReadError::Missing { name: this.clone() })?;
        let batch =
            Batch::parse(&bytes).map_err(|source| EngineError::Batch { name: this.clone(), source })?;
        if batch.end() != end || batch.records.is_empty() || batch.start < from {
            return Err(gap);
        }
        (end, name) = (batch.start, batch.previous.clone());
        batches.push((this, batch));
    }
    Ok((batches, name))
}

/// The unfinished bundle of a log of `size` entries.
fn edge_bundle(size: u64) -> Option<EntryBundle> {
    let width = u16::try_from(size % u64::from(FULL_WIDTH)).ok().filter(|width| *width > 0)?;
    EntryBundle::new(size / u64::from(FULL_WIDTH), width).ok()
}
