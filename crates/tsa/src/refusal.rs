//! Why a request is not answered with a token, and how that is said: the one place where errors become statuses.

use crate::{clock::Untrusted, last_stamp::LastStampError, request::JsonRequestError};
use jiff::Timestamp;
use sealwax_json::{Object, Value};
use sealwax_pki::{ObjectIdentifier, TimestampRequestError};
use sealwax_signer::SignerError;
use std::{sync::Arc, time::Duration};

/// When to try again if nobody knows better.
const LATER: Duration = Duration::from_secs(5);

/// Why there is no token.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A body of another kind.
    #[error("Content-Type: expected application/timestamp-query or application/json")]
    MediaType,
    /// Not a request in DER, or not one that is answered.
    #[error(transparent)]
    Request(#[from] TimestampRequestError),
    /// Not a request in JSON, or not one that is answered.
    #[error(transparent)]
    Json(#[from] JsonRequestError),
    /// A policy that is not ours.
    #[error("policy {0} is not one of this authority's")]
    Policy(ObjectIdentifier),
    /// An extension: none is known.
    #[error("extension {0} is not supported; none is")]
    Extension(ObjectIdentifier),
    /// The clock.
    #[error("the time cannot be vouched for: {0}")]
    Clock(#[from] Untrusted),
    /// The second could not be stored.
    #[error("the time cannot be vouched for: what was stamped last could not be stored")]
    Store(#[source] Arc<LastStampError>),
    /// The certificate is not valid at the time.
    #[error("the authority's certificate is valid from {from} until {until}")]
    Certificate {
        /// From then on, inclusive.
        from: Timestamp,
        /// Until then, inclusive.
        until: Timestamp,
    },
    /// The key did not sign.
    #[error("the authority's key cannot be used at the moment")]
    Signer(#[source] Arc<SignerError>),
    /// The process is stopping, or has no randomness.
    #[error("the authority cannot answer at the moment")]
    Unavailable,
}

/// PKIFailureInfo (RFC 3161 2.4.2), by its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the specification's")]
pub enum FailureInfo {
    BadAlg,
    BadRequest,
    BadDataFormat,
    TimeNotAvailable,
    UnacceptedPolicy,
    UnacceptedExtension,
    SystemFailure,
}

impl FailureInfo {
    /// As RFC 3161 spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BadAlg => "badAlg",
            Self::BadRequest => "badRequest",
            Self::BadDataFormat => "badDataFormat",
            Self::TimeNotAvailable => "timeNotAvailable",
            Self::UnacceptedPolicy => "unacceptedPolicy",
            Self::UnacceptedExtension => "unacceptedExtension",
            Self::SystemFailure => "systemFailure",
        }
    }
}

impl Refusal {
    /// The status of HTTP, as timestamp-authority has them; and 503 where it has nothing, because its clock may say what it
    /// likes.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::MediaType => 415,
            Self::Request(TimestampRequestError::TooLarge { .. }) => 413,
            Self::Request(_) | Self::Json(_) | Self::Policy(_) | Self::Extension(_) => 400,
            Self::Clock(_) | Self::Store(_) | Self::Certificate { .. } | Self::Unavailable => 503,
            Self::Signer(_) => 500,
        }
    }

    /// What RFC 3161 calls it.
    #[must_use]
    pub fn failure_info(&self) -> FailureInfo {
        use JsonRequestError as Json;
        use TimestampRequestError as Der;
        match self {
            Self::Request(Der::ImprintAlgorithm(_)) | Self::Json(Json::HashAlgorithm { .. }) => {
                FailureInfo::BadAlg
            }
            Self::Request(Der::Version(_)) | Self::MediaType => FailureInfo::BadRequest,
            Self::Request(_) | Self::Json(_) => FailureInfo::BadDataFormat,
            Self::Policy(_) => FailureInfo::UnacceptedPolicy,
            Self::Extension(_) => FailureInfo::UnacceptedExtension,
            Self::Clock(_) | Self::Store(_) => FailureInfo::TimeNotAvailable,
            Self::Certificate { .. } | Self::Signer(_) | Self::Unavailable => FailureInfo::SystemFailure,
        }
    }

    /// When to ask again, where asking again may help.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Clock(untrusted) => Some(untrusted.retry_after().unwrap_or(LATER)),
            Self::Store(_) | Self::Certificate { .. } | Self::Signer(_) | Self::Unavailable => Some(LATER),
            Self::MediaType | Self::Request(_) | Self::Json(_) | Self::Policy(_) | Self::Extension(_) => None,
        }
    }

    /// The body: `code` and `message` as timestamp-authority writes them, and the name that RFC 3161 has for it.
    #[must_use]
    pub fn to_json(&self) -> String {
        error_json(self.status(), self.failure_info(), &self.to_string())
    }
}

/// `{"code":…,"failInfo":…,"message":…}`
pub(crate) fn error_json(code: u16, info: FailureInfo, message: &str) -> String {
    let error =
        Object::new().with("code", u64::from(code)).with("failInfo", info.name()).with("message", message);
    sealwax_json::compact(&Value::Object(error))
}
