//! Full tiles and bundles in memory. They never change, so nothing is ever stale.

use bytes::Bytes;
use hyper::header::HeaderValue;
use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Parts that are locked on their own, so that the threads of a server seldom wait for each other.
const SHARDS: usize = 8;

/// What an entry costs beside its bytes: the key twice, the entity tag, three allocations.
const OVERHEAD_BYTES: usize = 256;

/// Which full tile or bundle, in which encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Tile { level: u8, index: u64 },
    Entries { index: u64 },
    EntriesGzip { index: u64 },
}

/// Bytes, and the strong entity tag of them.
#[derive(Clone, Debug)]
pub(super) struct Tagged {
    pub(super) bytes: Bytes,
    pub(super) tag: HeaderValue,
}

/// A cache of so many bytes. What was not used since the hand last passed is evicted first (the clock algorithm).
#[derive(Debug)]
pub(super) struct Cache {
    shards: [Mutex<Shard>; SHARDS],
    shard_bytes: usize,
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct Shard {
    places: HashMap<Key, usize>,
    slots: Vec<Slot>,
    hand: usize,
    bytes: usize,
}

#[derive(Debug)]
struct Slot {
    key: Key,
    value: Arc<Tagged>,
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

    pub(super) fn get(&self, key: Key) -> Option<Arc<Tagged>> {
        let mut shard = self.shard(key);
        let place = *shard.places.get(&key)?;
        let slot = shard.slots.get_mut(place)?;
        slot.used = true;
        Some(Arc::clone(&slot.value))
    }

    /// Keeps the value, if it is not too large a part of the whole to be worth what it displaces.
    pub(super) fn insert(&self, key: Key, value: Arc<Tagged>) {
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
        loop {
            if self.hand >= self.slots.len() {
                self.hand = 0;
            }
            match self.slots.get_mut(self.hand) {
                Some(slot) if slot.used => slot.used = false,
                Some(_) => break,
                None => return,
            }
            self.hand += 1;
        }
        let gone = self.slots.swap_remove(self.hand);
        self.places.remove(&gone.key);
        if let Some(moved) = self.slots.get(self.hand) {
            self.places.insert(moved.key, self.hand);
        }
        self.bytes -= cost(&gone.value);
    }
}

fn cost(value: &Tagged) -> usize {
    value.bytes.len() + OVERHEAD_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(len: usize) -> Arc<Tagged> {
        Arc::new(Tagged { bytes: vec![0; len].into(), tag: HeaderValue::from_static("\"t\"") })
    }

    #[test]
    fn it_stays_within_its_bytes_and_keeps_what_is_used() {
        let cache = Cache::new(SHARDS * 64 * 1024);
        let favourite = Key::Tile { level: 1, index: 0 };
        cache.insert(favourite, value(8_192));
        for index in 0..10_000 {
            cache.insert(Key::Tile { level: 0, index }, value(8_192 + usize::try_from(index % 7).unwrap()));
            assert!(cache.get(favourite).is_some(), "evicted at {index}");
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
    fn what_is_too_large_is_not_kept() {
        let cache = Cache::new(SHARDS * 1024);
        cache.insert(Key::Entries { index: 0 }, value(1024));
        assert!(cache.get(Key::Entries { index: 0 }).is_none());
        Cache::new(0).insert(Key::Entries { index: 0 }, value(0));
    }
}
