//! The further issuers of an instance: a file that is read again when it changes, and keys that are there before anybody has to wait
//! for them.

use std::path::PathBuf;
use std::sync::Arc;

use sealwax_ca::{HttpProviders, Service};
use sealwax_server::journal::{Journal, Value};
use tokio::signal::unix::Signal;
use tokio::task::JoinHandle;

use super::authority::{MAX_CONFIGURATION_BYTES, with_further};
use crate::looks::Looks;
use crate::sources::read_limited;

/// Who may vouch for identities, besides the instance itself.
pub struct Issuers {
    /// The instance's own, of people and of machines, if they are in this process.
    pub here: Option<[String; 2]>,
    pub path: Option<PathBuf>,
    pub service: Arc<Service>,
    pub providers: Arc<HttpProviders>,
}

impl Issuers {
    /// Follows the file, and keeps keys fresh, until the task is aborted. A file that is no good leaves the issuers as they were.
    pub fn follow(self, hangup: Signal, journal: Journal) -> JoinHandle<()> {
        let mut seen = self.read();
        tokio::spawn(async move {
            let mut looks = Looks::new(hangup);
            loop {
                looks.next().await;
                let found = self.read();
                if found != seen {
                    self.take(&found, &journal);
                    seen = found;
                }
                let configuration = self.service.configuration();
                // Those of this process need no fetching.
                let others = configuration.issuers().filter(|(url, _)| !self.is_here(url));
                self.providers.refresh(others);
            }
        })
    }

    fn is_here(&self, url: &str) -> bool {
        self.here.iter().flatten().any(|own| own == url)
    }

    /// A small file, of which the system has the pages.
    fn read(&self) -> Result<Option<Vec<u8>>, String> {
        let read = self.path.as_deref().map(|path| read_limited(path, MAX_CONFIGURATION_BYTES));
        read.transpose().map_err(|error| error.to_string())
    }

    fn take(&self, found: &Result<Option<Vec<u8>>, String>, journal: &Journal) {
        let file = self.path.as_deref().map(|path| path.display().to_string()).unwrap_or_default();
        let file = ("issuers", Value::Text(&file));
        let taken = found.clone().and_then(|text| with_further(self.here.as_ref(), text.as_deref()));
        match taken {
            Ok(configuration) => {
                self.service.reconfigure(configuration);
                journal.info("took the new issuers", &[file]);
            }
            Err(reason) => {
                journal.error("the issuers stay as they were", &[file, ("error", Value::Text(&reason))]);
            }
        }
    }
}
