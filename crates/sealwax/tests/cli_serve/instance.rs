//! An instance of its own, and a client of few words.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::Scratch;

/// One that answers.
pub(crate) struct Running {
    spawned: Spawned,
    url: String,
    machine_issuer: String,
}

/// One that may not answer yet.
pub(crate) struct Spawned {
    child: Child,
    directory: PathBuf,
    ready: PathBuf,
    /// Where it was told to listen.
    listen: Option<String>,
    /// What it says on standard error.
    said: PathBuf,
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}: {}", self.status, self.text()))
    }
}

impl Running {
    /// In the directory of the scratch; `more` may have another `--listen`.
    pub(crate) fn start(scratch: &Scratch, more: &[&str]) -> Self {
        Self::start_in(scratch, "sigstore", more)
    }

    /// The same in a directory of this name, where there are several.
    pub(crate) fn start_in(scratch: &Scratch, name: &str, more: &[&str]) -> Self {
        let mut spawned = Self::spawn_in(scratch, name, more);
        let start = Instant::now();
        while !spawned.ready.exists() {
            assert!(spawned.child.try_wait().unwrap().is_none(), "it has ended");
            assert!(start.elapsed() < Duration::from_secs(60), "it is not ready");
            sleep(Duration::from_millis(20));
        }
        let ready: Value = serde_json::from_slice(&std::fs::read(&spawned.ready).unwrap()).unwrap();
        let member = |name: &str| ready[name].as_str().unwrap_or_default().to_owned();
        Self { url: member("url"), machine_issuer: member("machine_issuer"), spawned }
    }

    pub(crate) fn spawn(scratch: &Scratch, more: &[&str]) -> Spawned {
        Self::spawn_in(scratch, "sigstore", more)
    }

    fn spawn_in(scratch: &Scratch, name: &str, more: &[&str]) -> Spawned {
        let (directory, ready) = (scratch.path(name), scratch.path(&format!("{name}.ready.json")));
        let _ = std::fs::remove_file(&ready);
        let mut command = Command::new(env!("CARGO_BIN_EXE_sealwax"));
        command.args(["serve", "--dir"]).arg(&directory).arg("--ready-file").arg(&ready);
        let listen = more.iter().position(|word| *word == "--listen").map(|at| more[at + 1].to_owned());
        if listen.is_none() {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let said = scratch.path(&format!("{name}.said"));
        // Programs that the test has made come first.
        let programs = format!("{}:{}", scratch.path("bin").display(), std::env::var("PATH").unwrap());
        let command = command.args(more).env("PATH", programs);
        let child = command.stderr(File::create(&said).unwrap()).spawn().unwrap();
        Spawned { child, directory, ready, listen, said }
    }

    /// Waits until it says this on standard error.
    pub(crate) fn wait_to_say(&self, text: &str) {
        let start = Instant::now();
        while !std::fs::read_to_string(&self.spawned.said).unwrap().contains(text) {
            assert!(start.elapsed() < Duration::from_secs(60), "it does not say {text:?}");
            sleep(Duration::from_millis(20));
        }
    }

    /// Says that files have changed.
    pub(crate) fn hang_up(&self) {
        let process = self.spawned.child.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &process]).status().unwrap().success());
    }

    /// What it said once everything answered.
    pub(crate) fn ready(&self) -> Value {
        serde_json::from_slice(&std::fs::read(&self.spawned.ready).unwrap()).unwrap()
    }

    pub(crate) fn directory(&self) -> String {
        self.spawned.directory.to_str().unwrap().to_owned()
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn machine_issuer(&self) -> &str {
        &self.machine_issuer
    }

    /// Where it listens, to have the same port again.
    pub(crate) fn listen(&self) -> String {
        let of_url = || format!("127.0.0.1:{}", self.url.rsplit_once(':').unwrap().1);
        self.spawned.listen.clone().unwrap_or_else(of_url)
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, "application/json", b"")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Reply {
        self.ask("POST", path, "application/json", body.to_string().as_bytes())
    }

    fn ask(&self, method: &str, path: &str, media_type: &str, body: &[u8]) -> Reply {
        let listen = self.listen();
        exchange(&listen, &listen, (method, path), media_type, body)
    }

    /// Asks for a path of a host by another name than its address.
    pub(crate) fn get_of(&self, listen: &str, host: &str, path: &str) -> Reply {
        exchange(listen, host, ("GET", path), "application/json", b"")
    }

    /// As a power cut does, but for what the system has still to write.
    pub(crate) fn kill(self) {
        self.spawned.kill_after(0);
    }

    /// As an operator does. Returns the exit code.
    pub(crate) fn stop(mut self) -> Option<i32> {
        let status =
            Command::new("kill").args(["-TERM", &self.spawned.child.id().to_string()]).status().unwrap();
        assert!(status.success());
        self.spawned.child.wait().unwrap().code()
    }
}

impl Spawned {
    /// As a power cut does, but for what the system has still to write.
    pub(crate) fn kill_after(mut self, pause_ms: u64) {
        sleep(Duration::from_millis(pause_ms));
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// As `chmod 600` does.
pub(crate) fn make_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// A port that nobody has at this moment.
pub(crate) fn free_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// Where it listens, whatever its address.
pub(crate) fn listens_at(directory: &str) -> String {
    let text = std::fs::read(Path::new(directory).join("instance.json")).unwrap();
    let instance: Value = serde_json::from_slice(&text).unwrap();
    instance["listen"].as_str().unwrap().to_owned()
}

fn exchange(listen: &str, host: &str, (method, path): (&str, &str), media_type: &str, body: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(listen).unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).unwrap();
    let end = reply.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let status = std::str::from_utf8(&reply[9..12]).unwrap().parse().unwrap();
    Reply { status, body: reply[end + 4..].to_vec() }
}
