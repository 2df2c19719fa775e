//! gRPC over HTTP/2 (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>), as much as unary calls need, and the errors
//! that an API has over gRPC and over JSON alike.
//!
//! A request's body is whole and its content type [`is_grpc`]; the answer is a response whose body ends in trailers. Requests
//! are not compressed: clients only do so when told to.

mod body;
mod health;
pub mod message;
mod status;

pub use health::Health;
pub use status::{Code, Status};

use crate::Reply;
use body::GrpcBody;
use bytes::{BufMut as _, Bytes, BytesMut};
use hyper::Response;
use hyper::header::{CONTENT_TYPE, HeaderMap};
use prost::Message;

/// What is before a message: whether it is compressed, and its length.
pub const FRAME_BYTES: usize = 5;

/// Whether a request is a call: `application/grpc`, also with a suffix such as `+proto`.
#[must_use]
pub fn is_grpc(headers: &HeaderMap) -> bool {
    let rest = headers.get(CONTENT_TYPE).and_then(|value| value.as_bytes().strip_prefix(b"application/grpc"));
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

/// The one message of a call: a flag, its length, its bytes.
///
/// # Errors
/// There is not exactly one, or it is compressed or malformed.
pub fn read<M: Message + Default>(mut body: Bytes) -> Result<M, Status> {
    let count =
        |found: &str| Status::new(Code::Unimplemented, format!("expected one message, found {found}"));
    let Some((&[flag, a, b, c, d], rest)) = body.split_first_chunk::<FRAME_BYTES>() else {
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
    M::decode(body.split_off(FRAME_BYTES)).map_err(|error| {
        let message = format!("invalid request: expected a message, found this: {error}");
        Status::new(Code::InvalidArgument, message)
    })
}

/// A message as it is sent: not compressed, its length, its bytes.
#[must_use]
pub fn frame(message: &impl Message) -> Bytes {
    let length = message.encoded_len();
    let mut frame = BytesMut::with_capacity(FRAME_BYTES + length);
    frame.put_u8(0);
    frame.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    // Fails only where there is no room, and this grows.
    let _ = message.encode(&mut frame);
    frame.freeze()
}

/// Answers a call: with a message that is [`frame`]d, or with why there is none.
#[must_use]
pub fn answer(result: Result<Bytes, Status>) -> Response<Reply> {
    result.map_or_else(|status| status.to_grpc(), GrpcBody::message).map(Reply::stream)
}

#[cfg(test)]
mod tests;
