//! The logs of an instance: directories as `sealwax log` knows them, whose keys are in the vault.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sealwax_crypto::KeyKind;
use sealwax_log::metrics::Metrics;
use sealwax_log::{Kind, Log};
use sealwax_server::journal::Journal;

use super::instance::Shard;
use super::vault::Vault;
use crate::Failure;
use crate::log::description::{self, Description};
use crate::log::keys::{Keys, Reference};
use crate::log::new;
use crate::log::serve::keeper::{Keeper, Plan};

/// How far a copy of a log's files may lag behind it.
const SETTLE_EVERY: Duration = Duration::from_mins(10);

/// A log that is made, and its keys.
pub struct Laid {
    directory: PathBuf,
    description: Description,
    pub keys: Keys,
}

impl Laid {
    /// What the shard is called.
    pub fn name(&self) -> &str {
        self.directory.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }
}

/// The keys of a shard, which are made if they are not there.
pub fn keys(vault: &Vault, kind: Kind, shard: &Shard) -> Result<Keys, Failure> {
    let algorithm = match kind {
        Kind::Signature => KeyKind::Ed25519,
        Kind::Certificate => KeyKind::EcdsaP256,
    };
    let name = key_name(kind, shard);
    let keys = Keys::new(kind, &shard.origin, vault.signer(&name, algorithm)?, None);
    keys.map_err(|failure| Failure { message: format!("secrets/{name}: {}", failure.message), ..failure })
}

/// Whether the log of a shard is in the instance's directory.
pub fn is_laid(instance: &Path, kind: Kind, shard: &Shard) -> bool {
    place(instance, kind, shard).join(description::NAME).exists()
}

/// Where the log of a shard is, in the instance's directory.
pub fn place(instance: &Path, kind: Kind, shard: &Shard) -> PathBuf {
    instance.join(folder(kind)).join(&shard.name)
}

/// Makes the log of a shard in the instance's directory, unless it is there. `roots`: what a certificate log accepts, in PEM.
/// Signs a checkpoint, so that the shard's time must have come.
pub fn lay(
    instance: &Path,
    kind: Kind,
    shard: &Shard,
    keys: Keys,
    roots: Option<&str>,
) -> Result<Laid, Failure> {
    let directory = place(instance, kind, shard);
    let description = if directory.join(description::NAME).exists() {
        Description::read(&directory)?
    } else {
        if directory.exists() {
            // Of a start or a rotation that was killed: nobody was told of it, so nothing can be in it.
            let removed = fs::remove_dir_all(&directory);
            removed.map_err(|error| Failure::cannot(format!("{}: {error}", directory.display())))?;
        }
        fs::create_dir_all(&directory)
            .map_err(|error| Failure::cannot(format!("{}: {error}", directory.display())))?;
        let path = match kind {
            Kind::Signature => format!("/shard/{}", shard.name),
            Kind::Certificate => format!("/ct/{}", shard.name),
        };
        let reference = Reference::File(Path::new("../../secrets").join(key_name(kind, shard)));
        new::lay(&directory, kind, &shard.origin, path, &keys, vec![reference], roots.map(str::as_bytes))?
    };
    if description.verifier_keys != keys.verifier_keys() {
        return Err(Failure::cannot(format!(
            "secrets/{} is not the key that {} was made with: put that one back",
            key_name(kind, shard),
            directory.display()
        )));
    }
    Ok(Laid { directory, description, keys })
}

fn folder(kind: Kind) -> &'static str {
    match kind {
        Kind::Signature => "log",
        Kind::Certificate => "ct",
    }
}

fn key_name(kind: Kind, shard: &Shard) -> String {
    format!("{}-{}", folder(kind), shard.name)
}

/// A log that takes entries.
pub struct Running {
    keeper: Keeper,
    pub keys: Keys,
}

impl Running {
    /// Opens the log, and sequences until it is stopped.
    pub async fn start(laid: Laid, metrics: Arc<Metrics>, journal: Journal) -> Result<Self, Failure> {
        let Laid { directory, description, keys } = laid;
        let keeper = Keeper::start(Plan {
            directory,
            kind: description.kind,
            place: description.place,
            read_only: false,
            settle_every: SETTLE_EVERY,
            signing: keys.signing.clone(),
            metrics,
            journal,
            witnesses: None,
            anchor: None,
        });
        Ok(Self { keeper: keeper.await?, keys })
    }

    pub fn log(&self) -> &Log {
        self.keeper.log()
    }

    /// Finishes what waits, settles, and closes.
    pub async fn stop(self) -> Result<(), Failure> {
        self.keeper.stop().await
    }
}
