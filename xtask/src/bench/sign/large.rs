//! A file of 1 GiB, signed by a key, beside `openssl dgst` and cosign.

use std::fs::File;
use std::process::Command;

use super::Bench;
use crate::Outcome;
use crate::bench::processes::{Run, best, once, quiet, show};
use crate::process::output;

/// A hole, so that the disk is not measured.
const BYTES: u64 = 1 << 30;

const TURNS: u32 = 5;

/// The bars: how much longer than openssl, how many times cosign's time, and how much memory.
const BESIDES_S: f64 = 0.3;
const TIMES: f64 = 6.0;
const MOST_MIB: f64 = 24.0;

pub(super) fn measure(bench: &mut Bench) -> Outcome {
    let (file, key) = (bench.directory.join("gibibyte"), bench.directory.join("signer.key.pem"));
    File::create(&file)?.set_len(BYTES)?;
    let mut generate = Command::new("openssl");
    generate.args(["genpkey", "-quiet", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out"]);
    output(generate.arg(&key))?;
    if let Some(theirs) = &bench.theirs {
        theirs.make_key()?;
    }
    let (mut ours, mut openssl, mut logged, mut alone) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..TURNS {
        ours.push(once(bench.ours.sign_by(&key).arg(&file))?);
        openssl.push(once(quiet("openssl".as_ref(), &["dgst", "-sha256"]).arg(&file))?);
        if let Some(theirs) = &bench.theirs {
            logged.push(once(&mut theirs.sign_by_key(&file, true))?);
            alone.push(once(&mut theirs.sign_by_key(&file, false))?);
        }
    }
    std::fs::remove_file(&file)?;

    let (ours, openssl) = (best(&ours), best(&openssl));
    println!("| 1 GiB, by a key | time, memory | times ours |\n|---|---:|---:|");
    let row = |name: &str, run: Run| {
        println!("| {name} | {} | {:.2} |", show(run), run.seconds / ours.seconds);
    };
    row("sealwax, timestamped and logged", ours);
    row("`openssl dgst -sha256`, nothing else", openssl);
    let work = "1 GiB by a key";
    let found = format!("{:.2} s, openssl {:.2} s", ours.seconds, openssl.seconds);
    bench.bar(work, "`openssl dgst` + 0.3 s", found, ours.seconds <= openssl.seconds + BESIDES_S);
    bench.bar(work, "24 MiB", format!("{:.1} MiB", ours.mebibytes), ours.mebibytes <= MOST_MIB);
    if !alone.is_empty() {
        let (logged, alone) = (best(&logged), best(&alone));
        row("cosign, timestamped and logged", logged);
        row("cosign, the signature alone", alone);
        let times = alone.seconds / ours.seconds;
        let found =
            format!("{times:.1} × the signature alone, {:.1} × the same", logged.seconds / ours.seconds);
        bench.bar(work, "6 × faster than cosign", found, times >= TIMES);
    }
    Ok(())
}
