//! Members of metadata objects.

use crate::MetadataError;
use jiff::Timestamp;
use sealwax_crypto::{Digest, HashAlgorithm};
use sealwax_json::{Object, Value};

pub(crate) fn unexpected(member: &str, expected: &'static str) -> MetadataError {
    MetadataError::Unexpected { member: member.chars().take(128).collect(), expected }
}

pub(crate) fn required<'v, 'a>(object: &'v Object<'a>, name: &str) -> Result<&'v Value<'a>, MetadataError> {
    object.get(name).ok_or_else(|| MetadataError::Missing { member: name.to_owned() })
}

pub(crate) fn object<'v, 'a>(parent: &'v Object<'a>, name: &str) -> Result<&'v Object<'a>, MetadataError> {
    as_object(required(parent, name)?, name)
}

pub(crate) fn as_object<'v, 'a>(value: &'v Value<'a>, name: &str) -> Result<&'v Object<'a>, MetadataError> {
    value.as_object().ok_or_else(|| unexpected(name, "an object"))
}

pub(crate) fn array<'v, 'a>(parent: &'v Object<'a>, name: &str) -> Result<&'v [Value<'a>], MetadataError> {
    required(parent, name)?.as_array().ok_or_else(|| unexpected(name, "an array"))
}

pub(crate) fn string<'v>(parent: &'v Object<'_>, name: &str) -> Result<&'v str, MetadataError> {
    required(parent, name)?.as_str().ok_or_else(|| unexpected(name, "a string"))
}

pub(crate) fn strings(parent: &Object<'_>, name: &str) -> Result<Vec<String>, MetadataError> {
    let element = |value: &Value<'_>| {
        value.as_str().map(str::to_owned).ok_or_else(|| unexpected(name, "an array of strings"))
    };
    array(parent, name)?.iter().map(element).collect()
}

/// A version (TUF §4.3: "greater than 0") or a threshold, which of none would let anybody sign.
pub(crate) fn positive(parent: &Object<'_>, name: &str) -> Result<u64, MetadataError> {
    match required(parent, name)?.as_u64() {
        Some(number) if number > 0 => Ok(number),
        _ => Err(unexpected(name, "a positive integer")),
    }
}

/// A length: an integer, not negative.
pub(crate) fn length(value: &Value<'_>, name: &str) -> Result<u64, MetadataError> {
    value.as_u64().ok_or_else(|| unexpected(name, "an integer that is not negative"))
}

/// An instant. TUF §4.2 writes `YYYY-MM-DDTHH:MM:SSZ`; Sigstore's first three roots carry fractions of seconds, the
/// first also an offset, so this reads RFC 3339 (and nothing looser).
pub(crate) fn instant(parent: &Object<'_>, name: &str) -> Result<Timestamp, MetadataError> {
    const FORM: &str = "an instant as RFC 3339 writes it";
    let text = string(parent, name)?;
    if !is_rfc_3339(text.as_bytes()) {
        return Err(unexpected(name, FORM));
    }
    text.parse().map_err(|_| unexpected(name, FORM))
}

/// The shape alone; whether the numbers are a date is the parser's to say.
fn is_rfc_3339(text: &[u8]) -> bool {
    let shaped = |text: &[u8], shape: &[u8]| {
        text.len() == shape.len()
            && text.iter().zip(shape).all(|(&byte, &wanted)| match wanted {
                b'0' => byte.is_ascii_digit(),
                b'+' => byte == b'+' || byte == b'-',
                _ => byte == wanted,
            })
    };
    let Some((seconds, rest)) = text.split_at_checked(b"0000-00-00T00:00:00".len()) else { return false };
    let digits =
        rest.strip_prefix(b".").map(|rest| rest.iter().take_while(|byte| byte.is_ascii_digit()).count());
    let zone = match digits {
        None => Some(rest),
        Some(1..=9) => rest.get(1 + digits.unwrap_or(0)..),
        Some(_) => None,
    };
    shaped(seconds, b"0000-00-00T00:00:00")
        && zone.is_some_and(|zone| zone == b"Z" || shaped(zone, b"+00:00"))
}

/// The digests of a file. Unknown algorithms are left out: what remains may be empty, and then nothing fits.
pub(crate) fn digests(value: &Value<'_>) -> Result<Vec<Digest>, MetadataError> {
    let mut digests = Vec::new();
    for (name, value) in as_object(value, "hashes")?.iter() {
        let hex = value.as_str().ok_or_else(|| unexpected(name, "a string"))?;
        if let Some(algorithm) = HashAlgorithm::from_name(name) {
            let digest =
                Digest::from_hex(algorithm, hex).map_err(|_| unexpected(name, "a digest in hexadecimal"))?;
            digests.push(digest);
        }
    }
    // The strongest first: it names the file in consistent snapshots.
    digests.sort_by_key(|digest| std::cmp::Reverse(digest.algorithm()));
    Ok(digests)
}

pub(crate) fn bytes_from_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, half) = text.as_bytes().as_chunks::<2>();
    let nibble = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let byte = |[high, low]: &[u8; 2]| Some(nibble(*high)? << 4 | nibble(*low)?);
    if half.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &'static str) -> Result<Timestamp, MetadataError> {
        instant(&Object::new().with("expires", text), "expires")
    }

    #[test]
    fn instants_of_published_roots() {
        assert_eq!(parse("2026-11-20T13:58:18Z").unwrap().as_second(), 1_795_183_098);
        assert_eq!(parse("2021-12-18T13:28:12.99008-06:00").unwrap().as_second(), 1_639_855_692);
        assert_eq!(parse("2022-05-11T19:09:02.663975009Z").unwrap().as_second(), 1_652_296_142);
    }

    #[test]
    fn other_instants_are_refused() {
        let refused = [
            "",
            "2026-11-20",
            "2026-11-20T13:58:18",
            "2026-11-20 13:58:18Z",
            "2026-11-20t13:58:18z",
            "2026-11-20T13:58Z",
            "20261120T135818Z",
            "2026-11-20T13:58:18.Z",
            "2026-11-20T13:58:18.0000000000Z",
            "2026-13-20T13:58:18Z",
            "2026-11-20T13:58:18+01",
            "2026-11-20T13:58:18+01:00[Europe/Berlin]",
            "+002026-11-20T13:58:18Z",
        ];
        for text in refused {
            assert!(matches!(parse(text), Err(MetadataError::Unexpected { .. })), "{text}");
        }
    }
}
