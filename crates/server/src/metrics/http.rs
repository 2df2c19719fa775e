use super::{
    cells::{Counter, Gauge, Histogram, Label, Labelled},
    text::Text,
};
use crate::Route;
use std::{array, sync::OnceLock, time::Duration};

/// The status codes that are counted each on its own; any other is counted as the last.
pub const STATUSES: [u16; 23] = [
    200, 201, 204, 206, 303, 304, 400, 401, 403, 404, 405, 408, 409, 411, 413, 415, 416, 429, 499, 500, 501,
    503, 0,
];

/// Routes that are counted each on its own. A log has eight, all services together some thirty; what is beyond is not counted.
const MAX_ROUTES: usize = 64;

/// As what is counted what no site knows.
const UNKNOWN: Route = Route::read("unknown");

/// What is counted at the sockets.
#[derive(Debug)]
pub struct HttpMetrics {
    /// Answers by route and status, in the order in which the routes were first met.
    routes: [OnceLock<Box<RouteMetrics>>; MAX_ROUTES],
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
    name: &'static str,
    statuses: [Counter; STATUSES.len()],
    /// Of submissions: how long they took.
    seconds: Option<Histogram>,
}

impl RouteMetrics {
    fn new(route: Route) -> Self {
        let statuses = array::from_fn(|_| Counter::default());
        Self { name: route.name(), statuses, seconds: route.submits().then(Histogram::default) }
    }
}

impl Default for HttpMetrics {
    fn default() -> Self {
        Self {
            routes: array::from_fn(|_| OnceLock::new()),
            accepted: Counter::default(),
            open: Gauge::default(),
            in_flight: Gauge::default(),
            refused: Labelled::default(),
            received_bytes: Counter::default(),
            sent_bytes: Counter::default(),
        }
    }
}

impl HttpMetrics {
    /// Shows these routes from now on; others are shown from when they are first met.
    pub fn show(&self, routes: &[Route]) {
        for route in routes {
            self.route(*route);
        }
    }

    /// Counts an answer.
    pub(crate) fn request(&self, route: Option<Route>, status: u16) {
        let last = STATUSES.len() - 1;
        let place = STATUSES.iter().position(|known| *known == status).unwrap_or(last);
        let route = self.route(route.unwrap_or(UNKNOWN));
        if let Some(counter) = route.and_then(|route| route.statuses.get(place)) {
            counter.add(1);
        }
    }

    /// Counts how long it took from the request's head to the answer's. For submissions; a read takes less than the
    /// clock would.
    pub(crate) fn took(&self, route: Route, duration: Duration) {
        if let Some(seconds) = self.route(route).and_then(|route| route.seconds.as_ref()) {
            seconds.time(duration);
        }
    }

    /// How many answers of this kind so far, `unknown` being what no site knows.
    #[must_use]
    pub fn answers(&self, route: &str, status: u16) -> u64 {
        let place = STATUSES.iter().position(|known| *known == status);
        let route = self.known().find(|known| known.name == route);
        route.zip(place).and_then(|(route, place)| route.statuses.get(place)).map_or(0, Counter::value)
    }

    /// Writes all of it.
    pub fn write(&self, text: &mut Text) {
        text.head("http_requests_total", "counter", "Answers by route and status.");
        for route in self.known() {
            for (status, counter) in STATUSES.iter().zip(&route.statuses).filter(|(_, c)| c.value() > 0) {
                let status = if *status == 0 { "other".to_owned() } else { status.to_string() };
                let labels = format!("{{route=\"{}\",status=\"{status}\"}}", route.name);
                text.sample("http_requests_total", &labels, counter.value());
            }
        }
        for (route, seconds) in self.known().filter_map(|route| Some((route, route.seconds.as_ref()?))) {
            let name = format!("http_{}_seconds", route.name);
            text.seconds(&name, "From a request's head to its answer.", seconds);
        }
        text.counter("http_connections_total", "Connections accepted.", &self.accepted);
        text.gauge("http_connections", "Connections open.", self.open.value());
        text.gauge("http_requests_in_flight", "Requests being answered.", self.in_flight.value());
        text.labelled("http_refused_total", "What was turned away unseen.", "reason", &self.refused);
        text.counter("http_received_bytes_total", "Bytes received.", &self.received_bytes);
        text.counter("http_sent_bytes_total", "Bytes sent.", &self.sent_bytes);
    }

    /// Where this route is counted: at the first place that is its own, or nobody's.
    fn route(&self, route: Route) -> Option<&RouteMetrics> {
        let mut places = self.routes.iter();
        places.find_map(|place| {
            let found = place.get_or_init(|| Box::new(RouteMetrics::new(route)));
            (found.name == route.name()).then_some(&**found)
        })
    }

    fn known(&self) -> impl Iterator<Item = &RouteMetrics> {
        self.routes.iter().map_while(OnceLock::get).map(|route| &**route)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_counted_from_when_they_are_known() {
        const ADD: Route = Route::submission("add");
        const TILE: Route = Route::read("tile");
        let metrics = HttpMetrics::default();
        metrics.show(&[ADD]);
        let text = || {
            let mut text = Text::new("x_");
            metrics.write(&mut text);
            text.finish()
        };
        let has = |line: &str| text().lines().any(|found| found == line);
        assert!(has("x_http_add_seconds_count 0"), "{}", text());
        assert!(!text().contains("x_http_requests_total{"));

        metrics.request(Some(TILE), 200);
        metrics.request(Some(TILE), 200);
        metrics.request(Some(TILE), 418);
        metrics.request(None, 404);
        metrics.took(ADD, Duration::from_micros(300));
        metrics.took(TILE, Duration::from_micros(300));
        metrics.refused.add(Refusal::Tls, 2);
        for line in [
            "x_http_requests_total{route=\"tile\",status=\"200\"} 2",
            "x_http_requests_total{route=\"tile\",status=\"other\"} 1",
            "x_http_requests_total{route=\"unknown\",status=\"404\"} 1",
            "x_http_add_seconds_bucket{le=\"0.0005\"} 1",
            "x_http_add_seconds_count 1",
            "x_http_refused_total{reason=\"tls\"} 2",
        ] {
            assert!(has(line), "{line} is not in\n{}", text());
        }
        assert!(!text().contains("tile_seconds"));
        assert_eq!((metrics.answers("tile", 200), metrics.answers("none", 200)), (2, 0));
    }

    #[test]
    fn routes_beyond_the_last_place_are_not_counted() {
        let names: Vec<String> = (0..=MAX_ROUTES).map(|number| format!("route{number}")).collect();
        let names: Vec<&'static str> = names.into_iter().map(|name| &*name.leak()).collect();
        let metrics = HttpMetrics::default();
        for name in &names {
            metrics.request(Some(Route::read(name)), 200);
        }
        let counted = names.iter().filter(|name| metrics.answers(name, 200) == 1);
        assert_eq!(counted.count(), MAX_ROUTES);
    }

    #[test]
    fn labels_are_in_their_places() {
        for (place, (refusal, _)) in Refusal::ALL.into_iter().enumerate() {
            assert_eq!(refusal.place(), place);
        }
    }
}
