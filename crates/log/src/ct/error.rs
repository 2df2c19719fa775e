//! Why there is no SCT, and what the client is told.

use super::{chain::ChainError, request::RequestError, sct::SctError};
use crate::engine::{AddError, KeepError};
use bytes::Bytes;
use hyper::{
    Response, StatusCode,
    header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER},
};
use sealwax_store::StoreError;
use std::time::Duration;

/// When to try again where nobody knows.
const RETRY_AFTER_DEFAULT: Duration = Duration::from_secs(1);

/// Why a submission got no SCT.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddChainError {
    /// The body is not a request.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The chain is not one that is logged.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The log did not take the entry.
    #[error(transparent)]
    Log(#[from] AddError),
    /// An issuer could not be stored, so the entry was not submitted.
    #[error("cannot store an issuer of the chain: {0}")]
    Issuer(#[source] StoreError),
    /// The entry is in the log, and the SCT could not be signed.
    #[error(transparent)]
    Sct(#[from] SctError),
}

impl From<KeepError> for AddChainError {
    fn from(error: KeepError) -> Self {
        match error {
            KeepError::Closed(error) => Self::Log(error),
            KeepError::Store(error) => Self::Issuer(error),
        }
    }
}

impl AddChainError {
    /// The status code that deployed logs answer with, and that the clients of `certificate-transparency-go` act on: they
    /// try again after 503, and give up at any other of these. So 503 is also for a disk or a token that fails: the next
    /// attempt may find it well, and finds the entry if that was sequenced.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Request(RequestError::TooLarge { .. }) | Self::Log(AddError::TooLarge { .. }) => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            Self::Request(_) | Self::Chain(_) => StatusCode::BAD_REQUEST,
            Self::Log(AddError::Frozen) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Sct(SctError::Index(_) | SctError::Kind { .. }) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Log(_) | Self::Issuer(_) | Self::Sct(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// When to try again, if that helps.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Log(AddError::Full { retry_after }) => Some(*retry_after),
            _ if self.status() == StatusCode::SERVICE_UNAVAILABLE => Some(RETRY_AFTER_DEFAULT),
            _ => None,
        }
    }

    /// The answer: a sentence in plain text, as other logs give. What went wrong inside is the operator's to know.
    #[must_use]
    pub fn to_http(&self) -> Response<Bytes> {
        let text = match self {
            Self::Issuer(_) => "an issuer of the chain could not be stored".to_owned(),
            Self::Sct(_) => {
                "the entry is in the log, but its SCT could not be signed; submit it again".to_owned()
            }
            other => other.to_string(),
        };
        let mut response = Response::new(Bytes::from(text + "\n"));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(after) = self.retry_after() {
            let seconds = after.as_secs().saturating_add(u64::from(after.subsec_nanos() > 0)).max(1);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status() == StatusCode::METHOD_NOT_ALLOWED {
            // RFC 9110 section 15.5.6 wants it; nothing can be done with this path any more.
            headers.insert(ALLOW, HeaderValue::from_static(""));
        }
        response
    }
}
