//! The npm registry's keys.

use crate::field::Message;
use crate::{DocumentError, KeyMaterial, trust};
use sealwax_json::{Object, Value};

/// Keys in the document; npm has had two in five years, each with two uses.
pub const MAX_KEYS: usize = 1_024;

/// The npm registry's keys: the TUF target `registry.npmjs.org/keys.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NpmKeys {
    /// The keys.
    pub keys: Vec<NpmKey>,
}

/// A key of the npm registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NpmKey {
    /// Its name: OpenSSH's SHA-256 fingerprint, which bundles give as hint and as `keyid`.
    pub key_id: String,
    /// What it signs: `npm:attestations` or `npm:signatures`.
    pub usage: String,
    /// The key and its window.
    pub key: KeyMaterial,
}

impl NpmKeys {
    /// The usage of keys that sign publish attestations.
    pub const ATTESTATIONS: &str = "npm:attestations";

    /// Reads the document.
    ///
    /// # Errors
    /// [`DocumentError::Json`] and [`DocumentError::Field`].
    pub fn parse(input: &[u8]) -> Result<NpmKeys, DocumentError> {
        let value = sealwax_json::parse(input, &trust::LIMITS)?;
        let message = Message::of(&value)?;
        message.required("keys")?;
        let keys = message.messages("keys", MAX_KEYS, |m| {
            Ok(NpmKey {
                key_id: m.required_string("keyId")?.to_owned(),
                usage: m.string("keyUsage")?.to_owned(),
                key: m.required_message("publicKey", KeyMaterial::read)?,
            })
        })?;
        Ok(NpmKeys { keys })
    }

    /// The key for publish attestations whose name is exactly `hint` (VERIFY rule 12).
    pub fn for_attestations(&self, hint: &str) -> Option<&NpmKey> {
        self.keys.iter().find(|key| key.usage == Self::ATTESTATIONS && key.key_id == hint)
    }

    /// The document as indented JSON.
    pub fn write(&self) -> String {
        let key = |key: &NpmKey| {
            let object = Object::new()
                .with("keyId", key.key_id.clone())
                .with("keyUsage", key.usage.clone())
                .with("publicKey", key.key.write());
            Value::Object(object)
        };
        let keys = self.keys.iter().map(key).collect::<Value<'_>>();
        sealwax_json::pretty(&Value::Object(Object::new().with("keys", keys)))
    }
}
