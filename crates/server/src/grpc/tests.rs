use super::*;
use crate::{Request, Router, StatusCode, ask};
use bytes::Buf as _;
use http_body_util::BodyExt as _;
use hyper::header::HeaderValue;
use message::{HealthCheckRequest, HealthCheckResponse, HealthListResponse, ServingStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

/// A message of `bytes`, framed.
fn framed(flag: u8, bytes: &[u8]) -> Bytes {
    let mut frame = vec![flag];
    frame.put_u32(u32::try_from(bytes.len()).unwrap());
    frame.extend_from_slice(bytes);
    frame.into()
}

#[test]
fn one_message() {
    let request = HealthCheckRequest { service: "a.b".to_owned() };
    assert_eq!(read(framed(0, &request.encode_to_vec())), Ok(request));
    assert_eq!(read(framed(0, b"")), Ok(HealthCheckRequest::default()));
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
    assert_eq!(answer(Err(status)).headers()["grpc-accept-encoding"], "identity");
}

#[test]
fn malformed_messages() {
    let status = read::<HealthCheckRequest>(framed(0, &[0x0a, 0xff])).unwrap_err();
    assert_eq!(status.code, Code::InvalidArgument);
    assert!(
        status.message.starts_with("invalid request: expected a message, found this: "),
        "{}",
        status.message
    );
}

#[tokio::test]
async fn an_answer_is_a_message_and_trailers() {
    let response = answer(Ok(frame(&HealthCheckRequest { service: "abc".to_owned() })));
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
    let response = answer(Err(Status {
        code: Code::Unavailable,
        message: "50 % é\n".to_owned(),
        retry_after: Some(Duration::from_millis(1_500)),
    }));
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

/// Two services, of which the first changes.
fn health(serving: &Arc<AtomicBool>) -> Health {
    let serving = Arc::clone(serving);
    Health::default().with("a.A", move || serving.load(Relaxed)).with("b.B", || true)
}

async fn call<M: Message + Default>(health: &Health, method: &str, service: &str) -> Result<M, String> {
    let body = match method {
        "/List" => frame(&()),
        _ => frame(&HealthCheckRequest { service: service.to_owned() }),
    };
    let request = Request::post(format!("{}{method}", Health::PATH)).header(CONTENT_TYPE, "application/grpc");
    let site = Router::default().with(Health::PATH, health.clone());
    let answer = ask(&site, request.body(body).unwrap()).await;
    match answer.headers().get("grpc-status") {
        Some(status) => Err(status.to_str().unwrap().to_owned()),
        None => Ok(read(answer.into_body()).unwrap()),
    }
}

#[tokio::test]
async fn health_of_one_service_and_of_all() {
    use ServingStatus::{NotServing, Serving};
    let first = Arc::new(AtomicBool::new(true));
    let health = health(&first);
    let status = async |service: &str| {
        let answer: Result<HealthCheckResponse, String> = call(&health, "/Check", service).await;
        answer.map(|answer| answer.status())
    };
    for service in ["", "a.A", "b.B"] {
        assert_eq!(status(service).await, Ok(Serving));
    }
    first.store(false, Relaxed);
    assert_eq!(status("").await, Ok(NotServing));
    assert_eq!(status("a.A").await, Ok(NotServing));
    assert_eq!(status("b.B").await, Ok(Serving));
    assert_eq!(status("c.C").await, Err("5".to_owned()));
    let list: HealthListResponse = call(&health, "/List", "").await.unwrap();
    let statuses: Vec<_> =
        list.statuses.iter().map(|(name, response)| (name.as_str(), response.status())).collect();
    assert_eq!(statuses, [("", NotServing), ("a.A", NotServing), ("b.B", Serving)]);
    assert_eq!(call::<()>(&health, "/Other", "").await, Err("12".to_owned()));
}

/// A watcher hears at once, and then of each change; also of a service that there is not.
#[tokio::test(start_paused = true)]
async fn health_that_is_watched() {
    let first = Arc::new(AtomicBool::new(true));
    let health = health(&first);
    let watch = |service: &str| {
        let request = HealthCheckRequest { service: service.to_owned() };
        health.call("/Watch", frame(&request)).into_body()
    };
    let next = async |body: &mut Reply| {
        let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
        read::<HealthCheckResponse>(frame).unwrap().status()
    };
    let mut body = watch("a.A");
    assert_eq!(next(&mut body).await, ServingStatus::Serving);
    assert!(tokio::time::timeout(Duration::from_secs(60), body.frame()).await.is_err());
    first.store(false, Relaxed);
    assert_eq!(next(&mut body).await, ServingStatus::NotServing);
    assert_eq!(next(&mut watch("c.C")).await, ServingStatus::ServiceUnknown);
}

#[test]
fn errors_in_json() {
    let status = Status::new(Code::NotFound, "no \"x\"".to_owned());
    assert_eq!(status.to_json(), r#"{"code":5,"message":"no \"x\"","details":[]}"#);
    let later = Status { retry_after: Some(Duration::from_millis(1)), ..status };
    let response = later.to_http(StatusCode::GONE);
    assert_eq!(
        (response.status(), &response.headers()["retry-after"]),
        (StatusCode::GONE, &HeaderValue::from_static("1"))
    );
    let refused = crate::Refused::Rate { wait: Duration::from_secs(2) };
    let status = Status::from(&refused);
    assert_eq!((status.code, status.code.http().as_u16()), (Code::ResourceExhausted, 429));
}
