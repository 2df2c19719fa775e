//! Asking a service: the same bytes again after an outage, another service where there is one, and an end to patience.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sealwax_net::http::{Answer, Client, HttpError, Method, Url};
use tokio::time::Instant;

use crate::join;
use crate::{Choice, Endpoint, Kind};

/// The longest text of a refusal that is repeated to people, in bytes: a status page is cut.
const MAX_REFUSAL: usize = 512;

/// How long outages are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The pause before a service is asked again; it doubles each time, and is longer where the service asks for more (`Retry-After`).
    pub pause: Duration,
    /// How long in all: a pause that would go beyond is not made. A certificate lasts ten minutes.
    pub total: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { pause: Duration::from_millis(250), total: Duration::from_secs(30) }
    }
}

/// What a service did instead of answering.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It could not be reached, was too slow, or broke off.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// It refused.
    #[error("{url} answered with status {status}{}", said(.text))]
    Status {
        /// The URL.
        url: String,
        /// The status.
        status: u16,
        /// What it says besides, cut.
        text: String,
        /// How long it asks us to wait.
        retry_after: Option<Duration>,
    },
    /// It answered with something else than its interface prescribes.
    #[error("the answer of {url} cannot be read: {reason}")]
    Malformed {
        /// The URL.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It says that something is there, and has not published it yet.
    #[error("{url} has not published yet what it says is there")]
    NotYet {
        /// The URL.
        url: String,
    },
    /// It says that the entry is there already, and has another one there.
    #[error("{url} says that the entry is there already, and what it has there is another one")]
    OtherEntry {
        /// The URL.
        url: String,
    },
}

fn said(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

/// A kind of service could not be had.
#[derive(Debug, thiserror::Error)]
#[error("no {kind} has answered as it should: {}", all(.faults))]
pub struct ServiceError {
    /// Which kind.
    pub kind: Kind,
    /// What each service did last, in the order in which they were asked.
    pub faults: Vec<Fault>,
}

impl ServiceError {
    /// Whether it may be better later: a service is down, or asks for patience.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        self.faults.iter().any(Fault::may_pass)
    }
}

fn all(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl Fault {
    /// Whether the same request may be answered later.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Fault::Http(error) => matches!(
                error,
                HttpError::Unreachable { .. } | HttpError::TimedOut { .. } | HttpError::Interrupted { .. }
            ),
            Fault::Status { status, .. } => matches!(status, 408 | 425 | 429 | 500..=599),
            Fault::NotYet { .. } => true,
            Fault::Malformed { .. } | Fault::OtherEntry { .. } => false,
        }
    }

    fn pause(&self) -> Option<Duration> {
        match self {
            Fault::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// An answer that is not what was hoped for.
    pub(crate) fn of(url: &Url, answer: &Answer) -> Self {
        let text = String::from_utf8_lossy(&answer.body);
        let text = text.trim();
        let end = text.floor_char_boundary(MAX_REFUSAL);
        Fault::Status {
            url: url.to_string(),
            status: answer.status,
            text: text.get(..end).unwrap_or_default().to_owned(),
            retry_after: answer.retry_after.as_deref().and_then(retry_after),
        }
    }
}

/// RFC 9110 §10.2.3: seconds, or a date.
#[must_use]
pub fn retry_after(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Duration::try_from(at.duration_since(sealwax_net::now())).ok()
}

/// A request that is sent with the same bytes as often as need be.
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    pub(crate) headers: &'a [(&'static str, &'a str)],
    pub(crate) body: &'a [u8],
    /// The longest answer that is read.
    pub(crate) limit: u64,
}

impl Request<'_> {
    /// Sends it once.
    pub(crate) async fn send(&self, http: &Client, url: &Url) -> Result<Answer, Fault> {
        Ok(http.send(self.method.clone(), url, self.headers, self.body.to_vec(), self.limit).await?)
    }
}

/// What is asked of a service.
pub(crate) type Question<'a, T> = dyn Fn(&'a Endpoint) -> join::Boxed<'a, Result<T, Fault>> + Sync + 'a;

/// Asks so many operators as the choice needs, at the same time, each by the first of its services that answers; another operator
/// takes the place of one that does not.
///
/// # Errors
/// [`ServiceError`].
pub(crate) async fn ask<'a, T: Send + Unpin + 'a>(
    kind: Kind,
    choice: &'a Choice,
    patience: Patience,
    question: &Question<'a, T>,
) -> Result<Vec<T>, ServiceError> {
    let start = Instant::now();
    let first =
        |operator: &'a Vec<Endpoint>| Turn { services: operator.iter().collect(), round: 0, due: start };
    let turns = Mutex::new(choice.operators.iter().map(first).collect());
    let asker =
        || -> join::Boxed<'_, Result<T, Vec<Fault>>> { Box::pin(asker(&turns, start, patience, question)) };
    let (mut answers, mut faults) = (Vec::new(), Vec::new());
    for result in join::all((0..choice.needed).map(|_| asker()).collect()).await {
        match result {
            Ok(answer) => answers.push(answer),
            Err(of_one) => faults.extend(of_one),
        }
    }
    if answers.len() < choice.needed { Err(ServiceError { kind, faults }) } else { Ok(answers) }
}

/// The services of an operator that are still to be asked, when, and how often they were.
struct Turn<'a> {
    services: Vec<&'a Endpoint>,
    round: u32,
    due: Instant,
}

/// One answer, of whichever operator's turn it is: those that nobody has asked yet come before those that are down.
async fn asker<'a, T>(
    turns: &Mutex<VecDeque<Turn<'a>>>,
    start: Instant,
    patience: Patience,
    question: &Question<'a, T>,
) -> Result<T, Vec<Fault>> {
    let next = || turns.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let mut final_faults = Vec::new();
    while let Some(Turn { services, round, due }) = next() {
        // A timer that is due already would still wait for its next tick: a millisecond or two.
        if due > Instant::now() {
            tokio::time::sleep_until(due).await;
        }
        let mut pause = patience.pause.saturating_mul(1 << round.min(16));
        let (mut again, mut passing) = (Vec::new(), Vec::new());
        for service in services {
            match question(service).await {
                Ok(answer) => return Ok(answer),
                Err(fault) if fault.may_pass() => {
                    pause = pause.max(fault.pause().unwrap_or_default());
                    again.push(service);
                    passing.push(fault);
                }
                Err(fault) => final_faults.push(fault),
            }
        }
        if start.elapsed().saturating_add(pause) > patience.total {
            final_faults.append(&mut passing);
        } else if !again.is_empty() {
            let turn = Turn { services: again, round: round + 1, due: Instant::now() + pause };
            turns.lock().unwrap_or_else(PoisonError::into_inner).push_back(turn);
        }
    }
    Err(final_faults)
}

#[cfg(test)]
mod tests;
