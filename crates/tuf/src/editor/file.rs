//! Metadata files as the editor writes them.

use super::{EditError, Role};
use crate::metadata::SNAPSHOT;
use jiff::Timestamp;
use sealwax_crypto::hex;
use sealwax_json::{Object, Value};

/// The specification that is followed (TUF §4.3).
pub(super) const SPEC_VERSION: &str = "1.0.34";

/// The largest version: the largest integer that clients which count in floating point tell from its neighbours.
const MAX_VERSION: u64 = (1 << 53) - 1;

/// The version so many steps on.
pub(super) fn raised(role: Role, version: u64, step: u64) -> Result<u64, EditError> {
    let raised = version.checked_add(step).filter(|raised| *raised <= MAX_VERSION);
    raised.ok_or(EditError::Version { role })
}

/// The file of one version of a role, below the metadata URL.
pub(super) fn path(role: Role, version: u64) -> String {
    crate::encode::metadata_path(role.name(), (role != Role::Timestamp).then_some(version))
}

/// The content with its version and expiry.
pub(super) fn dated(mut signed: Object<'static>, version: u64, expires: Timestamp) -> Object<'static> {
    signed.insert("version", version);
    signed.insert("expires", expires.to_string());
    signed
}

/// What snapshot and timestamp say about another file: its version, which alone can be said before that is signed, and
/// which alone public repositories say (TUF §4.4: lengths and digests are optional).
pub(super) fn meta(version: u64) -> Object<'static> {
    Object::new().with("version", version)
}

/// The name under which the timestamp announces the snapshot.
pub(super) fn snapshot_name() -> String {
    crate::file_name(SNAPSHOT)
}

/// The whole file.
pub(super) fn written<'s>(
    signed: &Object<'static>,
    signatures: impl IntoIterator<Item = (&'s String, &'s Vec<u8>)>,
) -> Vec<u8> {
    let signatures = signatures.into_iter().map(|(keyid, bytes)| signature(keyid, bytes));
    let signatures: Value<'static> = signatures.collect();
    let file = Object::new().with("signatures", signatures).with("signed", signed.clone());
    (sealwax_json::pretty(&Value::Object(file)) + "\n").into_bytes()
}

/// An entry of `signatures` (TUF §4.2).
pub(super) fn signature(keyid: &str, bytes: &[u8]) -> Value<'static> {
    Value::Object(Object::new().with("keyid", keyid.to_owned()).with("sig", hex(bytes)))
}
