//! `cargo xtask simulate` and `cargo xtask faults`.
#![allow(clippy::print_stdout, reason = "it talks to the person who runs it")]

use sealwax_faults::{
    campaign::campaign,
    crash::{Tried, Work, every_write_fails},
    engine::Seeds,
    simulate::Report,
};
use std::{process::ExitCode, time::Instant};

const USAGE: &str = "usage: sealwax-faults simulate [--seed N | --seeds N [--from N]]
       sealwax-faults crash [--more N]";

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
    match total.unmet().as_slice() {
        [] => ExitCode::SUCCESS,
        unmet => {
            println!("never met: {}", unmet.join(", "));
            ExitCode::FAILURE
        }
    }
}
