/// Why a text is not JSON that we read. Offsets are bytes from the start of the input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The input is longer than [`crate::Limits::bytes`].
    #[error("{found} bytes of JSON, at most {limit} are read")]
    TooLong {
        /// The limit.
        limit: usize,
        /// Bytes found.
        found: usize,
    },
    /// Arrays and objects nest deeper than [`crate::Limits::depth`].
    #[error("nested deeper than {limit} levels at byte {offset}")]
    TooDeep {
        /// The limit.
        limit: usize,
        /// Where the level too many opens.
        offset: usize,
    },
    /// More values than [`crate::Limits::values`].
    #[error("more than {limit} values, the first too many at byte {offset}")]
    TooManyValues {
        /// The limit.
        limit: usize,
        /// Where the value too many starts.
        offset: usize,
    },
    /// More members open at once than [`crate::Limits::members`].
    #[error("more than {limit} members at byte {offset}")]
    TooManyMembers {
        /// The limit.
        limit: usize,
        /// Where the member too many starts.
        offset: usize,
    },
    /// Not UTF-8 (RFC 8259 §8.1).
    #[error("not UTF-8 at byte {offset}")]
    NotUtf8 {
        /// The first byte that does not fit.
        offset: usize,
    },
    /// The text ends inside a value.
    #[error("the text ends in the middle of a value")]
    UnexpectedEnd,
    /// Something else than the grammar allows.
    #[error("expected {expected} at byte {offset}, found {}", printable(*found))]
    Unexpected {
        /// Where.
        offset: usize,
        /// The byte that stands there.
        found: u8,
        /// What the grammar (or the caller) asks for.
        expected: &'static str,
    },
    /// A control character inside a string that is not escaped.
    #[error("unescaped control character at byte {offset}")]
    ControlCharacter {
        /// Where.
        offset: usize,
    },
    /// An escape that JSON does not know.
    #[error("unknown escape at byte {offset}")]
    BadEscape {
        /// Where the escape starts.
        offset: usize,
    },
    /// Half a surrogate pair (RFC 7493 §2.1).
    #[error("half a surrogate pair at byte {offset}")]
    LoneSurrogate {
        /// Where the escape starts.
        offset: usize,
    },
    /// A number with a leading zero, without digits, or alike.
    #[error("malformed number at byte {offset}")]
    BadNumber {
        /// Where the number starts.
        offset: usize,
    },
    /// A number that no double holds.
    #[error("number out of range at byte {offset}")]
    NumberOutOfRange {
        /// Where the number starts.
        offset: usize,
    },
    /// The same name twice in one object (RFC 7493 §2.3).
    #[error("member name {name:?} occurs twice in one object that ends before byte {offset}")]
    Duplicate {
        /// The name, cut to 128 bytes.
        name: String,
        /// Where it was noticed: at the second name, or at the end of a large object.
        offset: usize,
    },
    /// Something follows the value.
    #[error("text after the value, at byte {offset}")]
    TrailingData {
        /// Where.
        offset: usize,
    },
}

fn printable(byte: u8) -> String {
    if byte.is_ascii_graphic() { format!("'{}'", char::from(byte)) } else { format!("byte 0x{byte:02x}") }
}
