//! What a batch costs: stage, swap and read back, beside the bare write and flush of as many bytes.
//!
//! ```text
//! cargo bench -p sealwax-store              in the system's temporary directory, which must not be in memory
//! cargo bench -p sealwax-store -- DIR       elsewhere
//! ```
//!
//! The bare flush goes to a file that was filled with zeros before, the same way as the write-ahead file. The second
//! yardstick appends to a file, so that each flush also writes the file system's journal. Rounds of all three alternate, so
//! that a busy disk slows all of them; the figures are medians.
#![allow(clippy::disallowed_methods, reason = "a bench has a clock")]
#![allow(clippy::print_stdout, reason = "a bench has a reader")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench may panic")]

use sealwax_store::{
    Bytes, Cell, Directory, LockStore, ObjectStore, Swap, Version,
    directory::Options,
    disk::{Disk, DiskFile, Mode, Os},
};
use std::{
    future::Future,
    path::{Path, PathBuf},
    pin::pin,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

/// Bytes of a batch, and how many of them: one entry, a busy moment, a crowd.
const BATCHES: [(usize, usize); 4] = [(1500, 2000), (16 << 10, 1000), (128 << 10, 400), (1 << 20, 100)];

/// About what the engine's lock value has.
const LOCK_BYTES: usize = 400;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_bench = arguments.iter().any(|argument| argument == "--bench");
    let place = arguments.iter().find(|argument| !argument.starts_with('-'));
    let directory = place.map_or_else(std::env::temp_dir, PathBuf::from);
    let directory = directory.join(format!("sealwax-store-bench-{}", std::process::id()));
    let disk = Os::create(&directory).unwrap();
    println!("batch          stage + swap     zero-filled        appended   flushes    written   per batch");
    for (bytes, count) in BATCHES {
        // As one of all targets of `cargo test` this only has to work.
        compare(&disk, bytes, if is_bench { count } else { 3 });
    }
    std::fs::remove_dir_all(directory).unwrap();
}

fn compare(root: &Os, bytes: usize, count: usize) {
    root.create_dir(&format!("{bytes}")).unwrap();
    let os = Os::create(root.root().join(format!("{bytes}/store"))).unwrap();
    let store = Directory::open(os.clone(), &Options { background: false, ..Options::default() }).unwrap();
    let mut rounds = Rounds { store, version: None, staged: Vec::new() };
    let zeros = file(root.root(), bytes, "zeros");
    zeros.write_at(&vec![0; (bytes + LOCK_BYTES) * count], 0).unwrap();
    zeros.sync_all().unwrap();
    let appended = file(root.root(), bytes, "appended");
    let batch = Bytes::from(vec![0x5a; bytes]);
    let bare = vec![0x5a; bytes + LOCK_BYTES];

    let mut times = [const { Vec::new() }; 3];
    let (flushes, written) = (os.flushes(), os.bytes_written());
    for n in 0..count {
        times[0].push(timed(|| rounds.next(n, batch.clone())));
        for (file, times) in [&zeros, &appended].into_iter().zip(&mut times[1..]) {
            times.push(timed(|| {
                file.write_at(&bare, (n * bare.len()) as u64).unwrap();
                file.sync_data().unwrap();
            }));
        }
    }
    let [swap, zeros, appended] = times.map(median);
    let flushes = thousandths(os.flushes() - flushes, count as u64);
    let written = (os.bytes_written() - written) / count as u64;
    println!("{bytes:>9} B {swap:>12?} {zeros:>15?} {appended:>15?} {flushes:>9} {written:>10} B");
}

struct Rounds {
    store: Directory<Os>,
    version: Option<Version>,
    staged: Vec<String>,
}

impl Rounds {
    /// As a round of the engine, without settling: what is older than some rounds is deleted.
    fn next(&mut self, n: usize, batch: Bytes) {
        let name = format!("staged/{n}");
        now(self.store.stage(&name, batch)).unwrap();
        let value = vec![0x61; LOCK_BYTES].into();
        let Swap::Done(version) = now(self.store.swap(Cell::Lock, self.version.as_ref(), value)).unwrap()
        else {
            panic!("nobody else swaps")
        };
        assert_eq!(now(self.store.load(Cell::Lock)).unwrap().unwrap().version, version);
        self.version = Some(version);
        self.staged.push(name);
        if self.staged.len() > 10 {
            now(self.store.delete(&self.staged.remove(0))).unwrap();
        }
    }
}

fn file(root: &Path, bytes: usize, name: &str) -> <Os as Disk>::File {
    Os::new(root).unwrap().open(&format!("{bytes}/{name}"), Mode::Create).unwrap()
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn thousandths(part: u64, whole: u64) -> String {
    let thousandths = part * 1000 / whole;
    format!("{}.{:03}", thousandths / 1000, thousandths % 1000)
}

fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a future waited"),
    }
}
