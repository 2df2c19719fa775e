//! From a sequenced entry to its SCT (RFC 6962 section 3.2), and to the answer of add-chain (section 4.1).

use super::leaf::{LeafError, extensions};
use crate::engine::PATIENCE;
use bytes::Bytes;
use sealwax_crypto::{Message, Scheme};
use sealwax_formats::base64;
use sealwax_pki::{Sct, certificate_timestamp};
use sealwax_signer::{Signer, SignerError};
use sealwax_tlog::rfc6962;
use std::sync::Arc;

/// Why there is no SCT for an entry that has been sequenced. A retry finds the entry.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SctError {
    /// The index does not fit.
    #[error(transparent)]
    Index(#[from] LeafError),
    /// The key, or its keeper, refused.
    #[error("cannot sign: {0}")]
    Signer(#[from] SignerError),
    /// The keeper of the key does not answer.
    #[error("the key has not signed within {seconds} s: its token or its service hangs")]
    Hangs {
        /// How long it was waited for.
        seconds: u64,
    },
    /// The thread that was to sign is gone.
    #[error("signing was broken off")]
    BrokenOff,
    /// Such keys do not sign SCTs.
    #[error("certificate logs do not sign with {kind} keys")]
    Kind {
        /// The kind of the key.
        kind: sealwax_crypto::KeyKind,
    },
}

/// As [`sign`], on a thread that may wait if the key makes it wait; and not for ever, lest the client do.
pub(super) async fn sign_anywhere(
    signer: &Arc<dyn Signer>,
    entry: Bytes,
    index: u64,
    timestamp_ms: u64,
) -> Result<Sct, SctError> {
    if !signer.may_wait() {
        return sign(&**signer, &entry, index, timestamp_ms);
    }
    let signer = Arc::clone(signer);
    let signing = tokio::task::spawn_blocking(move || sign(&*signer, &entry, index, timestamp_ms));
    let signed = tokio::time::timeout(PATIENCE, signing).await;
    signed.map_err(|_| SctError::Hangs { seconds: PATIENCE.as_secs() })?.map_err(|_| SctError::BrokenOff)?
}

/// Signs the SCT of an entry (`entry_type` and `signed_entry`) that has this index and time, in milliseconds: those of its
/// leaf, also when it is submitted again.
///
/// # Errors
/// [`SctError`].
pub fn sign(signer: &dyn Signer, entry: &[u8], index: u64, timestamp_ms: u64) -> Result<Sct, SctError> {
    let key = signer.public_key();
    let unfit = || SctError::Kind { kind: key.kind() };
    let scheme: Scheme = rfc6962::scheme(key.kind()).ok_or_else(unfit)?;
    let extensions = extensions(index)?;
    let message = certificate_timestamp(timestamp_ms, entry, &extensions).ok_or_else(unfit)?;
    let signature = signer.sign(scheme, Message::Bytes(&message))?;
    let signed = rfc6962::digitally_signed(key.kind(), &signature).ok_or_else(unfit)?;
    let [hash_algorithm, signature_algorithm, ..] = *signed else { return Err(unfit()) };
    Ok(Sct {
        log_id: key.spki_sha256(),
        timestamp_ms,
        extensions: extensions.to_vec(),
        hash_algorithm,
        signature_algorithm,
        signature,
    })
}

/// The answer of add-chain and add-pre-chain. `signature` is the digitally-signed value, `extensions` what stands behind
/// their length in the SCT.
#[must_use]
pub fn json(sct: &Sct) -> String {
    let length = u16::try_from(sct.signature.len()).unwrap_or(u16::MAX).to_be_bytes();
    let algorithms = [sct.hash_algorithm, sct.signature_algorithm];
    let signature = [&algorithms, &length, sct.signature.as_slice()].concat();
    format!(
        r#"{{"sct_version":0,"id":"{}","timestamp":{},"extensions":"{}","signature":"{}"}}"#,
        base64::encode(&sct.log_id),
        sct.timestamp_ms,
        base64::encode(&sct.extensions),
        base64::encode(&signature),
    )
}
