//! A log in memory and its server, in a thread of their own.

use bytes::Bytes;
use sealwax_crypto::{KeyKind, SigningKey};
use sealwax_log::{
    Kind, Log, Submission,
    engine::{self, Config, Host, Shape, Signing},
    http::{CACHE_BYTES, Face, LogSite},
    index::Index,
    metrics::Metrics,
};
use sealwax_server::{Limits, Options, Server, Stopped, journal::Journal, metrics::Page};
use sealwax_store::Memory;
use sealwax_testkit::http::Client;
use std::{
    future::Future,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::{runtime::Handle, sync::oneshot};

/// A server that runs.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) log: Log,
    runtime: Handle,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Stopped>,
}

struct World;

impl Host for World {
    fn now_ms(&self) -> u64 {
        u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap()
    }

    fn random(&self) -> [u8; 16] {
        [5; 16]
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// A log that is driven by a task of this runtime.
async fn log(metrics: Arc<Metrics>) -> Log {
    let key = Arc::new(SigningKey::from_seed(KeyKind::Ed25519, &[1; 32]).unwrap());
    let keys = || Signing::new(Kind::Signature, "log.example", key.clone(), None).unwrap();
    let (store, world, config) =
        (Memory::default(), Arc::new(World), Config::new(Kind::Signature, Shape::Exclusive));
    engine::create(&store, &keys(), &*world).await.unwrap();
    let opened = engine::open(store, config, keys(), world, metrics, |_| Ok(Index::in_memory())).await;
    let (log, sequencer) = opened.unwrap();
    tokio::spawn(sequencer.run());
    log
}

impl Running {
    pub(crate) fn start(limits: Limits) -> Self {
        Self::below("", limits)
    }

    /// A log below this path.
    pub(crate) fn below(base: &'static str, limits: Limits) -> Self {
        let metrics = Arc::new(Metrics::default());
        let counted = Arc::clone(&metrics);
        let (stop, stopped) = oneshot::channel();
        let (started, start) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.unwrap().block_on(async {
                let options = Options { limits, metrics: counted.http.clone(), ..Options::default() };
                let log = log(counted).await;
                let face = Face::Signature { key_id: [7; 32] };
                let site = LogSite::new(log.clone(), face, base, CACHE_BYTES, Journal::silent());
                let server = Server::bind("127.0.0.1:0".parse().unwrap(), site, options).unwrap();
                started.send((server.address(), log, Handle::current())).unwrap();
                server.run(async { stopped.await.unwrap_or_default() }).await
            })
        });
        let (address, log, runtime) = start.recv().unwrap();
        Self { address, metrics, log, runtime, stop, thread }
    }

    /// Adds entries `0..count` of `length` bytes each, in order, and returns them.
    pub(crate) fn fill(&self, count: usize, length: usize) -> Vec<Bytes> {
        let entries: Vec<Bytes> = (0..count)
            .map(|number| {
                let mut entry = format!("entry {number} ").into_bytes();
                entry.resize(length, b'.');
                entry.into()
            })
            .collect();
        for (number, entry) in entries.iter().enumerate() {
            let added = self.runtime.block_on(self.log.add(Submission::signature(entry.clone()))).unwrap();
            assert_eq!(added.index, number as u64);
        }
        entries
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(self.address)
    }

    /// Tells the server to stop.
    pub(crate) fn begin_stop(self) -> JoinHandle<Stopped> {
        self.stop.send(()).unwrap();
        self.thread
    }
}

/// A server of the metrics of another, and what it runs on.
pub(crate) fn metrics_server(of: &Running) -> (SocketAddr, tokio::runtime::Runtime) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let metrics = Arc::clone(&of.metrics);
    let page = Page::new(move || metrics.text(World.now_ms()));
    let any = "127.0.0.1:0".parse().unwrap();
    let server = runtime.block_on(async { Server::bind(any, page, Options::default()) }).unwrap();
    let address = server.address();
    runtime.spawn(server.run(std::future::pending()));
    (address, runtime)
}

/// Waits for something that another thread does.
pub(crate) fn wait_for(what: &str, mut happened: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !happened() {
        assert!(Instant::now() < end, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(5));
    }
}
