//! The other side: cosign, and the services that its makers run, each at its best tuning and behind a proxy.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use sealwax_crypto::PublicKey;
use sealwax_formats::base64;
use sealwax_tlog::VerifierKey;
use sealwax_tlog::note::SignatureType;
use serde_json::{Value, json};

use super::ours::Ours;
use super::proxy::Proxy;
use super::repository::Repository;
use crate::bench::log::sides::Tesseract;
use crate::bench::processes::quiet;
use crate::bench::services::instance::Instance;
use crate::bench::services::peers::{Installed, Programs, Tsa};
use crate::interop::peers;
use crate::process::output;
use crate::running::{Kind, Recipe, Server, sealwax, tesseract};
use crate::{Failure, Outcome};

/// Where cosign has its trust from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Files that it is given: it asks nobody.
    Files,
    /// A TUF repository and its copy of it, as users have it after `cosign initialize`.
    Repository,
}

pub(super) struct Theirs {
    cosign: PathBuf,
    directory: PathBuf,
    token: PathBuf,
    servers: Vec<Server>,
    proxies: Vec<Proxy>,
}

impl Theirs {
    /// Starts the services, and writes for cosign whom to trust and whom to ask.
    pub(super) fn start(
        programs: &Programs,
        installed: &Installed,
        directory: &Path,
        instance: &Instance,
        ours: &Ours,
        token: &Path,
    ) -> Result<Self, Failure> {
        let cosign = peers::cosign(directory)?;
        let certificates = Server::start(certificate_log(programs, directory, instance)?)?;
        let fulcio = Server::start(installed.fulcio(instance, Some(&certificates))?)?;
        let stamps = Server::start(installed.timestamp_authority(instance, Tsa::LazyToo)?)?;
        let rekor = Server::start(installed.quickest_rekor_tiles(instance)?)?;

        let fulcio_way = Proxy::to(&fulcio.address)?;
        let (stamps_way, rekor_way) = (Proxy::to(&stamps.address)?, Proxy::to(&rekor.address)?);
        let root = trusted_root(&ours.trusted_root, &certificates, &rekor)?;
        fs::write(directory.join("theirs.trusted_root.json"), root.to_string())?;
        let service = |url: String| {
            let from = "2020-01-01T00:00:00Z";
            json!([{"url": url, "majorApiVersion": 1, "validFor": {"start": from}, "operator": "peers"}])
        };
        let mut config = json!({
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": service(format!("http://{}", fulcio_way.address)),
            "rekorTlogUrls": service(format!("http://{}", rekor_way.address)),
            "tsaUrls": service(format!("http://{}/api/v1/timestamp", stamps_way.address)),
            "rekorTlogConfig": {"selector": "ANY"},
            "tsaConfig": {"selector": "ANY"},
        });
        config["rekorTlogUrls"][0]["majorApiVersion"] = json!(2);
        fs::write(directory.join("theirs.signing_config.json"), config.to_string())?;
        let nobody = json!({"mediaType": config["mediaType"], "rekorTlogConfig": {}, "tsaConfig": {}});
        fs::write(directory.join("nobody.signing_config.json"), nobody.to_string())?;
        let targets =
            [("trusted_root.json", root.to_string()), ("signing_config.v0.2.json", config.to_string())];
        let repository = Repository::publish(directory, &targets)?;
        let repository_way = Proxy::to(&repository.address)?;
        let servers = vec![certificates, fulcio, stamps, rekor];
        for server in &servers {
            server.rests()?;
        }
        let (directory, token) = (directory.to_owned(), token.to_owned());
        let mirror = format!("http://{}", repository_way.address);
        let proxies = vec![fulcio_way, stamps_way, rekor_way, repository_way];
        let theirs = Self { cosign, directory, token, servers, proxies };
        let mut initialize =
            theirs.command(Trust::Repository, &["initialize", "--mirror", &mirror, "--root"]);
        output(initialize.arg(repository.root))?;
        Ok(theirs)
    }

    /// cosign in a home of its own, which asks a repository only where it has its trust from there.
    fn command(&self, trust: Trust, arguments: &[&str]) -> Command {
        let mut command = quiet(&self.cosign, arguments);
        let home = self.directory.join("cosign-home");
        let copy = home.join(match trust {
            Trust::Files => "none",
            Trust::Repository => "repository",
        });
        command.current_dir(&self.directory).env("HOME", &home).env("TUF_ROOT", copy);
        command.env("COSIGN_PASSWORD", "");
        command
    }

    /// `cosign sign-blob` by the identity token.
    pub(super) fn sign(&self, file: &Path, trust: Trust) -> Command {
        let mut sign = self.command(trust, &["sign-blob", "--yes", "--bundle", "cosign.bundle.json"]);
        if trust == Trust::Files {
            sign.args(["--trusted-root", "theirs.trusted_root.json"]);
            sign.args(["--signing-config", "theirs.signing_config.json"]);
        }
        sign.arg("--identity-token").arg(&self.token).arg(file);
        sign
    }

    /// `cosign sign-blob` by its key, with timestamp and log entry or with neither.
    pub(super) fn sign_by_key(&self, file: &Path, with_evidence: bool) -> Command {
        let mut sign = self.command(Trust::Files, &["sign-blob", "--yes", "--bundle", "cosign.bundle.json"]);
        sign.args(["--key", "cosign.key", "--trusted-root", "theirs.trusted_root.json", "--signing-config"]);
        let config = if with_evidence { "theirs" } else { "nobody" };
        sign.arg(format!("{config}.signing_config.json")).arg(file);
        sign
    }

    /// A key of cosign's own, under an empty password.
    pub(super) fn make_key(&self) -> Outcome {
        if self.directory.join("cosign.key").exists() {
            return Ok(());
        }
        output(&mut self.command(Trust::Files, &["generate-key-pair"])).map(drop)
    }

    pub(super) fn set_round_trip(&self, round_trip: Duration) {
        for proxy in &self.proxies {
            proxy.set_round_trip(round_trip);
        }
    }

    /// How many connections there were since this was asked last.
    pub(super) fn connections(&self) -> u64 {
        self.proxies.iter().map(Proxy::connections).sum()
    }

    pub(super) fn stop(self) -> Outcome {
        self.servers.into_iter().try_for_each(|server| server.stop().map(drop))
    }
}

/// The log that Fulcio writes to: TesseraCT where it is, otherwise one of ours. TesseraCT answers before it publishes, which is the
/// quickest that it can.
fn certificate_log(programs: &Programs, directory: &Path, instance: &Instance) -> Result<Recipe, Failure> {
    let accepted = instance.root("ca-1")?;
    if let Some(program) = &programs.tesseract {
        return tesseract::recipe(program, directory, &accepted, Tesseract::Unpublished.flags());
    }
    let mut recipe = sealwax::recipe(&programs.sealwax, directory, Kind::Certificate, &accepted)?;
    let file = directory.join("ct.public.pem");
    fs::write(&file, VerifierKey::parse(&recipe.key)?.public_key().to_pem())?;
    recipe.key = format!("{}={}", sealwax::ORIGIN, file.display());
    Ok(recipe)
}

/// The trusted root of our instance, whose authorities have the same keys, with the logs that the others write to.
fn trusted_root(ours: &Path, certificates: &Server, rekor: &Server) -> Result<Value, Failure> {
    let mut root: Value = serde_json::from_slice(&fs::read(ours)?)?;
    let ((origin, signatures), (_, certificates)) = (public_key(rekor)?, public_key(certificates)?);
    let signatures = VerifierKey::new(origin, SignatureType::Ed25519, signatures)?;
    for (kind, key, details, id) in [
        ("tlogs", signatures.public_key(), "PKIX_ED25519", *signatures.id()),
        ("ctlogs", &certificates, "PKIX_ECDSA_P256_SHA_256", certificates.spki_sha256()),
    ] {
        let log = &mut root[kind][0];
        log["baseUrl"] = json!(format!("https://{origin}"));
        log["publicKey"]["rawBytes"] = json!(base64::encode(key.spki_der()));
        log["publicKey"]["keyDetails"] = json!(details);
        log["logId"]["keyId"] = json!(base64::encode(&id));
    }
    Ok(root)
}

/// A log's origin and key.
fn public_key(log: &Server) -> Result<(&str, PublicKey), Failure> {
    let (origin, file) = log.key.split_once('=').ok_or("the log has no key")?;
    Ok((origin, PublicKey::from_pem(&fs::read_to_string(file)?)?))
}
