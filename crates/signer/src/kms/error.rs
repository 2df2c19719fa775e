//! Why a key in a service cannot be used.

use std::fmt;
use std::path::PathBuf;

use sealwax_crypto::{KeyError, Scheme, VerifyError};
use sealwax_net::http::HttpError;

/// A key management service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Service {
    /// AWS KMS.
    Aws,
    /// Google Cloud KMS.
    Google,
    /// Azure Key Vault.
    Azure,
    /// The transit engine of HashiCorp Vault and of OpenBao.
    Vault,
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aws => "AWS KMS",
            Self::Google => "Google Cloud KMS",
            Self::Azure => "Azure Key Vault",
            Self::Vault => "Vault",
        })
    }
}

/// Why a key in a service cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KmsError {
    /// The environment does not say how to get in.
    #[error("{service} needs {what}, and it is not set")]
    Missing {
        /// The service.
        service: Service,
        /// The variables that would say it.
        what: &'static str,
    },
    /// A file that the environment names is not what it must be.
    #[error("{service}: {} cannot be used: {reason}", file.display())]
    File {
        /// The service.
        service: Service,
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// It was not asked, or did not answer.
    #[error("{service}: {cause}")]
    Http {
        /// The service.
        service: Service,
        /// What happened.
        cause: HttpError,
    },
    /// It said why not.
    #[error("{service} refused, with status {status}: {message}")]
    Refused {
        /// The service.
        service: Service,
        /// The status code.
        status: u16,
        /// What it said.
        message: String,
    },
    /// The answer is not what the service documents.
    #[error("{service} did not answer as it documents: {member:?} is missing, or is something else")]
    Answer {
        /// The service.
        service: Service,
        /// The path of the member.
        member: &'static str,
    },
    /// The public key is none of the registry.
    #[error("{service} has a key that cannot be used: {cause}")]
    Key {
        /// The service.
        service: Service,
        /// What is wrong with it.
        cause: KeyError,
    },
    /// The key, or the service, does not sign so.
    #[error("{service} does not sign by {scheme} with this key")]
    Scheme {
        /// The service.
        service: Service,
        /// What was wanted.
        scheme: Scheme,
    },
    /// What it signed does not verify by its key.
    #[error("{service} returned a signature that its own key does not verify: {cause}")]
    Signature {
        /// The service.
        service: Service,
        /// What the key said.
        cause: VerifyError,
    },
}
