use super::*;
use crate::rekor::message::LogId;
use bytes::{Buf as _, BufMut as _};
use http_body_util::BodyExt as _;
use hyper::StatusCode;
use hyper::header::HeaderValue;

/// A message of `bytes`, framed.
fn framed(flag: u8, bytes: &[u8]) -> Bytes {
    let mut frame = vec![flag];
    frame.put_u32(u32::try_from(bytes.len()).unwrap());
    frame.extend_from_slice(bytes);
    frame.into()
}

#[test]
fn one_message() {
    let request = TileRequest { level: 2, index: "x001/234.p/5".to_owned() };
    assert_eq!(read(framed(0, &request.encode_to_vec())), Ok(request));
    assert_eq!(read(framed(0, b"")), Ok(TileRequest::default()));
}

#[test]
fn other_counts_of_messages() {
    let refused = |body: Bytes, found: &str| {
        let message = format!("expected one message, found {found}");
        assert_eq!(read::<()>(body), Err(Status::new(Code::Unimplemented, message)));
    };
    refused(Bytes::new(), "none");
    refused(Bytes::from_static(&[0, 0, 0]), "half of one");
    refused(Bytes::from_static(&[0, 0, 0, 0, 1]), "half of one");
    refused(Bytes::from_static(&[0, 0xff, 0xff, 0xff, 0xff]), "half of one");
    refused([framed(0, b""), framed(0, b"")].concat().into(), "more");
}

#[test]
fn compressed_messages_are_refused_with_a_hint() {
    let status = read::<()>(framed(1, b"")).unwrap_err();
    assert_eq!(status.code, Code::Unimplemented);
    assert_eq!(status.to_response().headers()["grpc-accept-encoding"], "identity");
}

#[test]
fn malformed_messages() {
    let status = read::<TileRequest>(framed(0, &[0x12, 0xff])).unwrap_err();
    assert_eq!(status.code, Code::InvalidArgument);
    assert!(
        status.message.starts_with("invalid request: expected a message, found this: "),
        "{}",
        status.message
    );
}

#[tokio::test]
async fn an_answer_is_a_message_and_trailers() {
    let response = GrpcBody::message(frame(&LogId { key_id: Bytes::from_static(b"abc") }));
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[CONTENT_TYPE], "application/grpc");
    let collected = response.into_body().collect().await.unwrap();
    assert_eq!(collected.trailers().unwrap()["grpc-status"], "0");
    let mut bytes = collected.to_bytes();
    assert_eq!((bytes.get_u8(), bytes.get_u32(), &bytes[..]), (0, 5, &b"\x0a\x03abc"[..]));
}

/// "Trailers-Only": what went wrong stands in the headers, and there is no body.
#[tokio::test]
async fn a_failure_has_no_body() {
    let response = grpc_error(Code::Unavailable, "50 % é\n", Some(Duration::from_millis(1_500)));
    assert_eq!(response.status(), StatusCode::OK);
    let headers = response.headers();
    assert_eq!(headers["grpc-status"], "14");
    assert_eq!(headers["grpc-message"], "50 %25 %C3%A9%0A");
    assert_eq!(headers["grpc-retry-pushback-ms"], "1500");
    let collected = response.into_body().collect().await.unwrap();
    assert!(collected.trailers().is_none());
    assert!(collected.to_bytes().is_empty());
}

#[test]
fn content_types() {
    let is =
        |text: &'static str| is_grpc(&HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(text))]));
    assert!(is("application/grpc") && is("application/grpc+proto") && is("application/grpc;x=y"));
    assert!(!is("application/json") && !is("application/grpc-web") && !is("application/grpcx"));
    assert!(!is_grpc(&HeaderMap::new()));
}
