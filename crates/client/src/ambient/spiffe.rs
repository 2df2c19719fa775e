//! The SPIFFE Workload API: an agent on this machine that knows by the kernel who asks it, and answers with their identity
//! (<https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE_Workload_API.md>, `FetchJWTSVID`).

use std::time::Duration;

use prost::Message;
use sealwax_net::grpc::{Call, GrpcError, LocalAddress, PERMISSION_DENIED, unary};
use tokio::time::Instant;

use super::{AmbientError, MAX_TOKEN_BYTES, System};
use crate::Patience;
use crate::session::TIMEOUTS;

/// The variable that says where the agent listens (SPIFFE Workload Endpoint).
pub(super) const VARIABLE: &str = "SPIFFE_ENDPOINT_SOCKET";

/// The method. Its service has no package.
const METHOD: &str = "/SpiffeWorkloadAPI/FetchJWTSVID";

/// What every call must say, so that no agent is asked by a browser that was talked into it (SPIFFE Workload Endpoint).
const SECURITY_HEADER: (&str, &str) = ("workload.spiffe.io", "true");

#[derive(Clone, PartialEq, Message)]
pub(super) struct JwtSvidRequest {
    #[prost(string, repeated, tag = "1")]
    pub(super) audience: Vec<String>,
    #[prost(string, tag = "2")]
    pub(super) spiffe_id: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct JwtSvidResponse {
    #[prost(message, repeated, tag = "1")]
    pub(super) svids: Vec<JwtSvid>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct JwtSvid {
    #[prost(string, tag = "1")]
    pub(super) spiffe_id: String,
    #[prost(string, tag = "2")]
    pub(super) svid: String,
    #[prost(string, tag = "3")]
    pub(super) hint: String,
}

/// The token of the first identity that the agent has for us, which is the default one; outages are waited for.
pub(super) async fn token(address: &str, audience: &str, patience: Patience) -> Result<String, AmbientError> {
    let address = LocalAddress::parse(address).map_err(|error| unusable(&error))?;
    let message = JwtSvidRequest { audience: vec![audience.to_owned()], spiffe_id: String::new() };
    let message = message.encode_to_vec();
    let limit = usize::try_from(MAX_TOKEN_BYTES).unwrap_or(usize::MAX);
    let call = Call { path: METHOD, metadata: &[SECURITY_HEADER], message: &message, limit };
    let answer = patiently(&address, call, patience).await.map_err(|error| refused(&error))?;
    svid_in(&answer).map_err(|reason| unusable(&GrpcError::Malformed { reason }))
}

/// The first token in an answer.
///
/// # Errors
/// Why there is none, for people.
pub fn svid_in(answer: &[u8]) -> Result<String, String> {
    let answer = JwtSvidResponse::decode(answer).map_err(|error| error.to_string())?;
    let first = answer.svids.into_iter().next().map(|svid| svid.svid);
    first.ok_or_else(|| "there is no identity in it".to_owned())
}

/// Asks again while the agent is down, at pauses that double.
async fn patiently(address: &LocalAddress, call: Call<'_>, patience: Patience) -> Result<Vec<u8>, GrpcError> {
    let start = Instant::now();
    let mut pause: Duration = patience.pause;
    loop {
        match unary(address, call, &TIMEOUTS).await {
            Err(error) if error.may_pass() && start.elapsed().saturating_add(pause) <= patience.total => {
                tokio::time::sleep(pause).await;
                pause = pause.saturating_mul(2);
            }
            done => return done,
        }
    }
}

/// An agent that has no identity for us says so by this one code.
fn refused(error: &GrpcError) -> AmbientError {
    match error {
        GrpcError::Status { code: PERMISSION_DENIED, .. } => AmbientError::Permission {
            system: System::Spiffe,
            advice: "the agent has no identity for this process: register an entry whose selectors match it",
        },
        error => unusable(error),
    }
}

fn unusable(error: &GrpcError) -> AmbientError {
    AmbientError::Unusable { system: System::Spiffe, what: "workload API", reason: error.to_string() }
}

#[cfg(test)]
mod tests;
