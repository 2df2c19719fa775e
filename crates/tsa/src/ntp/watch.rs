//! Asks all servers, again and again, and tells the clock.

use super::{AskError, ask};
use crate::clock::Observation;
use std::time::Duration;
use tokio::task::JoinSet;

/// How the servers are asked.
#[derive(Clone, Debug)]
pub struct Watch {
    /// The servers, as `host:port`.
    pub servers: Vec<String>,
    /// How long after one poll the next begins. 64 s, NTP's shortest ordinary interval (RFC 5905, 7.3).
    pub interval: Duration,
    /// The same while the clock is not trusted. 16 s, the shortest interval that RFC 5905 allows (MINPOLL).
    pub urgent_interval: Duration,
    /// How long a server may take to answer. 1 s: what takes longer is too inexact.
    pub patience: Duration,
    /// How often a server that does not answer is asked in one poll. 3, as timestamp-authority does.
    pub attempts: u32,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            interval: Duration::from_secs(64),
            urgent_interval: Duration::from_secs(16),
            patience: Duration::from_secs(1),
            attempts: 3,
        }
    }
}

/// Polls until it is dropped. `observed` takes each poll in, in the order of the servers, and says whether the clock is
/// trusted now; what goes wrong with a server is told to `failed`.
pub async fn watch(
    watch: Watch,
    mut observed: impl FnMut(&[Observation]) -> bool,
    mut failed: impl FnMut(&str, &AskError),
) {
    loop {
        let observations = poll(&watch, &mut failed).await;
        let trusted = observed(&observations);
        tokio::time::sleep(if trusted { watch.interval } else { watch.urgent_interval }).await;
    }
}

/// Asks every server at once.
async fn poll(watch: &Watch, failed: &mut impl FnMut(&str, &AskError)) -> Vec<Observation> {
    let mut questions = JoinSet::new();
    for (position, server) in watch.servers.iter().cloned().enumerate() {
        let (patience, attempts) = (watch.patience, watch.attempts);
        questions.spawn(async move { (position, ask_often(&server, patience, attempts).await) });
    }
    let mut observations = vec![Observation::Silent; watch.servers.len()];
    while let Some(answer) = questions.join_next().await {
        let Ok((position, answer)) = answer else { continue };
        match (observations.get_mut(position), answer) {
            (Some(place), Ok(observation)) => *place = observation,
            (_, Err(error)) => failed(watch.servers.get(position).map_or("", String::as_str), &error),
            (None, Ok(_)) => {}
        }
    }
    observations
}

/// The first answer. A server that says no is not asked again in this poll.
async fn ask_often(server: &str, patience: Duration, attempts: u32) -> Result<Observation, AskError> {
    let mut attempt = 1;
    loop {
        match ask(server, patience).await {
            Err(AskError::TimedOut(_)) if attempt < attempts => attempt += 1,
            answer => return answer,
        }
    }
}
