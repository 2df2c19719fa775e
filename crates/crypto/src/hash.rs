//! SHA-2 digests, whole and streaming.

use core::fmt;
use core::str::FromStr;

use crate::provider::{Context, active};

/// The hashes of the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashAlgorithm {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl HashAlgorithm {
    /// All of them, weakest first.
    pub const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    /// Length of a digest in bytes.
    pub const fn output_len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The name used in in-toto statements, log entries and on the command line: `sha256`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// The algorithm of a [`name`](Self::name), which is lower case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

impl fmt::Display for HashAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A digest and the algorithm that made it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    algorithm: HashAlgorithm,
    /// The digest, then zeros.
    bytes: [u8; MAX_OUTPUT_LEN],
}

const MAX_OUTPUT_LEN: usize = HashAlgorithm::Sha512.output_len();

/// Why bytes or text are not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DigestError {
    /// The wrong number of bytes.
    #[error("a {algorithm} digest of {found} bytes, expected {}", .algorithm.output_len())]
    Length {
        /// The algorithm.
        algorithm: HashAlgorithm,
        /// Bytes found.
        found: usize,
    },
    /// No `:` between algorithm and value.
    #[error("a digest is written as algorithm:hex")]
    NoAlgorithm,
    /// An algorithm other than sha256, sha384, sha512.
    #[error("unsupported hash algorithm")]
    UnsupportedAlgorithm,
    /// A character that is not a lower-case hexadecimal digit, or half a byte.
    #[error("not lower-case hexadecimal")]
    Hex,
}

impl Digest {
    /// A digest from its bytes.
    ///
    /// # Errors
    /// [`DigestError::Length`] if their number is not the algorithm's.
    pub fn new(algorithm: HashAlgorithm, bytes: &[u8]) -> Result<Self, DigestError> {
        let mut inline = [0; MAX_OUTPUT_LEN];
        match inline.get_mut(..algorithm.output_len()) {
            Some(room) if room.len() == bytes.len() => room.copy_from_slice(bytes),
            _ => return Err(DigestError::Length { algorithm, found: bytes.len() }),
        }
        Ok(Self { algorithm, bytes: inline })
    }

    /// A digest from lower-case hexadecimal, the only form that counts in a statement.
    ///
    /// # Errors
    /// [`DigestError::Hex`] and [`DigestError::Length`].
    pub fn from_hex(algorithm: HashAlgorithm, hex: &str) -> Result<Self, DigestError> {
        let mut inline = [0; MAX_OUTPUT_LEN];
        let (pairs, half) = hex.as_bytes().as_chunks::<2>();
        if !half.is_empty() {
            return Err(DigestError::Hex);
        }
        if pairs.len() != algorithm.output_len() {
            return Err(DigestError::Length { algorithm, found: pairs.len() });
        }
        for (byte, [high, low]) in inline.iter_mut().zip(pairs) {
            *byte = nibble(*high)? << 4 | nibble(*low)?;
        }
        Ok(Self { algorithm, bytes: inline })
    }

    /// The algorithm.
    pub fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }

    /// The digest.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.algorithm.output_len()).unwrap_or(&self.bytes)
    }

    /// The digest in lower-case hexadecimal, without the algorithm.
    pub fn to_hex(&self) -> String {
        hex(self.as_bytes())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // In one piece, so that a string of it is made in one.
        f.write_str(&[self.algorithm.name(), ":", &hex(self.as_bytes())].concat())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let (name, hex) = text.split_once(':').ok_or(DigestError::NoAlgorithm)?;
        let algorithm = HashAlgorithm::from_name(name).ok_or(DigestError::UnsupportedAlgorithm)?;
        Self::from_hex(algorithm, hex)
    }
}

/// A digest in the making.
#[derive(Clone)]
pub struct Hasher {
    algorithm: HashAlgorithm,
    context: active::Hash,
}

impl Hasher {
    /// Starts a digest.
    pub fn new(algorithm: HashAlgorithm) -> Self {
        Self { algorithm, context: active::Hash::new(algorithm) }
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
    }

    /// The digest of all bytes added.
    pub fn finish(self) -> Digest {
        finish(self.algorithm, self.context)
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// The digest of `bytes`.
pub fn digest(algorithm: HashAlgorithm, bytes: &[u8]) -> Digest {
    whole::<active::Hash>(algorithm, bytes)
}

/// SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut front = [0; 32];
    for (to, from) in front.iter_mut().zip(digest(HashAlgorithm::Sha256, bytes).bytes) {
        *to = from;
    }
    front
}

pub(crate) fn finish(algorithm: HashAlgorithm, context: impl Context) -> Digest {
    let mut bytes = [0; MAX_OUTPUT_LEN];
    context.finish(&mut bytes);
    Digest { algorithm, bytes }
}

pub(crate) fn whole<C: Context>(algorithm: HashAlgorithm, bytes: &[u8]) -> Digest {
    let mut inline = [0; MAX_OUTPUT_LEN];
    C::whole(algorithm, bytes, &mut inline);
    Digest { algorithm, bytes: inline }
}

/// Bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble };
    let mut text = vec![0; bytes.len() * 2];
    for (pair, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
        *pair = [digit(byte >> 4), digit(byte & 15)];
    }
    String::from_utf8(text).unwrap_or_default() // always ASCII
}

fn nibble(digit: u8) -> Result<u8, DigestError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(DigestError::Hex),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4 example values for the message "abc".
    #[test]
    fn abc() {
        let check = |algorithm, hex| assert_eq!(digest(algorithm, b"abc").to_hex(), hex);
        check(HashAlgorithm::Sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        check(
            HashAlgorithm::Sha384,
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
             8086072ba1e7cc2358baeca134c825a7",
        );
        check(
            HashAlgorithm::Sha512,
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
             2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        );
    }

    #[test]
    fn text_is_stable() {
        for algorithm in HashAlgorithm::ALL {
            let value = digest(algorithm, b"x");
            assert_eq!(value.to_string().parse(), Ok(value));
            assert_eq!(Digest::new(algorithm, value.as_bytes()), Ok(value));
        }
    }

    #[test]
    fn refused_text() {
        let check = |text: &str, error| assert_eq!(text.parse::<Digest>(), Err(error));
        let sha256 = digest(HashAlgorithm::Sha256, b"").to_hex();
        check(&sha256, DigestError::NoAlgorithm);
        check(&format!("sha1:{sha256}"), DigestError::UnsupportedAlgorithm);
        check(&format!("SHA256:{sha256}"), DigestError::UnsupportedAlgorithm);
        check(&format!("sha256:{}", sha256.to_uppercase()), DigestError::Hex);
        check(&format!("sha256:{sha256}0"), DigestError::Hex);
        check(
            &format!("sha384:{sha256}"),
            DigestError::Length { algorithm: HashAlgorithm::Sha384, found: 32 },
        );
        check("sha256:", DigestError::Length { algorithm: HashAlgorithm::Sha256, found: 0 });
    }
}
