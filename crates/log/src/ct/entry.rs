//! From a verified chain to what is sequenced, and to what is kept beside the tree.

use super::{
    chain::{Submitted, VerifiedChain},
    leaf::identity,
};
use crate::engine::{Body, Submission};
use sealwax_crypto::hex;
use sealwax_pki::{Certificate, PrecertificateError, precert_log_entry, x509_log_entry};

/// The entry of a chain. The chain itself, but for the first certificate, is in it by fingerprints, see [`issuer_name`].
///
/// # Errors
/// [`PrecertificateError`], if a precertificate cannot be made into the entry that its certificate will be checked
/// against.
pub fn submission(chain: &VerifiedChain) -> Result<Submission, PrecertificateError> {
    let issuers = chain.issuers();
    let first = chain.certificates().first().map_or(0, |certificate| certificate.der().len());
    let mut extra = Vec::with_capacity(first + 3 + 2 + 32 * issuers.len());
    let entry = match chain.submitted() {
        Submitted::Certificate => chain.certificates().first().map(x509_log_entry).unwrap_or_default(),
        Submitted::Precertificate => {
            if let Some(precertificate) = chain.certificates().first() {
                let der = precertificate.der();
                let [.., high, middle, low] = der.len().to_be_bytes();
                extra.extend_from_slice(&[high, middle, low]);
                extra.extend_from_slice(der);
            }
            precert_log_entry(chain.certificates())?
        }
    };
    let [.., high, low] = issuers.len().saturating_mul(32).to_be_bytes();
    extra.extend_from_slice(&[high, low]);
    issuers.iter().for_each(|issuer| extra.extend_from_slice(&issuer.fingerprint()));
    let identity = identity(&entry);
    Ok(Submission { identity, body: Body::Certificate { entry: entry.into(), extra: extra.into() } })
}

/// The name of the object with an issuer's DER (static-ct-api, "Issuers").
#[must_use]
pub fn issuer_name(issuer: &Certificate) -> String {
    format!("issuer/{}", hex(&issuer.fingerprint()))
}
