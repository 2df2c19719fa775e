//! Trust for cosign as its users have it: a TUF repository with the trusted root and the signing config of the peers' services.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sealwax_crypto::{KeyKind, Message, SigningKey};
use sealwax_tuf::editor::{Change, Edition, Role, RoleKey, Terms};

use crate::Failure;
use crate::running::sealwax::absent;
use crate::running::web;

/// A repository that is served.
pub(super) struct Repository {
    /// Where.
    pub(super) address: String,
    /// Its first root.
    pub(super) root: PathBuf,
}

impl Repository {
    /// Publishes these targets, with one key for everything, and serves them.
    pub(super) fn publish(directory: &Path, targets: &[(&str, String)]) -> Result<Self, Failure> {
        let key = SigningKey::generate(KeyKind::EcdsaP256)?;
        let mut changes = Vec::new();
        for role in Role::ALL {
            changes.push(Change::AddKey { role, key: RoleKey::new(key.public_key(), None)? });
        }
        for (path, text) in targets {
            changes.push(Change::PutTarget { path: (*path).to_owned(), bytes: text.clone().into_bytes() });
        }
        let terms = Terms::new(Timestamp::now());
        let mut edition = Edition::plan(None, &changes, &terms)?;
        edition.date(&terms)?;
        for request in edition.requests(key.public_key()) {
            let signature = key.sign(request.scheme, Message::Bytes(&request.message))?;
            edition.add_signature(&request.file, &request.keyid, &signature)?;
        }
        let repository = absent(directory, "theirs.tuf")?;
        fs::create_dir_all(repository.join("targets"))?;
        for file in edition.finish()?.files {
            fs::write(repository.join(file.path), file.bytes)?;
        }
        let root = repository.join("1.root.json");
        Ok(Self { address: web::serve(repository)?, root })
    }
}
