//! A thousand files in one session, beside as many runs of cosign. Some of those are measured, and the rest is multiplication.

use std::fs;

use super::theirs::Trust;
use super::{Bench, middle};
use crate::Outcome;
use crate::bench::processes::once;

const FILES: u32 = 1000;
const TURNS: u32 = 3;

/// Runs of cosign that are measured.
const RUNS: u32 = 20;

/// The bar: how many times cosign's time.
const TIMES: f64 = 10.0;

pub(super) fn measure(bench: &mut Bench) -> Outcome {
    let directory = bench.directory.join("many");
    fs::create_dir_all(&directory)?;
    let (mut list, mut files) = (String::new(), Vec::new());
    for number in 0..FILES {
        let file = directory.join(format!("{number:04}"));
        fs::write(&file, format!("content {number}\n"))?;
        list.push_str(&format!("{}\n", file.display()));
        files.push(file);
    }
    let names = bench.directory.join("many.list");
    fs::write(&names, list)?;
    let mut ours = Vec::new();
    for _ in 0..TURNS {
        ours.push(once(bench.ours.sign().arg("--list").arg(&names))?);
    }
    let ours = middle(&ours);
    let each = |seconds: f64, count: u32| seconds / f64::from(count) * 1000.0;
    println!("| {FILES} files, keyless | time | each | memory, peak |\n|---|---:|---:|---:|");
    println!(
        "| sealwax, one session | {:.2} s | {:.1} ms | {:.1} MiB |",
        ours.seconds,
        each(ours.seconds, FILES),
        ours.mebibytes
    );
    let Some(theirs) = &bench.theirs else { return Ok(()) };
    let mut runs = Vec::new();
    for file in files.iter().take(RUNS as usize) {
        runs.push(once(&mut theirs.sign(file, Trust::Files))?);
    }
    let seconds: f64 = runs.iter().map(|run| run.seconds).sum();
    let all = seconds / f64::from(RUNS) * f64::from(FILES);
    println!(
        "| cosign, {FILES} runs, as {RUNS} took | {all:.0} s | {:.0} ms | {:.1} MiB |",
        each(seconds, RUNS),
        middle(&runs).mebibytes
    );
    let times = all / ours.seconds;
    let found = format!("{times:.0} × ({:.2} and {all:.0} s)", ours.seconds);
    bench.bar("1,000 files in one session", "10 × faster than 1,000 runs of cosign", found, times >= TIMES);
    Ok(())
}
