//! An instance: fresh, on the loopback interface, with a person and a machine that may sign in.

pub(super) mod named;
pub(super) mod parts;
pub(super) mod theirs;
mod whole;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant as Clock};

use serde_json::Value;

pub(super) use self::whole::Whole;
use super::place::{ADDRESS, PERSON, Place, said};
use crate::running::{Address, Kind, Recipe, Server, free_port};
use crate::{Failure, Outcome};

/// The machine that may sign in.
const MACHINE: &str = "bot";

/// A process of an instance that has not said that it is ready after so long has failed.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(10);

pub(super) struct Instance<'a> {
    /// Where its documents are, if it has any for clients; otherwise somebody has laid them down as files.
    documents: Option<Documents>,
    pub(super) timestamps: String,
    /// Of people.
    pub(super) issuer: String,
    pub(super) machine_issuer: String,
    pub(super) place: &'a Place,
    program: &'a Path,
    /// The process that has the identity provider.
    accounts: &'static str,
    servers: Vec<Server>,
}

/// Where files and the repository are.
struct Documents {
    url: String,
    tuf_url: String,
}

impl<'a> Instance<'a> {
    /// With an account for the person and one for the machine, and what clients believe first.
    fn with(
        (program, place): (&'a Path, &'a Place),
        documents: Option<Documents>,
        timestamps: String,
        (accounts, ready): (&Process, &Ready),
        servers: Vec<Server>,
    ) -> Result<Self, Failure> {
        let (issuer, machine_issuer) = (ready.member("issuer")?, ready.member("machine_issuer")?);
        let accounts = accounts.name;
        let instance =
            Self { documents, timestamps, issuer, machine_issuer, place, program, accounts, servers };
        instance.add_account(&[PERSON, "--email", ADDRESS, "--password-file", "password"])?;
        instance.add_account(&[MACHINE, "--machine", "--secret-file", "secret"])?;
        if let Some(Documents { tuf_url, .. }) = &instance.documents {
            let tuf = instance.tuf();
            fs::create_dir_all(&tuf)?;
            fs::write(tuf.join("url"), tuf_url)?;
            instance.fetch(&format!("{tuf_url}/1.root.json"), &tuf.join("root.json"))?;
        }
        Ok(instance)
    }

    pub(super) fn stop(self) -> Outcome {
        self.servers.into_iter().try_for_each(|server| server.stop().map(drop))
    }

    /// One of the processes that serve it.
    pub(super) fn server(&self, name: &str) -> Result<&Server, Failure> {
        let server = self.servers.iter().find(|server| server.name == name);
        server.ok_or_else(|| format!("there is no {name}").into())
    }

    fn add_account(&self, arguments: &[&str]) -> Outcome {
        let mut add = self.sealwax();
        said(add.args(["account", "add", "--dir"]).arg(self.place.path(self.accounts)).args(arguments))
            .map(drop)
    }

    /// Our own program.
    pub(super) fn sealwax(&self) -> Command {
        self.place.command(self.program)
    }

    /// The directory of those who follow TUF: what they believe first, and where the rest is.
    pub(super) fn tuf(&self) -> PathBuf {
        self.place.path("tuf")
    }

    pub(super) fn tuf_url(&self) -> Result<&str, Failure> {
        let documents = self.documents.as_ref().ok_or("there is no repository")?;
        Ok(&documents.tuf_url)
    }

    /// The files, as they are now, for clients that take files.
    pub(super) fn publish_files(&self) -> Outcome {
        let Some(Documents { url, .. }) = &self.documents else { return Ok(()) };
        fs::create_dir_all(self.files())?;
        ["trusted_root.json", "signing_config.json", "client_trust_config.json"]
            .into_iter()
            .try_for_each(|name| self.fetch(&format!("{url}/{name}"), &self.files().join(name)))
    }

    /// The directory of those files.
    pub(super) fn files(&self) -> PathBuf {
        self.place.path("files")
    }

    fn fetch(&self, url: &str, to: &Path) -> Outcome {
        let mut fetch = self.place.command("curl");
        said(fetch.args(["-sSf", "-o"]).arg(to).arg(url)).map(drop)
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
        token.args(["token", "--machine", MACHINE, "--secret-file", "secret", "--issuer"]);
        said(token.arg(&self.machine_issuer))
    }
}

/// A process of an instance, on a directory of its own.
struct Process {
    name: &'static str,
    port: u16,
}

/// What a process says of itself once everything answers.
struct Ready(Value);

impl Ready {
    fn member(&self, name: &str) -> Result<String, Failure> {
        let member = self.0.get(name).and_then(Value::as_str);
        Ok(member.ok_or_else(|| format!("the ready file has no {name}"))?.to_owned())
    }
}

impl Process {
    fn new(name: &'static str) -> Result<Self, Failure> {
        Ok(Self { name, port: free_port()? })
    }

    /// With this configuration from its next start on.
    fn configure(&self, place: &Place, configuration: &str) -> Outcome {
        let directory = place.path(self.name);
        fs::create_dir_all(&directory)?;
        Ok(fs::write(directory.join("serve.toml"), configuration)?)
    }

    /// The program is to serve it.
    fn told(&self, mut command: Command, place: &Place) -> Command {
        command.args(["serve", "--listen", &format!("127.0.0.1:{}", self.port), "--dir"]);
        command.arg(place.path(self.name));
        command
    }

    /// Starts it, and returns when everything answers.
    fn serve(&self, program: &Path, place: &Place) -> Result<(Server, Ready), Failure> {
        let ready = place.path(&format!("{}.ready.json", self.name));
        if ready.exists() {
            fs::remove_file(&ready)?;
        }
        let mut command = self.told(Command::new(program), place);
        command.arg("--ready-file").arg(&ready);
        let server = Server::start(Recipe {
            name: format!("sealwax serve ({})", self.name),
            command,
            directory: place.path(self.name),
            address: Address::Known(format!("127.0.0.1:{}", self.port)),
            kind: Kind::Signature,
            key: String::new(),
        })?;
        let started = Clock::now();
        while !ready.exists() {
            if started.elapsed() > PATIENCE {
                return Err(format!("{} is not ready", server.name).into());
            }
            sleep(LOOK);
        }
        Ok((server, Ready(serde_json::from_slice(&fs::read(ready)?)?)))
    }
}
