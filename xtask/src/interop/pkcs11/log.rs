//! A log whose key is in a token: made, served, stopped, bereft of its token, backed up, rotated, taken over.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use sealwax_formats::base64;

use super::super::built;
use super::signatures::refused;
use super::softhsm::{PIN, SoftHsm, quietly};
use crate::process::output;
use crate::running::sealwax::{ORIGIN, check};
use crate::running::{Address, Kind, Recipe, Server};
use crate::{Failure, Outcome};

/// How long a server may take to notice that its token is back: it tries again after half a second, and then after twice as
/// long each time.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn end_to_end(hsm: &SoftHsm) -> Outcome {
    let program = built(&["-p", "sealwax"], "sealwax")?;
    let client = built(&["-p", "sealwax-log", "--example", "sign_and_log"], "sign_and_log")?;
    let test = Test { hsm, program, client };
    test.what_new_refuses()?;
    test.life("ed25519", "signature")?;
    test.life("p256", "signature")?;
    test.certificate_log()
}

struct Test<'a> {
    hsm: &'a SoftHsm,
    program: PathBuf,
    client: PathBuf,
}

impl Test<'_> {
    fn what_new_refuses(&self) -> Outcome {
        let new = |uri: &str| self.run(&["log", "new", "refused", "--origin", ORIGIN, "--key", uri]);
        let inside = format!("{}&x", self.hsm.uri("object=p256"));
        refused(new(&inside)?, "has no `=`")?;
        let with_pin =
            format!("pkcs11:object=p256?module-path={}&pin-value={PIN}", self.hsm.module.display());
        let failed = new(&with_pin)?;
        if matches!(&failed, Err(error) if error.contains(PIN)) {
            return Err("an error shows the PIN".into());
        }
        refused(failed, "pin-source=file:/PATH/TO/FILE in the place of pin-value")?;
        refused(new(&self.hsm.uri("token=sealwax;object=p384"))?, "does not sign checkpoints")?;
        refused(new(&self.hsm.uri("token=sealwax;object=nothing"))?, "has no private key that matches")
    }

    /// From its first entry to the log that comes after it.
    fn life(&self, label: &str, name: &str) -> Outcome {
        let name = format!("{name}-{label}");
        let uri = self.hsm.uri(&format!("token=sealwax;object={label}"));
        let key = self.new_log(&name, &uri, &[])?;
        let log = self.hsm.directory.join(&name);
        let description = fs::read_to_string(log.join("log.json"))?;
        if !description.contains(&uri) || log.join("key.pem").exists() {
            return Err(format!("log.json does not name the key in the token: {description}").into());
        }

        let server = self.serve(&name, &key, &[])?;
        self.add(&server)??;
        self.loses_its_token(&server)?;
        server.stop()?;
        check(&self.program, &log, &key)?;
        let server = self.serve(&name, &key, &[])?;
        self.add(&server)??;
        check(&self.program, &log, &key)?;
        println!("{label}: a log, its entries, its restart, its check");

        // The backup has no key, nor has what is restored; both are read without the token.
        let backup = format!("{name}-backup");
        self.run(&["log", "backup", &name, &backup, "--with-key"])??;
        server.stop()?;
        check(&self.program, &self.hsm.directory.join(&backup), &key)?;
        let restored = format!("{name}-restored");
        self.run(&["log", "restore", &backup, &restored])??;
        for copy in [&backup, &restored] {
            if files(&self.hsm.directory.join(copy))?.iter().any(|file| file.ends_with(".pem")) {
                return Err(format!("{copy} has a key").into());
            }
        }
        self.hsm.take_out()?;
        refused(self.run(&["log", "freeze", &name])?, "no token matches")?;
        let reader = self.serve(&restored, &key, &["--read-only"])?;
        refused(self.add(&reader)?, "this is a read-only server of the log")?;
        reader.stop()?;
        self.hsm.put_in()?;
        println!("{label}: its backup has no key, and what is restored is read without the token");

        // The same log, taken over by its key.
        let taken = format!("{name}-taken");
        self.run(&["log", "import", &backup, &taken, "--origin", ORIGIN, "--key", &uri])??;
        check(&self.program, &self.hsm.directory.join(&taken), &key)?;

        let next = format!("{name}-next");
        let made = self.hsm.uri("token=sealwax;object=made-ed25519");
        self.run(&["log", "rotate", &name, &next, "--origin", "next.example", "--key", &made])??;
        let old = self.serve(&name, &key, &[])?;
        refused(self.add(&old)?, "405")?;
        old.stop()?;
        check(&self.program, &log, &key)?;
        println!("{label}: rotated to another key of the token; the old log is frozen");
        Ok(())
    }

    /// While it is served: submissions are refused, and taken again when the token is back.
    fn loses_its_token(&self, server: &Server) -> Outcome {
        self.hsm.take_out()?;
        refused(self.add(server)?, "503")?;
        self.hsm.put_in()?;
        let started = Instant::now();
        while self.add(server)?.is_err() {
            if started.elapsed() > PATIENCE {
                return Err("the log does not notice that its token is back".into());
            }
            std::thread::sleep(Duration::from_millis(500));
        }
        println!("takes entries again {} ms after the token is back", started.elapsed().as_millis());
        Ok(())
    }

    /// Its token signs an SCT for each certificate, and checkpoints.
    fn certificate_log(&self) -> Outcome {
        let authority = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=root"];
        let mut root = self.hsm.command("openssl");
        quietly(root.args(authority).args(["-keyout", "root.key", "-out", "roots.pem"]))?;
        let mut leaf = self.hsm.command("openssl");
        leaf.args([
            "req",
            "-x509",
            "-CA",
            "roots.pem",
            "-CAkey",
            "root.key",
            "-newkey",
            "rsa:2048",
            "-nodes",
        ]);
        leaf.args(["-days", "1", "-subj", "/CN=leaf", "-addext", "extendedKeyUsage=codeSigning"]);
        leaf.args(["-addext", "basicConstraints=critical,CA:FALSE", "-outform", "DER"]);
        quietly(leaf.args(["-keyout", "leaf.key", "-out", "leaf.der"]))?;
        let chain = base64::encode(&fs::read(self.hsm.directory.join("leaf.der"))?);
        for label in ["p256", "rsa2048"] {
            let name = format!("certificate-{label}");
            let uri = self.hsm.uri(&format!("token=sealwax;object={label}"));
            let key = self.new_log(&name, &uri, &["--kind", "certificate", "--roots", "roots.pem"])?;
            let server = self.serve(&name, &key, &[])?;
            let sct = post(&server.address, "/ct/v1/add-chain", &format!("{{\"chain\":[\"{chain}\"]}}"))?;
            if !sct.starts_with("HTTP/1.0 200") || !sct.contains("\"signature\"") {
                return Err(format!("no SCT: {sct}").into());
            }
            server.stop()?;
            check(&self.program, &self.hsm.directory.join(&name), &key)?;
            println!("{label}: a certificate log, and an SCT of it");
        }
        Ok(())
    }

    /// Makes a log: its verifier key.
    fn new_log(&self, name: &str, uri: &str, more: &[&str]) -> Result<String, Failure> {
        let made = self.run(&[&["log", "new", name, "--origin", ORIGIN, "--key", uri], more].concat())??;
        let is_key = |word: &&str| word.starts_with(ORIGIN) && word.contains('+');
        let key = made.split_whitespace().find(is_key).ok_or("`log new` printed no verifier key")?;
        Ok(key.to_owned())
    }

    fn serve(&self, name: &str, key: &str, more: &[&str]) -> Result<Server, Failure> {
        let directory = self.hsm.directory.join(name);
        let ready = directory.with_extension("ready");
        let _ = fs::remove_file(&ready);
        let mut command = Command::new(&self.program);
        command.args(["log", "serve"]).arg(&directory).args(["--listen", "127.0.0.1:0"]);
        command.arg("--ready-file").arg(&ready).args(more);
        command.env("SOFTHSM2_CONF", self.hsm.directory.join("softhsm2.conf"));
        Server::start(Recipe {
            name: "sealwax".into(),
            command,
            directory,
            address: Address::ReadyFile(ready),
            kind: Kind::Signature,
            key: key.to_owned(),
        })
    }

    /// Signs something, adds it to the log, and verifies what the log answers.
    fn add(&self, server: &Server) -> Result<Result<(), String>, Failure> {
        let mut add = self.hsm.command(&self.client);
        add.arg(format!("http://{}", server.address)).arg(&server.key).arg(self.hsm.directory.join("signed"));
        let done = add.output()?;
        if !done.status.success() {
            // It panics with the whole answer: its first line and its body.
            let said = String::from_utf8_lossy(&done.stderr);
            let mut answer = said.lines().skip_while(|line| !line.starts_with("HTTP/"));
            let head = answer.next().unwrap_or(&said);
            let body = answer.skip_while(|line| !line.is_empty()).find(|line| !line.is_empty());
            return Ok(Err(format!("{head}: {}", body.unwrap_or_default())));
        }
        let signed = self.hsm.directory.join("signed");
        let mut verify = Command::new(&self.program);
        verify.arg("verify").arg("--trusted-root").arg(signed.join("trusted_root.json"));
        verify.arg("--identity").arg(fs::read_to_string(signed.join("identity"))?);
        verify.arg("--issuer").arg(fs::read_to_string(signed.join("issuer"))?);
        output(verify.arg(signed.join("artifact")))?;
        Ok(Ok(()))
    }

    /// Runs `sealwax`: what it printed, or complained of.
    fn run(&self, arguments: &[&str]) -> Result<Result<String, String>, Failure> {
        let done = self.hsm.command(&self.program).args(arguments).output()?;
        Ok(if done.status.success() {
            Ok(String::from_utf8(done.stdout)?)
        } else {
            Err(String::from_utf8_lossy(&done.stderr).trim_end().to_owned())
        })
    }
}

/// What a server answers.
fn post(address: &str, path: &str, body: &str) -> Result<String, Failure> {
    let mut socket = TcpStream::connect(address)?;
    let length = body.len();
    write!(socket, "POST {path} HTTP/1.0\r\nHost: {ORIGIN}\r\nContent-Length: {length}\r\n\r\n{body}")?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    Ok(answer)
}

/// All files below a directory.
fn files(directory: &Path) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path.display().to_string());
        }
    }
    Ok(found)
}
