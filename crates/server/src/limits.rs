use crate::Rate;
use std::time::Duration;

/// What a server spends on its clients.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a request's body. 4 MiB, as rekor-tiles takes by default. A [`Route`](crate::Route) may take less.
    pub body_bytes: usize,
    /// Bytes of all bodies that are held at once. 64 MiB: thousands of ordinary requests. Large ones may take half of it.
    pub bodies_bytes: usize,
    /// Submissions that are being answered at once. 4,096: what is waiting in a log's queue, and some.
    pub in_flight: usize,
    /// Bytes of a request's head. 16 KiB; ours have 300 bytes, a browser's or proxy's may have a few thousand.
    pub head_bytes: usize,
    /// How long a body may take. 20 s, the server timeout of rekor-tiles.
    pub body_time: Duration,
    /// How long a connection may be open without a request, or with an answer that is not fetched. 30 s. A request's
    /// head has to arrive within this time as well. Where connections are scarce the time is a sixth of it.
    pub idle_time: Duration,
    /// How long a TLS handshake may take. 10 s.
    pub tls_time: Duration,
    /// How long the requests that were accepted may take to finish once the server stops. 20 s.
    pub stop_time: Duration,
    /// Connections in all. 16,384, or fewer where the process may not open as many files: 256 descriptors, or half
    /// of those that there are, stay free for what the services open. Further clients wait to be accepted.
    pub connections: usize,
    /// Connections of one IPv4 address, or of one IPv6 /64. 1,024: a whole company may be behind one.
    pub connections_per_address: u32,
    /// Bodies of one address that have not come yet, over all its connections and streams. 256: one client that sends them slowly
    /// does not take all of [`Limits::in_flight`]. What came with its head, and what a proxy has collected, does not count.
    pub awaited_bodies_per_address: u32,
    /// Submissions of one address. No limit by default.
    pub submissions_per_address: Option<Rate>,
    /// Requests at once on one HTTP/2 connection. 128, a little over what RFC 9113 section 6.5.2 asks for at least.
    pub streams: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 4 << 20,
            bodies_bytes: 64 << 20,
            in_flight: 4_096,
            head_bytes: 16 << 10,
            body_time: Duration::from_secs(20),
            idle_time: Duration::from_secs(30),
            tls_time: Duration::from_secs(10),
            stop_time: Duration::from_secs(20),
            connections: 16_384,
            connections_per_address: 1_024,
            awaited_bodies_per_address: 256,
            submissions_per_address: None,
            streams: 128,
        }
    }
}
