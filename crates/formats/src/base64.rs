//! Base64 as protobuf's JSON allows it: either alphabet, padded or not, written in the standard one with padding. Line breaks
//! are passed over, as Go's protobuf does: what `base64` and `openssl` print is pasted into bundles as it is.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const CONFIG: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const EITHER: GeneralPurpose = GeneralPurpose::new(&STANDARD, CONFIG);
const EITHER_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, CONFIG);

/// Text that is not base64: a character outside the alphabet (or of the other one), a length that no bytes have,
/// padding in the wrong place, or bits left over that are not zero.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not base64: {0}")]
pub struct Base64Error(#[from] base64::DecodeError);

pub(crate) use sealwax_crypto::base64::decode_32;

/// Reads base64 of either alphabet, but not of both in one text.
///
/// # Errors
/// [`Base64Error`].
pub fn decode(text: &str) -> Result<Vec<u8>, Base64Error> {
    decode_line(text).or_else(|e| {
        if text.contains(['\n', '\r']) { decode_line(&text.replace(['\n', '\r'], "")) } else { Err(e) }
    })
}

fn decode_line(text: &str) -> Result<Vec<u8>, Base64Error> {
    // The URL alphabet is rare, so the common one is tried first; only its failure is worth a second look.
    sealwax_crypto::base64::decode(&EITHER, text)
        .or_else(|e| if text.contains(['-', '_']) { EITHER_URL.decode(text) } else { Err(e) })
        .map_err(Into::into)
}

/// Writes base64 in the standard alphabet, padded.
pub fn encode(bytes: &[u8]) -> String {
    sealwax_crypto::base64::encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_alphabet_padded_or_not() {
        for text in ["+/8=", "+/8", "-_8=", "-_8"] {
            assert_eq!(decode(text).unwrap(), [0xfb, 0xff], "{text}");
        }
        assert_eq!(decode("").unwrap(), []);
        assert_eq!(decode("+/\r\n8=\n").unwrap(), [0xfb, 0xff]);
        assert_eq!(encode(&[0xfb, 0xff]), "+/8=");
    }

    #[test]
    fn refused() {
        for text in ["+_8=", "A", "AB=C", "AA==A", "AB", " AAA", "AAA= ", "====", "é", "A==="] {
            assert!(decode(text).is_err(), "{text:?}");
        }
    }
}
