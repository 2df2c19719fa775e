//! Base64, quickly: a bundle is base64 of JSON of base64 of PEM, so that decoding it is felt beside the cryptography.

use base64::DecodeError;
use base64::engine::Engine;

/// A letter's six bits at one of the four places of a quad; [`BAD`] for what is no letter.
type Place = [u32; 256];

const BAD: u32 = 1 << 31;
const PLACES: [Place; 4] = [place(18), place(12), place(6), place(0)];

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which would say so")]
const fn place(shift: u32) -> Place {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut place = [BAD; 256];
    let (mut at, mut value) = (0, 0);
    while at < letters.len() {
        place[letters[at] as usize] = value << shift;
        (at, value) = (at + 1, value + 1);
    }
    place
}

/// What `engine`, which must be of the standard alphabet, says to `text`, sooner. All quads but the last few letters go through tables of the standard alphabet; the
/// end, with its padding and its spare bits, is the engine's, and so is the whole text as soon as anything is odd.
///
/// # Errors
/// The engine's.
pub fn decode(engine: &impl Engine, text: &str) -> Result<Vec<u8>, DecodeError> {
    match quads(text.as_bytes()).map(|(bytes, end)| (bytes, engine.decode(end))) {
        Some((mut bytes, Ok(end))) => {
            bytes.extend_from_slice(&end);
            Ok(bytes)
        }
        _ => engine.decode(text),
    }
}

/// The bytes of all quads but the last, if they are all of the standard alphabet, and the letters behind them.
fn quads(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (front, end) = text.split_at_checked(text.len().checked_sub(4)? / 4 * 4)?;
    let (quads, []) = front.as_chunks::<4>() else { return None };
    let mut bytes = vec![0; front.len() / 4 * 3 + 6];
    let mut all = 0;
    for (triple, [first, second, third, fourth]) in bytes.as_chunks_mut::<3>().0.iter_mut().zip(quads) {
        let bits = |place: &Place, letter: u8| place.get(usize::from(letter)).copied().unwrap_or(BAD);
        let [at_first, at_second, at_third, at_fourth] = &PLACES;
        let word = bits(at_first, *first)
            | bits(at_second, *second)
            | bits(at_third, *third)
            | bits(at_fourth, *fourth);
        all |= word;
        let [_, high, middle, low] = word.to_be_bytes();
        *triple = [high, middle, low];
    }
    bytes.truncate(front.len() / 4 * 3);
    (all & BAD == 0).then_some((bytes, end))
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
