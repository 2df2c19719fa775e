//! Snapshot and timestamp (TUF §4.4, §4.6): what versions the other files have.

use super::document::Content;
use super::field::{as_object, digests, length, object, positive, required};
use super::root::{SNAPSHOT, TARGETS};
use crate::{Error, MetadataError};
use sealwax_crypto::{Digest, digest};
use sealwax_json::{Object, Value};
use std::collections::BTreeMap;

/// What is announced about a metadata file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MetaFile {
    pub(crate) version: u64,
    pub(crate) length: Option<u64>,
    digests: Option<Vec<Digest>>,
}

impl MetaFile {
    fn read(value: &Value<'_>, name: &str) -> Result<Self, MetadataError> {
        let file = as_object(value, name)?;
        Ok(MetaFile {
            version: positive(file, "version")?,
            length: file.get("length").map(|value| length(value, "length")).transpose()?,
            digests: file.get("hashes").map(digests).transpose()?,
        })
    }

    /// Length and digests, where they are announced (TUF §5.5.2, §5.6.2).
    pub(crate) fn check(&self, role: &str, bytes: &[u8]) -> Result<(), Error> {
        let found = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if let Some(expected) = self.length.filter(|expected| *expected != found) {
            return Err(Error::Length { role: role.to_owned(), expected, found });
        }
        let Some(digests) = &self.digests else { return Ok(()) };
        if digests.is_empty() {
            return Err(Error::UnknownDigests { what: role.to_owned() });
        }
        for expected in digests {
            if digest(expected.algorithm(), bytes) != *expected {
                return Err(Error::Digest { role: role.to_owned(), algorithm: expected.algorithm() });
            }
        }
        Ok(())
    }
}

/// What a timestamp file says.
#[derive(Debug, Clone)]
pub(crate) struct Timestamp {
    pub(crate) snapshot: MetaFile,
}

impl Content for Timestamp {
    const TYPE: &'static str = "timestamp";

    fn read(signed: &Object<'_>) -> Result<Self, MetadataError> {
        let name = crate::file_name(SNAPSHOT);
        let snapshot = MetaFile::read(required(object(signed, "meta")?, &name)?, &name)?;
        Ok(Timestamp { snapshot })
    }
}

/// What a snapshot file says: the targets roles, by their name.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    pub(crate) roles: BTreeMap<String, MetaFile>,
}

impl Content for Snapshot {
    const TYPE: &'static str = "snapshot";

    fn read(signed: &Object<'_>) -> Result<Self, MetadataError> {
        let mut roles = BTreeMap::new();
        for (name, file) in object(signed, "meta")?.iter() {
            let role = name.strip_suffix(".json");
            let role = role.ok_or_else(|| super::field::unexpected(name, "the name of a .json file"))?;
            roles.insert(role.to_owned(), MetaFile::read(file, name)?);
        }
        if !roles.contains_key(TARGETS) {
            return Err(MetadataError::Missing { member: crate::file_name(TARGETS) });
        }
        Ok(Snapshot { roles })
    }
}
