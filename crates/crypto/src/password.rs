//! Keys out of passwords: scrypt (RFC 7914) and PBKDF2 (RFC 8018 §5.2). Native only, as private keys are.
//!
//! What they cost stands in files that anybody may have written, so the limits stand here, in front of both.

use core::num::NonZeroU32;

use aws_lc_rs::pbkdf2 as lc;
use scrypt::Params;

/// The most memory that scrypt takes, bytes: that of N = 2^17 and r = 8, the strongest parameters of cosign's key files and OWASP's
/// recommendation.
pub const MAX_SCRYPT_BYTES: u64 = 128 << 20;

/// The most work that scrypt does, N·r·p: four times that of the same parameters, some seconds.
pub const MAX_SCRYPT_WORK: u64 = 4 << 20;

/// The most iterations of PBKDF2: seven times what OWASP recommends for HMAC-SHA-1, some seconds.
pub const MAX_PBKDF2_ITERATIONS: u32 = 10_000_000;

/// What scrypt costs (RFC 7914 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScryptCost {
    /// The binary logarithm of N, the cost of memory and processor.
    pub log2_n: u8,
    /// r, the size of a block in 128 bytes.
    pub r: u32,
    /// p, how often it is done.
    pub p: u32,
}

/// The hash under PBKDF2's HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prf {
    /// HMAC-SHA-1, the default of RFC 8018: what breaks SHA-1 (collisions) does not touch it.
    HmacSha1,
    /// HMAC-SHA-256.
    HmacSha256,
    /// HMAC-SHA-384.
    HmacSha384,
    /// HMAC-SHA-512.
    HmacSha512,
}

/// Why no key is made of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// Parameters that scrypt does not have, or that cost more than [`MAX_SCRYPT_BYTES`] or [`MAX_SCRYPT_WORK`].
    #[error("scrypt with N = 2^{}, r = {}, p = {}: impossible, or dearer than any key file is", .0.log2_n, .0.r, .0.p)]
    Scrypt(ScryptCost),
    /// No iterations, or more than [`MAX_PBKDF2_ITERATIONS`].
    #[error("PBKDF2 with {0} iterations; 1 to {MAX_PBKDF2_ITERATIONS} are done")]
    Pbkdf2(u32),
}

impl ScryptCost {
    /// Whether scrypt has such parameters, and whether it is worth it.
    ///
    /// # Errors
    /// [`PasswordError::Scrypt`].
    pub fn check(self) -> Result<(), PasswordError> {
        self.params().map(|_| ())
    }

    fn params(self) -> Result<Params, PasswordError> {
        let refused = PasswordError::Scrypt(self);
        let n = 1_u64.checked_shl(self.log2_n.into()).ok_or(refused)?;
        let blocks = n.checked_mul(self.r.into()).ok_or(refused)?;
        let bytes = blocks.checked_mul(128).ok_or(refused)?;
        let work = blocks.checked_mul(self.p.into()).ok_or(refused)?;
        if self.log2_n == 0 || bytes > MAX_SCRYPT_BYTES || work > MAX_SCRYPT_WORK {
            return Err(refused);
        }
        Params::new(self.log2_n, self.r, self.p).map_err(|_| refused)
    }
}

/// Fills `key` by scrypt.
///
/// # Errors
/// [`PasswordError::Scrypt`].
pub fn scrypt(password: &[u8], salt: &[u8], cost: ScryptCost, key: &mut [u8]) -> Result<(), PasswordError> {
    let params = cost.params()?;
    ::scrypt::scrypt(password, salt, &params, key).map_err(|_| PasswordError::Scrypt(cost))
}

/// Whether PBKDF2 is done so often.
///
/// # Errors
/// [`PasswordError::Pbkdf2`].
pub fn check_iterations(iterations: u32) -> Result<NonZeroU32, PasswordError> {
    let count = NonZeroU32::new(iterations).filter(|_| iterations <= MAX_PBKDF2_ITERATIONS);
    count.ok_or(PasswordError::Pbkdf2(iterations))
}

/// Fills `key` by PBKDF2.
///
/// # Errors
/// [`PasswordError::Pbkdf2`].
pub fn pbkdf2(
    prf: Prf,
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    key: &mut [u8],
) -> Result<(), PasswordError> {
    let algorithm = match prf {
        Prf::HmacSha1 => lc::PBKDF2_HMAC_SHA1,
        Prf::HmacSha256 => lc::PBKDF2_HMAC_SHA256,
        Prf::HmacSha384 => lc::PBKDF2_HMAC_SHA384,
        Prf::HmacSha512 => lc::PBKDF2_HMAC_SHA512,
    };
    lc::derive(algorithm, check_iterations(iterations)?, salt, password, key);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    fn scrypted(password: &[u8], salt: &[u8], log2_n: u8, r: u32, p: u32) -> Result<String, PasswordError> {
        let mut key = [0; 64];
        scrypt(password, salt, ScryptCost { log2_n, r, p }, &mut key).map(|()| hex(&key))
    }

    /// RFC 7914 §12, the second and third.
    #[test]
    fn the_vectors_of_scrypt() {
        assert_eq!(
            scrypted(b"password", b"NaCl", 10, 8, 16).unwrap(),
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162\
             2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
        );
        assert_eq!(
            scrypted(b"pleaseletmein", b"SodiumChloride", 14, 8, 1).unwrap(),
            "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2\
             d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
        );
    }

    /// RFC 7914 §11 for SHA-256, RFC 6070 for SHA-1.
    #[test]
    fn the_vectors_of_pbkdf2() {
        let mut key = [0; 64];
        pbkdf2(Prf::HmacSha256, b"passwd", b"salt", 1, &mut key).unwrap();
        assert_eq!(
            hex(&key),
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc\
             49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"
        );
        let mut key = [0; 20];
        pbkdf2(Prf::HmacSha1, b"password", b"salt", 4096, &mut key).unwrap();
        assert_eq!(hex(&key), "4b007901b765489abead49d926f721d065a429c1");
    }

    #[test]
    fn what_costs_too_much_is_refused_before_it_is_paid() {
        for (log2_n, r, p) in [
            (0, 8, 1),
            (18, 8, 1),
            (17, 9, 1),
            (17, 8, 5),
            (63, 1, 1),
            (255, 8, 1),
            (1, u32::MAX, u32::MAX),
            (10, 0, 1),
            (10, 8, 0),
        ] {
            let refused = PasswordError::Scrypt(ScryptCost { log2_n, r, p });
            assert_eq!(scrypted(b"p", b"s", log2_n, r, p), Err(refused));
        }
        for iterations in [0, MAX_PBKDF2_ITERATIONS + 1, u32::MAX] {
            let refused = pbkdf2(Prf::HmacSha256, b"p", b"s", iterations, &mut [0; 32]);
            assert_eq!(refused, Err(PasswordError::Pbkdf2(iterations)));
        }
    }
}
