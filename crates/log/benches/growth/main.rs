//! What an entry and a proof cost as the log grows, entered below signature checking: a directory, the engine, the index.
//! Prints one JSON object; `cargo xtask bench log growth` drives it.
//!
//! ```text
//! growth fill DIR ENTRIES         a new log of real-size entries, probed at 10^4 and at ENTRIES; ends without stopping it
//! growth synthetic DIR ENTRIES    a new log of made-up leaf hashes without entries, probed at ENTRIES (a multiple of 256)
//! growth probe DIR                the same probes of a log that is there
//! growth restart DIR              how long it takes to open the log, and to stop it
//! ```

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a bench has a clock and files")]
#![allow(clippy::print_stdout, reason = "a bench has a reader")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a bench may panic")]
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "numbers for people")]

mod probe;
mod running;
mod synthetic;

use std::path::Path;
use std::time::Instant;

use running::Running;
use serde_json::{Value, json};

/// The size that larger ones are compared with.
const SMALL: u64 = 10_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| *word != "--bench").collect();
    let report = match words.as_slice() {
        // As one of all targets of `cargo test` or `cargo bench` this only has to work.
        [] => json!({}),
        ["fill", directory, entries] => fill(Path::new(directory), entries.parse().unwrap()),
        ["synthetic", directory, entries] => {
            let directory = Path::new(directory);
            let seconds = synthetic::make(directory, entries.parse().unwrap());
            let log = Running::open(directory);
            json!({"made_s": seconds, "probes": [probe::probe(&log, false)], "peak_mib": peak_mib()})
        }
        ["probe", directory] => json!({"probes": [probe::probe(&Running::open(Path::new(directory)), true)]}),
        ["restart", directory] => restart(Path::new(directory)),
        other => panic!("see the head of this file; what is {other:?}?"),
    };
    println!("{report}");
}

/// Probes at two sizes, and between them the time that filling takes. The process ends with the log still open, as by
/// `kill -9`.
fn fill(directory: &Path, entries: u64) -> Value {
    running::create(directory);
    let log = Running::open(directory);
    probe::add(&log, SMALL);
    let small = probe::probe(&log, true);
    let rest = entries.saturating_sub(log.size());
    let tenth = || (1e6 / probe::add(&log, rest / 10), memory_mib("VmRSS:"));
    let (rates, resident): (Vec<f64>, Vec<f64>) = (0..10).map(|_| tenth()).unzip();
    let large = probe::probe(&log, true);
    json!({
        "probes": [small, large],
        "filled_per_second": rates,
        "resident_mib": resident,
        "peak_mib": peak_mib(),
    })
}

fn restart(directory: &Path) -> Value {
    let start = Instant::now();
    let log = Running::open(directory);
    let opened = start.elapsed().as_secs_f64();
    let size = log.size();
    let start = Instant::now();
    log.stop();
    json!({"size": size, "open_s": opened, "stop_s": start.elapsed().as_secs_f64(), "peak_mib": peak_mib()})
}

/// The most memory that this process has had.
fn peak_mib() -> f64 {
    memory_mib("VmHWM:")
}

/// A line of `proc_pid_status(5)`.
fn memory_mib(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1024.0
}
