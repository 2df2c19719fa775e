//! Timestamps: processor time of each, beside timestamp-authority as it comes and at its best.

use super::peers::Tsa;
use super::{Bench, Curve, Limit, pace};
use crate::bench::load::Ran;
use crate::running::Server;
use crate::{Failure, Outcome};

/// Stamps for each second of `--seconds`: what takes the slowest about so long. The quickest are done sooner.
const PER_SECOND: f64 = 6_000.0;

/// Stamps before anything counts.
const WARM_UP: u64 = 500;

const CONNECTIONS: usize = 16;

pub(super) fn measure(bench: &mut Bench) -> Outcome {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of requests")]
    let count = (bench.seconds * PER_SECOND) as u64;
    let requests = bench.load.fresh("stamps", WARM_UP + count, &[])?;
    for curve in Curve::ALL {
        println!(
            "| Timestamps, {} | CPU each | stamps/s | p50 | memory, peak | verified |\n|---|---:|---:|---:|---:|---:|",
            curve.name()
        );
        let instance = bench.instance(curve)?;
        // Its first start makes the certificates that all of them have.
        let server = Server::start(instance.recipe(&bench.programs.sealwax))?;
        let chain = instance.chain("tsa-1").to_string_lossy().into_owned();
        let drive = |server: &Server| -> Result<Ran, Failure> {
            let run = |from, limit| {
                let pace = pace(CONNECTIONS, from, limit);
                bench.load.run_of(server, &[], &requests, pace, &["stamps", &chain])
            };
            server.rests()?;
            run(0, Limit::Count(WARM_UP))?;
            run(WARM_UP, Limit::Count(count))
        };
        let ours = drive(&server)?;
        row("sealwax", &ours);
        server.stop()?;
        let mut theirs = Vec::new();
        if let Some(peers) = &bench.programs.peers {
            for setting in Tsa::ALL {
                let server = Server::start(peers.timestamp_authority(&instance, setting)?)?;
                let ran = drive(&server)?;
                row(&server.name, &ran);
                server.stop()?;
                theirs.push(ran.cpu_us);
            }
        }
        println!();
        judge(bench, curve, ours.cpu_us, &theirs);
    }
    Ok(())
}

fn row(name: &str, ran: &Ran) {
    println!(
        "| {name} | {:.0} µs | {:.0} | {:.2} ms | {:.0} MiB | {} |",
        ran.cpu_us, ran.per_second, ran.p50_ms, ran.peak_mib, ran.verified
    );
}

fn judge(bench: &mut Bench, curve: Curve, ours: f64, theirs: &[f64]) {
    let Some(defaults) = theirs.first() else { return };
    let work = format!("CPU per timestamp, {}", curve.name());
    for (other, bar, least) in [
        (*defaults, "4 × less than timestamp-authority with defaults", 4.0),
        (crate::bench::least(theirs), "2 × less than timestamp-authority at its best", 2.0),
    ] {
        let found = format!("{:.2} × ({ours:.0} and {other:.0} µs)", other / ours);
        bench.bar(&work, bar, found, other >= least * ours);
    }
}
