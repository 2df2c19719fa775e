//! Bytes that are no proper request.

use crate::server::Running;
use sealwax_log::{
    http::{Limits, Rate},
    metrics::{Refusal, Route},
};
use std::fmt::Write as _;

const ENTRIES: &str = "/api/v2/log/entries";

#[test]
fn garbage_ends_its_own_connection() {
    let server = Running::start(Limits::default());
    let long_line = "A".repeat(100_000);
    let long_path = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(20_000));
    let many_headers: String = (0..200).fold("GET / HTTP/1.1\r\n".to_owned(), |mut head, number| {
        let _ = write!(head, "x-{number}: 1\r\n");
        head
    }) + "\r\n";
    let long_header = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "a".repeat(20_000));
    let cases: &[(&[u8], &[u16])] = &[
        (b"\0\0\0\0\r\n\r\n", &[400]),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello over TLS \r\n\r\n", &[400]),
        (b"hello\r\n\r\n", &[400]),
        (b"GET / HTTP/9.9\r\n\r\n", &[400]),
        (b"GET /\xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n", &[400, 404]),
        (b"GET / HTTP/1.1\r\nho st: x\r\n\r\n", &[400]),
        (b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n", &[400]),
        (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n", &[400]),
        (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999\r\n\r\n", &[400]),
        (b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip\r\n\r\n", &[400, 501]),
        (b"GET / HTTP/1.1\r\nhost: x\r\n continued\r\n\r\n", &[400]),
        (b"CONNECT example.com:443 HTTP/1.1\r\nhost: x\r\n\r\n", &[404, 400]),
        (b"GET http://elsewhere.example/healthz HTTP/1.1\r\nhost: x\r\n\r\n", &[200]),
        (b"OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n", &[404]),
        (b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", &[400, 505]),
        (long_line.as_bytes(), &[400, 414, 431]),
        (long_path.as_bytes(), &[414, 431]),
        (many_headers.as_bytes(), &[431]),
        (long_header.as_bytes(), &[431]),
    ];
    for (bytes, statuses) in cases {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
        let mut client = server.client();
        client.send(bytes);
        match client.answer() {
            Ok(answer) => assert!(statuses.contains(&answer.status), "{shown}: {answer:?}"),
            // Closed without a word is an answer too: hyper does so where it cannot know that HTTP/1 was meant.
            Err(error) => assert!(shown.starts_with("PRI"), "{shown}: {error}"),
        }
        server.check_served();
    }
    assert!(server.metrics.http.refused.value(Refusal::Protocol) > 10);
    assert_eq!(server.stop().cut, 0);
}

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
    assert_eq!(server.metrics.http.answers(Route::Add, 400), 1);
    assert_eq!(server.metrics.http.answers(Route::Unknown, 404), 6);
}

#[test]
fn bodies_have_a_limit() {
    let limits = Limits { body_bytes: 10_000, ..Limits::default() };
    let server = Running::start(limits);
    // Announced: refused before a byte of it is read.
    let head = format!("POST {ENTRIES} HTTP/1.1\r\nhost: x\r\ncontent-length: 10001\r\n\r\n");
    assert_eq!(server.client().send(&head).answer().unwrap().status, 413);
    let head = format!(
        "POST {ENTRIES} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 4000000000\r\n\r\n"
    );
    assert_eq!(server.client().send(&head).answer().unwrap().status, 413);
    // Not announced: refused at the first byte too many.
    let head = format!("POST {ENTRIES} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
    let chunk = format!("400\r\n{}\r\n", " ".repeat(0x400));
    let answer = server.client().send(&head).send(chunk.repeat(10)).answer().unwrap();
    assert_eq!((answer.status, answer.header("content-type")), (413, Some("application/json")));
    // As much as there may be: read, and found to be no request.
    let answer = server.client().send(&head).send(chunk.repeat(9)).send("0\r\n\r\n").answer().unwrap();
    assert_eq!(answer.status, 400, "{}", answer.text());
    let answer = server.client().request("POST", ENTRIES, "", &[b' '; 10_000]);
    assert_eq!(answer.status, 400);
    // Chunks that are none.
    for chunk in ["zz\r\n", "-1\r\nx\r\n", "fffffffffffffffff\r\nx\r\n", "1\r\nxx\r\n"] {
        let answer = server.client().send(&head).send(chunk).answer().unwrap();
        assert_eq!(answer.status, 400, "{chunk:?}");
    }
    assert_eq!(server.metrics.http.refused.value(Refusal::LargeBody), 3);
    server.check_served();
}

#[test]
fn bodies_in_memory_have_a_limit_together() {
    let limits = Limits { bodies_bytes: 10_000, ..Limits::default() };
    let server = Running::start(limits);
    let head = format!("POST {ENTRIES} HTTP/1.1\r\nhost: x\r\ncontent-length: 9000\r\n\r\n");
    let mut first = server.client();
    first.send(&head).send(vec![b' '; 8_000]);
    crate::server::wait_for("receiving", || server.metrics.http.received_bytes.value() > 8_000);
    let answer = server.client().send(&head).send(vec![b' '; 8_000]).answer().unwrap();
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    // The room is there again.
    assert_eq!(first.send(vec![b' '; 1_000]).answer().unwrap().status, 400);
    assert_eq!(server.client().send(&head).send(vec![b' '; 9_000]).answer().unwrap().status, 400);
}

#[test]
fn submissions_at_once_have_a_limit() {
    let server = Running::start(Limits { in_flight: 2, ..Limits::default() });
    let head = format!("POST {ENTRIES} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n");
    let mut waiting: Vec<_> = (0..2).map(|_| server.client()).collect();
    for client in &mut waiting {
        client.send(&head);
    }
    crate::server::wait_for("two requests", || server.metrics.http.in_flight.value() == 2);
    let answer = server.client().send(&head).send("{}").answer().unwrap();
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    server.check_served();
    for client in &mut waiting {
        assert_eq!(client.send("{}").answer().unwrap().status, 400);
    }
    assert_eq!(server.metrics.http.refused.value(Refusal::InFlight), 1);
}

#[test]
fn an_address_has_a_limit() {
    let server = Running::start(Limits { connections_per_address: 5, ..Limits::default() });
    let mut clients: Vec<_> = (0..5).map(|_| server.client()).collect();
    for client in &mut clients {
        assert_eq!(client.get("/healthz", "").status, 200);
    }
    assert!(server.client().is_closed());
    clients.pop();
    crate::server::wait_for("closing", || server.metrics.http.open.value() == 4);
    server.check_served();
    assert_eq!(server.metrics.http.refused.value(Refusal::ConnectionsOfAddress), 1);
}

#[test]
fn an_address_has_a_rate() {
    let rate = Rate { per_second: 0.5, burst: 2.0 };
    let server = Running::start(Limits { submissions_per_address: Some(rate), ..Limits::default() });
    for _ in 0..2 {
        assert_eq!(server.client().request("POST", ENTRIES, "", b"{}").status, 400);
    }
    let answer = server.client().request("POST", ENTRIES, "", b"{}");
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("2")));
    // Reading is not limited.
    server.check_served();
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = Running::start(Limits::default());
    let mut client = server.client();
    let requests: String = (0..500)
        .map(|number| {
            format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", if number % 2 == 0 { "healthz" } else { "none" })
        })
        .collect();
    client.send(requests);
    for number in 0..500 {
        assert_eq!(client.answer().unwrap().status, if number % 2 == 0 { 200 } else { 404 });
    }
}
