//! How many files the process can have open, connections among them.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{
    fs::File,
    os::unix::net::UnixDatagram,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// As many must be free when a server starts: a log with its index has some 30 open, runtimes and signals 20, each round and
/// each read that is not in memory takes one more for a moment, and a few clients want to be served. A limit of 128 leaves
/// room for the standard streams and for what a supervisor hands on.
pub const NEEDED: usize = 120;

/// Descriptors that connections never take, where there are many: the services open files. Where there are few, half.
const RESERVED: u64 = 256;

/// With fewer no file stays open for answers; otherwise an eighth of them may, and not more than [`MOST_KEPT`].
const PLENTY: u64 = 4096;
const MOST_KEPT: u64 = 8192;

/// Files that stay open, of all services.
static KEPT: AtomicU64 = AtomicU64::new(0);

/// The process cannot open enough files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{NEEDED} free file descriptors are needed to serve, and this process can open {free} (see `ulimit -n`: 128 will do)"
)]
pub struct TooFewDescriptors {
    /// Descriptors that it can have beside those that it has.
    pub free: usize,
}

/// Raises the limit of descriptors to the most that the process may have, and tries whether as many are free as a server
/// needs. To be called first: what opens files later, some of it in other people's code, may not live without.
///
/// # Errors
/// [`TooFewDescriptors`]
pub fn claim() -> Result<(), TooFewDescriptors> {
    let limit = getrlimit(Resource::Nofile);
    // Where this is not allowed, trying tells whether what there is suffices.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let tried: Vec<UnixDatagram> = (0..NEEDED).map_while(|_| UnixDatagram::unbound().ok()).collect();
    if tried.len() < NEEDED { Err(TooFewDescriptors { free: tried.len() }) } else { Ok(()) }
}

/// How many files may stay open, of all services.
fn for_files() -> u64 {
    match getrlimit(Resource::Nofile).current {
        Some(limit) if limit < PLENTY => 0,
        Some(limit) => MOST_KEPT.min(limit / 8),
        None => MOST_KEPT,
    }
}

/// A file that stays open because it is sent again and again. The process has a limited number of them.
#[derive(Debug)]
pub struct KeptFile(File);

impl KeptFile {
    /// Keeps what `open` opens, if there is room.
    pub fn keep(open: impl FnOnce() -> Option<File>) -> Option<Self> {
        let room = |kept| Some(kept + 1).filter(|kept| *kept <= for_files());
        KEPT.fetch_update(Relaxed, Relaxed, room).ok()?;
        let file = open().map(Self);
        if file.is_none() {
            KEPT.fetch_sub(1, Relaxed);
        }
        file
    }

    pub(crate) fn file(&self) -> &File {
        &self.0
    }
}

impl Drop for KeptFile {
    fn drop(&mut self) {
        KEPT.fetch_sub(1, Relaxed);
    }
}

/// How many connections the process can have open.
pub(crate) fn for_connections() -> usize {
    let limit = getrlimit(Resource::Nofile).current;
    let most = limit.map_or(u64::MAX, |limit| limit - RESERVED.min(limit / 2) - for_files());
    usize::try_from(most).unwrap_or(usize::MAX)
}
