//! Our side: an instance behind a proxy, whose trust a home of ours has by TUF; and how ours is called.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::proxy::Proxy;
use crate::bench::processes::quiet;
use crate::bench::services::instance::Instance;
use crate::process::output;
use crate::running::{Server, free_port};
use crate::{Failure, Outcome};

/// The name of the trust profile.
const PROFILE: &str = "bench";

pub(super) struct Ours {
    program: PathBuf,
    server: Server,
    proxy: Proxy,
    home: PathBuf,
    token: PathBuf,
    /// Who issued the token.
    pub(super) issuer: String,
    /// What the instance hands out, for others to be told of the same authorities.
    pub(super) trusted_root: PathBuf,
}

impl Ours {
    /// Serves the instance, and follows its trust.
    pub(super) fn start(
        program: &Path,
        directory: &Path,
        instance: &Instance,
        (issuer, token): (&str, &Path),
    ) -> Result<Self, Failure> {
        let listen = format!("127.0.0.1:{}", free_port()?);
        let proxy = Proxy::to(&listen)?;
        let url = format!("http://{}", proxy.address);
        let server = Server::start(instance.recipe_behind(program, &listen, &url))?;
        let home = directory.join("home");
        if home.exists() {
            fs::remove_dir_all(&home)?;
        }
        let ours = Self {
            program: program.to_owned(),
            server,
            proxy,
            home,
            token: token.to_owned(),
            issuer: issuer.to_owned(),
            trusted_root: directory.join("ours.trusted_root.json"),
        };
        let root = directory.join("ours.root.json");
        output(Command::new("curl").args(["-sSf", "-o"]).arg(&root).arg(format!("{url}/tuf/1.root.json")))?;
        let trusted_root = format!("{url}/trusted_root.json");
        output(Command::new("curl").args(["-sSf", "-o"]).arg(&ours.trusted_root).arg(trusted_root))?;
        let tuf = format!("{url}/tuf");
        output(ours.command(&["trust", "add", PROFILE, "--tuf", &tuf, "--root"]).arg(root))?;
        output(&mut ours.command(&["trust", "update", PROFILE]))?;
        ours.server.rests()?;
        Ok(ours)
    }

    /// `sealwax` in its home.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = quiet(&self.program, arguments);
        command.env("SEALWAX_HOME", &self.home).env_remove("SEALWAX_TRUST");
        command
    }

    /// `sealwax sign` by the identity token.
    pub(super) fn sign(&self) -> Command {
        let mut sign = self.command(&["sign", "--trust", PROFILE, "--overwrite", "--token"]);
        sign.arg(format!("@{}", self.token.display()));
        sign
    }

    /// `sealwax sign` by this key.
    pub(super) fn sign_by(&self, key: &Path) -> Command {
        let mut sign = self.command(&["sign", "--trust", PROFILE, "--overwrite", "--key"]);
        sign.arg(key);
        sign
    }

    pub(super) fn set_round_trip(&self, round_trip: Duration) {
        self.proxy.set_round_trip(round_trip);
    }

    /// How many connections there were since this was asked last.
    pub(super) fn connections(&self) -> u64 {
        self.proxy.connections()
    }

    pub(super) fn stop(self) -> Outcome {
        self.server.stop().map(drop)
    }
}
