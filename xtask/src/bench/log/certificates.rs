//! The certificate log beside TesseraCT: one connection, and saturation.

use super::saturation::connections;
use super::sides::{Side, Tesseract};
use super::{Bench, Limit, Pace};
use crate::Outcome;
use crate::running::Kind;

const OURS: Side = Side::Sealwax(Kind::Certificate);

/// Who adds how many precertificates over one connection, and whether it is driven to saturation too.
const TURNS: [(Side, u64, bool); 5] = [
    (OURS, 2000, true),
    (Side::Tesseract(Tesseract::Defaults), 8, false),
    (Side::Tesseract(Tesseract::Quick), 60, false),
    (Side::Tesseract(Tesseract::Unpublished), 200, false),
    (Side::Tesseract(Tesseract::Wide), 20, true),
];

/// Requests by the curve of the authority: Fulcio's P-384, and P-256, which Go verifies so much faster.
const AUTHORITIES: [(&str, &str); 2] = [("P-384", "chains"), ("P-256", "chains-p256")];

/// More than the fastest could take.
const MOST_PER_SECOND: u32 = 20_000;

pub(super) fn measure(bench: &mut Bench) -> Outcome {
    for (curve, requests) in AUTHORITIES {
        beside_tesseract(bench, curve, requests)?;
        println!();
    }
    Ok(())
}

fn beside_tesseract(bench: &mut Bench, curve: &str, kind: &str) -> Outcome {
    let seconds = bench.seconds.unwrap_or(10.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of requests")]
    let requests = bench.load.requests(kind, 2000 + (seconds * f64::from(MOST_PER_SECOND)) as u64)?;
    println!(
        "| Precertificates, {curve} authority | p50, one connection | entries/s | CPU per entry | memory, peak | replies verified |\n\
         |---|---:|---:|---:|---:|---:|"
    );
    let (mut ours, mut their_cpu) = (None, f64::INFINITY);
    for (side, count, saturates) in TURNS {
        // One connection is not about curves.
        if kind != AUTHORITIES[0].1 && !saturates {
            continue;
        }
        let Some(server) = bench.start(side, &requests)? else { continue };
        let pace = Pace { connections: 1, from: 0, limit: Limit::Count(count), per_second: None };
        let alone = bench.load.run(&server, &requests, pace)?;
        let many = Pace {
            connections: connections(side),
            from: count,
            limit: Limit::Seconds(seconds),
            per_second: None,
        };
        let full = if saturates { Some(bench.load.run(&server, &requests, many)?) } else { None };
        let name = server.name.clone();
        bench.stop(side, server)?;
        let verified = alone.verified + full.as_ref().map_or(0, |full| full.verified);
        let at_saturation = full.as_ref().map_or_else(
            || " | | ".to_owned(),
            |full| format!("{:.0} | {:.0} µs | {:.0} MiB", full.per_second, full.cpu_us, full.peak_mib),
        );
        println!("| {name} | {:.2} ms | {at_saturation} | {verified} |", alone.p50_ms);
        match (side, full) {
            (OURS, Some(full)) => ours = Some((alone.p50_ms, full.cpu_us)),
            (_, Some(full)) => their_cpu = their_cpu.min(full.cpu_us),
            _ => {}
        }
    }
    if let Some((p50, cpu)) = ours {
        let found = format!("{p50:.2} ms, a flush {:.2} ms", bench.flush_ms);
        bench.bar(
            &format!("certificate log, {curve}, p50"),
            "a flush + 1 ms",
            found,
            p50 <= bench.flush_ms + 1.0,
        );
        if their_cpu.is_finite() {
            let found = format!("{:.1} ×", their_cpu / cpu);
            bench.bar(
                &format!("certificate log, {curve}, CPU per entry"),
                "3.5 × less than TesseraCT",
                found,
                their_cpu >= 3.5 * cpu,
            );
        }
    }
    Ok(())
}
