//! `cargo xtask fuzz`: builds the one fuzz binary and gives every target its share of the time, on all cores.
//!
//! A target that crashes, hangs or eats memory leaves its input in `fuzz/regressions/TARGET/`, where `cargo test` replays
//! it from then on, and the chore fails.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use crate::Outcome;
use crate::process::{cargo, output, root, run as run_command};

/// Where real material lies that seeds are harvested from; what is missing is skipped.
const SEED_SOURCES: &[&str] =
    &["crates", "examples", "fuzz/regressions", "../shared/conformance", "../shared/trust"];

/// Coverage as cargo-fuzz asks for it. No address sanitizer: the workspace forbids unsafe code and the C code of aws-lc
/// would not be instrumented, so it would halve the speed for nothing. Rust's own checks (overflow, debug assertions) are
/// switched on by the profile.
const RUSTFLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";

/// With a target triple given, the flags above stay away from build scripts and procedural macros.
const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// An input that takes longer is a finding: the largest takes milliseconds.
const TIMEOUT_SECONDS: u32 = 10;
/// All of the process, fuzzer and corpus included.
const MEMORY_MEBIBYTES: u32 = 1024;
/// One allocation. The largest input has 256 KiB, so anything near this is out of proportion.
const ALLOCATION_MEBIBYTES: u32 = 64;
const INPUT_BYTES: u32 = 256 * 1024;

pub(crate) fn run(arguments: &[String]) -> Outcome {
    let options = Options::parse(arguments)?;
    if options.list {
        print!("{}", harvest(&[])?);
        return Ok(());
    }
    let seeds = root().join("fuzz/target/seeds");
    let _ = std::fs::remove_dir_all(&seeds);
    let mut paths = vec![seeds.clone()];
    paths.extend(SEED_SOURCES.iter().map(|source| root().join(source)));
    let known: Vec<String> = harvest(&paths)?.lines().map(str::to_owned).collect();
    let targets = options.choose(known)?;
    build()?;
    fuzz(&targets, options.seconds, &seeds)
}

struct Options {
    list: bool,
    seconds: u64,
    targets: Vec<String>,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self, Box<dyn std::error::Error>> {
        let mut options = Self { list: false, seconds: 4 * 60, targets: Vec::new() };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "--list" => options.list = true,
                "--minutes" => {
                    let minutes: u64 = rest.next().ok_or("--minutes wants a number")?.parse()?;
                    options.seconds = minutes.saturating_mul(60);
                }
                flag if flag.starts_with('-') => return Err(format!("fuzz does not know {flag}").into()),
                name => options.targets.push(name.to_owned()),
            }
        }
        Ok(options)
    }

    fn choose(&self, known: Vec<String>) -> Result<Vec<String>, Box<dyn std::error::Error>> {
        if let Some(unknown) = self.targets.iter().find(|name| !known.contains(name)) {
            return Err(format!("{unknown} is no target; there are {}", known.join(", ")).into());
        }
        Ok(if self.targets.is_empty() { known } else { self.targets.clone() })
    }
}

/// Writes seeds into the first path out of the others and returns the names of the targets, one per line.
fn harvest(paths: &[PathBuf]) -> Result<String, Box<dyn std::error::Error>> {
    output(cargo().args(["run", "--quiet", "--package", "sealwax-fuzz-targets", "--"]).args(paths))
}

fn build() -> Outcome {
    // The same versions as everyone else's: cargo drops what is not needed and adds the fuzzing engine.
    std::fs::copy(root().join("Cargo.lock"), root().join("fuzz/Cargo.lock"))?;
    let mut command = cargo();
    if has_nightly() {
        command.arg("+nightly");
    }
    run_command(
        command
            .args(["build", "--release", "--manifest-path", "fuzz/Cargo.toml", "--target-dir", "fuzz/target"])
            .args(["--target", TRIPLE])
            .env("RUSTFLAGS", RUSTFLAGS),
    )
}

/// Nightly is the usual compiler for fuzzing, but nothing above needs it.
fn has_nightly() -> bool {
    let mut probe = cargo();
    probe.args(["+nightly", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}

/// One worker per core takes target after target. Their shares are equal and the whole takes `seconds`.
fn fuzz(targets: &[String], seconds: u64, seeds: &Path) -> Outcome {
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(targets.len());
    let rounds = u64::try_from(targets.len().div_ceil(workers))?;
    let share = (seconds / rounds).max(1);
    println!("{} targets, {share} s each, {workers} at a time", targets.len());
    let waiting = Mutex::new(targets.iter());
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(target) = next(&waiting) {
                    if let Err(error) = fuzz_one(target, share, seeds) {
                        println!("{target}: {error}");
                        if let Ok(mut failures) = failures.lock() {
                            failures.push(target.clone());
                        }
                    }
                }
            });
        }
    });
    let failures = failures.into_inner()?;
    if failures.is_empty() { Ok(()) } else { Err(format!("fuzzing failed: {}", failures.join(", ")).into()) }
}

fn next<'a>(waiting: &Mutex<std::slice::Iter<'a, String>>) -> Option<&'a String> {
    waiting.lock().ok()?.next()
}

fn fuzz_one(target: &str, seconds: u64, seeds: &Path) -> Outcome {
    let fuzz = root().join("fuzz");
    let corpus = fuzz.join("corpus").join(target);
    let artifacts = fuzz.join("artifacts").join(target);
    std::fs::create_dir_all(&corpus)?;
    let _ = std::fs::remove_dir_all(&artifacts);
    std::fs::create_dir_all(&artifacts)?;
    let output = Command::new(fuzz.join("target").join(TRIPLE).join("release/fuzz"))
        .current_dir(&fuzz)
        .env("SEALWAX_FUZZ_TARGET", target)
        .args([&corpus, &seeds.join(target)])
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg(format!("-dict={}", seeds.join("words.dict").display()))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-timeout={TIMEOUT_SECONDS}"))
        .arg(format!("-rss_limit_mb={MEMORY_MEBIBYTES}"))
        .arg(format!("-malloc_limit_mb={ALLOCATION_MEBIBYTES}"))
        .arg(format!("-max_len={INPUT_BYTES}"))
        .arg("-print_final_stats=1")
        .output()?;
    let log = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        println!("{target}: {}", summary(&log));
        return Ok(());
    }
    let kept = keep(&artifacts, &fuzz.join("regressions").join(target))?;
    let tail: Vec<&str> = log.lines().rev().take(40).collect();
    let tail: Vec<&str> = tail.into_iter().rev().collect();
    Err(format!("{}\n{}\nkept: {kept:?}", output.status, tail.join("\n")).into())
}

/// Copies what the fuzzer left to where the tests replay it.
fn keep(artifacts: &Path, regressions: &Path) -> Result<Vec<PathBuf>, Box<dyn std::error::Error>> {
    std::fs::create_dir_all(regressions)?;
    let mut kept = Vec::new();
    for entry in std::fs::read_dir(artifacts)? {
        let path = entry?.path();
        let Some(name) = path.file_name() else { continue };
        let destination = regressions.join(name);
        std::fs::copy(&path, &destination)?;
        kept.push(destination);
    }
    Ok(kept)
}

/// libFuzzer's last words: how many inputs, how fast, and what was reached (`cov:` of its last status line).
fn summary(log: &str) -> String {
    let statistic = |name: &str| {
        let line = log.lines().find(|line| line.starts_with(&format!("stat::{name}:")));
        line.and_then(|line| line.split_whitespace().last()).unwrap_or("?").to_owned()
    };
    let status = log.lines().rev().find(|line| line.contains(" cov: ")).unwrap_or_default();
    let covered = status.split(" cov: ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or("?");
    format!(
        "{} inputs, {} per second, {covered} edges, {} MiB",
        statistic("number_of_executed_units"),
        statistic("average_exec_per_sec"),
        statistic("peak_rss_mb")
    )
}
