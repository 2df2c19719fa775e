//! Ten minutes at 80 % of saturation: whether p99 holds and memory stays flat.

use super::saturation::{OURS, connections, find_rate};
use super::{Bench, Limit, Pace, need_gib};
use crate::Outcome;
use crate::bench::median;

/// Bytes of disk per entry: its request, and in the log the entry, its hash and its traces in index and write-ahead file.
const BYTES_PER_ENTRY: f64 = 2000.0;

pub(super) fn measure(bench: &mut Bench) -> Outcome {
    let seconds = bench.seconds.unwrap_or(600.0);
    let few = bench.load.requests("keys", 300_000)?;
    let rate = find_rate(bench, OURS, &few)? * 0.8;
    need_gib(&bench.directory, rate * seconds * BYTES_PER_ENTRY / f64::from(1 << 30), "the steady run")?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of requests")]
    let requests = bench.load.requests("keys", (rate * seconds * 1.01) as u64)?;
    let Some(server) = bench.start(OURS, &requests)? else { return Ok(()) };
    let pace = Pace {
        connections: connections(OURS),
        from: 0,
        limit: Limit::Seconds(seconds),
        per_second: Some(rate),
    };
    let ran = bench.load.run(&server, &requests, pace)?;
    bench.stop(OURS, server)?;
    println!(
        "| {seconds} s at {rate:.0}/s | entries | p50 | p99 | peak | memory by tenths of the time |\n|---|---:|---:|---:|---:|---|"
    );
    let tenths: Vec<f64> = ran
        .resident_mib
        .chunks(ran.resident_mib.len().div_ceil(10).max(1))
        .map(|tenth| median(tenth.to_vec()))
        .collect();
    let shown: Vec<String> = tenths.iter().map(|mebibytes| format!("{mebibytes:.0}")).collect();
    println!(
        "| sealwax | {} | {:.1} ms | {:.1} ms | {:.0} MiB | {} MiB |",
        ran.answered,
        ran.p50_ms,
        ran.p99_ms,
        ran.peak_mib,
        shown.join(" ")
    );
    bench.bar("steady at 80 %, p99", "50 ms", format!("{:.1} ms", ran.p99_ms), ran.p99_ms <= 50.0);
    bench.bar("steady at 80 %, memory", "128 MiB", format!("{:.0} MiB", ran.peak_mib), ran.peak_mib <= 128.0);
    let (early, late) =
        (tenths.get(1).copied().unwrap_or(f64::NAN), tenths.last().copied().unwrap_or(f64::NAN));
    bench.bar(
        "steady at 80 %, memory",
        "flat: the last tenth within 1.1 × of the second",
        format!("{early:.0} → {late:.0} MiB"),
        late <= early * 1.1,
    );
    Ok(())
}
