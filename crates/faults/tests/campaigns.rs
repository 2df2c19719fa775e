//! A small part of what `cargo xtask simulate` and `cargo xtask faults` do, for every `cargo test`.
#![allow(clippy::unwrap_used, reason = "tests")]

use sealwax_faults::{
    campaign::campaign,
    crash::{Effort, Script, Work, crash_points, failure_points},
    engine::Seeds,
};
use sealwax_log::engine::Kind;

#[test]
fn schedules_of_several_replicas() {
    let seeds = Seeds::new();
    let outcome = campaign(0..400, |seed| seeds.run(seed), |total, report| total.plus(report));
    if let Some((seed, failure)) = outcome.failure {
        panic!("seed {seed}: {failure}\nreplay it: cargo xtask simulate --seed {seed}");
    }
    assert_eq!(outcome.runs, 400);
    assert_eq!(outcome.total.unmet_by_the_engine(), [""; 0], "{:?}", outcome.total);
}

/// Schedules that failed once: 9 and 16 over the bucket, 989 on a directory.
#[test]
fn schedules_that_failed_once() {
    let seeds = Seeds::new();
    for seed in [9, 16, 989] {
        seeds.run(seed).unwrap();
    }
}

#[test]
fn a_schedule_replays() {
    let seeds = Seeds::new();
    for seed in 0..20 {
        assert_eq!(seeds.run(seed), seeds.run(seed));
    }
}

#[test]
fn writes_fail() {
    for kind in [Kind::Signature, Kind::Certificate] {
        for from in [0, 253] {
            let script = Script::new(Work { kind, from });
            let effort = Effort { drawn: 1, one_in: 7 };
            let tried =
                crash_points(&script, effort).unwrap().plus(&failure_points(&script, effort).unwrap());
            assert!(tried.crashes > 100 && tried.failures > 500, "{tried:?}");
        }
    }
}
