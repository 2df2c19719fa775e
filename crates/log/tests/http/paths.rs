//! What paths and methods a log has, and what it says of submissions that its server keeps from it.

use crate::server::Running;
use sealwax_server::Limits;

const ENTRIES: &str = "/api/v2/log/entries";

#[test]
fn paths_and_methods() {
    let server = Running::start(Limits::default());
    let mut client = server.client();
    for path in ["/", "/favicon.ico", "/tile/0/", "/checkpoint/", "/api/v1/log", "/tile/0/000.p/300"] {
        let answer = client.get(path, "");
        assert_eq!((answer.status, answer.header("cache-control")), (404, Some("no-store")), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    }
    let answer = client.request("DELETE", "/healthz", "", b"");
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD, OPTIONS")));
    let answer = client.request("GET", ENTRIES, "", b"");
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST, OPTIONS")));
    let answer = client.request("OPTIONS", ENTRIES, "origin: https://a.example\r\n", b"");
    assert_eq!((answer.status, answer.header("access-control-allow-methods")), (204, Some("POST, OPTIONS")));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let answer = client.request("POST", ENTRIES, "", b"{}");
    assert_eq!((answer.status, answer.header("content-type")), (400, Some("application/json")));
    assert_eq!(server.metrics.http.answers("add", 400), 1);
    assert_eq!(server.metrics.http.answers("unknown", 404), 6);
}

#[test]
fn what_is_not_looked_at_is_refused_in_the_words_of_the_face() {
    let server = Running::start(Limits { body_bytes: 1_000, in_flight: 1, ..Limits::default() });
    let answer = server.client().request("POST", ENTRIES, "", &[b' '; 1_001]);
    assert_eq!((answer.status, answer.header("content-type")), (413, Some("application/json")));
    assert_eq!(answer.text(), r#"{"code":8,"message":"the body is longer than 1000 bytes","details":[]}"#);

    let head = format!("POST {ENTRIES} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n");
    let mut waiting = server.client();
    waiting.send(&head);
    crate::server::wait_for("a request", || server.metrics.http.in_flight.value() == 1);
    let answer = server.client().request("POST", ENTRIES, "", b"{}");
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    assert!(answer.text().starts_with(r#"{"code":14,"#), "{}", answer.text());
    let call = "content-type: application/grpc\r\n";
    let answer = server.client().request("POST", "/any/Method", call, b"");
    assert_eq!((answer.status, answer.header("grpc-status")), (200, Some("14")));
    assert_eq!(answer.header("grpc-retry-pushback-ms"), Some("1000"));
}
