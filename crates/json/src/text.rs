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
    // Each byte is looked at once, however many are escaped: PEM has a line feed in each of its lines.
    while let Some(at) = memchr::memchr2(b'"', b'\\', rest.as_bytes()) {
        let (plain, after) = rest.split_at(at);
        push_without_controls(out, plain);
        let (mark, after) = after.split_at(1);
        out.push('\\');
        out.push_str(mark);
        rest = after;
    }
    push_without_controls(out, rest);
    out.push('"');
}

/// Appends text that has neither quote nor backslash.
fn push_without_controls(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = first_control(rest.as_bytes()) {
        let (plain, after) = rest.split_at(at);
        let (control, after) = after.split_at(1);
        out.push_str(plain);
        match control {
            "\u{8}" => out.push_str("\\b"),
            "\u{c}" => out.push_str("\\f"),
            "\n" => out.push_str("\\n"),
            "\r" => out.push_str("\\r"),
            "\t" => out.push_str("\\t"),
            other => other.bytes().for_each(|byte| out.push_str(&format!("\\u{byte:04x}"))),
        }
        rest = after;
    }
    out.push_str(rest);
}

/// In pieces of which the compiler makes vectors.
fn first_control(bytes: &[u8]) -> Option<usize> {
    const PIECE: usize = 32;
    let has_control = |piece: &&[u8]| piece.iter().fold(false, |found, &byte| found | (byte < 0x20));
    let before = bytes.chunks(PIECE).take_while(|piece| !has_control(piece)).count() * PIECE;
    let within = bytes.get(before..)?.iter().position(|&byte| byte < 0x20)?;
    Some(before + within)
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

    /// What has to be escaped is found at every place of a piece, alone and beside others, and nothing else is.
    #[test]
    fn every_escape_at_every_offset() {
        let quoted = |text: &str| {
            let mut out = String::new();
            push_quoted(&mut out, text);
            out
        };
        for (special, escaped) in [
            ('"', r#"\""#),
            ('\\', r"\\"),
            ('\n', r"\n"),
            ('\r', r"\r"),
            ('\t', r"\t"),
            ('\u{8}', r"\b"),
            ('\u{c}', r"\f"),
            ('\0', r"\u0000"),
            ('\u{1f}', r"\u001f"),
            ('\u{7f}', "\u{7f}"),
            ('é', "é"),
            (' ', " "),
        ] {
            for before in 0..70 {
                let filler = "x".repeat(before);
                assert_eq!(quoted(&format!("{filler}{special}")), format!("\"{filler}{escaped}\""));
                let (text, expected) = (
                    format!("{special}\n{filler}\"{special}y"),
                    format!(r#""{escaped}\n{filler}\"{escaped}y""#),
                );
                assert_eq!(quoted(&text), expected);
            }
        }
    }
}
