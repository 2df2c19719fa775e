//! The TUF repository of an instance: what clients get their trust from, and how it stays fresh.

use std::num::NonZeroU64;
use std::path::Path;

use jiff::Timestamp;
use sealwax_crypto::{KeyKind, SigningKey};
use sealwax_formats::TrustedRoot;
use sealwax_tuf::TargetFile;
use sealwax_tuf::editor::{Change, EditError, Edition, Repository, Role, RoleKey, Terms, due};

use super::expiry::Ending;
use super::trust::Documents;
use super::vault::Vault;
use crate::Failure;
use crate::ceremony::{repository, sign_all};
use crate::sources::read_limited;

/// The targets. The third is what cosign asks for when it is to use Rekor v2.
const TARGETS: [&str; 3] =
    ["trusted_root.json", "signing_config.v0.2.json", "signing_config_rekor_v2.v0.2.json"];

/// The keys of a repository that an instance signs by itself: one for what says whom to trust, one for what says how new that
/// is. `sealwax ceremony` moves the first to people.
struct RoleKeys {
    root: SigningKey,
    online: SigningKey,
}

/// What is published, as clients see it, and what of it this instance can sign.
pub struct Seen {
    base: Option<Repository>,
    keys: RoleKeys,
    /// The roles that need nobody else.
    ours: Vec<Role>,
    /// The trusted root.
    pub trusted_root: Option<TrustedRoot>,
}

/// What came of a publication.
pub struct Outcome {
    /// When something is to be signed again.
    pub next: Timestamp,
    /// What only people can sign, since a ceremony gave them the keys.
    pub left: Vec<String>,
    /// What of it ends when.
    pub endings: Vec<Ending>,
}

impl Seen {
    /// Reads what is published in a directory.
    pub fn read(directory: &Path, vault: &Vault) -> Result<Self, Failure> {
        let keys = RoleKeys {
            root: vault.key("tuf-root-1", KeyKind::EcdsaP256)?,
            online: vault.key("tuf-online-1", KeyKind::EcdsaP256)?,
        };
        let Some(base) = repository::open(directory)? else {
            return Ok(Self { base: None, keys, ours: Role::ALL.to_vec(), trusted_root: None });
        };
        let ours = keys.roles(&base)?;
        let [name, ..] = TARGETS;
        let target = base.target(name).map_err(|error| Failure::cannot(error.to_string()))?;
        let trusted_root = target.map(|target| read_target(directory, &target)).transpose()?;
        Ok(Self { base: Some(base), keys, ours, trusted_root })
    }

    /// Whether this instance says alone what clients trust.
    pub fn signs_targets(&self) -> bool {
        self.ours.contains(&Role::Targets)
    }

    /// Whether people sign some of it, and may have published since.
    pub fn is_shared(&self) -> bool {
        self.ours.len() < Role::ALL.len()
    }

    /// The roles that clients may have seen with versions up to `above`.
    fn low(&self, above: u64) -> Vec<Role> {
        let roles = [Role::Targets, Role::Snapshot, Role::Timestamp];
        let is_low = |role: &Role| self.base.as_ref().is_some_and(|base| base.version(*role) <= above);
        roles.into_iter().filter(is_low).collect()
    }

    /// The first of them that only people can sign.
    pub fn left_to_people(&self, above: u64) -> Option<Role> {
        self.low(above).into_iter().find(|role| !self.ours.contains(role))
    }

    /// Publishes what there is once more, with versions above `above`. What is above it already stays. Only if nothing of it is
    /// [left to people](Self::left_to_people).
    pub fn rise_above(&self, directory: &Path, above: u64, terms: &Terms) -> Result<(), Failure> {
        let Some(base) = &self.base else { return Ok(()) };
        let _lock = repository::lock(directory)?;
        let low = self.low(above);
        let changes: Vec<Change> = low.iter().map(|role| Change::Renew { role: *role }).collect();
        let step = NonZeroU64::new(above).unwrap_or(NonZeroU64::MIN);
        let terms = Terms { step, ..terms.clone() };
        match Edition::plan(Some(base), &changes, &terms) {
            Err(EditError::NothingToDo) => Ok(()),
            edition => self.sign_and_write(directory, edition?, &terms),
        }
    }

    fn sign_and_write(&self, directory: &Path, mut edition: Edition, terms: &Terms) -> Result<(), Failure> {
        edition.date(terms)?;
        for key in [&self.keys.root, &self.keys.online] {
            sign_all(&mut edition, key)?;
        }
        repository::write(directory, &edition.finish()?)
    }

    /// Publishes the documents if they are not published yet, and signs again what is due. Durable when it returns; a repository
    /// that clients accept is there at any time. What only people can sign is left, and named: it must not keep the timestamp
    /// from being signed, or all clients would be locked out within a week.
    pub fn publish(self, directory: &Path, documents: &Documents, terms: &Terms) -> Result<Outcome, Failure> {
        let _lock = repository::lock(directory)?;
        let Self { base, keys, ours, .. } = &self;
        let (mut changes, mut left) = (Vec::new(), Vec::new());
        match base {
            None => changes = first_keys(keys)?,
            Some(base) => {
                for due in due(base, &terms.policy, terms.now) {
                    if ours.contains(&due.role) {
                        changes.push(Change::Renew { role: due.role });
                    } else {
                        left.push(format!("{} expires at {}", due.role, due.expires));
                    }
                }
            }
        }
        let signing_config = documents.signing_config_json();
        let contents = [documents.trusted_root_json(), signing_config.clone(), signing_config];
        for (path, text) in TARGETS.iter().zip(contents) {
            if is_published(base.as_ref(), path, text.as_bytes())? {
                continue;
            }
            if self.signs_targets() {
                changes.push(Change::PutTarget { path: (*path).to_owned(), bytes: text.into_bytes() });
            } else {
                left.push(format!("{path} is not published as it is now"));
            }
        }
        match Edition::plan(base.as_ref(), &changes, terms) {
            Err(EditError::NothingToDo) => {}
            edition => self.sign_and_write(directory, edition?, terms)?,
        }
        let base = repository::open(directory)?;
        let next = base.as_ref().map_or(terms.now, |base| next_due(base, ours, terms));
        let endings = base.map(|base| Ending::of_repository(&base, &terms.policy)).unwrap_or_default();
        Ok(Outcome { next, left, endings })
    }
}

/// When the first of these roles is to be signed again.
fn next_due(base: &Repository, ours: &[Role], terms: &Terms) -> Timestamp {
    let due = ours.iter().map(|role| {
        let renewed_before = terms.policy.of(*role).renewed_before;
        base.expires(*role).checked_sub(renewed_before).unwrap_or(terms.now)
    });
    due.min().unwrap_or(Timestamp::MAX)
}

/// The trusted root that clients see in a repository, if there is one.
pub fn published_root(directory: &Path) -> Result<Option<TrustedRoot>, Failure> {
    let Some(base) = repository::open(directory)? else { return Ok(None) };
    let [name, ..] = TARGETS;
    let target = base.target(name).map_err(|error| Failure::cannot(error.to_string()))?;
    target.map(|target| read_target(directory, &target)).transpose()
}

fn read_target(directory: &Path, target: &TargetFile) -> Result<TrustedRoot, Failure> {
    let path = directory.join("targets").join(&target.url_path);
    let cannot = |error: &dyn std::fmt::Display| Failure::cannot(format!("{}: {error}", path.display()));
    let bytes = read_limited(&path, target.length).map_err(|error| cannot(&error))?;
    if !target.matches(&bytes) {
        return Err(cannot(&"it is not what the repository says it is"));
    }
    TrustedRoot::parse(&bytes).map_err(|error| cannot(&error))
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
    use crate::serve::holdings::Holdings;
    use crate::serve::instance::Instance;
    use crate::serve::others::Others;
    use crate::serve::places::HostNames;
    use crate::serve::secret::Secret;
    use jiff::SignedDuration;
    use sealwax_tuf::editor::Publication;
    use std::collections::BTreeSet;
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

    /// Of an instance that has nothing yet, at this address.
    fn documents(url: &str) -> Documents {
        let here = "127.0.0.1:4000".parse().unwrap();
        let instance =
            Instance::new(url.to_owned(), HostNames::new(), BTreeSet::new(), here, day(0)).unwrap();
        let none = Holdings {
            certificate_authorities: Vec::new(),
            timestamp_authorities: Vec::new(),
            certificate_logs: Vec::new(),
            signature_logs: Vec::new(),
            others: Others::default(),
        };
        Documents::of(&instance, &none, Vec::new()).unwrap()
    }

    fn publish(scratch: &Scratch, vault: &Vault, url: &str, now: Timestamp) -> Outcome {
        let seen = Seen::read(&scratch.tuf(), vault).unwrap();
        seen.publish(&scratch.tuf(), &documents(url), &Terms::new(now)).unwrap()
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
        assert!(publish(&scratch, &vault, "https://a.example", day(0)).left.is_empty());
        for role in [Role::Targets, Role::Root] {
            let publication = hand_over(&scratch, &vault, role, day(1));
            repository::write(&scratch.tuf(), &publication).unwrap();
        }

        // Root and targets are due, and the documents have changed: none of it can be signed here.
        let Outcome { left, next, .. } = publish(&scratch, &vault, "https://b.example", day(300));
        assert_eq!(left.len(), 2 + TARGETS.len() - 1, "{left:?}");
        assert_eq!(next, day(303));
        let repository = scratch.repository();
        assert_eq!(repository.expires(Role::Timestamp), day(307));
        assert_eq!(repository.expires(Role::Snapshot), day(330));
        assert_eq!(repository.version(Role::Targets), 2);
    }

    #[test]
    fn nothing_is_signed_where_the_machines_key_is_anothers() {
        let scratch = Scratch::new("machine");
        let vault = scratch.vault();
        publish(&scratch, &vault, "https://a.example", day(0));
        let publication = hand_over(&scratch, &vault, Role::Timestamp, day(1));
        repository::write(&scratch.tuf(), &publication).unwrap();
        let left = publish(&scratch, &vault, "https://a.example", day(300)).left;
        assert_eq!(left.len(), 4, "{left:?}");
        assert_eq!(
            scratch.repository().version(Role::Timestamp),
            publication.repository.version(Role::Timestamp)
        );
    }
}
