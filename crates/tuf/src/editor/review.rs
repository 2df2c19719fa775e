//! What an edition changes, in words that a person can check before signing. All of it is read off the files that are
//! signed, never off a description that lies beside them.

use super::change::{Content, keyids_of};
use super::draft::Draft;
use super::role::holder;
use super::{Edition, Repository, Role};
use jiff::Timestamp;
use sealwax_json::{Object, Value};
use std::collections::BTreeSet;

/// One file of an edition beside the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// The file.
    pub file: String,
    /// The role.
    pub role: Role,
    /// The version before; `None` if it is the first.
    pub from_version: Option<u64>,
    /// The version of the file.
    pub to_version: u64,
    /// Until when the one before is valid.
    pub from_expires: Option<Timestamp>,
    /// Until when the file is valid.
    pub to_expires: Timestamp,
    /// Everything else that differs.
    pub differences: Vec<Difference>,
}

/// Something that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// A key that may sign a role, and could not before.
    KeyAdded {
        /// The role.
        role: Role,
        /// The key.
        key: ListedKey,
    },
    /// A key that may sign a role no more.
    KeyRemoved {
        /// The role.
        role: Role,
        /// The key.
        key: ListedKey,
    },
    /// How many must sign a role.
    Threshold {
        /// The role.
        role: Role,
        /// Before.
        from: Option<u64>,
        /// From now on.
        to: u64,
    },
    /// A target that is new, replaced or gone.
    Target {
        /// Its path.
        path: String,
        /// The digest before.
        from: Option<String>,
        /// The digest from now on.
        to: Option<String>,
    },
    /// Another member, of which the editor knows nothing.
    Other {
        /// Its path in the file.
        member: String,
    },
}

/// A key, as a root lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedKey {
    /// Its name.
    pub keyid: String,
    /// Its scheme.
    pub scheme: String,
    /// Who holds it, as far as that is said.
    pub holder: Option<String>,
}

impl Edition {
    /// What differs, file by file, in the order of the files. Snapshot and timestamp follow from the others.
    pub fn review(&self) -> Vec<Review> {
        let mut before = self.base.as_ref().map(|base| &base.root.signed);
        let mut reviews = Vec::new();
        for draft in &self.roots {
            reviews.push(review(draft, before));
            before = Some(&draft.signed);
        }
        let targets = self.base.as_ref().map(|base| &base.targets.signed);
        reviews.extend(self.targets.iter().map(|draft| review(draft, targets)));
        reviews
    }
}

impl Repository {
    /// The keys that may sign a role, and how many must.
    pub fn keys(&self, role: Role) -> (Vec<ListedKey>, u64) {
        let root = &self.root.signed;
        let keys = keyids_of(root, role).iter().map(|keyid| listed(root, keyid)).collect();
        (keys, threshold(root, role).unwrap_or(1))
    }
}

fn review(draft: &Draft, before: Option<&Object<'static>>) -> Review {
    let expires = |object: &Object<'_>| object.get("expires")?.as_str()?.parse().ok();
    let nothing = Object::new();
    let (old, new) = (before.unwrap_or(&nothing), &draft.signed);
    let mut differences = match draft.role {
        Role::Root => root_differences(old, new),
        _ => target_differences(old, new),
    };
    let known: &[&str] = match draft.role {
        Role::Root => &["version", "expires", "keys", "roles"],
        _ => &["version", "expires", "targets"],
    };
    // A first file differs from one that says nothing.
    let blank = Content::of(None);
    let blank = if draft.role == Role::Root { &blank.root } else { &blank.targets };
    let old = before.unwrap_or(blank);
    let names = members(old).chain(members(new)).filter(|name| !known.contains(name));
    let names: BTreeSet<&str> = names.filter(|name| old.get(name) != new.get(name)).collect();
    differences.extend(names.into_iter().map(|name| Difference::Other { member: name.to_owned() }));
    if draft.role == Role::Root && rest_of_roles(old) != rest_of_roles(new) {
        differences.push(Difference::Other { member: "roles".to_owned() });
    }
    Review {
        file: draft.file(),
        role: draft.role,
        from_version: before.and_then(|object| object.get("version")?.as_u64()),
        to_version: draft.version,
        from_expires: before.and_then(expires),
        to_expires: draft.expires,
        differences,
    }
}

fn root_differences(old: &Object<'_>, new: &Object<'_>) -> Vec<Difference> {
    let mut found = Vec::new();
    for role in Role::ALL {
        let (before, after) = (keyids_of(old, role), keyids_of(new, role));
        let removed = before.difference(&after).map(|keyid| listed(old, keyid));
        found.extend(removed.map(|key| Difference::KeyRemoved { role, key }));
        let added = after.difference(&before).map(|keyid| listed(new, keyid));
        found.extend(added.map(|key| Difference::KeyAdded { role, key }));
        let (from, to) = (threshold(old, role), threshold(new, role));
        if let (true, Some(to)) = (from != to, to) {
            found.push(Difference::Threshold { role, from, to });
        }
    }
    found.extend(changed_keys(old, new));
    found
}

/// Keys that stayed, and are written in another way: another key under the old name, or another holder.
fn changed_keys<'a>(old: &'a Object<'_>, new: &'a Object<'_>) -> impl Iterator<Item = Difference> + 'a {
    let keys = |object: &'a Object<'_>| object.get("keys").and_then(Value::as_object);
    keys(old).into_iter().flat_map(Object::iter).filter_map(move |(keyid, before)| {
        let after = keys(new)?.get(keyid)?;
        (before != after).then(|| Difference::Other { member: format!("keys.{keyid}") })
    })
}

/// The roles without what [`root_differences`] has compared by itself.
fn rest_of_roles(root: &Object<'_>) -> Option<Object<'static>> {
    let mut roles = root.get("roles")?.as_object()?.clone().into_owned();
    for role in Role::ALL {
        let role = roles.get_mut(role.name()).and_then(Value::as_object_mut);
        role.into_iter().for_each(|role| {
            role.remove("keyids");
            role.remove("threshold");
        });
    }
    Some(roles)
}

fn target_differences(old: &Object<'_>, new: &Object<'_>) -> Vec<Difference> {
    let targets = |object: &'_ Object<'_>| -> Object<'static> {
        let targets = object.get("targets").and_then(Value::as_object);
        targets.map(|targets| targets.clone().into_owned()).unwrap_or_default()
    };
    let (old, new) = (targets(old), targets(new));
    let paths: BTreeSet<&str> = members(&old).chain(members(&new)).collect();
    let mut found = Vec::new();
    for path in paths.into_iter().filter(|path| old.get(path) != new.get(path)) {
        let digest = |targets: &Object<'_>| targets.get(path).map(sha256);
        let (from, to) = (digest(&old), digest(&new));
        found.push(match from == to {
            true => Difference::Other { member: format!("targets.{path}") },
            false => Difference::Target { path: path.to_owned(), from, to },
        });
    }
    found
}

fn sha256(target: &Value<'_>) -> String {
    let sha256 = target.member("hashes").and_then(|hashes| hashes.member("sha256"));
    sha256.and_then(Value::as_str).unwrap_or("another digest").to_owned()
}

pub(super) fn threshold(root: &Object<'_>, role: Role) -> Option<u64> {
    root.get("roles")?.member(role.name())?.member("threshold")?.as_u64()
}

fn listed(root: &Object<'_>, keyid: &str) -> ListedKey {
    let key = root.get("keys").and_then(|keys| keys.member(keyid));
    let scheme = key.and_then(|key| key.member("scheme")?.as_str()).unwrap_or("unknown");
    ListedKey {
        keyid: keyid.to_owned(),
        scheme: scheme.to_owned(),
        holder: key.and_then(Value::as_object).and_then(holder),
    }
}

fn members<'v>(object: &'v Object<'_>) -> impl Iterator<Item = &'v str> {
    object.iter().map(|(name, _)| name)
}
