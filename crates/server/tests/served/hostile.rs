//! Bytes that are no proper request.

use crate::server::Running;
use sealwax_server::{Limits, Rate, metrics::Refusal};
use std::fmt::Write as _;

const COUNT: &str = "/count";

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
    assert!(server.metrics.refused.value(Refusal::Protocol) > 10);
    assert_eq!(server.stop().cut, 0);
}

#[test]
fn paths_and_methods() {
    let server = Running::start(Limits::default());
    let mut client = server.client();
    for path in ["/", "/favicon.ico", "/count/", "//count", "/heal%74hz"] {
        let answer = client.get(path, "");
        assert_eq!((answer.status, answer.header("cache-control")), (404, Some("no-store")), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    for (path, methods, method, other) in
        [("/healthz", "GET, HEAD, OPTIONS", "HEAD", "POST"), (COUNT, "POST, OPTIONS", "POST", "GET")]
    {
        for wrong in [other, "DELETE"] {
            let answer = client.request(wrong, path, "", b"");
            assert_eq!((answer.status, answer.header("allow")), (405, Some(methods)));
        }
        let answer = client.request("OPTIONS", path, "origin: https://a.example\r\n", b"");
        assert_eq!((answer.status, answer.header("access-control-allow-methods")), (204, Some(methods)));
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(client.request(method, path, "", b"").status, 200);
    }
    assert_eq!(server.metrics.answers("count", 405), 2);
    assert_eq!(server.metrics.answers("unknown", 404), 5);
}

#[test]
fn bodies_have_a_limit() {
    let limits = Limits { body_bytes: 10_000, ..Limits::default() };
    let server = Running::start(limits);
    // Announced: refused before a byte of it is read.
    let head = format!("POST {COUNT} HTTP/1.1\r\nhost: x\r\ncontent-length: 10001\r\n\r\n");
    assert_eq!(server.client().send(&head).answer().unwrap().status, 413);
    let head = format!(
        "POST {COUNT} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 4000000000\r\n\r\n"
    );
    assert_eq!(server.client().send(&head).answer().unwrap().status, 413);
    // Not announced: refused at the first byte too many.
    let head = format!("POST {COUNT} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
    let chunk = format!("400\r\n{}\r\n", " ".repeat(0x400));
    let answer = server.client().send(&head).send(chunk.repeat(10)).answer().unwrap();
    assert_eq!((answer.status, answer.text()), (413, "the body is longer than 10000 bytes\n"));
    // As much as there may be.
    let answer = server.client().send(&head).send(chunk.repeat(9)).send("0\r\n\r\n").answer().unwrap();
    assert_eq!((answer.status, answer.text()), (200, "9216"));
    let answer = server.client().request("POST", COUNT, "", &[b' '; 10_000]);
    assert_eq!((answer.status, answer.text()), (200, "10000"));
    // A path may take less.
    assert_eq!(server.client().request("POST", "/count-few", "", &[b' '; 100]).text(), "100");
    assert_eq!(server.client().request("POST", "/count-few", "", &[b' '; 101]).status, 413);
    // Chunks that are none.
    for chunk in ["zz\r\n", "-1\r\nx\r\n", "fffffffffffffffff\r\nx\r\n", "1\r\nxx\r\n"] {
        let answer = server.client().send(&head).send(chunk).answer().unwrap();
        assert_eq!(answer.status, 400, "{chunk:?}");
    }
    assert_eq!(server.metrics.refused.value(Refusal::LargeBody), 4);
    server.check_served();
}

#[test]
fn bodies_in_memory_have_a_limit_together() {
    let limits = Limits { bodies_bytes: 10_000, ..Limits::default() };
    let server = Running::start(limits);
    let head = format!("POST {COUNT} HTTP/1.1\r\nhost: x\r\ncontent-length: 9000\r\n\r\n");
    let mut first = server.client();
    first.send(&head).send(vec![b' '; 8_000]);
    crate::server::wait_for("receiving", || server.metrics.received_bytes.value() > 8_000);
    let answer = server.client().send(&head).send(vec![b' '; 8_000]).answer().unwrap();
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    // The room is there again.
    assert_eq!(first.send(vec![b' '; 1_000]).answer().unwrap().text(), "9000");
    assert_eq!(server.client().send(&head).send(vec![b' '; 9_000]).answer().unwrap().text(), "9000");
}

#[test]
fn large_bodies_leave_room_for_small_ones() {
    let server = Running::start(Limits { bodies_bytes: 400_000, ..Limits::default() });
    let large = format!("POST {COUNT} HTTP/1.1\r\nhost: x\r\ncontent-length: 190000\r\n\r\n");
    let mut first = server.client();
    first.send(&large).send(vec![b' '; 180_000]);
    crate::server::wait_for("receiving", || server.metrics.received_bytes.value() > 180_000);
    let answer = server.client().send(&large).send(vec![b' '; 180_000]).answer().unwrap();
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    assert_eq!(server.client().request("POST", COUNT, "", &[b' '; 60_000]).text(), "60000");
    assert_eq!(first.send(vec![b' '; 10_000]).answer().unwrap().text(), "190000");
}

#[test]
fn who_keeps_the_server_waiting_for_bodies_takes_no_more_than_a_share() {
    let server = Running::start(Limits { in_flight: 10, awaited_bodies_per_address: 3, ..Limits::default() });
    let head = format!("POST {COUNT} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n");
    let mut waiting: Vec<_> = (0..3).map(|_| server.client()).collect();
    for client in &mut waiting {
        client.send(&head);
    }
    crate::server::wait_for("three requests", || server.metrics.in_flight.value() == 3);
    let answer = server.client().send(&head).answer().unwrap();
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("1")));
    // What comes whole is not kept out, and who has sent their body makes room.
    assert_eq!(server.client().request("POST", COUNT, "", b"{}").text(), "2");
    assert_eq!(waiting[0].send("{}").answer().unwrap().text(), "2");
    let mut next = server.client();
    next.send(&head);
    crate::server::wait_for("the next one", || server.metrics.in_flight.value() == 3);
    assert_eq!(next.send("{}").answer().unwrap().text(), "2");
}

#[test]
fn submissions_at_once_have_a_limit() {
    let server = Running::start(Limits { in_flight: 2, ..Limits::default() });
    let head = format!("POST {COUNT} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n");
    let mut waiting: Vec<_> = (0..2).map(|_| server.client()).collect();
    for client in &mut waiting {
        client.send(&head);
    }
    crate::server::wait_for("two requests", || server.metrics.in_flight.value() == 2);
    let answer = server.client().send(&head).send("{}").answer().unwrap();
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    server.check_served();
    for client in &mut waiting {
        assert_eq!(client.send("{}").answer().unwrap().text(), "2");
    }
    assert_eq!(server.metrics.refused.value(Refusal::InFlight), 1);
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
    crate::server::wait_for("closing", || server.metrics.open.value() == 4);
    server.check_served();
    assert_eq!(server.metrics.refused.value(Refusal::ConnectionsOfAddress), 1);
}

#[test]
fn an_address_has_a_rate() {
    let rate = Rate { per_second: 0.5, burst: 2.0 };
    let server = Running::start(Limits { submissions_per_address: Some(rate), ..Limits::default() });
    for _ in 0..2 {
        assert_eq!(server.client().request("POST", COUNT, "", b"{}").status, 200);
    }
    let answer = server.client().request("POST", COUNT, "", b"{}");
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
