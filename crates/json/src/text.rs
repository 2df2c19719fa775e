//! Strings: finding their end quickly, and undoing escapes.

/// How many bytes at the front need no thought: neither quote, backslash nor control character.
///
/// With vector instructions, and so in two looks: a payload of 100 MiB is one string.
pub(crate) fn plain_prefix(bytes: &[u8]) -> usize {
    let end = memchr::memchr2(b'"', b'\\', bytes).unwrap_or(bytes.len());
    let plain = bytes.get(..end).unwrap_or_default();
    // Without an early end the compiler makes vectors of it.
    let has_control = plain.iter().fold(false, |found, &byte| found | (byte < 0x20));
    if has_control { plain.iter().take_while(|&&byte| byte >= 0x20).count() } else { end }
}

/// What an escape sequence at the front of `bytes` (after its backslash) means, and its length in bytes.
pub(crate) fn escape(bytes: &[u8]) -> Result<(char, usize), EscapeError> {
    let simple = match bytes.first() {
        None => return Err(EscapeError::End),
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode(bytes),
        Some(_) => return Err(EscapeError::Unknown),
    };
    Ok((simple, 1))
}

pub(crate) enum EscapeError {
    End,
    Unknown,
    LoneSurrogate,
}

fn unicode(bytes: &[u8]) -> Result<(char, usize), EscapeError> {
    let high = hex4(bytes.get(1..5).ok_or(EscapeError::End)?)?;
    if let Some(c) = char::from_u32(high) {
        return Ok((c, 5));
    }
    if high >= 0xdc00 || bytes.get(5..7) != Some(br"\u") {
        return Err(EscapeError::LoneSurrogate);
    }
    let low = hex4(bytes.get(7..11).ok_or(EscapeError::End)?)?;
    if !(0xdc00..0xe000).contains(&low) {
        return Err(EscapeError::LoneSurrogate);
    }
    let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    char::from_u32(code).map(|c| (c, 11)).ok_or(EscapeError::LoneSurrogate)
}

fn hex4(digits: &[u8]) -> Result<u32, EscapeError> {
    digits.iter().try_fold(0, |sum, &digit| {
        let value = char::from(digit).to_digit(16).ok_or(EscapeError::Unknown)?;
        Ok(sum << 4 | value)
    })
}

/// Undoes the escapes of a string whose escapes have been checked.
pub(crate) fn unescape(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        out.push_str(plain);
        let Ok((c, length)) = escape(escaped.as_bytes()) else { break };
        out.push(c);
        rest = escaped.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Appends `text` as a JSON string with the fewest escapes (RFC 8785 §3.2.2.2).
pub(crate) fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    loop {
        let (plain, after) = rest.split_at(plain_prefix(rest.as_bytes()));
        out.push_str(plain);
        let mut characters = after.chars();
        match characters.next() {
            None => break,
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\u{8}') => out.push_str("\\b"),
            Some('\u{c}') => out.push_str("\\f"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(control) => out.push_str(&format!("\\u{:04x}", u32::from(control))),
        }
        rest = characters.as_str();
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_prefix_finds_every_special_byte_at_every_offset() {
        for special in (0_u8..=255).filter(|b| *b < 0x20 || *b == b'"' || *b == b'\\') {
            for before in 0..40 {
                for filler in [b'a', 0x20, 0x21, 0x23, 0x5b, 0x5d, 0x7f, 0x80, 0xa2, 0xdc, 0xff] {
                    let mut bytes = vec![filler; before];
                    bytes.push(special);
                    bytes.extend_from_slice(b"trailing \" bytes");
                    assert_eq!(plain_prefix(&bytes), before, "{special:02x} after {before} × {filler:02x}");
                }
            }
        }
    }
}
