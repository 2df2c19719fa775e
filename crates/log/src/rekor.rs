//! The signature log: Rekor v2.
//!
//! **Job.** From a request, in JSON or protobuf, to a [`ValidEntry`], whose body is the leaf; from what the engine says of it to
//! the answer. [`create_entry_json`] is `POST /api/v2/log/entries`, [`grpc()`] everything under `application/grpc`. Both are
//! handed whole bodies and know nothing of sockets.
//!
//! **Specification.** The protobuf definitions of `dev.sigstore.rekor.v2`, protobuf's JSON mapping, gRPC over HTTP/2,
//! `grpc.health.v1`; the checks, status codes and shapes of rekor-tiles as deployed. Where we differ: `docs/divergences.md`.

mod error;
mod grpc;
pub mod message;
mod request;
mod response;
mod validate;

pub use error::CreateError;
pub use grpc::{SERVICE, grpc, health};
pub use message::CreateEntryRequest;
pub use request::{JsonCause, JsonError};
pub use response::{entry_json, entry_message};
pub use validate::{ACCEPTED, InvalidEntry, ValidEntry};

use crate::engine::{Added, Coming, Log};
use bytes::Bytes;
use hyper::{Response, StatusCode};

/// Bytes of one request: the default of rekor-tiles.
pub const MAX_REQUEST_BYTES: usize = 4 << 20;

/// `POST /api/v2/log/entries`: reads the request, checks it, has it sequenced, and answers with the entry and its proof, or
/// with an error of the same API. `key_id` is the whole hash of the log's note key.
pub async fn create_entry_json(log: &Log, key_id: &[u8; 32], body: &[u8]) -> Response<Bytes> {
    let coming = log.coming();
    let created = match CreateEntryRequest::from_json(body) {
        Ok(request) => create_entry(coming, &request).await,
        Err(error) => Err(error.into()),
    };
    match created {
        // A duplicate is created as well: deployed clients take nothing else (LOG rule 8).
        Ok((entry, added)) => {
            error::json_response(StatusCode::CREATED, entry_json(key_id, entry.body(), &added))
        }
        Err(error) => error.to_http(),
    }
}

/// The same for either encoding of the request.
async fn create_entry(
    coming: Coming<'_>,
    request: &CreateEntryRequest,
) -> Result<(ValidEntry, Added), CreateError> {
    let entry = ValidEntry::check(request)?;
    let added = coming.add(entry.submission()).await?;
    Ok((entry, added))
}

#[cfg(test)]
mod tests;
