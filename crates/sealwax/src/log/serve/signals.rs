//! When to stop.

use sealwax_server::journal::{Journal, Value};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::Failure;

/// Becomes true at the first SIGTERM or SIGINT. The second ends the process.
pub fn stop(journal: &Journal) -> Result<watch::Receiver<bool>, Failure> {
    let mut terminate = on(SignalKind::terminate())?;
    let mut interrupt = on(SignalKind::interrupt())?;
    let (asked, stop) = watch::channel(false);
    let journal = journal.clone();
    tokio::spawn(async move {
        for again in [false, true] {
            let (name, number) = tokio::select! {
                _ = terminate.recv() => ("SIGTERM", 15),
                _ = interrupt.recv() => ("SIGINT", 2),
            };
            if again {
                // Whatever was answered is durable; recovery does the rest.
                std::process::exit(128 + number);
            }
            journal.info("stopping", &[("signal", Value::Text(name))]);
            asked.send_replace(true);
        }
    });
    Ok(stop)
}

/// The signals of one kind.
pub fn on(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|error| Failure::cannot(format!("cannot wait for signals: {error}")))
}
