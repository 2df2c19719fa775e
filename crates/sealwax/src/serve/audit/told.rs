//! What an authority tells its operator, and nobody else.

use std::sync::Arc;

use sealwax_ca::api::ApiError;
use sealwax_ca::{Audit, Event, NotRecorded};
use sealwax_server::journal::{Journal, Value};

use super::AuditLog;

/// The audit log, if there is one, and the journal for what has gone wrong here: whoever asked is not told why.
pub struct Told {
    pub audit: Option<Arc<AuditLog>>,
    pub journal: Journal,
}

impl Audit for Told {
    fn record(&self, event: &Event<'_>) -> Result<(), NotRecorded> {
        if let Err(ApiError::Issue(error)) = event.outcome {
            self.journal.error("a certificate could not be issued", &[("error", Value::Shown(error))]);
        }
        self.audit.as_ref().map_or(Ok(()), |audit| audit.record(event))
    }
}
