//! Public keys as minisign and signify write them: a line of comment, then base64 of the algorithm `Ed`, a key id of eight bytes, and an
//! Ed25519 key.
//!
//! The key alone: minisign's signatures are none of this registry.

use base64::engine::general_purpose::STANDARD;

use crate::{KeyError, PublicKey};

/// What the comment begins with.
const COMMENT: &str = "untrusted comment:";

/// Longest text taken, bytes: minisign itself takes comments of 1 KiB.
const MAX_BYTES: usize = 4 << 10;

/// The algorithm of a public key.
const ALGORITHM: [u8; 2] = *b"Ed";

/// Why text is not a public key of minisign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MinisignError {
    /// More than 4 KiB.
    #[error("a public key of minisign of {found} bytes")]
    TooLong {
        /// Bytes found.
        found: usize,
    },
    /// Not a line of comment and a line of base64.
    #[error("a public key of minisign is a line of comment, and a line of base64")]
    Lines,
    /// Not the 42 bytes of a public key: a signature or a private key, perhaps.
    #[error("{found} bytes; a public key of minisign has 42")]
    Length {
        /// Bytes found.
        found: usize,
    },
    /// Another algorithm than `Ed`.
    #[error("the algorithm {found:?} of minisign is not Ed25519")]
    Algorithm {
        /// Its two bytes.
        found: [u8; 2],
    },
}

/// Whether a text begins as a public key of minisign does.
pub(crate) fn looks_like(text: &str) -> bool {
    text.starts_with(COMMENT)
}

/// Reads the two lines.
pub(crate) fn read(text: &str) -> Result<PublicKey, KeyError> {
    if text.len() > MAX_BYTES {
        return Err(MinisignError::TooLong { found: text.len() }.into());
    }
    let mut lines = text.lines();
    let (Some(comment), Some(letters), None) = (lines.next(), lines.next(), lines.next()) else {
        return Err(MinisignError::Lines.into());
    };
    if !comment.starts_with(COMMENT) {
        return Err(MinisignError::Lines.into());
    }
    let bytes = crate::base64::decode(&STANDARD, letters.trim_end()).map_err(|_| MinisignError::Lines)?;
    let length = MinisignError::Length { found: bytes.len() };
    let (algorithm, rest) = bytes.split_first_chunk().ok_or_else(|| length.clone())?;
    let (_, point) = rest.split_first_chunk::<8>().ok_or_else(|| length.clone())?;
    let point = point.try_into().map_err(|_| length)?;
    if *algorithm != ALGORITHM {
        return Err(MinisignError::Algorithm { found: *algorithm }.into());
    }
    PublicKey::from_ed25519_raw(point)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The public key of RFC 8032 §7.1, test 1, with a key id of eights.
    fn text(front: &[u8]) -> String {
        let point = [
            0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
            0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
        ];
        format!("untrusted comment: x\n{}\n", crate::base64::encode(&[front, &point].concat()))
    }

    fn error(text: &str) -> MinisignError {
        match read(text).unwrap_err() {
            KeyError::Minisign(error) => error,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn two_lines_are_a_key() {
        let text = text(b"Ed88888888");
        let key = read(&text).unwrap();
        assert_eq!(key.raw().unwrap()[..4], [0xd7, 0x5a, 0x98, 0x01]);
        assert_eq!(read(&text.replace('\n', "\r\n")), Ok(key));
    }

    #[test]
    fn refused() {
        assert_eq!(error("untrusted comment: x"), MinisignError::Lines);
        assert_eq!(error("untrusted comment: x\n!\n"), MinisignError::Lines);
        assert_eq!(error(&format!("{}more\n", text(b"Ed88888888"))), MinisignError::Lines);
        assert_eq!(error(&text(b"Ed8888888")), MinisignError::Length { found: 41 });
        assert_eq!(error(&text(b"Ed888888888")), MinisignError::Length { found: 43 });
        assert_eq!(error(&text(b"ED88888888")), MinisignError::Algorithm { found: *b"ED" });
        assert_eq!(error(&"x".repeat(MAX_BYTES + 1)), MinisignError::TooLong { found: MAX_BYTES + 1 });
    }
}
