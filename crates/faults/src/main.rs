//! `cargo xtask simulate` and `cargo xtask faults`.
#![allow(clippy::print_stdout, reason = "it talks to the person who runs it")]

use sealwax_faults::{
    campaign::campaign,
    crash::{Effort, Script, Tried, Work, crash_points, every_write_fails, failure_points},
    engine::Seeds,
    simulate::Report,
};
use sealwax_log::engine::{Kind, Step};
use std::{process::ExitCode, time::Instant};

const USAGE: &str = "usage: sealwax-faults simulate [--seed N | --seeds N [--from N]]
       sealwax-faults crash [--more N]\n       sealwax-faults sabotage [STEP]… (built with the feature of that name)";

/// Seeds of one part of a long run, after which it says how far it is.
const PART: u64 = 10_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |word: &str| word.parse::<u64>().ok();
    let done = match words.as_slice() {
        ["simulate", "--seed", seed] => number(seed).map(replay),
        ["simulate"] => Some(simulate(0, PART)),
        ["simulate", "--seeds", count] => number(count).map(|count| simulate(0, count)),
        ["simulate", "--seeds", count, "--from", from] => {
            number(count).zip(number(from)).map(|(count, from)| simulate(from, count))
        }
        ["crash"] => Some(crash(1)),
        ["crash", "--more", more] => number(more).map(crash),
        ["sabotage", only @ ..] if cfg!(feature = "sabotage") => Some(sabotage(only)),
        _ => None,
    };
    match done {
        Some(code) => code,
        None => {
            eprintln!("{USAGE}");
            ExitCode::FAILURE
        }
    }
}

fn replay(seed: u64) -> ExitCode {
    match Seeds::new().run(seed) {
        Ok(report) => {
            println!("seed {seed}: {report:#?}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("seed {seed}: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn crash(more: u64) -> ExitCode {
    let start = Instant::now();
    let tell = |work: Work, tried: &Tried| println!("{work:?}: {tried:?}, {} s", start.elapsed().as_secs());
    match every_write_fails(more, tell) {
        Ok(total) => {
            println!("{total:#?}");
            ExitCode::SUCCESS
        }
        Err(broken) => {
            println!("{broken}");
            ExitCode::FAILURE
        }
    }
}

fn simulate(from: u64, count: u64) -> ExitCode {
    let seeds = Seeds::new();
    let (start, end) = (Instant::now(), from.saturating_add(count));
    let mut total = Report::default();
    let mut first = from;
    while first < end {
        let last = end.min(first.saturating_add(PART));
        let outcome = campaign(first..last, |seed| seeds.run(seed), |total, report| total.plus(report));
        if let Some((seed, failure)) = outcome.failure {
            println!("seed {seed}: {failure}\nreplay it: cargo xtask simulate --seed {seed}");
            return ExitCode::FAILURE;
        }
        total = total.plus(&outcome.total);
        first = last;
        println!("{} of {count} schedules, {} s", first - from, start.elapsed().as_secs());
    }
    println!("{total:#?}");
    match total.unmet_by_the_engine().as_slice() {
        [] => ExitCode::SUCCESS,
        unmet => {
            println!("never met: {}", unmet.join(", "));
            ExitCode::FAILURE
        }
    }
}

/// The tests are tested: without a step of the write order, they fail.
fn sabotage(only: &[&str]) -> ExitCode {
    // A name that is none would leave everything untried, and all well.
    let names: Vec<String> = Step::ALL.iter().map(|step| format!("{step:?}")).collect();
    if let Some(strange) = only.iter().find(|only| names.iter().all(|name| name != *only)) {
        eprintln!("there is no step {strange}: {}", names.join(", "));
        return ExitCode::FAILURE;
    }
    let mut unnoticed = 0;
    for step in Step::ALL {
        let name = format!("{step:?}");
        if !only.is_empty() && !only.contains(&name.as_str()) {
            continue;
        }
        let found = noticed(step);
        unnoticed += u32::from(found.is_none());
        let found = found.unwrap_or_else(|| "NOTHING".to_owned());
        println!("| `{name}` | {} |", found.lines().next().unwrap_or_default());
    }
    if unnoticed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Seeds after which a missing step should have shown.
const ENOUGH: u64 = 2_000;

fn noticed(step: Step) -> Option<String> {
    let mut seeds = Seeds::new();
    seeds.sabotage = Some(step);
    let outcome = campaign(0..ENOUGH, |seed| seeds.run(seed), |total, report| total.plus(report));
    if let Some((seed, failure)) = outcome.failure {
        return Some(format!("simulation, seed {seed}: {failure}"));
    }
    let effort = Effort { drawn: 4, one_in: 1 };
    for kind in [Kind::Signature, Kind::Certificate] {
        let mut script = Script::new(Work { kind, from: 253 });
        script.subject.sabotage = Some(step);
        let broken = crash_points(&script, effort).err().or_else(|| failure_points(&script, effort).err());
        if let Some(broken) = broken {
            return Some(format!("every write fails, {broken}"));
        }
    }
    None
}
