//! What the index costs: time to absorb and to look up, processor time with all merging, memory, bytes written, and the time
//! of a restart, at growing sizes of one log.
//!
//! ```text
//! cargo bench -p sealwax-log --bench index                              up to 10⁶ leaves, in the temporary directory
//! cargo bench -p sealwax-log --bench index -- grow DIR 10000 10000000   at these sizes, in DIR, which must not exist
//! cargo bench -p sealwax-log --bench index -- memory DIR 10000000       memory by tenths of the way to this size
//! ```
//!
//! 10⁷ leaves take 140 MB in DIR, twice that while they merge, and some ten seconds; 10⁸ ten times as much.
//!
//! **What is measured.** A round, as the engine does it: 64 identities are looked up, all are misses, and then absorbed.
//! The figures of a size are of the 65,536 leaves after it, and the first is processor time of the thread that does it, so
//! that a busy machine does not count; the worst sixteen rounds are by the clock, merges and flushes beside them included.
//! What is said of `all threads` is from the first leaf on, fed as fast as the index takes them, for each leaf. Nothing is
//! dropped from the cache of the operating system.

#![allow(clippy::print_stdout, reason = "a bench has a reader")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench may panic")]
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "numbers for people")]

use sealwax_log::index::{Index, Options};
use std::{
    fs,
    hint::black_box,
    path::Path,
    time::{Duration, Instant, UNIX_EPOCH},
};

const ROUND: u64 = 64;
const MEASURED: u64 = 65_536;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| *word != "--bench").collect();
    let temporary = std::env::temp_dir().join(format!("sealwax-bench-index-{}", std::process::id()));
    match words.as_slice() {
        // Cargo adds `--bench` when it wants to know; as one of all targets of `cargo test` this only has to work.
        [] if words.len() == arguments.len() => grow(&temporary, &[100]),
        [] => grow(&temporary, &[10_000, 100_000, 1_000_000]),
        ["grow", directory, sizes @ ..] => {
            let sizes: Vec<u64> = sizes.iter().map(|size| size.parse().unwrap()).collect();
            grow(Path::new(directory), &sizes);
        }
        ["memory", directory, size] => memory(Path::new(directory), size.parse().unwrap()),
        other => panic!("see the head of this file; what is {other:?}?"),
    }
}

fn grow(directory: &Path, sizes: &[u64]) {
    assert!(!directory.exists(), "{} is there already", directory.display());
    let mut index = Index::open(directory, 0, Options::default()).unwrap();
    let (cpu_before, written_before) = (cpu(), written());
    for size in sizes {
        feed(&index, *size);
        let (cpu, written) = (cpu() - cpu_before, written() - written_before);
        let per_leaf = |total: u64| total as f64 / *size as f64;
        index.settle().unwrap();
        let (mean, worst) = rounds(&index);
        index.settle().unwrap();
        let leaves = index.absorbed();
        let (miss, hit) = (lookups(&index, leaves..2 * leaves), lookups(&index, 0..leaves));
        let memory = resident_bytes();
        let runs = index.ends().len();
        drop(index);
        let start = Instant::now();
        index = Index::open(directory, leaves, Options::default()).unwrap();
        let opened = start.elapsed();
        println!(
            "{size} leaves: {mean:.0} ns per leaf of a round ({worst:.0} at worst), {miss:.0} ns per miss, {hit:.0} ns per hit; \
             all threads {:.0} ns and {:.1} bytes written per leaf; {runs} runs, {:.1} MB on disk, {:.1} MB of memory; \
             opened in {:.1} ms, {} leaves behind",
            per_leaf(cpu.as_nanos() as u64),
            per_leaf(written),
            disk_bytes(directory) as f64 / 1e6,
            memory as f64 / 1e6,
            opened.as_secs_f64() * 1e3,
            leaves - index.absorbed(),
        );
        feed(&index, leaves);
    }
    drop(index);
    fs::remove_dir_all(directory).unwrap();
}

/// Feeds an index, and prints for each tenth the median and the most of what the process has in memory, file pages apart.
fn memory(directory: &Path, size: u64) {
    assert!(!directory.exists(), "{} is there already", directory.display());
    let index = Index::open(directory, 0, Options::default()).unwrap();
    for tenth in 1..=10 {
        let mut samples = Vec::new();
        while index.absorbed() < size * tenth / 10 {
            feed(&index, size.min(index.absorbed() + 4096));
            // Ten times as fast as a busy log, so that merges keep up as they would.
            std::thread::sleep(Duration::from_millis(25));
            samples.push(anonymous_bytes());
        }
        samples.sort_unstable();
        let mebibytes = |at: usize| samples[at] as f64 / f64::from(1 << 20);
        println!(
            "{tenth}: {:.1} MiB, at most {:.1}",
            mebibytes(samples.len() / 2),
            mebibytes(samples.len() - 1)
        );
    }
    drop(index);
    fs::remove_dir_all(directory).unwrap();
}

/// Absorbs up to `size`, without looking anything up.
fn feed(index: &Index, size: u64) {
    while index.absorbed() < size {
        let first = index.absorbed();
        let identities: Vec<_> = (first..size.min(first + 1024)).map(identity).collect();
        index.absorb(first, &identities).unwrap();
    }
}

/// Nanoseconds of this thread per leaf, and by the clock over the slowest sixteen rounds that follow one another.
fn rounds(index: &Index) -> (f64, f64) {
    let mut worst = Duration::ZERO;
    let before = thread_ns();
    for _ in 0..MEASURED / ROUND / 16 {
        let start = Instant::now();
        for _ in 0..16 {
            let first = index.absorbed();
            let identities: Vec<_> = (first..first + ROUND).map(identity).collect();
            for identity in &identities {
                assert_eq!(index.candidates(identity).unwrap().count(), 0);
            }
            index.absorb(first, &identities).unwrap();
        }
        worst = worst.max(start.elapsed());
    }
    ((thread_ns() - before) / MEASURED as f64, worst.as_nanos() as f64 / (16 * ROUND) as f64)
}

/// Nanoseconds of this thread per lookup of identities spread over `numbers`.
fn lookups(index: &Index, numbers: std::ops::Range<u64>) -> f64 {
    let count = 50_000.min(numbers.end - numbers.start);
    let step = (numbers.end - numbers.start) / count;
    let identities: Vec<_> = (0..count).map(|at| identity(numbers.start + at * step)).collect();
    let before = thread_ns();
    for identity in &identities {
        let _ = black_box(index.candidates(identity).unwrap());
    }
    (thread_ns() - before) / count as f64
}

/// What this thread has used of a processor; by the clock where the system does not say.
fn thread_ns() -> f64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let used = text.split_whitespace().next().and_then(|ns| ns.parse().ok());
    let now = || UNIX_EPOCH.elapsed().unwrap().as_nanos() as f64;
    used.unwrap_or_else(now)
}

/// As even as a hash, and faster.
fn identity(number: u64) -> [u8; 32] {
    let mut words = [0; 4];
    for (word, salt) in words.iter_mut().zip(1_u64..) {
        let mut mixed = (number.wrapping_mul(4) + salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        *word = mixed ^ (mixed >> 31);
    }
    let mut identity = [0; 32];
    for (place, byte) in identity.iter_mut().zip(words.iter().flat_map(|word| word.to_be_bytes())) {
        *place = byte;
    }
    identity
}

fn disk_bytes(directory: &Path) -> u64 {
    fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
}

/// Of all threads; `proc(5)`: ticks of 10 ms. Zero where there is no such file.
fn cpu() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis(10 * (ticks(11) + ticks(12)))
}

/// Bytes handed to `write`.
fn written() -> u64 {
    field("/proc/self/io", "wchar:")
}

fn resident_bytes() -> u64 {
    field("/proc/self/status", "VmRSS:") * 1024
}

fn anonymous_bytes() -> u64 {
    field("/proc/self/status", "RssAnon:") * 1024
}

fn field(file: &str, name: &str) -> u64 {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
