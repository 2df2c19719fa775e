//! Every input that ever failed, and every seed, through every target: a fuzz run without a fuzzer.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "tests")]

use std::path::{Path, PathBuf};

use sealwax_fuzz_targets::{TARGETS, seeds, target};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn found_inputs_no_longer_fail() {
    let regressions = repository().join("fuzz/regressions");
    let mut count = 0;
    for directory in std::fs::read_dir(&regressions).unwrap() {
        let directory = directory.unwrap().path();
        if !directory.is_dir() {
            continue;
        }
        let name = directory.file_name().unwrap().to_str().unwrap();
        let target = target(name).unwrap_or_else(|| panic!("fuzz/regressions/{name} belongs to no target"));
        for input in std::fs::read_dir(&directory).unwrap() {
            let path = input.unwrap().path();
            println!("{}", path.display());
            (target.run)(&std::fs::read(path).unwrap());
            count += 1;
        }
    }
    println!("{count} regressions replayed");
}

/// Every target takes what is meant for the others too, truncated and with a bit flipped: cheap, and it keeps the targets
/// themselves from rotting.
#[test]
fn no_target_fails_on_a_seed() {
    let root = repository();
    let shared = root.join("../shared");
    let paths = [root.join("crates"), root.join("examples"), shared.clone()];
    let seeds = seeds::harvest(&paths.each_ref().map(PathBuf::as_path));
    assert!(!seeds.is_empty());
    for target in TARGETS {
        let mut liked = 0;
        let own = (target.seeds)();
        for seed in own.iter().chain(seeds.iter().filter(|seed| (target.likes)(seed))) {
            (target.run)(seed);
            (target.run)(&seed[..seed.len() / 2]);
            let mut flipped = seed.clone();
            if let Some(byte) = flipped.get_mut(seed.len() / 3) {
                *byte ^= 4;
            }
            (target.run)(&flipped);
            liked += 1;
        }
        println!("{}: {liked} seeds", target.name);
        assert!(liked > 0 || !shared.exists(), "{} starts from nothing", target.name);
    }
}

#[test]
fn targets_have_distinct_names() {
    let mut names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), TARGETS.len());
}
