//! Signature results that may be remembered: those between certificates of the trust root.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use sealwax_crypto::KeyError;

use crate::algorithm::SignatureError;
use crate::certificate::Certificate;

/// Links that the memo holds unless told otherwise. The public roots, staging's and GitHub's have some forty together.
const DEFAULT_CAPACITY: usize = 1024;

/// Remembers which certificates *of the trust root* carry a good signature of which key, so that a verifier that meets the
/// same chain ten thousand times checks it once. It holds no validity at a time and nothing about what a bundle
/// brings. Shared between threads; bounded; a failure is never remembered.
#[derive(Debug)]
pub struct SignatureMemo {
    /// (SHA-256 of the issuer's SPKI, SHA-256 of the child's DER). The second covers the signature too.
    verified: Mutex<BTreeSet<([u8; 32], [u8; 32])>>,
    capacity: usize,
}

/// Why one certificate is not shown to have been signed by the key of another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The issuer's key cannot be used.
    #[error("the issuer's key cannot be used: {0}")]
    Key(KeyError),
    /// The signature does not verify.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

impl SignatureMemo {
    /// A memo for this many links. Zero remembers nothing.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        SignatureMemo { verified: Mutex::new(BTreeSet::new()), capacity }
    }

    /// How many links are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Verifies that `child` was signed by the key of `issuer`, and nothing else, unless that has succeeded before. For CA
    /// certificates: a leaf fills the memo and is not met again.
    ///
    /// # Errors
    /// [`SignatureError`]; [`LinkError::Key`] if the issuer's key is of no kind that we know.
    pub fn check_link(&self, child: &Certificate, issuer: &Certificate) -> Result<(), LinkError> {
        let key = issuer.public_key().map_err(|error| LinkError::Key(error.clone()))?;
        Ok(self.check(child, issuer, || child.check_signature_by(key))?)
    }

    /// Runs the check unless it has succeeded before.
    pub(crate) fn check(
        &self,
        child: &Certificate,
        issuer: &Certificate,
        check: impl FnOnce() -> Result<(), SignatureError>,
    ) -> Result<(), SignatureError> {
        let link = (issuer.spki_fingerprint(), child.fingerprint());
        if self.verified.lock().unwrap_or_else(PoisonError::into_inner).contains(&link) {
            return Ok(());
        }
        check()?;
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        // Once full it stays as it is: what came first is the trust root, what comes after is a caller's mistake.
        if verified.len() < self.capacity {
            verified.insert(link);
        }
        Ok(())
    }
}

impl Default for SignatureMemo {
    fn default() -> Self {
        SignatureMemo::with_capacity(DEFAULT_CAPACITY)
    }
}
