//! The certificate log as the authorities see it: in the same process.

use std::sync::Arc;

use jiff::Timestamp;
use sealwax_ca::{CtLog, CtLogError, Promise};
use sealwax_log::Log;
use sealwax_log::ct::{AddChainError, CtFace, Submitted};
use sealwax_pki::Certificate;

/// A log of this process.
pub struct InProcess {
    pub log: Log,
    pub face: Arc<CtFace>,
}

impl CtLog for InProcess {
    fn add_pre_chain<'a>(&'a self, chain: &'a [Certificate]) -> Promise<'a> {
        Box::pin(async move {
            let chain: Vec<Vec<u8>> = chain.iter().map(|certificate| certificate.der().to_vec()).collect();
            let added = self.face.submit_chain(&self.log, Submitted::Precertificate, &chain).await;
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
