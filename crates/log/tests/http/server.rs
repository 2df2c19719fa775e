//! A server in a thread of its own.

use crate::client::Client;
use sealwax_log::{
    Kind, Log,
    engine::Shape,
    http::{Face, Limits, Server, Site, Stopped},
    journal::Journal,
    metrics::Metrics,
};
use std::{
    net::SocketAddr,
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// A log without entries, which takes none: nobody runs its sequencer.
async fn empty_log() -> Log {
    let store = sealwax_store::Memory::new();
    crate::support::create(&store, Kind::Signature).await;
    let keys = crate::support::keys(Kind::Signature, crate::support::ORIGIN, 1);
    crate::support::try_open(store, Kind::Signature, Shape::Exclusive, keys).await.unwrap().0
}

/// A server that runs.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) metrics: Arc<Metrics>,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Stopped>,
}

impl Running {
    pub(crate) fn start(limits: Limits) -> Self {
        let metrics = Arc::new(Metrics::default());
        let counted = Arc::clone(&metrics);
        let (stop, stopped) = oneshot::channel();
        let (started, address) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.unwrap().block_on(async {
                let face = Face::Signature { key_id: [7; 32] };
                let site =
                    Site::log(empty_log().await, face, "", &limits, Arc::clone(&counted), Journal::silent());
                let any = "127.0.0.1:0".parse().unwrap();
                let server = Server::bind(any, site, limits, None, counted, Journal::silent()).await.unwrap();
                started.send(server.address()).unwrap();
                server.run(async { stopped.await.unwrap_or_default() }).await
            })
        });
        Self { address: address.recv().unwrap(), metrics, stop, thread }
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(self.address)
    }

    /// Asks for something as a stranger would.
    pub(crate) fn check_served(&self) {
        let answer = self.client().get("/healthz", "");
        assert_eq!((answer.status, answer.text()), (200, "ok\n"));
    }

    /// Tells the server to stop.
    pub(crate) fn begin_stop(self) -> JoinHandle<Stopped> {
        self.stop.send(()).unwrap();
        self.thread
    }

    pub(crate) fn stop(self) -> Stopped {
        self.begin_stop().join().unwrap()
    }
}

/// Waits for something that another thread does.
pub(crate) fn wait_for(what: &str, mut happened: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !happened() {
        assert!(Instant::now() < end, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(5));
    }
}
