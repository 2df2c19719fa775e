//! Ours, the bare cryptography, and other people's libraries, on the same bundles.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{least, median};
use crate::Outcome;
use crate::process::{cargo, command, output, root, run};

/// How often everybody has a turn, and for how long per class.
const TURNS: usize = 9;
const SECONDS: &str = "1";

/// Nanoseconds per verification, one for each turn: by class, then by library with its version.
type Figures = BTreeMap<String, BTreeMap<String, Vec<f64>>>;

pub(super) fn compare(bench: &Path, directory: &Path) -> Outcome {
    let peers = build_peers()?;
    let manifest = directory.join("manifest.json");
    let trust = root().join("crates/sealwax/trust");
    let mut figures = Figures::new();
    let mut ratios: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for turn in 1..=TURNS {
        eprintln!("turn {turn} of {TURNS}");
        note(&mut figures, &output(command(bench).arg("run").arg(&manifest).arg(SECONDS))?)?;
        for peer in &peers {
            let lines = output(command(peer).arg("bench").arg(&manifest).arg(&trust).arg(SECONDS))?;
            note(&mut figures, &lines)?;
        }
        for line in output(command(bench).args(["beside-bare", SECONDS]))?.lines() {
            let report: Value = serde_json::from_str(line)?;
            let class = report["class"].as_str().unwrap_or_default().to_owned();
            let bare = report["ns_of_bare_cryptography"].as_f64().ok_or("no figure")?;
            let of = format!("bare cryptography ({})", report["bare"].as_str().unwrap_or_default());
            figures.entry(class.clone()).or_default().entry(of).or_default().push(bare);
            ratios.entry(class).or_default().push(report["ratio"].as_f64().ok_or("no ratio")?);
        }
    }
    print(&figures, &ratios);
    Ok(())
}

fn build_peers() -> Result<[PathBuf; 2], Box<dyn std::error::Error>> {
    run(cargo().args(["build", "-q", "--release", "--manifest-path", "peers/Cargo.toml"]))?;
    run(command("go")
        .args(["build", "-trimpath", "-o", "../target/peer-go", "."])
        .current_dir(root().join("peers/go")))?;
    Ok([root().join("peers/target/release/peer-rust"), root().join("peers/target/peer-go")])
}

fn note(figures: &mut Figures, lines: &str) -> Outcome {
    for line in lines.lines() {
        let report: Value = serde_json::from_str(line)?;
        let text = |member: &str| report[member].as_str().unwrap_or_default();
        let toolchain = match text("toolchain") {
            "" => String::new(),
            toolchain => format!(", {toolchain}"),
        };
        let library = format!("{} {}{toolchain}", text("peer"), text("version"));
        let figure = report["ns_per_verification"].as_f64().ok_or("no figure")?;
        figures.entry(text("class").to_owned()).or_default().entry(library).or_default().push(figure);
    }
    Ok(())
}

/// Microseconds in the quietest turn; how many times that ours is, and the same turn by turn, of which the median.
fn print(figures: &Figures, ratios: &BTreeMap<String, Vec<f64>>) {
    for (class, libraries) in figures {
        let Some((_, ours)) = libraries.iter().find(|(name, _)| name.starts_with("sealwax ")) else {
            continue;
        };
        println!("| {class} | µs per verification | times ours | turn by turn |");
        println!("|---|---:|---:|---:|");
        for (library, times) in libraries {
            let turns = match ratios.get(class).filter(|_| library.starts_with("bare")) {
                Some(ours) => ours.iter().map(|ratio| 1.0 / ratio).collect(),
                None => times.iter().zip(ours).map(|(theirs, ours)| theirs / ours).collect(),
            };
            println!(
                "| {library} | {:.0} | {:.2} | {:.2} |",
                least(times) / 1000.0,
                least(times) / least(ours),
                median(turns)
            );
        }
        println!();
    }
}
