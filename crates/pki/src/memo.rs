//! Signature results that may be remembered: those between certificates of the trust root.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

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
