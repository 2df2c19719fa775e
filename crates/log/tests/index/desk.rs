//! A log of identities, its index in a directory of its own, and the check that every test ends in.

use sealwax_log::index::{Index, IndexError, MAX_CANDIDATES, Options, Work};
use sealwax_tlog::Hash;
use std::{
    collections::BTreeMap,
    fs,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

/// A directory that is removed when the test passes. In memory where the system has such a place: nothing here pulls the
/// plug, and thousands of flushes take minutes on a busy disk.
pub(crate) struct Place(PathBuf);

impl Place {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let path = parent.join(format!("sealwax-index-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Opens the index. Of two runs there is some of the filter in memory: of those of 64 leaves and more the gist.
    pub(crate) fn open(&self, size: u64, work: Work) -> Index {
        self.open_keeping(2, 63, size, work)
    }

    /// With memory for filters of so many runs, all of it for runs of at most so many leaves.
    pub(crate) fn open_keeping(&self, runs: usize, kept_filter_leaves: u64, size: u64, work: Work) -> Index {
        let chunk_leaves = NonZeroUsize::new(4).unwrap();
        // A run of less than 13,000 leaves needs one piece.
        let options = Options { chunk_leaves, kept_bytes: runs * (16 << 10), kept_filter_leaves, work };
        Index::open(&self.0, size, options).unwrap()
    }

    /// The files, by name.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

/// An identity with one of few fingerprints, or of many.
pub(crate) fn identity(fingerprint: u64, rest: u8) -> Hash {
    let mut identity = [rest; 32];
    let spread = fingerprint.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    identity[..8].copy_from_slice(&spread.to_be_bytes());
    identity
}

/// As many different identities as are asked for.
pub(crate) fn identities(range: std::ops::Range<u64>) -> Vec<Hash> {
    range.map(|number| identity(number, 0)).collect()
}

/// Feeds what is missing, as the engine does: what is damaged is forgotten, and read from the log again.
pub(crate) fn feed(index: &Index, log: &[Hash]) {
    loop {
        let absorbed = index.absorbed();
        match index.absorb(absorbed, &log[absorbed as usize..]) {
            Ok(()) => break,
            Err(IndexError::Damaged { first, .. }) => drop(index.forget_from(first).unwrap()),
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(index.absorbed(), log.len() as u64);
}

/// Nothing waits, and each run is longer than all that follow it together.
pub(crate) fn check_order(index: &Index) {
    index.settle().unwrap();
    let ends: Vec<u64> = index.ends().iter().map(|(last, _)| last + 1).collect();
    let all = ends.last().copied().unwrap_or(0);
    let mut first = 0;
    for end in ends {
        assert!(end - first > all - end, "{first}..{end} of {all}");
        first = end;
    }
}

/// Every answer is exactly that of the log, or says that the index is damaged. How many said so.
pub(crate) fn check(index: &Index, log: &[Hash], strangers: &[Hash]) -> usize {
    let absorbed = index.absorbed();
    let mut expected: BTreeMap<[u8; 8], Vec<u64>> = BTreeMap::new();
    for (leaf, identity) in log.iter().enumerate().take(absorbed as usize) {
        expected.entry(identity[..8].try_into().unwrap()).or_default().push(leaf as u64);
    }
    let mut damaged = 0;
    for identity in log.iter().chain(strangers) {
        let expected = expected.get(&identity[..8]).cloned().unwrap_or_default();
        let candidates = match index.candidates(identity) {
            Ok(candidates) => candidates,
            Err(IndexError::Damaged { .. }) => {
                damaged += 1;
                continue;
            }
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(candidates.absorbed(), absorbed);
        assert_eq!(candidates.is_miss(), expected.is_empty());
        let (leaves, errors): (Vec<_>, Vec<_>) = candidates.partition(Result::is_ok);
        let leaves: Vec<u64> = leaves.into_iter().map(Result::unwrap).collect();
        assert_eq!(leaves, expected[..expected.len().min(MAX_CANDIDATES)]);
        assert_eq!(errors.len(), usize::from(expected.len() > MAX_CANDIDATES));
        assert!(errors.iter().all(|error| matches!(error, Err(IndexError::Crowded { .. }))));
    }
    for (leaf, last) in index.ends() {
        assert_eq!(last, log[leaf as usize]);
    }
    damaged
}
