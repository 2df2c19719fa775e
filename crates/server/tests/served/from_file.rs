//! Bodies that the system takes from a file. In the tests' site the memory has zeros where the file has numbers.

use crate::server::{LARGE_BYTES, Running, large};
use sealwax_server::Limits;
use std::{io::Read, thread::sleep, time::Duration};

#[test]
fn whole_and_in_parts() {
    let server = Running::start(Limits::default());
    let mut client = server.client();
    let numbers = large();
    for _ in 0..3 {
        assert!(client.get("/file", "").body == numbers);
    }
    // In the middle of a page, and up to the end.
    for (range, expected) in [
        ("bytes=1000001-3000006", &numbers[1_000_001..3_000_007]),
        ("bytes=-100000", &numbers[LARGE_BYTES - 100_000..]),
    ] {
        let answer = client.get("/file", &format!("range: {range}\r\n"));
        assert_eq!(answer.status, 206);
        assert!(answer.body == expected, "{range}");
    }
}

#[test]
fn what_is_short_comes_from_memory() {
    let server = Running::start(Limits::default());
    let mut client = server.client();
    assert_eq!(client.get("/file", "range: bytes=5000-5003\r\n").body, [0; 4]);
    assert_eq!(client.get("/healthz", "").body, b"ok\n");
}

#[test]
fn requests_in_one_go_are_answered_in_order() {
    let server = Running::start(Limits::default());
    let mut client = server.client();
    let get = |path| format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
    client.send([get("/file"), get("/healthz"), get("/large"), get("/file")].concat());
    sleep(Duration::from_millis(50));
    let numbers = large();
    let bodies: Vec<_> = (0..4).map(|_| client.answer().unwrap().body).collect();
    assert!(bodies[0] == numbers && bodies[1] == b"ok\n" && bodies[2] == numbers && bodies[3] == numbers);
}

#[test]
fn a_client_that_reads_slowly_gets_all_of_it() {
    let server = Running::start(Limits::default());
    let mut client = server.client();
    client.send("GET /file HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let (mut found, mut buffer) = (Vec::new(), vec![0; 700_001]);
    loop {
        let count = client.stream.read(&mut buffer).unwrap();
        if count == 0 {
            break;
        }
        found.extend_from_slice(&buffer[..count]);
        sleep(Duration::from_millis(5));
    }
    assert!(found[found.len() - LARGE_BYTES..] == large());
}
