//! The roots of an edition.

use super::change::{keyids, keyids_of, set_keyids, within, within_role};
use super::draft::{Demand, Draft, authority};
use super::review::threshold;
use super::{EditError, Repository, Role, Terms, file};
use crate::metadata::{Document, Root};
use sealwax_json::Object;
use std::collections::BTreeSet;

/// Whether a published file is good under a root.
pub(super) fn stands(base: &Repository, root: &Root, role: Role) -> bool {
    let authority = authority(root, role);
    let checked = match role {
        Role::Root => authority.check(role.name(), &base.root.document),
        Role::Targets => authority.check(role.name(), &base.targets.document),
        Role::Snapshot => authority.check(role.name(), &base.snapshot.document),
        Role::Timestamp => authority.check(role.name(), &base.timestamp.document),
    };
    checked.is_ok()
}

/// The next root with this content; if it would strand a published file, one before it that lists the keys of both.
pub(super) fn next_roots(
    base: Option<&Repository>,
    content: Object<'static>,
    terms: &Terms,
) -> Result<Vec<Draft>, EditError> {
    let last = base.map_or(0, |base| base.root.document.version);
    let expires = terms.expiry(Role::Root)?;
    let at = |content: Object<'static>, after: u64| {
        Ok::<_, EditError>(file::dated(content, file::raised(Role::Root, after, 1)?, expires))
    };
    let mut signed = vec![at(content.clone(), last)?];
    if let Some(base) = base
        && let Some(overlap) = overlap(base, &content, &checked_root(signed.first())?.content)
    {
        signed = vec![at(overlap, last)?, at(content, last.saturating_add(1))?];
    }
    root_drafts(base, signed)
}

/// The root in between, if it takes one: the role of a file that would be stranded has the keys of both roots, and the
/// lower threshold of both, so that the file which is there is good, and the one that replaces it.
fn overlap(base: &Repository, content: &Object<'static>, next: &Root) -> Option<Object<'static>> {
    let stranded = [Role::Targets, Role::Snapshot, Role::Timestamp].into_iter();
    let stranded: Vec<Role> = stranded.filter(|role| !stands(base, next, *role)).collect();
    if stranded.is_empty() {
        return None;
    }
    let mut content = content.clone();
    for role in stranded {
        let old = keyids_of(&base.root.signed, role);
        for keyid in &old {
            let key = base.root.signed.get("keys").and_then(|keys| keys.member(keyid)).cloned();
            if let Some(key) = key {
                within(&mut content, "keys", |keys| keys.insert(keyid.clone(), key));
            }
        }
        let thresholds = [&base.root.signed, &content].map(|root| threshold(root, role).unwrap_or(1));
        within_role(&mut content, role, |both| {
            let all = old.union(&keyids(both)).cloned().collect();
            set_keyids(both, &all);
            both.insert("threshold", thresholds.into_iter().fold(u64::MAX, u64::min));
        });
    }
    Some(content)
}

/// Roots that follow one another, each to be signed by the one before it and by itself (TUF §5.3.4).
pub(super) fn root_drafts(
    base: Option<&Repository>,
    signed: Vec<Object<'static>>,
) -> Result<Vec<Draft>, EditError> {
    let mut before = base.map(|base| Demand::of(&base.root.document, &base.root.signed, Role::Root));
    let mut drafts = Vec::new();
    for signed in signed {
        let own = Demand::of(&checked_root(Some(&signed))?, &signed, Role::Root);
        let demands = before.into_iter().chain([own.clone()]).collect();
        drafts.push(Draft::new::<Root>(Role::Root, signed, demands)?);
        before = Some(own);
    }
    Ok(drafts)
}

/// A root in which every role can be signed.
fn checked_root(signed: Option<&Object<'static>>) -> Result<Document<Root>, EditError> {
    let signed = signed.ok_or(EditError::NothingToDo)?;
    let root: Document<Root> = Document::unsigned(signed, Role::Root.name())?;
    for role in Role::ALL {
        let authority = authority(&root.content, role);
        let keys: BTreeSet<_> = authority.keys().filter_map(|(_, key)| key.identity()).collect();
        let (threshold, keys) = (authority.threshold(), u64::try_from(keys.len()).unwrap_or(u64::MAX));
        if threshold > keys {
            return Err(EditError::Threshold { role, threshold, keys });
        }
    }
    Ok(root)
}
