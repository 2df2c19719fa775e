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

    /// As OpenSSL 3.0 encrypts: `openssl enc -aes-128-cbc`, and so on, with a key of 0x77 and an initialisation vector that counts.
    #[test]
    fn what_others_encrypted_opens() {
        let mut iv = [0; IV_BYTES];
        (0..).zip(&mut iv).for_each(|(number, byte)| *byte = number);
        let vectors: [(usize, u128); 3] = [
            (16, 0x05f9_9e61_b98f_a845_e7c5_65fe_cfb7_74b3),
            (24, 0x8c56_f08d_f53c_9831_0266_9cf4_a43f_9687),
            (32, 0x5b40_1fe9_e13b_b645_237c_d6ce_be1c_a21d),
        ];
        for (length, ciphertext) in vectors {
            let opened = open(&vec![0x77; length], iv, &ciphertext.to_be_bytes());
            assert_eq!(opened.as_deref(), Ok(&b"a private key"[..]));
        }
    }

    #[test]
    fn what_does_not_end_in_padding_is_refused() {
        // The inverse of AES-128 takes the block of zeros, with the key of zeros, to one that ends in 0x3a.
        assert_eq!(open(&[0; 16], [0; 16], &[0; 16]), Err(Unopened));
        assert_eq!(open(&[0; 16], [0; 16], &[0; 15]), Err(Unopened));
        assert_eq!(open(&[0; 16], [0; 16], &[]), Err(Unopened));
        assert_eq!(open(&[0; 17], [0; 16], &[0; 16]), Err(Unopened));
    }
}
