//! What keeps a log that is open from taking entries, for the journal: witnesses that are silent, a clock that is behind, a full disk.

use sealwax_log::Log;
use sealwax_log::anchor::AnchorError;
use sealwax_log::engine::AddError;
use sealwax_server::journal::{Journal, Value};

/// Whether the journal was told of one that is not over.
#[derive(Default)]
pub(super) struct Trouble {
    is_told: bool,
}

impl Trouble {
    /// Says when one begins, and that it is over. A freeze is none.
    pub(super) fn look(&mut self, log: &Log, journal: &Journal) {
        let reason = match log.ready() {
            Ok(()) | Err(AddError::Frozen) => None,
            Err(AddError::NotNow { reason }) => Some(reason),
            Err(error) => Some(error.to_string()),
        };
        match &reason {
            Some(reason) if !self.is_told => {
                journal.warning("no entries are taken", &[("reason", Value::Text(reason))]);
            }
            None if self.is_told => journal.info("entries are taken again", &[]),
            _ => {}
        }
        self.is_told = reason.is_some();
    }
}

/// Why a log cannot be compared with its anchor: often not for the anchor's sake.
pub(super) fn with_anchor(log: &Log, error: &AnchorError) -> String {
    match (error, log.ready()) {
        (AnchorError::Unpublished, Err(AddError::NotNow { reason })) => reason,
        _ => error.to_string(),
    }
}
