//! The keys of a log.

mod reference;

pub use reference::Reference;

use std::path::Path;
use std::sync::Arc;

use sealwax_log::Kind;
use sealwax_log::engine::Signing;
use sealwax_signer::pkcs11::TokenKey;
use sealwax_signer::{Absent, Signer, file};
use sealwax_tlog::VerifierKey;

use super::description::{self, Description};
use crate::Failure;

/// The keys of a log, as they sign.
#[derive(Clone)]
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
        let key = |key: &Reference| match key {
            Reference::File(path) if !directory.join(path).exists() => Err(Failure::cannot(format!(
                "{}: the key of the log is not there; only to read, `sealwax log serve --read-only` needs none",
                directory.join(path).display()
            ))),
            key => open(key, directory),
        };
        let signers = description.keys.iter().map(key).collect::<Result<_, _>>()?;
        Self::of(directory, description, signers)
    }

    /// Only the public halves, for whoever signs nothing.
    pub fn public(directory: &Path, description: &Description) -> Result<Self, Failure> {
        let public = |word: &String| -> Result<Arc<dyn Signer>, Failure> {
            let key = VerifierKey::parse(word)
                .map_err(|error| Failure::cannot(format!("{}: {error}", description::NAME)))?;
            Ok(Arc::new(Absent(key.public_key().clone())))
        };
        let signers = description.verifier_keys.iter().map(public).collect::<Result<_, _>>()?;
        Self::of(directory, description, signers)
    }

    fn of(
        directory: &Path,
        description: &Description,
        signers: Vec<Arc<dyn Signer>>,
    ) -> Result<Self, Failure> {
        let mut signers = signers.into_iter();
        let (Some(first), second, None) = (signers.next(), signers.next(), signers.next()) else {
            return Err(Failure::cannot(format!("{} must name one or two keys", description::NAME)));
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

/// A key that exists, and how it is written down.
pub struct Given {
    pub signer: Arc<dyn Signer>,
    pub reference: Reference,
}

impl Given {
    /// The key that `--key` names.
    pub fn open(word: &str) -> Result<Self, Failure> {
        let reference = Reference::of_argument(word)?;
        Ok(Self { signer: open(&reference, Path::new(""))?, reference })
    }
}

/// Opens a key: in a file, perhaps below `directory`, or in a token, which it is asked to sign with.
fn open(key: &Reference, directory: &Path) -> Result<Arc<dyn Signer>, Failure> {
    match key {
        Reference::File(path) => match file::read(&directory.join(path)) {
            Ok(key) => Ok(Arc::new(key)),
            Err(error) => Err(Failure::cannot(error.to_string())),
        },
        Reference::Token(uri) => match TokenKey::open(uri) {
            Ok(key) => Ok(Arc::new(key)),
            Err(error) => Err(Failure::cannot(error.to_string())),
        },
    }
}
