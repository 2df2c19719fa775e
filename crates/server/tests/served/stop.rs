//! Stopping.

use crate::server::{Running, wait_for};
use sealwax_server::Limits;
use sealwax_testkit::http::Client;
use std::{net::TcpStream, time::Duration};

const HALF: &str = "POST /count HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{";

#[test]
fn what_was_accepted_is_finished() {
    let server = Running::start(Limits::default());
    let mut idle = server.client();
    idle.get("/healthz", "");
    let mut silent = server.client();
    let mut busy: Vec<Client> = (0..10).map(|_| server.client()).collect();
    for client in &mut busy {
        client.send(HALF);
    }
    wait_for("ten requests", || server.metrics.in_flight.value() == 10);
    let address = server.address;
    let stopping = server.begin_stop();
    assert!(idle.is_closed() && silent.is_closed());
    wait_for("the listener's end", || TcpStream::connect(address).is_err());
    assert!(!stopping.is_finished());
    for client in &mut busy {
        let answer = client.send("}").answer().unwrap();
        assert_eq!(answer.status, 200);
        // One that had not heard of the stop when it began to answer does not announce the end, which comes all the same.
        assert!(matches!(answer.header("connection"), Some("close") | None));
        assert!(client.is_closed());
    }
    assert_eq!(stopping.join().unwrap().cut, 0);
}

#[test]
fn what_does_not_finish_is_cut() {
    let server = Running::start(Limits { stop_time: Duration::from_millis(300), ..Limits::default() });
    let mut busy = server.client();
    busy.send(HALF);
    wait_for("a request", || server.metrics.in_flight.value() == 1);
    assert_eq!(server.stop().cut, 1);
    assert!(busy.is_closed());
}
