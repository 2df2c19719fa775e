//! The methods of `dev.sigstore.rekor.v2.Rekor`.

use super::error::CreateError;
use super::message::{CreateEntryRequest, EntryBundleRequest, HttpBody, TileRequest};
use super::response::entry_message;
use crate::engine::{Log, ReadError};
use bytes::Bytes;
use sealwax_server::grpc::{Code, Health, Status, answer, frame, read};
use sealwax_server::{Reply, Response};
use sealwax_tlog::tile::{EntryBundle, Tile, TilePathError};

/// The service's name, in the paths of its methods and to those who ask for its health.
pub const SERVICE: &str = "dev.sigstore.rekor.v2.Rekor";

/// Answers a call of this service, or for its health where nobody answers for a whole server. `path` is the method's, `body` the
/// request's, at most [`MAX_REQUEST_BYTES`](super::MAX_REQUEST_BYTES) and a frame.
pub async fn grpc(log: &Log, key_id: &[u8; 32], path: &str, body: Bytes) -> Response<Reply> {
    if let Some(method) = path.strip_prefix(Health::PATH) {
        return health(log).call(method, body);
    }
    answer(match path.strip_prefix('/').and_then(|path| path.strip_prefix(SERVICE)) {
        Some("/CreateEntry") => create_entry(log, key_id, body).await,
        Some("/GetTile") => tile(log, body).await,
        Some("/GetEntryBundle") => entry_bundle(log, body).await,
        Some("/GetCheckpoint") => checkpoint(log, body),
        _ => Err(Status::no_method(path)),
    })
}

/// The truth of `/readyz`, for who asks by gRPC.
#[must_use]
pub fn health(log: &Log) -> Health {
    let log = log.clone();
    Health::default().with(SERVICE, move || log.ready().is_ok())
}

/// A framed message.
type Answer = Result<Bytes, Status>;

async fn create_entry(log: &Log, key_id: &[u8; 32], body: Bytes) -> Answer {
    let coming = log.coming();
    let request = read::<CreateEntryRequest>(body)?;
    let (entry, added) = super::create_entry(coming, &request).await?;
    Ok(frame(&entry_message(key_id, entry.body(), &added)))
}

async fn tile(log: &Log, body: Bytes) -> Answer {
    let request = read::<TileRequest>(body)?;
    let tile: Tile =
        format!("tile/{}/{}", request.level, request.index).parse().map_err(|error| no_tile(&error))?;
    http_body("application/octet-stream", log.tile(tile).await.map_err(|error| failed(&error))?)
}

async fn entry_bundle(log: &Log, body: Bytes) -> Answer {
    let request = read::<EntryBundleRequest>(body)?;
    let bundle: EntryBundle =
        format!("tile/entries/{}", request.index).parse().map_err(|error| no_tile(&error))?;
    http_body("application/octet-stream", log.entries(bundle).await.map_err(|error| failed(&error))?)
}

fn checkpoint(log: &Log, body: Bytes) -> Answer {
    read::<()>(body)?;
    http_body("text/plain; charset=utf-8", log.published().map(|published| published.note.clone()))
}

fn http_body(content_type: &str, data: Option<Bytes>) -> Answer {
    let data = data.ok_or_else(|| Status::new(Code::NotFound, "not published yet".to_owned()))?;
    Ok(frame(&HttpBody { content_type: content_type.to_owned(), data }))
}

impl From<CreateError> for Status {
    fn from(error: CreateError) -> Self {
        error.status()
    }
}

fn no_tile(error: &TilePathError) -> Status {
    Status::new(Code::InvalidArgument, error.to_string())
}

/// What went wrong inside is for the operator's log.
fn failed(_: &ReadError) -> Status {
    Status::new(Code::Internal, "the store failed".to_owned())
}
