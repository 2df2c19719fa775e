//! A small site and its server, in a thread of their own.

use sealwax_server::{
    Answer, Bytes, Head, Limits, Options, Reply, Response, Route, Server, Site, StatusCode, Stopped,
    descriptors::KeptFile,
    header::HeaderValue,
    metrics::HttpMetrics,
    read::{self, Coding, Lifetime, Representation},
    reply,
};
use sealwax_testkit::http::Client;
use std::{
    fs::File,
    io::Write,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// 15 MiB.
pub(crate) const LARGE_BYTES: usize = 15 << 20;

/// Counts the bytes of what it is sent, and has something large to fetch.
struct Counting {
    large: Bytes,
    /// [`large`], beside zeros in memory that claim to be the same: which of both arrives tells the way that it took.
    file: Option<Arc<KeptFile>>,
    zeros: Bytes,
}

impl Counting {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("sealwax-served-{}-{}", std::process::id(), NUMBER.fetch_add(1, Relaxed));
        let path = std::env::temp_dir().join(name);
        let mut file = File::create_new(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        file.write_all(&large()).unwrap();
        Self {
            large: large(),
            // Where descriptors are few, none is kept.
            file: KeptFile::keep(|| Some(file)).map(Arc::new),
            zeros: vec![0; LARGE_BYTES].into(),
        }
    }

    fn in_file(&self, head: Head<'_>) -> Response<Reply> {
        let representation = Representation {
            bytes: self.zeros.clone(),
            tag: &HeaderValue::from_static("\"t\""),
            media_type: "application/octet-stream",
            lifetime: Lifetime::Immutable,
            coding: Coding::Only,
        };
        let response = read::answer(head.method(), head.headers(), &representation);
        response.map(|reply| match &self.file {
            Some(file) => reply.in_file(&self.zeros, file),
            None => reply,
        })
    }
}

/// Something large, no two parts of which are alike.
pub(crate) fn large() -> Bytes {
    (0..u32::try_from(LARGE_BYTES / 4).unwrap()).flat_map(u32::to_le_bytes).collect()
}

impl Site for Counting {
    fn route(&self, head: Head<'_>) -> Option<Route> {
        match head.path() {
            "/healthz" => Some(Route::read("health")),
            "/large" => Some(Route::read("large")),
            "/file" => Some(Route::read("file")),
            "/count" => Some(Route::submission("count")),
            "/count-few" => Some(Route::submission("count_few").body_bytes(100)),
            _ => None,
        }
    }

    fn answer<'a>(&'a self, head: Head<'a>, body: Bytes) -> Answer<'a> {
        Box::pin(async move {
            match head.path() {
                "/healthz" => reply::plain(StatusCode::OK, "ok\n"),
                "/large" => Response::new(Reply::whole(self.large.clone())),
                "/file" => self.in_file(head),
                _ => reply::plain(StatusCode::OK, body.len().to_string()),
            }
        })
    }
}

/// A server that runs.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) metrics: Arc<HttpMetrics>,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Stopped>,
}

impl Running {
    pub(crate) fn start(limits: Limits) -> Self {
        Self::set_up(Options { limits, ..Options::default() })
    }

    pub(crate) fn set_up(options: Options) -> Self {
        let metrics = Arc::clone(&options.metrics);
        let (stop, stopped) = oneshot::channel();
        let (started, start) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.unwrap().block_on(async {
                let any = "127.0.0.1:0".parse().unwrap();
                let server = Server::bind(any, Counting::new(), options).unwrap();
                started.send(server.address()).unwrap();
                server.run(async { stopped.await.unwrap_or_default() }).await
            })
        });
        Self { address: start.recv().unwrap(), metrics, stop, thread }
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
