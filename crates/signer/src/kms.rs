//! Keys in a key management service: AWS KMS, Google Cloud KMS, Azure Key Vault, Vault's transit engine and OpenBao's, by their REST
//! interfaces, named as cosign names them.
//!
//! **What is trusted.** Whoever answers at the service's address, by TLS and the system's trust store, for which key it is when it is
//! opened; afterwards nothing: a signature is verified by that key before anybody gets it. The version of the key is fixed when it is
//! opened, so that a rotation in between is an error and no surprise.
//!
//! **Non-goals.** Making keys. Signatures of ML-DSA. Other sources of credentials than those named in each file: for these there are
//! the services' own programs, which put credentials into the environment, and plug-ins.
//!
//! **Tests.** `kms/tests.rs`, against a server on this machine that answers as the services document it; `cargo xtask interop key`
//! against moto for AWS, and Vault's own engine.

mod aws;
mod azure;
mod bearer;
mod door;
mod error;
mod file;
mod google;
mod reference;
mod vault;

use sealwax_crypto::{Digest, Message, PublicKey, Scheme, SignError, VerifyError, digest};

use crate::{Signer, SignerError, admit};
pub use error::{KmsError, Service};
pub use reference::{KmsReference, KmsReferenceError};

/// The variables of an environment, by name. Empty ones are as good as missing.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A key in a key management service.
pub struct KmsKey {
    service: Service,
    provider: Box<dyn Provider>,
    public: PublicKey,
}

/// What each service does in its own way.
trait Provider: Send + Sync {
    /// Asks for a signature, in the form that everybody else has it.
    fn sign(&self, scheme: Scheme, payload: Payload<'_>) -> Result<Vec<u8>, KmsError>;
}

/// What a scheme signs.
#[derive(Clone, Copy)]
enum Payload<'a> {
    Digest(Digest),
    Whole(&'a [u8]),
}

/// A key that was found.
struct Opened {
    provider: Box<dyn Provider>,
    public: PublicKey,
}

impl KmsKey {
    /// Asks the service for the public key, with the credentials that are in the environment.
    ///
    /// # Errors
    /// [`KmsError`].
    pub fn open(reference: &KmsReference, variables: Variables<'_>) -> Result<Self, KmsError> {
        let variables = &|name: &str| variables(name).filter(|value| !value.is_empty());
        let opened = match reference {
            KmsReference::Aws(name) => aws::open(name, variables)?,
            KmsReference::Google(name) => google::open(name, variables)?,
            KmsReference::Azure(name) => azure::open(name, variables)?,
            KmsReference::Vault(name) => vault::open(name, variables)?,
        };
        Ok(Self::of(reference.service(), opened))
    }

    fn of(service: Service, Opened { provider, public }: Opened) -> Self {
        Self { service, provider, public }
    }
}

impl Signer for KmsKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, scheme: Scheme, message: Message<'_>) -> Result<Vec<u8>, SignerError> {
        admit(&self.public, scheme, message)?;
        let payload = match (scheme.prehash(), message) {
            (Some(hash), Message::Bytes(bytes)) => Payload::Digest(digest(hash, bytes)),
            (Some(_), Message::Digest(digest)) => Payload::Digest(*digest),
            (None, Message::Bytes(bytes)) => Payload::Whole(bytes),
            (None, Message::Digest(_)) | (_, Message::Representative(_)) => {
                return Err(SignError::Request(VerifyError::MessageNeeded { scheme }).into());
            }
        };
        let signature = self.provider.sign(scheme, payload)?;
        match self.public.verify(scheme, message, &signature) {
            Ok(()) => Ok(signature),
            Err(cause) => Err(KmsError::Signature { service: self.service, cause }.into()),
        }
    }
}

impl std::fmt::Debug for KmsKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = f.debug_struct("KmsKey");
        debug.field("service", &self.service).field("public", &self.public).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
