//! The master secret in a file that opens with a key in a PKCS#11 token: JSON that names the key, and the secret sealed.
//!
//! **How.** The token signs a fixed text and a random salt; the signature, hashed, is the key that seals the secret. That is sound
//! for a signature that is always the same for the same message (Ed25519, RSA with PKCS#1 v1.5: others are refused), that nobody
//! makes without the private key, and that is shown to nobody: the text begins like nothing else that is ever signed here. It asks
//! for nothing but signing of a token, which all can. Whoever may use the token can open the file, as with any unwrapping; who has
//! the file alone cannot, and the secret itself stays what it was when it is wrapped for another token.

use sealwax_crypto::sealed::{self, SECRET_BYTES};
use sealwax_crypto::{HashAlgorithm, KeyKind, Message, Scheme, random, sha256};
use sealwax_formats::base64;
use sealwax_signer::Signer;
use sealwax_signer::pkcs11::{TokenKey, Uri};
use serde::{Deserialize, Serialize};

/// The version of the format.
const VERSION: u32 = 1;

/// What is signed, before the salt.
const TEXT: &[u8] = b"sealwax opens the master secret of an instance v1\n\0";

/// The name under which the secret is sealed.
const NAME: &str = "master secret";

/// What a wrapped secret begins with, unlike one in base64.
pub const BEGINS: char = '{';

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wrapped {
    version: u32,
    /// Which key in which token (RFC 7512), without a PIN.
    key: String,
    /// In base64, as what follows.
    salt: String,
    sealed: String,
}

/// Why a secret cannot be wrapped, or unwrapped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WrapError {
    /// The file is not one of ours.
    #[error("it is no wrapped secret: {0}")]
    Format(String),
    /// The key cannot be used.
    #[error(transparent)]
    Key(#[from] sealwax_signer::SignerError),
    /// Its signatures differ from time to time, or may.
    #[error(
        "a key of this kind ({kind}) signs differently each time, so that it opens nothing: RSA or Ed25519"
    )]
    Kind {
        /// The kind.
        kind: KeyKind,
    },
    /// The token does not sign as the scheme wants it.
    #[error("the token does not give the same signature twice: it opens nothing")]
    Differs,
    /// The seal.
    #[error(transparent)]
    Seal(#[from] sealed::SealError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] sealwax_crypto::SignError),
}

/// Wraps a secret for a key, which is asked twice.
pub fn wrap(secret: &[u8; SECRET_BYTES], key: &Uri) -> Result<String, WrapError> {
    let signer = TokenKey::open(key)?;
    wrap_with(secret, &key.to_string(), &signer)
}

/// Opens a wrapped secret, by the token that it names.
pub fn unwrap(text: &str) -> Result<[u8; SECRET_BYTES], WrapError> {
    let wrapped = parse(text)?;
    let uri = Uri::parse(&wrapped.key).map_err(|error| WrapError::Format(error.to_string()))?;
    unwrap_with(&wrapped, &TokenKey::open(&uri)?)
}

fn parse(text: &str) -> Result<Wrapped, WrapError> {
    let wrapped: Wrapped =
        serde_json::from_str(text).map_err(|error| WrapError::Format(error.to_string()))?;
    if wrapped.version != VERSION {
        return Err(WrapError::Format(format!("version {}, and {VERSION} is known", wrapped.version)));
    }
    Ok(wrapped)
}

fn wrap_with(secret: &[u8; SECRET_BYTES], key: &str, signer: &dyn Signer) -> Result<String, WrapError> {
    let salt: [u8; 32] = random()?;
    let opening = opening_key(signer, &salt)?;
    if opening_key(signer, &salt)? != opening {
        return Err(WrapError::Differs);
    }
    let sealed = sealed::seal(&opening, NAME, &random()?, secret)?;
    let wrapped = Wrapped {
        version: VERSION,
        key: key.to_owned(),
        salt: base64::encode(&salt),
        sealed: base64::encode(&sealed),
    };
    let text =
        serde_json::to_string_pretty(&wrapped).map_err(|error| WrapError::Format(error.to_string()))?;
    Ok(format!("{text}\n"))
}

fn unwrap_with(wrapped: &Wrapped, signer: &dyn Signer) -> Result<[u8; SECRET_BYTES], WrapError> {
    let bytes = |text: &str| base64::decode(text).map_err(|error| WrapError::Format(error.to_string()));
    let opening = opening_key(signer, &bytes(&wrapped.salt)?)?;
    let secret = sealed::open(&opening, NAME, &bytes(&wrapped.sealed)?)?;
    secret.try_into().map_err(|_| WrapError::Format("the secret has another length".to_owned()))
}

fn opening_key(signer: &dyn Signer, salt: &[u8]) -> Result<[u8; SECRET_BYTES], WrapError> {
    let scheme = match signer.public_key().kind() {
        KeyKind::Ed25519 => Scheme::Ed25519,
        KeyKind::Rsa { .. } => Scheme::RsaPkcs1(HashAlgorithm::Sha256),
        kind => return Err(WrapError::Kind { kind }),
    };
    let signature = signer.sign(scheme, Message::Bytes(&[TEXT, salt].concat()))?;
    Ok(sha256(&[TEXT, &signature].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealwax_crypto::SigningKey;

    const SECRET: [u8; 32] = [9; 32];

    #[test]
    fn only_the_same_key_opens_it() {
        for kind in [KeyKind::Ed25519, KeyKind::Rsa { bits: 3072 }] {
            let key = SigningKey::generate(kind).unwrap();
            let text = wrap_with(&SECRET, "pkcs11:object=x", &key).unwrap();
            assert!(text.starts_with(BEGINS) && !text.contains(&base64::encode(&SECRET)));
            let wrapped = parse(&text).unwrap();
            assert_eq!(wrapped.key, "pkcs11:object=x");
            assert_eq!(unwrap_with(&wrapped, &key).unwrap(), SECRET);
            let other = SigningKey::generate(kind).unwrap();
            assert!(matches!(unwrap_with(&wrapped, &other), Err(WrapError::Seal(_))));
            let again = wrap_with(&SECRET, "pkcs11:object=x", &key).unwrap();
            assert_ne!(parse(&again).unwrap().sealed, wrapped.sealed);
        }
    }

    #[test]
    fn keys_that_sign_differently_each_time_are_refused() {
        let key = SigningKey::generate(KeyKind::EcdsaP256).unwrap();
        let refused = wrap_with(&SECRET, "pkcs11:object=x", &key);
        assert!(matches!(refused, Err(WrapError::Kind { kind: KeyKind::EcdsaP256 })));
    }

    #[test]
    fn what_is_not_ours_is_refused() {
        let key = SigningKey::generate(KeyKind::Ed25519).unwrap();
        let text = wrap_with(&SECRET, "pkcs11:object=x", &key).unwrap();
        for (from, to) in [("\"version\": 1", "\"version\": 2"), ("\"salt\"", "\"x\""), ("{", "{\"y\":1,")] {
            assert!(matches!(parse(&text.replacen(from, to, 1)), Err(WrapError::Format(_))), "{from}");
        }
    }
}
