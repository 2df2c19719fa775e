//! The one place where errors become status codes, of HTTP and of gRPC, and words.

use super::request::JsonError;
use super::validate::InvalidEntry;
use crate::engine::AddError;
use bytes::Bytes;
use sealwax_server::grpc::{Code, Status};
use sealwax_server::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use sealwax_server::{Response, StatusCode, reply};
use std::time::Duration;

/// What the deployed server says of a frozen log, to the letter: clients look for it.
const FROZEN: &str = "This log has been frozen, please switch to the latest log.\n";

/// When to try again if nobody knows better.
const RETRY_AFTER_DEFAULT: Duration = Duration::from_secs(1);

/// Why no entry was created.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// The body is not a request in JSON.
    #[error("invalid request: {0}")]
    Json(#[from] JsonError),
    /// The request cannot be logged.
    #[error("invalid entry: {0}")]
    Entry(#[from] InvalidEntry),
    /// The engine did not take it.
    #[error(transparent)]
    Log(#[from] AddError),
}

impl CreateError {
    /// The code of gRPC.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Json(_) | Self::Entry(_) | Self::Log(AddError::TooLarge { .. }) => Code::InvalidArgument,
            // Odd, and as deployed.
            Self::Log(AddError::Frozen) => Code::Unimplemented,
            Self::Log(AddError::Full { .. } | AddError::NotNow { .. } | AddError::Stopped) => {
                Code::Unavailable
            }
        }
    }

    /// The answer over HTTP.
    #[must_use]
    pub fn to_http(&self) -> Response<Bytes> {
        if let Self::Log(AddError::Frozen) = self {
            return frozen();
        }
        let status = self.status();
        let mut response = json_response(status.code.http(), status.to_json().into_bytes());
        if let Some(wait) = status.retry_after {
            reply::retry_after(response.headers_mut(), wait);
        }
        response
    }

    /// The same for either way of asking.
    #[must_use]
    pub(super) fn status(&self) -> Status {
        Status { code: self.code(), message: self.to_string(), retry_after: self.retry_after() }
    }

    /// When to try again, if that helps.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Log(AddError::Full { retry_after }) => Some(*retry_after),
            _ if self.code() == Code::Unavailable => Some(RETRY_AFTER_DEFAULT),
            _ => None,
        }
    }
}

pub(super) fn json_response(status: StatusCode, body: Vec<u8>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn frozen() -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(FROZEN.as_bytes()));
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    // RFC 9110 section 15.5.6 wants it; nothing can be done with this path any more.
    headers.insert(ALLOW, HeaderValue::from_static(""));
    response
}
