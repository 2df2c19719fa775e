//! The small files of a plan: what belongs to it, and single signatures.

use super::{Role, file};
use crate::MetadataError;
use crate::metadata::field::{array, as_object, bytes_from_hex, required, string, strings, unexpected};
use sealwax_json::{Limits, Object, Value};
use std::collections::BTreeSet;

/// The media type of an outline.
const MEDIA_TYPE: &str = "application/vnd.sealwax.ceremony.v1+json";

/// The longest outline, in bytes: some thousand paths of targets.
pub const MAX_OUTLINE_BYTES: usize = 1 << 20;

/// The longest file of one signature, in bytes: an RSA signature with 4096 bits in hexadecimal has 1,024.
pub const MAX_SIGNATURE_BYTES: usize = 4_096;

/// What belongs to a plan. It is not signed, and nothing is believed that it says: it names files, and the files are checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline {
    /// The version of the targets that it was planned after; 0 if it is the first.
    pub after_targets: u64,
    /// The files of the next roots, in their order.
    pub roots: Vec<String>,
    /// The file of the next targets.
    pub targets: Option<String>,
    /// The paths of new targets.
    pub contents: Vec<String>,
    /// Roles that are signed again though nothing else about them changes.
    pub renewed: BTreeSet<Role>,
}

impl Outline {
    /// Reads an outline. Its names are single path components, its paths stay below the directory that they are put in.
    ///
    /// # Errors
    /// [`MetadataError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, MetadataError> {
        let value = sealwax_json::parse(bytes, &Limits::of_bytes(MAX_OUTLINE_BYTES))?;
        let object = as_object(&value, "the outline")?;
        if string(object, "mediaType")? != MEDIA_TYPE {
            return Err(unexpected("mediaType", MEDIA_TYPE));
        }
        let after_targets = required(object, "afterTargets")?.as_u64();
        let outline = Outline {
            after_targets: after_targets.ok_or_else(|| unexpected("afterTargets", "a version"))?,
            roots: strings(object, "roots")?,
            targets: object
                .get("targets")
                .map(|_| string(object, "targets").map(str::to_owned))
                .transpose()?,
            contents: strings(object, "contents")?,
            renewed: array(object, "renew")?.iter().map(role).collect::<Result<_, _>>()?,
        };
        if !outline.roots.iter().all(|name| is_version_of(Role::Root, name)) {
            return Err(unexpected("roots", "an array of names such as 5.root.json"));
        }
        if !outline.targets.iter().all(|name| is_version_of(Role::Targets, name)) {
            return Err(unexpected("targets", "a name such as 5.targets.json"));
        }
        if !outline.contents.iter().all(|path| super::change::is_agreed_path(path)) {
            return Err(unexpected("contents", "an array of paths of targets"));
        }
        Ok(outline)
    }

    /// The outline as JSON.
    pub fn write(&self) -> String {
        let list = |names: &[String]| names.iter().cloned().map(Value::from).collect::<Value<'_>>();
        let mut object = Object::new()
            .with("mediaType", MEDIA_TYPE)
            .with("afterTargets", self.after_targets)
            .with("roots", list(&self.roots));
        if let Some(targets) = &self.targets {
            object.insert("targets", targets.clone());
        }
        let renewed = self.renewed.iter().map(|role| Value::from(role.name())).collect::<Value<'_>>();
        let object = object.with("contents", list(&self.contents)).with("renew", renewed);
        sealwax_json::pretty(&Value::Object(object)) + "\n"
    }
}

/// Reads one signature, in the form that it has in a metadata file (TUF §4.2): the keyid and the bytes.
///
/// # Errors
/// [`MetadataError`].
pub fn parse_signature(bytes: &[u8]) -> Result<(String, Vec<u8>), MetadataError> {
    let value = sealwax_json::parse(bytes, &Limits::of_bytes(MAX_SIGNATURE_BYTES))?;
    let object = as_object(&value, "the signature")?;
    let signature = bytes_from_hex(string(object, "sig")?);
    Ok((string(object, "keyid")?.to_owned(), signature.ok_or_else(|| unexpected("sig", "hexadecimal"))?))
}

/// Writes one signature.
pub fn write_signature(keyid: &str, signature: &[u8]) -> String {
    sealwax_json::pretty(&file::signature(keyid, signature)) + "\n"
}

fn role(name: &Value<'_>) -> Result<Role, MetadataError> {
    name.as_str().and_then(Role::from_name).ok_or_else(|| unexpected("renew", "an array of roles"))
}

/// Whether it is the name that a version of the role has.
fn is_version_of(role: Role, name: &str) -> bool {
    let version = name.split_once('.').and_then(|(version, _)| version.parse().ok());
    version.is_some_and(|version| file::path(role, version) == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline() -> Outline {
        Outline {
            after_targets: 7,
            roots: vec!["5.root.json".to_owned(), "6.root.json".to_owned()],
            targets: Some("8.targets.json".to_owned()),
            contents: vec!["a/trusted_root.json".to_owned()],
            renewed: BTreeSet::from([Role::Snapshot]),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for outline in [outline(), Outline::default()] {
            assert_eq!(Outline::parse(outline.write().as_bytes()), Ok(outline));
        }
        let signature = write_signature("ab", &[1, 255]);
        assert_eq!(parse_signature(signature.as_bytes()), Ok(("ab".to_owned(), vec![1, 255])));
    }

    #[test]
    fn names_stay_where_they_are_put() {
        let text = outline().write();
        for (from, to) in [
            ("5.root.json", "../5.root.json"),
            ("5.root.json", "05.root.json"),
            ("5.root.json", "5.targets.json"),
            ("8.targets.json", "timestamp.json"),
            ("a/trusted_root.json", "../trusted_root.json"),
            ("a/trusted_root.json", "/etc/passwd"),
            ("\"snapshot\"", "\"mirror\""),
            ("ceremony.v1", "ceremony.v2"),
            (": 7", ": -7"),
        ] {
            let changed = text.replace(from, to);
            assert_ne!(changed, text);
            let read = Outline::parse(changed.as_bytes());
            assert!(matches!(read, Err(MetadataError::Unexpected { .. })), "{to}: {read:?}");
        }
        let odd = br#"{"keyid":"a","sig":"0"}"#;
        assert!(matches!(parse_signature(odd), Err(MetadataError::Unexpected { .. })));
    }
}
