//! A private key as its file has it: plain, or encrypted in one of the two ways that there are.

mod pbes2;
mod sigstore;

use sealwax_crypto::{SignError, SigningKey, pem};
use secrecy::zeroize::Zeroizing;

pub use pbes2::Pbes2Error;
pub use sigstore::BoxError;

/// What the PEM block of a PKCS#8 key is called (RFC 7468 section 10).
const PKCS8: &str = "PRIVATE KEY";
/// The same, encrypted by PKCS#5 (RFC 7468 section 11).
const PKCS8_ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";
/// What cosign calls its encrypted keys.
const SIGSTORE: &str = "ENCRYPTED SIGSTORE PRIVATE KEY";
/// What it called them up to version 1.
const COSIGN: &str = "ENCRYPTED COSIGN PRIVATE KEY";
/// OpenSSL's, before PKCS#8.
const PKCS1: &str = "RSA PRIVATE KEY";
const SEC1: &str = "EC PRIVATE KEY";
/// What OpenSSL writes in front of a key of a curve. The key says it too.
const PARAMETERS: &str = "EC PARAMETERS";
/// How OpenSSL encrypted before PKCS#8: with a key that is one MD5 of the password.
const OLD_ENCRYPTION: &str = "Proc-Type: 4,ENCRYPTED";

/// A private key out of a file.
#[derive(Debug)]
pub enum StoredKey {
    /// As it is.
    Plain(SigningKey),
    /// It takes a password.
    Encrypted(EncryptedKey),
}

/// A private key that a password opens.
pub struct EncryptedKey(Encryption);

enum Encryption {
    Sigstore(sigstore::Sealed),
    Pbes2(pbes2::Encrypted),
}

/// What opens an encrypted key. It is wiped when it is no longer needed, and shown to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Zeroizing<Vec<u8>>);

impl Password {
    /// The bytes, for the derivation of keys.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Password {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Why a text gives no private key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoredKeyError {
    /// Not PEM, or not one block.
    #[error("it is not a private key in PEM: {0}")]
    Pem(#[from] pem::PemError),
    /// A PEM block of another kind.
    #[error(
        "it holds {label:?}; private keys are read as PKCS#8 ({PKCS8:?}, {PKCS8_ENCRYPTED:?}), in cosign's form ({SIGSTORE:?}), \
         and in OpenSSL's old ones ({PKCS1:?}, {SEC1:?})"
    )]
    Label {
        /// What the block is called.
        label: String,
    },
    /// Encrypted as OpenSSL did before PKCS#8.
    #[error(
        "it is encrypted in OpenSSL's old way, which is not read: `openssl pkcs8 -topk8 -in OLD -out NEW` converts it"
    )]
    OldEncryption,
    /// The key is not one that signs here.
    #[error(transparent)]
    Key(#[from] SignError),
    /// Not cosign's format.
    #[error("it is not in the format of encrypted Sigstore keys: {0}")]
    Box(#[from] BoxError),
    /// Not encrypted in a way of PKCS#5 that is read.
    #[error("it is not PKCS#8 encrypted in a way that is read: {0}")]
    Pbes2(#[from] Pbes2Error),
    /// Another password, or damage: the formats do not tell them apart.
    #[error("the password is wrong, or the file is damaged")]
    Password,
}

impl StoredKey {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// [`StoredKeyError`]; never [`StoredKeyError::Password`].
    pub fn parse(text: &str) -> Result<Self, StoredKeyError> {
        if text.contains(OLD_ENCRYPTION) {
            return Err(StoredKeyError::OldEncryption);
        }
        let mut blocks = pem::decode_all(text)?;
        blocks.retain(|block| block.label != PARAMETERS);
        let found = blocks.len();
        let (Some(block), 1) = (blocks.pop(), found) else {
            return Err(pem::PemError::Count { found }.into());
        };
        let der = Zeroizing::new(block.der);
        Ok(match block.label.as_str() {
            PKCS8 => Self::Plain(SigningKey::from_pkcs8_der(&der)?),
            PKCS1 => Self::Plain(SigningKey::from_pkcs1_der(&der)?),
            SEC1 => Self::Plain(SigningKey::from_sec1_der(&der)?),
            SIGSTORE | COSIGN => Encryption::Sigstore(sigstore::Sealed::parse(&der)?).into(),
            PKCS8_ENCRYPTED => Encryption::Pbes2(pbes2::Encrypted::parse(&der)?).into(),
            _ => return Err(StoredKeyError::Label { label: block.label }),
        })
    }
}

impl EncryptedKey {
    /// Opens it. Takes as long as whoever encrypted it wanted, up to seconds.
    ///
    /// # Errors
    /// [`StoredKeyError::Password`]; [`StoredKeyError::Key`] if there is no key in it that signs here.
    pub fn open(&self, password: &Password) -> Result<SigningKey, StoredKeyError> {
        let password = password.as_bytes();
        match &self.0 {
            Encryption::Sigstore(sealed) => {
                let pkcs8 = sealed.open(password).ok_or(StoredKeyError::Password)?;
                Ok(SigningKey::from_pkcs8_der(&pkcs8)?)
            }
            Encryption::Pbes2(encrypted) => {
                let pkcs8 = encrypted.open(password).ok_or(StoredKeyError::Password)?;
                // A wrong password shows, one time in 256, only here.
                SigningKey::from_pkcs8_der(&pkcs8).map_err(|error| match error {
                    SignError::Pkcs8 => StoredKeyError::Password,
                    other => other.into(),
                })
            }
        }
    }
}

/// The text of a file with a key that a password opens, as cosign writes and opens them. Takes a fraction of a second.
///
/// # Errors
/// [`SignError::Provider`] only.
pub fn encrypted(key: &SigningKey, password: &Password) -> Result<String, SignError> {
    let pkcs8 = Zeroizing::new(key.to_pkcs8_der()?);
    Ok(pem::encode(SIGSTORE, sigstore::seal(&pkcs8, password.as_bytes())?.as_bytes()))
}

/// The text of a file with a key that anybody can use who can read it: PKCS#8.
///
/// # Errors
/// [`SignError::Provider`] only.
pub fn plain(key: &SigningKey) -> Result<Zeroizing<String>, SignError> {
    let pkcs8 = Zeroizing::new(key.to_pkcs8_der()?);
    Ok(Zeroizing::new(pem::encode(PKCS8, &pkcs8)))
}

impl From<Encryption> for StoredKey {
    fn from(encryption: Encryption) -> Self {
        Self::Encrypted(EncryptedKey(encryption))
    }
}

impl std::fmt::Debug for EncryptedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match &self.0 {
            Encryption::Sigstore(_) => "Sigstore",
            Encryption::Pbes2(_) => "Pbes2",
        };
        f.debug_struct("EncryptedKey").field("encryption", &name).finish_non_exhaustive()
    }
}
