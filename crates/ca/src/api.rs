//! Fulcio's API, version 2 over HTTP and gRPC and the calls of version 1 that clients still make, without a socket: bodies become requests,
//! results become bodies.
//!
//! Protobuf's JSON in any spelling: either name of a field, null for absent, base64 of either alphabet. Fields that are not known are
//! passed over, as by Fulcio.

mod error;
pub mod message;
mod request;
mod response;

pub use error::ApiError;
pub use request::{KeyProof, MAX_REQUEST_BYTES, RequestError, SigningRequest};
pub use response::pem_chain;
pub(crate) use response::to_pem;

#[cfg(test)]
mod tests;
