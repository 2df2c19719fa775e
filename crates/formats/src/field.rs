//! Protobuf JSON, read field by field (<https://protobuf.dev/programming-guides/json/>): every spelling that is
//! valid there is valid here, and an error says where in the document it stands.

use crate::base64::{self, Base64Error};
use jiff::Timestamp;
use sealwax_json::{Kind, Number, Object, Value};

/// A field that does not fit its type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {cause}", if path.is_empty() { "the document" } else { path })]
pub struct FieldError {
    /// Where, in the names of the specification: `verificationMaterial.tlogEntries[0].logId.keyId`.
    pub path: String,
    /// What is wrong.
    pub cause: FieldCause,
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldCause {
    /// A required field is absent, null or empty.
    #[error("is required")]
    Missing,
    /// Another JSON type than the field has.
    #[error("is {found}, expected {expected}")]
    Type {
        /// What the field has to be.
        expected: &'static str,
        /// What it is.
        found: Kind,
    },
    /// Both spellings of one field (`logId` and `log_id`).
    #[error("occurs in both its spellings")]
    Spellings,
    /// Two members of one `oneof`.
    #[error("excludes {other}, which is set too")]
    OneOf {
        /// The other member.
        other: &'static str,
    },
    /// Bytes that are not base64.
    #[error(transparent)]
    Base64(#[from] Base64Error),
    /// Bytes that are not hexadecimal.
    #[error("is not hexadecimal")]
    Hex,
    /// The wrong number of bytes.
    #[error("has {found} bytes, expected {expected}")]
    Length {
        /// How many there have to be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Not an integer of the field's range.
    #[error("is not an integer between {least} and {most}")]
    Integer {
        /// The smallest value allowed.
        least: i64,
        /// The largest.
        most: i64,
    },
    /// A value of an enumeration that is not known here, where it must be.
    #[error("has the unknown value {found:?}")]
    Unknown {
        /// The value, cut to 128 bytes.
        found: String,
    },
    /// Not an RFC 3339 instant.
    #[error("is not an RFC 3339 instant")]
    Instant,
    /// More elements than the limit.
    #[error("has {found} elements, at most {limit} are read")]
    TooMany {
        /// The limit.
        limit: usize,
        /// Elements found.
        found: usize,
    },
    /// Text that is not PEM.
    #[error(transparent)]
    Pem(#[from] sealwax_crypto::pem::PemError),
    /// A PEM block of another kind than a certificate or a public key.
    #[error("holds a PEM block of the kind {label:?}")]
    PemLabel {
        /// The label.
        label: String,
    },
    /// A public key that cannot be read.
    #[error(transparent)]
    Key(#[from] sealwax_crypto::KeyError),
    /// Text inside the field that is not JSON.
    #[error(transparent)]
    Json(#[from] sealwax_json::Error),
}

impl FieldCause {
    pub(crate) fn at(self, name: &str) -> FieldError {
        FieldError { path: name.to_owned(), cause: self }
    }

    pub(crate) fn unknown(found: &str) -> FieldCause {
        FieldCause::Unknown { found: cut(found) }
    }
}

impl FieldError {
    /// The same error, seen from the message that contains `name`.
    pub(crate) fn within(mut self, name: &str) -> FieldError {
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{name}{separator}{}", self.path);
        self
    }
}

/// Found text as an error carries it: at most 128 bytes.
pub(crate) fn cut(found: &str) -> String {
    found.get(..found.floor_char_boundary(128)).unwrap_or_default().to_owned()
}

/// One message. An absent one has all its fields at their defaults.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Message<'n, 'v> {
    object: Option<&'n Object<'v>>,
    spelling: Spelling,
}

/// Which names a field may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// As in protobuf's JSON: `logId` or `log_id`.
    Either,
    /// Only the name given: what a log has made canonical, and what is not protobuf.
    Exact,
}

pub(crate) type Result<T> = std::result::Result<T, FieldError>;

impl<'n, 'v> Message<'n, 'v> {
    pub(crate) fn of(value: &'n Value<'v>) -> Result<Self> {
        Self::with(value, Spelling::Either)
    }

    pub(crate) fn exact(value: &'n Value<'v>) -> Result<Self> {
        Self::with(value, Spelling::Exact)
    }

    fn with(value: &'n Value<'v>, spelling: Spelling) -> Result<Self> {
        match value {
            Value::Null => Ok(Message { object: None, spelling }),
            Value::Object(object) => Ok(Message { object: Some(object), spelling }),
            other => Err(wrong_type("an object", other).at("")),
        }
    }

    /// Whether no field is written down at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.object.is_none_or(Object::is_empty)
    }

    /// The value of a field; null is absent.
    pub(crate) fn field(&self, name: &str) -> Result<Option<&'n Value<'v>>> {
        let mut found = None;
        for (key, value) in self.object.into_iter().flat_map(|object| object.iter()) {
            if key == name || (self.spelling == Spelling::Either && is_proto_name(key, name)) {
                if found.is_some() {
                    return Err(FieldCause::Spellings.at(name));
                }
                found = Some(value);
            }
        }
        Ok(found.filter(|value| !value.is_null()))
    }

    /// The value of a field that must be there.
    pub(crate) fn required(&self, name: &str) -> Result<&'n Value<'v>> {
        self.field(name)?.ok_or_else(|| FieldCause::Missing.at(name))
    }

    /// The one member of a `oneof` that is set, by its place among `names`.
    pub(crate) fn one_of(&self, names: &[&'static str]) -> Result<Option<(&'static str, &'n Value<'v>)>> {
        let mut set = None;
        for &name in names {
            if let Some(value) = self.field(name)? {
                if let Some((other, _)) = set {
                    return Err(FieldCause::OneOf { other }.at(name));
                }
                set = Some((name, value));
            }
        }
        Ok(set)
    }

    /// A string; absent is empty.
    pub(crate) fn string(&self, name: &str) -> Result<&'n str> {
        match self.field(name)? {
            None => Ok(""),
            Some(value) => value.as_str().ok_or_else(|| wrong_type("a string", value).at(name)),
        }
    }

    /// A string that must not be empty.
    pub(crate) fn required_string(&self, name: &str) -> Result<&'n str> {
        Some(self.string(name)?).filter(|text| !text.is_empty()).ok_or_else(|| FieldCause::Missing.at(name))
    }

    /// Bytes in base64; absent is empty.
    pub(crate) fn bytes(&self, name: &str) -> Result<Vec<u8>> {
        base64::decode(self.string(name)?).map_err(|e| FieldCause::from(e).at(name))
    }

    /// Bytes that must not be empty.
    pub(crate) fn required_bytes(&self, name: &str) -> Result<Vec<u8>> {
        Some(self.bytes(name)?).filter(|b| !b.is_empty()).ok_or_else(|| FieldCause::Missing.at(name))
    }

    /// An integer between `least` and `most`; absent is zero, which has to be among them.
    pub(crate) fn integer(&self, name: &str, least: i64, most: i64) -> Result<i64> {
        let Some(value) = self.field(name)? else { return Ok(0) };
        let number = match value {
            Value::Number(number) => integral(*number),
            Value::String(text) => decimal(text),
            other => return Err(wrong_type("an integer", other).at(name)),
        };
        number
            .filter(|n| (least..=most).contains(n))
            .ok_or_else(|| FieldCause::Integer { least, most }.at(name))
    }

    /// An int64 that must not be negative.
    pub(crate) fn natural(&self, name: &str) -> Result<u64> {
        self.integer(name, 0, i64::MAX).map(i64::unsigned_abs)
    }

    /// A message; absent is `None`.
    pub(crate) fn message<T>(&self, name: &str, read: impl FnOnce(Self) -> Result<T>) -> Result<Option<T>> {
        match self.field(name)? {
            None => Ok(None),
            Some(value) => {
                Self::with(value, self.spelling).and_then(read).map(Some).map_err(|e| e.within(name))
            }
        }
    }

    /// A message that must be there.
    pub(crate) fn required_message<T>(&self, name: &str, read: impl FnOnce(Self) -> Result<T>) -> Result<T> {
        self.message(name, read)?.ok_or_else(|| FieldCause::Missing.at(name))
    }

    /// The elements of a list, at most `limit`; absent is empty.
    pub(crate) fn values(&self, name: &str, limit: usize) -> Result<&'n [Value<'v>]> {
        let Some(value) = self.field(name)? else { return Ok(&[]) };
        let elements = value.as_array().ok_or_else(|| wrong_type("an array", value).at(name))?;
        if elements.len() > limit {
            return Err(FieldCause::TooMany { limit, found: elements.len() }.at(name));
        }
        Ok(elements)
    }

    /// A list of messages, at most `limit`.
    pub(crate) fn messages<T>(
        &self,
        name: &str,
        limit: usize,
        mut read: impl FnMut(Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        let element = |(i, value): (usize, &'n Value<'v>)| {
            let message = match value {
                Value::Object(object) => Ok(Message { object: Some(object), spelling: self.spelling }),
                other => Err(wrong_type("an object", other).at("")),
            };
            message.and_then(&mut read).map_err(|e| e.within(&format!("{name}[{i}]")))
        };
        self.values(name, limit)?.iter().enumerate().map(element).collect()
    }

    /// A list of strings, at most `limit`.
    pub(crate) fn strings(&self, name: &str, limit: usize) -> Result<Vec<&'n str>> {
        let element = |(i, value): (usize, &'n Value<'v>)| {
            value.as_str().ok_or_else(|| wrong_type("a string", value).at(&format!("{name}[{i}]")))
        };
        self.values(name, limit)?.iter().enumerate().map(element).collect()
    }

    /// An enumeration's value, by name or number. `None` is absent.
    pub(crate) fn enumeration(&self, name: &str) -> Result<Option<EnumValue<'n>>> {
        let Some(value) = self.field(name)? else { return Ok(None) };
        match value {
            Value::String(text) => Ok(Some(EnumValue::Name(text))),
            Value::Number(number) => {
                let number = integral(*number).and_then(|n| i32::try_from(n).ok());
                let range = FieldCause::Integer { least: i32::MIN.into(), most: i32::MAX.into() };
                number.map(|n| Some(EnumValue::Number(n))).ok_or_else(|| range.at(name))
            }
            other => Err(wrong_type("an enumeration's name or number", other).at(name)),
        }
    }

    /// An RFC 3339 instant; absent is `None`.
    pub(crate) fn instant(&self, name: &str) -> Result<Option<Timestamp>> {
        let Some(value) = self.field(name)? else { return Ok(None) };
        let text = value.as_str().ok_or_else(|| wrong_type("an instant", value).at(name))?;
        rfc3339(text).map(Some).ok_or_else(|| FieldCause::Instant.at(name))
    }
}

/// A value of an enumeration as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EnumValue<'n> {
    Name(&'n str),
    Number(i32),
}

impl EnumValue<'_> {
    pub(crate) fn to_text(self) -> String {
        match self {
            EnumValue::Name(name) => name.to_owned(),
            EnumValue::Number(number) => number.to_string(),
        }
    }

    /// What [`EnumValue::to_text`] gave, as it was written.
    pub(crate) fn write(text: &str) -> Value<'static> {
        match text.parse::<i32>() {
            Ok(number) => Value::from(i64::from(number)),
            Err(_) => Value::from(text.to_owned()),
        }
    }
}

pub(crate) fn wrong_type(expected: &'static str, found: &Value<'_>) -> FieldCause {
    FieldCause::Type { expected, found: found.kind() }
}

/// Whether `key` is the original name (`log_id`) of a field whose JSON name is `name` (`logId`).
fn is_proto_name(key: &str, name: &str) -> bool {
    let mut key = key.bytes();
    let same = name.bytes().all(|b| {
        let underscore = !b.is_ascii_uppercase() || key.next() == Some(b'_');
        underscore && key.next() == Some(b.to_ascii_lowercase())
    });
    same && key.next().is_none()
}

/// JSON numbers may be written with a fraction or an exponent as long as they are whole; beyond 2^53 a double no
/// longer says which.
fn integral(number: Number) -> Option<i64> {
    match number {
        Number::Float(n) if n.fract() == 0.0 && n.abs() <= 9_007_199_254_740_992.0 => {
            format!("{n:.0}").parse().ok()
        }
        other => other.as_i64(),
    }
}

fn decimal(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical = digits == "0" || !digits.starts_with(['0', '+']);
    text.parse().ok().filter(|_| canonical)
}

/// RFC 3339, as protobuf's JSON has it: upper-case `T`, `Z` or an offset. (jiff reads more: other calendars'
/// annotations, a space for the `T`, a leap second.)
pub(crate) fn rfc3339(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let shape = |pattern: &[u8], bytes: &[u8]| {
        pattern.len() == bytes.len()
            && pattern.iter().zip(bytes).all(|(p, b)| if *p == b'9' { b.is_ascii_digit() } else { p == b })
    };
    let (instant, rest) = bytes.split_at_checked(19)?;
    if !shape(b"9999-99-99T99:99:99", instant) || instant.get(17) == Some(&b'6') {
        return None;
    }
    let fraction = match rest.strip_prefix(b".") {
        None => 0,
        Some(digits) => {
            let count = digits.iter().take_while(|b| b.is_ascii_digit()).count();
            if !(1..=9).contains(&count) {
                return None;
            }
            count + 1
        }
    };
    let zone = rest.get(fraction..)?;
    if zone != b"Z" && !shape(b"+99:99", zone) && !shape(b"-99:99", zone) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests;
