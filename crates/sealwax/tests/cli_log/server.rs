//! A server of its own, and a client of few words.

use crate::common::Scratch;
use sealwax_crypto::{HashAlgorithm, KeyKind, Message, Scheme, SigningKey, sha256};
use sealwax_formats::base64;
use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    sync::{
        LazyLock, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    thread::sleep,
    time::{Duration, Instant},
};

pub(crate) struct Server {
    child: Child,
    url: String,
}

impl Server {
    pub(crate) fn start(scratch: &Scratch, directory: &str, more: &[&str]) -> Self {
        Self::start_by(Command::new(env!("CARGO_BIN_EXE_sealwax")), scratch, directory, more)
    }

    /// One whose files cannot grow beyond so many KiB: a disk that fails in the midst of a write.
    pub(crate) fn start_limited(scratch: &Scratch, directory: &str, kib: u32) -> Self {
        let mut shell = Command::new("bash");
        let script = format!("trap '' XFSZ; ulimit -S -f {kib}; exec \"$0\" \"$@\"");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_sealwax")]);
        Self::start_by(shell, scratch, directory, &[])
    }

    /// One that writes its journal into a file.
    pub(crate) fn start_with_journal(
        scratch: &Scratch,
        directory: &str,
        journal: &str,
        more: &[&str],
    ) -> Self {
        let mut shell = Command::new("sh");
        let script = format!("exec \"$0\" \"$@\" 2> {journal}");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_sealwax")]);
        Self::start_by(shell, scratch, directory, more)
    }

    fn start_by(mut command: Command, scratch: &Scratch, directory: &str, more: &[&str]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let ready = scratch.path(&format!("ready-{}.json", NEXT.fetch_add(1, Ordering::Relaxed)));
        let mut child = command
            .args([
                "log",
                "serve",
                directory,
                "--listen",
                "127.0.0.1:0",
                "--ready-file",
                ready.to_str().unwrap(),
            ])
            .args(more)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let start = Instant::now();
        while !ready.exists() {
            assert!(child.try_wait().unwrap().is_none(), "the server has ended");
            assert!(start.elapsed() < Duration::from_secs(60), "the server is not ready");
            sleep(Duration::from_millis(20));
        }
        let ready: serde_json::Value = serde_json::from_slice(&std::fs::read(ready).unwrap()).unwrap();
        Self { child, url: ready["url"].as_str().unwrap().to_owned() }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Logs entry `number`, and returns the reply.
    pub(crate) fn add(&self, number: u32) -> serde_json::Value {
        let (status, body) = self.post(number);
        assert_eq!(status, 201, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    pub(crate) fn post(&self, number: u32) -> (u16, String) {
        self.ask("POST", "/api/v2/log/entries", &request(number))
    }

    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        self.ask("GET", path, "")
    }

    /// Entry `number`, as a proxy passes it on.
    pub(crate) fn post_from(&self, address: &str, number: u32) -> u16 {
        let field = format!("X-Forwarded-For: 203.0.113.7, {address}\r\n");
        self.ask_with(&field, "POST", "/api/v2/log/entries", &request(number)).0
    }

    pub(crate) fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        self.ask_with("", method, path, body)
    }

    fn ask_with(&self, fields: &str, method: &str, path: &str, body: &str) -> (u16, String) {
        let host = self.url.strip_prefix("http://").unwrap();
        let (host, base) =
            host.split_once('/').map_or((host, String::new()), |(host, base)| (host, format!("/{base}")));
        let mut stream = TcpStream::connect(host).unwrap();
        let head = format!(
            "{method} {base}{path} HTTP/1.1\r\nHost: {host}\r\n{fields}Connection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).unwrap();
        let reply = String::from_utf8_lossy(&reply).into_owned();
        let status = reply.split(' ').nth(1).unwrap().parse().unwrap();
        (status, reply.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// As an operator does. Returns the exit code.
    pub(crate) fn stop(mut self) -> Option<i32> {
        self.signal("-TERM");
        self.child.wait().unwrap().code()
    }

    /// As a power cut does, but for what the system has still to write.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The request for entry `number`, the same each time, although ECDSA signatures differ.
fn request(number: u32) -> String {
    static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(KeyKind::EcdsaP256).unwrap());
    static MADE: LazyLock<Mutex<BTreeMap<u32, String>>> = LazyLock::new(Mutex::default);
    let make = || {
        let artifact = format!("artifact {number}");
        let scheme = Scheme::Ecdsa(HashAlgorithm::Sha256);
        let signature = KEY.sign(scheme, Message::Bytes(artifact.as_bytes())).unwrap();
        let key = base64::encode(KEY.public_key().spki_der());
        let (digest, signature) = (base64::encode(&sha256(artifact.as_bytes())), base64::encode(&signature));
        format!(
            r#"{{"hashedRekordRequestV002":{{"digest":"{digest}","signature":{{"content":"{signature}","verifier":{{"publicKey":{{"rawBytes":"{key}"}},"keyDetails":"PKIX_ECDSA_P256_SHA_256"}}}}}}}}"#
        )
    };
    MADE.lock().unwrap().entry(number).or_insert_with(make).clone()
}
