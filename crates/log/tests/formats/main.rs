//! Logs in every format that was ever written: opened, checked whole, and gone on with. `README.md` beside this says how they
//! were made.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[path = "../engine/support.rs"]
#[expect(dead_code, reason = "the engine's tests use more of it")]
mod support;

use bytes::Bytes;
use sealwax_crypto::sha256;
use sealwax_log::{
    AddError, Kind, Log, Submission,
    check::{self, Progress, directory},
    ct::leaf,
    engine::{self, Body, Config, EngineError, Sequencer, Shape, Signing},
    index::{Index, Options as IndexOptions},
    metrics::Metrics,
};
use sealwax_signer::{Signer, file};
use sealwax_store::{Directory, StoreError, directory::Options, disk::Os};
use sealwax_tlog::{LogKey, SignedCheckpoint, tile::EntryBundle};
use std::{
    collections::BTreeMap,
    fs,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};
use support::{ORIGIN, check_added, run};

/// Every version, and the logs that were stored of it.
const STORED: [(&str, &[&str]); 1] = [("v1", &["signature", "certificate", "frozen"])];

/// What lies at the top of a directory and is no part of the tree.
const KNOWN: &[&str] = &["lock", "wal", "tmp", "checkpoint", "key.pem", "key-2.pem", "log.json"];

/// A copy of a stored log, to be opened and removed.
struct Copy {
    place: PathBuf,
    kind: Kind,
}

impl Copy {
    fn of(version: &str, name: &str) -> Self {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats").join(version).join(name);
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let place = std::env::temp_dir().join(format!("sealwax-format-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&place);
        // Later than when they were written.
        support::NOW.fetch_max(1_790_000_000_000, Ordering::Relaxed);
        copy(&from, &place);
        let kind = if name == "certificate" { Kind::Certificate } else { Kind::Signature };
        Self { place, kind }
    }

    fn signing(&self) -> Signing {
        let key = |name: &str| -> Arc<dyn Signer> { Arc::new(file::read(&self.place.join(name)).unwrap()) };
        let second = self.place.join("key-2.pem").exists().then(|| key("key-2.pem"));
        Signing::new(self.kind, ORIGIN, key("key.pem"), second).unwrap()
    }

    fn store(&self) -> Result<Directory<Os>, StoreError> {
        Directory::open(Os::new(&self.place).unwrap(), &Options::default())
    }

    async fn open(&self) -> (Log, Sequencer<Directory<Os>>) {
        let config = Config::new(self.kind, Shape::Exclusive);
        let index = |size| Index::open(&self.place.join("index"), size, IndexOptions::default());
        let (signing, metrics) = (self.signing(), Arc::new(Metrics::default()));
        engine::open(self.store().unwrap(), config, signing, support::host(), metrics, index).await.unwrap()
    }

    /// Every hash, entry and file. Returns what the lock value says.
    async fn check(&self) -> engine::LockValue {
        let state = directory::State::read(&self.place).await.unwrap();
        let target = state.target(self.kind);
        let (files, threads) = (directory::Files::new(&self.place), NonZeroUsize::MIN);
        let report = check::check(&files, &target, threads, &Progress::default());
        assert!(report.problems.is_empty(), "{:?}", report.problems);
        let rest = directory::rest(&self.place, &target, KNOWN, threads).unwrap();
        assert!(rest.problems.is_empty() && rest.stray.is_empty(), "{rest:?}");
        assert_eq!(report.issuers > 0, self.kind == Kind::Certificate);
        state.lock
    }

    /// What every file holds.
    fn contents(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut contents = BTreeMap::new();
        let mut left = vec![self.place.clone()];
        while let Some(directory) = left.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    left.push(path);
                } else if path != self.place.join("lock") {
                    contents.insert(path.clone(), fs::read(path).unwrap());
                }
            }
        }
        contents
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.place);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// The submission that became entry `index`.
async fn again(log: &Log, index: u64) -> Submission {
    let width = u16::try_from(index % 256).unwrap() + 1;
    let bundle = EntryBundle::new(index / 256, width).unwrap();
    let bytes = log.entries(bundle).await.unwrap().unwrap();
    if log.kind() == Kind::Signature {
        let mut rest: &[u8] = &bytes;
        loop {
            let (length, after) = rest.split_first_chunk::<2>().unwrap();
            let (body, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
            if after.is_empty() {
                return Submission::signature(Bytes::copy_from_slice(body));
            }
            rest = after;
        }
    }
    // As `examples/stored_logs.rs` made it.
    let certificate = format!("not a certificate, number {index}").into_bytes();
    let length = u32::try_from(certificate.len()).unwrap().to_be_bytes();
    let entry = Bytes::from([&[0, 0], &length[1..], &certificate].concat());
    let extra = Bytes::from([&[0, 32][..], &sha256(b"not an issuer's certificate")].concat());
    Submission { identity: leaf::identity(&entry), body: Body::Certificate { entry, extra } }
}

#[test]
fn a_log_of_every_version_is_opened_and_goes_on() {
    run(async {
        for (version, names) in STORED {
            for name in names.iter().filter(|name| **name != "frozen") {
                let copy = Copy::of(version, name);
                let lock = copy.check().await;
                assert_eq!((lock.size, lock.settled), (300, 270), "the write-ahead file has the rest");
                let runs = fs::read_dir(copy.place.join("index")).unwrap().count();
                assert!(runs > 0, "no index was stored");

                let (log, sequencer) = copy.open().await;
                let running = tokio::spawn(sequencer.run());
                assert_eq!(log.published().unwrap().size, 300);
                for index in [0, 63, 64, 255, 256, 269, 270, 299] {
                    let submission = again(&log, index).await;
                    let added = log.add(submission.clone()).await.unwrap();
                    assert_eq!((added.index, added.duplicate), (index, true), "{version}/{name}");
                    check_added(&log, &submission, &added);
                }
                let new = Submission { identity: [9; 32], ..again(&log, 299).await };
                let new = match copy.kind {
                    // A body that the check reads too.
                    Kind::Signature => another_body(&log).await,
                    Kind::Certificate => new,
                };
                let added = log.add(new.clone()).await.unwrap();
                assert_eq!((added.index, added.duplicate), (300, false), "{version}/{name}");
                check_added(&log, &new, &added);
                log.stop();
                running.await.unwrap().unwrap();
                let lock = copy.check().await;
                assert_eq!((lock.size, lock.settled), (301, 301));
            }
        }
    });
}

/// The body of entry 0 over another digest.
async fn another_body(log: &Log) -> Submission {
    let Body::Signature(body) = again(log, 0).await.body else { panic!("a signature log") };
    let text = String::from_utf8(body.to_vec()).unwrap();
    let (before, after) = text.split_once("\"digest\":\"").unwrap();
    let (digest, after) = after.split_once('"').unwrap();
    let flipped = if digest.starts_with('A') { "B" } else { "A" };
    let text = format!("{before}\"digest\":\"{flipped}{}\"{after}", &digest[1..]);
    Submission::signature(text.into())
}

#[test]
fn a_frozen_log_of_every_version_stays_frozen() {
    run(async {
        for (version, _) in STORED {
            let copy = Copy::of(version, "frozen");
            let lock = copy.check().await;
            assert!(lock.frozen.is_some());
            let (log, sequencer) = copy.open().await;
            let running = tokio::spawn(sequencer.run());
            let published = log.published().unwrap();
            assert_eq!((published.size, published.frozen), (3, true));
            let note = std::str::from_utf8(&published.note).unwrap();
            assert!(note.contains("\nLog frozen — "), "{note}");
            let signed = SignedCheckpoint::parse(note).unwrap();
            assert_eq!(log.verifier_keys().len(), 2);
            for key in log.verifier_keys() {
                LogKey::from_verifier_key(key.clone()).unwrap().verify(&signed).unwrap();
            }
            let refused = log.add(again(&log, 0).await).await;
            assert!(matches!(refused, Err(AddError::Frozen)), "{refused:?}");
            log.stop();
            running.await.unwrap().unwrap();
            assert_eq!(copy.check().await.frozen, lock.frozen);
        }
    });
}

/// The last segment of the write-ahead file.
fn newest_segment(copy: &Copy) -> PathBuf {
    let segments = fs::read_dir(copy.place.join("wal")).unwrap().map(|entry| entry.unwrap().path());
    segments.max().unwrap()
}

/// A program of today before a write-ahead file of tomorrow.
#[test]
fn a_newer_write_ahead_file_is_refused_and_left_alone() {
    run(async {
        for name in ["signature", "certificate", "frozen"] {
            let copy = Copy::of("v1", name);
            let segment = newest_segment(&copy);
            let mut bytes = fs::read(&segment).unwrap();
            // The header: 8 bytes of magic, four numbers, a salt; then a digest, half a SHA-256, over all of it.
            bytes[7] = 2;
            let digest = sha256(&bytes[..56]);
            bytes[56..72].copy_from_slice(&digest[..16]);
            fs::write(&segment, bytes).unwrap();
            let before = copy.contents();
            let newer = |error: &StoreError| matches!(error, StoreError::Newer { found: 2, known: 1, .. });
            assert!(newer(&copy.store().err().unwrap()));
            let state = directory::State::read(&copy.place).await;
            assert!(matches!(&state, Err(directory::StateError::Store(error)) if newer(error)), "{state:?}");
            assert_eq!(copy.contents(), before);
        }
    });
}

/// A lock value of tomorrow in a write-ahead file of today.
#[test]
fn a_newer_lock_value_is_refused() {
    run(async {
        use sealwax_store::{Cell, LockStore as _, Swap};
        let copy = Copy::of("v1", "signature");
        let store = copy.store().unwrap();
        let lock = store.load(Cell::Lock).await.unwrap().unwrap();
        let text = String::from_utf8(lock.value.to_vec()).unwrap().replace("lock/v1", "lock/v2");
        let swapped = store.swap(Cell::Lock, Some(&lock.version), text.clone().into()).await.unwrap();
        assert!(matches!(swapped, Swap::Done(_)));
        drop(store);
        let index = |_| panic!("it got as far as the index");
        let config = Config::new(Kind::Signature, Shape::Exclusive);
        let metrics = Arc::new(Metrics::default());
        let opened =
            engine::open(copy.store().unwrap(), config, copy.signing(), support::host(), metrics, index)
                .await;
        assert!(matches!(opened, Err(EngineError::LockValue(engine::LockValueError::Version { .. }))));
        let now = copy.store().unwrap().load(Cell::Lock).await.unwrap().unwrap();
        assert_eq!(now.value, text);
    });
}
