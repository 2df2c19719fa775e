//! What the authority counts.

use crate::{Refusal, TimestampAuthority};
use sealwax_server::metrics::{Label, Labelled, Text};

/// Everything that is counted.
#[derive(Debug, Default)]
pub struct Metrics {
    /// What became of the requests that were read.
    pub requests: Labelled<StampResult, 6>,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StampResult {
    /// It has a token.
    Granted,
    /// It asks for what is not done here, or is not a request.
    BadRequest,
    /// The clock is not trusted.
    Clock,
    /// What was stamped last could not be stored.
    Store,
    /// The certificate is not valid now.
    Certificate,
    /// The key did not sign, or the process is in no state to answer.
    Failed,
}

impl Label<6> for StampResult {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Granted, "granted"),
        (Self::BadRequest, "bad_request"),
        (Self::Clock, "clock"),
        (Self::Store, "store"),
        (Self::Certificate, "certificate"),
        (Self::Failed, "failed"),
    ];
    fn place(self) -> usize {
        self as usize
    }
}

impl From<&Refusal> for StampResult {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::MediaType
            | Refusal::Request(_)
            | Refusal::Json(_)
            | Refusal::Policy(_)
            | Refusal::Extension(_) => Self::BadRequest,
            Refusal::Clock(_) => Self::Clock,
            Refusal::Store(_) => Self::Store,
            Refusal::Certificate { .. } => Self::Certificate,
            Refusal::Signer(_) | Refusal::Unavailable => Self::Failed,
        }
    }
}

impl Metrics {
    /// All of it as text, with the state of the authority.
    pub fn write(&self, text: &mut Text, authority: &TimestampAuthority) {
        text.labelled("requests_total", "Requests by what became of them.", "result", &self.requests);
        let ready = u64::from(authority.ready().is_ok());
        text.gauge("ready", "1 if a request would be answered now.", ready);
        let until = authority.credentials().valid_until().as_second();
        let help = "When the certificate ends, seconds since 1970.";
        text.gauge("certificate_end_seconds", help, u64::try_from(until).unwrap_or(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_in_their_places() {
        for (place, (result, _)) in StampResult::ALL.into_iter().enumerate() {
            assert_eq!(result.place(), place);
        }
    }
}
