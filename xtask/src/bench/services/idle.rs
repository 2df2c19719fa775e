//! Memory of everything that a Sigstore needs, after one signature went through all of it, half a minute after the start.

use std::path::Path;
use std::time::{Duration, Instant};

use super::{Bench, Curve, Limit, pace, peers};
use crate::bench::load::Load;
use crate::running::{Server, tesseract};
use crate::{Failure, Outcome};

/// How long after the start it is measured.
const AFTER: Duration = Duration::from_secs(30);

/// The bar, MiB.
const MOST_MIB: f64 = 24.0;

/// One request of each kind.
struct Requests {
    certify: std::path::PathBuf,
    stamps: std::path::PathBuf,
    keys: std::path::PathBuf,
}

pub(super) fn measure(bench: &mut Bench) -> Outcome {
    let requests = Requests {
        certify: bench.requests_for_certificates(2)?,
        stamps: bench.load.fresh("stamps", 2, &[])?,
        keys: bench.load.fresh("keys", 2, &[])?,
    };
    let instance = bench.instance(Curve::P256)?;
    let started = Instant::now();
    let ours = Server::start(instance.recipe(&bench.programs.sealwax))?;
    for file in [&requests.certify, &requests.keys, &requests.stamps] {
        one(&bench.load, &ours, file)?;
    }
    std::thread::sleep(AFTER.saturating_sub(started.elapsed()));
    let memory = ours.memory()?;
    ours.stop()?;
    println!("| {} s after the start | resident | proportional |\n|---|---:|---:|", AFTER.as_secs());
    println!("| sealwax, everything | {:.1} MiB | {:.1} MiB |", memory.resident_mib, memory.proportional_mib);
    let found = format!("{:.1} MiB", memory.resident_mib);
    bench.bar("memory of the whole idle stack", "24 MiB", found, memory.resident_mib <= MOST_MIB);

    let Some(installed) = &bench.programs.peers else { return Ok(()) };
    let started = Instant::now();
    let log = match &bench.programs.tesseract {
        Some(program) => {
            Some(Server::start(tesseract::recipe(program, &bench.directory, &instance.root("ca-1")?, &[])?)?)
        }
        None => None,
    };
    let fulcio = Server::start(installed.fulcio(&instance, log.as_ref())?)?;
    let authority = Server::start(installed.timestamp_authority(&instance, peers::Tsa::Defaults)?)?;
    let rekor = Server::start(installed.rekor_tiles(&instance)?)?;
    let dex = match &bench.programs.dex {
        Some(program) => Some(Server::start(peers::dex(program, &instance)?)?),
        None => None,
    };
    one(&bench.load, &fulcio, &requests.certify)?;
    one(&bench.load, &authority, &requests.stamps)?;
    one(&bench.load, &rekor, &requests.keys)?;
    std::thread::sleep(AFTER.saturating_sub(started.elapsed()));
    let (mut resident, mut proportional) = (0.0, 0.0);
    for server in [Some(fulcio), log, Some(rekor), Some(authority), dex].into_iter().flatten() {
        let memory = server.memory()?;
        println!("| {} | {:.1} MiB | {:.1} MiB |", server.name, memory.resident_mib, memory.proportional_mib);
        resident += memory.resident_mib;
        proportional += memory.proportional_mib;
        server.stop()?;
    }
    println!("| theirs together | {resident:.1} MiB | {proportional:.1} MiB |");
    Ok(())
}

fn one(load: &Load, server: &Server, requests: &Path) -> Result<(), Failure> {
    load.send(server, requests, pace(1, 0, Limit::Count(1))).map(drop)
}
