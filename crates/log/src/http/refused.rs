//! What keeps a submission from the log, before the log has seen it.

use super::body::BodyError;
use crate::{metrics::Refusal, rekor::Code};
use hyper::StatusCode;
use std::time::Duration;

/// Why a submission did not get to the face.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("there are too many submissions from this address")]
    Rate { wait: Duration },
    #[error("the server answers too many submissions at the moment")]
    InFlight,
    #[error(transparent)]
    Body(#[from] BodyError),
}

impl Refused {
    /// As a status of HTTP, and a code of Rekor's errors.
    pub(super) fn status(&self) -> (StatusCode, Code) {
        match self {
            Self::Rate { .. } => (StatusCode::TOO_MANY_REQUESTS, Code::ResourceExhausted),
            Self::InFlight | Self::Body(BodyError::NoRoom) => {
                (StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable)
            }
            Self::Body(BodyError::TooLarge { .. }) => {
                (StatusCode::PAYLOAD_TOO_LARGE, Code::ResourceExhausted)
            }
            Self::Body(BodyError::TooSlow { .. }) => (StatusCode::REQUEST_TIMEOUT, Code::Unavailable),
            Self::Body(BodyError::Broken) => (StatusCode::BAD_REQUEST, Code::InvalidArgument),
        }
    }

    /// When to try again.
    pub(super) fn wait(&self) -> Option<Duration> {
        match self {
            Self::Rate { wait } => Some(*wait),
            Self::InFlight | Self::Body(BodyError::NoRoom) => Some(Duration::from_secs(1)),
            Self::Body(_) => None,
        }
    }

    /// As what it is counted.
    pub(super) fn counted(&self) -> Option<Refusal> {
        match self {
            Self::Rate { .. } => Some(Refusal::RequestsOfAddress),
            Self::InFlight | Self::Body(BodyError::NoRoom) => Some(Refusal::InFlight),
            Self::Body(BodyError::TooLarge { .. }) => Some(Refusal::LargeBody),
            Self::Body(BodyError::TooSlow { .. }) => Some(Refusal::SlowBody),
            Self::Body(BodyError::Broken) => None,
        }
    }
}
