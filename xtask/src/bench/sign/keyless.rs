//! One file, signed by an identity token, at an added round trip of 30 ms.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use super::Bench;
use super::theirs::Trust;
use crate::bench::median;
use crate::bench::processes::{once, timed};
use crate::{Failure, Outcome};

/// What a round trip takes besides.
const ROUND_TRIP: Duration = Duration::from_millis(30);

/// How often rekor-tiles looks whether it has published what it is asked to log, at its quickest.
const REKOR_LOOKS: Duration = Duration::from_secs(1);

/// The bars: so many round trips, and so much besides; and how many times cosign's time.
const ROUND_TRIPS: f64 = 5.0;
const BESIDES_S: f64 = 0.020;
const TIMES: f64 = 10.0;

/// Who signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Sealwax,
    Cosign(Trust),
}

/// What a side's signatures took. Time is taken without GNU time, whose own start would count; memory once with it.
struct Found {
    side: Side,
    seconds: Vec<f64>,
    mebibytes: f64,
    connections: u64,
}

pub(super) fn measure(bench: &mut Bench) -> Outcome {
    let file = bench.directory.join("small");
    fs::write(&file, b"Whoever reads this can check who wrote it.\n")?;
    let sides = match bench.theirs {
        Some(_) => [Side::Sealwax, Side::Cosign(Trust::Files), Side::Cosign(Trust::Repository)].as_slice(),
        None => &[Side::Sealwax],
    };
    println!(
        "| One file, keyless | time | memory, peak | connections | times ours |\n|---|---:|---:|---:|---:|"
    );
    for round_trip in [Duration::ZERO, ROUND_TRIP] {
        bench.set_round_trip(round_trip);
        let found = take_turns(bench, sides, &file)?;
        let ours = found.first().map_or(f64::NAN, Found::median);
        for found in &found {
            row(found, round_trip, ours);
        }
        if round_trip == ROUND_TRIP {
            judge(bench, ours, &found);
        }
    }
    bench.set_round_trip(Duration::ZERO);
    is_verified(bench, &file)
}

impl Side {
    fn name(self) -> &'static str {
        match self {
            Side::Sealwax => "sealwax",
            Side::Cosign(Trust::Files) => "cosign, trust from files",
            Side::Cosign(Trust::Repository) => "cosign, trust by TUF",
        }
    }

    fn sign(self, bench: &Bench, file: &Path) -> Result<Command, Failure> {
        Ok(match self {
            Side::Sealwax => with(bench.ours.sign(), file),
            Side::Cosign(trust) => bench.theirs.as_ref().ok_or("cosign is left out")?.sign(file, trust),
        })
    }
}

impl Found {
    fn median(&self) -> f64 {
        median(self.seconds.clone())
    }
}

/// One signature of each side after the other, again and again.
fn take_turns(bench: &Bench, sides: &[Side], file: &Path) -> Result<Vec<Found>, Failure> {
    let first = |&side: &Side| -> Result<Found, Failure> {
        // Also since the authorities fetch the keys of the issuer once.
        let mebibytes = once(&mut side.sign(bench, file)?)?.mebibytes;
        Ok(Found { side, seconds: Vec::new(), mebibytes, connections: 0 })
    };
    let mut all = sides.iter().map(first).collect::<Result<Vec<_>, _>>()?;
    for turn in 0..bench.turns {
        for found in &mut all {
            if matches!(found.side, Side::Cosign(_)) {
                // The one before ended when rekor-tiles looked: this one begins at any time after that.
                sleep(REKOR_LOOKS * turn / bench.turns);
            }
            let _ = bench.connections();
            found.seconds.push(timed(&mut found.side.sign(bench, file)?)?);
            found.connections += bench.connections();
        }
    }
    Ok(all)
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
fn row(found: &Found, round_trip: Duration, ours: f64) {
    let (name, seconds) = (found.side.name(), found.median());
    let each = found.connections as f64 / found.seconds.len() as f64;
    let times = match found.side {
        Side::Sealwax => String::new(),
        Side::Cosign(_) => format!("{:.1}", seconds / ours),
    };
    println!(
        "| {name}, {} ms a round trip | {:.0} ms | {:.1} MiB | {each:.1} | {times} |",
        round_trip.as_millis(),
        seconds * 1000.0,
        found.mebibytes
    );
}

fn judge(bench: &mut Bench, ours: f64, found: &[Found]) {
    let most = ROUND_TRIPS * ROUND_TRIP.as_secs_f64() + BESIDES_S;
    let besides = format!(
        "{:.0} ms: {:.2} round trips + 20 ms",
        ours * 1000.0,
        (ours - BESIDES_S) / ROUND_TRIP.as_secs_f64()
    );
    let work = "one file, keyless, at a round trip of 30 ms";
    bench.bar(work, "5 round trips + 20 ms", besides, ours <= most);
    for (trust, bar) in [
        (Trust::Repository, "10 × faster than cosign with trust by TUF (ours is cached and asks nothing)"),
        (Trust::Files, "10 × faster than cosign with trust from files"),
    ] {
        let Some(theirs) = found.iter().find(|found| found.side == Side::Cosign(trust)) else { continue };
        let theirs = theirs.median();
        let times = theirs / ours;
        let text = format!("{times:.1} × ({:.0} and {:.0} ms)", ours * 1000.0, theirs * 1000.0);
        bench.bar(work, bar, text, times >= TIMES);
    }
}
