//! The value behind the compare-and-swap: the truth about the log (LOG rule 1).

use sealwax_crypto::hex;
use sealwax_tlog::Hash;
use std::fmt;

/// The longest lock value that is read, in bytes.
pub const MAX_LOCK_BYTES: usize = 4096;

/// The first line: which format this is.
const VERSION: &str = "sealwax-log-lock/v1";

/// The state of the log after one round. Whoever rolls the round forward signs exactly this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockValue {
    /// Origin of the log.
    pub origin: String,
    /// First four bytes of the key id of each signature that a checkpoint gets, in order.
    pub keys: Vec<[u8; 4]>,
    /// Who swapped it in: random per start. With `round` it makes every value unique.
    pub writer: [u8; 16],
    /// Rises with each value, also with attempts that were lost.
    pub round: u64,
    /// Leaves.
    pub size: u64,
    /// Root of the tree.
    pub root: Hash,
    /// Milliseconds since 1970; never falls.
    pub timestamp: u64,
    /// Where the newest batch is staged; `None` before the first entry.
    pub batch: Option<String>,
    /// The tiles of the tree of this size, partial ones too, are durable as objects.
    pub settled: u64,
    /// When the log was frozen, milliseconds since 1970.
    pub frozen: Option<u64>,
}

/// Why bytes are not a lock value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LockValueError {
    /// Longer than [`MAX_LOCK_BYTES`], or not UTF-8.
    #[error("not a lock value: {bytes} bytes, at most {MAX_LOCK_BYTES} of UTF-8 are read")]
    NotText {
        /// Its length.
        bytes: usize,
    },
    /// Another version of the format.
    #[error("the lock value is of format {found:?}, this program reads {VERSION:?}")]
    Version {
        /// The first line.
        found: String,
    },
    /// A line is missing or not of its form.
    #[error("the lock value's line {name:?} is missing or malformed")]
    Line {
        /// Which line.
        name: &'static str,
    },
    /// More than the lines known.
    #[error("the lock value goes on after its last line")]
    Trailing,
}

impl fmt::Display for LockValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<String> = self.keys.iter().map(|key| hex(key)).collect();
        writeln!(f, "{VERSION}\norigin {}\nkeys {}", self.origin, keys.join(","))?;
        writeln!(f, "writer {}\nround {}", hex(&self.writer), self.round)?;
        writeln!(f, "size {}\nroot {}", self.size, hex(&self.root))?;
        writeln!(f, "timestamp {}\nbatch {}", self.timestamp, self.batch.as_deref().unwrap_or("-"))?;
        writeln!(f, "settled {}\nfrozen {}", self.settled, self.frozen.unwrap_or(0))
    }
}

impl LockValue {
    /// Reads a value; `parse(x).to_string() == x`.
    ///
    /// # Errors
    /// [`LockValueError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, LockValueError> {
        let not_text = LockValueError::NotText { bytes: bytes.len() };
        if bytes.len() > MAX_LOCK_BYTES {
            return Err(not_text);
        }
        let mut lines = Lines(std::str::from_utf8(bytes).map_err(|_| not_text)?);
        let found = lines.next().unwrap_or_default();
        if found != VERSION {
            return Err(LockValueError::Version { found: found.chars().take(80).collect() });
        }
        let value = Self {
            origin: lines.field("origin", |text| (!text.is_empty()).then(|| text.to_owned()))?,
            keys: lines.field("keys", |text| text.split(',').map(bytes_of).collect())?,
            writer: lines.field("writer", bytes_of)?,
            round: lines.field("round", number)?,
            size: lines.field("size", number)?,
            root: lines.field("root", bytes_of)?,
            timestamp: lines.field("timestamp", number)?,
            batch: lines.field("batch", |text| Some((text != "-").then(|| text.to_owned())))?,
            settled: lines.field("settled", number)?,
            frozen: lines.field("frozen", |text| number(text).map(|time| (time > 0).then_some(time)))?,
        };
        if lines.0.is_empty() { Ok(value) } else { Err(LockValueError::Trailing) }
    }
}

struct Lines<'a>(&'a str);

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let (line, rest) = self.0.split_once('\n')?;
        self.0 = rest;
        Some(line)
    }

    fn field<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<T, LockValueError> {
        let value = self.next().and_then(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.and_then(read).ok_or(LockValueError::Line { name })
    }
}

/// A decimal number as it is written, without sign or leading zeros.
fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

fn bytes_of<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    (hex(&bytes) == text).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value() -> LockValue {
        LockValue {
            origin: "log.example".to_owned(),
            keys: vec![[1, 2, 3, 4], [0xff; 4]],
            writer: [7; 16],
            round: 12,
            size: 300,
            root: [9; 32],
            timestamp: 1_780_000_000_000,
            batch: Some("staged/300-09".to_owned()),
            settled: 256,
            frozen: None,
        }
    }

    #[test]
    fn is_read_as_written() {
        for value in [value(), LockValue { batch: None, frozen: Some(5), ..value() }] {
            assert_eq!(LockValue::parse(value.to_string().as_bytes()).unwrap(), value);
        }
    }

    /// Whatever is read is written as it was, so two texts are never one value.
    #[test]
    fn no_byte_can_change_unseen() {
        let text = value().to_string().into_bytes();
        for at in 0..text.len() {
            for byte in [b'0', b'a', b'A', b'-', b'+', b' ', b'\n', 0, 0xff] {
                let mut changed = text.clone();
                changed[at] = byte;
                if let Ok(read) = LockValue::parse(&changed) {
                    assert_eq!(read.to_string().into_bytes(), changed);
                }
            }
            assert!(LockValue::parse(&text[..at]).is_err());
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let text = value().to_string();
        let cases = [
            (text.replace("/v1", "/v2"), LockValueError::Version { found: "sealwax-log-lock/v2".to_owned() }),
            (text.replace("size 300", "size 0300"), LockValueError::Line { name: "size" }),
            (format!("{text}x"), LockValueError::Trailing),
            ("x".repeat(5000), LockValueError::NotText { bytes: 5000 }),
        ];
        for (text, error) in cases {
            assert_eq!(LockValue::parse(text.as_bytes()), Err(error));
        }
    }
}
