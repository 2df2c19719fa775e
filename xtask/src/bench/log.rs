//! `cargo xtask bench log`: the log beside its peers, in one run, on loopback, on a disk, with every flush that each makes
//! by itself. What it prints is the section "The log" of `docs/performance.md`.
//!
//! All sides get the same bytes (`crates/log/benches/load`), one after the other, each on a new directory. Kept replies are
//! verified, and `sealwax log check` goes over our directory at the end of each run.

#![allow(clippy::indexing_slicing, reason = "only JSON is indexed, which gives null for what is absent")]

mod bytes;
mod certificates;
mod growth;
mod latency;
mod saturation;
pub(super) mod sides;
mod steady;
mod tiles;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sides::{Side, Sides};

use crate::bench::load::{Limit, Load, Pace, Ran};
use crate::bench::words::Known;
use crate::bench::{Bar, machine, on_a_disk, print_bars};
use crate::process::output;
use crate::process::target;
use crate::running::Server;
use crate::running::trace;
use crate::{Failure, Outcome};

const USAGE: &str = "usage: cargo xtask bench log [PART]… [OPTION]…
  latency saturation certificates tiles bytes   what is measured when no part is named
  steady [--seconds N]           80 % of saturation for ten minutes: p99, and memory that stays flat
  growth [--entries N]           the engine below signature checking at 10^4 and at N entries (10^7), restart, 10^8 leaf hashes
  --peer tesseract=PATH          the TesseraCT binary for POSIX, built elsewhere
  --peers-only                   leave ours out
  --directory DIR                where logs and requests lie; on a disk (target/bench/log)
  --seconds N                    length of a run at saturation (10), of reads (5), of `steady` (600)
  --entries N                    entries of `bytes` (256), of `growth` (10000000)";

/// The usual parts take some ten minutes.
const KNOWN: Known<Bench> = Known {
    usage: USAGE,
    usual: &[
        ("latency", latency::measure),
        ("saturation", saturation::measure),
        ("certificates", certificates::measure),
        ("tiles", tiles::measure),
        ("bytes", bytes::measure),
    ],
    by_hand: &[("steady", steady::measure), ("growth", growth::measure)],
    flags: &["--peers-only"],
    options: &["--directory", "--seconds", "--entries"],
    peers: &["tesseract"],
};

/// What all parts share.
struct Bench {
    load: Load,
    sides: Sides,
    directory: PathBuf,
    seconds: Option<f64>,
    entries: Option<u64>,
    /// A write and a flush of a small batch, milliseconds.
    flush_ms: f64,
    /// One P-256 verification with a fresh key, microseconds.
    bare_us: f64,
    bars: Vec<Bar>,
}

pub(super) fn run(arguments: &[String]) -> Outcome {
    let Some(told) = KNOWN.read(arguments)? else { return Ok(()) };
    let directory = told.value("--directory")?.unwrap_or_else(|| target().join("bench/log"));
    fs::create_dir_all(&directory)?;
    let file_system = on_a_disk(&directory)?;
    let load = Load::build(&directory)?;
    let sides = Sides::gather(&directory, told.peer("tesseract")?, !told.has("--peers-only"))?;
    let (flush_ms, bare_us) = (load.flush_ms(SMALL_BATCH, 2000)?, load.bare_us()?);
    let large_flush_ms = load.flush_ms(LARGE_BATCH, 300)?;
    println!("{}, {file_system}\n", machine()?);
    println!("| Yardstick | |\n|---|---:|");
    println!("| write + fdatasync of {SMALL_BATCH} B, preallocated, p50 | {flush_ms:.3} ms |");
    println!("| the same of {} KiB | {large_flush_ms:.3} ms |", LARGE_BATCH >> 10);
    println!("| P-256 verification with a fresh key, AWS-LC | {bare_us:.1} µs |");
    let (seconds, entries) = (told.value("--seconds")?, told.value("--entries")?);
    let mut bench = Bench { load, sides, directory, seconds, entries, flush_ms, bare_us, bars: Vec::new() };
    told.measure(&mut bench)?;
    print_bars(&bench.bars);
    Ok(())
}

/// A batch of one entry, and one under load.
const SMALL_BATCH: usize = 4 << 10;
const LARGE_BATCH: usize = 256 << 10;

impl Bench {
    /// Starts an empty log of this side; `None` if its program is not there.
    fn start(&self, side: Side, requests: &Path) -> Result<Option<Server>, Failure> {
        if !self.sides.has(side) {
            return Ok(None);
        }
        Server::start(self.sides.recipe(side, requests)?).map(Some)
    }

    /// Stops it, and checks the whole log if it is ours.
    fn stop(&self, side: Side, server: Server) -> Result<Option<trace::Counts>, Failure> {
        let (directory, key) = (server.directory.clone(), server.key.clone());
        let counts = server.stop()?;
        if matches!(side, Side::Sealwax(_)) {
            self.sides.check(&directory, &key)?;
        }
        Ok(counts)
    }

    fn bar(&mut self, work: &str, bar: &str, found: String, is_met: bool) {
        self.bars.push(Bar { work: work.into(), bar: bar.into(), found, is_met });
    }
}

/// Free space of the file system in GiB.
fn free_gib(directory: &Path) -> Result<f64, Failure> {
    let free = output(Command::new("df").args(["--output=avail", "-k"]).arg(directory))?;
    let kibibytes: f64 = free.lines().nth(1).unwrap_or_default().trim().parse()?;
    Ok(kibibytes / f64::from(1 << 20))
}

/// Fails if a run for the hand would fill the disk.
fn need_gib(directory: &Path, need: f64, for_what: &str) -> Outcome {
    let free = free_gib(directory)?;
    eprintln!("{for_what} needs {need:.1} GiB of disk; {free:.1} GiB are free");
    if free < need { Err("that is not enough".into()) } else { Ok(()) }
}
