//! What is wrong with an encoding, and where.

/// Bytes that are not the DER that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cause} at byte {offset}")]
pub struct DerError {
    /// Where in the document, in bytes.
    pub offset: usize,
    /// What is wrong there.
    #[source]
    pub cause: DerCause,
}

/// What can be wrong with an encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DerCause {
    /// The value ends before its length says so.
    #[error("truncated value")]
    Truncated,
    /// Something follows the last element.
    #[error("trailing data")]
    TrailingData,
    /// Another type than the one that belongs here.
    #[error("tag {found:#04x} where {expected:#04x} was expected")]
    UnexpectedTag {
        /// Identifier octet of the type that belongs here.
        expected: u8,
        /// Identifier octet that was found.
        found: u8,
    },
    /// The multi-byte tag form, which no structure here uses.
    #[error("multi-byte tag")]
    HighTag,
    /// X.690 10.1: the length is not in its shortest form.
    #[error("length not in its shortest form")]
    LengthNotMinimal,
    /// X.690 10.1: indefinite lengths are BER, not DER.
    #[error("indefinite length")]
    IndefiniteLength,
    /// The length does not fit 32 bits.
    #[error("length does not fit 32 bits")]
    LengthTooLarge,
    /// X.690 8.3.2: an integer without content or with a superfluous leading octet.
    #[error("integer not in its shortest form")]
    IntegerNotMinimal,
    /// An integer that is negative or larger than this field may be.
    #[error("integer out of range")]
    IntegerOutOfRange,
    /// X.690 11.1: a boolean is 00 or FF.
    #[error("boolean is neither 00 nor FF")]
    Boolean,
    /// X.690 11.2: a bit string with a bad count of unused bits or with unused bits set.
    #[error("malformed bit string")]
    BitString,
    /// An object identifier that is malformed or longer than 39 octets.
    #[error("malformed object identifier")]
    ObjectIdentifier,
    /// A time not of the form that RFC 5280 4.1.2.5 and RFC 3161 2.4.2 prescribe.
    #[error("malformed time")]
    Time,
    /// A character string with characters that its type does not have.
    #[error("malformed character string")]
    String,
    /// More elements than this list may have.
    #[error("more than {limit} elements")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// A list that must have an element has none.
    #[error("empty list")]
    Empty,
    /// A value that its specification does not know.
    #[error("unknown value")]
    UnknownValue,
}

impl DerCause {
    pub(crate) fn at(self, offset: usize) -> DerError {
        DerError { offset, cause: self }
    }
}
