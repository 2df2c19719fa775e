//! The server as a process that is going to be treated badly.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Failure;
use crate::process::output;

/// A server that is not ready, or has not ended, after so long never will be.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Running {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Running {
    /// Serves the directory, and returns when it is ready.
    pub(super) fn start(program: &Path, directory: &Path) -> Result<Self, Failure> {
        Self::start_by(&[], program, directory)
    }

    /// The same, started by another program, which must become it (`exec`).
    pub(super) fn start_by(by: &[&str], program: &Path, directory: &Path) -> Result<Self, Failure> {
        let ready = beside(directory, "ready");
        let mut child = spawn(by, program, directory)?;
        let started = Instant::now();
        loop {
            if let Some(address) = address(&ready) {
                return Ok(Self { child, address });
            }
            let status = child.try_wait()?;
            if status.is_some() || started.elapsed() > PATIENCE {
                end(&mut child);
                let errors = fs::read_to_string(beside(directory, "errors"))?;
                return Err(format!("the server did not start ({status:?}): {errors}").into());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How many file descriptors it has.
    pub(super) fn descriptors(&self) -> Result<usize, Failure> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.id()))?.count())
    }

    /// How many it may have from now on.
    pub(super) fn allow_descriptors(&self, number: u32) -> Result<(), Failure> {
        let (id, limit) = (self.id().to_string(), format!("--nofile={number}:"));
        output(Command::new("prlimit").args(["--pid", &id, &limit])).map(drop)
    }

    /// `kill -9`.
    pub(super) fn kill(mut self) -> Result<(), Failure> {
        if let Some(status) = self.child.try_wait()? {
            return Err(format!("the server ended by itself with {status}").into());
        }
        end(&mut self.child);
        Ok(())
    }

    /// As an operator does.
    pub(super) fn stop(mut self) -> Result<(), Failure> {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-s", "TERM", &id]).status()?;
        match wait(&mut self.child)? {
            Some(0) => Ok(()),
            code => Err(format!("the server stopped with {code:?}").into()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Starts a server and kills it so soon that it may not be ready.
pub(super) fn kill_soon(program: &Path, directory: &Path, after: Duration) -> Result<(), Failure> {
    let mut child = spawn(&[], program, directory)?;
    std::thread::sleep(after);
    end(&mut child);
    Ok(())
}

/// Starts a server that must not start: its exit code and what it says.
pub(super) fn refused(by: &[&str], program: &Path, directory: &Path) -> Result<(i32, String), Failure> {
    let mut child = spawn(by, program, directory)?;
    let code = wait(&mut child);
    end(&mut child);
    let code = code?.ok_or("the server started, or died by a signal, where it should have refused")?;
    Ok((code, fs::read_to_string(beside(directory, "errors"))?.trim().to_owned()))
}

fn spawn(by: &[&str], program: &Path, directory: &Path) -> Result<Child, Failure> {
    let ready = beside(directory, "ready");
    let _ = fs::remove_file(&ready);
    // Whatever happens to this process, its servers end with it.
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).args(by).arg(program).args(["log", "serve"]).arg(directory);
    command.args(["--listen", "127.0.0.1:0", "--ready-file"]).arg(&ready);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(beside(directory, "errors"))?);
    command.spawn().map_err(|error| format!("cannot start {command:?}: {error}").into())
}

/// The exit code, or none if it lives on or died by a signal.
fn wait(child: &mut Child) -> Result<Option<i32>, Failure> {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait()? {
            return Ok(status.code());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(None)
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// A file of ours beside the directory.
pub(super) fn beside(directory: &Path, extension: &str) -> PathBuf {
    directory.with_extension(extension)
}

fn address(ready: &Path) -> Option<SocketAddr> {
    let ready: Value = serde_json::from_slice(&fs::read(ready).ok()?).ok()?;
    ready.get("url")?.as_str()?.strip_prefix("http://")?.trim_end_matches('/').parse().ok()
}
