//! Base64, quickly: a bundle is base64 of JSON of base64 of PEM, so that decoding it is felt beside the cryptography.

use base64::DecodeError;
use base64::engine::Engine;

/// What `engine`, which must be of the standard alphabet and take padding, says to `text`, sooner: text in the one canonical form
/// is decoded with vector instructions, and the engine decides about everything else.
///
/// # Errors
/// The engine's.
pub fn decode(engine: &impl Engine, text: &str) -> Result<Vec<u8>, DecodeError> {
    // What the fast decoder takes is padded and canonical.
    base64_simd::STANDARD.decode_to_vec(text).or_else(|_| engine.decode(text))
}

/// 32 bytes in their canonical form, without touching the heap; `None` for any other text, of which [`decode`] may make something.
pub fn decode_32(text: &str) -> Option<[u8; 32]> {
    if text.len() != 44 {
        return None;
    }
    let mut room = [0; 33]; // what 44 characters without padding would take
    let bytes =
        base64_simd::STANDARD.decode(text.as_bytes(), base64_simd::Out::from_slice(&mut room)).ok()?;
    <[u8; 32]>::try_from(&*bytes).ok()
}

/// The standard alphabet, padded.
pub fn encode(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}

#[cfg(test)]
mod tests {
    use base64::alphabet;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

    use super::*;

    const EITHER: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );

    #[track_caller]
    fn agree(text: &str) {
        assert_eq!(decode(&STANDARD, text), STANDARD.decode(text), "{text:?}");
        assert_eq!(decode(&EITHER, text), EITHER.decode(text), "{text:?}");
    }

    #[test]
    fn every_length_and_every_byte() {
        let bytes: Vec<u8> = (0..=255).collect();
        for length in 0..=bytes.len() {
            agree(&STANDARD.encode(&bytes[..length]));
            agree(&STANDARD_NO_PAD.encode(&bytes[..length]));
            agree(&URL_SAFE.encode(&bytes[..length]));
        }
    }

    #[test]
    fn thirty_two_bytes() {
        let bytes: [u8; 32] = std::array::from_fn(|i| 0xff - u8::try_from(i).unwrap());
        let text = STANDARD.encode(bytes);
        assert_eq!(decode_32(&text), Some(bytes));
        for other in [STANDARD.encode([0; 31]), STANDARD.encode([0; 33]), URL_SAFE.encode(bytes)] {
            assert_eq!(decode_32(&other), None);
        }
        for place in 0..text.len() {
            for letter in (0..=127).map(char::from) {
                let mut text = text.clone();
                text.replace_range(place..=place, letter.encode_utf8(&mut [0; 4]));
                let engine = STANDARD.decode(&text).ok().filter(|bytes| bytes.len() == 32);
                assert_eq!(decode_32(&text).map(Vec::from), engine, "{text:?}");
            }
        }
        assert_eq!(decode_32(text.trim_end_matches('=')), None);
        assert_eq!(decode_32(&format!("{}AA", &text[..42])), None, "33 bytes");
    }

    #[test]
    fn every_letter_in_every_place() {
        for good in [
            STANDARD.encode(b"exactly twelve bytes"),
            STANDARD.encode(b"and a few more bytes"),
            "AAAA".into(),
        ] {
            for place in 0..good.len() {
                for letter in (0..=127).map(char::from).chain(['é', '\u{2014}']) {
                    let mut text = good.clone();
                    text.replace_range(place..=place, letter.encode_utf8(&mut [0; 4]));
                    agree(&text);
                    agree(&format!("{text}{letter}"));
                }
            }
        }
    }
}
