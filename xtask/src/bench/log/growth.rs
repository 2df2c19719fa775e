//! The engine, entered below signature checking, as it grows (`crates/log/benches/growth`).

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::latency::precise;
use super::{Bench, need_gib};
use crate::process::{cargo, executable, output};
use crate::running::sealwax::absent;
use crate::{Failure, Outcome};

/// Entries of the log that is filled, and made-up leaf hashes of the other.
const ENTRIES: u64 = 10_000_000;
const SYNTHETIC: u64 = 100_000_000;

/// Bytes of disk per entry of 560 bytes: bundle, hashes, index while it is merged.
const BYTES_PER_ENTRY: f64 = 700.0;

/// The same without the entry, in files of 8 KiB.
const BYTES_PER_HASH: f64 = 80.0;

const GIBIBYTE: f64 = 1024.0 * 1024.0 * 1024.0;

pub(super) fn measure(bench: &mut Bench) -> Outcome {
    let directory = bench.directory.as_path();
    let (entries, synthetic) = match bench.entries {
        None => (ENTRIES, SYNTHETIC),
        // A smaller run keeps the proportion, and tiles full.
        Some(entries) => (entries, entries.saturating_mul(10).next_multiple_of(256)),
    };
    let need = (precise(entries) * BYTES_PER_ENTRY).max(precise(synthetic) * BYTES_PER_HASH) / GIBIBYTE;
    need_gib(directory, need, &format!("growth to {entries} entries, then {synthetic} leaf hashes,"))?;
    let mut build = cargo();
    build.args(["bench", "-q", "-p", "sealwax-log", "--bench", "growth", "--no-run"]);
    let program = executable(build, "growth")?;

    let log = absent(directory, "growth")?;
    let filled = call(&program, "fill", &log, Some(entries))?;
    let killed = call(&program, "restart", &log, None)?;
    let stopped = call(&program, "restart", &log, None)?;
    fs::remove_dir_all(&log)?;
    let made_up = call(&program, "synthetic", &log, Some(synthetic))?;
    fs::remove_dir_all(&log)?;

    println!(
        "| Entries | add, in a flood | all processors, for an add | add, alone | proof of an old entry | duplicate of an old entry |\n\
         |---:|---:|---:|---:|---:|---:|"
    );
    let probes: Vec<&Value> =
        [&filled, &made_up].into_iter().filter_map(|report| report["probes"].as_array()).flatten().collect();
    for probe in &probes {
        println!(
            "| {} | {:.1} µs | {:.1} µs | {:.0} µs | {:.1} µs | {} |",
            probe["size"],
            number(&probe["flood_us"]),
            number(&probe["processor_us"]),
            number(&probe["lone_us"]),
            number(&probe["proof_us"]),
            probe["duplicate_us"].as_f64().map_or("–".to_owned(), |us| format!("{us:.0} µs")),
        );
    }
    let tenths = |what: &str| filled[what].as_array().map(Vec::as_slice).unwrap_or_default();
    let rate = |tenth: Option<&Value>| tenth.map_or(f64::NAN, number);
    println!(
        "\nFilled at {:.0} entries/s in the first tenth and {:.0} in the last, peak {:.0} MiB; resident after each tenth {} MiB. Opened after `kill -9` in {:.2} s, after a stop in {:.2} s, with {:.0} MiB. \
         {synthetic} leaf hashes: peak {:.0} MiB while the index was made.",
        rate(tenths("filled_per_second").first()),
        rate(tenths("filled_per_second").last()),
        number(&filled["peak_mib"]),
        tenths("resident_mib")
            .iter()
            .map(|mebibytes| format!("{:.0}", number(mebibytes)))
            .collect::<Vec<_>>()
            .join(" "),
        number(&killed["open_s"]),
        number(&stopped["open_s"]),
        number(&stopped["peak_mib"]),
        number(&made_up["peak_mib"]),
    );
    let [small, large, ..] = probes.as_slice() else { return Err("two probes".into()) };
    for (what, member) in [("add", "flood_us"), ("add, processors", "processor_us"), ("proof", "proof_us")] {
        let times = number(&large[member]) / number(&small[member]);
        let work = format!("{what} at {entries} entries");
        bench.bar(&work, "1.2 × of 10⁴", format!("{times:.2} ×"), times <= 1.2);
    }
    let slowest = number(&killed["open_s"]).max(number(&stopped["open_s"]));
    let work = format!("restart of {entries} entries");
    bench.bar(&work, "2 s", format!("{slowest:.2} s"), slowest < 2.0);
    Ok(())
}

fn call(program: &Path, verb: &str, log: &Path, entries: Option<u64>) -> Result<Value, Failure> {
    eprintln!("growth: {verb}");
    let mut command = Command::new(program);
    command.arg(verb).arg(log).args(entries.map(|entries| entries.to_string()));
    Ok(serde_json::from_str(&output(&mut command)?)?)
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}
