//! An authority in a directory of its own, whose clocks a test sets.
#![allow(dead_code, reason = "not every test uses everything")]

use jiff::{SignedDuration, Timestamp};
use sealwax_crypto::{KeyKind, SigningKey};
use sealwax_pki::Certificate;
use sealwax_signer::Signer;
use sealwax_tsa::{
    Credentials, Embedded, LastStamp, Settings, Subject, TimestampAuthority,
    clock::{Clock, Reading, Sources},
    issue_leaf, issue_root,
};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

/// When the clocks start.
pub(crate) const START_S: i64 = 1_763_800_000;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(START_S + seconds).unwrap()
}

/// A directory that is gone with the test.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let name = format!("sealwax-tsa-{}-{}", std::process::id(), COUNTER.fetch_add(1, Relaxed));
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Both clocks, set by hand.
#[derive(Clone)]
pub(crate) struct Hands(Arc<Mutex<Reading>>);

impl Hands {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Reading { monotonic: Duration::ZERO, wall: at(0) })))
    }

    pub(crate) fn reading(&self) -> Reading {
        *self.0.lock().unwrap()
    }

    /// Time passes.
    pub(crate) fn pass(&self, time: Duration) {
        let mut reading = self.0.lock().unwrap();
        reading.monotonic += time;
        reading.wall += time;
    }

    /// Somebody sets the wall clock.
    pub(crate) fn set(&self, by: SignedDuration) {
        self.0.lock().unwrap().wall += by;
    }
}

pub(crate) fn key(kind: KeyKind) -> Arc<SigningKey> {
    Arc::new(SigningKey::generate(kind).unwrap())
}

/// Leaf and root, valid for an hour around the start.
pub(crate) fn chain(root_key: &SigningKey, leaf_key: &SigningKey) -> Vec<Certificate> {
    let subject = |common_name| Subject {
        organization: "sealwax.test",
        common_name,
        not_before: at(-1800),
        not_after: at(1800),
    };
    let root = issue_root(root_key, subject("root")).unwrap();
    let leaf = issue_leaf(root_key, &root, leaf_key.public_key(), subject("tsa")).unwrap();
    vec![leaf, root]
}

pub(crate) fn credentials(kind: KeyKind) -> Credentials {
    let (root_key, leaf_key) = (key(KeyKind::EcdsaP384), key(kind));
    let chain = chain(&root_key, &leaf_key);
    Credentials::new(leaf_key as Arc<dyn Signer>, chain, Embedded::Leaf).unwrap()
}

/// An authority by these clocks, with its state in this directory.
pub(crate) fn authority(
    credentials: Credentials,
    scratch: &Scratch,
    hands: &Hands,
    sources: Option<Sources>,
    settings: Settings,
) -> TimestampAuthority {
    let last = LastStamp::open(scratch.path()).unwrap();
    let clock = Clock::new(sources, hands.reading(), last.stored());
    let hands = hands.clone();
    let now = Arc::new(move || hands.reading());
    TimestampAuthority::new(credentials, clock, last, Settings { now, ..settings })
}
