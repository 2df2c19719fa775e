//! From nothing to a certificate: the first start of an instance that makes all of its keys.

use std::time::Instant;

use super::instance::Instance;
use super::{Bench, Limit, pace};
use crate::Outcome;
use crate::bench::{least, median};
use crate::running::Server;

/// The bars, seconds.
const READY_S: f64 = 1.0;
const CERTIFICATE_S: f64 = 2.0;

pub(super) fn measure(bench: &mut Bench) -> Outcome {
    let requests = bench.requests_for_certificates(1)?;
    let (mut ready, mut certificate) = (Vec::new(), Vec::new());
    for _ in 0..bench.starts {
        let instance = Instance::unmade(&bench.directory, &bench.issuer.url)?;
        let started = Instant::now();
        let server = Server::start(instance.recipe(&bench.programs.sealwax))?;
        ready.push(started.elapsed().as_secs_f64());
        bench.load.send(&server, &requests, pace(1, 0, Limit::Count(1)))?;
        certificate.push(started.elapsed().as_secs_f64());
        server.stop()?;
    }
    let most = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
    println!("| First start, {} times | least | median | most |\n|---|---:|---:|---:|", bench.starts);
    for (what, values) in [("ready", &ready), ("first certificate", &certificate)] {
        println!(
            "| {what} | {:.2} s | {:.2} s | {:.2} s |",
            least(values),
            median(values.clone()),
            most(values)
        );
    }
    let work = format!("first start, median of {}", bench.starts);
    for (what, values, bar) in [("ready", ready, READY_S), ("first certificate", certificate, CERTIFICATE_S)]
    {
        let found = median(values);
        bench.bar(&format!("{work}, {what}"), &format!("{bar} s"), format!("{found:.2} s"), found <= bar);
    }
    Ok(())
}
