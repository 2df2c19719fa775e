//! `cargo xtask bench`: how fast, how large, beside the peers, in one run. What it prints is `docs/performance.md`'s table.
//!
//! Our bench writes bundles with a manifest; it and the programs in `peers/` then take turns on the same manifest, so that a
//! busy machine slows all of them. The second half starts the binary as users do.

#![allow(clippy::indexing_slicing, reason = "only JSON is indexed, which gives null for what is absent")]

mod libraries;
mod log;
mod processes;

use std::path::PathBuf;
use std::process::Command;

use crate::Outcome;
use crate::process::{cargo, command, executable, output, root, run};

/// Runs verification, or one half of it: `libraries`, `processes`; or what is measured of the log.
pub(crate) fn run_all(arguments: &[String]) -> Outcome {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["log", ..] = words.as_slice() {
        return log::run(arguments.get(1..).unwrap_or_default());
    }
    let (libraries, processes) = match words.as_slice() {
        [] => (true, true),
        ["libraries"] => (true, false),
        ["processes"] => (false, true),
        other => return Err(format!("bench knows libraries, processes and log, not {other:?}").into()),
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

/// The least, which is what a busy machine spoils least.
fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

/// The middle one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
