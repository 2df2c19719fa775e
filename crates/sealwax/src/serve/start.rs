//! Brings a directory to where it can be served: everything that is not there yet is made, each thing whole and durable, and
//! nothing twice (ADR 6). A start that was killed is taken up again where it ended.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use jiff::Timestamp;
use sealwax_log::Kind;

use super::config::Rotation;
use super::holdings::Holdings;
use super::instance::{Instance, Shard};
use super::others::{self, Others};
use super::places::{HostNames, Service};
use super::publication::{self, Published};
use super::rotation::Part;
use super::secret::{Secret, Source};
use super::shard::{self, Laid};
use super::trust::Documents;
use super::vault::{self, Vault, private_directory};
use super::{address, certificates, format, permissions, restored};
use crate::Failure;
use crate::sources::read_limited;

/// One process has an instance.
const LOCK: &str = "lock";

/// The longest word that is left in it, bytes: a URL of an address and a port.
const MAX_LOCK_BYTES: u64 = 128;

/// An instance that can be served.
pub struct Ready {
    pub instance: Instance,
    pub vault: Vault,
    pub holdings: Holdings,
    /// Those that have ended, and the one in use.
    pub certificate_logs: Vec<Laid>,
    pub signature_logs: Vec<Laid>,
    pub published: Published,
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
    pub hosts: &'a HostNames,
    pub only: &'a BTreeSet<Service>,
    pub others: &'a Others,
    pub rotation: &'a Rotation,
}

/// What is stored of the instance in a directory, if there is one, whole or not.
pub fn stored(directory: &Path) -> Result<Option<Instance>, Failure> {
    Instance::read(directory)
}

/// Makes what is missing, for whoever has the [`lock`]. Blocks.
pub fn prepare(wanted: &Wanted<'_>) -> Result<Ready, Failure> {
    let directory = wanted.directory;
    let stored = Instance::read(directory)?;
    permissions::check(directory)?;
    let secret = Secret::find(directory, wanted.secret, stored.is_none())?;
    let source = secret.source.clone();
    let vault = Vault::open(directory.join(vault::FOLDER), secret)?;
    vault.seal_brought()?;
    let mut instance = match stored {
        Some(instance) => {
            address::check(&instance, wanted.url, wanted.hosts, wanted.only)?;
            format::bring_up(directory, vault.secret(), instance)?
        }
        None => {
            let url = address::of(wanted.url, wanted.listen)?;
            address::check_hosts(&url, wanted.hosts)?;
            let now = Timestamp::from_second(Timestamp::now().as_second());
            let now = now.map_err(|error| Failure::cannot(error.to_string()))?;
            let instance = Instance::new(url, wanted.hosts.clone(), wanted.only.clone(), wanted.listen, now)?;
            // First, so that whoever goes on after a kill uses the same address and the same time.
            instance.write(directory)?;
            instance
        }
    };

    if instance.made {
        Holdings::check_there(directory, &instance)?;
    }
    let holdings = Holdings::of(directory, &vault, &instance, wanted.rotation, wanted.others.clone())?;
    if !instance.made {
        holdings.check_begun(&instance, Timestamp::now())?;
    }
    holdings.keep(directory, &vault, &instance, wanted.rotation)?;
    if !instance.has(Service::Tuf) && others::handed(directory)?.is_none() {
        // Before anything can be missing: the others need it to begin.
        let own = Documents::of(&instance, &holdings, Vec::new())?;
        others::hand(directory, &own.client_trust_config_json())?;
    }
    others::check(&instance, wanted.others)?;
    let certificate_logs = laid(directory, Kind::Certificate, &instance, &holdings)?;
    let signature_logs = laid(directory, Kind::Signature, &instance, &holdings)?;
    restored::take_up(directory, &vault, &mut instance, &holdings, wanted.rotation)?;
    let at = (wanted.rotation, Timestamp::now());
    let published = publication::publish(directory, &vault, &mut instance, &holdings, at)?;

    let is_new = !instance.made;
    if is_new {
        instance.made = true;
        instance.write(directory)?;
    }
    Ok(Ready {
        instance,
        vault,
        holdings,
        certificate_logs,
        signature_logs,
        published,
        is_new,
        secret: source,
    })
}

/// The logs whose time has come, oldest first.
fn laid(
    directory: &Path,
    kind: Kind,
    instance: &Instance,
    holdings: &Holdings,
) -> Result<Vec<Laid>, Failure> {
    let (part, shards, keys) = match kind {
        Kind::Certificate => (Part::Ct, &instance.certificate_shards, &holdings.certificate_logs),
        Kind::Signature => (Part::Log, &instance.signature_shards, &holdings.signature_logs),
    };
    let Some(in_use) = instance.in_use(part) else { return Ok(Vec::new()) };
    let roots = if kind == Kind::Certificate { holdings.roots()? } else { String::new() };
    let roots = (kind == Kind::Certificate).then_some(roots.as_str());
    // One that ended before it was made here was planned in a backup: it may have entries elsewhere, and never has any here.
    let is_here = |shard: &Shard| shard.term.until.is_none() || shard::is_laid(directory, kind, shard);
    let begun = shards.iter().zip(keys).take(in_use + 1).filter(|(shard, _)| is_here(shard));
    begun.map(|(shard, keys)| shard::lay(directory, kind, shard, keys.clone(), roots)).collect()
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

/// Leaves word in the lock of where the process is asked how it is: by plain HTTP alone, since a certificate has another name. What
/// cannot be written is missed by nobody but `sealwax status`.
pub fn say_where(mut lock: &File, listen: SocketAddr, has_tls: bool) {
    let mut here = listen;
    if here.ip().is_unspecified() {
        here.set_ip(if here.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    let text = if has_tls { String::new() } else { format!("http://{here}") };
    let _ = lock.set_len(0).and_then(|()| lock.write_all(text.as_bytes()));
}

/// Where the process that serves the instance is asked how it is, if it has said so.
pub fn is_where(directory: &Path) -> Option<String> {
    let text = read_limited(&directory.join(LOCK), MAX_LOCK_BYTES).ok()?;
    String::from_utf8(text).ok().filter(|text| !text.is_empty())
}

/// Whether a process serves the instance in this directory.
pub fn is_served(directory: &Path) -> Result<bool, Failure> {
    let path = directory.join(LOCK);
    let cannot = |error: std::io::Error| Failure::cannot(format!("{}: {error}", path.display()));
    let file = match File::open(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        opened => opened.map_err(cannot)?,
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(fs::TryLockError::WouldBlock) => Ok(true),
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
        // Keys and chains may be brought along.
        let brought = name == vault::FOLDER || name == certificates::FOLDER;
        if brought {
            refuse_strange_names(&directory.join(&name))?;
        }
        if name != LOCK && !brought && name != super::config::NAME && !unfinished {
            return Err(Failure::cannot(format!(
                "{} is no instance, and not empty ({}): give --dir an empty directory, or a new one",
                directory.display(),
                name.display()
            )));
        }
    }
    Ok(())
}

/// A key or a chain that is called otherwise would lie there unused, and another one would be made.
fn refuse_strange_names(folder: &Path) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| Failure::cannot(format!("{}: {error}", folder.display()));
    let (is_name, names): (fn(&str) -> bool, _) = match folder.ends_with(vault::FOLDER) {
        true => (vault::is_name, "a key (ca-1, ca-root-1, tsa-1, tsa-root-1, ct-1, log-1)"),
        false => (certificates::is_name, "a chain (ca-1.pem, tsa-1.pem)"),
    };
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        let name = entry.file_name();
        // Hidden is what is on its way to its name, and what brings files: the folder of a mounted volume.
        if !name.to_str().is_some_and(|name| name.starts_with('.') || is_name(name)) {
            return Err(Failure::cannot(format!(
                "{} is not called as {names} of an instance is: rename it, or put it elsewhere",
                entry.path().display()
            )));
        }
    }
    Ok(())
}
