//! What `strace` saw: bytes handed to the system for files of the log's directory, and flushes.
//!
//! `/proc/PID/io` would count what goes to sockets as well.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use crate::Failure;

const WRITES: &str = "write,pwrite64,writev,pwritev,pwritev2,copy_file_range,sendfile";
const FLUSHES: &str = "fsync,fdatasync,sync_file_range,syncfs,sync,msync";

/// What a run cost the file system.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Counts {
    /// Bytes that a write to a file of the directory took.
    pub(crate) bytes: u64,
    /// Such writes.
    pub(crate) writes: u64,
    /// `fsync`, `fdatasync` and the like that returned success.
    pub(crate) flushes: u64,
}

/// Arguments of `strace`: which calls, with the paths of their descriptors, without the bytes.
pub(crate) fn arguments(writes: bool) -> Vec<String> {
    let calls = if writes { format!("{WRITES},{FLUSHES}") } else { FLUSHES.to_owned() };
    let mut arguments: Vec<String> =
        ["-f", "-q", "-y", "-s", "0", "-e", "signal=none"].map(str::to_owned).into();
    arguments.extend(["--seccomp-bpf".to_owned(), "-e".to_owned(), format!("trace={calls}")]);
    arguments
}

/// Adds up what a trace says about files under the directory.
pub(crate) fn read(trace: &Path, directory: &Path) -> Result<Counts, Failure> {
    add_up(BufReader::new(File::open(trace)?).lines(), &directory.canonicalize()?)
}

fn add_up(lines: impl Iterator<Item = std::io::Result<String>>, directory: &Path) -> Result<Counts, Failure> {
    let mut counts = Counts::default();
    // Calls that another thread's line interrupted, by thread.
    let mut unfinished: BTreeMap<String, String> = BTreeMap::new();
    for line in lines {
        let line = line?;
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        if let Some(start) = call.strip_suffix("<unfinished ...>") {
            unfinished.insert(thread.to_owned(), start.to_owned());
            continue;
        }
        let call = match call.strip_prefix("<... ") {
            Some(end) => unfinished.remove(thread).unwrap_or_default() + end,
            None => call.to_owned(),
        };
        count(&call, directory, &mut counts);
    }
    Ok(counts)
}

/// One call, such as `pwrite64(7</log/wal/1>, ""..., 4096, 0) = 4096`.
fn count(call: &str, directory: &Path, counts: &mut Counts) {
    let Some((name, rest)) = call.split_once('(') else { return };
    let result = rest.rsplit_once("= ").and_then(|(_, result)| result.split_whitespace().next());
    let Some(result) = result.and_then(|result| result.parse::<u64>().ok()) else { return };
    if FLUSHES.split(',').any(|flush| flush == name) {
        counts.flushes += 1;
        return;
    }
    let path =
        rest.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(path, _)| Path::new(path));
    if path.is_some_and(|path| path.starts_with(directory)) {
        counts.bytes += result;
        counts.writes += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_count_and_sockets_do_not_also_across_interruptions() {
        let trace = "\
10 write(4</log/tile/0/000.p/1>, \"\"..., 32) = 32
10 write(9<socket:[77]>, \"\"..., 500) = 500
11 pwrite64(5</log/wal/1>, \"\"..., 4096, 0 <unfinished ...>
10 fdatasync(5</log/wal/1>) = 0
11 <... pwrite64 resumed>) = 4096
11 fsync(5</log/wal/1> <unfinished ...>
10 write(1</elsewhere/output>, \"\"..., 3) = 3
11 <... fsync resumed>) = 0
10 write(4</log/tile/0/000.p/1>, \"\"..., 32) = -1 ENOSPC (No space left on device)
10 +++ exited with 0 +++";
        let lines = trace.lines().map(|line| Ok(line.to_owned()));
        let counts = add_up(lines, Path::new("/log")).unwrap();
        assert_eq!(counts, Counts { bytes: 4128, writes: 2, flushes: 2 });
    }
}
