//! The members of our own files: each is taken once, and what is left over is an error.

use jiff::Timestamp;
use sealwax_json::{Error as JsonError, Limits, Object, Value};

/// Why a file of ours is not read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
    /// Not strict JSON, or too much of it.
    #[error("not JSON: {0}")]
    Json(#[from] JsonError),
    /// Another version of the format.
    #[error("the file has version {found}, which another version of this program wrote")]
    Version {
        /// The version.
        found: u64,
    },
    /// A member that is not there.
    #[error("the member {member:?} is missing")]
    Missing {
        /// Its name.
        member: &'static str,
    },
    /// A member of another type.
    #[error("the member {member:?} has the wrong type")]
    Type {
        /// Its name.
        member: &'static str,
    },
    /// A member that cannot be right.
    #[error("the member {member:?} is not what it should be")]
    Value {
        /// Its name.
        member: &'static str,
    },
    /// A member that nobody knows.
    #[error("the member {member:?} is not known")]
    Unknown {
        /// Its name.
        member: String,
    },
}

impl FieldError {
    pub(crate) fn value(member: &'static str) -> Self {
        Self::Value { member }
    }
}

/// The members of an object that have not been taken yet.
pub(crate) struct Fields<'a>(Object<'a>);

impl<'a> Fields<'a> {
    /// Reads a file with a version.
    pub(crate) fn document(text: &'a [u8], limits: &Limits, version: u64) -> Result<Self, FieldError> {
        let mut fields = Self::of("version", sealwax_json::parse(text, limits)?)?;
        // First: of another version nothing else is known.
        match fields.required("version")?.as_u64() {
            Some(found) if found == version => Ok(fields),
            Some(found) => Err(FieldError::Version { found }),
            None => Err(FieldError::Type { member: "version" }),
        }
    }

    /// The members of an object; `member` is what it is called.
    pub(crate) fn of(member: &'static str, value: Value<'a>) -> Result<Self, FieldError> {
        match value {
            Value::Object(object) => Ok(Self(object)),
            _ => Err(FieldError::Type { member }),
        }
    }

    pub(crate) fn optional(&mut self, member: &'static str) -> Option<Value<'a>> {
        self.0.remove(member)
    }

    pub(crate) fn required(&mut self, member: &'static str) -> Result<Value<'a>, FieldError> {
        self.optional(member).ok_or(FieldError::Missing { member })
    }

    /// The elements of a list.
    pub(crate) fn list(&mut self, member: &'static str) -> Result<Vec<Value<'a>>, FieldError> {
        match self.required(member)? {
            Value::Array(list) => Ok(list),
            _ => Err(FieldError::Type { member }),
        }
    }

    pub(crate) fn text(&mut self, member: &'static str) -> Result<String, FieldError> {
        self.optional_text(member)?.ok_or(FieldError::Missing { member })
    }

    pub(crate) fn optional_text(&mut self, member: &'static str) -> Result<Option<String>, FieldError> {
        match self.optional(member) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.into_owned())),
            Some(_) => Err(FieldError::Type { member }),
        }
    }

    pub(crate) fn boolean(&mut self, member: &'static str) -> Result<bool, FieldError> {
        self.required(member)?.as_bool().ok_or(FieldError::Type { member })
    }

    pub(crate) fn number(&mut self, member: &'static str) -> Result<u64, FieldError> {
        self.required(member)?.as_u64().ok_or(FieldError::Type { member })
    }

    /// A time as this program writes it.
    pub(crate) fn time(&mut self, member: &'static str) -> Result<Timestamp, FieldError> {
        self.optional_time(member)?.ok_or(FieldError::Missing { member })
    }

    pub(crate) fn optional_time(&mut self, member: &'static str) -> Result<Option<Timestamp>, FieldError> {
        let Some(text) = self.optional_text(member)? else { return Ok(None) };
        let time: Option<Timestamp> = text.parse().ok();
        match time.filter(|time| time.to_string() == text) {
            Some(time) => Ok(Some(time)),
            None => Err(FieldError::Value { member }),
        }
    }

    /// 32 bytes in small hexadecimal digits.
    pub(crate) fn digest(&mut self, member: &'static str) -> Result<[u8; 32], FieldError> {
        let text = self.text(member)?;
        let digest = sealwax_crypto::Digest::from_hex(sealwax_crypto::HashAlgorithm::Sha256, &text).ok();
        let digest = digest.filter(|digest| digest.to_hex() == text);
        digest.and_then(|digest| digest.as_bytes().try_into().ok()).ok_or(FieldError::Value { member })
    }

    /// That was all.
    pub(crate) fn end(self) -> Result<(), FieldError> {
        match self.0.iter().next() {
            None => Ok(()),
            Some((member, _)) => Err(FieldError::Unknown { member: member.to_owned() }),
        }
    }
}
