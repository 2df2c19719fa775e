//! Reading the log: tiles and bundles of any published size, and proofs out of them.

use super::{
    Kind,
    edge::Edge,
    record::{Facts, RecordError},
};
use bytes::Bytes;
use sealwax_store::{ObjectStore, StoreError};
use sealwax_tlog::{
    Hash, LeafIndex, TreeSize,
    merkle::build::{HashSource, Node, Plan, PlanError},
    tile::{EntryBundle, FULL_WIDTH, Tile, TileData, TileError, TileSet, tiles_holding},
};
use std::{
    fs::File,
    future::Future,
    pin::Pin,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

/// Why something of the log cannot be read.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An object that must be there is not.
    #[error("{name} is missing")]
    Missing {
        /// Its name.
        name: String,
    },
    /// A tile is not what it should be.
    #[error("{name} is damaged: {source}")]
    Tile {
        /// Its name.
        name: String,
        /// Why.
        source: TileError,
    },
    /// A bundle is not what it should be.
    #[error("{name} is damaged: {source}")]
    Bundle {
        /// Its name.
        name: String,
        /// Why.
        source: RecordError,
    },
    /// There is no such leaf.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

/// A store behind a pointer, so that the front of the log has no type parameter.
pub(crate) trait Objects: Send + Sync {
    fn get<'a>(&'a self, name: &'a str) -> Boxed<'a, Option<Bytes>>;
    fn file(&self, name: &str) -> Option<File>;
    /// Puts and flushes.
    fn keep<'a>(&'a self, name: &'a str, value: Bytes) -> Boxed<'a, ()>;
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

impl<S: ObjectStore> Objects for S {
    fn get<'a>(&'a self, name: &'a str) -> Boxed<'a, Option<Bytes>> {
        Box::pin(ObjectStore::get(self, name))
    }

    fn file(&self, name: &str) -> Option<File> {
        ObjectStore::file(self, name)
    }

    fn keep<'a>(&'a self, name: &'a str, value: Bytes) -> Boxed<'a, ()> {
        Box::pin(async move {
            self.put(name, value).await?;
            self.flush().await
        })
    }
}

/// Reads from the edge in memory what is there, and the rest from the store.
#[derive(Clone)]
pub(crate) struct Reader {
    pub(crate) kind: Kind,
    pub(crate) objects: Arc<dyn Objects>,
    pub(crate) edge: Arc<RwLock<Edge>>,
}

impl Reader {
    /// The edge. A panic elsewhere stops the sequencer; what readers see is cut by published sizes.
    pub(crate) fn edge(&self) -> RwLockReadGuard<'_, Edge> {
        self.edge.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn edge_mut(&self) -> RwLockWriteGuard<'_, Edge> {
        self.edge.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// A tile of any width up to what a tree of `size` leaves has (LOG rule 6); `None` if that tree does not have it.
    pub(crate) async fn tile(&self, tile: Tile, size: TreeSize) -> Result<Option<Bytes>, ReadError> {
        if Tile::at(tile.level(), tile.index(), size).is_none_or(|at| at.width() < tile.width()) {
            return Ok(None);
        }
        if let Some(hashes) = self.edge().tree.tile(tile) {
            return Ok(Some(Bytes::copy_from_slice(hashes.as_flattened())));
        }
        let wide = Tile::new(tile.level(), tile.index(), FULL_WIDTH).unwrap_or(tile);
        let damaged = |name, source| ReadError::Tile { name, source };
        let (name, bytes) = self.full_or_partial(wide.to_string(), tile.to_string()).await?;
        let wanted = usize::from(tile.width()) * 32;
        let exact = bytes.len() == wanted || bytes.len() == usize::from(FULL_WIDTH) * 32;
        if !exact || bytes.len() < wanted {
            return Err(damaged(name, TileError::WrongLength { expected: wanted, found: bytes.len() }));
        }
        Ok(Some(bytes.slice(..wanted)))
    }

    /// An entry bundle, likewise.
    pub(crate) async fn bundle(
        &self,
        bundle: EntryBundle,
        size: TreeSize,
    ) -> Result<Option<Bytes>, ReadError> {
        if Tile::at(0, bundle.index(), size).is_none_or(|at| at.width() < bundle.width()) {
            return Ok(None);
        }
        if let Some(bytes) = self.edge().entries.bundle(bundle) {
            return Ok(Some(bytes));
        }
        let wide = EntryBundle::new(bundle.index(), FULL_WIDTH).unwrap_or(bundle);
        let (wide, narrow) = (self.kind.bundle_name(wide), self.kind.bundle_name(bundle));
        let is_wide = wide == narrow;
        let (name, bytes) = self.full_or_partial(wide, narrow).await?;
        if is_wide {
            return Ok(Some(bytes));
        }
        let cut = self.kind.first(&bytes, bundle.width());
        cut.map(Some).map_err(|source| ReadError::Bundle { name, source })
    }

    /// The inclusion proof of a leaf of any age.
    pub(crate) async fn prove(&self, index: u64, size: u64) -> Result<Vec<Hash>, ReadError> {
        self.carry_out(&Plan::inclusion(LeafIndex(index), TreeSize(size))?, TreeSize(size)).await
    }

    /// Builds what a plan says out of a tree: the right edge has its nodes in memory, those of other tiles are computed.
    pub(crate) async fn carry_out(&self, plan: &Plan, size: TreeSize) -> Result<Vec<Hash>, ReadError> {
        let edge: Vec<Option<Hash>> = {
            let edge = self.edge();
            // The edge may be ahead of this tree.
            let kept = |node: &Node| Tile::holding(*node, size).and_then(|_| edge.tree.node(*node).copied());
            plan.nodes().iter().map(kept).collect()
        };
        let nodes = || plan.nodes().iter().copied().zip(edge.iter().copied());
        let elsewhere: Vec<Node> = nodes().filter(|(_, hash)| hash.is_none()).map(|(node, _)| node).collect();
        let mut tiles = TileSet::default();
        for tile in tiles_holding(&elsewhere, size) {
            tiles.insert(self.tile_data(tile, size).await?);
        }
        let hash = |(node, edge): (Node, Option<Hash>)| edge.map_or_else(|| tiles.hash(node), Ok);
        let hashes: Vec<Hash> = nodes()
            .map(hash)
            .collect::<Result<_, _>>()
            .map_err(|source| ReadError::Tile { name: "a tile".to_owned(), source })?;
        Ok(plan.finish(&hashes)?)
    }

    pub(crate) async fn tile_data(&self, tile: Tile, size: TreeSize) -> Result<TileData, ReadError> {
        let missing = || ReadError::Missing { name: tile.to_string() };
        let bytes = self.tile(tile, size).await?.ok_or_else(missing)?;
        TileData::from_bytes(tile, &bytes)
            .map_err(|source| ReadError::Tile { name: tile.to_string(), source })
    }

    /// What the entry at an index of a log of `size` entries says. In a signature log the tree's leaf hash is believed,
    /// in a certificate log the entry in its bundle.
    pub(crate) async fn facts(&self, index: u64, size: u64) -> Result<Facts, ReadError> {
        let (place, within) = (index / u64::from(FULL_WIDTH), index % u64::from(FULL_WIDTH));
        let missing = || ReadError::Missing { name: format!("entry {index}") };
        let tile = Tile::at(0, place, TreeSize(size)).ok_or_else(missing)?;
        if self.kind == Kind::Signature {
            let bytes = self.tile(tile, TreeSize(size)).await?.ok_or_else(missing)?;
            let (hashes, _) = bytes.as_chunks::<32>();
            let leaf = usize::try_from(within).ok().and_then(|at| hashes.get(at)).copied();
            let leaf = leaf.ok_or_else(missing)?;
            return Ok(Facts { length: 0, leaf, identity: leaf, timestamp: 0 });
        }
        let bundle = EntryBundle::new(place, tile.width()).map_err(|_| missing())?;
        let bytes = self.bundle(bundle, TreeSize(size)).await?.ok_or_else(missing)?;
        let name = || self.kind.bundle_name(bundle);
        let damaged = |source| ReadError::Bundle { name: name(), source };
        let mut rest: &[u8] = &bytes;
        for _ in 0..within {
            rest = rest.get(self.kind.length(rest).map_err(damaged)?..).unwrap_or_default();
        }
        self.kind.read(rest).map_err(damaged)
    }

    /// The identities of all entries of the bundles that `from..to` lies in, cut to that range.
    pub(crate) async fn identities(&self, from: u64, to: u64, size: u64) -> Result<Vec<Hash>, ReadError> {
        let wide = u64::from(FULL_WIDTH);
        let mut identities = Vec::new();
        for place in from / wide..to.div_ceil(wide) {
            let missing = || ReadError::Missing { name: format!("entry bundle {place}") };
            let tile = Tile::at(0, place, TreeSize(size)).ok_or_else(missing)?;
            let first = place * wide;
            let wanted = |at: u64| (from..to).contains(&(first + at));
            if self.kind == Kind::Signature {
                let bytes = self.tile(tile, TreeSize(size)).await?.ok_or_else(missing)?;
                let hashes = bytes.as_chunks::<32>().0.iter();
                identities.extend((0..).zip(hashes).filter(|(at, _)| wanted(*at)).map(|(_, hash)| *hash));
                continue;
            }
            let bundle = EntryBundle::new(place, tile.width()).map_err(|_| missing())?;
            let bytes = self.bundle(bundle, TreeSize(size)).await?.ok_or_else(missing)?;
            let mut rest: &[u8] = &bytes;
            for at in 0..u64::from(tile.width()) {
                let facts = self
                    .kind
                    .read(rest)
                    .map_err(|source| ReadError::Bundle { name: self.kind.bundle_name(bundle), source })?;
                if wanted(at) {
                    identities.push(facts.identity);
                }
                rest = rest.get(facts.length..).unwrap_or_default();
            }
        }
        Ok(identities)
    }

    async fn full_or_partial(&self, full: String, partial: String) -> Result<(String, Bytes), ReadError> {
        if let Some(bytes) = self.objects.get(&full).await? {
            return Ok((full, bytes));
        }
        if full != partial
            && let Some(bytes) = self.objects.get(&partial).await?
        {
            return Ok((partial, bytes));
        }
        Err(ReadError::Missing { name: partial })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealwax_store::Memory;
    use sealwax_tlog::{leaf_hash, verify_inclusion};

    #[tokio::test]
    async fn proofs_come_from_the_edge_and_from_tiles_and_no_node_from_beyond_the_tree() {
        let leaf = |index: u64| leaf_hash(&index.to_be_bytes());
        let store = Memory::default();
        let mut edge = Edge::empty();
        (0..600).for_each(|index| edge.tree.push(leaf(index)));
        for index in 0..2 {
            let full = Tile::new(0, index, FULL_WIDTH).unwrap();
            let bytes = Bytes::copy_from_slice(edge.tree.tile(full).unwrap().as_flattened());
            store.put(&full.to_string(), bytes).await.unwrap();
        }
        edge.prune();
        let (size, root) = (TreeSize(600), edge.tree.root());
        // In flight, and perhaps never published.
        (600..700).for_each(|index| edge.tree.push(leaf(index)));
        let reader =
            Reader { kind: Kind::Signature, objects: Arc::new(store), edge: Arc::new(RwLock::new(edge)) };
        for index in [0, 255, 256, 511, 512, 599] {
            let proof = reader.prove(index, size.0).await.unwrap();
            verify_inclusion(&leaf(index), LeafIndex(index), size, &proof, &root).unwrap();
        }
        let beyond = Plan::inclusion(LeafIndex(599), TreeSize(700)).unwrap();
        let refused = reader.carry_out(&beyond, size).await.unwrap_err();
        assert!(
            matches!(refused, ReadError::Tile { source: TileError::NotInTile { .. }, .. }),
            "{refused:?}"
        );
    }
}
