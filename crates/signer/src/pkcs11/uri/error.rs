use super::{MAX_URI_BYTES, SCHEME};

/// Why text is not such a name. None of them repeats a value, which may be a PIN.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UriError {
    /// Another scheme.
    #[error("the name of a key in a token begins with {SCHEME:?} (RFC 7512)")]
    Scheme,
    /// More bytes than such a name can have.
    #[error("a PKCS#11 URI of {found} bytes; the limit is {MAX_URI_BYTES}")]
    TooLong {
        /// Bytes found.
        found: usize,
    },
    /// An attribute without `=`.
    #[error("attribute {position} of the PKCS#11 URI has no `=`")]
    NoValue {
        /// Which one, from 1, over path and query.
        position: usize,
    },
    /// An attribute that is not known, or not where it stands.
    #[error(
        "PKCS#11 URI: {name:?} is no attribute that is understood in its {part}; \
         in the path: token, manufacturer, serial, model, slot-id, object, id, type; \
         in the query, after `?` and between `&`: module-path, pin-source, pin-value"
    )]
    Unknown {
        /// Its name.
        name: String,
        /// The path or the query.
        part: &'static str,
    },
    /// An attribute that is there twice (RFC 7512 section 2.3).
    #[error("PKCS#11 URI: {name} is there twice")]
    Repeated {
        /// Its name.
        name: &'static str,
    },
    /// A value that is empty.
    #[error("PKCS#11 URI: {name} is empty")]
    Empty {
        /// The attribute.
        name: &'static str,
    },
    /// A value that is longer than what it names can be.
    #[error("PKCS#11 URI: {name} has {found} bytes; the limit is {limit}")]
    ValueTooLong {
        /// The attribute.
        name: &'static str,
        /// Bytes found, decoded.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// A character that must be percent-encoded, or a `%` without two hexadecimal digits.
    #[error(
        "PKCS#11 URI: character {position} of {name} must be percent-encoded, or is a `%` without two hexadecimal digits"
    )]
    Encoding {
        /// The attribute.
        name: &'static str,
        /// Which byte of the value, from 1, as it is written.
        position: usize,
    },
    /// A value that must be text.
    #[error("PKCS#11 URI: {name} is not UTF-8")]
    NotText {
        /// The attribute.
        name: &'static str,
    },
    /// A slot id that is no number.
    #[error("PKCS#11 URI: slot-id is a decimal number")]
    SlotId,
    /// Another type of object.
    #[error("PKCS#11 URI: type is `private`, that is the key that signs")]
    Type,
    /// A path that depends on where the process runs.
    #[error("PKCS#11 URI: {name} is an absolute path, for pin-source also as file:/PATH or file:///PATH")]
    NotAbsolute {
        /// The attribute.
        name: &'static str,
    },
    /// The PIN in two places (RFC 7512 section 2.4).
    #[error("PKCS#11 URI: pin-source and pin-value exclude each other")]
    TwoPins,
}
