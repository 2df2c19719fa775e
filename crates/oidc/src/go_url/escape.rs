//! Escapes (`%2F`), which depend on where a character stands.

use super::UrlError;

/// Where characters stand, which decides about their escapes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Host,
    Zone,
    User,
    Fragment,
}

/// Whether the character is written as it is.
fn is_plain(byte: u8, place: Place) -> bool {
    let others: &[u8] = match place {
        Place::Path => b"$&+,/:;=@",
        Place::Host | Place::Zone => b"!\"$&'()*+,:;<=>[]",
        Place::User => b"$&+,;=",
        Place::Fragment => b"!$&()*+,/:;=?@",
    };
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || others.contains(&byte)
}

/// Whether text that was written by hand is left alone: some characters that are escaped by default need not be.
pub(super) fn is_valid_encoding(text: &str, place: Place) -> bool {
    text.bytes().all(|byte| b"!$&'()*+,;=:@[]%".contains(&byte) || is_plain(byte, place))
}

pub(super) fn escape(bytes: &[u8], place: Place) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        if is_plain(*byte, place) {
            text.push(char::from(*byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

pub(super) fn unescape(text: &str, place: Place) -> Result<Vec<u8>, UrlError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'%' {
            let refused =
                matches!(place, Place::Host | Place::Zone) && *byte < 0x80 && !is_plain(*byte, place);
            if refused {
                return Err(UrlError::Host);
            }
            bytes.push(*byte);
            continue;
        }
        let Some(([high, low], after)) = rest.split_first_chunk::<2>() else { return Err(UrlError::Escape) };
        rest = after;
        let value = digit(*high)? << 4 | digit(*low)?;
        let allowed = match place {
            // A host may have escapes for what is not ASCII, and `%25` before a zone.
            Place::Host => value >= 0x80 || value == b'%',
            Place::Zone => value == b'%' || value == b' ' || is_plain(value, Place::Host),
            Place::Path | Place::User | Place::Fragment => true,
        };
        if !allowed {
            return Err(UrlError::Escape);
        }
        bytes.push(value);
    }
    Ok(bytes)
}

fn digit(byte: u8) -> Result<u8, UrlError> {
    match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        b'A'..=b'F' => Ok(byte - b'A' + 10),
        _ => Err(UrlError::Escape),
    }
}
