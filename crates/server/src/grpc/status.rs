use super::body::GrpcBody;
use crate::{Refused, Reply, reply};
use hyper::{Response, StatusCode};
use sealwax_json::{Object, Value};
use std::time::Duration;

/// Status codes of gRPC (`google.rpc.Code`), of which the services here use these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// Success.
    Ok = 0,
    /// The request is wrong, and will always be.
    InvalidArgument = 3,
    /// There is no such thing, yet.
    NotFound = 5,
    /// The request is larger than is read, or there were too many.
    ResourceExhausted = 8,
    /// Not something that this server does.
    Unimplemented = 12,
    /// A failure of ours.
    Internal = 13,
    /// Not now; try again.
    Unavailable = 14,
}

impl Code {
    /// The status of HTTP for it, as gRPC's gateway has it.
    #[must_use]
    pub const fn http(self) -> StatusCode {
        match self {
            Self::Ok => StatusCode::OK,
            Self::InvalidArgument => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
            Self::Unimplemented => StatusCode::NOT_IMPLEMENTED,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Status {
    /// The kind of failure.
    pub code: Code,
    /// In words.
    pub message: String,
    /// When to try again, if that helps.
    pub retry_after: Option<Duration>,
}

impl Status {
    /// A failure that no other try would change, or nobody knows when.
    #[must_use]
    pub const fn new(code: Code, message: String) -> Self {
        Self { code, message, retry_after: None }
    }

    /// A method that there is not.
    #[must_use]
    pub fn no_method(path: &str) -> Self {
        Self::new(Code::Unimplemented, format!("there is no method {path} here"))
    }

    /// The shape of `google.rpc.Status`, as gRPC's gateway writes it: `{"code": …, "message": …, "details": []}`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let body = Object::new()
            .with("code", self.code as i64)
            .with("message", self.message.as_str())
            .with("details", Value::Array(Vec::new()));
        sealwax_json::compact(&body.into())
    }

    /// The answer of an API in JSON, with this status of HTTP, which is mostly that of the code ([`Code::http`]).
    #[must_use]
    pub fn to_http(&self, status: StatusCode) -> Response<Reply> {
        let mut response = reply::json(status, self.to_json());
        if let Some(wait) = self.retry_after {
            reply::retry_after(response.headers_mut(), wait);
        }
        response
    }

    pub(super) fn to_grpc(&self) -> Response<GrpcBody> {
        GrpcBody::failure(self)
    }
}

impl From<&Refused> for Status {
    fn from(refused: &Refused) -> Self {
        let code = match refused {
            Refused::Rate { .. } | Refused::TooLarge { .. } => Code::ResourceExhausted,
            Refused::Broken => Code::InvalidArgument,
            Refused::InFlight | Refused::NoRoom | Refused::TooSlow { .. } => Code::Unavailable,
        };
        Self { code, message: refused.to_string(), retry_after: refused.wait() }
    }
}
