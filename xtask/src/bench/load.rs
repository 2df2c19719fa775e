//! The load generator (`crates/log/benches/load`), driven.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Failure;
use crate::bench::executable;
use crate::process::{cargo, output};
use crate::running::{Kind, Server, Used};

/// Between two looks at a server's memory.
const SAMPLE: Duration = Duration::from_millis(500);

/// The generator, and where it puts requests.
pub(super) struct Load {
    program: PathBuf,
    directory: PathBuf,
}

/// How requests are sent.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    pub(super) connections: usize,
    /// Requests of the file to leave out: this server has them already.
    pub(super) from: u64,
    pub(super) limit: Limit,
    pub(super) per_second: Option<f64>,
}

/// When it is enough.
#[derive(Clone, Copy)]
pub(super) enum Limit {
    Count(u64),
    Seconds(f64),
}

/// What came of it.
#[derive(Clone, Debug)]
pub(super) struct Ran {
    /// Requests handed to connections: the next run begins after them.
    pub(super) sent: u64,
    pub(super) answered: f64,
    pub(super) per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) bytes: f64,
    pub(super) cpu_us: f64,
    pub(super) peak_mib: f64,
    /// Resident memory, twice a second.
    pub(super) resident_mib: Vec<f64>,
    /// Replies kept and found true.
    pub(super) verified: u64,
}

impl Load {
    pub(super) fn build(directory: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(directory)?;
        let mut command = cargo();
        command.args(["bench", "-q", "-p", "sealwax-log", "--bench", "load", "--no-run"]);
        Ok(Self { program: executable(command, "load")?, directory: directory.to_owned() })
    }

    /// A file of at least so many requests of a kind: `keys`, `certificates`, `chains`. Kept for the next time.
    pub(super) fn requests(&self, kind: &str, count: u64) -> Result<PathBuf, Failure> {
        let file = self.directory.join(format!("{kind}.requests"));
        let made = file.with_extension("count");
        let there = fs::read_to_string(&made).ok().and_then(|text| text.parse::<u64>().ok());
        if there.is_none_or(|there| there < count) || is_old(&file) {
            eprintln!("preparing {count} requests with {kind}");
            let _ = fs::remove_file(&made);
            self.call(Command::new(&self.program).args(["prepare", kind, &count.to_string()]).arg(&file))?;
            fs::write(made, count.to_string())?;
        }
        Ok(file)
    }

    /// Reads of the full tiles of a directory.
    pub(super) fn reads(&self, log: &Path, count: u64) -> Result<PathBuf, Failure> {
        let file = self.directory.join("reads.requests");
        let mut command = Command::new(&self.program);
        self.call(command.args(["prepare", "reads"]).arg(log).arg(count.to_string()).arg(&file))?;
        Ok(file)
    }

    /// A file of so many requests of a kind that have no second use.
    pub(super) fn fresh(&self, kind: &str, count: u64, further: &[&str]) -> Result<PathBuf, Failure> {
        let file = self.directory.join(format!("{kind}.requests"));
        eprintln!("preparing {count} requests of the kind {kind}");
        let mut command = Command::new(&self.program);
        self.call(command.args(["prepare", kind, &count.to_string()]).arg(&file).args(further))?;
        Ok(file)
    }

    /// Sends requests to a log, watches it, and verifies the replies that were kept.
    pub(super) fn run(&self, server: &Server, requests: &Path, pace: Pace) -> Result<Ran, Failure> {
        let protocol = match server.kind {
            Kind::Signature => "rekor",
            Kind::Certificate => "sct",
        };
        self.run_of(server, &[], requests, pace, &[protocol, &server.key])
    }

    /// Sends requests to a server, watches it and those behind it, and has the replies that were kept verified with these
    /// arguments.
    pub(super) fn run_of(
        &self,
        server: &Server,
        behind: &[&Server],
        requests: &Path,
        pace: Pace,
        verify: &[&str],
    ) -> Result<Ran, Failure> {
        let replies = self.directory.join("replies");
        let mut command = self.command(&server.address, requests, pace);
        command.arg("--replies").arg(&replies);
        let behind_before = total_cpu_s(behind)?;
        let (report, resident_mib, before, mut after) = self.watched(server, &mut command)?;
        after.cpu_s += total_cpu_s(behind)? - behind_before;
        let mut ran = Ran::of(&report, before, after)?;
        ran.resident_mib = resident_mib;
        let verified = self.call(Command::new(&self.program).arg("verify").args(verify).arg(&replies))?;
        ran.verified = verified["verified"].as_u64().unwrap_or(0);
        Ok(ran)
    }

    /// Sends requests to a server, and watches it.
    pub(super) fn send(&self, server: &Server, requests: &Path, pace: Pace) -> Result<Ran, Failure> {
        let mut command = self.command(&server.address, requests, pace);
        let (report, resident_mib, before, after) = self.watched(server, &mut command)?;
        Ok(Ran { resident_mib, ..Ran::of(&report, before, after)? })
    }

    /// Reads that may come round.
    pub(super) fn read(&self, server: &Server, requests: &Path, pace: Pace) -> Result<Ran, Failure> {
        let mut command = self.command(&server.address, requests, pace);
        command.args(["--again", "true"]);
        let (report, resident_mib, before, after) = self.watched(server, &mut command)?;
        Ok(Ran { resident_mib, ..Ran::of(&report, before, after)? })
    }

    fn command(&self, address: &str, requests: &Path, pace: Pace) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["run", address]).arg(requests);
        command.args(["--from", &pace.from.to_string(), "--connections", &pace.connections.to_string()]);
        match pace.limit {
            Limit::Count(count) => command.args(["--count", &count.to_string()]),
            Limit::Seconds(seconds) => command.args(["--seconds", &seconds.to_string()]),
        };
        if let Some(per_second) = pace.per_second {
            command.args(["--per-second", &per_second.to_string()]);
        }
        command
    }

    fn watched(
        &self,
        server: &Server,
        command: &mut Command,
    ) -> Result<(Value, Vec<f64>, Used, Used), Failure> {
        let before = server.used()?;
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let (mut resident, mut sampled) = (Vec::new(), Instant::now());
        while child.try_wait()?.is_none() {
            std::thread::sleep(Duration::from_millis(20));
            if sampled.elapsed() >= SAMPLE {
                sampled = Instant::now();
                resident.push(server.used()?.resident_mib);
            }
        }
        let after = server.used()?;
        let output = child.wait_with_output()?;
        if !output.status.success() {
            return Err(format!("{command:?} failed: {}", output.status).into());
        }
        Ok((serde_json::from_slice(&output.stdout)?, resident, before, after))
    }

    /// Median of a write and a flush of so many bytes, in milliseconds.
    pub(super) fn flush_ms(&self, bytes: usize, count: usize) -> Result<f64, Failure> {
        let mut command = Command::new(&self.program);
        command.arg("flush").arg(&self.directory).args([bytes.to_string(), count.to_string()]);
        Ok(self.call(&mut command)?["us"]["p50"].as_f64().unwrap_or(f64::NAN) / 1000.0)
    }

    /// One P-256 verification in microseconds: the quickest of five rounds.
    pub(super) fn bare_us(&self) -> Result<f64, Failure> {
        let mut rounds = Vec::new();
        for _ in 0..5 {
            let report = self.call(Command::new(&self.program).args(["bare", "4000"]))?;
            rounds.push(report["us"].as_f64().unwrap_or(f64::NAN));
        }
        Ok(crate::bench::least(&rounds))
    }

    fn call(&self, command: &mut Command) -> Result<Value, Failure> {
        Ok(serde_json::from_str(&output(command)?)?)
    }
}

impl Ran {
    fn of(report: &Value, before: Used, after: Used) -> Result<Self, Failure> {
        let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
        if report["used_up"] == true {
            return Err("there were too few requests for so quick a server".into());
        }
        if report["errors"].as_object().is_some_and(|errors| !errors.is_empty()) {
            eprintln!("errors: {}", report["errors"]);
        }
        let answered = number(&report["answered"]);
        if answered == 0.0 {
            return Err(format!("nothing was answered: {report}").into());
        }
        Ok(Self {
            sent: report["sent"].as_u64().unwrap_or(0),
            answered,
            per_second: number(&report["per_second"]),
            p50_ms: number(&report["ms"]["p50"]),
            p99_ms: number(&report["ms"]["p99"]),
            bytes: number(&report["bytes"]),
            cpu_us: (after.cpu_s - before.cpu_s) / answered * 1e6,
            peak_mib: after.peak_mib,
            resident_mib: Vec::new(),
            verified: 0,
        })
    }
}

fn total_cpu_s(servers: &[&Server]) -> Result<f64, Failure> {
    servers.iter().map(|server| Ok(server.used()?.cpu_s)).sum()
}

/// Certificates in requests are valid for a while, and some servers take old ones more slowly.
fn is_old(file: &Path) -> bool {
    const A_DAY: Duration = Duration::from_secs(24 * 3600);
    let age = fs::metadata(file).and_then(|metadata| metadata.modified()).map(|at| at.elapsed());
    !matches!(age, Ok(Ok(age)) if age < A_DAY)
}
