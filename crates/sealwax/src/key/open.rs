//! The key that `--key` names, wherever it is.

use std::path::Path;
use std::sync::Arc;

use sealwax_signer::Signer;
use sealwax_signer::kms::{KmsKey, KmsReference, KmsReferenceError};
use sealwax_signer::plugin::{PluginKey, PluginReference, PluginReferenceError};

use super::file;
use crate::Failure;
use crate::log::keys::{Given, Reference};
use crate::password::PasswordArgs;

/// Opens a key: in a file, for which a password may be asked; in a PKCS#11 token; in a key management service; behind a plug-in.
///
/// # Errors
/// It cannot be opened.
pub(crate) fn open(word: &str, password: &PasswordArgs) -> Result<Arc<dyn Signer>, Failure> {
    match KmsReference::parse(word) {
        Ok(reference) => return service(&reference),
        Err(KmsReferenceError::NoService) => {}
        Err(error) => return Err(Failure::usage(format!("--key {word}: {error}"))),
    }
    match PluginReference::parse(word) {
        Ok(reference) => return plugin(reference),
        Err(PluginReferenceError::NoScheme) => {}
        // A file may be called so, oddly enough; and a PKCS#11 URI may have an URI in it.
        Err(_) if word.starts_with("pkcs11:") || Path::new(word).exists() => {}
        Err(error) => return Err(Failure::usage(format!("--key {word}: {error}"))),
    }
    match Reference::of_argument(word)? {
        Reference::File(path) => file::open(&path, password),
        Reference::Token(_) => Ok(Given::open(word)?.signer),
    }
}

fn service(reference: &KmsReference) -> Result<Arc<dyn Signer>, Failure> {
    match KmsKey::open(reference, &|name| std::env::var(name).ok()) {
        Ok(key) => Ok(Arc::new(key)),
        Err(error) => Err(Failure::cannot(error.to_string())),
    }
}

fn plugin(reference: PluginReference) -> Result<Arc<dyn Signer>, Failure> {
    match PluginKey::open(reference) {
        Ok(key) => Ok(Arc::new(key)),
        Err(error) => Err(Failure::cannot(error.to_string())),
    }
}
