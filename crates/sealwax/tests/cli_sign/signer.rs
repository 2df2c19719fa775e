//! A machine that signs at an instance of its own.

use crate::common::{Ran, Scratch};
use crate::instance::Running;

pub(crate) struct Signer {
    running: Running,
    secret: String,
    /// What clients are told: whom to trust and whom to ask.
    pub(crate) config: String,
    root: String,
}

impl Signer {
    pub(crate) fn start(scratch: &Scratch) -> Self {
        let running = Running::start(scratch, &[]);
        let secret = scratch.path("bot.secret").to_string_lossy().into_owned();
        let directory = running.directory();
        scratch
            .run(&["account", "add", "bot", "--dir", &directory, "--machine", "--secret-file", &secret])
            .exits(0);
        let config =
            scratch.write("client_trust_config.json", running.get("/client_trust_config.json").text());
        let root = scratch.write("root.json", running.get("/trusted_root.json").text());
        Self { running, secret, config, root }
    }

    pub(crate) fn url(&self) -> &str {
        self.running.url()
    }

    pub(crate) fn identity(&self) -> String {
        format!("{}/bot", self.running.machine_issuer())
    }

    pub(crate) fn token(&self, scratch: &Scratch) -> String {
        let issuer = self.running.machine_issuer();
        scratch
            .run(&["token", "--issuer", issuer, "--machine", "bot", "--secret-file", &self.secret])
            .exits(0)
            .out
    }

    /// On the trust of the instance.
    pub(crate) fn sign(
        &self,
        scratch: &Scratch,
        arguments: &[&str],
        variables: &[(&str, &str)],
        input: &[u8],
    ) -> Ran {
        let arguments = [arguments, &["--trust-config", &self.config]].concat();
        scratch.run_with(&arguments, variables, input)
    }

    /// By the bundle beside it.
    pub(crate) fn verify(&self, scratch: &Scratch, artifact: &str) -> Ran {
        self.verify_with(scratch, artifact, &format!("{artifact}.sigstore.json"))
    }

    pub(crate) fn verify_with(&self, scratch: &Scratch, artifact: &str, bundle: &str) -> Ran {
        let (identity, issuer) = (self.identity(), self.running.machine_issuer());
        scratch.run(&[
            "verify",
            artifact,
            "--bundle",
            bundle,
            "--identity",
            &identity,
            "--issuer",
            issuer,
            "--trusted-root",
            &self.root,
        ])
    }
}
