//! The deployed format of encrypted keys in Sigstore: JSON with the parameters of scrypt, and PKCS#8 in a box of NaCl.
//!
//! It comes from `go-securesystemslib` (package `encrypted`), whose three sets of parameters are the only ones: a file is not allowed to
//! ask for any amount of memory.

use base64::engine::general_purpose::STANDARD;
use sealwax_crypto::password::{PasswordError, ScryptCost, scrypt};
use sealwax_crypto::{SignError, random, secretbox};
use sealwax_json::{Limits, Object, Value};
use secrecy::zeroize::Zeroizing;

/// Longest JSON taken, bytes: a key of RSA with 4096 bits takes 3,500.
const MAX_BYTES: usize = 48 << 10;
/// The deepest there is: `kdf`, `params`, a number.
const MAX_DEPTH: usize = 4;
/// Values in all; there are twelve.
const MAX_VALUES: usize = 32;

/// Bytes of salt in every version of the format.
const SALT_BYTES: usize = 32;

/// The parameters there are: N = 2^15 in old files, 2^16 in those of cosign today, 2^17 as OWASP recommends.
const COSTS: [ScryptCost; 3] = [cost(15), STANDARD_COST, cost(17)];
/// Those that all versions of cosign since 2 open.
const STANDARD_COST: ScryptCost = cost(16);

const KDF: &str = "scrypt";
const CIPHER: &str = "nacl/secretbox";

/// Why bytes are not this format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BoxError {
    /// Not strict JSON, or too much of it.
    #[error("{0}")]
    Json(sealwax_json::Error),
    /// A member that is not there, or of another type.
    #[error("{member:?} is missing, or not what it must be")]
    Member {
        /// Its path.
        member: &'static str,
    },
    /// Another derivation of the key, or another cipher.
    #[error("{member:?} is {found:?}, and there is only {expected:?}")]
    Unsupported {
        /// Its path.
        member: &'static str,
        /// The only one there is.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// Parameters that nobody writes.
    #[error("scrypt with N = {n}, r = {r}, p = {p}: there is N = 32768, 65536 or 131072, r = 8, p = 1")]
    Cost {
        /// The cost of memory and processor.
        n: u64,
        /// The size of a block.
        r: u64,
        /// How often.
        p: u64,
    },
    /// Salt or nonce of another length than all have.
    #[error("{member:?} has {found} bytes, not {expected}")]
    Length {
        /// Its path.
        member: &'static str,
        /// Bytes that all have.
        expected: usize,
        /// Bytes found.
        found: usize,
    },
}

/// A key in its box.
pub(super) struct Sealed {
    cost: ScryptCost,
    salt: [u8; SALT_BYTES],
    nonce: [u8; secretbox::NONCE_BYTES],
    ciphertext: Vec<u8>,
}

impl Sealed {
    pub(super) fn parse(json: &[u8]) -> Result<Self, BoxError> {
        let limits = Limits { bytes: MAX_BYTES, depth: MAX_DEPTH, values: MAX_VALUES, members: MAX_VALUES };
        let value = sealwax_json::parse(json, &limits).map_err(BoxError::Json)?;
        is(&value, "kdf.name", KDF)?;
        is(&value, "cipher.name", CIPHER)?;
        Ok(Self {
            cost: cost_of(&value)?,
            salt: octets(&value, "kdf.salt")?,
            nonce: octets(&value, "cipher.nonce")?,
            ciphertext: bytes(&value, "ciphertext")?,
        })
    }

    /// The PKCS#8 in it.
    pub(super) fn open(&self, password: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let key = box_key(password, &self.salt, self.cost).ok()?;
        secretbox::open(&key, &self.nonce, &self.ciphertext).ok().map(Zeroizing::new)
    }

    fn write(&self) -> String {
        let text = |bytes: &[u8]| sealwax_crypto::base64::encode(bytes);
        let params =
            Object::new().with("N", 1_u64 << self.cost.log2_n).with("r", self.cost.r).with("p", self.cost.p);
        let kdf = Object::new().with("name", KDF).with("params", params).with("salt", text(&self.salt));
        let cipher = Object::new().with("name", CIPHER).with("nonce", text(&self.nonce));
        let whole =
            Object::new().with("kdf", kdf).with("cipher", cipher).with("ciphertext", text(&self.ciphertext));
        sealwax_json::compact(&whole.into())
    }
}

/// The JSON of a new box.
pub(super) fn seal(pkcs8: &[u8], password: &[u8]) -> Result<String, SignError> {
    let (salt, nonce) = (random()?, random()?);
    let key = box_key(password, &salt, STANDARD_COST).map_err(|_| SignError::Provider)?;
    let ciphertext = secretbox::seal(&key, &nonce, pkcs8);
    Ok(Sealed { cost: STANDARD_COST, salt, nonce, ciphertext }.write())
}

fn box_key(
    password: &[u8],
    salt: &[u8],
    cost: ScryptCost,
) -> Result<Zeroizing<[u8; secretbox::KEY_BYTES]>, PasswordError> {
    let mut key = Zeroizing::new([0; secretbox::KEY_BYTES]);
    scrypt(password, salt, cost, &mut *key)?;
    Ok(key)
}

const fn cost(log2_n: u8) -> ScryptCost {
    ScryptCost { log2_n, r: 8, p: 1 }
}

fn cost_of(value: &Value<'_>) -> Result<ScryptCost, BoxError> {
    let number = |member| at(value, member).and_then(Value::as_u64).ok_or(BoxError::Member { member });
    let (n, r, p) = (number("kdf.params.N")?, number("kdf.params.r")?, number("kdf.params.p")?);
    COSTS
        .into_iter()
        .find(|cost| (1_u64 << cost.log2_n, u64::from(cost.r), u64::from(cost.p)) == (n, r, p))
        .ok_or(BoxError::Cost { n, r, p })
}

fn is(value: &Value<'_>, member: &'static str, expected: &'static str) -> Result<(), BoxError> {
    match string(value, member)? {
        found if found == expected => Ok(()),
        found => Err(BoxError::Unsupported { member, expected, found: found.to_owned() }),
    }
}

fn octets<const N: usize>(value: &Value<'_>, member: &'static str) -> Result<[u8; N], BoxError> {
    let bytes = bytes(value, member)?;
    let found = bytes.len();
    bytes.try_into().map_err(|_| BoxError::Length { member, expected: N, found })
}

fn bytes(value: &Value<'_>, member: &'static str) -> Result<Vec<u8>, BoxError> {
    let text = string(value, member)?;
    sealwax_crypto::base64::decode(&STANDARD, text).map_err(|_| BoxError::Member { member })
}

fn string<'a>(value: &'a Value<'_>, member: &'static str) -> Result<&'a str, BoxError> {
    at(value, member).and_then(Value::as_str).ok_or(BoxError::Member { member })
}

/// What stands at a path of names with dots between them.
fn at<'a, 'b>(value: &'a Value<'b>, path: &str) -> Option<&'a Value<'b>> {
    path.split('.').try_fold(value, |value, name| value.member(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> String {
        Sealed { cost: cost(15), salt: [1; 32], nonce: [2; 24], ciphertext: vec![3; 20] }.write()
    }

    fn error(json: &str) -> BoxError {
        Sealed::parse(json.as_bytes()).err().unwrap()
    }

    #[test]
    fn is_read_as_written() {
        let text = written();
        assert!(text.starts_with(r#"{"kdf":{"name":"scrypt","params":{"N":32768,"r":8,"p":1},"salt":"AQEB"#));
        assert_eq!(Sealed::parse(text.as_bytes()).unwrap().write(), text);
    }

    #[test]
    fn no_file_asks_for_more_than_the_deployed_parameters() {
        for (from, to, n, r, p) in [
            ("32768", "32769", 32769, 8, 1),
            ("32768", "262144", 262_144, 8, 1),
            ("32768", "1", 1, 8, 1),
            ("\"r\":8", "\"r\":9", 32768, 9, 1),
            ("\"p\":1", "\"p\":1000000", 32768, 8, 1_000_000),
        ] {
            assert_eq!(error(&written().replace(from, to)), BoxError::Cost { n, r, p });
        }
        let negative = error(&written().replace("32768", "-32768"));
        assert_eq!(negative, BoxError::Member { member: "kdf.params.N" });
    }

    #[test]
    fn refused() {
        let text = written();
        let expected = (KDF, "argon2id".to_owned());
        assert_eq!(
            error(&text.replace("\"scrypt\"", "\"argon2id\"")),
            BoxError::Unsupported { member: "kdf.name", expected: expected.0, found: expected.1 }
        );
        assert!(matches!(
            error(&text.replace("nacl/secretbox", "none")),
            BoxError::Unsupported { member: "cipher.name", .. }
        ));
        assert_eq!(
            error(&text.replace("AQEB", "")),
            BoxError::Length { member: "kdf.salt", expected: 32, found: 2 }
        );
        assert_eq!(error(&text.replace("AgIC", "!")), BoxError::Member { member: "cipher.nonce" });
        assert_eq!(error(&text.replace("ciphertext", "text")), BoxError::Member { member: "ciphertext" });
        assert!(matches!(error(&text.replace("\"kdf\"", "\"kdf\":1,\"kdf\"")), BoxError::Json(_)));
        assert!(matches!(error(&"[".repeat(MAX_DEPTH + 1)), BoxError::Json(_)));
        assert!(matches!(error(&" ".repeat(MAX_BYTES + 1)), BoxError::Json(_)));
    }
}
