//! `sealwax demo`, built: from nothing to a verified signature.

use std::process::Command;

use serde_json::Value;

use super::Bench;
use crate::Outcome;
use crate::bench::median;
use crate::process::output;

const TURNS: u32 = 15;

/// The bar, seconds.
const MOST_S: f64 = 3.0;

pub(super) fn measure(bench: &mut Bench) -> Outcome {
    let (mut verified, mut all) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let started = std::time::Instant::now();
        let said: Value =
            serde_json::from_str(&output(Command::new(&bench.sealwax).args(["demo", "--json"]))?)?;
        all.push(started.elapsed().as_secs_f64());
        verified.push(said["milliseconds_to_verified"].as_f64().unwrap_or(f64::NAN) / 1000.0);
    }
    let most = verified.iter().copied().fold(0.0, f64::max);
    let (verified, all) = (median(verified), median(all));
    println!("| `sealwax demo`, {TURNS} times | median | most |\n|---|---:|---:|");
    println!("| to the verified signature | {verified:.2} s | {most:.2} s |");
    println!("| to its end, everything removed | {all:.2} s | |");
    bench.bar("demo, to the verified signature", "3 s", format!("{verified:.2} s"), verified <= MOST_S);
    Ok(())
}
