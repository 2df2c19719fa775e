//! Brings a directory to where it can be served: everything that is not there yet is made, each thing whole and durable, and
//! nothing twice (ADR 6). A start that was killed is taken up again where it ended.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::Path;

use jiff::Timestamp;
use sealwax_log::Kind;
use sealwax_pki::Certificate;

use super::certificates::{Certificates, Certified, Terms};
use super::instance::Instance;
use super::secret::{Secret, Source};
use super::shard::{self, Laid};
use super::vault::{Vault, private_directory};
use super::{address, format, repository, trust};
use crate::Failure;

/// One process has an instance.
const LOCK: &str = "lock";

/// An instance that can be served.
pub struct Ready {
    pub instance: Instance,
    pub vault: Vault,
    pub certificate_authority: Certified,
    pub timestamp_authority: Certified,
    pub certificate_log: Laid,
    pub signature_log: Laid,
    pub documents: trust::Documents,
    /// Whether this start made it, and where the secret is if it was made too.
    pub is_new: bool,
    pub secret: Source,
}

/// Whom an instance is for.
pub struct Wanted<'a> {
    pub directory: &'a Path,
    pub secret: Option<&'a Path>,
    /// Where it listens now.
    pub listen: SocketAddr,
    pub url: Option<&'a str>,
}

/// What is stored of the instance in a directory, if there is one, whole or not.
pub fn stored(directory: &Path) -> Result<Option<Instance>, Failure> {
    Instance::read(directory)
}

/// Makes what is missing, for whoever has the [`lock`]. Blocks.
pub fn prepare(wanted: &Wanted<'_>) -> Result<Ready, Failure> {
    let directory = wanted.directory;
    let stored = Instance::read(directory)?;
    let secret = Secret::find(directory, wanted.secret, stored.is_none())?;
    let source = secret.source.clone();
    let vault = Vault::open(directory.join("secrets"), secret)?;
    let mut instance = match stored {
        Some(instance) => {
            address::check(&instance, wanted.url)?;
            format::bring_up(directory, vault.secret(), instance)?
        }
        None => {
            let url = address::of(wanted.url, wanted.listen)?;
            let now = Timestamp::from_second(Timestamp::now().as_second());
            let now = now.map_err(|error| Failure::cannot(error.to_string()))?;
            let instance = Instance::new(url, wanted.listen, now)?;
            // First, so that whoever goes on after a kill uses the same address and the same time.
            instance.write(directory)?;
            instance
        }
    };

    let host = instance.host()?;
    let terms = Terms { organization: &host, from: instance.created };
    let certificates = Certificates { folder: directory.join("certificates"), vault: &vault };
    let newest = |what: &str| Failure::cannot(format!("{} names no {what}", super::instance::NAME));
    let name = &instance.certificate_authorities.last().ok_or_else(|| newest("certificate authority"))?.name;
    let certificate_authority = certificates.certificate_authority(name, &terms)?;
    let name = &instance.timestamp_authorities.last().ok_or_else(|| newest("timestamp authority"))?.name;
    let timestamp_authority = certificates.timestamp_authority(name, &terms)?;

    let root = certificate_authority.chain.last().map(Certificate::to_pem);
    let shard = instance.certificate_shards.last().ok_or_else(|| newest("certificate log"))?;
    let certificate_log = shard::lay(directory, &vault, Kind::Certificate, shard, root.as_deref())?;
    let shard = instance.signature_shards.last().ok_or_else(|| newest("signature log"))?;
    let signature_log = shard::lay(directory, &vault, Kind::Signature, shard, None)?;

    let documents = trust::Documents::of(&trust::Services {
        url: &instance.url,
        from: instance.created,
        certificate_authority: &certificate_authority.chain,
        timestamp_authority: &timestamp_authority.chain,
        certificate_log: (&certificate_log.keys, &instance.certificate_shards),
        signature_log: &signature_log.keys,
    })?;
    repository::publish(&directory.join("tuf"), &vault, &documents, Timestamp::now())?;

    let is_new = !instance.made;
    if is_new {
        instance.made = true;
        instance.write(directory)?;
    }
    Ok(Ready {
        instance,
        vault,
        certificate_authority,
        timestamp_authority,
        certificate_log,
        signature_log,
        documents,
        is_new,
        secret: source,
    })
}

/// Makes the directory, for its owner alone, if it is not there, and takes it until the file is closed.
pub fn lock(directory: &Path) -> Result<File, Failure> {
    let cannot = |error: std::io::Error| Failure::cannot(format!("{}: {error}", directory.display()));
    private_directory(directory).map_err(cannot)?;
    refuse_strangers(directory)?;
    let file = File::options().create(true).append(true).open(directory.join(LOCK)).map_err(cannot)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => {
            Err(Failure::cannot(format!("{} is served by another process", directory.display())))
        }
        Err(fs::TryLockError::Error(error)) => Err(cannot(error)),
    }
}

/// A directory with something else in it is not taken for one to make an instance in.
fn refuse_strangers(directory: &Path) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| Failure::cannot(format!("{}: {error}", directory.display()));
    if directory.join(super::instance::NAME).exists() {
        return Ok(());
    }
    for entry in fs::read_dir(directory).map_err(cannot)? {
        let name = entry.map_err(cannot)?.file_name();
        // What a start that was killed may have left before it wrote down what it makes.
        let unfinished = name.to_string_lossy().starts_with(&format!(".{}.", super::instance::NAME));
        if name != LOCK && name != "secrets" && name != super::config::NAME && !unfinished {
            return Err(Failure::cannot(format!(
                "{} is no instance, and not empty ({}): give --dir an empty directory, or a new one",
                directory.display(),
                name.display()
            )));
        }
    }
    Ok(())
}
