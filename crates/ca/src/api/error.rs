//! The one place where errors become statuses and words. Fulcio's sentences come first, since people search for them; what is behind
//! follows.

use std::time::Duration;

use sealwax_oidc::{IdentityError, TokenError};
use sealwax_server::grpc::{Code, Status};

use super::RequestError;
use crate::audit::NotRecorded;
use crate::issue::IssueError;
use crate::possession::PossessionError;
use crate::providers::ProviderError;
use crate::quota::QuotaExceeded;

/// When it may be tried again: the keys of an issuer are not asked for sooner.
const RETRY: Duration = Duration::from_secs(5);

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
    /// Who asks has had as many certificates as the quota allows within its time.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// The certificate was not issued.
    #[error("{}: {}", issuance(_0), _0)]
    Issue(#[from] IssueError),
    /// Nobody waited for the answer. For the record only; a precertificate may be in the logs.
    #[error("whoever asked went away before the answer; a precertificate may have been logged")]
    GoneAway,
    /// The certificate was issued, and is not handed out.
    #[error("the certificate could not be recorded, and is not handed out: {0}")]
    Audit(#[from] NotRecorded),
}

impl ApiError {
    /// Whose fault it is. A bad token is 400 over HTTP and never 401, as deployed.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            ApiError::Provider { .. } | ApiError::GoneAway | ApiError::Audit(_) => Code::Unavailable,
            ApiError::Quota(_) => Code::ResourceExhausted,
            ApiError::Issue(_) => Code::Internal,
            _ => Code::InvalidArgument,
        }
    }

    /// What a client is told, over gRPC and in JSON alike: of faults that are ours no more than that there was one, and where.
    #[must_use]
    pub fn status(&self) -> Status {
        let retry_after = match self {
            ApiError::Provider { .. } | ApiError::Audit(_) => Some(RETRY),
            ApiError::Quota(exceeded) => Some(exceeded.wait),
            _ => None,
        };
        Status { code: self.code(), message: self.told(), retry_after }
    }

    /// Whose key cannot be reached, what a log said and where files lie is for the operator, who finds it where refusals are recorded.
    fn told(&self) -> String {
        match self {
            ApiError::Issue(error) => issuance(error).to_owned(),
            // Any stranger may name an issuer; what is behind it in our network is not theirs to learn.
            ApiError::Provider { issuer, .. } => {
                format!(
                    "There was an error processing the identity token: the keys of {issuer:?} cannot be had now"
                )
            }
            ApiError::Audit(_) => "the certificate could not be recorded, and is not handed out".to_owned(),
            _ => self.to_string(),
        }
    }
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
