//! The machinery is tested before it tests anything: small protocols with one known mistake each. Every mistake is found,
//! and nothing is found in the protocol without one.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "tests")]

mod toys {
    pub(crate) mod bucket_log;
    pub(crate) mod file_log;
}

use sealwax_faults::simulate::{Failure, Start, run};
use toys::{
    bucket_log::{Mistake, Toy},
    file_log,
};

static SEEDS: std::ops::Range<u64> = 0..300;

#[test]
fn a_right_protocol_passes_and_meets_everything() {
    let toy = Toy::new(None);
    let mut total = sealwax_faults::simulate::Report::default();
    for seed in SEEDS.clone() {
        match run(seed, &toy, &Start::default()) {
            Ok(report) => total = total.plus(&report),
            Err(failure) => panic!("seed {seed}: {failure}"),
        }
    }
    println!("{total:?}");
    assert_eq!(total.unmet(), [""; 0], "{total:?}");
}

#[test]
fn a_seed_replays() {
    let toy = Toy::new(None);
    for seed in SEEDS.clone().take(20) {
        assert_eq!(run(seed, &toy, &Start::default()), run(seed, &toy, &Start::default()));
    }
}

#[test]
fn every_mistake_over_the_bucket_is_found() {
    for mistake in Mistake::ALL {
        let toy = Toy::new(Some(mistake));
        let found: Option<(u64, Failure)> =
            SEEDS.clone().find_map(|seed| Some((seed, run(seed, &toy, &Start::default()).err()?)));
        match found {
            Some((seed, failure)) => println!("{mistake:?}: seed {seed}: {failure}"),
            None => panic!("{mistake:?} was not found in {SEEDS:?}"),
        }
    }
}

#[test]
fn every_mistake_over_the_disk_is_found() {
    assert_eq!(file_log::first_loss(None), None);
    for mistake in file_log::Mistake::ALL {
        let loss = file_log::first_loss(Some(mistake));
        println!("{mistake:?}: {loss:?}");
        assert!(loss.is_some(), "{mistake:?} was not found");
    }
}
