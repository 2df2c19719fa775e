//! Base64, quickly: a bundle is base64 of JSON of base64 of PEM, so that decoding it is felt beside the cryptography.

use base64::DecodeError;
use base64::engine::Engine;

/// What `engine`, which must be of the standard alphabet, says to `text`, sooner: text in the one canonical form is decoded with
/// vector instructions, and the engine decides about everything else.
///
/// # Errors
/// The engine's.
pub fn decode(engine: &impl Engine, text: &str) -> Result<Vec<u8>, DecodeError> {
    // Without padding the fast decoder and an engine that demands none would differ; what it takes is canonical.
    match base64_simd::STANDARD.decode_to_vec(text) {
        Ok(bytes) if engine_takes_padding(engine, text) => Ok(bytes),
        _ => engine.decode(text),
    }
}

/// The standard alphabet, padded.
pub fn encode(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}

/// The last quad alone tells whether the engine takes text that is padded as this is.
fn engine_takes_padding(engine: &impl Engine, text: &str) -> bool {
    let end = text.len().saturating_sub(4);
    text.get(end..).is_some_and(|quad| engine.decode_slice(quad, &mut [0; 6]).is_ok())
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};

    use super::*;

    #[track_caller]
    fn agree(text: &str) {
        assert_eq!(decode(&STANDARD, text), STANDARD.decode(text), "{text:?}");
        assert_eq!(decode(&STANDARD_NO_PAD, text), STANDARD_NO_PAD.decode(text), "{text:?}");
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
