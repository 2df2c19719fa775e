//! A configuration file as values, whichever way it is written.

use sealwax_json::{Error as JsonError, Limits, Value};

use super::fields::Syntax;
use super::{MAX_CONFIG_BYTES, yaml};

const LIMITS: Limits = Limits { bytes: MAX_CONFIG_BYTES, depth: 16, values: 50_000, members: 2000 };

/// Why a file cannot be read as JSON or YAML.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// Longer than [`MAX_CONFIG_BYTES`].
    #[error("a configuration of {size} bytes, at most {MAX_CONFIG_BYTES} are read")]
    TooLong {
        /// Its size in bytes.
        size: usize,
    },
    /// Not UTF-8.
    #[error("the configuration is not UTF-8")]
    NotUtf8,
    /// The file begins as JSON, and is not.
    #[error("the configuration is not JSON: {0}")]
    Json(JsonError),
    /// The file is not YAML.
    #[error("the configuration is not YAML, line {line}: {reason}")]
    Yaml {
        /// The line, from 1.
        line: usize,
        /// What the parser says.
        reason: String,
    },
    /// Nothing but comments.
    #[error("the configuration is empty")]
    Empty,
    /// More than one YAML document.
    #[error("the configuration has several documents")]
    SeveralDocuments,
    /// Nested deeper than 16 levels.
    #[error("the configuration is nested too deep")]
    TooDeep,
    /// More values than any configuration has, those that aliases repeat included.
    #[error("the configuration has too many values")]
    TooManyValues,
    /// An alias inside of what it stands for.
    #[error("an alias stands inside of its own anchor")]
    Alias,
    /// A YAML key that is no text.
    #[error("a key is no text")]
    Key,
    /// The same YAML key twice.
    #[error("the key {key:?} is there twice")]
    Duplicate {
        /// The key.
        key: String,
    },
    /// A merge key whose value is no mapping.
    #[error("<< merges mappings only")]
    Merge,
}

/// JSON if it begins like an object, YAML otherwise. Fulcio tries JSON first too; that a JSON object with a mistake in it may be YAML is
/// not tried, since the mistake would be reported as something else.
pub(super) fn read(text: &[u8]) -> Result<(Syntax, Value<'static>), DocumentError> {
    if text.len() > MAX_CONFIG_BYTES {
        return Err(DocumentError::TooLong { size: text.len() });
    }
    let text = std::str::from_utf8(text).map_err(|_| DocumentError::NotUtf8)?;
    if text.trim_start().starts_with('{') {
        let value = sealwax_json::parse(text.as_bytes(), &LIMITS).map_err(DocumentError::Json)?;
        return Ok((Syntax::Json, value.into_owned()));
    }
    Ok((Syntax::Yaml, yaml::read(text)?))
}
