//! Which entries are there already: an index from identity to leaf index that can be rebuilt from the log.
//!
//! **What it promises.** A *hit* is only a candidate: the index keeps the first eight bytes of an identity, and whoever
//! asks compares the leaf (LOG rule 9). A *miss* is certain for the leaves below [`Candidates::absorbed`], and says
//! nothing about others. So a damaged file must never look like a miss: every page that is read has a checksum of its
//! own, and what does not match is [`IndexError::Damaged`].
//!
//! **How.** The log is cut into spans of consecutive leaves. The newest leaves lie in memory in an ordered set. A full
//! chunk of them becomes a *run*: an immutable file of records (fingerprint, leaf) sorted by fingerprint, which covers a
//! span without gaps. Runs merge like the carry of a binary counter: each is longer than all that follow it together, so
//! there are at most log₂ of them, and a leaf is rewritten half that often. A run has a filter of ten bits per leaf, and
//! keeps in memory the first fingerprint of each of its pages. All filters share one budget of memory: short runs have
//! theirs in it as a whole, long ones a part of each line that spares three reads of four, and what has no room is read from
//! the file, a line at a time, which the operating system has at hand: it is a tenth of the run. Nothing of this is in
//! memory twice: a run that was merged gets the place of those it was made from. So memory is bounded and reaches its bound
//! early, an entry that is new, which is the usual case, costs a cache line for each run and now and then a short read for
//! one of the few long ones, and one that is old costs one page more.
//!
//! **Durability.** Nothing here is flushed on behalf of the log. A run counts once it is complete, under its name and
//! flushed; what a crash takes is fed in again: [`Index::open`] finds the runs that cover the log from leaf 0 without a
//! gap, [`Index::absorbed`] says where they end, and the engine continues from there. Runs that reach beyond the log,
//! because the log was restored from an older copy, are removed for good before anything else happens.
//!
//! **Who may do what.** One thread absorbs; any number look up at the same time. A lookup holds a lock while it looks at
//! the leaves in memory, never while it reads a file. Runs are written and merged by a thread of the index's own, or
//! inside [`Index::absorb`] where a test wants one order of events ([`Work::Inline`]).
//!
//! **What is trusted.** The directory is the log's own. Somebody who can write there can make the index lie, as they
//! could make the log lie; the checksums are against disks, not against people. Submitters choose identities: they can
//! grind two with the same fingerprint (2³² hashes), which costs the engine one more comparison, and with more work
//! more; beyond [`MAX_CANDIDATES`] the answer is an error for these identities, never a miss.
//!
//! **Tested** against a model with every file deleted, cut or changed at every byte, in `tests/index_*.rs`; the reader of
//! runs is a fuzz target; costs in `benches/index.rs`.

mod candidates;
mod directory;
mod error;
mod memory;
mod merge;
#[doc(hidden)] // for the fuzzer
pub mod run;
mod shared;
mod worker;

pub use candidates::{Candidates, MAX_CANDIDATES};
pub use error::IndexError;

use self::directory::Directory;
use self::shared::Shared;
use sealwax_tlog::Hash;
use std::{num::NonZeroUsize, path::Path, sync::Arc, thread::JoinHandle};

/// The index of one log. Share it behind an [`Arc`].
#[derive(Debug)]
pub struct Index {
    shared: Arc<Shared>,
    /// Taken when it is joined.
    worker: Option<JoinHandle<()>>,
}

/// How an index is kept.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many leaves are collected in memory before they become a run. After a crash at most this many, and those of
    /// runs not yet written, are read from the log again: for a certificate log of 3 kB per entry the default is 100 MB.
    pub chunk_leaves: NonZeroUsize,
    /// How much memory the filters of all runs have together, rounded down to 16 KiB. What has no room stays in the files. The
    /// default is 8 MiB, in which a log of 11 million leaves has room, in whatever runs; a log of less than 200,000 leaves takes a
    /// quarter of one, and a larger one all of it at once.
    pub kept_bytes: usize,
    /// Runs of at most so many leaves have all of their filter in memory, 1.25 bytes for each leaf, if there is room, and
    /// longer ones the first two words of each line, 0.36 bytes. The default is 2²⁰.
    pub kept_filter_leaves: u64,
    /// Who writes runs and merges them.
    pub work: Work,
}

/// Who writes runs and merges them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// A thread of the index.
    Background,
    /// Whoever calls [`Index::absorb`]: the same calls always make the same files.
    Inline,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            chunk_leaves: DEFAULT_CHUNK_LEAVES,
            kept_bytes: 8 << 20,
            kept_filter_leaves: 1 << 20,
            work: Work::Background,
        }
    }
}

const DEFAULT_CHUNK_LEAVES: NonZeroUsize = NonZeroUsize::MIN.saturating_add(32_768 - 1);

impl Index {
    /// An index that lives in memory only, some 30 bytes for each leaf: for simulations and small logs.
    #[must_use]
    pub fn in_memory() -> Self {
        Self { shared: Arc::new(Shared::in_memory()), worker: None }
    }

    /// Opens the index in `directory`, or makes one there, for a log of `size` leaves. Damaged and foreign runs, and those
    /// that reach beyond `size`, are removed; then [`Index::absorbed`] says from which leaf on the caller feeds it.
    ///
    /// # Errors
    /// [`IndexError::Io`].
    pub fn open(directory: &Path, size: u64, options: Options) -> Result<Self, IndexError> {
        let directory = Directory::open(directory, &options)?;
        let runs = directory.recover(size)?;
        let shared = Arc::new(Shared::on_disk(directory, runs, options));
        let worker = match options.work {
            Work::Inline => None,
            Work::Background => Some(worker::start(&shared)?),
        };
        Ok(Self { shared, worker })
    }

    /// Takes in the identities of the leaves from `first` on, which must be [`Index::absorbed`]. Blocks while more chunks
    /// wait to be written than memory should hold.
    ///
    /// # Errors
    /// [`IndexError::OutOfOrder`]; [`IndexError::Damaged`] if a merge met damage, until [`Index::forget_from`] has removed
    /// it; [`IndexError::Io`] if runs cannot be written and memory is full. Part of the identities may have been taken in:
    /// [`Index::absorbed`] says how many.
    pub fn absorb(&self, first: u64, identities: &[Hash]) -> Result<(), IndexError> {
        self.shared.absorb(first, identities)
    }

    /// The leaves below this one are in the index.
    #[must_use]
    pub fn absorbed(&self) -> u64 {
        self.shared.lock().absorbed()
    }

    /// Where an entry of this identity may be.
    ///
    /// # Errors
    /// [`IndexError::Damaged`]: neither a hit nor a miss.
    pub fn candidates(&self, identity: &Hash) -> Result<Candidates, IndexError> {
        self.shared.candidates(identity)
    }

    /// The last leaf of every run, with its identity, oldest first. If one differs from the log's, these runs are of
    /// another history (a directory put together from two), and only [`Index::forget_from`] 0 helps.
    #[must_use]
    pub fn ends(&self) -> Vec<(u64, Hash)> {
        self.shared.lock().ends()
    }

    /// Removes, durably, what was absorbed from leaf `first` on, and perhaps some before it. Returns
    /// [`Index::absorbed`], from where the caller feeds it again. After [`IndexError::Damaged`] `first` is the one it
    /// names.
    ///
    /// # Errors
    /// [`IndexError::Io`]; then nothing is forgotten that was absorbed.
    pub fn forget_from(&self, first: u64) -> Result<u64, IndexError> {
        self.shared.forget_from(first)
    }

    /// Writes all that was absorbed to disk, so that the next start has nothing to feed. For an orderly stop: each call
    /// makes a run, however short.
    ///
    /// # Errors
    /// [`IndexError::Io`] and [`IndexError::Damaged`].
    pub fn flush(&self) -> Result<(), IndexError> {
        self.shared.flush()
    }

    /// Returns when everything that waits is written and every merge that is due is done, or has failed.
    ///
    /// # Errors
    /// [`IndexError::Io`] and [`IndexError::Damaged`].
    pub fn settle(&self) -> Result<(), IndexError> {
        self.shared.settle()
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        let Some(worker) = self.worker.take() else { return };
        self.shared.stop();
        // One that panicked has nothing to hand over: what it was writing is removed at the next start.
        let _ = worker.join();
    }
}

/// What the index keeps of an identity.
fn fingerprint(identity: &Hash) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *identity;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}
