//! Sends requests over many connections from one thread, and says how long they took.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::LocalSet;

use crate::client::Connection;
use crate::requests::{Reader, Writer, body};

/// A request that has no answer after so long is an error. rekor-tiles gives up after 20 s.
const PATIENCE: Duration = Duration::from_secs(30);

/// One reply of so many is kept.
const KEPT: u64 = 100;

/// What is sent, how fast and for how long.
pub(crate) struct Options {
    from: u64,
    count: u64,
    seconds: f64,
    connections: usize,
    per_second: Option<f64>,
    replies: Option<PathBuf>,
    again: bool,
}

impl Options {
    pub(crate) fn of(words: &[&str]) -> Self {
        let mut options = Self {
            from: 0,
            count: u64::MAX,
            seconds: f64::INFINITY,
            connections: 1,
            per_second: None,
            replies: None,
            again: false,
        };
        for pair in words.chunks(2) {
            match *pair {
                ["--from", value] => options.from = value.parse().unwrap(),
                ["--count", value] => options.count = value.parse().unwrap(),
                ["--seconds", value] => options.seconds = value.parse().unwrap(),
                ["--connections", value] => options.connections = value.parse().unwrap(),
                ["--per-second", value] => options.per_second = Some(value.parse().unwrap()),
                ["--replies", value] => options.replies = Some(value.into()),
                // Reads may come round; adds must be unique.
                ["--again", value] => options.again = value.parse().unwrap(),
                ref other => panic!("what is {other:?}?"),
            }
        }
        options
    }
}

/// What all connections share.
struct Shared {
    options: Options,
    address: SocketAddr,
    requests: RefCell<Reader>,
    replies: RefCell<Option<Writer>>,
    handed_out: Cell<u64>,
    started: Instant,
    outcome: RefCell<Outcome>,
}

#[derive(Default)]
struct Outcome {
    /// Microseconds per request that was answered as it should be.
    latencies_us: Vec<u32>,
    /// Microseconds by which requests with a time of their own were sent after it: the client's part of their latency.
    late_us: Vec<u32>,
    statuses: BTreeMap<u16, u64>,
    errors: BTreeMap<String, u64>,
    bytes: u64,
    last: Duration,
    /// There were fewer requests than were wanted.
    used_up: bool,
}

pub(crate) fn run(address: &str, file: &Path, options: &Options) -> Value {
    let options = Options { replies: options.replies.clone(), ..*options };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let shared = Rc::new(Shared {
        address: address.parse().expect("an address and port"),
        requests: RefCell::new(Reader::open(file, options.from)),
        replies: RefCell::new(options.replies.as_deref().map(Writer::create)),
        handed_out: Cell::new(0),
        started: Instant::now(),
        outcome: RefCell::default(),
        options,
    });
    let tasks = LocalSet::new();
    for _ in 0..shared.options.connections {
        tasks.spawn_local(connection(Rc::clone(&shared)));
    }
    runtime.block_on(tasks);
    let shared = Rc::into_inner(shared).expect("every connection has ended");
    if let Some(replies) = shared.replies.into_inner() {
        replies.finish();
    }
    let handed_out = shared.handed_out.get();
    report(shared.outcome.into_inner(), handed_out)
}

/// One connection until there is nothing more to send.
async fn connection(shared: Rc<Shared>) {
    let (mut connection, mut request) = (None, Vec::new());
    while let Some((number, due)) = shared.next(&mut request) {
        if let Some(wait) = due.checked_duration_since(Instant::now()) {
            tokio::time::sleep(wait).await;
        }
        if connection.is_none() {
            match Connection::open(shared.address).await {
                Ok(open) => connection = Some(open),
                Err(error) => {
                    // A server that takes no connection is down, or has too many; the others go on.
                    return shared.failed(&error);
                }
            }
        }
        let Some(open) = &mut connection else { continue };
        // The time to connect is not the server's answer; without a rate the clock starts here.
        let now = Instant::now();
        let due = if shared.options.per_second.is_some() { due } else { now };
        shared.outcome.borrow_mut().late_us.push((now - due).as_micros() as u32);
        let error = match tokio::time::timeout(PATIENCE, open.exchange(&request)).await {
            Ok(Ok((status, reply))) => {
                shared.answered(number, due, status, &request, reply);
                continue;
            }
            Ok(Err(error)) => error,
            Err(_) => std::io::ErrorKind::TimedOut.into(),
        };
        shared.failed(&error);
        connection = None;
    }
}

impl Shared {
    /// The next request, its number, and when it is due.
    fn next(&self, request: &mut Vec<u8>) -> Option<(u64, Instant)> {
        let number = self.handed_out.get();
        let offset = self
            .options
            .per_second
            .map_or(Duration::ZERO, |rate| Duration::from_secs_f64(number as f64 / rate));
        let is_over = self.started.elapsed().max(offset).as_secs_f64() >= self.options.seconds;
        if is_over || number >= self.options.count {
            return None;
        }
        let mut requests = self.requests.borrow_mut();
        if !requests.next(request) {
            if !self.options.again {
                self.outcome.borrow_mut().used_up = true;
                return None;
            }
            requests.rewind();
            requests.next(request);
        }
        self.handed_out.set(number + 1);
        Some((number, self.started + offset))
    }

    fn answered(&self, number: u64, due: Instant, status: u16, request: &[u8], reply: &[u8]) {
        let mut outcome = self.outcome.borrow_mut();
        *outcome.statuses.entry(status).or_default() += 1;
        if !(200..300).contains(&status) {
            let what = format!("{status}: {}", String::from_utf8_lossy(&reply[..reply.len().min(160)]));
            *outcome.errors.entry(what).or_default() += 1;
            return;
        }
        outcome.latencies_us.push(due.elapsed().as_micros() as u32);
        outcome.bytes += reply.len() as u64;
        outcome.last = self.started.elapsed();
        if let Some(replies) = &mut *self.replies.borrow_mut()
            && number.is_multiple_of(KEPT)
        {
            replies.put(body(request));
            replies.put(reply);
        }
    }

    fn failed(&self, error: &std::io::Error) {
        *self.outcome.borrow_mut().errors.entry(error.to_string()).or_default() += 1;
    }
}

fn report(mut outcome: Outcome, handed_out: u64) -> Value {
    let latencies = &mut outcome.latencies_us;
    latencies.sort_unstable();
    outcome.late_us.sort_unstable();
    let at = |share| milliseconds_at(latencies, share);
    let late = |share| milliseconds_at(&outcome.late_us, share);
    let seconds = outcome.last.as_secs_f64();
    json!({
        "sent": handed_out, "answered": latencies.len(), "seconds": seconds,
        "per_second": latencies.len() as f64 / seconds,
        "bytes": outcome.bytes, "used_up": outcome.used_up,
        "ms": {"p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "p999": at(0.999), "most": at(1.0), "least": at(0.0)},
        "late_ms": {"p50": late(0.5), "p99": late(0.99), "most": late(1.0)},
        "statuses": outcome.statuses, "errors": outcome.errors,
    })
}

/// What this share of sorted microseconds does not exceed.
fn milliseconds_at(sorted: &[u32], share: f64) -> f64 {
    let place = (sorted.len() as f64 * share) as usize;
    sorted.get(place.min(sorted.len().saturating_sub(1))).map_or(f64::NAN, |us| f64::from(*us) / 1000.0)
}
