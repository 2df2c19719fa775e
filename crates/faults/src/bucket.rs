//! A bucket as S3 and its like offer it, behind a network that may do anything a network does.
//!
//! Conditional puts are exact and the versions are ETags, that is, digests of the content: a value that occurs twice has
//! the same version twice. Everything else is up to the [`Weather`].

mod client;
mod weather;

pub use client::Client;
pub use weather::{Fate, Weather};

use crate::{Random, World, world::Node};
use bytes::Bytes;
use sealwax_store::{Cell, Swap, Version, Versioned};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// A shared bucket. Cheap to clone: all clones are the same bucket.
#[derive(Clone)]
pub struct Bucket {
    world: World,
    state: Arc<Mutex<State>>,
}

/// What the bucket holds; a start for other runs.
#[derive(Clone, Debug, Default)]
pub struct Image {
    /// The objects by name.
    pub objects: BTreeMap<String, Bytes>,
    /// The cells.
    pub cells: BTreeMap<Cell, Bytes>,
}

/// What the run met. A campaign in which one of these stays 0 has not tested it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that arrived.
    pub requests: u64,
    /// Swaps that were refused because the version had moved.
    pub swaps_lost: u64,
    /// Replies to operations that had their effect, which never came back.
    pub replies_lost: u64,
    /// Requests that never arrived.
    pub requests_lost: u64,
    /// Requests that arrived twice.
    pub duplicated: u64,
    /// Writes that took effect after their sender had given up waiting.
    pub late_puts: u64,
    /// Conditional writes that arrived after their sender had given up, and were refused.
    pub late_swaps_refused: u64,
    /// Reads that returned an older state.
    pub stale_reads: u64,
    /// Swaps of the lock that were acknowledged and not done.
    pub lies: u64,
    /// Checkpoints published by another machine than the one whose swap they follow.
    pub rolled_forward: u64,
}

impl Counts {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: &Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            swaps_lost: self.swaps_lost + other.swaps_lost,
            replies_lost: self.replies_lost + other.replies_lost,
            requests_lost: self.requests_lost + other.requests_lost,
            duplicated: self.duplicated + other.duplicated,
            late_puts: self.late_puts + other.late_puts,
            late_swaps_refused: self.late_swaps_refused + other.late_swaps_refused,
            stale_reads: self.stale_reads + other.stale_reads,
            lies: self.lies + other.lies,
            rolled_forward: self.rolled_forward + other.rolled_forward,
        }
    }
}

/// A write that no log may ever do, whatever the network did before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misuse {
    /// An object that never changes got another content.
    #[error("{name} was {before} bytes and got {after} other ones")]
    Overwritten {
        /// Which.
        name: String,
        /// Its length.
        before: usize,
        /// The length of the new content.
        after: usize,
    },
    /// The same lock value twice: its ETag is the same too, and a delayed swap could land on it.
    #[error("the lock got a value for the second time: {value}")]
    LockRepeated {
        /// The value.
        value: String,
    },
}

struct State {
    objects: BTreeMap<String, Past<Option<Bytes>>>,
    /// What each name that is written once was given first, also if it is deleted by now.
    written: BTreeMap<String, Bytes>,
    cells: BTreeMap<Cell, Past<Bytes>>,
    weather: Weather,
    random: Random,
    counts: Counts,
    misuses: Vec<Misuse>,
    /// Every value the lock ever had, in order.
    lock_values: Vec<Bytes>,
    distinct_lock_values: BTreeSet<Bytes>,
    /// Every value the checkpoint ever had, in order.
    checkpoints: Vec<Bytes>,
    /// Whose swap of the lock was the last.
    last_writer: Option<Node>,
}

/// A value, and those before it that a stale read may still see: from when on, and what.
#[derive(Clone, Debug)]
struct Past<T> {
    newest: T,
    older: Vec<(Duration, T)>,
}

impl Bucket {
    /// A bucket in this world, with this content.
    #[must_use]
    pub fn new(world: &World, weather: Weather, image: &Image) -> Self {
        let unchanged = |value: &Bytes| Past { newest: value.clone(), older: Vec::new() };
        let objects = image
            .objects
            .iter()
            .map(|(name, value)| (name.clone(), Past { newest: Some(value.clone()), older: Vec::new() }));
        let lock_values: Vec<Bytes> = image.cells.get(&Cell::Lock).cloned().into_iter().collect();
        let state = State {
            objects: objects.collect(),
            written: BTreeMap::new(),
            cells: image.cells.iter().map(|(cell, value)| (*cell, unchanged(value))).collect(),
            weather,
            random: world.random(),
            counts: Counts::default(),
            misuses: Vec::new(),
            distinct_lock_values: lock_values.iter().cloned().collect(),
            lock_values,
            checkpoints: image.cells.get(&Cell::Checkpoint).cloned().into_iter().collect(),
            last_writer: None,
        };
        Self { world: world.clone(), state: Arc::new(Mutex::new(state)) }
    }

    /// The bucket as this machine reaches it.
    #[must_use]
    pub fn client(&self, node: Node) -> Client {
        let writes_behind = self.state().weather.writes_behind;
        Client::new(self.clone(), node, writes_behind)
    }

    /// Changes the weather for requests that are sent from now on.
    pub fn set_weather(&self, weather: Weather) {
        self.state().weather = weather;
    }

    /// What was met so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.state().counts
    }

    /// What it holds now.
    #[must_use]
    pub fn image(&self) -> Image {
        let state = self.state();
        let objects = state.objects.iter();
        Image {
            objects: objects.filter_map(|(name, past)| Some((name.clone(), past.newest.clone()?))).collect(),
            cells: state.cells.iter().map(|(cell, past)| (*cell, past.newest.clone())).collect(),
        }
    }

    /// Every value the lock has had, in order.
    #[must_use]
    pub fn lock_values(&self) -> Vec<Bytes> {
        self.state().lock_values.clone()
    }

    /// Every checkpoint that was published, in order.
    #[must_use]
    pub fn checkpoints(&self) -> Vec<Bytes> {
        self.state().checkpoints.clone()
    }

    /// The first write that should never have been.
    ///
    /// # Errors
    /// It.
    pub fn check(&self) -> Result<(), Misuse> {
        self.state().misuses.first().cloned().map_or(Ok(()), Err)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn get(&mut self, name: &str, now: Duration) -> Option<Bytes> {
        let Self { objects, weather, random, counts, .. } = self;
        let past = objects.get(name)?;
        past.read(weather, random, counts, now).clone()
    }

    fn put(&mut self, name: &str, value: Bytes, now: Duration) {
        let stale = self.weather.stale;
        let past = self.objects.entry(name.to_owned()).or_insert(Past { newest: None, older: Vec::new() });
        if is_immutable(name) {
            let first = past.newest.clone().unwrap_or_else(|| value.clone());
            let first = self.written.entry(name.to_owned()).or_insert(first);
            if *first != value {
                let (before, after) = (first.len(), value.len());
                self.misuses.push(Misuse::Overwritten { name: name.to_owned(), before, after });
            }
        }
        past.set(Some(value), now, stale);
    }

    fn delete(&mut self, name: &str, now: Duration) {
        let stale = self.weather.stale;
        if let Some(past) = self.objects.get_mut(name) {
            past.set(None, now, stale);
        }
    }

    fn load(&mut self, cell: Cell, now: Duration) -> Option<Versioned> {
        let Self { cells, weather, random, counts, .. } = self;
        let past = cells.get(&cell)?;
        // The lock is read with a strong guarantee, or there is no log.
        let value = match cell {
            Cell::Lock => &past.newest,
            Cell::Checkpoint => past.read(weather, random, counts, now),
        };
        Some(Versioned { value: value.clone(), version: etag(value) })
    }

    fn swap(
        &mut self,
        by: Node,
        cell: Cell,
        expected: Option<&Version>,
        value: Bytes,
        now: Duration,
    ) -> Swap {
        let current = self.cells.get(&cell).map(|past| etag(&past.newest));
        if current.as_ref() != expected {
            self.counts.swaps_lost += 1;
            return Swap::Lost;
        }
        let version = etag(&value);
        if cell == Cell::Lock && self.random.chance(self.weather.lies_per_mille) {
            self.counts.lies += 1;
            return Swap::Done(version);
        }
        match cell {
            Cell::Lock => {
                if !self.distinct_lock_values.insert(value.clone()) {
                    let value = String::from_utf8_lossy(&value).into_owned();
                    self.misuses.push(Misuse::LockRepeated { value });
                }
                self.lock_values.push(value.clone());
                self.last_writer = Some(by);
            }
            Cell::Checkpoint => {
                self.counts.rolled_forward += u64::from(self.last_writer.is_some_and(|writer| writer != by));
                self.checkpoints.push(value.clone());
            }
        }
        let stale = self.weather.stale;
        match self.cells.entry(cell) {
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(Past { newest: value, older: Vec::new() });
            }
            std::collections::btree_map::Entry::Occupied(mut place) => place.get_mut().set(value, now, stale),
        }
        Swap::Done(version)
    }
}

impl<T: Clone> Past<T> {
    fn set(&mut self, value: T, now: Duration, stale: Duration) {
        self.older.retain(|(until, _)| *until + stale >= now);
        self.older.push((now, std::mem::replace(&mut self.newest, value)));
    }

    /// The newest, or one that was replaced less than the weather's delay ago.
    fn read(&self, weather: &Weather, random: &mut Random, counts: &mut Counts, now: Duration) -> &T {
        let recent: Vec<&T> = self
            .older
            .iter()
            .filter(|(until, _)| *until + weather.stale > now)
            .map(|(_, value)| value)
            .collect();
        if !recent.is_empty() && random.chance(weather.stale_per_mille) {
            counts.stale_reads += 1;
            return random.pick(&recent).copied().unwrap_or(&self.newest);
        }
        &self.newest
    }
}

/// A tile of one width, a bundle, an issuer and a staged batch are written once and for all.
fn is_immutable(name: &str) -> bool {
    ["tile/", "staged/", "issuer/"].iter().any(|prefix| name.starts_with(prefix))
}

/// As S3 does it: the digest of the content, and nothing else.
fn etag(value: &[u8]) -> Version {
    Version(sealwax_crypto::hex(&sealwax_crypto::sha256(value)))
}
