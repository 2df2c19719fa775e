//! Deployed clients sign in at a provider of ours, unmodified: `cargo xtask interop idp` installs them and runs this.
//!
//!     deployed go PROGRAM | python PYTHON SCRIPT | js NODE SCRIPT
//!
//! Each gets a token by its own code and prints it, and it is verified as our certificate authority does. The browser that they
//! open is this program once more: with a link it fills in the pages behind it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    dead_code,
    reason = "a check of peers"
)]

#[path = "../tests/flows/client.rs"]
mod client;
#[path = "../tests/flows/world.rs"]
mod world;

use client::{Answer, Browser, between};
use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use world::{PASSWORD, World};

/// How long a client may take: the device flow asks every five seconds.
const PATIENCE: Duration = Duration::from_secs(60);

#[expect(clippy::zombie_processes, reason = "what opens a browser does not wait for it")]
fn main() {
    let mut arguments: Vec<String> = std::env::args().collect();
    let program = arguments.remove(0);
    match &arguments[..] {
        [link] if program.ends_with("xdg-open") => {
            let mut browser = Command::new(std::env::current_exe().unwrap());
            browser.arg(link).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            browser.spawn().unwrap();
        }
        [link] if link.starts_with("http") => {
            sign_in(link);
        }
        [peer, program @ ..] => check(peer, program),
        [] => panic!("usage: deployed go PROGRAM | python PYTHON SCRIPT | js NODE SCRIPT"),
    }
}

fn check(peer: &str, program: &[String]) {
    let world = World::new();
    let (people, machines) = (world.issuer(), format!("{}/machine", world.issuer()));
    let secret = world.secret.as_str();
    let flows: &[&[&str]] = match peer {
        "go" => &[
            &["browser", &people],
            &["copy", &people],
            &["device", &people],
            &["machine", &machines, "ci", secret],
        ],
        "python" => &[&["browser", &people], &["copy", &people]],
        "js" => &[&["token", "--issuer", &people]],
        other => panic!("there is no peer {other}"),
    };
    let opener = Opener::new();
    for flow in flows {
        let token = opener.run(program, flow);
        let is_machine = flow[0] == "machine";
        let path = if is_machine { "/oidc/machine" } else { "/oidc" };
        let claims = world.verify(path, "RS256", token.trim());
        let who = if is_machine { claims.subject() } else { claims.text("email").unwrap() };
        println!("{peer} {}: a token of {who}", flow[0]);
    }
}

/// A directory whose `xdg-open` is this program.
struct Opener(PathBuf);

impl Opener {
    fn new() -> Self {
        let directory = std::env::temp_dir().join(format!("sealwax-opener-{}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        std::os::unix::fs::symlink(std::env::current_exe().unwrap(), directory.join("xdg-open")).unwrap();
        Self(directory)
    }

    /// Runs a client until it has said a token. One that shows a link and wants a code gets it.
    fn run(&self, program: &[String], flow: &[&str]) -> String {
        let is_copied = flow[0] == "copy";
        let mut command = Command::new(&program[0]);
        command.args(&program[1..]).args(flow).env("BROWSER", std::env::current_exe().unwrap());
        // Who finds no browser has the code copied.
        command.env("PATH", if is_copied { OsString::new() } else { self.path() });
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (stderr, mut stdin) = (child.stderr.take().unwrap(), child.stdin.take().unwrap());
        let (said, hear) = mpsc::channel();
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                eprintln!("    {line}");
                if let Some(at) = line.find("http").filter(|_| is_copied && line.contains("oob")) {
                    said.send(line[at..].trim().to_owned()).unwrap();
                }
            }
        });
        let begun = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if let Ok(link) = hear.recv_timeout(Duration::from_millis(50)) {
                let page = sign_in(&link);
                writeln!(stdin, "{}", between(&page.body, "<p class=\"code long\">", "</p>")).unwrap();
            }
            if begun.elapsed() > PATIENCE {
                child.kill().unwrap();
            }
        }
        let output = child.wait_with_output().unwrap();
        reader.join().unwrap();
        assert!(output.status.success(), "{program:?} {flow:?} failed");
        // sigstore-python asks for the code on standard output.
        let out = String::from_utf8(output.stdout).unwrap();
        out.split_whitespace().last().unwrap().to_owned()
    }

    fn path(&self) -> OsString {
        let mut path = self.0.clone().into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap());
        path
    }
}

impl Drop for Opener {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(Path::new(&self.0));
    }
}

/// What a browser does with a link, and somebody who signs in where it leads.
fn sign_in(link: &str) -> Answer {
    let (mut address, mut target) = place(link);
    // sigstore-python opens a page of its own, which leads to ours.
    if !target.starts_with("/oidc/") {
        let answer = client::send(address, "GET", &target, &[], "");
        (address, target) = place(answer.header("location"));
    }
    let mut browser = Browser::new(address);
    let page = browser.open(&target);
    let answer = browser.fill_in(&page, &[("username", "ada"), ("password", PASSWORD)]);
    if answer.status == 303 {
        let (address, target) = place(answer.header("location"));
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
        // sigstore-js hangs up as soon as it has what it wants.
        let _ = stream.read_to_end(&mut Vec::new());
    }
    answer
}

/// Who listens there, by either of the addresses of `localhost`; and the rest of the URL.
fn place(url: &str) -> (SocketAddr, String) {
    let rest = url.strip_prefix("http://").unwrap_or_else(|| panic!("{url} is not http"));
    let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let mut addresses = authority.to_socket_addrs().unwrap();
    let address = addresses.find(|address| TcpStream::connect(address).is_ok());
    let slash = if target.starts_with('/') { "" } else { "/" };
    (address.unwrap_or_else(|| panic!("nobody listens at {authority}")), format!("{slash}{target}"))
}
