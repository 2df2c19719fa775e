//! `sealwax account` and `sealwax token`, against a provider on loopback.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, dead_code, reason = "tests")]

#[path = "../../idp/tests/flows/client.rs"]
mod client;
mod common;

use client::Browser;
use common::Scratch;
use jiff::Timestamp;
use sealwax_idp::issuer::IssuerUrl;
use sealwax_idp::provider::{Provider, Settings};
use sealwax_idp::site::IdpSite;
use sealwax_idp::state::State;
use sealwax_server::journal::Journal;
use sealwax_server::{Options, Router, Server};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

/// What opens what is sealed.
const SECRET: [u8; 32] = [7; 32];

fn write_secret(scratch: &Scratch) -> String {
    let path = scratch.write("secret", sealwax_formats::base64::encode(&SECRET));
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    path
}

/// A provider for the accounts in a directory.
struct Running {
    address: SocketAddr,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Running {
    fn start(directory: &Path) -> Self {
        let state = State::open(&directory.join("idp"), SECRET).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let settings = Settings::new(IssuerUrl::parse(&format!("http://{address}/oidc")).unwrap());
        let provider = Provider::open(state, settings, Journal::silent(), Timestamp::now()).unwrap();
        let site = Router::default().with("/oidc", IdpSite::new(Arc::new(provider), Timestamp::now));
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let (listening, ready) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                let server = Server::bind(address, site, Options::default()).unwrap();
                listening.send(()).unwrap();
                server.run(async { drop(stopped.await) }).await;
            });
        });
        ready.recv().unwrap();
        Self { address, stop: Some(stop), thread: Some(thread) }
    }

    fn issuer(&self) -> String {
        format!("http://{}/oidc", self.address)
    }

    /// Runs `sealwax token` with somebody who signs in where it says; its standard output.
    fn sign_in(&self, how: &str, sign_in: impl FnOnce(&mut Browser, &str)) -> (i32, String) {
        // A link is printed anywhere, a code is shown on a terminal only.
        let (screen, terminal) = if how == "--device" { terminal() } else { pipe() };
        let child = Command::new(env!("CARGO_BIN_EXE_sealwax"))
            .args(["token", how, "--json", "--timeout", "60", "--issuer", &self.issuer()])
            .env("BROWSER", "true")
            .stdout(Stdio::piped())
            .stderr(terminal)
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut errors = BufReader::new(screen);
        errors.read_line(&mut line).unwrap();
        let link = line.split_whitespace().find(|word| word.starts_with("http")).unwrap();
        let (_, target) = link.split_once(&self.address.to_string()).unwrap();
        sign_in(&mut Browser::new(self.address), target);
        let output = child.wait_with_output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    }
}

/// A terminal: what is written to the second is read from the first.
fn terminal() -> (File, File) {
    use rustix::fs::{Mode, OFlags, open};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&screen).and_then(|()| unlockpt(&screen)).unwrap();
    let name = ptsname(&screen, Vec::new()).unwrap();
    // It is nobody's controlling terminal.
    let terminal = open(&*name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    (screen.into(), terminal.into())
}

fn pipe() -> (File, File) {
    let (reader, writer) = std::io::pipe().unwrap();
    (OwnedFd::from(reader).into(), OwnedFd::from(writer).into())
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.take().unwrap().join().unwrap();
    }
}

const PASSWORD: &str = "correct horse battery";

/// Goes where the browser is sent.
fn follow(back: &client::Answer) {
    let location = back.header("location");
    let (address, target) = location.strip_prefix("http://localhost:").unwrap().split_once('/').unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], address.parse().unwrap()));
    // A page of somebody who guesses ends nothing.
    assert_eq!(client::send(address, "GET", "/auth/callback?code=x&state=guessed", &[], "").status, 404);
    assert_eq!(client::send(address, "GET", &format!("/{target}"), &[], "").status, 200);
}

#[test]
fn accounts_come_and_go() {
    let scratch = Scratch::new();
    let dir = scratch.path("").to_str().unwrap().to_owned();
    let key = write_secret(&scratch);
    let run = |arguments: &[&str]| {
        scratch.run(&[&["account"], arguments, &["--dir", &dir, "--secret", &key]].concat())
    };
    let made = run(&["add", "ada", "--email", "ada@example.com", "--totp", "--json"]).exits(0).json();
    assert_eq!(made["email_verified"], true);
    assert_eq!(made["password"].as_str().unwrap().len(), 23);
    assert!(made["authenticator"].as_str().unwrap().starts_with("otpauth://totp/Sealwax:ada?secret="));
    run(&["add", "ada", "--email", "other@example.com"]).exits(3).complains("already");
    run(&["add", "eve", "--email", "ADA@example.com"]).exits(3).complains("ada");
    run(&["add", "Eve", "--email", "eve@example.com"]).exits(2).complains("small letters");
    run(&["add", "eve", "--email", "eve"]).exits(2).complains("e-mail");
    run(&["add", "eve"]).exits(2).complains("--email");
    let short = scratch.write("short", "short\n");
    run(&["add", "eve", "--email", "eve@example.com", "--password-file", &short]).exits(2).complains("12");
    let secret = scratch.path("bot.secret");
    let made = run(&["add", "bot", "--machine", "--secret-file", secret.to_str().unwrap(), "--json"])
        .exits(0)
        .json();
    assert!(made["secret"].is_null());
    let first = std::fs::read_to_string(&secret).unwrap();
    run(&["reset", "bot", "--secret-file", secret.to_str().unwrap()]).exits(3).complains("bot.secret");
    run(&["reset", "bot", "--totp"]).exits(2).complains("machine");
    let again = run(&["reset", "bot", "--json"]).exits(0).json();
    assert_ne!(again["secret"].as_str().unwrap(), first.trim());
    let list = run(&["list", "--json"]).exits(0).json();
    let names: Vec<&str> =
        list["accounts"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["ada", "bot"]);
    assert!(!list.to_string().contains("argon2"));
    assert_eq!(list["accounts"][0]["one_time_codes"], true);
    run(&["reset", "ada", "--no-totp"]).exits(0);
    assert_eq!(run(&["list", "--json"]).exits(0).json()["accounts"][0]["one_time_codes"], false);
    run(&["remove", "ada"]).exits(0).says("ada");
    run(&["remove", "ada"]).exits(3).complains("no account ada");
    scratch.run(&["account", "list", "--dir", "/nowhere"]).exits(3).complains("not a directory");
    let idp = scratch.path("idp");
    std::fs::set_permissions(&idp, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    run(&["list"]).exits(3).complains("chmod 700");
}

#[test]
fn tokens_of_people_and_machines() {
    let scratch = Scratch::new();
    let dir = scratch.path("").to_str().unwrap().to_owned();
    let running = Running::start(&scratch.path(""));
    // Added while it runs.
    let password = scratch.write("password", PASSWORD);
    let key = write_secret(&scratch);
    let account = |arguments: &[&str]| {
        scratch.run(&[&["account"], arguments, &["--dir", &dir, "--secret", &key]].concat()).exits(0)
    };
    account(&["add", "ada", "--email", "ada@example.com", "--password-file", &password]);
    let secret = scratch.path("bot.secret").to_str().unwrap().to_owned();
    account(&["add", "bot", "--machine", "--secret-file", &secret]);

    let (status, out) = running.sign_in("--browser", |browser, target| {
        let page = browser.open(target);
        follow(&browser.fill_in(&page, &[("username", "ada"), ("password", PASSWORD)]));
    });
    let said: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, said["email"].as_str()), (0, Some("ada@example.com")));
    assert_eq!(said["token"].as_str().unwrap().split('.').count(), 3);

    let (status, out) = running.sign_in("--device", |browser, target| {
        let page = browser.open(target);
        assert_eq!(browser.fill_in(&page, &[("username", "ada"), ("password", PASSWORD)]).status, 200);
    });
    let said: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, said["email"].as_str()), (0, Some("ada@example.com")));
    // Where nobody sees the code, nobody waits.
    scratch.run(&["token", "--device", "--issuer", &running.issuer()]).exits(3).complains("no terminal");

    let (status, out) = running.sign_in("--browser", |browser, target| {
        let page = browser.open(target);
        follow(&browser.fill_in(&page, &[("cancel", "1")]));
    });
    assert_eq!((status, out.as_str()), (3, ""));

    let machines = format!("{}/machine", running.issuer());
    let machine = ["token", "--machine", "bot", "--secret-file", &secret, "--issuer", &machines];
    let said = scratch.run(&[&machine[..], &["--json"]].concat()).exits(0).json();
    assert_eq!(said["subject"], format!("{machines}/bot"));
    scratch.run(&machine).exits(0).says("eyJ");
    scratch.run(&[&machine[..6], &[&running.issuer()]].concat()).exits(3).complains("unsupported_grant_type");
    account(&["remove", "bot"]);
    scratch.run(&machine).exits(3).complains("invalid_client");
    scratch.run(&["token", "--issuer", &machines]).exits(2).complains("--browser");
    scratch.run(&["token", "--browser", "--issuer", "http://issuer.example"]).exits(2).complains("https");
    let nowhere = format!("http://{}/other", running.address);
    scratch.run(&["token", "--browser", "--issuer", &nowhere]).exits(3).complains("no OpenID issuer");
    scratch.run(&["token", "--browser", "--issuer", &machines]).exits(3).complains("browser");
}
