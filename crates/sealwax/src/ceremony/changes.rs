//! What the flags of `ceremony plan` ask for.

use std::path::Path;

use jiff::SignedDuration;
use sealwax_tuf::editor::{Change, Policy, Repository, Role, RoleKey};

use super::args::PlanArgs;
use super::targets;
use crate::Failure;
use crate::sources::read_key;
use crate::verify::duration;

/// Fewer digits of a keyid are too easily somebody else's.
const MIN_KEYID_DIGITS: usize = 8;

/// The changes, in an order in which each of them can be made.
pub(super) fn changes(args: &PlanArgs, base: Option<&Repository>) -> Result<Vec<Change>, Failure> {
    let mut changes = Vec::new();
    for word in &args.remove_key {
        let (roles, holder) = roles_and(word, "--remove-key", "ROLE:HOLDER")?;
        for role in roles {
            changes.push(Change::RemoveKey { role, keyid: keyid_of(base, role, holder)? });
        }
    }
    for word in &args.add_key {
        let form = "ROLE:HOLDER=FILE";
        let (roles, rest) = roles_and(word, "--add-key", form)?;
        let (holder, path) = pair(rest, "--add-key", form)?;
        let key = read_key(Path::new(path)).map_err(|stop| Failure::cannot(stop.reason))?;
        let key = RoleKey::new(&key, Some(holder))?;
        changes.extend(roles.into_iter().map(|role| Change::AddKey { role, key: key.clone() }));
    }
    for word in &args.threshold {
        let (roles, number) = roles_and(word, "--threshold", "ROLE:N")?;
        let threshold = number.parse().ok().filter(|number| *number > 0);
        let threshold = threshold.ok_or_else(|| {
            Failure::usage(format!("--threshold {word:?}: {number:?} is no number of keys"))
        })?;
        changes.extend(roles.into_iter().map(|role| Change::Threshold { role, threshold }));
    }
    for word in &args.target {
        let (path, file) = pair(word, "--target", "PATH=FILE")?;
        let bytes = targets::read(Path::new(file))?;
        changes.push(Change::PutTarget { path: path.to_owned(), bytes });
    }
    changes.extend(args.remove_target.iter().map(|path| Change::RemoveTarget { path: path.clone() }));
    for word in &args.renew {
        changes.push(Change::Renew { role: role(word, "--renew")? });
    }
    Ok(changes)
}

/// What people sign is dated when it is planned, what machines sign when it is published.
pub(super) const PEOPLE: [Role; 2] = [Role::Root, Role::Targets];
pub(super) const MACHINES: [Role; 2] = [Role::Snapshot, Role::Timestamp];

/// How long roles are valid. Only `allowed` ones are dated by the command.
pub(super) fn policy(expires: &[String], allowed: &[Role]) -> Result<Policy, Failure> {
    let mut policy = Policy::default();
    for word in expires {
        let (roles, text) = roles_and(word, "--expires", "ROLE:DURATION")?;
        let lasts = duration(text).map_err(|why| Failure::usage(format!("--expires {word:?}: {why}")))?;
        for role in roles {
            if !allowed.contains(&role) {
                let when = if PEOPLE.contains(&role) { "planned" } else { "published or renewed" };
                return Err(Failure::usage(format!("--expires {word:?}: {role} is dated when it is {when}")));
            }
            let validity = policy.of_mut(role);
            validity.lasts = lasts;
            // What is valid for a short time cannot be renewed long before its end.
            let half = SignedDuration::from_secs(lasts.as_secs() / 2);
            validity.renewed_before = validity.renewed_before.min(half);
        }
    }
    Ok(policy)
}

fn role(word: &str, flag: &str) -> Result<Role, Failure> {
    Role::from_name(word).ok_or_else(|| {
        Failure::usage(format!(
            "{flag}: {word:?} is no role; the roles are root, targets, snapshot and timestamp"
        ))
    })
}

/// `ROLE[,ROLE]:REST`
fn roles_and<'a>(word: &'a str, flag: &str, form: &str) -> Result<(Vec<Role>, &'a str), Failure> {
    let bad = || Failure::usage(format!("{flag} takes {form}, not {word:?}"));
    let (roles, rest) = word.split_once(':').filter(|(_, rest)| !rest.is_empty()).ok_or_else(bad)?;
    let roles = roles.split(',').map(|word| role(word, flag)).collect::<Result<_, _>>()?;
    Ok((roles, rest))
}

/// `LEFT=RIGHT`
fn pair<'a>(word: &'a str, flag: &str, form: &str) -> Result<(&'a str, &'a str), Failure> {
    let parts = word.split_once('=').filter(|(left, right)| !left.is_empty() && !right.is_empty());
    parts.ok_or_else(|| Failure::usage(format!("{flag} takes {form}, not {word:?}")))
}

/// The key of a role that its holder or the beginning of its keyid names.
fn keyid_of(base: Option<&Repository>, role: Role, word: &str) -> Result<String, Failure> {
    let keys = base.map(|base| base.keys(role).0).unwrap_or_default();
    let named = |key: &&sealwax_tuf::editor::ListedKey| {
        key.holder.as_deref() == Some(word) || word.len() >= MIN_KEYID_DIGITS && key.keyid.starts_with(word)
    };
    let found: Vec<_> = keys.iter().filter(named).collect();
    match found.as_slice() {
        [key] => Ok(key.keyid.clone()),
        [] => Err(Failure::usage(format!("--remove-key: nobody named {word:?} signs {role}"))),
        _ => {
            Err(Failure::usage(format!("--remove-key: {word:?} names several keys of {role}; give a keyid")))
        }
    }
}
