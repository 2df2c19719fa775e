//! Issuers that were met: a CA certificate comes with every chain of that CA, and is read, and its signature verified, once.

use sealwax_crypto::sha256;
use sealwax_pki::{Certificate, LinkError, SignatureMemo};
use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

/// How many issuers are remembered; then the list starts again. Some four kilobytes each.
const MAX_ISSUERS: usize = 1024;

/// CA certificates of chains that led to an accepted root, and the links between them. Says nothing about trust: which
/// root is accepted is asked each time. Never holds what stands first in a chain.
#[derive(Debug)]
pub struct Issuers {
    /// By SHA-256 of their DER.
    known: RwLock<HashMap<[u8; 32], Certificate>>,
    links: SignatureMemo,
}

impl Issuers {
    /// The certificate with this DER, if it was met.
    pub(super) fn find(&self, der: &[u8]) -> Option<Certificate> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(&sha256(der)).cloned()
    }

    /// Remembers the issuers of a verified chain.
    pub(super) fn remember(&self, issuers: &[Certificate]) {
        let is_known = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            issuers.iter().all(|issuer| known.contains_key(&issuer.fingerprint()))
        };
        if is_known {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len().saturating_add(issuers.len()) > MAX_ISSUERS {
            known.clear();
        }
        known.extend(issuers.iter().map(|issuer| (issuer.fingerprint(), issuer.clone())));
    }

    /// Whether one CA certificate was signed by the key of another.
    pub(super) fn check_link(&self, child: &Certificate, issuer: &Certificate) -> Result<(), LinkError> {
        self.links.check_link(child, issuer)
    }
}

impl Default for Issuers {
    fn default() -> Self {
        Self { known: RwLock::default(), links: SignatureMemo::with_capacity(2 * MAX_ISSUERS) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealwax_testkit::authority::AuthorityOptions;

    #[test]
    fn what_is_remembered_is_bounded() {
        let authority = AuthorityOptions::default().build();
        let [intermediate, root] = authority.certificates().try_into().unwrap();
        let issuers = Issuers::default();
        assert!(issuers.find(&root).is_none());
        let root = Certificate::from_der(&root).unwrap();
        issuers.remember(std::slice::from_ref(&root));
        assert_eq!(issuers.find(root.der()).unwrap(), root);

        let full = |known: &mut HashMap<[u8; 32], Certificate>| {
            known.extend((0..MAX_ISSUERS as u64 - 1).map(|n| (sha256(&n.to_be_bytes()), root.clone())));
        };
        full(&mut issuers.known.write().unwrap());
        issuers.remember(std::slice::from_ref(&root)); // known
        assert_eq!(issuers.known.read().unwrap().len(), MAX_ISSUERS);
        let intermediate = Certificate::from_der(&intermediate).unwrap();
        issuers.remember(&[intermediate.clone(), root]);
        assert_eq!(issuers.known.read().unwrap().len(), 2);
        assert_eq!(issuers.find(intermediate.der()).unwrap(), intermediate);
    }
}
