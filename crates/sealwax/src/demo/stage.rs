//! Where the demo plays: a temporary directory, an instance in it, and the commands of this program. All of it goes with the value.

use std::fs;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sealwax_net::http::{BaseUrl, Client, Transport};
use sealwax_net::tuf::{UpdateError, block_on};

use crate::Failure;
use crate::profile::MAX_FILE;

/// How long a start may take: keys are made, and flushed to a slow disk.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often it is looked whether it answers.
const LOOK: Duration = Duration::from_millis(5);

pub struct Stage {
    directory: PathBuf,
    program: PathBuf,
    server: Child,
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
    /// Starts an instance, and waits until all of it answers.
    ///
    /// # Errors
    /// It did not start.
    pub fn set() -> Result<Self, Failure> {
        let cannot = |error: io::Error| Failure::cannot(format!("cannot start the demo: {error}"));
        let program = std::env::current_exe().map_err(cannot)?;
        let directory = temporary().map_err(cannot)?;
        let server = serve(&program, &directory);
        let server = server.inspect_err(|_| drop(fs::remove_dir_all(&directory))).map_err(cannot)?;
        let mut stage =
            Self { directory, program, server, url: String::new(), machine_issuer: String::new() };
        let ready = stage.ready()?;
        stage.url = ready.url;
        stage.machine_issuer = ready.machine_issuer;
        Ok(stage)
    }

    fn ready(&mut self) -> Result<ReadyFile, Failure> {
        let start = Instant::now();
        loop {
            if let Ok(text) = fs::read(self.path("ready.json"))
                && let Ok(ready) = serde_json::from_slice(&text)
            {
                return Ok(ready);
            }
            if let Ok(Some(_)) = self.server.try_wait() {
                let mut said = String::new();
                let _ = self.server.stderr.take().map(|mut errors| errors.read_to_string(&mut said));
                return Err(Failure::cannot(format!("the instance did not start: {}", said.trim())));
            }
            if start.elapsed() > PATIENCE {
                return Err(Failure::cannot("the instance did not answer in time"));
            }
            std::thread::sleep(LOOK);
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
                Err(Failure::cannot(format!(
                    "`sealwax {name}` failed: {}{}",
                    said.out.trim(),
                    said.err.trim()
                )))
            }
        }
    }

    /// Until somebody ends it.
    pub fn wait(mut self) {
        // However it ends, the rest goes.
        let _ = self.server.wait();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn serve(program: &Path, directory: &Path) -> io::Result<Child> {
    Command::new(program)
        .args(["serve", "--dir", "sigstore", "--listen", "127.0.0.1:0", "--ready-file", "ready.json"])
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
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
