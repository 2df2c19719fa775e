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
/// that clients accept is there at any time. What only people can sign, since a ceremony gave them the keys, is left, and named:
/// it must not keep the timestamp from being signed, or all clients would be locked out within a week.
pub fn publish(
    directory: &Path,
    vault: &Vault,
    documents: &Documents,
    now: Timestamp,
) -> Result<Vec<String>, Failure> {
    let _lock = repository::lock(directory)?;
    let keys = RoleKeys {
        root: vault.key("tuf-root-1", KeyKind::EcdsaP256)?,
        online: vault.key("tuf-online-1", KeyKind::EcdsaP256)?,
    };
    let terms = Terms::new(now);
    let base = repository::open(directory)?;
    let ours = match &base {
        None => Role::ALL.to_vec(),
        Some(base) => keys.roles(base)?,
    };
    let (mut changes, mut left) = (Vec::new(), Vec::new());
    match &base {
        None => changes = first_keys(&keys)?,
        Some(base) => {
            for due in due(base, &terms.policy, now) {
                if ours.contains(&due.role) {
                    changes.push(Change::Renew { role: due.role });
                } else {
                    left.push(format!("{} expires at {}", due.role, due.expires));
                }
            }
        }
    }
    let contents = [&documents.trusted_root, &documents.signing_config, &documents.signing_config];
    for (path, text) in TARGETS.iter().zip(contents) {
        if is_published(base.as_ref(), path, text.as_bytes())? {
            continue;
        }
        if ours.contains(&Role::Targets) {
            changes.push(Change::PutTarget { path: (*path).to_owned(), bytes: text.clone().into_bytes() });
        } else {
            left.push(format!("{path} is not published as it is now"));
        }
    }
    let mut edition = match Edition::plan(base.as_ref(), &changes, &terms) {
        Err(EditError::NothingToDo) => return Ok(left),
        edition => edition?,
    };
    edition.date(&terms)?;
    for key in [&keys.root, &keys.online] {
        sign_all(&mut edition, key)?;
    }
    repository::write(directory, &edition.finish()?)?;
    Ok(left)
}

impl RoleKeys {
    /// The roles that these keys can sign. Without the machine's own, snapshot and timestamp, none: every change needs those.
    fn roles(&self, base: &Repository) -> Result<Vec<Role>, Failure> {
        let ours = [&self.root, &self.online].map(|key| RoleKey::new(key.public_key(), None));
        let ours = ours.into_iter().collect::<Result<Vec<RoleKey>, EditError>>()?;
        let signs = |role: &Role| {
            let (listed, threshold) = base.keys(*role);
            let found = listed.iter().filter(|listed| ours.iter().any(|key| key.keyid() == listed.keyid));
            u64::try_from(found.count()).is_ok_and(|found| found >= threshold)
        };
        let online = [Role::Snapshot, Role::Timestamp].iter().all(signs);
        Ok(Role::ALL.into_iter().filter(|role| online && signs(role)).collect())
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::secret::Secret;
    use jiff::SignedDuration;
    use sealwax_tuf::editor::Publication;
    use std::path::PathBuf;

    /// The directory of a repository, gone with the test.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("sealwax-repository-{name}-{}", std::process::id()));
            std::fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn vault(&self) -> Vault {
            let secret = Secret::find(&self.0.join("instance"), None, true).unwrap();
            Vault::open(self.0.join("secrets"), secret).unwrap()
        }

        fn tuf(&self) -> PathBuf {
            self.0.join("tuf")
        }

        fn repository(&self) -> Repository {
            repository::open(&self.tuf()).unwrap().unwrap()
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn documents(text: &str) -> Documents {
        let [trusted_root, signing_config, client_trust_config] = [text; 3].map(str::to_owned);
        Documents { trusted_root, signing_config, client_trust_config }
    }

    fn day(number: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_hours(24 * number)
    }

    /// A ceremony in which the role passes from the instance's key to a person's.
    fn hand_over(scratch: &Scratch, vault: &Vault, role: Role, now: Timestamp) -> Publication {
        let base = scratch.repository();
        let person = SigningKey::generate(KeyKind::EcdsaP256).unwrap();
        let (ours, _) = base.keys(role);
        let changes = [
            Change::RemoveKey { role, keyid: ours[0].keyid.clone() },
            Change::AddKey { role, key: RoleKey::new(person.public_key(), Some("alice")).unwrap() },
        ];
        let terms = Terms::new(now);
        let mut edition = Edition::plan(Some(&base), &changes, &terms).unwrap();
        edition.date(&terms).unwrap();
        let keys = ["tuf-root-1", "tuf-online-1"].map(|name| vault.key(name, KeyKind::EcdsaP256).unwrap());
        for key in keys.iter().chain([&person]) {
            sign_all(&mut edition, key).unwrap();
        }
        edition.finish().unwrap()
    }

    #[test]
    fn what_people_sign_does_not_keep_the_rest_from_being_signed() {
        let scratch = Scratch::new("people");
        let vault = scratch.vault();
        let publish = |text: &str, now| publish(&scratch.tuf(), &vault, &documents(text), now).unwrap();
        assert!(publish("{}", day(0)).is_empty());
        for role in [Role::Targets, Role::Root] {
            let publication = hand_over(&scratch, &vault, role, day(1));
            repository::write(&scratch.tuf(), &publication).unwrap();
        }

        // Root and targets are due, and the documents have changed: none of it can be signed here.
        let left = publish("{\"new\":1}", day(300));
        assert_eq!(left.len(), 2 + TARGETS.len(), "{left:?}");
        let repository = scratch.repository();
        assert_eq!(repository.expires(Role::Timestamp), day(307));
        assert_eq!(repository.expires(Role::Snapshot), day(330));
        assert_eq!(repository.version(Role::Targets), 2);
    }

    #[test]
    fn nothing_is_signed_where_the_machines_key_is_anothers() {
        let scratch = Scratch::new("machine");
        let vault = scratch.vault();
        publish(&scratch.tuf(), &vault, &documents("{}"), day(0)).unwrap();
        let publication = hand_over(&scratch, &vault, Role::Timestamp, day(1));
        repository::write(&scratch.tuf(), &publication).unwrap();
        let left = publish(&scratch.tuf(), &vault, &documents("{}"), day(300)).unwrap();
        assert_eq!(left.len(), 4, "{left:?}");
        assert_eq!(
            scratch.repository().version(Role::Timestamp),
            publication.repository.version(Role::Timestamp)
        );
    }
}
