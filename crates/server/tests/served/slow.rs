//! Clients that take their time.

use crate::server::{LARGE_BYTES, Running, large, wait_for};
use sealwax_server::{Limits, metrics::Refusal};
use std::{
    io::Read,
    thread::sleep,
    time::{Duration, Instant},
};

const IDLE: Duration = Duration::from_millis(600);

fn impatient() -> Limits {
    Limits { idle_time: IDLE, body_time: Duration::from_millis(400), ..Limits::default() }
}

#[test]
fn a_silent_connection_is_closed() {
    let server = Running::start(impatient());
    let start = Instant::now();
    let mut silent = server.client();
    let mut after_a_request = server.client();
    after_a_request.get("/healthz", "");
    let mut preface = server.client();
    preface.send("PRI * HTT");
    for client in [&mut silent, &mut after_a_request, &mut preface] {
        assert!(client.is_closed());
        let elapsed = start.elapsed();
        assert!(elapsed >= IDLE && elapsed < 3 * IDLE, "closed after {elapsed:?}");
    }
    assert_eq!(server.metrics.refused.value(Refusal::Idle), 3);
}

#[test]
fn a_head_that_trickles_in_is_cut() {
    let server = Running::start(impatient());
    let mut client = server.client();
    client.send("GET /healthz HTTP/1.1\r\nx: ");
    let start = Instant::now();
    while server.metrics.refused.value(Refusal::Idle) == 0 {
        assert!(start.elapsed() < 4 * IDLE, "still open");
        client.send("a");
        sleep(Duration::from_millis(20));
    }
    assert!(client.is_closed());
    server.check_served();
}

#[test]
fn a_body_that_trickles_in_is_refused() {
    let server = Running::start(impatient());
    let mut client = server.client();
    client.send("POST /count HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n");
    let start = Instant::now();
    while server.metrics.refused.value(Refusal::SlowBody) == 0 {
        assert!(start.elapsed() < Duration::from_secs(3), "still open");
        client.send(" ");
        sleep(Duration::from_millis(20));
    }
    assert_eq!(client.answer().unwrap().status, 408);
    server.check_served();
}

#[test]
fn busy_connections_stay() {
    let server = Running::start(impatient());
    let mut client = server.client();
    let end = Instant::now() + 3 * IDLE;
    while Instant::now() < end {
        assert_eq!(client.get("/healthz", "").status, 200);
        sleep(IDLE / 4);
    }
}

#[test]
fn thousands_of_idle_connections_keep_nobody_out() {
    let idle_time = Duration::from_secs(6);
    let limits = Limits { idle_time, connections_per_address: 10_000, ..Limits::default() };
    let server = Running::start(limits);
    let idle: Vec<_> = (0..3_000).map(|_| server.client()).collect();
    wait_for("connecting", || server.metrics.open.value() == 3_000);
    for _ in 0..100 {
        server.check_served();
    }
    wait_for("closing", || server.metrics.open.value() == 0);
    drop(idle);
}

#[test]
fn where_connections_are_scarce_idle_ones_go_sooner() {
    let limits = Limits { idle_time: Duration::from_secs(6), connections: 100, ..Limits::default() };
    let server = Running::start(limits);
    // All slots and some more: those wait until the first ones are closed, after a second rather than six.
    let start = Instant::now();
    let idle: Vec<_> = (0..120).map(|_| server.client()).collect();
    server.check_served();
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    drop(idle);
}

#[test]
fn a_client_that_reads_slowly_gets_all_of_it() {
    let server = Running::start(Limits { idle_time: Duration::from_millis(900), ..Limits::default() });
    // More than the sockets' buffers hold.
    let mut slow = server.client();
    slow.send("GET /large HTTP/1.1\r\nhost: x\r\n\r\n");
    let mut stuck = server.client();
    stuck.send("GET /large HTTP/1.1\r\nhost: x\r\n\r\n");
    let mut found = Vec::new();
    let mut buffer = vec![0; 600_000];
    while found.len() < LARGE_BYTES {
        sleep(Duration::from_millis(50));
        let count = slow.stream.read(&mut buffer).unwrap();
        assert!(count > 0, "cut after {} bytes", found.len());
        found.extend_from_slice(&buffer[..count]);
        server.check_served();
    }
    while !found.ends_with(&large()[LARGE_BYTES - 9..]) {
        let count = slow.stream.read(&mut buffer).unwrap();
        found.extend_from_slice(&buffer[..count]);
    }
    assert!(found[found.len() - LARGE_BYTES..] == large());
    wait_for("giving up the one that is stuck", || server.metrics.open.value() <= 1);
}
