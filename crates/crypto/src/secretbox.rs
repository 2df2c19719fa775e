//! NaCl's secretbox, XSalsa20 and Poly1305, as cosign's key files have it. For those alone: what is sealed anew for other ends is
//! `sealed`.

use poly1305::Poly1305;
use poly1305::universal_hash::KeyInit as _;
use salsa20::XSalsa20;
use salsa20::cipher::{KeyIvInit as _, StreamCipher as _};

use crate::mac::is_same_secret;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
/// Bytes of a nonce.
pub const NONCE_BYTES: usize = 24;
/// Bytes that a box is longer than what is in it: its tag, which stands in front.
pub const TAG_BYTES: usize = 16;

/// The box was not sealed with this key and nonce, or was changed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the box does not open")]
pub struct Unopened;

/// Seals `plaintext`. With one key, a nonce is used once.
#[must_use]
pub fn seal(key: &[u8; KEY_BYTES], nonce: &[u8; NONCE_BYTES], plaintext: &[u8]) -> Vec<u8> {
    let (mut cipher, tag_key) = start(key, nonce);
    let mut sealed = [&[0; TAG_BYTES][..], plaintext].concat();
    if let Some((front, ciphertext)) = sealed.split_first_chunk_mut::<TAG_BYTES>() {
        cipher.apply_keystream(ciphertext);
        *front = tag(&tag_key, ciphertext);
    }
    sealed
}

/// Opens what [`seal`] made.
///
/// # Errors
/// [`Unopened`].
pub fn open(key: &[u8; KEY_BYTES], nonce: &[u8; NONCE_BYTES], sealed: &[u8]) -> Result<Vec<u8>, Unopened> {
    let (found, ciphertext) = sealed.split_first_chunk::<TAG_BYTES>().ok_or(Unopened)?;
    let (mut cipher, tag_key) = start(key, nonce);
    if !is_same_secret(found, &tag(&tag_key, ciphertext)) {
        return Err(Unopened);
    }
    let mut plaintext = ciphertext.to_vec();
    cipher.apply_keystream(&mut plaintext);
    Ok(plaintext)
}

/// The first 32 bytes of the stream are the key of the tag, the following ones encrypt.
fn start(key: &[u8; KEY_BYTES], nonce: &[u8; NONCE_BYTES]) -> (XSalsa20, [u8; KEY_BYTES]) {
    let mut cipher = XSalsa20::new(key.into(), nonce.into());
    let mut tag_key = [0; KEY_BYTES];
    cipher.apply_keystream(&mut tag_key);
    (cipher, tag_key)
}

fn tag(key: &[u8; KEY_BYTES], ciphertext: &[u8]) -> [u8; TAG_BYTES] {
    Poly1305::new(key.into()).compute_unpadded(ciphertext).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    const KEY: [u8; 32] = [1; 32];
    const NONCE: [u8; 24] = [2; 24];

    /// As another implementation has it: `golang.org/x/crypto/nacl/secretbox` v0.55.0.
    #[test]
    fn the_format_does_not_change() {
        let (mut key, mut nonce, mut plaintext) = ([0; 32], [0; 24], [0; 77]);
        (0..).zip(&mut key).for_each(|(number, byte)| *byte = number);
        (100..).zip(&mut nonce).for_each(|(number, byte)| *byte = number);
        (124..=200).rev().zip(&mut plaintext).for_each(|(number, byte)| *byte = number);
        assert_eq!(
            hex(&seal(&key, &nonce, &plaintext)),
            "66d81da1ea982c66deb72f8d67850787ca7e5f0cfe750c2870429d298b3f19a1861d8e125015f9aa16a3ec39a6206321\
             00c852bdeb943945558989ff9c8847fc5907388d8615abce936edd89573914edcb0ccae84cbfca0b39f0618f3c"
        );
    }

    #[test]
    fn what_is_sealed_opens_and_what_was_changed_does_not() {
        for length in [0, 1, 15, 16, 17, 63, 64, 65, 500] {
            let plaintext = vec![7; length];
            let sealed = seal(&KEY, &NONCE, &plaintext);
            assert_eq!(sealed.len(), length + TAG_BYTES);
            assert_eq!(open(&KEY, &NONCE, &sealed), Ok(plaintext));
            assert_eq!(open(&[9; 32], &NONCE, &sealed), Err(Unopened));
            assert_eq!(open(&KEY, &[9; 24], &sealed), Err(Unopened));
            for at in 0..sealed.len() {
                let mut changed = sealed.clone();
                changed[at] ^= 1;
                assert_eq!(open(&KEY, &NONCE, &changed), Err(Unopened), "byte {at} of {length}");
            }
            assert_eq!(open(&KEY, &NONCE, &sealed[..sealed.len() - 1]), Err(Unopened));
        }
        assert_eq!(open(&KEY, &NONCE, &[0; 15]), Err(Unopened));
    }
}
