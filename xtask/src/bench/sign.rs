//! `cargo xtask bench sign`: `sealwax sign` and `demo` beside cosign and openssl, as users start them, in one run on loopback. What it
//! prints is the section "Signing" of `docs/performance.md`.
//!
//! Ours signs by an instance of ours, cosign by Fulcio, rekor-tiles and timestamp-authority, each at its best tuning, with the keys and
//! chains that the instance has; Fulcio logs to TesseraCT where that is, otherwise to a certificate log of ours. Between either and its
//! services is a proxy that makes the way as long as a round trip shall be.

mod demo;
mod keyless;
mod large;
mod many;
mod ours;
mod proxy;
mod repository;
mod theirs;
mod token;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ours::Ours;
use theirs::Theirs;

use super::processes::Run;
use super::services::Curve;
use super::services::instance::Instance;
use super::services::issuer::Issuer;
use super::services::peers::Programs;
use super::words::Known;
use super::{Bar, machine, on_a_disk, print_bars};
use crate::process::target;
use crate::{Failure, Outcome};

const USAGE: &str = "usage: cargo xtask bench sign [PART]… [OPTION]…
  keyless large many demo        what is measured when no part is named
  --ours-only                    leave cosign and its services out
  --sealwax PATH                 a binary of ours that is there, instead of building one
  --directory DIR                where everything lies; on a disk (target/bench/sign)
  --turns N                      signatures of one file by each side (15)
  --peer tesseract=PATH          the TesseraCT binary for POSIX, built elsewhere: the log behind Fulcio";

/// All of it takes some four minutes.
const KNOWN: Known<Bench> = Known {
    usage: USAGE,
    usual: &[
        ("keyless", keyless::measure),
        ("large", large::measure),
        ("many", many::measure),
        ("demo", demo::measure),
    ],
    by_hand: &[],
    flags: &["--ours-only"],
    options: &["--sealwax", "--directory", "--turns"],
    peers: &["tesseract"],
};

/// What all parts share.
struct Bench {
    sealwax: PathBuf,
    directory: PathBuf,
    ours: Ours,
    theirs: Option<Theirs>,
    turns: u32,
    bars: Vec<Bar>,
}

pub(super) fn run(arguments: &[String]) -> Outcome {
    let Some(told) = KNOWN.read(arguments)? else { return Ok(()) };
    let directory = told.value("--directory")?.unwrap_or_else(|| target().join("bench/sign"));
    fs::create_dir_all(&directory)?;
    let directory = directory.canonicalize()?;
    let file_system = on_a_disk(&directory)?;
    let (sealwax, with_peers) = (told.path("--sealwax")?, !told.has("--ours-only"));
    let programs = Programs::gather(&directory, sealwax, with_peers, told.peer("tesseract")?, None)?;
    println!("{}, {file_system}", machine()?);
    if programs.peers.is_some() {
        let log = programs.tesseract.as_ref().map_or("a certificate log of ours", |_| "TesseraCT");
        println!("Fulcio logs to {log}.");
    }
    let mut bench = Bench::start(&programs, &directory, told.value("--turns")?.unwrap_or(15))?;
    told.measure(&mut bench)?;
    print_bars(&bench.bars);
    bench.stop()
}

impl Bench {
    /// Starts the services of both sides, which believe the same issuer.
    fn start(programs: &Programs, directory: &Path, turns: u32) -> Result<Self, Failure> {
        let issuer = Issuer::start()?;
        let token = token::issue(directory, &issuer)?;
        let instance = Instance::lay(directory, Curve::P256, &issuer.url)?;
        let ours = Ours::start(&programs.sealwax, directory, &instance, (&issuer.url, &token))?;
        let theirs = match &programs.peers {
            Some(peers) => Some(Theirs::start(programs, peers, directory, &instance, &ours, &token)?),
            None => None,
        };
        let (sealwax, directory) = (programs.sealwax.clone(), directory.to_owned());
        Ok(Self { sealwax, directory, ours, theirs, turns, bars: Vec::new() })
    }

    /// How long a round trip takes from now on, on either side.
    fn set_round_trip(&self, round_trip: Duration) {
        self.ours.set_round_trip(round_trip);
        if let Some(theirs) = &self.theirs {
            theirs.set_round_trip(round_trip);
        }
    }

    /// How many connections there were since this was asked last.
    fn connections(&self) -> u64 {
        self.ours.connections() + self.theirs.as_ref().map_or(0, Theirs::connections)
    }

    fn stop(self) -> Outcome {
        if let Some(theirs) = self.theirs {
            theirs.stop()?;
        }
        self.ours.stop()
    }

    fn bar(&mut self, work: &str, bar: &str, found: String, is_met: bool) {
        self.bars.push(Bar { work: work.into(), bar: bar.into(), found, is_met });
    }
}

/// The middle of these times, and the most memory.
fn middle(runs: &[Run]) -> Run {
    let seconds = runs.iter().map(|run| run.seconds).collect();
    Run {
        seconds: super::median(seconds),
        mebibytes: runs.iter().map(|run| run.mebibytes).fold(0.0, f64::max),
    }
}
