//! What keeps a submission from a site, before the site has seen it.

use crate::{
    metrics::Refusal,
    reply::{self, Reply},
};
use hyper::{Response, StatusCode};
use std::time::Duration;

/// Why a submission did not get to the site.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The address has submitted as much as it may.
    #[error("there are too many submissions from this address")]
    Rate {
        /// Until it may submit one more.
        wait: Duration,
    },
    /// [`Limits::in_flight`](crate::Limits::in_flight)
    #[error("the server answers too many submissions at the moment")]
    InFlight,
    /// [`Limits::bodies_bytes`](crate::Limits::bodies_bytes)
    #[error("the server holds too many requests at the moment")]
    NoRoom,
    /// [`Limits::body_bytes`](crate::Limits::body_bytes), or those of the route.
    #[error("the body is longer than {limit} bytes")]
    TooLarge {
        /// Bytes.
        limit: usize,
    },
    /// [`Limits::body_time`](crate::Limits::body_time)
    #[error("the body took longer than {} s", limit.as_secs())]
    TooSlow {
        /// How long it may take.
        limit: Duration,
    },
    /// The client went away, or does not speak HTTP properly.
    #[error("the body broke off, or its framing is wrong")]
    Broken,
}

impl Refused {
    /// The status of HTTP.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Rate { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::InFlight | Self::NoRoom => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
        }
    }

    /// When to try again, if that helps.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        match self {
            Self::Rate { wait } => Some(*wait),
            Self::InFlight | Self::NoRoom => Some(Duration::from_secs(1)),
            Self::TooLarge { .. } | Self::TooSlow { .. } | Self::Broken => None,
        }
    }

    /// In plain text.
    #[must_use]
    pub fn plain(&self) -> Response<Reply> {
        let mut response = reply::plain(self.status(), format!("{self}\n"));
        if let Some(wait) = self.wait() {
            reply::retry_after(response.headers_mut(), wait);
        }
        response
    }

    /// As what it is counted.
    pub(crate) fn counted(&self) -> Option<Refusal> {
        match self {
            Self::Rate { .. } => Some(Refusal::RequestsOfAddress),
            Self::InFlight | Self::NoRoom => Some(Refusal::InFlight),
            Self::TooLarge { .. } => Some(Refusal::LargeBody),
            Self::TooSlow { .. } => Some(Refusal::SlowBody),
            Self::Broken => None,
        }
    }
}
