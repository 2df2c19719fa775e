//! The quick decoder says what the engine behind it says, about any text.

use ::base64::Engine as _;
use ::base64::alphabet;
use ::base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ::base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// As protobuf's JSON is read: padded or not.
const INDIFFERENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(crate) fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    for engine in [STANDARD, INDIFFERENT] {
        assert_eq!(sealwax_crypto::base64::decode(&engine, text), engine.decode(text));
    }
    let encoded = STANDARD.encode(input);
    assert_eq!(sealwax_crypto::base64::decode(&STANDARD, &encoded).as_deref(), Ok(input));
}

/// Every length of the last group, with padding and without.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let bytes: Vec<u8> = (0..=255).collect();
    let lengths = [0, 1, 2, 3, 6, 11, 12, 13, 24, 25, 26, 256];
    let padded = lengths
        .iter()
        .filter_map(|length| bytes.get(..*length))
        .map(|part| STANDARD.encode(part).into_bytes());
    let bare = lengths
        .iter()
        .filter_map(|length| bytes.get(..*length))
        .map(|part| STANDARD_NO_PAD.encode(part).into_bytes());
    padded.chain(bare).collect()
}
