//! What of the configuration is taken while it is served: the quotas. The rest is for the next start, and whoever changed it is
//! told so, by the names of the keys.

use std::sync::Arc;

use sealwax_ca::Service;
use sealwax_server::journal::{Journal, Value};
use tokio::signal::unix::Signal;
use tokio::task::JoinHandle;

use super::args::ServeArgs;
use super::config::{Config, Quota};
use crate::looks::Looks;

/// The configuration as it is in use, and where it comes from.
pub struct Reload {
    pub args: ServeArgs,
    pub config: Config,
    /// Whose quotas these are.
    pub authority: Option<Arc<Service>>,
}

impl Reload {
    /// Follows the file until the task is aborted. One that is no good changes nothing.
    pub fn follow(mut self, hangup: Signal, journal: Journal) -> JoinHandle<()> {
        let mut seen = Ok(self.config.clone());
        tokio::spawn(async move {
            let mut looks = Looks::new(hangup);
            loop {
                looks.next().await;
                let found = Config::load(&self.args).map_err(|failure| failure.message);
                if found != seen {
                    self.take(&found, &journal);
                    seen = found;
                }
            }
        })
    }

    fn take(&mut self, found: &Result<Config, String>, journal: &Journal) {
        let found = match found {
            Ok(found) => found,
            Err(reason) => {
                let error = [("error", Value::Text(reason))];
                return journal.error("the configuration stays as it was", &error);
            }
        };
        if found.quota != self.config.quota {
            self.config.quota = found.quota.clone();
            self.limit(&found.quota, journal);
        }
        let keys = self.config.differs_in(found).join(", ");
        if !keys.is_empty() {
            let keys = [("keys", Value::Text(&keys))];
            journal.warning("what has changed in the configuration waits for the next start", &keys);
        }
    }

    fn limit(&self, quota: &Quota, journal: &Journal) {
        if let Some(authority) = &self.authority {
            authority.limit_to(quota.of_authority());
            journal.info("took the new quotas", &[]);
        }
    }
}
