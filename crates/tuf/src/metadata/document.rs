//! The envelope that every metadata file is (TUF §4.2).

use super::field::{array, as_object, bytes_from_hex, instant, object, positive, string, unexpected};
use crate::{Error, Expired, MetadataError};
use jiff::Timestamp;
use sealwax_json::{Limits, Object, Value};
use std::collections::BTreeSet;

/// What the `signed` part of one type of role holds besides version and expiry.
pub(crate) trait Content: Sized {
    /// The value of `_type`.
    const TYPE: &'static str;

    /// Reads the members that are the role's own.
    fn read(signed: &Object<'_>) -> Result<Self, MetadataError>;
}

/// A metadata file that was understood. Whether anyone has signed it is [`super::Authority::check`]'s to say.
#[derive(Debug, Clone)]
pub(crate) struct Document<T> {
    pub(crate) version: u64,
    pub(crate) expires: Timestamp,
    pub(crate) content: T,
    /// What the signatures are made over: the canonical form of `signed`, members that we do not know included.
    pub(crate) message: Vec<u8>,
    pub(crate) signatures: Vec<Signature>,
}

/// One entry of `signatures`.
#[derive(Debug, Clone)]
pub(crate) struct Signature {
    pub(crate) keyid: String,
    /// Empty if the text is not hexadecimal; no key verifies that.
    pub(crate) bytes: Vec<u8>,
}

impl<T: Content> Document<T> {
    /// Reads the metadata of `role`.
    pub(crate) fn parse(bytes: &[u8], role: &str) -> Result<Self, Error> {
        Self::read(bytes).map_err(|source| Error::Metadata { role: role.to_owned(), source })
    }

    fn read(bytes: &[u8]) -> Result<Self, MetadataError> {
        let document = envelope(bytes)?;
        let document = as_object(&document, "the file")?;
        Self::of(object(document, "signed")?, signatures(array(document, "signatures")?)?)
    }

    /// Reads a `signed` part by itself: nobody has signed it yet.
    pub(crate) fn unsigned(signed: &Object<'_>, role: &str) -> Result<Self, Error> {
        Self::of(signed, Vec::new()).map_err(|source| Error::Metadata { role: role.to_owned(), source })
    }

    fn of(signed: &Object<'_>, signatures: Vec<Signature>) -> Result<Self, MetadataError> {
        let found = string(signed, "_type")?;
        if found != T::TYPE {
            return Err(MetadataError::Type { expected: T::TYPE, found: found.chars().take(128).collect() });
        }
        check_specification(string(signed, "spec_version")?)?;
        Ok(Document {
            version: positive(signed, "version")?,
            expires: instant(signed, "expires")?,
            content: T::read(signed)?,
            message: sealwax_json::olpc(&Value::Object(signed.clone()))?,
            signatures,
        })
    }

    /// TUF §5.3.10 and its like: valid until after the start of the refresh.
    pub(crate) fn check_expiry(&self, role: &str, now: Timestamp) -> Result<(), Expired> {
        if self.expires > now {
            return Ok(());
        }
        Err(Expired { role: role.to_owned(), version: self.version, expired_at: self.expires, now })
    }
}

/// The JSON of a metadata file, within the limits of one.
fn envelope(bytes: &[u8]) -> Result<Value<'_>, sealwax_json::Error> {
    sealwax_json::parse(bytes, &limits(bytes.len()))
}

/// The `signed` part of a metadata file as it stands there, with the members that we do not know.
pub(crate) fn signed_part(bytes: &[u8], role: &str) -> Result<Object<'static>, Error> {
    let read = || {
        let document = envelope(bytes)?;
        Ok(object(as_object(&document, "the file")?, "signed")?.clone().into_owned())
    };
    read().map_err(|source| Error::Metadata { role: role.to_owned(), source })
}

/// The densest metadata is a list of keyids or targets, with one value per twenty bytes; a file of brackets and commas
/// must not cost sixty times its size in memory.
fn limits(bytes: usize) -> Limits {
    let values = bytes / 8 + 1024;
    Limits { values, members: values, ..Limits::of_bytes(bytes) }
}

/// TUF §4.3, SPEC_VERSION: the major version tells whether we understand the file. `1.0` occurs beside `1.0.34`.
fn check_specification(version: &str) -> Result<(), MetadataError> {
    let mut parts = version.split('.');
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let good = parts.next() == Some("1") && (1..=2).contains(&parts.clone().count()) && parts.all(is_number);
    if good {
        Ok(())
    } else {
        Err(MetadataError::SpecificationVersion { found: version.chars().take(128).collect() })
    }
}

fn signatures(entries: &[Value<'_>]) -> Result<Vec<Signature>, MetadataError> {
    let mut keyids = BTreeSet::new();
    let mut signatures = Vec::new();
    for entry in entries {
        let entry = as_object(entry, "signatures")?;
        let keyid = string(entry, "keyid")?;
        let text = string(entry, "sig").map_err(|_| unexpected("sig", "a string"))?;
        if !keyids.insert(keyid.to_owned()) {
            return Err(MetadataError::DuplicateSignature { keyid: keyid.chars().take(128).collect() });
        }
        let bytes = bytes_from_hex(text).unwrap_or_default();
        signatures.push(Signature { keyid: keyid.to_owned(), bytes });
    }
    Ok(signatures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn major_version_one_is_known() {
        for version in ["1.0", "1.0.34", "1.7.0"] {
            assert_eq!(check_specification(version), Ok(()), "{version}");
        }
        for version in ["", "1", "2.0.0", "1.", "1.0.0.0", "1.a", "01.0"] {
            let error = check_specification(version);
            assert!(matches!(error, Err(MetadataError::SpecificationVersion { .. })), "{version}");
        }
    }
}
