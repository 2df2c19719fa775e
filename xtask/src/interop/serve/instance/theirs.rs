//! Other people's services: Fulcio, which logs to a certificate log of ours, a signature log and timestamp-authority, as registries have
//! them. Who may sign in is told by an identity provider of ours. Trusted root and signing config are cosign's work; there is no
//! repository.

mod mariadb;
pub(in crate::interop::serve) mod rekor_v1;
mod signature_log;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use self::rekor_v1::RekorV1;
use self::signature_log::SignatureLog;
use super::super::super::peers;
use super::super::certificates::Certificates;
use super::super::place::{Key, Place, said};
use super::{Instance, Process};
use crate::running::{Address, Kind, Recipe, Server, free_port, rekor_tiles, sealwax};
use crate::{Failure, Outcome};

/// The programs.
pub(in super::super) struct Theirs {
    fulcio: PathBuf,
    log: SignatureLog,
    timestamp_server: PathBuf,
    cosign: PathBuf,
}

/// Since when all of it is trusted.
const START: &str = "2020-01-01T00:00:00Z";

/// What clients take for the origin of the signature log: the host name of its URL.
const HOST: &str = "localhost";

impl Theirs {
    /// With rekor-tiles.
    pub(in super::super) fn with_tiles(directory: &Path) -> Result<Self, Failure> {
        Self::install(directory, SignatureLog::Tiles(rekor_tiles::install(directory)?))
    }

    /// With Rekor of the first version.
    pub(in super::super) fn with_rekor_v1(directory: &Path) -> Result<Self, Failure> {
        Self::install(directory, SignatureLog::RekorV1(RekorV1::install(directory)?))
    }

    fn install(directory: &Path, log: SignatureLog) -> Result<Self, Failure> {
        Ok(Self {
            fulcio: peers::fulcio(directory)?,
            log,
            timestamp_server: peers::timestamp_server(directory)?,
            cosign: peers::cosign(directory)?,
        })
    }

    /// Starts them, and returns what clients see.
    pub(in super::super) fn start<'a>(
        &self,
        program: &'a Path,
        place: &'a Place,
    ) -> Result<Instance<'a>, Failure> {
        let accounts = Process::new("accounts")?;
        accounts.configure(place, "only = [\"idp\"]\n")?;
        let (provider, ready) = accounts.serve(program, place)?;

        let directory = place.path("theirs");
        fs::create_dir_all(&directory)?;
        let made = Authorities::make(&directory)?;
        let certificates = sealwax::recipe(program, &directory, Kind::Certificate, &made.ca_root)?;
        let certificates = Server::start(certificates)?;
        let ct_key = certificates.directory.join("key.pub");
        let issuers = [ready.member("issuer")?, ready.member("machine_issuer")?];
        let fulcio = Server::start(self.fulcio(&directory, &made, (&certificates, &ct_key), &issuers)?)?;
        let stamps = Server::start(self.timestamp_authority(&directory, &made)?)?;
        let log = self.log.start(&directory)?;

        let [ca_url, certificates_url] = [&fulcio, &certificates].map(url);
        let timestamps = format!("{}/api/v1/timestamp", url(&stamps));
        let origin = log.origin.map(|origin| format!(",origin={origin}")).unwrap_or_default();
        let (log_url, log_key) = (&log.url, log.key.display());
        let trusted = [
            ("--fulcio", format!("url={ca_url},certificate-chain={}", made.ca_chain.display())),
            ("--ctfe", format!("url={certificates_url},public-key={},start-time={START}", ct_key.display())),
            ("--rekor", format!("url={log_url},public-key={log_key},start-time={START}{origin}")),
            ("--tsa", format!("url={timestamps},certificate-chain={}", made.tsa_chain.display())),
        ];
        let service = |url: &str, version: u8| {
            format!("url={url},api-version={version},start-time={START},operator=theirs")
        };
        let [people, _] = &issuers;
        let config = [
            ("--fulcio", service(&ca_url, 1)),
            ("--rekor", service(log_url, log.version)),
            ("--rekor-config", "ANY".to_owned()),
            ("--oidc-provider", service(people, 1)),
            ("--tsa", service(&timestamps, 1)),
            ("--tsa-config", "ANY".to_owned()),
        ];
        self.write_trust(place, &trusted, &config)?;
        let mut servers = vec![fulcio, stamps];
        servers.extend(log.servers);
        servers.extend([certificates, provider]);
        Instance::with((program, place), None, timestamps, (&accounts, &ready), servers)
    }

    fn fulcio(
        &self,
        directory: &Path,
        made: &Authorities,
        (log, log_key): (&Server, &Path),
        [people, machines]: &[String; 2],
    ) -> Result<Recipe, Failure> {
        let domain = people.trim_end_matches("/oidc");
        let client = "client-id: sigstore";
        let issuers = format!(
            "oidc-issuers:\n  {people}: {{issuer-url: {people:?}, {client}, type: email}}\n  \
             {machines}: {{issuer-url: {machines:?}, {client}, type: uri, subject-domain: {domain:?}}}\n"
        );
        let (configuration, home) = (directory.join("fulcio.yaml"), directory.join("fulcio"));
        fs::create_dir_all(&home)?;
        fs::write(&configuration, issuers)?;
        let [http, grpc, metrics] = [free_port()?, free_port()?, free_port()?].map(|port| port.to_string());
        let mut command = Command::new(&self.fulcio);
        command.args(["serve", "--ca", "fileca", "--fileca-watch=false", "--fileca-key-passwd", "unused"]);
        command.arg("--fileca-cert").arg(&made.ca_chain).arg("--fileca-key").arg(&made.ca.private);
        command.args(["--host", "127.0.0.1", "--grpc-host", "127.0.0.1"]);
        command.args(["--port", &http, "--grpc-port", &grpc, "--metrics-port", &metrics]);
        command.arg("--config-path").arg(configuration);
        command.arg("--legacy-unix-domain-socket").arg(home.join("socket"));
        command.args(["--ct-log-url", &url(log)]).arg("--ct-log-public-key-path").arg(log_key);
        Ok(recipe("fulcio", command, home, &http))
    }

    /// Its check of the time by NTP is off: it would ask servers elsewhere.
    fn timestamp_authority(&self, directory: &Path, made: &Authorities) -> Result<Recipe, Failure> {
        let (port, home) = (free_port()?.to_string(), directory.join("timestamp-authority"));
        fs::create_dir_all(&home)?;
        let mut command = Command::new(&self.timestamp_server);
        command.args(["serve", "--host", "127.0.0.1", "--port", &port, "--disable-ntp-monitoring"]);
        command.args(["--timestamp-signer", "file", "--file-signer-passwd", "unused"]);
        command.arg("--file-signer-key-path").arg(&made.tsa.private);
        command.arg("--certificate-chain-path").arg(&made.tsa_chain);
        Ok(recipe("timestamp-authority", command, home, &port))
    }

    /// What clients trust and whom they ask, as cosign says it, and both in one file.
    fn write_trust(&self, place: &Place, trusted: &[(&str, String)], config: &[(&str, String)]) -> Outcome {
        let files = place.path("files");
        fs::create_dir_all(&files)?;
        let create = |what: &str, name: &str, flags: &[(&str, String)]| -> Result<Value, Failure> {
            let file = files.join(name);
            let mut create = place.command(&self.cosign);
            create.args([what, "create"]).arg("--out").arg(&file);
            said(create.args(flags.iter().flat_map(|(flag, value)| [*flag, value])))?;
            Ok(serde_json::from_slice(&fs::read(file)?)?)
        };
        let both = json!({
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
            "trustedRoot": create("trusted-root", "trusted_root.json", trusted)?,
            "signingConfig": create("signing-config", "signing_config.json", config)?,
        });
        Ok(fs::write(files.join("client_trust_config.json"), both.to_string())?)
    }
}

/// Keys and chains of Fulcio and of timestamp-authority.
struct Authorities {
    ca: Key,
    ca_chain: PathBuf,
    ca_root: PathBuf,
    tsa: Key,
    tsa_chain: PathBuf,
}

impl Authorities {
    fn make(directory: &Path) -> Result<Self, Failure> {
        let certificates = Certificates::in_directory(directory)?;
        let chain = |name: &str, extensions: &[&str]| -> Result<(Key, PathBuf, PathBuf), Failure> {
            let root = certificates.root(&format!("{name}-root"))?;
            let key = certificates.below(&root, name, extensions)?;
            let file = directory.join(format!("{name}.chain.pem"));
            fs::write(&file, fs::read_to_string(&key.public)? + &fs::read_to_string(&root.public)?)?;
            Ok((key, file, root.public))
        };
        let (ca, ca_chain, ca_root) = chain(
            "fulcio-ca",
            &[
                "basicConstraints=critical,CA:true,pathlen:0",
                "keyUsage=critical,keyCertSign",
                "extendedKeyUsage=codeSigning",
            ],
        )?;
        let (tsa, tsa_chain, _) = chain(
            "tsa",
            &[
                "basicConstraints=critical,CA:false",
                "keyUsage=critical,digitalSignature",
                "extendedKeyUsage=critical,timeStamping",
            ],
        )?;
        Ok(Self { ca, ca_chain, ca_root, tsa, tsa_chain })
    }
}

fn url(server: &Server) -> String {
    let port = server.address.rsplit(':').next().unwrap_or_default();
    format!("http://{HOST}:{port}")
}

fn recipe(name: &str, command: Command, directory: PathBuf, port: &str) -> Recipe {
    let address = Address::Known(format!("127.0.0.1:{port}"));
    Recipe { name: name.to_owned(), command, directory, address, kind: Kind::Signature, key: String::new() }
}
