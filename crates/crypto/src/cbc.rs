//! AES-CBC (NIST SP 800-38A) with the padding of PKCS#7, to open private keys that others encrypted. Nothing is sealed with it: it
//! does not notice changes.

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;

/// Bytes of an initialisation vector.
pub const IV_BYTES: usize = 16;

/// The key has not the length of any AES key, or what comes out does not end in padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the ciphertext does not open")]
pub struct Unopened;

/// Decrypts with AES of the key's length.
///
/// # Errors
/// [`Unopened`]. With a wrong key, one time in 256 something comes out that is no plaintext.
pub fn open(key: &[u8], iv: [u8; IV_BYTES], ciphertext: &[u8]) -> Result<Vec<u8>, Unopened> {
    let algorithm = match key.len() {
        16 => &AES_128,
        24 => &AES_192,
        32 => &AES_256,
        _ => return Err(Unopened),
    };
    let key = UnboundCipherKey::new(algorithm, key).and_then(PaddedBlockDecryptingKey::cbc_pkcs7);
    let key = key.map_err(|_| Unopened)?;
    let mut text = ciphertext.to_vec();
    let opened = key.decrypt(&mut text, DecryptionContext::Iv128(FixedLength::from(iv)));
    let length = opened.map_err(|_| Unopened)?.len();
    text.truncate(length);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NIST SP 800-38A F.2.2 has no padding: its last block, decrypted, ends in 0x10. What does not end in padding is no plaintext.
    #[test]
    fn what_does_not_end_in_padding_is_refused() {
        assert_eq!(open(&[0; 16], [0; 16], &[0; 16]), Err(Unopened));
        assert_eq!(open(&[0; 16], [0; 16], &[0; 15]), Err(Unopened));
        assert_eq!(open(&[0; 16], [0; 16], &[]), Err(Unopened));
        assert_eq!(open(&[0; 17], [0; 16], &[0; 16]), Err(Unopened));
    }
}
