//! The certificate log as the authorities see it: in the same process.

use std::sync::Arc;

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

impl sealwax_tsa::CertificateLog for InProcess {
    fn newest_timestamp(&self) -> Option<Timestamp> {
        let newest = i64::try_from(self.log.published()?.timestamp).ok()?;
        Timestamp::from_millisecond(newest).ok()
    }
}

fn refused(error: &AddChainError) -> CtLogError {
    CtLogError::Refused { status: error.status().as_u16(), reason: error.to_string() }
}
