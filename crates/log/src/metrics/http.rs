use super::{
    cells::{Counter, Gauge, Histogram, Label, Labelled},
    text::Text,
};
use std::array;

/// The status codes that are counted each on its own; any other is counted as the last.
pub const STATUSES: [u16; 20] =
    [200, 201, 204, 206, 304, 400, 404, 405, 408, 409, 411, 413, 415, 416, 429, 499, 500, 501, 503, 0];

/// What is counted at the sockets.
#[derive(Debug, Default)]
pub struct HttpMetrics {
    /// Answers by route and status.
    requests: [RouteMetrics; ROUTES],
    /// Connections that were accepted.
    pub accepted: Counter,
    /// Connections that are open.
    pub open: Gauge,
    /// Requests that are being answered.
    pub in_flight: Gauge,
    /// What was turned away before it was looked at.
    pub refused: Labelled<Refusal, 8>,
    /// Bytes read from sockets (of TLS: within).
    pub received_bytes: Counter,
    /// Bytes written to sockets (of TLS: within).
    pub sent_bytes: Counter,
    /// Tiles and bundles found in memory.
    pub cache_hits: Counter,
    /// Full ones that were not.
    pub cache_misses: Counter,
}

const ROUTES: usize = 9;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// A submission by JSON.
    Add,
    /// A submission, or a question about health, by gRPC.
    Grpc,
    /// The accepted roots.
    Roots,
    /// The checkpoint.
    Checkpoint,
    /// A tile of hashes.
    Tile,
    /// A bundle of entries, or data tile.
    Entries,
    /// An issuer.
    Issuer,
    /// `/healthz` and `/readyz`.
    Health,
    /// Nothing that there is.
    Unknown,
}

/// Why something was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Too many connections from this address.
    ConnectionsOfAddress,
    /// Too many requests from this address.
    RequestsOfAddress,
    /// Too many requests at once, or bodies of too many bytes.
    InFlight,
    /// No request, or no progress, for too long.
    Idle,
    /// A body that came too slowly.
    SlowBody,
    /// A body over the limit.
    LargeBody,
    /// A TLS handshake that failed or took too long.
    Tls,
    /// What was sent was no HTTP.
    Protocol,
}

impl Label<ROUTES> for Route {
    const ALL: [(Self, &'static str); ROUTES] = [
        (Self::Add, "add"),
        (Self::Grpc, "grpc"),
        (Self::Roots, "roots"),
        (Self::Checkpoint, "checkpoint"),
        (Self::Tile, "tile"),
        (Self::Entries, "entries"),
        (Self::Issuer, "issuer"),
        (Self::Health, "health"),
        (Self::Unknown, "unknown"),
    ];
    fn place(self) -> usize {
        self as usize
    }
}

impl Label<8> for Refusal {
    const ALL: [(Self, &'static str); 8] = [
        (Self::ConnectionsOfAddress, "connections_of_address"),
        (Self::RequestsOfAddress, "requests_of_address"),
        (Self::InFlight, "in_flight"),
        (Self::Idle, "idle"),
        (Self::SlowBody, "slow_body"),
        (Self::LargeBody, "large_body"),
        (Self::Tls, "tls"),
        (Self::Protocol, "protocol"),
    ];
    fn place(self) -> usize {
        self as usize
    }
}

#[derive(Debug)]
struct RouteMetrics {
    statuses: [Counter; STATUSES.len()],
    seconds: Histogram,
}

impl Default for RouteMetrics {
    fn default() -> Self {
        Self { statuses: array::from_fn(|_| Counter::default()), seconds: Histogram::default() }
    }
}

impl HttpMetrics {
    /// Counts an answer.
    pub fn request(&self, route: Route, status: u16) {
        let last = STATUSES.len() - 1;
        let place = STATUSES.iter().position(|known| *known == status).unwrap_or(last);
        if let Some(counter) = self.requests.get(route.place()).and_then(|route| route.statuses.get(place)) {
            counter.add(1);
        }
    }

    /// Counts how long it took from the request's head to the answer's. For submissions; a read takes less than the
    /// clock would.
    pub fn took(&self, route: Route, duration: std::time::Duration) {
        if let Some(metrics) = self.requests.get(route.place()) {
            metrics.seconds.time(duration);
        }
    }

    /// How many answers of this kind so far.
    #[must_use]
    pub fn answers(&self, route: Route, status: u16) -> u64 {
        let place = STATUSES.iter().position(|known| *known == status);
        let route = self.requests.get(route.place());
        route.zip(place).and_then(|(route, place)| route.statuses.get(place)).map_or(0, Counter::value)
    }

    pub(super) fn write(&self, text: &mut Text) {
        text.head("http_requests_total", "counter", "Answers by route and status.");
        for ((_, route), metrics) in Route::ALL.iter().zip(&self.requests) {
            for (status, counter) in STATUSES.iter().zip(&metrics.statuses).filter(|(_, c)| c.value() > 0) {
                let status = if *status == 0 { "other".to_owned() } else { status.to_string() };
                let labels = format!("{{route=\"{route}\",status=\"{status}\"}}");
                text.sample("http_requests_total", &labels, counter.value());
            }
        }
        for (name, route) in [("http_add_seconds", Route::Add), ("http_grpc_seconds", Route::Grpc)] {
            if let Some(metrics) = self.requests.get(route.place()) {
                text.seconds(name, "From a request's head to its answer.", &metrics.seconds);
            }
        }
        text.counter("http_connections_total", "Connections accepted.", &self.accepted);
        text.gauge("http_connections", "Connections open.", self.open.value());
        text.gauge("http_requests_in_flight", "Requests being answered.", self.in_flight.value());
        text.labelled("http_refused_total", "What was turned away unseen.", "reason", &self.refused);
        text.counter("http_received_bytes_total", "Bytes received.", &self.received_bytes);
        text.counter("http_sent_bytes_total", "Bytes sent.", &self.sent_bytes);
        text.counter("http_cache_hits_total", "Full tiles and bundles found in memory.", &self.cache_hits);
        text.counter("http_cache_misses_total", "Full ones that were not.", &self.cache_misses);
    }
}
