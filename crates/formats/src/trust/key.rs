use crate::field::{EnumValue, Message, Result as FieldResult};
use crate::{TimeRange, base64};
use sealwax_crypto::{KeyDetails, KeyError, PublicKey};
use sealwax_json::{Object, Value};
use std::sync::OnceLock;

/// `PublicKeyDetails`, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyDetailsField {
    /// An entry of the registry; [`KeyDetails::Unspecified`] if absent.
    Known(KeyDetails),
    /// Another name or number.
    Unknown(String),
}

/// Why a trusted instance cannot be used. The others of its trusted root can.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableReason {
    /// A key type from the future.
    #[error("its key has the unknown type {details:?}")]
    UnknownKeyDetails {
        /// The name or number.
        details: String,
    },
    /// A key type that nothing can verify with (unspecified, LMS).
    #[error("its key has the type {}, with which nothing can be verified", details.name())]
    UnsupportedKeyDetails {
        /// The type.
        details: KeyDetails,
    },
    /// The bytes of the key cannot be read.
    #[error("its key cannot be read: {0}")]
    Key(#[from] KeyError),
    /// The bytes are a key of another type.
    #[error("its key is not of the type {}", details.name())]
    KeyMismatch {
        /// The type that it should be of.
        details: KeyDetails,
    },
    /// No key.
    #[error("it has no key")]
    NoKey,
    /// No certificate.
    #[error("it has no certificate")]
    NoCertificate,
    /// No start of validity. The specification makes only the end optional.
    #[error("its validity has no start")]
    NoStart,
    /// No log id.
    #[error("it has no log id")]
    NoLogId,
    /// A Merkle tree over something else than SHA-256.
    #[error("its tree is hashed with {algorithm}, not SHA2_256")]
    HashAlgorithm {
        /// The name or number.
        algorithm: String,
    },
}

/// A public key as trusted documents have it. The bytes are read when the key is first used, once.
#[derive(Debug, Clone)]
pub struct KeyMaterial {
    raw_bytes: Vec<u8>,
    details: KeyDetailsField,
    valid_for: Option<TimeRange>,
    key: OnceLock<Result<(PublicKey, KeyDetails), UnusableReason>>,
}

impl PartialEq for KeyMaterial {
    /// What was written is compared, not what has been made of it.
    fn eq(&self, other: &Self) -> bool {
        (&self.raw_bytes, &self.details, &self.valid_for)
            == (&other.raw_bytes, &other.details, &other.valid_for)
    }
}

impl Eq for KeyMaterial {}

impl KeyMaterial {
    /// A key for a trusted document.
    pub fn new(raw_bytes: Vec<u8>, details: KeyDetailsField, valid_for: Option<TimeRange>) -> KeyMaterial {
        KeyMaterial { raw_bytes, details, valid_for, key: OnceLock::new() }
    }

    /// The bytes, encoded as [`KeyDetails::encoding`] says.
    pub fn raw_bytes(&self) -> &[u8] {
        &self.raw_bytes
    }

    /// What the bytes are.
    pub fn details(&self) -> &KeyDetailsField {
        &self.details
    }

    /// When the key was in use. Absent, it has no window; without a start, it is unusable.
    pub fn valid_for(&self) -> Option<&TimeRange> {
        self.valid_for.as_ref()
    }

    /// The key, whatever its window.
    ///
    /// # Errors
    /// [`UnusableReason`], about the key alone.
    pub fn public_key(&self) -> Result<(&PublicKey, KeyDetails), UnusableReason> {
        let read = self.key.get_or_init(|| self.read_key()).as_ref();
        read.map(|(key, details)| (key, *details)).map_err(UnusableReason::clone)
    }

    fn read_key(&self) -> Result<(PublicKey, KeyDetails), UnusableReason> {
        let details = match &self.details {
            KeyDetailsField::Known(details) => *details,
            KeyDetailsField::Unknown(details) => {
                return Err(UnusableReason::UnknownKeyDetails { details: details.clone() });
            }
        };
        if self.raw_bytes.is_empty() {
            return Err(UnusableReason::NoKey);
        }
        if details.scheme().is_none() {
            return Err(UnusableReason::UnsupportedKeyDetails { details });
        }
        let key = details.read_key(&self.raw_bytes)?;
        if !details.kind_matches(&key) {
            return Err(UnusableReason::KeyMismatch { details });
        }
        Ok((key, details))
    }

    pub(crate) fn read(message: Message<'_, '_>) -> FieldResult<KeyMaterial> {
        Ok(KeyMaterial::new(
            message.bytes("rawBytes")?,
            KeyDetailsField::read(message, "keyDetails")?,
            message.message("validFor", TimeRange::read)?,
        ))
    }

    pub(crate) fn write(&self) -> Object<'static> {
        let mut object = Object::new();
        if !self.raw_bytes.is_empty() {
            object.insert("rawBytes", base64::encode(&self.raw_bytes));
        }
        if let Some(details) = self.details.write() {
            object.insert("keyDetails", details);
        }
        if let Some(range) = &self.valid_for {
            object.insert("validFor", range.write());
        }
        object
    }
}

impl KeyDetailsField {
    /// The name in protobuf, or what stands in its place.
    pub fn name(&self) -> &str {
        match self {
            KeyDetailsField::Known(details) => details.name(),
            KeyDetailsField::Unknown(text) => text,
        }
    }

    pub(crate) fn read(message: Message<'_, '_>, field: &str) -> FieldResult<KeyDetailsField> {
        let Some(value) = message.enumeration(field)? else {
            return Ok(KeyDetailsField::Known(KeyDetails::Unspecified));
        };
        let known = match value {
            EnumValue::Name(name) => KeyDetails::from_name(name),
            EnumValue::Number(number) => KeyDetails::from_number(number),
        };
        Ok(known.map_or_else(|| KeyDetailsField::Unknown(value.to_text()), KeyDetailsField::Known))
    }

    fn write(&self) -> Option<Value<'static>> {
        match self {
            KeyDetailsField::Known(KeyDetails::Unspecified) => None,
            KeyDetailsField::Known(details) => Some(Value::from(details.name().to_owned())),
            KeyDetailsField::Unknown(text) => Some(EnumValue::write(text)),
        }
    }
}
