//! Who asked for a certificate, and what came of it: for whoever keeps records of that.

use std::net::IpAddr;

use jiff::Timestamp;
use sealwax_oidc::Identity;

use crate::api::ApiError;
use crate::issue::IssuedCertificate;

/// Keeps a record of every request.
pub trait Audit: Send + Sync {
    /// Takes down what came of a request, before it is answered. Short: it is called where requests are answered.
    ///
    /// # Errors
    /// [`NotRecorded`]: a certificate is not handed out then; a refusal is.
    fn record(&self, event: &Event<'_>) -> Result<(), NotRecorded>;
}

/// A request, and what came of it. There is no token in it, and of a token that was not verified the issuer alone.
#[derive(Debug)]
pub struct Event<'a> {
    /// When it was answered.
    pub time: Timestamp,
    /// Where it came from, if that is known.
    pub address: Option<IpAddr>,
    /// Who was to get a certificate. `None` if the token was refused.
    pub identity: Option<&'a Identity>,
    /// The issuer that a token names which was refused, if it is a token: nobody has vouched for that. `None` if there is an identity.
    pub claimed_issuer: Option<&'a str>,
    /// The answer.
    pub outcome: Result<&'a IssuedCertificate, &'a ApiError>,
}

/// The record cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct NotRecorded {
    /// Why.
    pub reason: String,
}
