//! A provider's keys (RFC 7517 §5).

use sealwax_crypto::{KeyError, PublicKey};
use sealwax_json::{Error as JsonError, Limits, Reader, Value};

use crate::Algorithm;

/// The longest key set that is read, in bytes. The largest deployed ones (with a certificate chain in each key) have some 20 KB.
pub const MAX_JWKS_BYTES: usize = 256 << 10;

/// Keys in one set. Providers rotate among a handful; those with a key per tenant have some thirty.
pub const MAX_KEYS: usize = 64;

const LIMITS: Limits = Limits { bytes: MAX_JWKS_BYTES, depth: 8, values: 8 << 10, members: 64 };

/// The keys that a provider publishes. What cannot sign a token here is kept, and fails only where a token names it.
#[derive(Clone, Debug, Default)]
pub struct Jwks(Vec<Jwk>);

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct Jwk {
    pub(crate) id: Option<String>,
    /// The only algorithm it is for, where the provider says so.
    pub(crate) algorithm: Option<String>,
    pub(crate) key: Result<PublicKey, UnusableKey>,
}

/// Why a key of a set verifies nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableKey {
    /// The key itself.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// `use` is something else than `sig`, or `key_ops` does not have `verify` (RFC 7517 §4.2, §4.3).
    #[error("the key is not for verifying signatures")]
    Purpose,
}

/// Why text is not a key set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwksError {
    /// Not strict JSON.
    #[error("the key set is not JSON: {0}")]
    Json(#[from] JsonError),
    /// `keys` is missing or no list.
    #[error("the key set has no list \"keys\"")]
    NoKeys,
    /// More than [`MAX_KEYS`].
    #[error("the key set has more than {MAX_KEYS} keys")]
    TooMany,
}

impl Jwks {
    /// Reads a key set.
    ///
    /// # Errors
    /// [`JwksError`]. A key of it that we cannot use is no error here.
    pub fn parse(text: &[u8]) -> Result<Self, JwksError> {
        let mut reader = Reader::new(text, &LIMITS)?;
        let mut keys: Option<Vec<Jwk>> = None;
        reader.members(|name, reader| {
            if name != "keys" || reader.kind()? != sealwax_json::Kind::Array {
                return Ok(reader.skip().map(drop)?);
            }
            let list = keys.insert(Vec::new());
            reader.elements(|reader| {
                if list.len() == MAX_KEYS {
                    return Err(JwksError::TooMany);
                }
                list.push(Jwk::read(reader.skip()?)?);
                Ok(())
            })
        })?;
        reader.end()?;
        keys.map(Jwks).ok_or(JwksError::NoKeys)
    }

    /// How many keys there are, those that we cannot use included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys that a token may mean: those of its `kid`, or all if it names none.
    pub(crate) fn candidates(&self, id: Option<&str>) -> impl Iterator<Item = &Jwk> {
        self.0.iter().filter(move |key| id.is_none() || key.id.as_deref() == id)
    }
}

impl Jwk {
    fn read(text: &str) -> Result<Self, JsonError> {
        let value = sealwax_json::parse(text.as_bytes(), &LIMITS)?;
        let string = |name| value.member(name).and_then(Value::as_str);
        let verifies = |operations: &Value<'_>| {
            operations.as_array().is_some_and(|list| list.iter().any(|one| one.as_str() == Some("verify")))
        };
        let fit = string("use").is_none_or(|purpose| purpose == "sig")
            && value.member("key_ops").is_none_or(verifies);
        let key =
            if fit { PublicKey::from_jwk(text).map_err(UnusableKey::Key) } else { Err(UnusableKey::Purpose) };
        Ok(Jwk { id: string("kid").map(str::to_owned), algorithm: string("alg").map(str::to_owned), key })
    }

    /// Whether the key may have signed with that algorithm.
    pub(crate) fn fits(&self, algorithm: Algorithm) -> bool {
        self.algorithm.as_deref().is_none_or(|only| only == algorithm.name())
            && self.key.as_ref().is_ok_and(|key| algorithm.fits(key.kind()))
    }
}
