//! The one place where errors become status codes, of HTTP and of gRPC, and words.

use super::request::JsonError;
use super::validate::InvalidEntry;
use crate::engine::AddError;
use bytes::Bytes;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use sealwax_json::{Object, Value};
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
    /// The body is not a request in protobuf.
    #[error("invalid request: expected a message, found this: {0}")]
    Protobuf(#[from] prost::DecodeError),
    /// The request cannot be logged.
    #[error("invalid entry: {0}")]
    Entry(#[from] InvalidEntry),
    /// The engine did not take it.
    #[error(transparent)]
    Log(#[from] AddError),
}

/// Status codes of gRPC (`google.rpc.Code`), of which this API uses these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// Success.
    Ok = 0,
    /// The request is wrong, and will always be.
    InvalidArgument = 3,
    /// There is no such thing, yet.
    NotFound = 5,
    /// The request is larger than is read.
    ResourceExhausted = 8,
    /// Not something that this server does.
    Unimplemented = 12,
    /// A failure of ours.
    Internal = 13,
    /// Not now; try again.
    Unavailable = 14,
}

impl CreateError {
    /// The code of gRPC.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Json(_) | Self::Protobuf(_) | Self::Entry(_) | Self::Log(AddError::TooLarge { .. }) => {
                Code::InvalidArgument
            }
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
        let status = match self.code() {
            Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        };
        let mut response = error_json(status, self.code(), &self.to_string());
        if let Some(wait) = self.retry_after() {
            let seconds = wait.as_secs().max(1);
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
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

/// An error of this API: `{"code": …, "message": …, "details": []}`, the shape of `google.rpc.Status`.
#[must_use]
pub fn error_json(status: StatusCode, code: Code, message: &str) -> Response<Bytes> {
    let body = Object::new()
        .with("code", code as i64)
        .with("message", message)
        .with("details", Value::Array(Vec::new()));
    json_response(status, sealwax_json::compact(&Value::Object(body)).into_bytes())
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
