//! The certificate log as the authorities see it: in the same process.

use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use sealwax_ca::{CtLog, CtLogError, Promise};
use sealwax_log::Log;
use sealwax_log::ct::{AddChainError, CtFace};
use sealwax_pki::Certificate;

/// A log of this process.
pub struct InProcess {
    pub log: Log,
    pub face: Arc<CtFace>,
}

impl CtLog for InProcess {
    fn add_pre_chain<'a>(&'a self, chain: &'a [Certificate]) -> Promise<'a> {
        Box::pin(async move {
            // Whoever asks is the authority of this process, which has just signed the first certificate.
            let added = self.face.submit_issued_here(&self.log, chain).await;
            added.map_err(|error| refused(&error))
        })
    }
}

/// The newest timestamp of the certificate log in use, which another one may follow.
pub struct Newest(RwLock<Log>);

impl Newest {
    pub fn of(log: Log) -> Self {
        Self(RwLock::new(log))
    }

    /// Looks at another log from now on.
    pub fn follow(&self, log: Log) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = log;
    }
}

impl sealwax_tsa::CertificateLog for Newest {
    fn newest_timestamp(&self) -> Option<Timestamp> {
        let log = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let newest = i64::try_from(log.published()?.timestamp).ok()?;
        Timestamp::from_millisecond(newest).ok()
    }
}

fn refused(error: &AddChainError) -> CtLogError {
    CtLogError::Refused { status: error.status().as_u16(), reason: error.to_string() }
}
