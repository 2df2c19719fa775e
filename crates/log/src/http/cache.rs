//! Full tiles and bundles in memory. They never change, so nothing is ever stale.

use bytes::Bytes;
use sealwax_server::descriptors::KeptFile;
use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Parts that are locked on their own, so that the threads of a server seldom wait for each other.
const SHARDS: usize = 8;

/// What an entry costs beside its bytes: the key twice, an allocation or two.
const OVERHEAD_BYTES: usize = 256;

/// Which full tile or bundle, in which encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Tile { level: u8, index: u64 },
    Entries { index: u64 },
    EntriesGzip { index: u64 },
}

/// A cache of so many bytes. What is evicted is chosen at random among what was not used lately: monitors read a log from end to
/// end, and where that is longer than the cache, evicting the oldest would always evict what is wanted next.
#[derive(Debug)]
pub(super) struct Cache {
    shards: [Mutex<Shard>; SHARDS],
    shard_bytes: usize,
    hasher: RandomState,
}

/// A value, and the file that has the same bytes.
#[derive(Clone, Debug)]
pub(super) struct Cached {
    pub(super) bytes: Bytes,
    pub(super) file: Option<Arc<KeptFile>>,
}

impl From<Bytes> for Cached {
    fn from(bytes: Bytes) -> Self {
        Self { bytes, file: None }
    }
}

#[derive(Debug, Default)]
struct Shard {
    places: HashMap<Key, usize>,
    slots: Vec<Slot>,
    /// State of a generator of numbers that nobody has to be unable to guess.
    random: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Slot {
    key: Key,
    value: Cached,
    used: bool,
}

impl Cache {
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            shard_bytes: bytes / SHARDS,
            hasher: RandomState::new(),
        }
    }

    pub(super) fn get(&self, key: Key) -> Option<Cached> {
        let mut shard = self.shard(key);
        let place = *shard.places.get(&key)?;
        let slot = shard.slots.get_mut(place)?;
        slot.used = true;
        Some(slot.value.clone())
    }

    /// Keeps the value, if it is not too large a part of the whole to be worth what it displaces.
    pub(super) fn insert(&self, key: Key, value: Cached) {
        let cost = cost(&value);
        if cost > self.shard_bytes / 2 {
            return;
        }
        let mut shard = self.shard(key);
        if shard.places.contains_key(&key) {
            return;
        }
        while shard.bytes + cost > self.shard_bytes {
            shard.evict();
        }
        let place = shard.slots.len();
        shard.places.insert(key, place);
        shard.slots.push(Slot { key, value, used: false });
        shard.bytes += cost;
    }

    fn shard(&self, key: Key) -> MutexGuard<'_, Shard> {
        let place = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0);
        #[expect(clippy::indexing_slicing, reason = "the place is below the number of shards")]
        let shard = &self.shards[place];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shard {
    /// Removes one entry; there is one.
    fn evict(&mut self) {
        let place = loop {
            let place = self.any_place();
            match self.slots.get_mut(place) {
                Some(slot) if slot.used => slot.used = false,
                Some(_) => break place,
                None => return,
            }
        };
        let gone = self.slots.swap_remove(place);
        self.places.remove(&gone.key);
        if let Some(moved) = self.slots.get(place) {
            self.places.insert(moved.key, place);
        }
        self.bytes -= cost(&gone.value);
    }

    /// Knuth's linear congruential generator, of which the upper bits are good.
    fn any_place(&mut self) -> usize {
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let count = self.slots.len().max(1) as u64;
        usize::try_from((self.random >> 33) % count).unwrap_or(0)
    }
}

fn cost(value: &Cached) -> usize {
    value.bytes.len() + OVERHEAD_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(len: usize) -> Cached {
        Bytes::from(vec![0; len]).into()
    }

    #[test]
    fn it_stays_within_its_bytes() {
        let cache = Cache::new(SHARDS * 64 * 1024);
        for index in 0..10_000 {
            cache.insert(Key::Tile { level: 0, index }, value(8_192 + usize::try_from(index % 7).unwrap()));
        }
        for shard in &cache.shards {
            let shard = shard.lock().unwrap();
            assert!(shard.bytes <= 64 * 1024 && shard.slots.len() == 7, "{} bytes", shard.bytes);
            assert_eq!(shard.bytes, shard.slots.iter().map(|slot| cost(&slot.value)).sum::<usize>());
            assert_eq!(shard.places.len(), shard.slots.len());
            for (place, slot) in shard.slots.iter().enumerate() {
                assert_eq!(shard.places[&slot.key], place);
            }
        }
        assert!(cache.get(Key::Entries { index: 1 }).is_none());
    }

    #[test]
    fn it_helps_who_reads_more_than_it_holds_over_and_over() {
        let cache = Cache::new(SHARDS * 1024 * 1024);
        let mut hits = 0;
        for index in (0..2_000).cycle().take(20_000) {
            let key = Key::Tile { level: 0, index };
            match cache.get(key) {
                Some(_) => hits += 1,
                None => cache.insert(key, value(8_192)),
            }
        }
        assert!(hits > 2_000, "{hits} of 20,000, although half of it fits");
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        let cache = Cache::new(SHARDS * 1024);
        cache.insert(Key::Entries { index: 0 }, value(1024));
        assert!(cache.get(Key::Entries { index: 0 }).is_none());
        Cache::new(0).insert(Key::Entries { index: 0 }, value(0));
    }
}
