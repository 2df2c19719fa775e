//! `cargo xtask simulate` and `cargo xtask faults`: the machinery of `crates/faults`, run from here by name.

mod real;

use crate::{Outcome, process};

/// Seeded schedules of several replicas over one bucket.
pub(crate) fn simulate(arguments: &[String]) -> Outcome {
    run(&[], "simulate", arguments)
}

/// Every write fails; or (`real`) the real binary is killed and starved; or (`sabotage`) the tests of the tests.
pub(crate) fn faults(arguments: &[String]) -> Outcome {
    match arguments.split_first() {
        Some((word, rest)) if word == "sabotage" => run(&["--features", "sabotage"], "sabotage", rest),
        Some((word, rest)) if word == "real" => real::run(rest),
        _ => run(&[], "crash", arguments),
    }
}

fn run(features: &[&str], command: &str, arguments: &[String]) -> Outcome {
    let mut cargo = process::cargo();
    cargo.args(["run", "--quiet", "--locked", "--package", "sealwax-faults"]).args(features);
    process::run(cargo.args(["--", command]).args(arguments))
}
