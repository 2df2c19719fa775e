//! Bytes handed to write(2), and flushes, at one entry per second with certificates: both sides at the same time, since
//! neither has anything to do.

use std::path::Path;

use super::latency::precise;
use super::saturation::OURS;
use super::sides::{Rekor, Side};
use super::{Bench, Failure, Limit, Pace, Server, trace};
use crate::Outcome;

const THEIRS: Side = Side::RekorTiles(Rekor::Defaults);

/// Four minutes; a partial tile grows from 1 to 256 hashes in so many. The bar is about 1,000.
const ENTRIES: u64 = 256;

pub(super) fn measure(bench: &mut Bench) -> Outcome {
    let entries = bench.entries.unwrap_or(ENTRIES);
    let requests = bench.load.requests("certificates", entries)?;
    let (ours, theirs) = std::thread::scope(|scope| {
        let ours =
            scope.spawn(|| trickle(bench, OURS, &requests, entries).map_err(|error| error.to_string()));
        let theirs = trickle(bench, THEIRS, &requests, entries);
        (ours.join().unwrap_or_else(|_| Err("a panic".into())), theirs)
    });
    let (ours, theirs) = (ours?, theirs?);
    println!(
        "| {entries} entries with certificates, one per second | bytes written per entry | writes per entry | flushes per entry |\n\
         |---|---:|---:|---:|"
    );
    let per_entry = |count: u64| precise(count) / precise(entries);
    for (side, counts) in [(OURS, &ours), (THEIRS, &theirs)] {
        if let Some(counts) = counts {
            println!(
                "| {} | {:.0} | {:.1} | {:.1} |",
                side.name(),
                per_entry(counts.bytes),
                per_entry(counts.writes),
                per_entry(counts.flushes),
            );
        }
    }
    if let (Some(ours), Some(theirs)) = (ours, theirs) {
        let ratio = per_entry(theirs.bytes) / per_entry(ours.bytes);
        bench.bar(
            "bytes written per entry at one per second",
            "12 × less than rekor-tiles",
            format!("{ratio:.1} ×"),
            ratio >= 12.0 && ours.flushes > 0,
        );
    }
    Ok(())
}

fn trickle(
    bench: &Bench,
    side: Side,
    requests: &Path,
    entries: u64,
) -> Result<Option<trace::Counts>, Failure> {
    if !bench.sides.has(side) {
        return Ok(None);
    }
    let server = Server::start_traced(bench.sides.recipe(side, requests)?, true)?;
    // With defaults rekor-tiles answers after eleven seconds: connections for all that wait, and none that is idle for as
    // long as a server would keep it.
    let pace = Pace { connections: 16, from: 0, limit: Limit::Count(entries), per_second: Some(1.0) };
    let ran = bench.load.run(&server, requests, pace)?;
    if ran.answered < precise(entries) {
        return Err(format!("{}: only {} of {entries} entries were taken", side.name(), ran.answered).into());
    }
    bench.stop(side, server)
}
