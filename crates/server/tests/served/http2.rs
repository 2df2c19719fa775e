//! HTTP/2, with its own ways of being a nuisance.

use crate::server::{Running, wait_for};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use sealwax_server::Limits;
use sealwax_testkit::http::Client;
use std::time::Duration;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// Types of frames (RFC 9113 section 6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// `GET /healthz` (RFC 7541: three indexed fields, one literal without indexing).
fn get() -> Vec<u8> {
    [&[0x82, 0x86, 0x04, 8], b"/healthz".as_slice(), &[0x01, 1, b'x']].concat()
}

/// `POST /count`
fn post() -> Vec<u8> {
    [&[0x83, 0x86, 0x04, 6], b"/count".as_slice(), &[0x01, 1, b'x']].concat()
}

/// A connection that is set up.
fn connect(server: &Running) -> Client {
    let mut client = server.client();
    client.send(PREFACE).send(frame(SETTINGS, 0, 0, &[]));
    client
}

/// Everything until the server closes, cut into frames: type, stream, payload.
fn frames(mut bytes: &[u8]) -> Vec<(u8, u32, Vec<u8>)> {
    let mut frames = Vec::new();
    while let Some((&[a, b, c, kind, _, s, t, u, v], rest)) = bytes.split_first_chunk::<9>() {
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        let Some((payload, rest)) = rest.split_at_checked(length) else { break };
        frames.push((kind, u32::from_be_bytes([s, t, u, v]), payload.to_vec()));
        bytes = rest;
    }
    frames
}

/// The error code of the last GOAWAY.
fn farewell(bytes: &[u8]) -> Option<u32> {
    let frames = frames(bytes);
    let last = frames.iter().rev().find(|(kind, ..)| *kind == GOAWAY)?;
    Some(u32::from_be_bytes(last.2[4..8].try_into().unwrap()))
}

#[test]
fn many_requests_at_once_on_one_connection() {
    let server = Running::start(Limits::default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let answers = (0..300).map(|number| {
            let mut sender = sender.clone();
            tokio::spawn(async move {
                let (method, path) = if number % 2 == 0 { ("GET", "healthz") } else { ("POST", "count") };
                let request = Request::builder().method(method).uri(format!("http://x/{path}"));
                let answer = sender.send_request(request.body(Full::new(Bytes::from_static(b"{}"))).unwrap());
                let answer = answer.await.unwrap();
                assert_eq!(answer.status(), 200);
                let body = answer.into_body().collect().await.unwrap().to_bytes();
                assert_eq!(body, if number % 2 == 0 { "ok\n" } else { "2" });
            })
        });
        for answer in answers.collect::<Vec<_>>() {
            answer.await.unwrap();
        }
    });
    assert_eq!(server.metrics.answers("health", 200), 150);
    assert_eq!(server.stop().cut, 0);
}

#[test]
fn a_flood_of_resets_ends_the_connection() {
    let server = Running::start(Limits::default());
    let mut client = connect(&server);
    let flood: Vec<u8> = (0..20_000)
        .flat_map(|number| {
            let stream = 2 * number + 1;
            [frame(HEADERS, END_HEADERS, stream, &post()), frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])]
                .concat()
        })
        .collect();
    client.send(flood);
    let rest = client.rest();
    // ENHANCE_YOUR_CALM, unless the connection was torn down before it could be said.
    assert!(farewell(&rest).is_none_or(|code| code == 0xb), "{:?}", farewell(&rest));
    wait_for("closing", || server.metrics.open.value() == 0);
    wait_for("giving up the requests", || server.metrics.in_flight.value() == 0);
    server.check_served();
}

#[test]
fn a_head_without_end_ends_the_connection() {
    let server = Running::start(Limits::default());
    let mut client = connect(&server);
    let field = [&[0x00, 1, b'a', 0x7f, 0x81, 0x1e], [b'a'; 4_000].as_slice()].concat();
    client.send(frame(HEADERS, 0, 1, &get()));
    for _ in 0..5_000 {
        client.send(frame(CONTINUATION, 0, 1, &field));
    }
    client.rest();
    wait_for("closing", || server.metrics.open.value() == 0);
    assert_eq!(server.metrics.answers("health", 200), 0);
    server.check_served();
}

#[test]
fn more_streams_than_allowed_are_refused() {
    let server = Running::start(Limits { streams: 10, ..Limits::default() });
    let mut client = connect(&server);
    client.stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    for number in 0..30 {
        client.send(frame(HEADERS, END_HEADERS, 2 * number + 1, &post()));
    }
    let frames = frames(&client.rest());
    let refused = frames.iter().filter(|(kind, _, payload)| *kind == RST_STREAM && payload == &[0, 0, 0, 7]);
    assert_eq!(refused.count(), 20, "REFUSED_STREAM");
    assert!(server.metrics.in_flight.value() <= 10);
    server.check_served();
}

#[test]
fn frames_that_are_wrong_end_the_connection() {
    let server = Running::start(Limits::default());
    let cases = [
        frame(DATA, 0, 0, b"x"),
        frame(HEADERS, END_HEADERS | END_STREAM, 2, &get()),
        frame(HEADERS, END_HEADERS | END_STREAM, 0, &get()),
        frame(HEADERS, END_HEADERS | END_STREAM, 1, &[0xff; 40]),
        frame(SETTINGS, 0, 0, &[0; 5]),
        frame(SETTINGS, 0, 1, &[]),
        frame(PING, 0, 0, &[0; 7]),
        frame(WINDOW_UPDATE, 0, 0, &[0; 4]),
        frame(CONTINUATION, 0, 1, &[]),
        frame(DATA, 0, 1, &[0; 20_000]),
    ];
    for bytes in cases {
        let mut client = connect(&server);
        client.send(&bytes);
        let rest = client.rest();
        let code = farewell(&rest);
        assert!(code.is_none_or(|code| code != 0), "{:x?}: {code:?}", &bytes[..9]);
        server.check_served();
    }
    wait_for("closing", || server.metrics.open.value() == 0);
}

#[test]
fn pings_keep_no_slot_for_ever() {
    let server = Running::start(Limits { idle_time: Duration::from_millis(600), ..Limits::default() });
    let mut client = connect(&server);
    for _ in 0..40 {
        client.send(frame(PING, 0, 0, &[0; 8]));
        std::thread::sleep(Duration::from_millis(50));
    }
    wait_for("closing", || server.metrics.open.value() == 0);
}

#[test]
fn an_answer_that_is_not_fetched_keeps_no_slot_for_ever() {
    let server = Running::start(Limits { idle_time: Duration::from_millis(600), ..Limits::default() });
    let mut client = server.client();
    // SETTINGS_INITIAL_WINDOW_SIZE of 0: no byte of a body may be sent.
    client.send(PREFACE).send(frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]));
    for number in 0..50 {
        client.send(frame(HEADERS, END_HEADERS | END_STREAM, 2 * number + 1, &get()));
    }
    wait_for("answering", || server.metrics.answers("health", 200) == 50);
    wait_for("closing", || server.metrics.open.value() == 0);
}

#[test]
fn an_idle_connection_is_told_to_go() {
    let server = Running::start(Limits { idle_time: Duration::from_millis(600), ..Limits::default() });
    let rest = connect(&server).rest();
    assert_eq!(farewell(&rest), Some(0), "NO_ERROR");
    wait_for("closing", || server.metrics.open.value() == 0);
}
