//! `keys.sealed`: the keys of both issuers, with the private ones, as JSON under a seal.

use super::{Key, KeysError, Realm, Rings};
use crate::fields::{FieldError, Fields};
use crate::state::Sealed;
use sealwax_crypto::{KeyError, SignError, SigningKey, pem};
use sealwax_json::{Limits, Object, Value};
use sealwax_oidc::Algorithm;
use std::sync::Arc;

/// Its name in the directory.
pub(crate) const NAME: &str = "keys.sealed";

/// Where it is.
pub(crate) const FILE: Sealed = Sealed { name: NAME, before: "keys.json" };

/// The longest file that is read, bytes: an RSA key with 4096 bits takes 3,272, and there are six.
pub(crate) const MAX_BYTES: usize = 64 << 10;

/// Keys in the file: three of each issuer, and some.
const MAX_KEYS: usize = 16;

/// The version of the format.
const VERSION: u64 = 1;

const LIMITS: Limits = Limits { bytes: MAX_BYTES, depth: 3, values: MAX_KEYS * 8 + 3, members: 16 };

/// What the PEM block of a PKCS#8 key is called (RFC 7468 §10).
const LABEL: &str = "PRIVATE KEY";

/// Why a file is not read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// A member.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// A private key that does not sign here.
    #[error("a private key: {0}")]
    Sign(#[from] SignError),
    /// A public key.
    #[error("a key: {0}")]
    Key(#[from] KeyError),
    /// Two keys that would sign at once.
    #[error("an issuer has two keys that sign, or two that wait")]
    Twice,
}

impl Rings {
    /// Reads the file.
    ///
    /// # Errors
    /// [`KeyFileError`].
    pub fn parse(text: &[u8]) -> Result<Self, KeyFileError> {
        let mut fields = Fields::document(text, &LIMITS, VERSION)?;
        let mut rings = Self::default();
        for key in fields.list("keys")? {
            rings.keys.push(read_key(key)?);
        }
        fields.end()?;
        for realm in [Realm::People, Realm::Machines] {
            let count = |is: fn(&Key) -> bool| rings.of(realm).filter(|key| is(key)).count();
            if count(Key::is_current) > 1 || count(Key::is_next) > 1 {
                return Err(KeyFileError::Twice);
            }
        }
        Ok(rings)
    }

    /// Writes the file.
    ///
    /// # Errors
    /// [`KeysError::Sign`] if a key cannot be written.
    pub fn write(&self) -> Result<Vec<u8>, KeysError> {
        let keys = self.keys.iter().map(write_key).collect::<Result<Vec<_>, _>>()?;
        let document = Object::new().with("version", VERSION).with("keys", Value::from(keys));
        let mut text = sealwax_json::pretty(&document.into());
        text.push('\n');
        Ok(text.into_bytes())
    }
}

fn read_key(value: Value<'_>) -> Result<Key, KeyFileError> {
    let mut fields = Fields::of("keys", value)?;
    let realm = match fields.text("issuer")?.as_str() {
        "people" => Realm::People,
        "machines" => Realm::Machines,
        _ => return Err(FieldError::value("issuer").into()),
    };
    let algorithm = Algorithm::from_name(&fields.text("algorithm")?);
    let algorithm = algorithm.ok_or_else(|| FieldError::value("algorithm"))?;
    let published = fields.time("published")?;
    let since = fields.optional_time("since")?;
    let until = fields.optional_time("until")?;
    if until.is_some() && since.is_none() {
        return Err(FieldError::value("until").into());
    }
    let block = pem::decode_one(&fields.text("private_key")?).ok().filter(|block| block.label == LABEL);
    let block = block.ok_or_else(|| FieldError::value("private_key"))?;
    let key = Arc::new(SigningKey::from_pkcs8_der(&block.der)?);
    if !algorithm.fits(key.kind()) {
        return Err(FieldError::value("algorithm").into());
    }
    fields.end()?;
    Ok(Key { realm, id: key.public_key().jwk_thumbprint()?, algorithm, published, since, until, key })
}

fn write_key(key: &Key) -> Result<Value<'static>, KeysError> {
    let realm = match key.realm {
        Realm::People => "people",
        Realm::Machines => "machines",
    };
    let mut written = Object::new()
        .with("issuer", realm)
        .with("algorithm", key.algorithm.name())
        .with("published", key.published.to_string());
    for (member, time) in [("since", key.since), ("until", key.until)] {
        if let Some(time) = time {
            written.insert(member, time.to_string());
        }
    }
    Ok(written.with("private_key", pem::encode(LABEL, &key.key.to_pkcs8_der()?)).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::{SignedDuration, Timestamp};

    fn rings() -> Rings {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let mut rings = Rings::default();
        rings.begin(now).unwrap();
        rings.keys.retain(|key| key.realm == Realm::Machines);
        rings.turn(Realm::Machines, now + SignedDuration::from_hours(1)).unwrap();
        rings
    }

    #[test]
    fn what_is_written_is_read() {
        let text = rings().write().unwrap();
        let read = Rings::parse(&text).unwrap();
        assert_eq!(read.write().unwrap(), text);
        assert_eq!(read.keys.len(), 2);
    }

    #[test]
    fn nothing_else_is() {
        let text = String::from_utf8(rings().write().unwrap()).unwrap();
        let error = |from: &str, to: &str| Rings::parse(text.replacen(from, to, 1).as_bytes()).unwrap_err();
        let value = |member| KeyFileError::Field(FieldError::Value { member });
        assert_eq!(error("\"version\": 1", "\"version\": 9"), FieldError::Version { found: 9 }.into());
        assert_eq!(error("machines", "others"), value("issuer"));
        assert_eq!(error("RS256", "HS256"), value("algorithm"));
        assert_eq!(error("RS256", "ES256"), value("algorithm"));
        assert_eq!(error("\"since\"", "\"until\""), value("until"));
        assert_eq!(error("-----BEGIN", "----BEGIN"), value("private_key"));
        assert_eq!(error("PRIVATE KEY", "PUBLIC KEY"), value("private_key"));
        let unknown = FieldError::Unknown { member: "x".to_owned() };
        assert_eq!(error("\"issuer\"", "\"x\": 1, \"issuer\""), unknown.into());
        let since = text.lines().find(|line| line.contains("\"since\"")).unwrap();
        assert_eq!(error(&format!("{since}\n"), ""), KeyFileError::Twice);
    }
}
