//! What a plan changes, and how far it has got. Read off the files that are signed.

use std::path::Path;

use jiff::Timestamp;
use sealwax_tuf::editor::{Difference, Edition, ListedKey, Repository, Review, Role, Standing};

use crate::inspect::node::Node;

/// A plan.
pub(super) fn plan(directory: &Path, base: Option<&Repository>, edition: &Edition) -> Node {
    let standing = edition.standing();
    Node::new()
        .with("plan", directory.display().to_string())
        .with("repository", base.map_or_else(|| Node::new().with("state", "new"), versions))
        .with("changes", edition.review().iter().map(review).collect::<Vec<_>>())
        .with("signatures", standing.iter().map(self::standing).collect::<Vec<_>>())
        .with("complete", is_complete(&standing))
}

/// The versions of a repository.
pub(super) fn versions(repository: &Repository) -> Node {
    Node::new()
        .with("root", repository.version(Role::Root))
        .with("targets", repository.version(Role::Targets))
        .with("snapshot", repository.version(Role::Snapshot))
        .with("timestamp", repository.version(Role::Timestamp))
}

/// Whether everybody has signed who must.
pub(super) fn is_complete(standing: &[Standing]) -> bool {
    standing.iter().all(|standing| standing.found >= standing.threshold)
}

fn review(review: &Review) -> Node {
    let expires =
        |instant: Option<Timestamp>| instant.map_or("none".to_owned(), |instant| instant.to_string());
    let version = review.from_version.map_or("none".to_owned(), |version| version.to_string());
    Node::new()
        .with("file", review.file.as_str())
        .with("version", format!("{version} → {}", review.to_version))
        .with("expires", format!("{} → {}", expires(review.from_expires), review.to_expires))
        .with("differences", review.differences.iter().map(difference).collect::<Vec<_>>())
}

fn difference(difference: &Difference) -> String {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    match difference {
        Difference::KeyAdded { role, key } => format!("{role}: adds the key {}", self::key(key)),
        Difference::KeyRemoved { role, key } => format!("{role}: removes the key {}", self::key(key)),
        Difference::Threshold { role, from, to } => {
            let from = or_none(&from.map(|from| from.to_string()));
            format!("{role}: signatures needed {from} → {to}")
        }
        Difference::Target { path, from, to } => {
            format!("target {path}: sha256 {} → {}", or_none(from), or_none(to))
        }
        Difference::Other { member } => format!("{member}: changed, and unknown to this program"),
        _ => "changed in a way unknown to this program".to_owned(),
    }
}

fn key(key: &ListedKey) -> String {
    let holder = key.holder.as_deref().map(|holder| format!(" of {holder}")).unwrap_or_default();
    format!("{}{holder} ({})", key.keyid, key.scheme)
}

fn standing(standing: &Standing) -> Node {
    let keys = |signed: bool| -> Vec<String> {
        let those = standing.keys.iter().filter(|(.., has)| *has == signed);
        those
            .map(|(keyid, holder, _)| match holder {
                Some(holder) => format!("{holder} ({keyid})"),
                None => keyid.clone(),
            })
            .collect()
    };
    Node::new()
        .with("file", standing.file.as_str())
        .with("by_the_keys_of_root", standing.root_version)
        .with("needed", standing.threshold)
        .with("there", standing.found)
        .with("signed_by", keys(true))
        .with("not_signed_by", keys(false))
}
