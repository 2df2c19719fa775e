//! The key that signs instead of an identity.

use std::sync::Arc;

use sealwax_signer::Signer;

use crate::Failure;
use crate::log::keys::Given;

/// Opens what `--key` names: a file, or a key in a PKCS#11 token.
///
/// # Errors
/// It cannot be opened.
pub fn open(word: &str) -> Result<Arc<dyn Signer>, Failure> {
    Ok(Given::open(word)?.signer)
}
