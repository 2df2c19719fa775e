//! Keys behind programs named `sigstore-kms-SCHEME`, by the protocol that cosign speaks with them (version `v1` of sigstore's
//! `pkg/signature/kms/cliplugin`): a key of any KMS for which somebody wrote such a program.
//!
//! **The protocol.** Each call runs the program once, with two arguments: the version, and JSON of what is asked. The message, where it
//! is not a digest, is standard input; JSON on standard output is the answer; standard error is the user's; the exit code means
//! nothing.
//!
//! **What is trusted.** The program is found on `PATH` by whoever may set that, and does what it likes. What it answers is read within
//! limits, and a signature is verified before anybody gets it.

mod call;
mod reference;

use std::path::PathBuf;
use std::time::Duration;

use sealwax_crypto::{HashAlgorithm, KeyError, Message, PublicKey, Scheme, VerifyError, digest};

use crate::{Signer, SignerError, admit};
use call::{Answer, Method};
pub use reference::{PluginReference, PluginReferenceError};

/// How long a program may take for a call: a token that somebody has to touch, a network that hesitates.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// The longest answer that is read, bytes: an ML-DSA-87 key takes 5,000.
pub const MAX_ANSWER_BYTES: usize = 64 << 10;

/// Why a key behind a plug-in cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PluginError {
    /// There is no such program.
    #[error("there is no program {program} in the directories of PATH")]
    NotFound {
        /// Its name.
        program: String,
    },
    /// It could not be started, or spoken with.
    #[error("{}: {cause}", program.display())]
    Io {
        /// The program.
        program: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// It took too long, and was ended.
    #[error("{} did not answer within {} seconds", program.display(), patience.as_secs())]
    TimedOut {
        /// The program.
        program: PathBuf,
        /// How long it was waited for: [`TIMEOUT`].
        patience: Duration,
    },
    /// The answer is longer than [`MAX_ANSWER_BYTES`].
    #[error("{} answered with more than {MAX_ANSWER_BYTES} bytes", program.display())]
    TooLong {
        /// The program.
        program: PathBuf,
    },
    /// The answer is not that of the protocol.
    #[error("{} did not answer as the protocol wants it: {cause}", program.display())]
    Answer {
        /// The program.
        program: PathBuf,
        /// What is wrong with it.
        cause: AnswerError,
    },
    /// It said why not.
    #[error("{} refused: {message}", program.display())]
    Refused {
        /// The program.
        program: PathBuf,
        /// What it said.
        message: String,
    },
    /// The public key is none of the registry.
    #[error("{} has a key that cannot be used: {cause}", program.display())]
    Key {
        /// The program.
        program: PathBuf,
        /// What is wrong with it.
        cause: KeyError,
    },
    /// The protocol has no way to ask for such a signature: Ed25519ph.
    #[error("plug-ins do not sign by {scheme}")]
    Scheme {
        /// The scheme.
        scheme: Scheme,
    },
    /// What it signed does not verify by its key.
    #[error("{} returned a signature that its own key does not verify: {cause}", program.display())]
    Signature {
        /// The program.
        program: PathBuf,
        /// What the key said.
        cause: VerifyError,
    },
}

/// Why an answer is not of the protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// Not strict JSON.
    #[error("{0}")]
    Json(sealwax_json::Error),
    /// A member that is missing, or not base64.
    #[error("{member:?} is missing, or not base64")]
    Member {
        /// Its path.
        member: &'static str,
    },
}

/// A key behind a plug-in.
#[derive(Debug)]
pub struct PluginKey {
    program: PathBuf,
    reference: PluginReference,
    public: PublicKey,
}

impl PluginKey {
    /// Finds the program, and asks it for the public key.
    ///
    /// # Errors
    /// [`PluginError`].
    pub fn open(reference: PluginReference) -> Result<Self, PluginError> {
        let program = call::find(&reference.program())
            .ok_or_else(|| PluginError::NotFound { program: reference.program() })?;
        Self::open_program(program, reference)
    }

    /// As [`PluginKey::open`], of a program that was found.
    ///
    /// # Errors
    /// [`PluginError`].
    pub fn open_program(program: PathBuf, reference: PluginReference) -> Result<Self, PluginError> {
        // Which hash the key goes with is known only once the key is.
        let (hash, method) = (HashAlgorithm::Sha256, Method::PublicKey);
        let answer = call::run(&program, &reference, hash, method, Vec::new(), TIMEOUT)?;
        let text = answer.bytes(&program, Method::PublicKey)?;
        let key = PublicKey::from_pem(&String::from_utf8_lossy(&text));
        let public = key.map_err(|cause| PluginError::Key { program: program.clone(), cause })?;
        Ok(Self { program, reference, public })
    }

    fn ask(&self, scheme: Scheme, message: Message<'_>) -> Result<Vec<u8>, SignerError> {
        admit(&self.public, scheme, message)?;
        if scheme == Scheme::Ed25519ph {
            return Err(PluginError::Scheme { scheme }.into());
        }
        let (hash, method, input) = match (scheme.prehash(), message) {
            (Some(hash), Message::Bytes(bytes)) => {
                (hash, Method::Sign { digest: Some(digest(hash, bytes)) }, Vec::new())
            }
            (_, Message::Digest(found)) => {
                (found.algorithm(), Method::Sign { digest: Some(*found) }, Vec::new())
            }
            (_, Message::Representative(_)) => return Err(PluginError::Scheme { scheme }.into()),
            // Pure schemes sign the message, whatever the hash.
            (None, Message::Bytes(bytes)) => {
                (HashAlgorithm::Sha512, Method::Sign { digest: None }, bytes.to_vec())
            }
        };
        let answer: Answer = call::run(&self.program, &self.reference, hash, method, input, TIMEOUT)?;
        let signature = answer.bytes(&self.program, method)?;
        match self.public.verify(scheme, message, &signature) {
            Ok(()) => Ok(signature),
            Err(cause) => Err(PluginError::Signature { program: self.program.clone(), cause }.into()),
        }
    }
}

impl Signer for PluginKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, scheme: Scheme, message: Message<'_>) -> Result<Vec<u8>, SignerError> {
        self.ask(scheme, message)
    }
}
