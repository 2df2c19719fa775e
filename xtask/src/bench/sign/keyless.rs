//! One file, signed by an identity token, at an added round trip of 30 ms.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use super::{Bench, middle};
use crate::Outcome;
use crate::bench::processes::{Run, once};

/// What a round trip takes besides.
const ROUND_TRIP: Duration = Duration::from_millis(30);

/// How often rekor-tiles looks whether it has published what it is asked to log, at its quickest.
const REKOR_LOOKS: Duration = Duration::from_secs(1);

/// The bars: so many round trips, and so much besides; and how many times cosign's time.
const ROUND_TRIPS: f64 = 5.0;
const BESIDES_S: f64 = 0.020;
const TIMES: f64 = 10.0;

pub(super) fn measure(bench: &mut Bench) -> Outcome {
    let file = bench.directory.join("small");
    fs::write(&file, b"Whoever reads this can check who wrote it.\n")?;
    let ours = |bench: &Bench| with(bench.ours.sign(), &file);
    let theirs = |bench: &Bench| bench.theirs.as_ref().map(|theirs| theirs.sign(&file));
    // Keys of the issuer are fetched once by each authority.
    once(&mut ours(bench))?;
    if let Some(mut cosign) = theirs(bench) {
        once(&mut cosign)?;
    }
    println!(
        "| One file, keyless | time | memory, peak | connections | times ours |\n|---|---:|---:|---:|---:|"
    );
    for round_trip in [Duration::ZERO, ROUND_TRIP] {
        bench.ours.set_round_trip(round_trip);
        let _ = bench.ours.connections();
        if let Some(theirs) = &bench.theirs {
            theirs.set_round_trip(round_trip);
            let _ = theirs.connections();
        }
        let (mut of_ours, mut of_theirs) = (Vec::new(), Vec::new());
        for turn in 0..bench.turns {
            of_ours.push(once(&mut ours(bench))?);
            if let Some(mut cosign) = theirs(bench) {
                // It ends when rekor-tiles looks: the next one begins at any time after that.
                sleep(REKOR_LOOKS * turn / bench.turns);
                of_theirs.push(once(&mut cosign)?);
            }
        }
        let (connections, run) = (bench.ours.connections(), middle(&of_ours));
        row("sealwax", round_trip, run, connections, of_ours.len(), None);
        if let Some(theirs) = &bench.theirs {
            let other = middle(&of_theirs);
            row("cosign", round_trip, other, theirs.connections(), of_theirs.len(), Some(run));
        }
        if round_trip == ROUND_TRIP {
            judge(bench, run, &of_theirs);
        }
    }
    bench.ours.set_round_trip(Duration::ZERO);
    if let Some(theirs) = &bench.theirs {
        theirs.set_round_trip(Duration::ZERO);
    }
    is_verified(bench, &file)
}

fn with(mut command: Command, file: &Path) -> Command {
    command.arg(file);
    command
}

/// What was measured is a signature: it verifies.
fn is_verified(bench: &Bench, file: &Path) -> Outcome {
    let mut verify = bench.ours.command(&["verify", "--trusted-root"]);
    verify.arg(&bench.ours.trusted_root).args(["--identity", "ada@example.com", "--issuer"]);
    verify.arg(&bench.ours.issuer).arg(file);
    once(&mut verify).map(drop)
}

#[expect(clippy::cast_precision_loss, reason = "some connections")]
fn row(name: &str, round_trip: Duration, run: Run, connections: u64, runs: usize, ours: Option<Run>) {
    let each = connections as f64 / runs as f64;
    let times = ours.map_or_else(String::new, |ours| format!("{:.1}", run.seconds / ours.seconds));
    println!(
        "| {name}, {} ms a round trip | {:.0} ms | {:.1} MiB | {each:.1} | {times} |",
        round_trip.as_millis(),
        run.seconds * 1000.0,
        run.mebibytes
    );
}

fn judge(bench: &mut Bench, ours: Run, theirs: &[Run]) {
    let most = ROUND_TRIPS * ROUND_TRIP.as_secs_f64() + BESIDES_S;
    let found = format!(
        "{:.0} ms: {:.2} round trips + 20 ms",
        ours.seconds * 1000.0,
        (ours.seconds - BESIDES_S) / ROUND_TRIP.as_secs_f64()
    );
    let work = "one file, keyless, at a round trip of 30 ms";
    bench.bar(work, "5 round trips + 20 ms", found, ours.seconds <= most);
    if !theirs.is_empty() {
        let theirs = middle(theirs);
        let times = theirs.seconds / ours.seconds;
        let found =
            format!("{times:.1} × ({:.0} and {:.0} ms)", ours.seconds * 1000.0, theirs.seconds * 1000.0);
        bench.bar(work, "10 × faster than cosign", found, times >= TIMES);
    }
}
