//! The binary as users start it: time, memory, size.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{least, median};
use crate::Outcome;
use crate::process::{cargo, executable, root};

/// Lines of the list that is measured, and of the shorter one that shows whether memory grows.
const LINES: usize = 10_000;
const FEWER_LINES: usize = 1_000;

type Failure = Box<dyn std::error::Error>;

/// What one run of a program took.
#[derive(Clone, Copy)]
pub(super) struct Run {
    pub(super) seconds: f64,
    pub(super) mebibytes: f64,
}

pub(super) fn measure(directory: &Path) -> Outcome {
    let mut build = cargo();
    build.args(["build", "-q", "--release", "-p", "sealwax"]);
    let sealwax = executable(build, "sealwax")?;
    println!("| As a process | found |\n|---|---:|");
    let size = fs::metadata(&sealwax)?.len();
    row("binary, stripped", &format!("{:.1} MiB", as_mebibytes(size)));
    let start = repeat(50, || Ok(quiet(&sealwax, &["--version"])))?;
    row("`sealwax --version`", &show(start));
    one(&sealwax, directory)?;
    large(&sealwax, directory)?;
    list(&sealwax, directory)
}

/// One small artifact of each class.
fn one(sealwax: &Path, directory: &Path) -> Outcome {
    let manifest: Vec<Value> = serde_json::from_slice(&fs::read(directory.join("manifest.json"))?)?;
    for name in ["v1-0", "v2-0"] {
        let entry = manifest.iter().find(|entry| entry["name"] == name).ok_or("no such bundle")?;
        let verify = repeat(50, || Ok(verify(sealwax, directory, name, entry)))?;
        row(&format!("`sealwax verify` of {}", entry["class"].as_str().unwrap_or_default()), &show(verify));
    }
    // The usual case: the built-in trust, a published bundle.
    let example = root().join("crates/verify/tests/data/real/message-hashedrekord001");
    let artifact = example.join("a.txt");
    let bundle = example.join("a.txt.sigstore");
    let verify = repeat(50, || {
        let mut command = quiet(sealwax, &["verify", "--identity", "a@tny.town"]);
        command.args(["--issuer", "https://github.com/login/oauth", "--bundle"]).arg(&bundle).arg(&artifact);
        Ok(command)
    })?;
    row("`sealwax verify` with the built-in public trust", &show(verify));
    Ok(())
}

/// A large artifact, beside OpenSSL; a large attestation.
fn large(sealwax: &Path, directory: &Path) -> Outcome {
    let manifest: Vec<Value> = serde_json::from_slice(&fs::read(directory.join("manifest.json"))?)?;
    let entry = manifest.first().ok_or("an empty manifest")?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        ours.push(once(&mut verify(sealwax, directory, "gibibyte", entry))?);
        let mut openssl = quiet(Path::new("openssl"), &["dgst", "-sha256"]);
        theirs.push(once(openssl.arg(directory.join("gibibyte")))?);
    }
    let (ours, theirs) = (best(&ours), best(&theirs));
    row("an artifact of 1 GiB", &show(ours));
    row("`openssl dgst -sha256` of it", &show(theirs));

    let bundle = as_mebibytes(fs::metadata(directory.join("small.sigstore.json"))?.len());
    let attestation = repeat(3, || Ok(verify(sealwax, directory, "small", entry)))?;
    let share = attestation.mebibytes / bundle;
    row(
        &format!("an attestation of 100 MiB, in a bundle of {bundle:.0} MiB"),
        &format!("{}, {share:.2} × the bundle", show(attestation)),
    );
    Ok(())
}

/// Many lines, on one core and on all.
fn list(sealwax: &Path, directory: &Path) -> Outcome {
    let manifest: Vec<Value> = serde_json::from_slice(&fs::read(directory.join("manifest.json"))?)?;
    let path = |entry: &Value, member: &str| directory.join(entry[member].as_str().unwrap_or_default());
    let lines = |count: usize| -> Result<PathBuf, Failure> {
        let line = |entry: &Value| {
            let line = json!({
                "artifact": path(entry, "name"), "bundle": path(entry, "bundle"),
                "identity": entry["identity"], "issuer": entry["issuer"],
                "trusted_root": path(entry, "trusted_root"),
            });
            format!("{line}\n")
        };
        let file = directory.join(format!("list-{count}.jsonl"));
        fs::write(&file, manifest.iter().cycle().take(count).map(line).collect::<String>())?;
        Ok(file)
    };
    let (few, many) = (lines(FEWER_LINES)?, lines(LINES)?);
    let verify = |list: &Path, cores: &str| {
        let mut command = quiet(Path::new("taskset"), &["-c", cores]);
        command.arg(sealwax).args(["verify", "--list"]).arg(list);
        command
    };
    let all = format!("0-{}", std::thread::available_parallelism()?.get() - 1);
    let (mut alone, mut together) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        alone.push(once(&mut verify(&many, "0"))?);
        together.push(once(&mut verify(&many, &all))?);
    }
    let shorter = once(&mut verify(&few, &all))?;
    let (alone, together) = (best(&alone), best(&together));
    let speedup = alone.seconds / together.seconds;
    row(&format!("a list of {LINES} lines, one core"), &show(alone));
    row(
        &format!("a list of {LINES} lines, cores {all}"),
        &format!("{}, {speedup:.2} × as fast", show(together)),
    );
    row(&format!("a list of {FEWER_LINES} lines, cores {all}"), &show(shorter));
    Ok(())
}

fn verify(sealwax: &Path, directory: &Path, name: &str, entry: &Value) -> Command {
    let mut command = quiet(sealwax, &["verify", "--trusted-root"]);
    command
        .arg(directory.join("trusted_root.json"))
        .args(["--identity", entry["identity"].as_str().unwrap_or_default()])
        .args(["--issuer", entry["issuer"].as_str().unwrap_or_default()])
        .arg("--bundle")
        .arg(directory.join(format!("{name}.sigstore.json")))
        .arg(directory.join(name));
    command
}

pub(super) fn quiet(program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null());
    command
}

/// Runs it once under GNU time, which knows the peak of its memory.
pub(super) fn once(command: &mut Command) -> Result<Run, Failure> {
    let mut timed = Command::new("/usr/bin/time");
    timed.args(["-q", "-f", "%M"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => timed.env(name, value),
            None => timed.env_remove(name),
        };
    }
    timed.current_dir(command.get_current_dir().unwrap_or(Path::new(".")));
    let start = std::time::Instant::now();
    let output = timed.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output()?;
    let seconds = start.elapsed().as_secs_f64();
    let errors = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{command:?} failed: {errors}").into());
    }
    let kibibytes: f64 = errors.lines().last().unwrap_or_default().trim().parse()?;
    Ok(Run { seconds, mebibytes: kibibytes / 1024.0 })
}

/// The middle of many runs. Time is taken without GNU time, whose own start would count.
fn repeat(times: usize, command: impl Fn() -> Result<Command, Failure>) -> Result<Run, Failure> {
    let memory = once(&mut command()?)?;
    let mut seconds = Vec::new();
    for _ in 0..times {
        seconds.push(timed(&mut command()?)?);
    }
    Ok(Run { seconds: median(seconds), ..memory })
}

/// Runs it once; how many seconds that took.
pub(super) fn timed(command: &mut Command) -> Result<f64, Failure> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let start = std::time::Instant::now();
    let output = command.output()?;
    let seconds = start.elapsed().as_secs_f64();
    match output.status.success() {
        true => Ok(seconds),
        false => Err(format!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr)).into()),
    }
}

/// The quickest run, and the most memory that any of them took.
pub(super) fn best(runs: &[Run]) -> Run {
    let seconds: Vec<f64> = runs.iter().map(|run| run.seconds).collect();
    Run { seconds: least(&seconds), mebibytes: runs.iter().map(|run| run.mebibytes).fold(0.0, f64::max) }
}

pub(super) fn show(run: Run) -> String {
    let time = if run.seconds < 1.0 {
        format!("{:.1} ms", run.seconds * 1000.0)
    } else {
        format!("{:.2} s", run.seconds)
    };
    format!("{time}, {:.1} MiB", run.mebibytes)
}

fn as_mebibytes(bytes: u64) -> f64 {
    u32::try_from(bytes >> 10).map_or(f64::NAN, |kibibytes| f64::from(kibibytes) / 1024.0)
}

fn row(what: &str, found: &str) {
    println!("| {what} | {found} |");
}
