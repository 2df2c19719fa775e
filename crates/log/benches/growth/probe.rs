//! What an entry, a lone entry, a proof and a duplicate cost at the size that a log has.

use std::time::Instant;

use sealwax_log::Submission;
use sealwax_tlog::merkle::build::Plan;
use sealwax_tlog::{LeafIndex, TreeSize};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::running::{Running, processor_time};

/// Bytes of a hashedrekord with a bare key, and so of an entry here.
const ENTRY_BYTES: usize = 560;

/// Submissions that wait at once.
const AT_ONCE: u64 = 4096;

/// Entries in a measured flood, of which the quickest of a few counts.
const FLOOD: u64 = 50_000;
const FLOODS: usize = 3;

/// Lone entries, proofs, duplicates.
const SINGLES: u64 = 2000;

/// Adds so many new entries as fast as it goes; microseconds for each.
pub(crate) fn add(running: &Running, count: u64) -> f64 {
    let first = running.size();
    let start = Instant::now();
    running.runtime.block_on(async {
        let mut waiting = JoinSet::new();
        for number in first..first + count {
            if waiting.len() as u64 == AT_ONCE {
                waiting.join_next().await;
            }
            let log = running.log.clone();
            waiting.spawn(async move { log.add(entry(number)).await.unwrap() });
        }
        while waiting.join_next().await.is_some() {}
    });
    start.elapsed().as_secs_f64() * 1e6 / count.max(1) as f64
}

/// Adds entries to a log that rests: microseconds for each by the clock, and of all processors until it rests again, with
/// the tiles and the index that are made meanwhile.
fn flood(running: &Running) -> (f64, f64) {
    running.rest();
    let before = processor_time();
    let us = add(running, FLOOD);
    running.rest();
    (us, (processor_time() - before).as_secs_f64() * 1e6 / FLOOD as f64)
}

/// All of it. A log of made-up hashes has no entries to compare a duplicate with.
pub(crate) fn probe(running: &Running, has_entries: bool) -> Value {
    let size = running.size();
    let floods: Vec<(f64, f64)> = (0..FLOODS).map(|_| flood(running)).collect();
    let least = |of: fn(&(f64, f64)) -> f64| floods.iter().map(of).fold(f64::INFINITY, f64::min);
    let lone_us = median((0..SINGLES).map(|_| {
        let submission = entry(running.size());
        timed(|| running.runtime.block_on(running.log.add(submission)).unwrap().index)
    }));
    let now = TreeSize(running.size());
    let prove = || {
        median((0..SINGLES).map(|number| {
            let plan = Plan::inclusion(LeafIndex(scattered(number, size)), now).unwrap();
            timed(|| running.runtime.block_on(running.log.carry_out(&plan)).unwrap().len())
        }))
    };
    // The first time it is the disk that is measured.
    let proof_us = (prove(), prove()).1;
    let duplicate_us = has_entries.then(|| {
        median((0..SINGLES).map(|number| {
            let submission = entry(scattered(number, size));
            timed(|| assert!(running.runtime.block_on(running.log.add(submission)).unwrap().duplicate))
        }))
    });
    json!({
        "size": size, "flood_us": least(|flood| flood.0), "processor_us": least(|flood| flood.1),
        "lone_us": lone_us, "proof_us": proof_us, "duplicate_us": duplicate_us,
    })
}

/// An entry like no other, of the usual length.
fn entry(number: u64) -> Submission {
    let mut body = sealwax_crypto::sha256(&number.to_le_bytes()).repeat(ENTRY_BYTES / 32 + 1);
    body.truncate(ENTRY_BYTES);
    Submission::signature(body.into())
}

/// Leaves all over a log of this size, in no order.
fn scattered(number: u64, size: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % size
}

fn timed<T>(work: impl FnOnce() -> T) -> f64 {
    let start = Instant::now();
    std::hint::black_box(work());
    start.elapsed().as_secs_f64() * 1e6
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
