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

/// What `engine`, which must be of the standard alphabet, says to `text`, sooner. All but the last few letters go through
/// tables; the end, with its padding and its spare bits, is the engine's, and so is the whole text as soon as anything is
/// odd.
///
/// # Errors
/// The engine's.
pub fn decode(engine: &impl Engine, text: &str) -> Result<Vec<u8>, DecodeError> {
    match quickly(engine, text.as_bytes()) {
        Some(bytes) => Ok(bytes),
        None => engine.decode(text),
    }
}

/// Letters at a time, and the bytes that they are.
const LETTERS: usize = 8;
const BYTES: usize = 6;

/// More than the engine can make of the letters that are left to it.
const ROOM: usize = 12;

/// `None` unless all is well.
fn quickly(engine: &impl Engine, text: &[u8]) -> Option<Vec<u8>> {
    let (front, end) = text.split_at_checked(text.len().checked_sub(4)? / LETTERS * LETTERS)?;
    let length = front.len() / LETTERS * BYTES;
    let mut bytes = vec![0; length + ROOM];
    let (groups, rest) = bytes.split_at_mut_checked(length)?;
    let mut all = 0;
    for (group, letters) in groups.as_chunks_mut().0.iter_mut().zip(front.as_chunks().0) {
        let (six, bad) = group_of(letters);
        *group = six;
        all |= bad;
    }
    if all & BAD != 0 {
        return None;
    }
    let last = engine.decode_slice(end, rest).ok()?;
    bytes.truncate(length + last);
    Some(bytes)
}

/// Six bytes, and a number that has [`BAD`] in it if one of the letters is none.
fn group_of(letters: &[u8; LETTERS]) -> ([u8; BYTES], u32) {
    let bits = |place: &Place, letter: u8| place.get(usize::from(letter)).copied().unwrap_or(BAD);
    let [first, second, third, fourth] = &PLACES;
    let [a, b, c, d, e, f, g, h] = *letters;
    let high = bits(first, a) | bits(second, b) | bits(third, c) | bits(fourth, d);
    let low = bits(first, e) | bits(second, f) | bits(third, g) | bits(fourth, h);
    let [a, b, c, d, e, f, ..] = (u64::from(high) << 40 | u64::from(low) << 16).to_be_bytes();
    ([a, b, c, d, e, f], high | low)
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
