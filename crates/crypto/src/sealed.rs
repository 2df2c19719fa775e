//! Secrets at rest: AES-256-GCM (NIST SP 800-38D) under a key of its own for each file.
//!
//! A sealed secret is a version byte, a salt of 32 bytes, the ciphertext and its tag of 16. The key of the file is
//! HKDF-SHA-256 (RFC 5869) of the master secret and the salt, with the file's name as context: under another name it does
//! not open, so that nobody who can write files puts one secret in the place of another. A salt is used once, hence
//! so is the key, and the nonce is zero.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    error::Unspecified,
    hkdf::{HKDF_SHA256, Salt},
};

/// Bytes of a master secret: random, not a password.
pub const SECRET_BYTES: usize = 32;

const VERSION: u8 = 1;
const SALT_BYTES: usize = 32;
const CONTEXT: &[u8] = b"sealwax sealed file v1\n";

/// Why a sealed secret cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// It is not of this format.
    #[error("not a sealed file of version {VERSION}")]
    Format,
    /// The tag does not fit.
    #[error("sealed under another secret or another name, or damaged")]
    Opening,
    /// The provider refused, which it does for absurd lengths only.
    #[error("cannot be sealed")]
    Sealing,
}

/// Seals `plaintext` as the file `name`. `salt` is random, and never used again.
///
/// # Errors
/// [`SealError::Sealing`].
pub fn seal(
    secret: &[u8; SECRET_BYTES],
    name: &str,
    salt: &[u8; SALT_BYTES],
    plaintext: &[u8],
) -> Result<Vec<u8>, SealError> {
    let key = file_key(secret, name, salt).map_err(|_| SealError::Sealing)?;
    let mut sealed = plaintext.to_vec();
    key.seal_in_place_append_tag(zero_nonce(), Aad::empty(), &mut sealed).map_err(|_| SealError::Sealing)?;
    Ok([&[VERSION][..], salt, &sealed].concat())
}

/// Opens what was sealed as the file `name`.
///
/// # Errors
/// [`SealError::Format`], [`SealError::Opening`].
pub fn open(secret: &[u8; SECRET_BYTES], name: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    let (version, rest) = sealed.split_first().ok_or(SealError::Format)?;
    let (salt, ciphertext) = rest.split_first_chunk().ok_or(SealError::Format)?;
    if *version != VERSION {
        return Err(SealError::Format);
    }
    let key = file_key(secret, name, salt).map_err(|_| SealError::Opening)?;
    let mut plaintext = ciphertext.to_vec();
    let opened = key.open_in_place(zero_nonce(), Aad::empty(), &mut plaintext);
    let length = opened.map_err(|_| SealError::Opening)?.len();
    plaintext.truncate(length);
    Ok(plaintext)
}

fn file_key(
    secret: &[u8; SECRET_BYTES],
    name: &str,
    salt: &[u8; SALT_BYTES],
) -> Result<LessSafeKey, Unspecified> {
    let extracted = Salt::new(HKDF_SHA256, salt).extract(secret);
    let context = [CONTEXT, name.as_bytes()];
    Ok(LessSafeKey::new(UnboundKey::from(extracted.expand(&context, &AES_256_GCM)?)))
}

fn zero_nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: [u8; 32] = [7; 32];

    #[test]
    fn what_is_sealed_opens_with_the_same_secret_and_name_only() {
        for plaintext in [&b""[..], b"x", &[9; 5000]] {
            let sealed = seal(&SECRET, "keys/ca", &[1; 32], plaintext).unwrap();
            assert_eq!(sealed.len(), 1 + 32 + plaintext.len() + 16);
            assert_eq!(open(&SECRET, "keys/ca", &sealed).unwrap(), plaintext);
            assert_eq!(open(&SECRET, "keys/tsa", &sealed), Err(SealError::Opening));
            assert_eq!(open(&[8; 32], "keys/ca", &sealed), Err(SealError::Opening));
            assert_ne!(seal(&SECRET, "keys/ca", &[2; 32], plaintext).unwrap()[33..], sealed[33..]);
        }
    }

    #[test]
    fn a_changed_byte_is_noticed_wherever_it_is() {
        let sealed = seal(&SECRET, "n", &[1; 32], b"secret").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            let expected = if at == 0 { SealError::Format } else { SealError::Opening };
            assert_eq!(open(&SECRET, "n", &changed), Err(expected), "byte {at}");
            let expected = if at < 33 { SealError::Format } else { SealError::Opening };
            assert_eq!(open(&SECRET, "n", &sealed[..at]), Err(expected), "{at} bytes");
        }
    }

    #[test]
    fn the_format_does_not_change() {
        // As another implementation of HKDF and AES-GCM has it (Python's hmac and cryptography 48).
        let sealed = seal(&SECRET, "keys/ca", &[1; 32], b"secret").unwrap();
        assert_eq!(sealed[..33], [&[1][..], &[1; 32]].concat());
        assert_eq!(crate::hex(&sealed[33..]), "8ddb265ceaf8bd95c24879a49bab67621ea7b62cac09");
    }
}
