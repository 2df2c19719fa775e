//! A log server as a process: started, watched through `/proc`, and never left behind.

pub(crate) mod rekor_tiles;
pub(crate) mod sealwax;
pub(crate) mod tesseract;
pub(crate) mod trace;
pub(crate) mod web;

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Failure;
use crate::process::output;

/// A server that does not answer after so long has failed.
const START: Duration = Duration::from_secs(20);

/// How often it is looked whether a server answers.
const LOOK: Duration = Duration::from_millis(5);

/// A server that does not stop after so long is killed. TesseraCT waits for its requests.
const STOP: Duration = Duration::from_secs(20);

/// How to start one.
pub(crate) struct Recipe {
    /// What the tables call it.
    pub(crate) name: String,
    pub(crate) command: Command,
    /// The directory of the log; the command's output goes beside it.
    pub(crate) directory: PathBuf,
    /// Where it will answer.
    pub(crate) address: Address,
    /// What its replies are.
    pub(crate) kind: Kind,
    /// A verifier key, or `ORIGIN=FILE.pem` with the public key.
    pub(crate) key: String,
}

/// Signature log or certificate log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Signature,
    Certificate,
}

/// Where a server answers.
pub(crate) enum Address {
    /// At a port that was free a moment ago.
    Known(String),
    /// Where this file says, `{"url": …}`, once it is there.
    ReadyFile(PathBuf),
}

/// A running server.
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) directory: PathBuf,
    pub(crate) kind: Kind,
    pub(crate) key: String,
    child: Child,
    pid: u32,
    trace: Option<PathBuf>,
}

/// What a server has used up so far.
#[derive(Clone, Copy)]
pub(crate) struct Used {
    pub(crate) cpu_s: f64,
    pub(crate) peak_mib: f64,
    pub(crate) resident_mib: f64,
}

/// What a server has in memory now.
pub(crate) struct Memory {
    pub(crate) resident_mib: f64,
    /// What it shares with others is divided among them.
    pub(crate) proportional_mib: f64,
}

impl Server {
    /// Starts it, and returns when it takes connections.
    pub(crate) fn start(recipe: Recipe) -> Result<Self, Failure> {
        Self::start_under(recipe, None)
    }

    /// The same under `strace`: everything when `writes`, otherwise flushes only, which costs the server next to nothing.
    pub(crate) fn start_traced(recipe: Recipe, writes: bool) -> Result<Self, Failure> {
        Self::start_under(recipe, Some(writes))
    }

    fn start_under(recipe: Recipe, traced: Option<bool>) -> Result<Self, Failure> {
        let trace = traced.map(|_| recipe.directory.with_extension("strace"));
        // Whatever happens to this process, its servers end with it.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]);
        if let (Some(file), Some(writes)) = (&trace, traced) {
            command.arg("strace").args(trace::arguments(writes)).arg("-o").arg(file);
            command.args(["setpriv", "--pdeathsig", "KILL"]);
        }
        command.arg(recipe.command.get_program()).args(recipe.command.get_args());
        command.envs(recipe.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = fs::File::create(recipe.directory.with_extension("output"))?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let child = command.spawn().map_err(|error| format!("cannot start {command:?}: {error}"))?;
        let mut server = Self {
            name: recipe.name,
            address: String::new(),
            directory: recipe.directory,
            kind: recipe.kind,
            key: recipe.key,
            pid: child.id(),
            child,
            trace,
        };
        server.wait_until_it_answers(&recipe.address)?;
        Ok(server)
    }

    fn wait_until_it_answers(&mut self, address: &Address) -> Result<(), Failure> {
        let started = Instant::now();
        while started.elapsed() < START {
            if let Some(status) = self.child.try_wait()? {
                let output = self.directory.with_extension("output");
                return Err(format!("{} ended with {status}: see {}", self.name, output.display()).into());
            }
            let at = match address {
                Address::Known(address) => Some(address.clone()),
                Address::ReadyFile(file) => ready(file),
            };
            if let Some(at) = at
                && TcpStream::connect(&at).is_ok()
            {
                self.address = at;
                self.find_traced()?;
                return Ok(());
            }
            std::thread::sleep(LOOK);
        }
        Err(format!("{} does not answer", self.name).into())
    }

    /// Under `strace` the server is the child of the child.
    fn find_traced(&mut self) -> Result<(), Failure> {
        if self.trace.is_some() {
            let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.child.id()))?;
            self.pid = children.split_whitespace().next().ok_or("strace started nothing")?.parse()?;
        }
        Ok(())
    }

    /// What it has used up so far.
    pub(crate) fn used(&self) -> Result<Used, Failure> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid))?;
        // The name in parentheses may hold spaces; after it the state is field 3, utime 14, stime 15 (proc(5)).
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks =
            |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(f64::NAN);
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        Ok(Used {
            cpu_s: (ticks(11) + ticks(12)) / TICKS_PER_SECOND,
            peak_mib: mebibytes(&status, "VmHWM:"),
            resident_mib: mebibytes(&status, "VmRSS:"),
        })
    }

    /// Waits until it has done what it does after its start, such as the keys that it will need next; at most [`START`].
    pub(crate) fn rests(&self) -> Result<(), Failure> {
        const WHILE: Duration = Duration::from_millis(300);
        let started = Instant::now();
        let mut before = f64::NEG_INFINITY;
        while started.elapsed() < START {
            let now = self.used()?.cpu_s;
            // One tick may be anything.
            if now - before <= 1.0 / TICKS_PER_SECOND {
                break;
            }
            before = now;
            std::thread::sleep(WHILE);
        }
        Ok(())
    }

    /// What it has in memory now.
    pub(crate) fn memory(&self) -> Result<Memory, Failure> {
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.pid))?;
        Ok(Memory { resident_mib: mebibytes(&rollup, "Rss:"), proportional_mib: mebibytes(&rollup, "Pss:") })
    }

    /// Asks it to stop, waits, and says what was traced.
    pub(crate) fn stop(mut self) -> Result<Option<trace::Counts>, Failure> {
        self.signal("TERM");
        let asked = Instant::now();
        while self.child.try_wait()?.is_none() && asked.elapsed() < STOP {
            std::thread::sleep(Duration::from_millis(20));
        }
        let trace = self.trace.take();
        let directory = self.directory.clone();
        drop(self);
        trace.map(|trace| trace::read(&trace, &directory)).transpose()
    }

    /// It does nothing until [`Server::go_on`], as a machine that hangs.
    pub(crate) fn hold(&self) {
        self.signal("STOP");
    }

    /// After [`Server::hold`].
    pub(crate) fn go_on(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let pid = self.pid.to_string();
        let _ = Command::new("kill").args(["-s", name, &pid]).stderr(Stdio::null()).status();
    }
}

/// What `/proc` counts time in, on every Linux that is not very old (`getconf CLK_TCK`).
const TICKS_PER_SECOND: f64 = 100.0;

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.signal("KILL");
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// What a file of `/proc` says in kB behind a name.
fn mebibytes(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kibibytes.map_or(f64::NAN, |kibibytes| kibibytes / 1024.0)
}

/// The address in a ready file.
fn ready(file: &Path) -> Option<String> {
    let ready: serde_json::Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    let url = ready.get("url")?.as_str()?;
    // Who sends requests resolves no names.
    Some(url.strip_prefix("http://")?.trim_end_matches('/').replace("localhost", "127.0.0.1"))
}

/// A port of the loopback that nobody has at the moment.
pub(crate) fn free_port() -> Result<u16, Failure> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// An empty directory for a log.
pub(crate) fn empty(parent: &Path, name: &str) -> Result<PathBuf, Failure> {
    let directory = sealwax::absent(parent, name)?;
    fs::create_dir_all(&directory)?;
    Ok(directory)
}

/// A new private key in `parent`, and its public key beside it.
pub(crate) fn key(parent: &Path, name: &str, generate: &[&str]) -> Result<(PathBuf, PathBuf), Failure> {
    let (private, public) = (private_key(parent, name), parent.join(format!("{name}.public.pem")));
    output(Command::new("openssl").args(generate).arg("-out").arg(&private))?;
    output(Command::new("openssl").args(["pkey", "-pubout", "-in"]).arg(&private).arg("-out").arg(&public))?;
    Ok((private, public))
}

fn private_key(parent: &Path, name: &str) -> PathBuf {
    parent.join(format!("{name}.key.pem"))
}
