//! What stands in a data tile beside the leaf, which the tree does not cover: the precertificate, and the fingerprints of the chain
//! (C2SP static-ct-api, "Log entries"). It follows from the leaf, so that damage shows:
//!
//! - the precertificate without its poison is the TBSCertificate of the leaf, and its issuer has the leaf's key hash;
//! - whatever was logged is signed by the first certificate of the chain, and that one by the next;
//! - each fingerprint is that of an object `issuer/…` (the caller's check).
//!
//! Signatures of kinds that we do not verify are passed over: a log may have been somebody else's.

use super::{Reading, Source};
use crate::ct::leaf::{Entry, TileLeaf};
use sealwax_crypto::sha256;
use sealwax_pki::{Certificate, PrecertificateError, SignatureError, precert_log_entry};
use sealwax_tlog::Hash;
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

/// How many chains are remembered; then the list starts again. A log has as many as its authorities have intermediates.
const MAX_CHAINS: usize = 1024;

/// What is wrong beside a leaf.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BesideError {
    /// The precertificate is none that can be read.
    #[error("its precertificate cannot be read: {0}")]
    Unreadable(String),
    /// It cannot be made into a leaf.
    #[error("its precertificate: {0}")]
    Precertificate(#[from] PrecertificateError),
    /// It would be another leaf.
    #[error("its precertificate is not the one of the leaf")]
    OtherLeaf,
    /// The chain does not lead on.
    #[error("it is not signed by the first certificate of its chain: {0}")]
    NotSigned(SignatureError),
    /// The chain does not lead on further up.
    #[error("certificate {position} of its chain is not signed by the next one")]
    Chain {
        /// Which one, from 0.
        position: usize,
    },
}

/// The chains that were met, whose links hold.
#[derive(Debug, Default)]
pub(crate) struct Chains(RwLock<HashMap<Vec<Hash>, Arc<[Certificate]>>>);

impl Chains {
    /// The certificates with these fingerprints. None if one is not there, or is another or no certificate: that is a problem of the
    /// object, which is looked at by itself.
    fn find<S: Source>(
        &self,
        reading: &Reading<'_, S>,
        fingerprints: &[Hash],
    ) -> Result<Option<Arc<[Certificate]>>, BesideError> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(fingerprints).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let read = |fingerprint: &Hash| {
            let name = format!("issuer/{}", sealwax_crypto::hex(fingerprint));
            let der = reading.get(&name).ok()??;
            Certificate::from_der(&der).ok().filter(|_| sha256(&der) == *fingerprint)
        };
        let Some(chain) = fingerprints.iter().map(read).collect::<Option<Vec<_>>>() else { return Ok(None) };
        for (position, pair) in chain.windows(2).enumerate() {
            if let [child, issuer] = pair {
                is_signed(child, issuer).map_err(|_| BesideError::Chain { position })?;
            }
        }
        let chain: Arc<[Certificate]> = chain.into();
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_CHAINS {
            known.clear();
        }
        known.insert(fingerprints.to_vec(), chain.clone());
        Ok(Some(chain))
    }
}

/// What is beside a leaf is what follows from it.
pub(super) fn check<S: Source>(reading: &Reading<'_, S>, leaf: &TileLeaf<'_>) -> Result<(), BesideError> {
    let Some(chain) = reading.chains.find(reading, leaf.chain)? else { return Ok(()) };
    match leaf.entry {
        Entry::X509 { certificate } => {
            // Its bytes are under the tree: one that we cannot read is not damaged.
            let certificate = Certificate::from_der(certificate).ok();
            match certificate.zip(chain.first()) {
                Some((certificate, issuer)) => {
                    is_signed(&certificate, issuer).map_err(BesideError::NotSigned)
                }
                None => Ok(()),
            }
        }
        Entry::Precert { pre_certificate, .. } => {
            let first = Certificate::from_der(pre_certificate);
            let first = first.map_err(|error| BesideError::Unreadable(error.to_string()))?;
            let path: Vec<Certificate> = std::iter::once(first).chain(chain.iter().cloned()).collect();
            if precert_log_entry(&path)? != leaf.signed_entry() {
                return Err(BesideError::OtherLeaf);
            }
            match path.as_slice() {
                [first, issuer, ..] => is_signed(first, issuer).map_err(BesideError::NotSigned),
                _ => Ok(()),
            }
        }
    }
}

fn is_signed(child: &Certificate, issuer: &Certificate) -> Result<(), SignatureError> {
    let Ok(key) = issuer.public_key() else { return Ok(()) };
    match child.check_signature_by(key) {
        Err(SignatureError::UnsupportedAlgorithm(_)) => Ok(()),
        checked => checked,
    }
}
