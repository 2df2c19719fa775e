//! Public keys as SSH writes them in `id_*.pub` and `authorized_keys`: a type, base64 of the key's wire form (RFC 4253 §6.6, RFC 5656
//! §3.1, RFC 8709 §4), a comment.
//!
//! Keys that only sign in a hardware token (`sk-…`) sign more than the message, and are no keys of this registry.

use base64::engine::general_purpose::STANDARD;

use crate::{KeyError, KeyKind, PublicKey, spki};

/// Longest text taken, bytes: RSA with 4096 bits has 716 letters, and a comment may follow.
const MAX_BYTES: usize = 16 << 10;

/// Why text is not a public key of SSH.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SshError {
    /// More than 16 KiB.
    #[error("a public key of SSH of {found} bytes")]
    TooLong {
        /// Bytes found.
        found: usize,
    },
    /// Not one line of a type and base64.
    #[error("a public key of SSH is one line: its type, the key in base64, a comment")]
    Line,
    /// A type that is not in the registry.
    #[error("unsupported type of SSH key {name:?}")]
    Unsupported {
        /// The type.
        name: String,
    },
    /// The bytes are not the fields of the type, or are of another type than the line says.
    #[error("the bytes are not an SSH key of the type {name:?}")]
    Fields {
        /// The type.
        name: String,
    },
}

/// Whether a text begins as a public key of SSH does.
pub(crate) fn looks_like(text: &str) -> bool {
    let name = text.split_ascii_whitespace().next().unwrap_or_default();
    ["ssh-", "ecdsa-sha2-", "sk-"].iter().any(|front| name.starts_with(front))
}

/// Reads one line.
pub(crate) fn read(text: &str) -> Result<PublicKey, KeyError> {
    if text.len() > MAX_BYTES {
        return Err(SshError::TooLong { found: text.len() }.into());
    }
    let line = text.trim();
    let mut words = line.split_ascii_whitespace();
    let (Some(name), Some(letters), false) = (words.next(), words.next(), line.contains(['\n', '\r'])) else {
        return Err(SshError::Line.into());
    };
    let bytes = crate::base64::decode(&STANDARD, letters).map_err(|_| SshError::Line)?;
    of_wire(name, &bytes)
}

fn of_wire(name: &str, bytes: &[u8]) -> Result<PublicKey, KeyError> {
    let wrong = || KeyError::from(SshError::Fields { name: name.to_owned() });
    let (inner, rest) = field(bytes).ok_or_else(wrong)?;
    if inner != name.as_bytes() {
        return Err(wrong());
    }
    let last = |rest| field(rest).filter(|(_, rest)| rest.is_empty()).map(|(last, _)| last);
    let ec = |kind, curve: &[u8]| {
        let (named, rest) = field(rest).ok_or_else(wrong)?;
        let point = last(rest).filter(|_| named == curve).ok_or_else(wrong)?;
        PublicKey::from_ec_point(kind, point)
    };
    match name {
        "ssh-ed25519" => {
            let point = last(rest).and_then(|point| point.try_into().ok()).ok_or_else(wrong)?;
            PublicKey::from_ed25519_raw(point)
        }
        "ecdsa-sha2-nistp256" => ec(KeyKind::EcdsaP256, b"nistp256"),
        "ecdsa-sha2-nistp384" => ec(KeyKind::EcdsaP384, b"nistp384"),
        "ecdsa-sha2-nistp521" => ec(KeyKind::EcdsaP521, b"nistp521"),
        "ssh-rsa" => {
            let (exponent, rest) = number(rest).ok_or_else(wrong)?;
            let (modulus, rest) = number(rest).ok_or_else(wrong)?;
            if !rest.is_empty() {
                return Err(wrong());
            }
            PublicKey::from_pkcs1_der(&spki::encode_pkcs1(modulus, exponent)?)
        }
        _ => Err(SshError::Unsupported { name: name.to_owned() }.into()),
    }
}

/// A length of four bytes, big-endian, and so many bytes (RFC 4251 §5, `string`).
fn field(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// A positive number in the fewest bytes whose first bit is zero (RFC 4251 §5, `mpint`), without that zero.
fn number(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (number, rest) = field(bytes)?;
    match number {
        [0, next @ ..] => next.first().is_some_and(|first| *first >= 0x80).then_some((next, rest)),
        [first, ..] => (*first < 0x80).then_some((number, rest)),
        [] => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8709 has no example: this is the public key of RFC 8032 §7.1, test 1.
    const ED25519: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea a comment\n";

    fn error(text: &str) -> SshError {
        match read(text).unwrap_err() {
            KeyError::Ssh(error) => error,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_line_is_a_key() {
        let key = read(ED25519).unwrap();
        assert_eq!(
            crate::hex(key.raw().unwrap()),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        );
    }

    #[test]
    fn refused() {
        assert_eq!(error("ssh-ed25519"), SshError::Line);
        assert_eq!(error("ssh-ed25519 !!!!"), SshError::Line);
        assert_eq!(error(&ED25519.repeat(2)), SshError::Line);
        assert_eq!(error(&"x".repeat(MAX_BYTES + 1)), SshError::TooLong { found: MAX_BYTES + 1 });
        let fields = |name: &str| SshError::Fields { name: name.to_owned() };
        assert_eq!(error(&ED25519.replace("ssh-ed25519", "ssh-rsa")), fields("ssh-rsa"));
        assert_eq!(error("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA=="), fields("ssh-ed25519"));
        assert_eq!(error("ssh-ed25519 /////w=="), fields("ssh-ed25519"));
        let dsa = SshError::Unsupported { name: "ssh-dss".into() };
        assert_eq!(error("ssh-dss AAAAB3NzaC1kc3MAAAAA"), dsa);
    }

    #[test]
    fn numbers_are_positive_and_as_short_as_can_be() {
        let number = |bytes: &[u8]| {
            number(&[&[0, 0, 0, u8::try_from(bytes.len()).unwrap()], bytes].concat()).map(|(n, _)| n.to_vec())
        };
        assert_eq!(number(&[1, 0, 1]), Some(vec![1, 0, 1]));
        assert_eq!(number(&[0, 0x80]), Some(vec![0x80]));
        for wrong in [&[0, 1][..], &[0x80], &[0], &[]] {
            assert_eq!(number(wrong), None, "{wrong:?}");
        }
    }
}
