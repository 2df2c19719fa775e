//! PEM (RFC 7468), read as leniently as real material demands: npm's key is one unwrapped line.

use base64::engine::general_purpose::STANDARD;

/// Longest PEM text taken: a trust root's worth of certificates.
pub const MAX_BYTES: usize = 4 << 20;

/// One block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What stands after `BEGIN`.
    pub label: String,
    /// The decoded bytes.
    pub der: Vec<u8>,
}

/// Why text is not PEM.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PemError {
    /// More than [`MAX_BYTES`].
    #[error("PEM text of {found} bytes; the limit is {MAX_BYTES}")]
    TooLong {
        /// Bytes found.
        found: usize,
    },
    /// Not the number of blocks that was asked for.
    #[error("{found} PEM blocks, expected exactly one")]
    Count {
        /// Blocks found.
        found: usize,
    },
    /// A `BEGIN` without its `END`, or with another label in it.
    #[error("a PEM block {label:?} that does not end")]
    Unterminated {
        /// The block's label.
        label: String,
    },
    /// What stands between them is not padded base64.
    #[error("a PEM block {label:?} whose content is not base64")]
    Base64 {
        /// The block's label.
        label: String,
    },
}

/// All blocks of a text, in order. Text before, between and after blocks is ignored (RFC 7468 §2), lines may
/// have any length and end in any way.
///
/// # Errors
/// See [`PemError`]; the number of blocks is not an error here.
pub fn decode_all(text: &str) -> Result<Vec<Block>, PemError> {
    if text.len() > MAX_BYTES {
        return Err(PemError::TooLong { found: text.len() });
    }
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((label, body)) = begin(rest) {
        let end = format!("-----END {label}-----");
        let (base64, after) =
            split_once(body, &end).ok_or_else(|| PemError::Unterminated { label: label.to_owned() })?;
        let der = decode_body(base64).ok_or_else(|| PemError::Base64 { label: label.to_owned() })?;
        blocks.push(Block { label: label.to_owned(), der });
        rest = after;
    }
    Ok(blocks)
}

/// Lines as everybody writes them first; white space anywhere if that fails.
fn decode_body(base64: &str) -> Option<Vec<u8>> {
    let mut packed = String::with_capacity(base64.len());
    packed.extend(lines(base64));
    crate::base64::decode(&STANDARD, &packed).ok().or_else(|| {
        let packed: String = base64.split_ascii_whitespace().collect();
        crate::base64::decode(&STANDARD, &packed).ok()
    })
}

/// Much as [`str::lines`], with vector instructions: every v1 log entry has a certificate of some thirty lines in it.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut start = 0;
    let ends = memchr::memchr_iter(b'\n', text.as_bytes()).chain([text.len()]);
    ends.filter_map(move |end| {
        let line = text.get(start..end)?;
        start = end + 1;
        Some(line.strip_suffix('\r').unwrap_or(line))
    })
}

/// As [`str::split_once`], with vector instructions.
fn split_once<'a>(text: &'a str, separator: &str) -> Option<(&'a str, &'a str)> {
    let (before, rest) =
        text.split_at_checked(memchr::memmem::find(text.as_bytes(), separator.as_bytes())?)?;
    Some((before, rest.strip_prefix(separator)?))
}

/// The one block of a text.
///
/// # Errors
/// [`PemError::Count`] if there is none or more than one; see [`PemError`] for the others.
pub fn decode_one(text: &str) -> Result<Block, PemError> {
    let mut blocks = decode_all(text)?;
    match (blocks.pop(), blocks.len()) {
        (Some(block), 0) => Ok(block),
        (None, _) => Err(PemError::Count { found: 0 }),
        (Some(_), others) => Err(PemError::Count { found: others + 1 }),
    }
}

/// Letters of a line that is written (RFC 7468 §2).
const LINE: usize = 64;

/// Writes one block: 64 columns, line feeds, a final one.
pub fn encode(label: &str, der: &[u8]) -> String {
    let letters = crate::base64::encode(der);
    let lines = letters.len().div_ceil(LINE);
    let mut text =
        String::with_capacity(letters.len() + lines + 2 * (label.len() + "-----BEGIN -----\n".len()));
    for part in ["-----BEGIN ", label, "-----\n"] {
        text.push_str(part);
    }
    let mut rest = letters.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    for part in ["-----END ", label, "-----\n"] {
        text.push_str(part);
    }
    text
}

/// The label of the first block of a text, and what follows its first line.
fn begin(text: &str) -> Option<(&str, &str)> {
    split_once(split_once(text, "-----BEGIN ")?.1, "-----")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 47, 48, 49, 96, 97] {
            let der: Vec<u8> = (0..length).collect();
            let text = encode("PUBLIC KEY", &der);
            assert!(text.lines().all(|line| line.len() <= 64));
            assert_eq!(decode_one(&text), Ok(Block { label: "PUBLIC KEY".into(), der }));
        }
    }

    #[test]
    fn lenient_where_material_demands_it() {
        let unwrapped = "noise\r\n-----BEGIN A-----\r\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEy\r\n-----END A-----";
        assert_eq!(decode_one(unwrapped).unwrap().der, (0..=50).collect::<Vec<u8>>());
        let two = format!("{unwrapped}between{unwrapped}\nafter");
        assert_eq!(decode_all(&two).unwrap().len(), 2);
        assert_eq!(decode_one(&two), Err(PemError::Count { found: 2 }));
        assert_eq!(decode_one("none"), Err(PemError::Count { found: 0 }));
    }

    #[test]
    fn refused() {
        let label = || "A".to_owned();
        assert_eq!(
            decode_all("-----BEGIN A-----\nAAAA\n-----END B-----"),
            Err(PemError::Unterminated { label: label() })
        );
        assert_eq!(
            decode_all("-----BEGIN A-----\nAAA\n-----END A-----"),
            Err(PemError::Base64 { label: label() })
        );
        assert_eq!(
            decode_all("-----BEGIN A-----\nProc-Type: 4\n\nAAAA\n-----END A-----"),
            Err(PemError::Base64 { label: label() })
        );
    }
}
