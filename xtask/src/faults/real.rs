//! `cargo xtask faults real`: what happens to a log in earnest, done to the real binary on a real directory.

mod client;
mod descriptors;
mod kills;
mod log;
mod refusals;
mod running;
mod starved;

use std::path::PathBuf;

use crate::{Outcome, process};
use log::Log;

/// As many kills are asked for at least.
const KILLS: u64 = 200;

/// All parts; `--kills` says how often the first one kills.
pub(super) fn run(arguments: &[String]) -> Outcome {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let kills = match words.as_slice() {
        [] => KILLS,
        ["--kills", number] => number.parse()?,
        _ => return Err("usage: cargo xtask faults real [--kills N]".into()),
    };
    let mut build = process::cargo();
    build.args(["build", "--quiet", "--locked", "--package", "sealwax", "--bin", "sealwax"]);
    let program = process::executable(build, "sealwax")?;
    let fresh = |name: &str| Log::create(&program, directory(name));
    println!("killed: {}", kills::run(&fresh("killed")?, kills)?);
    println!("two processes: {}", refusals::two_processes(&fresh("two")?)?);
    println!("copied: {}", refusals::copied(&fresh("original")?, &directory("copy"))?);
    println!("read-only: {}", refusals::read_only(&fresh("read-only")?)?);
    println!("clock: {}", starved::clock(&fresh("clock")?)?);
    println!("descriptors: {}", descriptors::run(&fresh("descriptors")?)?);
    println!("full disk: {}", starved::full_disk(&program, &directory("full"))?);
    Ok(())
}

/// Where a part works; not in `/tmp`, which may be no disk.
fn directory(name: &str) -> PathBuf {
    process::target().join("faults-real").join(name)
}
