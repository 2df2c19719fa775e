//! The logs of an instance: directories as `sealwax log` knows them, whose keys are in the vault.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sealwax_crypto::KeyKind;
use sealwax_log::metrics::Metrics;
use sealwax_log::{Kind, Log};
use sealwax_server::journal::Journal;
use sealwax_signer::Signer;

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

/// Makes the log of a shard in the instance's directory, unless it is there. `roots`: what a certificate log accepts, in PEM.
pub fn lay(
    instance: &Path,
    vault: &Vault,
    kind: Kind,
    shard: &Shard,
    roots: Option<&str>,
) -> Result<Laid, Failure> {
    let (folder, algorithm) = match kind {
        Kind::Signature => ("log", KeyKind::Ed25519),
        Kind::Certificate => ("ct", KeyKind::EcdsaP256),
    };
    let directory = instance.join(folder).join(&shard.name);
    let name = format!("{folder}-{}", shard.name);
    let key: Arc<dyn Signer> = Arc::new(vault.key(&name, algorithm)?);
    let keys = Keys::new(kind, &shard.origin, key, None)?;
    let description = if directory.join(description::NAME).exists() {
        Description::read(&directory)?
    } else {
        if directory.exists() {
            // Of a start that was killed: nobody was told of it, so nothing can be in it.
            let removed = fs::remove_dir_all(&directory);
            removed.map_err(|error| Failure::cannot(format!("{}: {error}", directory.display())))?;
        }
        fs::create_dir_all(&directory)
            .map_err(|error| Failure::cannot(format!("{}: {error}", directory.display())))?;
        let path = match kind {
            Kind::Signature => format!("/shard/{}", shard.name),
            Kind::Certificate => format!("/ct/{}", shard.name),
        };
        let reference = Reference::File(Path::new("../../secrets").join(name));
        new::lay(&directory, kind, &shard.origin, path, &keys, vec![reference], roots.map(str::as_bytes))?
    };
    if description.verifier_keys != keys.verifier_keys() {
        return Err(Failure::cannot(format!("{} was made with another key", directory.display())));
    }
    Ok(Laid { directory, description, keys })
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
