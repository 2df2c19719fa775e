//! The TUF repository of an instance: what clients get their trust from, and how it stays fresh.

use std::path::Path;

use jiff::Timestamp;
use sealwax_crypto::{KeyKind, SigningKey};
use sealwax_tuf::editor::{Change, EditError, Edition, Repository, Role, RoleKey, Terms, due};

use super::trust::Documents;
use super::vault::Vault;
use crate::Failure;
use crate::ceremony::{repository, sign_all};

/// The targets. The third is what cosign asks for when it is to use Rekor v2.
const TARGETS: [&str; 3] =
    ["trusted_root.json", "signing_config.v0.2.json", "signing_config_rekor_v2.v0.2.json"];

/// The keys of a repository that an instance signs by itself: one for what says whom to trust, one for what says how new that
/// is. `sealwax ceremony` moves the first to people.
struct RoleKeys {
    root: SigningKey,
    online: SigningKey,
}

/// Publishes the documents if they are not published yet, and signs again what is due. Durable when it returns; a repository
/// that clients accept is there at any time.
pub fn publish(
    directory: &Path,
    vault: &Vault,
    documents: &Documents,
    now: Timestamp,
) -> Result<(), Failure> {
    let _lock = repository::lock(directory)?;
    let keys = RoleKeys {
        root: vault.key("tuf-root-1", KeyKind::EcdsaP256)?,
        online: vault.key("tuf-online-1", KeyKind::EcdsaP256)?,
    };
    let terms = Terms::new(now);
    let base = repository::open(directory)?;
    let mut changes = match &base {
        None => first_keys(&keys)?,
        Some(base) => {
            due(base, &terms.policy, now).iter().map(|due| Change::Renew { role: due.role }).collect()
        }
    };
    let contents = [&documents.trusted_root, &documents.signing_config, &documents.signing_config];
    for (path, text) in TARGETS.iter().zip(contents) {
        if !is_published(base.as_ref(), path, text.as_bytes())? {
            changes.push(Change::PutTarget { path: (*path).to_owned(), bytes: text.clone().into_bytes() });
        }
    }
    let mut edition = match Edition::plan(base.as_ref(), &changes, &terms) {
        Err(EditError::NothingToDo) => return Ok(()),
        edition => edition?,
    };
    edition.date(&terms)?;
    for key in [&keys.root, &keys.online] {
        sign_all(&mut edition, key)?;
    }
    repository::write(directory, &edition.finish()?)
}

fn first_keys(keys: &RoleKeys) -> Result<Vec<Change>, Failure> {
    let key = |role, key: &SigningKey| -> Result<Change, Failure> {
        Ok(Change::AddKey { role, key: RoleKey::new(key.public_key(), None)? })
    };
    Ok(vec![
        key(Role::Root, &keys.root)?,
        key(Role::Targets, &keys.root)?,
        key(Role::Snapshot, &keys.online)?,
        key(Role::Timestamp, &keys.online)?,
    ])
}

fn is_published(base: Option<&Repository>, path: &str, bytes: &[u8]) -> Result<bool, Failure> {
    let Some(base) = base else { return Ok(false) };
    let target = base.target(path).map_err(|error| Failure::cannot(error.to_string()))?;
    Ok(target.is_some_and(|target| target.matches(bytes)))
}
