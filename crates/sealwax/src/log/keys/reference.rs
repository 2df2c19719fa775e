//! Where a key is, as the command line says it and `log.json` keeps it.

use std::fmt;
use std::path::PathBuf;

use sealwax_signer::pkcs11::Uri;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Failure;

/// What the name of a key in a token begins with (RFC 7512).
const PKCS11: &str = "pkcs11:";

/// Where a key is. No private key, and nothing that opens one, is part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// A file with a private key: absolute, or in the directory of the log.
    File(PathBuf),
    /// A key in a PKCS#11 token, without a PIN.
    Token(Box<Uri>),
}

impl Reference {
    /// What `--key` names. A path becomes absolute, since the directory of the log is not where it was said.
    pub fn of_argument(word: &str) -> Result<Self, Failure> {
        if word.starts_with(PKCS11) {
            return token(word).map_err(Failure::usage);
        }
        let path = std::path::absolute(word).map_err(|error| Failure::cannot(format!("{word}: {error}")))?;
        Ok(Self::File(path))
    }

    /// The name of a key that lies in the directory of its log, and goes where the directory goes if that is asked for.
    pub fn inside(&self) -> Option<String> {
        match self {
            Self::File(path) if path.is_relative() => Some(path.display().to_string()),
            _ => None,
        }
    }
}

/// A PIN in a reference would lie in the directory, in each backup of it, and in the list of processes. The word is not
/// repeated: it may hold one.
fn token(word: &str) -> Result<Reference, String> {
    let uri = Uri::parse(word).map_err(|error| error.to_string())?;
    if uri.has_pin_value() {
        return Err("the PIN of a token is not written down with the key: put it into a file that only the server may \
                    read, and pin-source=file:/PATH/TO/FILE in the place of pin-value"
            .to_owned());
    }
    Ok(Reference::Token(Box::new(uri)))
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Token(uri) => uri.fmt(f),
        }
    }
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            // Which fails where a path is no text.
            Self::File(path) => path.serialize(serializer),
            Self::Token(uri) => serializer.collect_str(uri),
        }
    }
}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        if word.starts_with(PKCS11) {
            return token(&word).map_err(D::Error::custom);
        }
        Ok(Self::File(word.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Status;
    use std::path::Path;

    #[test]
    fn is_read_as_written() {
        let token = "pkcs11:token=a;object=log?module-path=/m.so&pin-source=file:///run/pin";
        for word in ["/key.pem", token] {
            let reference = Reference::of_argument(word).unwrap();
            assert_eq!(reference.inside(), None);
            let json = serde_json::to_string(&reference).unwrap();
            assert_eq!(json, format!("{word:?}"));
            assert_eq!(serde_json::from_str::<Reference>(&json).unwrap(), reference);
        }
        let relative = Reference::of_argument("key.pem").unwrap();
        assert!(matches!(relative, Reference::File(path) if path.is_absolute()));
        let inside: Reference = serde_json::from_str("\"key.pem\"").unwrap();
        assert_eq!(inside, Reference::File(Path::new("key.pem").to_owned()));
        assert_eq!(inside.inside().as_deref(), Some("key.pem"));
    }

    #[test]
    fn a_pin_is_not_written_down_nor_repeated() {
        for word in ["pkcs11:token=a?pin-value=731571", "pkcs11:token=a?pin-value=731571%"] {
            let failure = Reference::of_argument(word).unwrap_err();
            assert_eq!(failure.status, Status::Usage);
            assert!(!failure.message.contains("731571"), "{}", failure.message);
            let error = serde_json::from_str::<Reference>(&format!("{word:?}")).unwrap_err().to_string();
            assert!(!error.contains("731571"), "{error}");
        }
        let failure = Reference::of_argument("pkcs11:token=a?pin-value=731571").unwrap_err();
        assert!(failure.message.contains("pin-source=file:"));
    }
}
