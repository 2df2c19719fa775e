//! Whom ours is measured beside, how they are installed, and how each is started: on loopback, with the keys and chains of an
//! instance of ours.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::instance::Instance;
use crate::Failure;
use crate::bench::log::sides::Rekor;
use crate::interop::peers;
use crate::process::{cargo, executable};
use crate::running::{Address, Kind, Recipe, Server, empty, free_port, rekor_tiles};

/// The programs.
pub(in crate::bench) struct Programs {
    pub(in crate::bench) sealwax: PathBuf,
    /// Those that registries carry; none with `--ours-only`.
    pub(in crate::bench) peers: Option<Installed>,
    pub(in crate::bench) tesseract: Option<PathBuf>,
    pub(in crate::bench) dex: Option<PathBuf>,
}

pub(in crate::bench) struct Installed {
    fulcio: PathBuf,
    timestamp_server: PathBuf,
    rekor_tiles: PathBuf,
}

/// Settings of timestamp-authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::bench) enum Tsa {
    Defaults,
    /// What it writes about each request goes nowhere.
    NoLogFile,
    /// And it collects garbage a quarter as often.
    LazyToo,
}

impl Programs {
    /// Builds ours, installs the peers, and takes the others where they are.
    pub(in crate::bench) fn gather(
        directory: &Path,
        sealwax: Option<PathBuf>,
        with_peers: bool,
        tesseract: Option<PathBuf>,
        dex: Option<PathBuf>,
    ) -> Result<Self, Failure> {
        let sealwax = match sealwax {
            Some(path) => path,
            None => {
                let mut command = cargo();
                command.args(["build", "-q", "--release", "-p", "sealwax"]);
                executable(command, "sealwax")?
            }
        };
        let install = || -> Result<Installed, Failure> {
            Ok(Installed {
                fulcio: peers::fulcio(directory)?,
                timestamp_server: peers::timestamp_server(directory)?,
                rekor_tiles: rekor_tiles::install(directory)?,
            })
        };
        let peers = with_peers.then(install).transpose()?;
        Ok(Self { sealwax, peers, tesseract, dex })
    }
}

impl Installed {
    /// Fulcio with the key and the chain of this instance, logging to a certificate log or, without one, nowhere.
    pub(in crate::bench) fn fulcio(
        &self,
        instance: &Instance,
        log: Option<&Server>,
    ) -> Result<Recipe, Failure> {
        let directory = empty(&parent(instance), "fulcio")?;
        let [http, grpc, metrics] = [free_port()?, free_port()?, free_port()?].map(|port| port.to_string());
        let mut command = Command::new(&self.fulcio);
        command.args(["serve", "--ca", "fileca", "--fileca-watch=false", "--fileca-key-passwd", "unused"]);
        command.arg("--fileca-cert").arg(instance.chain("ca-1"));
        command.arg("--fileca-key").arg(instance.key("ca-1"));
        command.args(["--host", "127.0.0.1", "--grpc-host", "127.0.0.1"]);
        command.args(["--port", &http, "--grpc-port", &grpc, "--metrics-port", &metrics]);
        command.arg("--config-path").arg(instance.issuers());
        command.arg("--legacy-unix-domain-socket").arg(directory.join("socket"));
        command.arg("--ct-log-url").arg(log.map_or(String::new(), |log| format!("http://{}", log.address)));
        if let Some((_, key)) = log.and_then(|log| log.key.split_once('=')) {
            command.args(["--ct-log-public-key-path", key]);
        }
        Ok(recipe("fulcio", command, directory, &http))
    }

    /// timestamp-authority with the key and the chain of this instance. Its check of the time by NTP is off: it would ask servers
    /// elsewhere.
    pub(in crate::bench) fn timestamp_authority(
        &self,
        instance: &Instance,
        setting: Tsa,
    ) -> Result<Recipe, Failure> {
        let directory = empty(&parent(instance), "timestamp-authority")?;
        let port = free_port()?.to_string();
        let mut command = match setting {
            Tsa::Defaults => Command::new(&self.timestamp_server),
            Tsa::NoLogFile | Tsa::LazyToo => {
                let mut silent = Command::new("sh");
                silent.args(["-c", r#"exec "$0" "$@" >/dev/null 2>&1"#]).arg(&self.timestamp_server);
                silent
            }
        };
        if setting == Tsa::LazyToo {
            command.env("GOGC", "400");
        }
        command.args(["serve", "--host", "127.0.0.1", "--port", &port, "--disable-ntp-monitoring"]);
        command.args(["--timestamp-signer", "file", "--file-signer-passwd", "unused"]);
        command.arg("--file-signer-key-path").arg(instance.key("tsa-1"));
        command.arg("--certificate-chain-path").arg(instance.chain("tsa-1"));
        Ok(recipe(setting.name(), command, directory, &port))
    }

    /// rekor-tiles with its defaults.
    pub(in crate::bench) fn rekor_tiles(&self, instance: &Instance) -> Result<Recipe, Failure> {
        rekor_tiles::recipe(&self.rekor_tiles, &parent(instance), &[])
    }

    /// rekor-tiles with the quickest answers that it can give.
    pub(in crate::bench) fn quickest_rekor_tiles(&self, instance: &Instance) -> Result<Recipe, Failure> {
        rekor_tiles::recipe(&self.rekor_tiles, &parent(instance), Rekor::Quick.flags())
    }
}

impl Tsa {
    pub(in crate::bench) const ALL: [Tsa; 3] = [Tsa::Defaults, Tsa::NoLogFile, Tsa::LazyToo];

    fn name(self) -> &'static str {
        match self {
            Tsa::Defaults => "timestamp-authority, defaults",
            Tsa::NoLogFile => "timestamp-authority, no log file",
            Tsa::LazyToo => "timestamp-authority, no log file, GOGC=400",
        }
    }
}

/// dex with a static client and password, in memory.
pub(in crate::bench) fn dex(program: &Path, instance: &Instance) -> Result<Recipe, Failure> {
    let directory = empty(&parent(instance), "dex")?;
    let port = free_port()?.to_string();
    let configuration = directory.join("config.yaml");
    std::fs::write(
        &configuration,
        format!(
            "issuer: http://127.0.0.1:{port}\nstorage: {{type: memory}}\nweb: {{http: 127.0.0.1:{port}}}\n\
             enablePasswordDB: true\nstaticClients: [{{id: sigstore, public: true, name: sigstore}}]\n"
        ),
    )?;
    let mut command = Command::new(program);
    command.arg("serve").arg(configuration);
    Ok(recipe("dex", command, directory, &port))
}

fn recipe(name: &str, command: Command, directory: PathBuf, port: &str) -> Recipe {
    let address = Address::Known(format!("127.0.0.1:{port}"));
    Recipe { name: name.to_owned(), command, directory, address, kind: Kind::Signature, key: String::new() }
}

/// The directory that has all directories.
fn parent(instance: &Instance) -> PathBuf {
    instance.directory.parent().unwrap_or(Path::new(".")).to_owned()
}
