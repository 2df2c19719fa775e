//! Message authentication codes, and comparison in constant time. Native only, like signing: who verifies has no secrets.

use aws_lc_rs::{constant_time, hmac};

/// HMAC-SHA-256 (RFC 2104, FIPS 180-4) over the parts, one after the other.
#[must_use]
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    authenticate(hmac::HMAC_SHA256, key, parts)
}

/// HMAC-SHA-1 over a message: for RFC 6238, whose apps know nothing else. What breaks SHA-1 (collisions) does not touch it.
#[must_use]
pub fn hmac_sha1(key: &[u8], message: &[u8]) -> [u8; 20] {
    authenticate(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key, &[message])
}

/// Whether two secrets are the same, in a time that tells nothing but whether their lengths are.
#[must_use]
pub fn is_same_secret(one: &[u8], other: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(one, other).is_ok()
}

fn authenticate<const N: usize>(algorithm: hmac::Algorithm, key: &[u8], parts: &[&[u8]]) -> [u8; N] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(algorithm, key));
    for part in parts {
        context.update(part);
    }
    let mut tag = [0; N];
    for (to, from) in tag.iter_mut().zip(context.sign().as_ref()) {
        *to = *from;
    }
    tag
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    /// RFC 4231 §4.3 and RFC 2202 §3, case 2 of each.
    #[test]
    fn the_vectors_of_the_specifications() {
        let (key, message) = (b"Jefe", b"what do ya want for nothing?");
        let sha256 = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hex(&hmac_sha256(key, &[message])), sha256);
        assert_eq!(hex(&hmac_sha256(key, &[&message[..10], &[], &message[10..]])), sha256);
        assert_eq!(hex(&hmac_sha1(key, message)), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    }

    #[test]
    fn secrets_are_compared_whole() {
        assert!(is_same_secret(b"secret", b"secret"));
        assert!(is_same_secret(b"", b""));
        for other in [&b"secre"[..], b"secret ", b"Secret", b""] {
            assert!(!is_same_secret(b"secret", other));
        }
    }
}
