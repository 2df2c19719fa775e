//! A machine that signs at an instance of its own.

use serde_json::Value;

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
        Self::start_with(scratch, &[])
    }

    /// With more arguments of `serve`.
    pub(crate) fn start_with(scratch: &Scratch, more: &[&str]) -> Self {
        let running = Running::start(scratch, more);
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
        self.token_by(scratch, "bot", &self.secret)
    }

    pub(crate) fn add_person(&self, scratch: &Scratch, name: &str, email: &str, password: &str) {
        let password = scratch.write("password", password);
        let directory = self.running.directory();
        let arguments = ["account", "add", name, "--email", email, "--password-file", &password];
        scratch.run(&[&arguments[..], &["--dir", &directory]].concat()).exits(0);
    }

    /// Of another machine of the same instance.
    pub(crate) fn token_of(&self, scratch: &Scratch, name: &str) -> String {
        let secret = scratch.path(&format!("{name}.secret")).to_string_lossy().into_owned();
        let directory = self.running.directory();
        scratch
            .run(&["account", "add", name, "--dir", &directory, "--machine", "--secret-file", &secret])
            .exits(0);
        self.token_by(scratch, name, &secret)
    }

    fn token_by(&self, scratch: &Scratch, name: &str, secret: &str) -> String {
        let issuer = self.running.machine_issuer();
        scratch.run(&["token", "--issuer", issuer, "--machine", name, "--secret-file", secret]).exits(0).out
    }

    /// The same trust; the services are asked by way of these addresses, each an operator's, and any of them will do.
    pub(crate) fn config_by(&self, scratch: &Scratch, urls: &[&str]) -> String {
        let mut config: Value =
            serde_json::from_str(&std::fs::read_to_string(&self.config).unwrap()).unwrap();
        for kind in ["caUrls", "rekorTlogUrls", "tsaUrls"] {
            let services = &mut config["signingConfig"][kind];
            let one = services[0].clone();
            let by = |url: &&str| {
                let mut service = one.clone();
                service["url"] = one["url"].as_str().unwrap().replace(self.url(), url).into();
                service["operator"] = (*url).into();
                service
            };
            *services = urls.iter().map(by).collect();
        }
        let ports: Vec<&str> = urls.iter().filter_map(|url| url.rsplit(':').next()).collect();
        scratch.write(&format!("by-{}.json", ports.join("-")), config.to_string())
    }

    /// The same trust; services of this kind are where nobody listens.
    pub(crate) fn config_without(&self, scratch: &Scratch, kind: &str) -> String {
        let mut config: Value =
            serde_json::from_str(&std::fs::read_to_string(&self.config).unwrap()).unwrap();
        let url = &mut config["signingConfig"][kind][0]["url"];
        *url = url.as_str().unwrap().replace(self.url(), "http://127.0.0.1:9").into();
        scratch.write(&format!("without-{kind}.json"), config.to_string())
    }

    /// What the instance has at this path.
    pub(crate) fn fetch(&self, path: &str) -> String {
        self.running.get(path).text()
    }

    /// A document of the instance, into a file.
    pub(crate) fn download(&self, scratch: &Scratch, path: &str, name: &str) -> String {
        scratch.write(name, self.fetch(path))
    }

    /// Whom the certificate names, and by whom.
    pub(crate) fn who(&self) -> [String; 4] {
        let issuer = self.running.machine_issuer().to_owned();
        ["--identity".to_owned(), self.identity(), "--issuer".to_owned(), issuer]
    }

    /// How many entries the log has after the first, which is the instance's own.
    pub(crate) fn log_size(&self) -> u64 {
        let size: u64 = self.fetch("/checkpoint").lines().nth(1).unwrap().parse().unwrap();
        size - 1
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

    /// By any rule, on the trust of the instance.
    pub(crate) fn verify_by(&self, scratch: &Scratch, artifact: &str, more: &[&str]) -> Ran {
        scratch.run(&[&["verify", artifact, "--trusted-root", &self.root][..], more].concat())
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
