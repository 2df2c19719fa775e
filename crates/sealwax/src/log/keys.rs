//! The keys of a log.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealwax_log::Kind;
use sealwax_log::engine::Signing;
use sealwax_signer::{Signer, file};

use super::description::Description;
use crate::Failure;

/// What a key in a token is named by (RFC 7512).
const PKCS11: &str = "pkcs11:";

/// The keys of a log, as they sign.
pub struct Keys {
    /// The log's own key.
    pub signer: Arc<dyn Signer>,
    /// All of them.
    pub signing: Signing,
}

impl Keys {
    /// Puts keys together: the log's own, and perhaps a second.
    pub fn new(
        kind: Kind,
        origin: &str,
        signer: Arc<dyn Signer>,
        second: Option<Arc<dyn Signer>>,
    ) -> Result<Self, Failure> {
        let signing = Signing::new(kind, origin, signer.clone(), second);
        let signing = signing.map_err(|error| Failure::cannot(error.to_string()))?;
        Ok(Self { signer, signing })
    }

    /// The keys of a directory, which must be those that it was made with.
    pub fn open(directory: &Path, description: &Description) -> Result<Self, Failure> {
        let mut signers = Vec::new();
        for key in &description.keys {
            signers.push(read(&directory.join(key))?);
        }
        let mut signers = signers.into_iter();
        let (Some(first), second, None) = (signers.next(), signers.next(), signers.next()) else {
            return Err(Failure::cannot(format!("{} must name one or two keys", super::description::NAME)));
        };
        let keys = Self::new(description.kind, &description.origin, first, second)?;
        if keys.verifier_keys() != description.verifier_keys {
            return Err(Failure::cannot(format!(
                "{} holds another key than the log was made with",
                directory.display()
            )));
        }
        Ok(keys)
    }

    pub fn verifier_keys(&self) -> Vec<String> {
        self.signing.verifier_keys().map(ToString::to_string).collect()
    }
}

/// Reads a key from a file.
pub fn read(path: &Path) -> Result<Arc<dyn Signer>, Failure> {
    let key = file::read(path).map_err(|error| Failure::cannot(error.to_string()))?;
    Ok(Arc::new(key))
}

/// What `--key` names, as it is written down: absolute, since the directory of the log is not where it was said.
pub fn reference(word: &str) -> Result<PathBuf, Failure> {
    if word.starts_with(PKCS11) {
        return Err(Failure::usage(
            "keys in PKCS#11 tokens cannot be used by this version; give the key as a file",
        ));
    }
    std::path::absolute(word).map_err(|error| Failure::cannot(format!("{word}: {error}")))
}
