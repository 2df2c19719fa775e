//! What keeps a log that is open from taking entries, for the journal: witnesses that are silent, a clock that is behind, a full disk.

use sealwax_log::Log;
use sealwax_log::anchor::AnchorError;
use sealwax_log::engine::AddError;
use sealwax_server::journal::{Journal, Value};

/// What the journal was told last.
#[derive(Default)]
pub(super) struct Trouble {
    told: Option<String>,
}

impl Trouble {
    /// Says what has changed. A freeze is no trouble.
    pub(super) fn look(&mut self, log: &Log, journal: &Journal) {
        let reason = match log.ready() {
            Ok(()) | Err(AddError::Frozen) => None,
            Err(AddError::NotNow { reason }) => Some(reason),
            Err(error) => Some(error.to_string()),
        };
        match &reason {
            Some(reason) if self.told.is_none() => {
                journal.warning("no entries are taken", &[("reason", Value::Text(reason))]);
            }
            None if self.told.is_some() => journal.info("entries are taken again", &[]),
            _ => {}
        }
        self.told = reason;
    }
}

/// Why a log cannot be compared with its anchor: often not for the anchor's sake.
pub(super) fn with_anchor(log: &Log, error: &AnchorError) -> String {
    match (error, log.ready()) {
        (AnchorError::Unpublished, Err(AddError::NotNow { reason })) => reason,
        _ => error.to_string(),
    }
}
