//! `cargo xtask bench`: how fast, how large, beside the peers, in one run. What it prints is `docs/performance.md`'s table.
//!
//! Our bench writes bundles with a manifest; it and the programs in `peers/` then take turns on the same manifest, so that a
//! busy machine slows all of them. The second half starts the binary as users do.

#![allow(clippy::indexing_slicing, reason = "only JSON is indexed, which gives null for what is absent")]

mod libraries;
mod load;
mod log;
mod processes;
mod services;
mod sign;
mod words;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{cargo, command, executable, output, root, run};
use crate::{Failure, Outcome};

/// A demand, what was found, and whether that is enough.
struct Bar {
    work: String,
    bar: String,
    found: String,
    is_met: bool,
}

/// Runs verification, or one half of it: `libraries`, `processes`; or what is measured of the log, of the services or of signing.
pub(crate) fn run_all(arguments: &[String]) -> Outcome {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["log", ..] = words.as_slice() {
        return log::run(arguments.get(1..).unwrap_or_default());
    }
    if let ["services", ..] = words.as_slice() {
        return services::run(arguments.get(1..).unwrap_or_default());
    }
    if let ["sign", ..] = words.as_slice() {
        return sign::run(arguments.get(1..).unwrap_or_default());
    }
    let (libraries, processes) = match words.as_slice() {
        [] => (true, true),
        ["libraries"] => (true, false),
        ["processes"] => (false, true),
        other => {
            return Err(
                format!("bench knows libraries, processes, log, services and sign, not {other:?}").into()
            );
        }
    };
    let bench = build_bench()?;
    let directory = root().join("target/bench");
    run(command(&bench).arg("write").arg(&directory))?;
    println!("{}\n", machine()?);
    if libraries {
        libraries::compare(&bench, &directory)?;
    }
    if processes {
        processes::measure(&directory)?;
    }
    Ok(())
}

/// The bench of `sealwax-verify`, as an executable.
fn build_bench() -> Result<PathBuf, Box<dyn std::error::Error>> {
    let mut command = cargo();
    command.args(["bench", "-q", "-p", "sealwax-verify", "--bench", "verify", "--no-run"]);
    executable(command, "verify")
}

/// What the figures are of.
fn machine() -> Result<String, Box<dyn std::error::Error>> {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo")?;
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism()?;
    let rustc = output(Command::new("rustc").arg("--version"))?;
    let kernel = output(Command::new("uname").arg("-sr"))?;
    Ok(format!(
        "{}, {cores} cores, {}, {}",
        model.map_or("unknown processor", |(_, name)| name.trim()),
        kernel.trim(),
        rustc.trim()
    ))
}

/// The kind of the file system, unless it is memory: a flush must be one.
fn on_a_disk(directory: &Path) -> Result<String, Failure> {
    let kind = output(Command::new("stat").args(["-f", "-c", "%T"]).arg(directory))?;
    let kind = kind.trim();
    if ["tmpfs", "ramfs", "overlayfs"].contains(&kind) {
        return Err(format!(
            "{} is on {kind}, where a flush costs nothing: choose CARGO_TARGET_DIR",
            directory.display()
        )
        .into());
    }
    Ok(format!("{kind} on disk"))
}

fn print_bars(bars: &[Bar]) {
    if !bars.is_empty() {
        println!("\n| Bar | Found | |\n|---|---|---|");
    }
    for bar in bars {
        let verdict = if bar.is_met { "met" } else { "**missed**" };
        println!("| {}: {} | {} | {verdict} |", bar.work, bar.bar, bar.found);
    }
}

/// The least, which is what a busy machine spoils least.
fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

/// The middle one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
