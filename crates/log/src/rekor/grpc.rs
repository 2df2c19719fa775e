//! gRPC over HTTP/2 (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>), as much as unary calls need.
//!
//! The server hands over a request whose body is whole and whose content type [`is_grpc`]; the answer is a response whose body
//! ends in trailers. Requests are not compressed: clients only do so when told to.

mod body;
mod health;

pub use body::GrpcBody;

use super::error::{Code, CreateError};
use super::message::{CreateEntryRequest, EntryBundleRequest, HttpBody, TileRequest};
use super::response::entry_message;
use crate::engine::{Log, ReadError};
use body::frame;
use bytes::Bytes;
use hyper::Response;
use hyper::header::{CONTENT_TYPE, HeaderMap};
use prost::Message;
use sealwax_tlog::tile::{EntryBundle, Tile, TilePathError};
use std::time::Duration;

/// Whether a request is a call: `application/grpc`, also with a suffix such as `+proto`.
#[must_use]
pub fn is_grpc(headers: &HeaderMap) -> bool {
    let rest = headers.get(CONTENT_TYPE).and_then(|value| value.as_bytes().strip_prefix(b"application/grpc"));
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

/// Answers a call. `path` is the method's, `body` the request's, at most [`MAX_REQUEST_BYTES`](super::MAX_REQUEST_BYTES) and five.
pub async fn grpc(log: &Log, key_id: &[u8; 32], path: &str, body: Bytes) -> Response<GrpcBody> {
    let answer = match path {
        "/grpc.health.v1.Health/Watch" => return health::watch(log, body),
        "/grpc.health.v1.Health/Check" => health::check(log, body),
        "/grpc.health.v1.Health/List" => health::list(log, body),
        "/dev.sigstore.rekor.v2.Rekor/CreateEntry" => create_entry(log, key_id, body).await,
        "/dev.sigstore.rekor.v2.Rekor/GetTile" => tile(log, body).await,
        "/dev.sigstore.rekor.v2.Rekor/GetEntryBundle" => entry_bundle(log, body).await,
        "/dev.sigstore.rekor.v2.Rekor/GetCheckpoint" => checkpoint(log, body),
        _ => Err(Status::new(Code::Unimplemented, format!("there is no method {path} here"))),
    };
    answer.map_or_else(|status| status.to_response(), GrpcBody::message)
}

/// A call that does not get as far as its method: the same refusal over gRPC that [`error_json`](super::error_json) is over HTTP.
#[must_use]
pub fn grpc_error(code: Code, message: &str, retry_after: Option<Duration>) -> Response<GrpcBody> {
    Status { code, message: message.to_owned(), retry_after }.to_response()
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Status {
    code: Code,
    message: String,
    retry_after: Option<Duration>,
}

/// A framed message.
type Answer = Result<Bytes, Status>;

async fn create_entry(log: &Log, key_id: &[u8; 32], body: Bytes) -> Answer {
    let request = read::<CreateEntryRequest>(body)?;
    let (entry, added) = super::create_entry(log, &request).await?;
    Ok(frame(&entry_message(key_id, entry.body(), &added)))
}

async fn tile(log: &Log, body: Bytes) -> Answer {
    let request = read::<TileRequest>(body)?;
    let tile: Tile = format!("tile/{}/{}", request.level, request.index).parse()?;
    http_body("application/octet-stream", log.tile(tile).await?)
}

async fn entry_bundle(log: &Log, body: Bytes) -> Answer {
    let request = read::<EntryBundleRequest>(body)?;
    let bundle: EntryBundle = format!("tile/entries/{}", request.index).parse()?;
    http_body("application/octet-stream", log.entries(bundle).await?)
}

fn checkpoint(log: &Log, body: Bytes) -> Answer {
    read::<()>(body)?;
    http_body("text/plain; charset=utf-8", log.published().map(|published| published.note.clone()))
}

fn http_body(content_type: &str, data: Option<Bytes>) -> Answer {
    let data = data.ok_or_else(|| Status::new(Code::NotFound, "not published yet".to_owned()))?;
    Ok(frame(&HttpBody { content_type: content_type.to_owned(), data }))
}

/// The one message of a call: a flag, its length, its bytes.
fn read<M: Message + Default>(mut body: Bytes) -> Result<M, Status> {
    let count =
        |found: &str| Status::new(Code::Unimplemented, format!("expected one message, found {found}"));
    let Some((&[flag, a, b, c, d], rest)) = body.split_first_chunk::<5>() else {
        return Err(count(if body.is_empty() { "none" } else { "half of one" }));
    };
    if flag != 0 {
        return Err(Status::new(Code::Unimplemented, "expected a message that is not compressed".to_owned()));
    }
    match usize::try_from(u32::from_be_bytes([a, b, c, d])) {
        Ok(length) if length == rest.len() => {}
        Ok(length) if length < rest.len() => return Err(count("more")),
        _ => return Err(count("half of one")),
    }
    Ok(M::decode(body.split_off(5)).map_err(CreateError::from)?)
}

impl Status {
    fn new(code: Code, message: String) -> Self {
        Self { code, message, retry_after: None }
    }
}

impl From<CreateError> for Status {
    fn from(error: CreateError) -> Self {
        Self { code: error.code(), message: error.to_string(), retry_after: error.retry_after() }
    }
}

impl From<TilePathError> for Status {
    fn from(error: TilePathError) -> Self {
        Self::new(Code::InvalidArgument, error.to_string())
    }
}

impl From<ReadError> for Status {
    /// What went wrong inside is for the operator's log.
    fn from(_: ReadError) -> Self {
        Self::new(Code::Internal, "the store failed".to_owned())
    }
}

#[cfg(test)]
mod tests;
