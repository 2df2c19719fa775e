//! What an edition changes: the content of root and targets, before it is dated and signed.

use super::file::SPEC_VERSION;
use super::{EditError, Repository, Role, RoleKey};
use sealwax_crypto::{HashAlgorithm, digest};
use sealwax_json::{Object, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The longest path of a target, in bytes: its name, with a digest in front, is a file name.
const MAX_PATH: usize = 180;

/// A change of a repository.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Adds a target, or gives it another content.
    PutTarget {
        /// Its path.
        path: String,
        /// Its content.
        bytes: Vec<u8>,
    },
    /// Takes a target out of the list. Its content stays where it is, for whoever is fetching it.
    RemoveTarget {
        /// Its path.
        path: String,
    },
    /// Lets a key sign a role.
    AddKey {
        /// The role.
        role: Role,
        /// The key.
        key: RoleKey,
    },
    /// Takes a key out of a role. To rotate one, add the new one in the same edition.
    RemoveKey {
        /// The role.
        role: Role,
        /// The key.
        keyid: String,
    },
    /// How many keys must sign a role.
    Threshold {
        /// The role.
        role: Role,
        /// The number.
        threshold: u64,
    },
    /// Signs a role again, though nothing else about it changes.
    Renew {
        /// The role.
        role: Role,
    },
}

/// What root and targets say, and what was asked for beside that.
#[derive(Debug, Clone)]
pub(super) struct Content {
    pub(super) root: Object<'static>,
    pub(super) targets: Object<'static>,
    /// The content of targets that are new, by their path.
    pub(super) bytes: BTreeMap<String, Vec<u8>>,
    pub(super) renewed: BTreeSet<Role>,
}

impl Content {
    /// That of a repository, or of one that has nothing yet.
    pub(super) fn of(base: Option<&Repository>) -> Self {
        let (root, targets) = match base {
            Some(base) => (base.root.signed.clone(), base.targets.signed.clone()),
            None => (empty_root(), empty(Role::Targets).with("targets", Object::new())),
        };
        Content { root, targets, bytes: BTreeMap::new(), renewed: BTreeSet::new() }
    }

    pub(super) fn apply(&mut self, change: &Change) -> Result<(), EditError> {
        match change {
            Change::PutTarget { path, bytes } => self.put_target(path, bytes),
            Change::RemoveTarget { path } => {
                self.bytes.remove(path);
                let removed = within(&mut self.targets, "targets", |targets| targets.remove(path));
                removed.map(drop).ok_or_else(|| EditError::NoSuchTarget { path: path.clone() })
            }
            Change::AddKey { role, key } => self.add_key(*role, key),
            Change::RemoveKey { role, keyid } => self.remove_key(*role, keyid),
            Change::Threshold { role, threshold } => {
                within_role(&mut self.root, *role, |role| role.insert("threshold", *threshold));
                Ok(())
            }
            Change::Renew { role } => {
                self.renewed.insert(*role);
                Ok(())
            }
        }
    }

    fn put_target(&mut self, path: &str, bytes: &[u8]) -> Result<(), EditError> {
        if !is_agreed_path(path) {
            return Err(EditError::TargetPath { path: path.chars().take(128).collect() });
        }
        let sha256 = digest(HashAlgorithm::Sha256, bytes).to_hex();
        within(&mut self.targets, "targets", |targets| {
            within(targets, path, |target| {
                // One digest: it names the file, and of several, clients choose different ones.
                target.insert("hashes", Object::new().with("sha256", sha256));
                target.insert("length", u64::try_from(bytes.len()).unwrap_or(u64::MAX));
            });
        });
        self.bytes.insert(path.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn add_key(&mut self, role: Role, key: &RoleKey) -> Result<(), EditError> {
        let keyid = key.keyid.clone();
        let listed = self.root.get("keys").and_then(|keys| keys.member(&keyid));
        if listed.is_some_and(|listed| !is_same_key(listed, &key.object)) {
            return Err(EditError::KeyidTaken { keyid });
        }
        let is_new = within_role(&mut self.root, role, |role| {
            let mut keyids = keyids(role);
            let is_new = keyids.insert(keyid.clone());
            set_keyids(role, &keyids);
            is_new
        });
        if !is_new {
            return Err(EditError::KeyListed { role, keyid });
        }
        within(&mut self.root, "keys", |keys| {
            if !keys.contains(&keyid) {
                keys.insert(keyid, key.object.clone());
            }
        });
        Ok(())
    }

    fn remove_key(&mut self, role: Role, keyid: &str) -> Result<(), EditError> {
        let was_listed = within_role(&mut self.root, role, |role| {
            let mut left = keyids(role);
            let was_listed = left.remove(keyid);
            set_keyids(role, &left);
            was_listed
        });
        if !was_listed {
            return Err(EditError::NoSuchKey { role, keyid: keyid.to_owned() });
        }
        if !Role::ALL.into_iter().any(|role| keyids_of(&self.root, role).contains(keyid)) {
            within(&mut self.root, "keys", |keys| keys.remove(keyid));
        }
        Ok(())
    }
}

/// Changes what a root says about a role.
pub(super) fn within_role<R>(
    root: &mut Object<'static>,
    role: Role,
    change: impl FnOnce(&mut Object<'static>) -> R,
) -> R {
    within(root, "roles", |roles| within(roles, role.name(), change))
}

/// Changes the object of that name, which is made where it is not there.
pub(super) fn within<R>(
    parent: &mut Object<'static>,
    name: &str,
    change: impl FnOnce(&mut Object<'static>) -> R,
) -> R {
    let taken = parent.get_mut(name).map(|value| std::mem::replace(value, Value::Null));
    let mut object = match taken {
        Some(Value::Object(object)) => object,
        _ => Object::new(),
    };
    let result = change(&mut object);
    parent.insert(name.to_owned(), object);
    result
}

/// The keyids that a root lists for a role.
pub(super) fn keyids_of(root: &Object<'_>, role: Role) -> BTreeSet<String> {
    let role = root.get("roles").and_then(|roles| roles.member(role.name()));
    role.and_then(Value::as_object).map(keyids).unwrap_or_default()
}

/// The keyids of a role.
pub(super) fn keyids(role: &Object<'_>) -> BTreeSet<String> {
    let listed = role.get("keyids").and_then(Value::as_array).unwrap_or_default();
    listed.iter().filter_map(|keyid| keyid.as_str().map(str::to_owned)).collect()
}

pub(super) fn set_keyids(role: &mut Object<'static>, keyids: &BTreeSet<String>) {
    role.insert("keyids", keyids.iter().map(|keyid| Value::from(keyid.clone())).collect::<Value<'_>>());
}

/// Whether both are one key, whoever is said to hold it.
fn is_same_key(listed: &Value<'_>, key: &Object<'_>) -> bool {
    ["keytype", "scheme", "keyval"].into_iter().all(|name| listed.member(name) == key.get(name))
}

fn empty_root() -> Object<'static> {
    let role = || Object::new().with("keyids", Vec::new()).with("threshold", 1_u64);
    let roles = Role::ALL.into_iter().fold(Object::new(), |roles, name| roles.with(name.name(), role()));
    empty(Role::Root).with("consistent_snapshot", true).with("keys", Object::new()).with("roles", roles)
}

/// What every role has from its first version on.
pub(super) fn empty(role: Role) -> Object<'static> {
    Object::new().with("_type", role.name()).with("spec_version", SPEC_VERSION)
}

/// Whether all clients write the path into a URL, and sort it into canonical JSON, in one way: nothing in it is encoded.
pub(super) fn is_agreed_path(path: &str) -> bool {
    path.len() <= MAX_PATH
        && crate::encode::is_plain_path(path)
        && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=:@".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_clients_agree_about() {
        for good in ["trusted_root.json", "registry.npmjs.org/keys.json", "a-b_c.d@1"] {
            assert!(is_agreed_path(good), "{good}");
        }
        for bad in ["", "a b", "ü", "../a", "a//b", "/a", "a?b", "a#b", "a%20b", "a<b", "a\"b", "a\\b", "a\n"]
        {
            assert!(!is_agreed_path(bad), "{bad:?}");
        }
        assert!(!is_agreed_path(&"a".repeat(MAX_PATH + 1)));
    }
}
