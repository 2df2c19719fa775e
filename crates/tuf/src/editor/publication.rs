//! What is written in the end, in the order in which it must be.

use super::{EditError, Repository, Role, file};
use std::collections::BTreeMap;

/// A file of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path below the repository's URL; targets lie below `targets/`. As it stands in a URL.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// A signed edition. Write each file durably and atomically before the next one: whatever is there when the writing stops
/// is a repository that clients accept, the old one or the new one. To write all of it again does no harm.
#[derive(Debug, Clone)]
pub struct Publication {
    /// Contents of new targets; the next root, if there is one; targets; snapshot; timestamp; and the root that ends
    /// what the one before it let overlap.
    pub files: Vec<File>,
    /// What the repository is when all of it is written.
    pub repository: Repository,
}

/// Tries every prefix of the writing with the client's code, and gives the repository at its end.
pub(super) fn rehearse(base: Option<&Repository>, files: &[File]) -> Result<Repository, EditError> {
    let mut there: BTreeMap<String, Vec<u8>> = base.map(Repository::files).unwrap_or_default();
    let first = match base {
        Some(base) => base.roots.first_key_value().map(|(_, bytes)| bytes.clone()),
        None => files.iter().find(|file| file.path == file::path(Role::Root, 1)).map(|f| f.bytes.clone()),
    };
    let first = first.ok_or(EditError::NothingToDo)?;
    let mut last = None;
    for (index, file) in files.iter().enumerate() {
        there.insert(file.path.clone(), file.bytes.clone());
        // What has never been published is refused until it is complete.
        if base.is_none() && index.saturating_add(1) < files.len() {
            continue;
        }
        let opened = Repository::open(&first, |path| there.get(path).cloned());
        last = Some(opened.map_err(|source| EditError::Order { after: file.path.clone(), source })?);
    }
    last.ok_or(EditError::NothingToDo)
}
