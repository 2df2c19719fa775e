//! The instance: fresh, on the loopback interface, with a person and a machine that may sign in.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::place::{PERSON, Place, said};
use crate::running::{Address, Kind, Recipe, Server};
use crate::{Failure, Outcome};

/// How long clients are told of keys before they are used. Nobody signs here while they wait.
const LEAD: &str = "3s";

/// The machine that may sign in.
const MACHINE: &str = "bot";

pub(super) struct Instance<'a> {
    pub(super) url: String,
    /// Of people.
    pub(super) issuer: String,
    pub(super) machine_issuer: String,
    pub(super) place: &'a Place,
    program: &'a Path,
    server: Option<Server>,
}

impl<'a> Instance<'a> {
    /// One that has not been there before.
    pub(super) fn start(program: &'a Path, place: &'a Place) -> Result<Self, Failure> {
        let mut instance = Self {
            url: String::new(),
            issuer: String::new(),
            machine_issuer: String::new(),
            place,
            program,
            server: None,
        };
        instance.serve()?;
        let ready: Value = serde_json::from_slice(&fs::read(place.path("ready.json"))?)?;
        let member = |name| {
            Ok::<_, Failure>(ready.get(name).and_then(Value::as_str).ok_or("no such member")?.to_owned())
        };
        (instance.url, instance.issuer, instance.machine_issuer) =
            (member("url")?, member("issuer")?, member("machine_issuer")?);
        instance.add_account(&[PERSON, "--email", super::place::ADDRESS, "--password-file", "password"])?;
        instance.add_account(&[MACHINE, "--machine", "--secret-file", "secret"])?;
        instance.keep_first_root()?;
        Ok(instance)
    }

    /// Every key that signs for clients is another one from now on.
    pub(super) fn rotate(&self) -> Outcome {
        let mut rotate = self.sealwax();
        rotate.args(["rotate", "all", "--wait", "--lead", LEAD, "--dir"]);
        said(rotate.arg(self.directory()))?;
        self.publish_files()?;
        let trusted: Value = serde_json::from_slice(&fs::read(self.files().join("trusted_root.json"))?)?;
        for kind in ["tlogs", "ctlogs", "certificateAuthorities", "timestampAuthorities"] {
            if trusted.get(kind).and_then(Value::as_array).map(Vec::len) != Some(2) {
                return Err(format!("after a rotation there are not two {kind}").into());
            }
        }
        Ok(())
    }

    /// Stopped as an operator stops it, and started again.
    pub(super) fn restart(&mut self) -> Outcome {
        if let Some(server) = self.server.take() {
            server.stop()?;
        }
        self.serve()
    }

    pub(super) fn stop(mut self) -> Outcome {
        self.server.take().map_or(Ok(()), |server| server.stop().map(drop))
    }

    fn serve(&mut self) -> Outcome {
        let ready = self.place.path("ready.json");
        if ready.exists() {
            fs::remove_file(&ready)?;
        }
        let directory = self.directory();
        let mut command = Command::new(self.program);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--dir"])
            .arg(&directory)
            .arg("--ready-file")
            .arg(&ready);
        self.server = Some(Server::start(Recipe {
            name: "sealwax serve".to_owned(),
            command,
            directory,
            address: Address::ReadyFile(ready),
            kind: Kind::Signature,
            key: String::new(),
        })?);
        Ok(())
    }

    pub(super) fn directory(&self) -> PathBuf {
        self.place.path("instance")
    }

    /// Our own program.
    pub(super) fn sealwax(&self) -> Command {
        self.place.command(self.program)
    }

    fn add_account(&self, arguments: &[&str]) -> Outcome {
        let mut add = self.sealwax();
        said(add.args(["account", "add", "--dir"]).arg(self.directory()).args(arguments)).map(drop)
    }

    /// What clients by TUF believe first, and where the rest is.
    fn keep_first_root(&self) -> Outcome {
        let tuf = self.tuf();
        fs::create_dir_all(&tuf)?;
        fs::write(tuf.join("url"), self.tuf_url())?;
        self.fetch("tuf/1.root.json", &tuf.join("root.json"))
    }

    /// The directory of those clients.
    pub(super) fn tuf(&self) -> PathBuf {
        self.place.path("tuf")
    }

    pub(super) fn tuf_url(&self) -> String {
        format!("{}/tuf", self.url)
    }

    /// The files, as they are now, for clients that take files.
    pub(super) fn publish_files(&self) -> Outcome {
        fs::create_dir_all(self.files())?;
        for name in ["trusted_root.json", "signing_config.json", "client_trust_config.json"] {
            self.fetch(name, &self.files().join(name))?;
        }
        Ok(())
    }

    /// The directory of those files.
    pub(super) fn files(&self) -> PathBuf {
        self.place.path("files")
    }

    fn fetch(&self, name: &str, to: &Path) -> Outcome {
        let mut fetch = self.place.command("curl");
        said(fetch.args(["-sSf", "-o"]).arg(to).arg(format!("{}/{name}", self.url))).map(drop)
    }

    /// What the machine is called in certificates.
    pub(super) fn machine(&self) -> String {
        format!("{}/{MACHINE}", self.machine_issuer)
    }

    /// A token of the person, who signs in with the browser.
    pub(super) fn person_token(&self) -> Result<String, Failure> {
        let mut token = self.sealwax();
        said(token.args(["token", "--browser", "--issuer", &self.issuer]).env("PICTURE", "sealwax-token"))
    }

    /// A fresh token of the machine.
    pub(super) fn machine_token(&self) -> Result<String, Failure> {
        let mut token = self.sealwax();
        token.args([
            "token",
            "--machine",
            MACHINE,
            "--secret-file",
            "secret",
            "--issuer",
            &self.machine_issuer,
        ]);
        said(&mut token)
    }
}
