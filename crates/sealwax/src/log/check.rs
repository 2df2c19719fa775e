//! `sealwax log check`.

use std::io::{IsTerminal as _, Write};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use sealwax_crypto::hex;
use sealwax_formats::base64;
use sealwax_log::check::directory::{self, State, StateError};
use sealwax_log::check::{self, Problem, Progress, Report, Target};
use sealwax_tlog::{TreeSize, VerifiedCheckpoint, empty_root};

use super::args::CheckArgs;
use super::remote::{Place, Remote};
use super::{block_on, description, new};
use crate::Failure;
use crate::inspect::node::Node;
use crate::judge::Status;
use crate::{terminal, trust};

/// Requests at once: what keeps a connection busy without being a nuisance.
const FETCHES: NonZeroUsize = NonZeroUsize::MIN.saturating_add(15);

/// What belongs at the top of a directory besides the log itself.
pub const KNOWN: &[&str] = &[
    description::NAME,
    new::PUBLIC_KEY,
    new::ROOTS,
    new::TRUSTED_ROOT,
    "key.pem",
    "key-2.pem",
    "lock",
    "wal",
    "tmp",
    "checkpoint",
    super::freeze::REQUEST,
];

/// Everything that was found.
pub struct Findings {
    pub origin: String,
    pub target: Target,
    pub report: Report,
    /// What is wrong beside the tree: signatures, the lock value.
    pub wrong: Vec<String>,
    /// Files that are none of a log's.
    pub stray: Vec<String>,
    took: Duration,
}

pub fn run(args: &CheckArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let remote = Remote::open(&args.log, &args.key)?;
    let findings = check(&remote, args.threads, !args.json)?;
    trust::write_node(out, findings.to_node(), args.json)?;
    Ok(if findings.is_good() { Status::Verified } else { Status::NotVerified })
}

/// Checks all of a log.
pub fn check(
    remote: &Remote,
    threads: Option<NonZeroUsize>,
    with_progress: bool,
) -> Result<Findings, Failure> {
    let start = Instant::now();
    let mut wrong = Vec::new();
    let checkpoint = match remote.checkpoint() {
        Ok(checkpoint) => checkpoint,
        Err(error) => {
            wrong.push(error.to_string());
            None
        }
    };
    let (target, directory) = match &remote.place {
        Place::Directory(directory, _) if remote.description.is_some() => {
            match block_on(State::read(directory))? {
                Ok(state) => {
                    wrong.extend(contradictions(remote, &state));
                    (state.target(remote.kind), Some(directory))
                }
                Err(error) if error.is_damage() => {
                    wrong.push(error.to_string());
                    // What is settled can be looked at all the same.
                    let settled = checkpoint.as_ref().map(|checkpoint| target_of(remote, checkpoint));
                    (settled.unwrap_or_else(|| nothing(remote)), Some(directory))
                }
                Err(error) => return Err(state_failure(directory, &error)),
            }
        }
        _ => {
            let Some(checkpoint) = &checkpoint else {
                let why = wrong.pop().unwrap_or_else(|| "there is no checkpoint".to_owned());
                // Without one that is signed there is nothing to compare with.
                return Err(Failure::cannot(why));
            };
            (target_of(remote, checkpoint), None)
        }
    };
    let cores = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let default = if matches!(remote.place, Place::Url(_)) { FETCHES } else { cores };
    let threads = threads.unwrap_or(default);
    let report =
        watched(target.size, with_progress, |progress| check::check(remote, &target, threads, progress));
    let mut findings =
        Findings { origin: origin(remote), target, report, wrong, stray: Vec::new(), took: Duration::ZERO };
    findings.compare(remote, checkpoint.as_ref());
    if let Some(directory) = directory {
        let rest = directory::rest(directory, &findings.target, KNOWN, threads);
        let rest = rest.map_err(|error| Failure::cannot(format!("{}: {error}", directory.display())))?;
        findings.report.add(rest.problems);
        findings.stray = rest.stray;
    }
    findings.took = start.elapsed();
    Ok(findings)
}

fn state_failure(directory: &Path, error: &StateError) -> Failure {
    Failure::cannot(format!("{}: {error}", directory.display()))
}

fn origin(remote: &Remote) -> String {
    remote.keys.first().and_then(|key| key.name()).unwrap_or_default().to_owned()
}

/// What a static log should be: what its checkpoint says.
fn target_of(remote: &Remote, checkpoint: &VerifiedCheckpoint) -> Target {
    let (size, root) = (checkpoint.size().0, *checkpoint.root());
    Target { kind: remote.kind, size, root, settled: size, tail: Vec::new() }
}

fn nothing(remote: &Remote) -> Target {
    Target { kind: remote.kind, size: 0, root: empty_root(), settled: 0, tail: Vec::new() }
}

/// The lock value is this log's.
fn contradictions(remote: &Remote, state: &State) -> Vec<String> {
    let mut wrong = Vec::new();
    let Some(description) = &remote.description else { return wrong };
    if state.lock.origin != description.origin {
        wrong.push(format!(
            "the lock value is of {:?}, and not of {:?}",
            state.lock.origin, description.origin
        ));
    }
    let keys = remote.keys.iter().filter_map(|key| key.id().first_chunk::<4>().copied());
    if remote.description.as_ref().map(|known| known.verifier_keys.len()) == Some(remote.keys.len())
        && !keys.eq(state.lock.keys.iter().copied())
    {
        wrong.push("the lock value names other keys than the log's".to_owned());
    }
    wrong
}

/// Runs a check, and says how far it is where somebody looks on.
fn watched(size: u64, with_progress: bool, check: impl FnOnce(&Progress) -> Report) -> Report {
    let progress = Progress::default();
    let done = AtomicBool::new(false);
    let shown = with_progress && std::io::stderr().is_terminal();
    thread::scope(|scope| {
        if shown {
            scope.spawn(|| {
                while !done.load(Relaxed) {
                    let (entries, bytes) = (progress.entries.load(Relaxed), progress.bytes.load(Relaxed));
                    let _ =
                        write!(std::io::stderr(), "\r{entries} of {size} entries, {} MB ", bytes / 1_000_000);
                    thread::sleep(Duration::from_millis(200));
                }
                let _ = write!(std::io::stderr(), "\r{:60}\r", "");
            });
        }
        let report = check(&progress);
        done.store(true, Relaxed);
        report
    })
}

impl Findings {
    /// The checkpoint against the tree.
    fn compare(&mut self, remote: &Remote, checkpoint: Option<&VerifiedCheckpoint>) {
        let Some(checkpoint) = checkpoint else { return };
        if !self.report.problems.is_empty() {
            // The tiles say nothing about it.
            return;
        }
        let TreeSize(size) = checkpoint.size();
        if size > self.target.size {
            let at = self.target.size;
            self.wrong
                .push(format!("checkpoint: it is of size {size}, and the lock value of size {at} only"));
            return;
        }
        match check::root_at(remote, &self.target, size) {
            Ok(root) if root == *checkpoint.root() => {}
            Ok(root) => self.wrong.push(format!(
                "checkpoint: its root of size {size} is {}, and the tiles make {}",
                hex(checkpoint.root()),
                hex(&root)
            )),
            // A file that is missing or cut is listed already.
            Err(problem) if self.report.problems.is_empty() => {
                self.wrong.push(format!("checkpoint: {problem}"));
            }
            Err(_) => {}
        }
    }

    /// Whether nothing is wrong. Stray files are not wrong.
    pub fn is_good(&self) -> bool {
        self.wrong.is_empty() && self.report.problems.is_empty()
    }

    /// The first thing that is wrong.
    pub fn first(&self) -> Option<String> {
        self.wrong.first().cloned().or_else(|| self.report.problems.first().map(ToString::to_string))
    }

    fn to_node(&self) -> Node {
        let problem = |problem: &Problem| {
            let (file, offset) = problem.place();
            Node::new().with("file", file).with("offset", offset).with("problem", problem.to_string())
        };
        let wrong = self.wrong.iter().map(|wrong| Node::new().with("problem", wrong.as_str()));
        let problems: Vec<Node> = wrong.chain(self.report.problems.iter().map(problem)).collect();
        let listed = !problems.is_empty();
        Node::new()
            .with("origin", self.origin.as_str())
            .with("size", self.target.size)
            .with("root", base64::encode(&self.target.root))
            .with("settled", self.target.settled)
            .with("issuers", (self.report.issuers > 0).then_some(self.report.issuers))
            .with("good", self.is_good())
            .with("milliseconds", u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX))
            .with("problems", listed.then_some(problems))
            .with("more_problems", (self.report.more > 0).then_some(self.report.more))
            .with("unread_entries", (self.report.unread > 0).then_some(self.report.unread))
            .with(
                "stray_files",
                (!self.stray.is_empty()).then(|| self.stray.iter().map(String::as_str).collect::<Vec<_>>()),
            )
    }
}

/// Fails unless nothing is wrong.
pub fn demand_good(what: &str, findings: &Findings) -> Result<(), Failure> {
    match findings.first() {
        None => Ok(()),
        Some(first) => Err(Failure::cannot(format!(
            "{what} is damaged: {}; `sealwax log check` lists everything",
            terminal::Escaped(&first)
        ))),
    }
}
