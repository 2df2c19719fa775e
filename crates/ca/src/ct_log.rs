//! Certificate logs: whom we ask for a promise, and what the promise must be worth.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sealwax_crypto::PublicKey;
use sealwax_pki::{Certificate, Sct, SctError};

/// How far a log's clock may be from ours. Both are kept by NTP, and a log answers within seconds.
pub const MAX_CLOCK_DIFFERENCE: SignedDuration = SignedDuration::from_mins(1);

/// A log's answer, to come.
pub type Promise<'a> = Pin<Box<dyn Future<Output = Result<Sct, CtLogError>> + Send + 'a>>;

/// Somebody who hands a precertificate to a certificate log (RFC 6962 4.2): over HTTP, or in this process. What comes back is not
/// believed.
pub trait CtLog: Send + Sync {
    /// Logs the first certificate of the chain, a precertificate; the others are its issuers up to the root.
    fn add_pre_chain<'a>(&'a self, chain: &'a [Certificate]) -> Promise<'a>;
}

/// Why a log promised nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CtLogError {
    /// It does not answer.
    #[error("it cannot be reached: {reason}")]
    Unreachable {
        /// What the system says.
        reason: String,
    },
    /// It did not answer in time.
    #[error("it did not answer within {seconds} s")]
    TimedOut {
        /// How long we waited.
        seconds: u64,
    },
    /// It does not want the chain.
    #[error("it refused with status {status}: {reason}")]
    Refused {
        /// The status code of HTTP.
        status: u16,
        /// What it says.
        reason: String,
    },
    /// Its answer is no SCT.
    #[error("its answer is no SCT: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
}

/// A log's answer that is not the promise it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogLies {
    /// The SCT is another log's.
    #[error("the SCT is of another log")]
    LogId {
        /// Whose it says it is.
        found: [u8; 32],
    },
    /// The SCT is not over this certificate, or not by the log's key.
    #[error("the SCT does not verify: {0}")]
    Signature(#[from] SctError),
    /// The SCT is from another time.
    #[error("the SCT is of {timestamp_ms} ms since 1970, more than {} s from now", MAX_CLOCK_DIFFERENCE.as_secs())]
    Time {
        /// When it says it was made.
        timestamp_ms: u64,
    },
    /// The SCT does not say where in the log the entry is.
    #[error("the SCT has no index, which a log of static-ct-api writes into it")]
    NoLeafIndex,
}

/// A log that is trusted to keep its promises, by its key.
#[derive(Clone)]
pub struct CertificateLog {
    /// What it is called in messages.
    pub name: String,
    /// Its key.
    pub key: PublicKey,
    /// Whether it is of the kind that writes the index into its SCTs (static-ct-api). A log of RFC 6962 alone does not.
    pub writes_leaf_index: bool,
    /// The way to it.
    pub log: Arc<dyn CtLog>,
}

impl CertificateLog {
    /// Checks what the log said about `draft`, the certificate with the SCTs in it, issued by `issuer`.
    pub(crate) fn check(
        &self,
        sct: &Sct,
        draft: &Certificate,
        issuer: &Certificate,
        now: Timestamp,
    ) -> Result<(), LogLies> {
        if sct.log_id != self.key.spki_sha256() {
            return Err(LogLies::LogId { found: sct.log_id });
        }
        sct.verify(draft, issuer, &self.key)?;
        let near = |at: Timestamp| at.duration_until(now).abs() <= MAX_CLOCK_DIFFERENCE;
        if !sct.timestamp().is_some_and(near) {
            return Err(LogLies::Time { timestamp_ms: sct.timestamp_ms });
        }
        if self.writes_leaf_index && sct.leaf_index().is_none() {
            return Err(LogLies::NoLeafIndex);
        }
        Ok(())
    }
}

impl fmt::Debug for CertificateLog {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        output.debug_struct("CertificateLog").field("name", &self.name).finish_non_exhaustive()
    }
}
