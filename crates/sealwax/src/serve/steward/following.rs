//! What others bring while the instance runs: other processes of the same Sigstore, and people who sign.

use std::time::Instant;

use jiff::Timestamp;
use sealwax_server::journal::Value;
use tokio::task::block_in_place;

use super::{PATIENCE, State, Steward};
use crate::Failure;
use crate::serve::places::Service;

impl Steward {
    /// Whether the authorities that log here have had the time to go on to the next log: the one of this process has at once.
    pub(super) fn have_followed(&self, switched: Instant) -> bool {
        let is_others = self.instance.has(Service::Ct) && !self.instance.has(Service::Ca);
        !is_others || switched.elapsed() >= PATIENCE
    }

    /// Looks at what others bring: people what only they can sign, operators what other processes say of themselves.
    pub(super) fn look_at_files(&self, state: &mut State) {
        state.untold |= self.published.is_shared;
        if !self.holdings.others.0.is_empty() {
            self.read_others(state);
        }
    }

    /// Reads what others say of themselves: the certificate logs accept their new roots, and clients are told of all of it.
    fn read_others(&self, state: &mut State) {
        let taken = block_in_place(|| {
            let found = self.holdings.others.read()?;
            if found != state.others {
                self.logs.accept(&self.holdings.roots()?)?;
            }
            Ok::<_, Failure>(found)
        });
        match taken {
            Ok(found) if found == state.others => state.unread = None,
            Ok(found) => {
                self.journal.info("took what others say of themselves", &[]);
                (state.others, state.unread) = (found, None);
                state.untold |= self.instance.has(Service::Tuf);
            }
            Err(failure) if state.unread.as_ref() == Some(&failure.message) => {}
            Err(failure) => {
                let error = [("error", Value::Text(&failure.message))];
                self.journal.error("what others said of themselves stays as it was", &error);
                state.unread = Some(failure.message);
            }
        }
    }

    /// Logs certificates at the newest log of others, when that answers. What was begun ends at the one before.
    pub(super) async fn follow_log(&mut self, state: &State, now: Timestamp) {
        let Some((elsewhere, authority)) = self.elsewhere.as_mut().zip(self.authority.as_ref()) else {
            return;
        };
        match elsewhere.follow(&state.others, now).await {
            Ok(false) => {}
            Ok(true) => {
                let log = elsewhere.in_use.clone();
                self.journal.info("certificates go to another log", &[("log", Value::Text(&log.name))]);
                authority.renew(authority.authority(), vec![log]);
            }
            Err(failure) => {
                let error = [("error", Value::Text(&failure.message))];
                self.journal.error("certificates go to the log that they went to", &error);
            }
        }
    }
}
