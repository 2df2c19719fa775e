//! The one place where errors become statuses and words. Fulcio's sentences come first, since people search for them; what is behind
//! follows.

use sealwax_json::{Object, Value, compact};
use sealwax_oidc::{IdentityError, TokenError};

use super::RequestError;
use crate::audit::NotRecorded;
use crate::issue::IssueError;
use crate::possession::PossessionError;
use crate::providers::ProviderError;

/// Why no certificate was issued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// The body is not a request.
    #[error("invalid request: {0}")]
    Request(#[from] RequestError),
    /// The token is not accepted.
    #[error("There was an error processing the identity token: {0}")]
    Token(#[from] TokenError),
    /// Nobody is configured who could have issued the token.
    #[error("There was an error processing the identity token: {issuer:?} is no issuer of this authority")]
    UnknownIssuer {
        /// The token's issuer.
        issuer: String,
    },
    /// The issuer's keys cannot be had.
    #[error("There was an error processing the identity token: the keys of {issuer:?}: {cause}")]
    Provider {
        /// The token's issuer.
        issuer: String,
        /// Why.
        cause: ProviderError,
    },
    /// There is no identity in the token.
    #[error("There was an error processing the identity token: {0}")]
    Identity(#[from] IdentityError),
    /// The key gets no certificate.
    #[error("{}: {}", possession(_0), _0)]
    Possession(#[from] PossessionError),
    /// The certificate was not issued.
    #[error("{}: {}", issuance(_0), _0)]
    Issue(#[from] IssueError),
    /// The certificate was issued, and is not handed out.
    #[error("the certificate could not be recorded, and is not handed out: {0}")]
    Audit(#[from] NotRecorded),
}

/// Status codes of gRPC (`google.rpc.Code`), of which this API uses these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Whoever asks is wrong.
    InvalidArgument = 3,
    /// We are.
    Internal = 13,
    /// Not now.
    Unavailable = 14,
}

impl Code {
    /// The status of HTTP.
    #[must_use]
    pub const fn http(self) -> u16 {
        match self {
            Code::InvalidArgument => 400,
            Code::Internal => 500,
            Code::Unavailable => 503,
        }
    }
}

impl ApiError {
    /// Whose fault it is. A bad token is 400 over HTTP and never 401, as deployed.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            ApiError::Provider { .. } | ApiError::Audit(_) => Code::Unavailable,
            ApiError::Issue(_) => Code::Internal,
            _ => Code::InvalidArgument,
        }
    }

    /// The body of the answer, as gRPC's gateway writes it.
    #[must_use]
    pub fn to_json(&self) -> String {
        error_json(self.code(), &self.to_string())
    }
}

/// An error as gRPC's gateway writes it.
pub(crate) fn error_json(code: Code, message: &str) -> String {
    let details: Vec<Value<'_>> = Vec::new();
    compact(&Object::new().with("code", code as u64).with("message", message).with("details", details).into())
}

fn possession(error: &PossessionError) -> &'static str {
    match error {
        PossessionError::Proof { .. } | PossessionError::RequestSignature(_) => {
            "The signature supplied in the request could not be verified"
        }
        PossessionError::Request(_) => "The certificate signing request could not be parsed",
        PossessionError::Key(_) | PossessionError::TooLong { .. } => {
            "The public key supplied in the request could not be parsed"
        }
        PossessionError::Weak(_) => "The public key supplied in the request is insecure",
        PossessionError::NotPermitted { .. } | PossessionError::Algorithm { .. } => {
            "signing algorithm not permitted"
        }
    }
}

fn issuance(error: &IssueError) -> &'static str {
    match error {
        IssueError::Log { .. } | IssueError::LogLies { .. } | IssueError::NoLog => {
            "Error entering certificate in CTL"
        }
        _ => "error communicating with CA backend",
    }
}
