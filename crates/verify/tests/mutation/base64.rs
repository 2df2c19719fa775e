//! base64 as the documents have it.

pub(crate) fn encode(bytes: &[u8]) -> String {
    sealwax_testkit::base64(bytes)
}

/// The bytes under base64 of any number of times (intoto 0.0.2 has signatures twice), and that number.
pub(crate) fn unwrap(text: &str) -> Option<(Vec<u8>, usize)> {
    let bytes = decode(text)?;
    match std::str::from_utf8(&bytes).ok().and_then(unwrap) {
        Some((inner, times)) => Some((inner, times + 1)),
        None => Some((bytes, 1)),
    }
}

pub(crate) fn wrap(bytes: &[u8], times: usize) -> String {
    (1..times).fold(encode(bytes), |text, _| encode(text.as_bytes()))
}

/// The bytes, if this is padded base64 that is not also a word: of eight characters at least.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if text.len() < 8 || !text.len().is_multiple_of(4) {
        return None;
    }
    let digits = text.trim_end_matches('=');
    let mut bytes = Vec::with_capacity(text.len());
    let (mut bits, mut count) = (0u32, 0);
    for digit in digits.bytes() {
        let value = ALPHABET.iter().position(|known| *known == digit)?;
        (bits, count) = ((bits << 6) | value as u32, count + 6);
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    (encode(&bytes) == text).then_some(bytes)
}
