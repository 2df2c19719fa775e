//! Values as they are written in a URI: percent-encoded where they must be.

use super::UriError;

/// What may stand in values as it is, beside letters, digits and `-._~` (RFC 7512 section 2.3, `pk11-res-avail`); in the
/// path also `&`, in the query also `/?|`.
const PLAIN: &str = ":[]@!$'()*+,=";
pub(super) const PLAIN_IN_PATH: &str = "&";
pub(super) const PLAIN_IN_QUERY: &str = "/?|";

pub(super) fn text(
    name: &'static str,
    value: &str,
    also_plain: &str,
    limit: usize,
) -> Result<String, UriError> {
    String::from_utf8(decode(name, value, also_plain, limit)?).map_err(|_| UriError::NotText { name })
}

pub(super) fn decode(
    name: &'static str,
    value: &str,
    also_plain: &str,
    limit: usize,
) -> Result<Vec<u8>, UriError> {
    let mut decoded = Vec::new();
    let mut bytes = value.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        let bad = UriError::Encoding { name, position: at + 1 };
        decoded.push(match byte {
            b'%' => {
                let mut digit = || bytes.next().and_then(|(_, digit)| char::from(digit).to_digit(16));
                let (Some(high), Some(low)) = (digit(), digit()) else { return Err(bad) };
                u8::try_from(high * 16 + low).map_err(|_| bad)?
            }
            byte if is_plain(byte, also_plain) => byte,
            _ => return Err(bad),
        });
    }
    match decoded.len() {
        0 => Err(UriError::Empty { name }),
        found if found > limit => Err(UriError::ValueTooLong { name, found, limit }),
        _ => Ok(decoded),
    }
}

pub(super) fn encode(value: &str, also_plain: &str) -> String {
    let one = |byte: u8| match byte {
        byte if is_plain(byte, also_plain) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    value.bytes().map(one).collect()
}

fn is_plain(byte: u8, also_plain: &str) -> bool {
    byte.is_ascii_alphanumeric()
        || b"-._~".contains(&byte)
        || PLAIN.as_bytes().contains(&byte)
        || also_plain.as_bytes().contains(&byte)
}
