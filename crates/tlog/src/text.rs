//! The two encodings that all these texts share: canonical decimal numbers and canonical base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::merkle::Hash;

/// A number as the C2SP texts write it: ASCII digits, no sign, no leading zero but in `0` itself.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with('0');
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if canonical && digits { text.parse().ok() } else { None }
}

/// Standard alphabet, padded, unused bits zero (RFC 4648 section 4, read strictly: one text per value).
pub(crate) fn base64_decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// As [`base64_decode`], for exactly 32 bytes.
pub(crate) fn base64_hash(text: &str) -> Option<Hash> {
    // 32 bytes are 44 characters: nothing longer is decoded at all.
    if text.len() != 44 {
        return None;
    }
    base64_decode(text)?.try_into().ok()
}

/// Standard alphabet, padded.
pub(crate) fn base64_encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_have_one_form() {
        for (text, value) in [("0", Some(0)), ("7", Some(7)), ("18446744073709551615", Some(u64::MAX))] {
            assert_eq!(decimal(text), value, "{text:?}");
        }
        for text in ["", "00", "01", "+1", "-1", " 1", "1 ", "1_0", "0x1", "18446744073709551616", "\u{661}"]
        {
            assert_eq!(decimal(text), None, "{text:?}");
        }
    }

    #[test]
    fn base64_has_one_form() {
        let hash = [0xfb; 32];
        let text = base64_encode(&hash);
        assert_eq!(base64_hash(&text), Some(hash));
        assert_eq!(base64_hash(text.trim_end_matches('=')), None, "padding left out");
        assert_eq!(base64_hash(&text.replace("s=", "t=")), None, "unused bits set");
        assert_eq!(base64_hash(&text.replace('/', "_").replace('+', "-")), None, "other alphabet");
        assert_eq!(base64_hash(&base64_encode(&[0; 31])), None);
        assert_eq!(base64_hash(&base64_encode(&[0; 33])), None);
        assert_eq!(base64_decode("AA==\n"), None);
        assert_eq!(base64_decode("AA== "), None);
    }
}
