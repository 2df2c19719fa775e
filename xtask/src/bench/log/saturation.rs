//! As many entries as are taken, and then 80 % of that at a steady pace.

use super::sides::{Rekor, Side};
use super::{Bench, Failure, Limit, Pace, Ran};
use crate::Outcome;
use crate::bench::median;
use crate::running::Kind;

pub(super) const OURS: Side = Side::Sealwax(Kind::Signature);
pub(super) const THEIRS: Side = Side::RekorTiles(Rekor::Wide);

/// Everybody has so many turns.
const TURNS: usize = 2;

/// Seconds before anything counts.
const WARM_UP: f64 = 2.0;

/// More than the fastest could take: requests are prepared for it.
const MOST_PER_SECOND: f64 = 24_000.0;

/// What a side did in its turns.
#[derive(Default)]
struct Figures {
    per_second: Vec<f64>,
    p50_ms: Vec<f64>,
    cpu_us: Vec<f64>,
    peak_mib: Vec<f64>,
    steady_p50_ms: Vec<f64>,
    steady_p99_ms: Vec<f64>,
    verified: u64,
}

/// Connections at which a side takes the most: one whose answers take a second needs thousands.
pub(super) fn connections(side: Side) -> usize {
    match side {
        Side::Sealwax(_) => 256,
        Side::RekorTiles(_) => 4096,
        Side::Tesseract(_) => 512,
    }
}

pub(super) fn measure(bench: &mut Bench) -> Outcome {
    let seconds = bench.seconds.unwrap_or(10.0);
    let requests = bench.load.requests("keys", requests_for(seconds))?;
    let (mut ours, mut theirs) = (Figures::default(), Figures::default());
    for _ in 0..TURNS {
        turn(bench, OURS, &requests, seconds, &mut ours)?;
        turn(bench, THEIRS, &requests, seconds, &mut theirs)?;
    }
    println!(
        "| {TURNS} turns of {seconds} s, bare keys | entries/s | p50 | CPU per entry | memory, peak | p50 at 80 % | p99 at 80 % | replies verified |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|"
    );
    for (side, figures) in [(OURS, &ours), (THEIRS, &theirs)] {
        row(side, figures);
    }
    judge(bench, ours, theirs);
    Ok(())
}

/// Enough for a turn of the fastest.
fn requests_for(seconds: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of requests")]
    let count = ((WARM_UP + seconds * 1.8) * MOST_PER_SECOND) as u64;
    count
}

fn turn(
    bench: &Bench,
    side: Side,
    requests: &std::path::Path,
    seconds: f64,
    figures: &mut Figures,
) -> Outcome {
    let Some(server) = bench.start(side, requests)? else { return Ok(()) };
    let connections = connections(side);
    let pace =
        |from, seconds, per_second| Pace { connections, from, limit: Limit::Seconds(seconds), per_second };
    let warm = bench.load.run(&server, requests, pace(0, WARM_UP, None))?;
    let full: Ran = bench.load.run(&server, requests, pace(warm.sent, seconds, None))?;
    let rate = full.per_second * 0.8;
    let from = warm.sent + full.sent;
    let steady = bench.load.run(&server, requests, pace(from, seconds, Some(rate)))?;
    bench.stop(side, server)?;
    figures.per_second.push(full.per_second);
    figures.p50_ms.push(full.p50_ms);
    figures.cpu_us.push(full.cpu_us);
    figures.peak_mib.push(steady.peak_mib);
    figures.steady_p50_ms.push(steady.p50_ms);
    figures.steady_p99_ms.push(steady.p99_ms);
    figures.verified += warm.verified + full.verified + steady.verified;
    Ok(())
}

fn row(side: Side, figures: &Figures) {
    if figures.per_second.is_empty() {
        return;
    }
    let of = |values: &Vec<f64>| median(values.clone());
    println!(
        "| {} | {:.0} | {:.1} ms | {:.0} µs | {:.0} MiB | {:.1} ms | {:.1} ms | {} |",
        side.name(),
        of(&figures.per_second),
        of(&figures.p50_ms),
        of(&figures.cpu_us),
        of(&figures.peak_mib),
        of(&figures.steady_p50_ms),
        of(&figures.steady_p99_ms),
        figures.verified,
    );
}

fn judge(bench: &mut Bench, ours: Figures, theirs: Figures) {
    if ours.per_second.is_empty() {
        return;
    }
    let (rate, their_rate) = (median(ours.per_second), median(theirs.per_second));
    let found = format!("{:.1} ×", rate / their_rate);
    bench.bar("saturation", "5 × rekor-tiles at its widest", found, rate >= 5.0 * their_rate);
    bench.bar("saturation", "12,000 entries/s", format!("{rate:.0}/s"), rate >= 12_000.0);
    let peak = median(ours.peak_mib);
    bench.bar("saturation", "128 MiB", format!("{peak:.0} MiB"), peak <= 128.0);
    let p99 = median(ours.steady_p99_ms);
    bench.bar("80 % of it, p99", "50 ms", format!("{p99:.1} ms"), p99 <= 50.0);
    let (cpu, their_cpu) = (median(ours.cpu_us), median(theirs.cpu_us));
    let found = format!("{cpu:.0} µs, {:.2} ×", cpu / bench.bare_us);
    bench.bar("CPU per entry, bare key", "2.4 × the bare verification", found, cpu <= 2.4 * bench.bare_us);
    let found = format!("{:.1} ×", their_cpu / cpu);
    bench.bar("CPU per entry, bare key", "4 × less than rekor-tiles", found, their_cpu >= 4.0 * cpu);
}

/// One run at saturation: entries per second.
pub(super) fn find_rate(bench: &Bench, side: Side, requests: &std::path::Path) -> Result<f64, Failure> {
    let Some(server) = bench.start(side, requests)? else { return Err("nothing to saturate".into()) };
    let pace =
        Pace { connections: connections(side), from: 0, limit: Limit::Seconds(10.0), per_second: None };
    let ran = bench.load.run(&server, requests, pace)?;
    bench.stop(side, server)?;
    Ok(ran.per_second)
}
