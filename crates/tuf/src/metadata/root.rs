//! The root role (TUF §4.3).

use super::document::{Content, Document};
use super::field::{as_object, object, required, unexpected};
use super::role::{Authority, Keys, Role};
use crate::{Error, Limits, MetadataError};
use jiff::Timestamp;
use sealwax_json::Object;

pub(crate) const ROOT: &str = "root";
pub(crate) const TIMESTAMP: &str = "timestamp";
pub(crate) const SNAPSHOT: &str = "snapshot";
pub(crate) const TARGETS: &str = "targets";

/// What a root file says.
#[derive(Debug, Clone)]
pub(crate) struct Root {
    pub(crate) consistent_snapshot: bool,
    pub(crate) root: Authority,
    pub(crate) timestamp: Authority,
    pub(crate) snapshot: Authority,
    pub(crate) targets: Authority,
}

impl Content for Root {
    const TYPE: &'static str = "root";

    fn read(signed: &Object<'_>) -> Result<Self, MetadataError> {
        let keys = Keys::of(signed)?;
        let roles = object(signed, "roles")?;
        let authority = |name: &str| {
            let role = Role::read(as_object(required(roles, name)?, name)?)?;
            Ok::<_, MetadataError>(role.authority(ROOT, &keys))
        };
        let consistent_snapshot = match signed.get("consistent_snapshot") {
            None => false,
            Some(value) => value.as_bool().ok_or_else(|| unexpected("consistent_snapshot", "a boolean"))?,
        };
        Ok(Root {
            consistent_snapshot,
            root: authority(ROOT)?,
            timestamp: authority(TIMESTAMP)?,
            snapshot: authority(SNAPSHOT)?,
            targets: authority(TARGETS)?,
        })
    }
}

/// What a root file says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RootSummary {
    /// Its version.
    pub version: u64,
    /// Until when it is valid.
    pub expires: Timestamp,
}

/// Reads a root file and checks that it is signed as it demands itself. That makes it whole, not trusted.
///
/// # Errors
/// [`Error::TooLong`], [`Error::Metadata`], [`Error::Threshold`].
pub fn inspect_root(bytes: &[u8], limits: &Limits) -> Result<RootSummary, Error> {
    let root = read_root(bytes, limits)?;
    Ok(RootSummary { version: root.version, expires: root.expires })
}

/// A root that its own keys have signed.
pub(crate) fn read_root(bytes: &[u8], limits: &Limits) -> Result<Document<Root>, Error> {
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limits.root_bytes {
        return Err(Error::TooLong { role: ROOT.to_owned(), limit: limits.root_bytes });
    }
    let root: Document<Root> = Document::parse(bytes, ROOT)?;
    root.content.root.check(ROOT, &root)?;
    Ok(root)
}
