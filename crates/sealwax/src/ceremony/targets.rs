//! Targets that Sigstore's clients read: what would harm them is refused before anybody is asked to sign it.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use sealwax_formats::{SigningConfig, TrustedRoot};
use sealwax_tuf::editor::{Change, Repository};

use super::repository;
use crate::profile::MAX_FILE;
use crate::sources::read_limited;
use crate::{Failure, trust};

const TRUSTED_ROOT: &str = "trusted_root.json";

/// The content of a target.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    read_limited(path, MAX_FILE)
        .map_err(|error| Failure::cannot(format!("cannot read {}: {error}", path.display())))
}

/// Nothing disappears from a trusted root; a signing config names a service when clients have had its key for `lead`; and
/// neither has anything that deployed clients stumble over.
pub(super) fn check(
    directory: &Path,
    base: Option<&Repository>,
    changes: &[Change],
    now: Timestamp,
    lead: SignedDuration,
) -> Result<(), Failure> {
    let (trusted, lead) = match base {
        Some(base) => (published_root(directory, base)?, lead),
        // Nobody has an older trusted root: the one that comes along counts from the first moment on.
        None => (first_root(changes), SignedDuration::ZERO),
    };
    for change in changes {
        match change {
            Change::PutTarget { path, bytes } => {
                let published = base.map(|base| published(directory, base, path)).transpose()?.flatten();
                if path == TRUSTED_ROOT {
                    check_root(published.as_deref(), bytes)?;
                    trust::refuse_problems(path, bytes, published.as_deref(), now)?;
                } else if let Ok(config) = SigningConfig::parse(bytes) {
                    check_config(path, published.as_deref(), &config, trusted.as_ref(), now, lead)?;
                    trust::refuse_problems(path, bytes, published.as_deref(), now)?;
                }
            }
            Change::RemoveTarget { path } if path == TRUSTED_ROOT => {
                return Err(Failure::cannot(
                    "the trusted root is what the repository is for: it is not removed",
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The trusted root of a repository that does not exist yet.
fn first_root(changes: &[Change]) -> Option<TrustedRoot> {
    changes.iter().find_map(|change| match change {
        Change::PutTarget { path, bytes } if path == TRUSTED_ROOT => TrustedRoot::parse(bytes).ok(),
        _ => None,
    })
}

fn check_root(published: Option<&[u8]>, next: &[u8]) -> Result<(), Failure> {
    let odd = |error: sealwax_formats::DocumentError| Failure::cannot(format!("{TRUSTED_ROOT}: {error}"));
    let next = TrustedRoot::parse(next).map_err(odd)?;
    let Some(published) = published else { return Ok(()) };
    let published = TrustedRoot::parse(published).map_err(odd)?;
    published.check_successor(&next).map_err(|error| Failure::cannot(format!("{TRUSTED_ROOT}: {error}")))
}

/// Services that are new.
fn check_config(
    path: &str,
    published: Option<&[u8]>,
    next: &SigningConfig,
    trusted: Option<&TrustedRoot>,
    now: Timestamp,
    lead: SignedDuration,
) -> Result<(), Failure> {
    let Some(trusted) = trusted else { return Ok(()) };
    let published = published.and_then(|bytes| SigningConfig::parse(bytes).ok());
    next.check_successor(published.as_ref(), trusted, now, lead)
        .map_err(|error| Failure::cannot(format!("{path}: {error}")))
}

fn published_root(directory: &Path, base: &Repository) -> Result<Option<TrustedRoot>, Failure> {
    let bytes = published(directory, base, TRUSTED_ROOT)?;
    Ok(bytes.and_then(|bytes| TrustedRoot::parse(&bytes).ok()))
}

/// The content of a target as it is published.
fn published(directory: &Path, base: &Repository, path: &str) -> Result<Option<Vec<u8>>, Failure> {
    let target = base.target(path).map_err(|error| Failure::cannot(error.to_string()))?;
    let Some(target) = target else { return Ok(None) };
    let file = directory.join("targets").join(&target.url_path);
    let bytes = repository::read(&file, MAX_FILE)?.filter(|bytes| target.matches(bytes));
    let missing = || Failure::cannot(format!("{} is missing, or is not what is listed", file.display()));
    bytes.map(Some).ok_or_else(missing)
}
