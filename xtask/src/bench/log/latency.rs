//! One entry after the other over one connection.

use super::sides::{Rekor, Side};
use super::{Bench, Failure, Limit, Pace, Ran, Server};
use crate::Outcome;
use crate::running::Kind;

const OURS: Side = Side::Sealwax(Kind::Signature);

/// Who adds how many entries. The defaults of rekor-tiles take eleven seconds for each.
const TURNS: [(Side, u64); 4] = [
    (OURS, 3000),
    (Side::RekorTiles(Rekor::Defaults), 4),
    (Side::RekorTiles(Rekor::Compose), 6),
    (Side::RekorTiles(Rekor::Quick), 15),
];

/// Where a flush takes no longer, the ratios of the bar are demanded too.
const QUICK_FLUSH_MS: f64 = 0.4;

pub(super) fn measure(bench: &mut Bench) -> Outcome {
    let requests = bench.load.requests("keys", 10_000)?;
    println!(
        "| One connection | entries | p50 | p99 | times ours | flushes per entry |\n|---|---:|---:|---:|---:|---:|"
    );
    let mut p50 = Vec::new();
    for (side, count) in TURNS {
        let Some(server) = bench.start(side, &requests)? else { continue };
        let name = server.name.clone();
        let pace = Pace { connections: 1, from: 0, limit: Limit::Count(count), per_second: None };
        let ran = bench.load.run(&server, &requests, pace)?;
        bench.stop(side, server)?;
        let flushes = flushes_per_entry(bench, side, count.min(200))?;
        p50.push((side, ran.p50_ms));
        let times = p50.first().filter(|(first, _)| *first == OURS).map(|(_, ours)| ran.p50_ms / ours);
        println!(
            "| {name} | {} | {:.2} ms | {:.2} ms | {} | {flushes:.1} |",
            ran.answered,
            ran.p50_ms,
            ran.p99_ms,
            times.map_or_else(String::new, |times| format!("{times:.0}")),
        );
    }
    judge(bench, &p50);
    Ok(())
}

/// Counted in a run of its own, since counting costs time.
fn flushes_per_entry(bench: &Bench, side: Side, count: u64) -> Result<f64, Failure> {
    let requests = bench.load.requests("keys", 10_000)?;
    let server = Server::start_traced(bench.sides.recipe(side, &requests)?, false)?;
    let pace = Pace { connections: 1, from: 0, limit: Limit::Count(count), per_second: None };
    let ran: Ran = bench.load.run(&server, &requests, pace)?;
    let counts = bench.stop(side, server)?.unwrap_or_default();
    if counts.flushes == 0 {
        return Err(format!("{side:?} answered without a flush").into());
    }
    Ok(precise(counts.flushes) / ran.answered)
}

/// A count as a number to divide.
pub(super) fn precise(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

fn judge(bench: &mut Bench, p50: &[(Side, f64)]) {
    let of = |side| p50.iter().find(|(other, _)| *other == side).map(|(_, ms)| *ms);
    let Some(ours) = of(OURS) else { return };
    let limit = bench.flush_ms + 0.5;
    let found = format!("{ours:.2} ms, a flush {:.2} ms", bench.flush_ms);
    bench.bar("one entry, p50", "a flush + 0.5 ms", found, ours <= limit);
    let ratios = [(Rekor::Defaults, "with defaults", 10_000.0), (Rekor::Quick, "at its quickest", 1_000.0)];
    for (setting, name, times) in ratios {
        let Some(theirs) = of(Side::RekorTiles(setting)) else { continue };
        let bar =
            format!("{times} × lower than rekor-tiles {name}, where a flush takes ≤ {QUICK_FLUSH_MS} ms");
        let is_met = theirs / ours >= times || bench.flush_ms > QUICK_FLUSH_MS;
        bench.bar("one entry, p50", &bar, format!("{:.0} ×", theirs / ours), is_met);
    }
}
