//! Where the demo plays: a temporary directory, an instance in it, and the commands of this program. All of it goes with the value.

use std::fs;
use std::future::poll_fn;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use sealwax_net::http::{BaseUrl, Client, Transport};
use sealwax_net::tuf::{UpdateError, block_on};

use sealwax_server::journal::Journal;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind};
use tokio::sync::watch;

use crate::Failure;
use crate::log::serve::signals;
use crate::profile::MAX_FILE;
use crate::serve::args::ServeArgs;
use crate::serve::config::Config;
use crate::serve::serve;

/// How long a start may take: keys are made, and flushed to a slow disk.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often it is looked whether it answers.
const LOOK: Duration = Duration::from_millis(5);

pub struct Stage {
    directory: PathBuf,
    program: PathBuf,
    server: Option<JoinHandle<Result<(), Failure>>>,
    stop: watch::Sender<bool>,
    pub url: String,
    pub machine_issuer: String,
}

/// What a command came to.
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    err: String,
}

/// What the file of `--ready-file` says.
#[derive(serde::Deserialize)]
struct ReadyFile {
    url: String,
    machine_issuer: String,
}

impl Stage {
    /// Starts an instance, and waits until all of it answers. From here on Ctrl-C ends it, with all that it has made.
    ///
    /// # Errors
    /// It did not start.
    pub fn set() -> Result<Self, Failure> {
        let cannot = |error: io::Error| Failure::cannot(format!("cannot start the demo: {error}"));
        let program = std::env::current_exe().map_err(cannot)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(cannot)?;
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let signals: Vec<Signal> = {
            let _within = runtime.enter();
            kinds.into_iter().map(signals::on).collect::<Result<_, _>>()?
        };
        let directory = temporary().map_err(cannot)?;
        let (stop, stopped) = watch::channel(false);
        runtime.spawn(end_at(signals, stop.clone(), directory.clone()));
        let place = directory.clone();
        let server = Some(thread::spawn(move || run_instance(runtime, &place, stopped)));
        let (url, machine_issuer) = (String::new(), String::new());
        let mut stage = Self { directory, program, server, stop, url, machine_issuer };
        let ready = stage.ready()?;
        stage.url = ready.url;
        stage.machine_issuer = ready.machine_issuer;
        Ok(stage)
    }

    /// Whether somebody has ended it.
    pub fn is_interrupted(&self) -> bool {
        *self.stop.borrow()
    }

    fn ready(&mut self) -> Result<ReadyFile, Failure> {
        let start = Instant::now();
        loop {
            if let Ok(text) = fs::read(self.path("ready.json"))
                && let Ok(ready) = serde_json::from_slice(&text)
            {
                return Ok(ready);
            }
            if self.is_interrupted() {
                return Err(interrupted());
            }
            if self.server.as_ref().is_none_or(JoinHandle::is_finished) {
                return Err(self.ended().err().unwrap_or_else(|| Failure::cannot("the instance has ended")));
            }
            if start.elapsed() > PATIENCE {
                return Err(Failure::cannot("the instance did not answer in time"));
            }
            thread::sleep(LOOK);
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.path(name);
        fs::write(&path, bytes)
            .map_err(|error| Failure::cannot(format!("cannot write {}: {error}", path.display())))
    }

    /// Turns one bit of the first byte of a file.
    pub fn turn_a_bit(&self, name: &str) -> io::Result<()> {
        let mut file = fs::File::options().read(true).write(true).open(self.path(name))?;
        let mut byte = [0];
        let _ = file.read(&mut byte)?;
        file.rewind()?;
        file.write_all(&byte.map(|byte| byte ^ 1))
    }

    /// Gets what the instance hands out to its clients.
    pub fn fetch(&self, path: &str, name: &str) -> Result<(), Failure> {
        let cannot = |error: UpdateError| Failure::cannot(error.to_string());
        let bytes = block_on(async {
            let url =
                BaseUrl::parse(&self.url, Transport::Confidential)?.join(path.trim_start_matches('/'))?;
            Ok::<_, UpdateError>(Client::new()?.get(&url, MAX_FILE).await?)
        });
        let bytes = bytes.map_err(cannot)?;
        self.write(name, &bytes.ok_or_else(|| Failure::cannot(format!("the instance has no {path}")))?)
    }

    /// Runs a command of this program in the directory.
    pub fn run(&self, arguments: &[&str]) -> Result<Said, Failure> {
        let output = Command::new(&self.program)
            .args(["--color", "always"])
            .args(arguments)
            .env_remove("SIGSTORE_ID_TOKEN")
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| Failure::cannot(format!("cannot run {}: {error}", self.program.display())))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) })
    }

    /// Runs a command that must succeed, and returns what it said.
    pub fn done(&self, arguments: &[&str]) -> Result<String, Failure> {
        let said = self.run(arguments)?;
        match said.code {
            Some(0) => Ok(said.out),
            _ => {
                let name = arguments.first().copied().unwrap_or_default();
                let said = anstream::adapter::strip_str(&format!("{}\n{}", said.out, said.err)).to_string();
                let words: Vec<&str> = said.split_whitespace().collect();
                Err(Failure::cannot(format!("`sealwax {name}` failed: {}", words.join(" "))))
            }
        }
    }

    /// Until somebody ends it.
    pub fn wait(mut self) -> Result<(), Failure> {
        self.ended()
    }

    fn ended(&mut self) -> Result<(), Failure> {
        match self.server.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(ended)) => ended,
            Some(Err(_)) => Err(Failure::cannot("the instance has panicked")),
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        // Why it ended was told by whoever noticed; what is left of it goes.
        let _ = self.ended();
        remove(&self.directory);
    }
}

/// Why nothing more is told.
pub fn interrupted() -> Failure {
    Failure::cannot("the demo was interrupted; nothing of it is left")
}

/// Ends it at the first signal, and this process at the second, whichever they are.
async fn end_at(mut signals: Vec<Signal>, stop: watch::Sender<bool>, directory: PathBuf) {
    any_of(&mut signals).await;
    stop.send_replace(true);
    any_of(&mut signals).await;
    remove(&directory);
    std::process::exit(3);
}

async fn any_of(signals: &mut [Signal]) {
    poll_fn(|context| match signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready()) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

/// Serves in this process, so that nothing outlives it, until it is asked to stop.
fn run_instance(runtime: Runtime, directory: &Path, stopped: watch::Receiver<bool>) -> Result<(), Failure> {
    let args = ServeArgs {
        dir: directory.join("sigstore"),
        listen: Some(([127, 0, 0, 1], 0).into()),
        ready_file: Some(directory.join("ready.json")),
        ..ServeArgs::default()
    };
    let config = Config::load(&args)?;
    let ended = runtime.block_on(serve(&args, &config, Journal::silent(), stopped));
    // Keys for the next rotation, which nobody will need, are not waited for.
    runtime.shutdown_background();
    ended
}

/// Removes it, also while the instance still puts things there: under another name it does not find it, and what it makes anew goes too.
/// Who ends the process because of a signal and who ends it because all is told wait for each other: the one that is done first must
/// not stop the other halfway.
fn remove(directory: &Path) {
    static REMOVING: Mutex<()> = Mutex::new(());
    let _removing = REMOVING.lock().unwrap_or_else(PoisonError::into_inner);
    let aside = directory.with_extension("gone");
    for _ in 0..10 {
        // It may be gone, or never have been.
        let _ = fs::rename(directory, &aside);
        let _ = fs::remove_dir_all(&aside);
        if !directory.exists() && !aside.exists() {
            return;
        }
    }
}

/// A directory for us alone.
fn temporary() -> io::Result<PathBuf> {
    let random = sealwax_crypto::random::<8>().map_err(io::Error::other)?;
    let path = std::env::temp_dir().join(format!("sealwax-demo-{}", sealwax_crypto::hex(&random)));
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&path)?;
    Ok(path)
}
