//! `cargo xtask bench services`: the authorities of an instance beside Fulcio and timestamp-authority, in one run, on loopback, on
//! a disk, with every flush that each makes by itself. What it prints is the section "The services" of `docs/performance.md`.
//!
//! Ours is `sealwax serve` as it is installed, with its certificate log in the same process. The peers get the keys and chains
//! that ours has, and all get the same requests (`crates/log/benches/load`), made beforehand; kept replies are verified.

#![allow(clippy::indexing_slicing, reason = "only JSON is indexed, which gives null for what is absent")]

mod certificates;
mod idle;
pub(super) mod instance;
pub(super) mod issuer;
pub(super) mod peers;
mod start;
mod timestamps;

use std::fs;
use std::path::PathBuf;

use instance::Instance;
use issuer::Issuer;
use peers::Programs;

use crate::bench::load::{Limit, Load, Pace};
use crate::bench::words::Known;
use crate::bench::{Bar, machine, on_a_disk, print_bars};
use crate::process::target;
use crate::{Failure, Outcome};

const USAGE: &str = "usage: cargo xtask bench services [PART]… [OPTION]…
  certificates timestamps idle start   what is measured when no part is named
  --peer tesseract=PATH          the TesseraCT binary for POSIX, built elsewhere: the log behind Fulcio
  --peer dex=PATH                dex's binary, built elsewhere: part of the peers' idle memory
  --ours-only                    leave the peers out
  --sealwax PATH                 a binary of ours that is there, instead of building one
  --directory DIR                where instances and requests lie; on a disk (target/bench/services)
  --seconds N                    length of a run with many connections (6)
  --starts N                     first starts (20)";

/// All of it takes some eight minutes.
const KNOWN: Known<Bench> = Known {
    usage: USAGE,
    usual: &[
        ("certificates", certificates::measure),
        ("timestamps", timestamps::measure),
        ("idle", idle::measure),
        ("start", start::measure),
    ],
    by_hand: &[],
    flags: &["--ours-only"],
    options: &["--sealwax", "--directory", "--seconds", "--starts"],
    peers: &["tesseract", "dex"],
};

/// Curves of the authorities, as the tables call them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
}

impl Curve {
    const ALL: [Curve; 2] = [Curve::P256, Curve::P384];

    fn name(self) -> &'static str {
        match self {
            Curve::P256 => "P-256",
            Curve::P384 => "P-384",
        }
    }
}

/// What all parts share.
struct Bench {
    load: Load,
    programs: Programs,
    issuer: Issuer,
    directory: PathBuf,
    seconds: f64,
    starts: u32,
    bars: Vec<Bar>,
}

pub(super) fn run(arguments: &[String]) -> Outcome {
    let Some(told) = KNOWN.read(arguments)? else { return Ok(()) };
    let directory = told.value("--directory")?.unwrap_or_else(|| target().join("bench/services"));
    fs::create_dir_all(&directory)?;
    let file_system = on_a_disk(&directory)?;
    let load = Load::build(&directory)?;
    let (sealwax, with_peers) = (told.path("--sealwax")?, !told.has("--ours-only"));
    let (tesseract, dex) = (told.peer("tesseract")?, told.peer("dex")?);
    let programs = Programs::gather(&directory, sealwax, with_peers, tesseract, dex)?;
    let issuer = Issuer::start()?;
    println!("{}, {file_system}", machine()?);
    let (seconds, starts) = (told.value("--seconds")?.unwrap_or(6.0), told.value("--starts")?.unwrap_or(20));
    let mut bench = Bench { load, programs, issuer, directory, seconds, starts, bars: Vec::new() };
    told.measure(&mut bench)?;
    print_bars(&bench.bars);
    Ok(())
}

impl Bench {
    /// A file of so many requests for certificates, with tokens of our issuer, who has another key from now on.
    fn requests_for_certificates(&mut self, count: u64) -> Result<PathBuf, Failure> {
        let file = self.load.fresh("certify", count, &[&self.issuer.url])?;
        self.issuer.serve_keys(fs::read_to_string(file.with_extension("jwks"))?);
        Ok(file)
    }

    /// A new instance of ours whose authorities have keys on this curve, and its server.
    fn instance(&self, curve: Curve) -> Result<Instance, Failure> {
        Instance::lay(&self.directory, curve, &self.issuer.url)
    }

    fn bar(&mut self, work: &str, bar: &str, found: String, is_met: bool) {
        self.bars.push(Bar { work: work.into(), bar: bar.into(), found, is_met });
    }
}

/// Requests number `from` on, over one connection or many.
fn pace(connections: usize, from: u64, limit: Limit) -> Pace {
    Pace { connections, from, limit, per_second: None }
}
