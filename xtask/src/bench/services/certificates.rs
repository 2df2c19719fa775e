//! Certificates: ours, logged durably in the same process, beside Fulcio without any log, and beside Fulcio with TesseraCT.

use std::path::Path;

use super::instance::Instance;
use super::peers::Installed;
use super::{Bench, Curve, Limit, pace};
use crate::bench::load::Ran;
use crate::bench::log::sides::Tesseract;
use crate::running::{Server, tesseract};
use crate::{Failure, Outcome};

/// A write of a small batch.
const SMALL_BATCH: usize = 4 << 10;

/// More than the fastest could issue.
const MOST_PER_SECOND: f64 = 6_500.0;

/// Certificates over one connection, of ours and of Fulcio without a log.
const ALONE: u64 = 1000;

/// Certificates under `strace`.
const TRACED: u64 = 400;

/// Connections at which a server with quick answers has always something to do, and one whose answers take a second.
const CONNECTIONS: usize = 64;
const MANY_CONNECTIONS: usize = 512;

/// A setting of TesseraCT, certificates over one connection, and whether Fulcio is driven to saturation with it.
const LOGS: [(Tesseract, u64, bool); 3] =
    [(Tesseract::Defaults, 5, false), (Tesseract::Unpublished, 100, true), (Tesseract::Wide, 20, true)];

pub(super) fn measure(bench: &mut Bench) -> Outcome {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of requests")]
    let requests =
        bench.requests_for_certificates(2 * ALONE + TRACED + (bench.seconds * MOST_PER_SECOND) as u64)?;
    for curve in Curve::ALL {
        let flush_ms = bench.load.flush_ms(SMALL_BATCH, 2000)?;
        println!("A write and a flush of {SMALL_BATCH} B, preallocated, p50: {flush_ms:.3} ms\n");
        println!(
            "| Certificates, {curve} authority | p50, one connection | certificates/s | CPU per certificate | per second and core | \
             memory, peak | flushes each, alone | verified |\n|---|---:|---:|---:|---:|---:|---:|---:|",
            curve = curve.name(),
        );
        let instance = bench.instance(curve)?;
        let ours = ours(bench, &instance, &requests)?;
        let Some(peers) = &bench.programs.peers else { continue };
        let bare = fulcio(bench, peers, &instance, &requests)?;
        let mut logged = Vec::new();
        if let Some(program) = &bench.programs.tesseract {
            for (setting, alone, saturates) in LOGS {
                let alone = if curve == Curve::P256 { alone } else { alone.min(20) };
                let many = if saturates { Some(MANY_CONNECTIONS) } else { None };
                let (root, name) = (instance.root("ca-1")?, format!("fulcio, TesseraCT {}", setting.name()));
                let log =
                    Server::start(tesseract::recipe(program, &bench.directory, &root, setting.flags())?)?;
                let server = Server::start(peers.fulcio(&instance, Some(&log))?)?;
                logged.extend(drive(bench, &name, (&server, &[&log]), &instance, &requests, (alone, many))?);
                server.stop()?;
                log.stop()?;
            }
        }
        println!();
        judge(bench, curve, &ours, &bare, &logged, flush_ms);
    }
    Ok(())
}

/// One connection, and many.
struct Figures {
    alone: Ran,
    full: Ran,
}

fn ours(bench: &Bench, instance: &Instance, requests: &Path) -> Result<Figures, Failure> {
    let program = &bench.programs.sealwax;
    let server = Server::start(instance.recipe(program))?;
    server.rests()?;
    let (key, chain) = (instance.certificate_log_key()?, instance.chain("ca-1"));
    let verify = ["certify", &chain.to_string_lossy(), &key.to_string_lossy()];
    let run = |from, connections, limit| {
        bench.load.run_of(&server, &[], requests, pace(connections, from, limit), &verify)
    };
    let alone = run(0, 1, Limit::Count(ALONE))?;
    let full = run(ALONE, CONNECTIONS, Limit::Seconds(bench.seconds))?;
    server.stop()?;

    let traced = Server::start_traced(instance.recipe(program), false)?;
    let counted = pace(1, ALONE + full.sent, Limit::Count(TRACED));
    bench.load.run_of(&traced, &[], requests, counted, &verify)?;
    let flushes = traced.stop()?.map_or(0, |counts| counts.flushes);
    #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
    let each = format!("{:.2}", flushes as f64 / TRACED as f64);
    row("sealwax, logged in process", &alone, Some(&full), &each);
    Ok(Figures { alone, full })
}

fn fulcio(
    bench: &Bench,
    peers: &Installed,
    instance: &Instance,
    requests: &Path,
) -> Result<Figures, Failure> {
    let server = Server::start(peers.fulcio(instance, None)?)?;
    let (how, name) = ((ALONE, Some(CONNECTIONS)), "fulcio, no log");
    let figures = drive(bench, name, (&server, &[]), instance, requests, how)?;
    server.stop()?;
    figures.ok_or_else(|| "Fulcio was not driven".into())
}

/// Fulcio over one connection, and over many if that is wanted.
fn drive(
    bench: &Bench,
    name: &str,
    (server, behind): (&Server, &[&Server]),
    instance: &Instance,
    requests: &Path,
    (alone, many): (u64, Option<usize>),
) -> Result<Option<Figures>, Failure> {
    server.rests()?;
    let chain = instance.chain("ca-1").to_string_lossy().into_owned();
    let key = behind.first().and_then(|log| log.key.split_once('=')).map(|(_, key)| key);
    let verify: Vec<&str> = ["certify", &chain].into_iter().chain(key).collect();
    let run = |from, connections, limit| {
        bench.load.run_of(server, behind, requests, pace(connections, from, limit), &verify)
    };
    let one = run(0, 1, Limit::Count(alone))?;
    let full = many.map(|connections| run(alone, connections, Limit::Seconds(bench.seconds))).transpose()?;
    row(name, &one, full.as_ref(), "");
    Ok(full.map(|full| Figures { alone: one, full }))
}

fn row(name: &str, alone: &Ran, full: Option<&Ran>, flushes: &str) {
    let verified = alone.verified + full.map_or(0, |full| full.verified);
    let full = full.map_or_else(
        || " | | | ".to_owned(),
        |full| {
            format!(
                "{:.0} | {:.0} µs | {:.0} | {:.0} MiB",
                full.per_second,
                full.cpu_us,
                1e6 / full.cpu_us,
                full.peak_mib
            )
        },
    );
    println!("| {name} | {:.2} ms | {full} | {flushes} | {verified} |", alone.p50_ms);
}

fn judge(bench: &mut Bench, curve: Curve, ours: &Figures, bare: &Figures, logged: &[Figures], flush_ms: f64) {
    let work = |what: &str| format!("certificates, {}, {what}", curve.name());
    let ratio = bare.full.cpu_us / ours.full.cpu_us;
    bench.bar(
        &work("per second and core"),
        "2 × Fulcio without any log",
        format!("{ratio:.2} × ({:.0} and {:.0} µs)", ours.full.cpu_us, bare.full.cpu_us),
        ratio >= 2.0,
    );
    if let Some(best) = logged.iter().min_by(|one, other| one.full.cpu_us.total_cmp(&other.full.cpu_us)) {
        let ratio = best.full.cpu_us / ours.full.cpu_us;
        let most = logged.iter().map(|figures| figures.full.per_second).fold(0.0, f64::max);
        let found = format!(
            "{ratio:.1} × ({:.0} and {:.0} µs); {:.1} × the rate on all cores ({:.0} and {most:.0} /s)",
            ours.full.cpu_us,
            best.full.cpu_us,
            ours.full.per_second / most,
            ours.full.per_second,
        );
        bench.bar(
            &work("per second and core"),
            "10 × Fulcio with TesseraCT at its best",
            found,
            ratio >= 10.0,
        );
    }
    let found = format!("{:.2} ms, a flush {flush_ms:.2} ms", ours.alone.p50_ms);
    bench.bar(&work("p50, one connection"), "a flush + 2 ms", found, ours.alone.p50_ms <= flush_ms + 2.0);
}
