//! A log on a socket: HTTP/1.1, HTTP/2 with prior knowledge and, if a certificate is given, TLS, on one port.
//!
//! **Job.** [`Server`] accepts connections, answers what [`Site`] it is given, and stops gracefully. A [`Site`] is a log
//! with its face, or the metrics. Requests are parsed by hyper and answered by pure functions over whole bodies; the
//! engine does the rest.
//!
//! **What a client can cost.** Everything a stranger can make the server hold has a limit in [`Limits`]: connections, in
//! all and per address, bytes of a head and of a body, bodies in memory, requests at once, streams of a connection, and
//! the time of each. A slow client costs a slot until its time is over, never a thread. What goes wrong on one
//! connection ends that connection only, and what goes wrong in accepting is waited out.
//!
//! **Specification.** RFC 9110 to 9113 for the reads (conditional and range requests); C2SP `tlog-tiles` and
//! `static-ct-api` for paths, types and caching; Fetch for cross-origin reads.
//!
//! **Non-goals.** Virtual hosts, proxies' headers, authentication, files: that is what a reverse proxy is for.

mod address;
mod body;
mod cache;
mod connection;
mod encoding;
mod read;
mod refused;
mod reply;
mod route;
mod serve;
mod site;
mod socket;
mod tls;

pub use address::Rate;
pub use serve::{Server, Stopped};
pub use site::{Face, Site};
pub use tls::{TlsError, tls_config};

use std::time::Duration;

/// What a server spends on its clients.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a request's body. 4 MiB, as rekor-tiles takes by default.
    pub body_bytes: usize,
    /// Bytes of all bodies that are held at once. 64 MiB: a queue of ordinary requests several times over.
    pub bodies_bytes: usize,
    /// Submissions that are being answered at once. 4,096: what is waiting in the engine's queue, and some.
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
    /// Connections in all. 16,384, or fewer where the process may not open as many files: 256 descriptors stay free for
    /// the log's own. Further clients wait to be accepted.
    pub connections: usize,
    /// Connections of one IPv4 address, or of one IPv6 /64. 1,024: a whole company may be behind one.
    pub connections_per_address: u32,
    /// Submissions of one address. No limit by default.
    pub submissions_per_address: Option<Rate>,
    /// Requests at once on one HTTP/2 connection. 128, a little over what RFC 9113 section 6.5.2 asks for at least.
    pub streams: u32,
    /// Bytes of full tiles and bundles that are kept in memory. 64 MiB: the newest 50,000 entries, which is what is read most.
    pub cache_bytes: usize,
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
            submissions_per_address: None,
            streams: 128,
            cache_bytes: 64 << 20,
        }
    }
}

#[cfg(test)]
mod tests;
