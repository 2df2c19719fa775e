//! The time sources of the timestamp authority: they are asked for as long as it is served.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use sealwax_server::journal::{Journal, Value};
use sealwax_tsa::TimestampAuthority;
use sealwax_tsa::clock::Observation;
use sealwax_tsa::ntp::{self, Watch};
use tokio::task::JoinHandle;

/// Asks the servers, until the task is aborted. The journal hears of what changes: a server that fails, a clock that is not
/// trusted, and both when they are over.
pub fn watch(how: Watch, authority: Arc<TimestampAuthority>, journal: Journal) -> JoinHandle<()> {
    let failing = Arc::new(Mutex::new(BTreeSet::new()));
    let (servers, seen, told) = (how.servers.clone(), failing.clone(), journal.clone());
    let mut last: Option<Result<(), String>> = None;
    let observed = move |observations: &[Observation]| {
        let mut failing = seen.lock().unwrap_or_else(PoisonError::into_inner);
        for (server, observation) in servers.iter().zip(observations) {
            if !matches!(observation, Observation::Silent) {
                failing.remove(server);
            }
        }
        let verdict = authority.observe(observations).map_err(|untrusted| untrusted.to_string());
        let is_trusted = verdict.is_ok();
        let changed = last.as_ref().is_none_or(|last| last.is_ok() != is_trusted);
        match &verdict {
            Ok(()) if changed => told.info("the time sources agree with the clock", &[]),
            Err(reason) if changed => {
                told.error("nothing is timestamped", &[("reason", Value::Text(reason))]);
            }
            _ => {}
        }
        last = Some(verdict);
        is_trusted
    };
    let failed = move |server: &str, error: &ntp::AskError| {
        let mut failing = failing.lock().unwrap_or_else(PoisonError::into_inner);
        if failing.insert(server.to_owned()) {
            let fields = [("server", Value::Text(server)), ("error", Value::Shown(error))];
            journal.warning("a time source gives no time", &fields);
        }
    };
    tokio::spawn(async move { ntp::watch(how, observed, failed).await })
}
