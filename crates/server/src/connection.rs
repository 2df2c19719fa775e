//! One connection, from its first byte to its last.

use crate::{
    Limits, Site,
    address::Place,
    from_file::Outgoing,
    front::Front,
    metrics::{HttpMetrics, Refusal},
    socket::{Socket, Stream},
};
use hyper::{Version, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use std::{
    convert::Infallible,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tokio::{
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_rustls::TlsAcceptor;

/// How often a connection is looked at within its idle time.
const LOOKS: u32 = 6;

/// How often once the server stops, and how long a connection may then do nothing: long enough to fetch an answer, too short
/// for a client of HTTP/2 that does not react to being told to go, or that watches.
const DRAINING_LOOK: Duration = Duration::from_millis(50);
const DRAINING_QUIET: Duration = Duration::from_secs(1);

/// Bytes that have to be fetched within the idle time to count as progress: 1 KiB/s at the default, less than any line that
/// is in use, more than the answers to pings.
const MIN_SENT_BYTES: u64 = 32 << 10;

/// hyper takes no smaller buffer.
const MIN_BUFFER_BYTES: usize = 8 << 10;

/// Flow control of HTTP/2: what a client may send before we have read it, per stream and per connection.
const STREAM_WINDOW_BYTES: u32 = 256 << 10;
const CONNECTION_WINDOW_BYTES: u32 = 1 << 20;

/// What the server is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Serving,
    /// Requests that were accepted are finished, no others are taken.
    Draining,
    /// Time is up.
    Gone,
}

/// What all connections of a server share.
pub(crate) struct Shared {
    pub(crate) site: Box<dyn Site>,
    pub(crate) front: Front,
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) http: auto::Builder<TokioExecutor>,
    /// A permit per connection.
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) slots_in_all: usize,
}

/// A client that was let in.
pub(crate) struct Client {
    pub(crate) place: Place,
    pub(crate) slot: OwnedSemaphorePermit,
}

/// What the parts of a connection know of each other.
pub(crate) struct Activity {
    /// Its share of its address.
    pub(crate) place: Place,
    in_flight: AtomicU32,
    watching: AtomicU32,
    answered: AtomicU64,
    sent_bytes: AtomicU64,
    pub(crate) outgoing: Outgoing,
}

/// hyper's settings.
pub(crate) fn http(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1()
        // The time of a head is the connection's idle time, which needs no timer of its own.
        .header_read_timeout(None)
        // A head has to fit into the buffer; a body goes through it in pieces.
        .max_buf_size(limits.head_bytes.max(MIN_BUFFER_BYTES));
    http.http2()
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES);
    http
}

/// Serves a client until it leaves, breaks a rule, or the server stops. Holds `phases` until the end: the server waits for it.
pub(crate) async fn serve(
    shared: Arc<Shared>,
    stream: TcpStream,
    client: Client,
    mut phases: watch::Receiver<Phase>,
) {
    let Client { place, slot: _slot } = client;
    let (metrics, limits) = (&*shared.front.metrics, &shared.front.limits);
    let _open = Open::new(metrics);
    let Some(stream) = handshake(&shared, stream, &mut phases).await else { return };
    let activity = Arc::new(Activity {
        place,
        in_flight: AtomicU32::new(0),
        watching: AtomicU32::new(0),
        answered: AtomicU64::new(0),
        sent_bytes: AtomicU64::new(0),
        outgoing: Outgoing::default(),
    });
    let socket = Socket::new(stream, Arc::clone(&activity), Arc::clone(&shared.front.metrics));
    let service = service_fn(|request| {
        let (shared, activity) = (Arc::clone(&shared), Arc::clone(&activity));
        async move {
            let _in_flight = InFlight::new(&activity, &shared.front.metrics);
            let one_by_one = request.version() < Version::HTTP_2;
            let answer = shared.front.answer(&*shared.site, request, Some(&activity.place)).await;
            if one_by_one && let Some(twin) = answer.body().twin() {
                activity.outgoing.announce(twin.clone());
            }
            Ok::<_, Infallible>(answer.map(|reply| reply.watched(|| Watching::new(Arc::clone(&activity)))))
        }
    });
    let mut http = pin!(shared.http.serve_connection(TokioIo::new(socket), service));
    let mut looks = interval(limits.idle_time / LOOKS);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut quiet = Quiet::new(Instant::now());
    let (mut draining, mut told_to_go) = (false, false);
    loop {
        tokio::select! {
            biased;
            result = http.as_mut() => {
                if result.is_err_and(|error| is_protocol_error(&*error)) {
                    metrics.refused.add(Refusal::Protocol, 1);
                }
                return;
            }
            _ = looks.tick() => {
                let scarce = draining || shared.is_scarce();
                let quiet_for = quiet.look(Instant::now(), &activity, scarce);
                if draining && quiet_for >= DRAINING_QUIET {
                    return;
                }
                if quiet_for >= shared.idle_time(scarce) {
                    if told_to_go {
                        return;
                    }
                    // A client of HTTP/2 learns which of its requests were taken, so that it can repeat the others elsewhere.
                    told_to_go = true;
                    metrics.refused.add(Refusal::Idle, 1);
                    http.as_mut().graceful_shutdown();
                }
            }
            changed = phases.changed() => {
                let phase = *phases.borrow_and_update();
                if changed.is_err() || phase == Phase::Gone {
                    return;
                }
                if phase == Phase::Draining {
                    draining = true;
                    looks = interval(DRAINING_LOOK);
                    http.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

/// TLS, if the server has it.
async fn handshake(
    shared: &Shared,
    stream: TcpStream,
    phases: &mut watch::Receiver<Phase>,
) -> Option<Stream> {
    let Some(tls) = &shared.tls else { return Some(Stream::Plain(stream)) };
    let accepted = tokio::select! {
        accepted = timeout(shared.front.limits.tls_time, tls.accept(stream)) => accepted,
        _ = phases.wait_for(|phase| *phase != Phase::Serving) => return None,
    };
    let Ok(Ok(stream)) = accepted else {
        shared.front.metrics.refused.add(Refusal::Tls, 1);
        return None;
    };
    Some(Stream::Tls(Box::new(stream)))
}

impl Shared {
    /// The time is shorter where three quarters of all connections are taken: idle ones shall not keep others out.
    fn idle_time(&self, scarce: bool) -> Duration {
        let idle_time = self.front.limits.idle_time;
        if scarce { idle_time / LOOKS } else { idle_time }
    }

    fn is_scarce(&self) -> bool {
        self.slots.available_permits() < self.slots_in_all / 4
    }
}

/// Whether the client spoke no proper HTTP, rather than went away.
fn is_protocol_error(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    error.downcast_ref::<hyper::Error>().is_some_and(|error| error.is_parse())
}

impl Activity {
    pub(crate) fn sent(&self, bytes: usize) {
        self.sent_bytes.fetch_add(bytes as u64, Relaxed);
    }
}

/// An answer that lasts as long as the client stays.
pub(crate) struct Watching(Arc<Activity>);

impl Watching {
    pub(crate) fn new(activity: Arc<Activity>) -> Self {
        activity.watching.fetch_add(1, Relaxed);
        Self(activity)
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.watching.fetch_sub(1, Relaxed);
    }
}

/// Since when a connection has done nothing.
struct Quiet {
    since: Instant,
    answered: u64,
    sent_bytes: u64,
}

impl Quiet {
    fn new(now: Instant) -> Self {
        Self { since: now, answered: 0, sent_bytes: 0 }
    }

    /// For how long it has done nothing now. What it receives does not count: a head that trickles in is no progress, and
    /// a body has its own time. A watcher is welcome while there is room.
    fn look(&mut self, now: Instant, activity: &Activity, scarce: bool) -> Duration {
        let answered = activity.answered.load(Relaxed);
        let sent_bytes = activity.sent_bytes.load(Relaxed);
        let busy = activity.in_flight.load(Relaxed) > 0
            || (!scarce && activity.watching.load(Relaxed) > 0)
            || answered != self.answered
            || sent_bytes >= self.sent_bytes.saturating_add(MIN_SENT_BYTES);
        if busy {
            *self = Self { since: now, answered, sent_bytes };
        }
        now.saturating_duration_since(self.since)
    }
}

/// A request that is being answered.
struct InFlight<'a>(&'a Activity, &'a HttpMetrics);

impl<'a> InFlight<'a> {
    fn new(activity: &'a Activity, metrics: &'a HttpMetrics) -> Self {
        activity.in_flight.fetch_add(1, Relaxed);
        metrics.in_flight.up();
        Self(activity, metrics)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Relaxed);
        self.0.answered.fetch_add(1, Relaxed);
        self.1.in_flight.down();
    }
}

/// A connection that is open.
struct Open<'a>(&'a HttpMetrics);

impl<'a> Open<'a> {
    fn new(metrics: &'a HttpMetrics) -> Self {
        metrics.accepted.add(1);
        metrics.open.up();
        Self(metrics)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.down();
    }
}
