//! Fulcio's API over HTTP, version 2 and the calls of version 1 that clients still make, without a socket: bodies become requests, results
//! become bodies.
//!
//! Protobuf's JSON in any spelling: either name of a field, null for absent, base64 of either alphabet. Fields that are not known are
//! passed over, as by Fulcio.

mod error;
mod request;
mod response;

pub(crate) use error::error_json;
pub use error::{ApiError, Code};
pub use request::{KeyProof, MAX_REQUEST_BYTES, RequestError, SigningRequest};
pub use response::{configuration_json, pem_chain, signing_certificate_json, trust_bundle_json};

#[cfg(test)]
mod tests;
