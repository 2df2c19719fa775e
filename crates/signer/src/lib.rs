//! Keys that sign: in a file, in a PKCS#11 token, in a key management service, behind a plug-in.
//!
//! **Job.** One trait, [`Signer`], behind which a key may live anywhere; and the certificates that an authority makes for its own keys
//! ([`certify()`]).
//!
//! **Non-goals.** What else is signed. Verification: that is `crypto`.

mod certify;
mod ecdsa;
pub mod file;
pub mod kms;
pub mod pkcs11;
pub mod plugin;

use sealwax_crypto::{Message, PublicKey, Scheme, SignError, SigningKey, VerifyError};

pub use certify::{
    CertifyError, SERIAL_BYTES, Subject, certificate_scheme, certify, self_signed, serial_number,
};

/// A private key that may live elsewhere. Calls may block (a token, a network): call from a thread that may wait.
pub trait Signer: Send + Sync {
    /// The public half.
    fn public_key(&self) -> &PublicKey;

    /// Signs a message.
    ///
    /// # Errors
    /// The key does not fit the scheme, or its keeper refused or could not be reached.
    fn sign(&self, scheme: Scheme, message: Message<'_>) -> Result<Vec<u8>, SignerError>;

    /// Whether [`Signer::sign`] may wait for something outside of this process. Where not, it may be called from anywhere.
    fn may_wait(&self) -> bool {
        true
    }
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignerError {
    /// A key in memory refused.
    #[error(transparent)]
    Key(#[from] SignError),
    /// A key in a token cannot be used.
    #[error(transparent)]
    Token(#[from] Box<pkcs11::TokenError>),
    /// A key in a service cannot be used.
    #[error(transparent)]
    Kms(#[from] Box<kms::KmsError>),
    /// A key behind a plug-in cannot be used.
    #[error(transparent)]
    Plugin(#[from] Box<plugin::PluginError>),
    /// Only the public half is here.
    #[error("the private key is not here: nothing can be signed")]
    Absent,
}

impl From<pkcs11::TokenError> for SignerError {
    fn from(error: pkcs11::TokenError) -> Self {
        Self::Token(Box::new(error))
    }
}

impl From<kms::KmsError> for SignerError {
    fn from(error: kms::KmsError) -> Self {
        Self::Kms(Box::new(error))
    }
}

impl From<plugin::PluginError> for SignerError {
    fn from(error: plugin::PluginError) -> Self {
        Self::Plugin(Box::new(error))
    }
}

/// A key of which only the public half is here. It signs nothing.
#[derive(Clone, Debug)]
pub struct Absent(pub PublicKey);

impl Signer for Absent {
    fn public_key(&self) -> &PublicKey {
        &self.0
    }

    fn sign(&self, _: Scheme, _: Message<'_>) -> Result<Vec<u8>, SignerError> {
        Err(SignerError::Absent)
    }

    fn may_wait(&self) -> bool {
        false
    }
}

impl Signer for SigningKey {
    fn public_key(&self) -> &PublicKey {
        Self::public_key(self)
    }

    fn sign(&self, scheme: Scheme, message: Message<'_>) -> Result<Vec<u8>, SignerError> {
        Ok(Self::sign(self, scheme, message)?)
    }

    fn may_wait(&self) -> bool {
        false
    }
}

/// What a key would not even verify is not asked for.
fn admit(key: &PublicKey, scheme: Scheme, message: Message<'_>) -> Result<(), SignerError> {
    match key.verify(scheme, message, &[]) {
        Ok(()) | Err(VerifyError::BadSignature) => Ok(()),
        Err(cause) => Err(SignError::Request(cause).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealwax_crypto::KeyKind;

    #[test]
    fn what_is_absent_signs_nothing() {
        let key = SigningKey::generate(KeyKind::Ed25519).unwrap();
        let absent = Absent(Signer::public_key(&key).clone());
        assert_eq!(absent.public_key(), SigningKey::public_key(&key));
        let signed = absent.sign(Scheme::Ed25519, Message::Bytes(b"x"));
        assert!(matches!(signed, Err(SignerError::Absent)));
        assert!(!absent.may_wait());
    }
}
