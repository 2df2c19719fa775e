//! How many files the process can have open, connections among them.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::os::unix::net::UnixDatagram;

/// As many must be free when a server starts: a log with its index has some 30 open, runtimes and signals 20, each round and
/// each read that is not in memory takes one more for a moment, and a few clients want to be served. A limit of 128 leaves
/// room for the standard streams and for what a supervisor hands on.
pub const NEEDED: usize = 120;

/// Descriptors that connections never take, where there are many: the services open files. Where there are few, half.
const RESERVED: u64 = 256;

/// The same where answers come from files that are kept open, see [`are_plenty`].
const RESERVED_OF_PLENTY: u64 = 8192;

/// With so many, files that are sent again and again are kept open.
const PLENTY: u64 = 32_768;

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

/// Whether files that are sent again and again may be kept open.
#[must_use]
pub fn are_plenty() -> bool {
    getrlimit(Resource::Nofile).current.is_none_or(|limit| limit >= PLENTY)
}

/// How many connections the process can have open.
pub(crate) fn for_connections() -> usize {
    let limit = getrlimit(Resource::Nofile).current;
    let reserved = if are_plenty() { RESERVED_OF_PLENTY } else { RESERVED };
    let most = limit.map_or(u64::MAX, |limit| limit - reserved.min(limit / 2));
    usize::try_from(most).unwrap_or(usize::MAX)
}
