//! Accepting connections, and stopping.

use crate::{
    Limits, Proxies, Site,
    address::Addresses,
    connection::{self, Client, Phase, Shared},
    descriptors,
    front::Front,
    journal::{Journal, Value},
    metrics::{HttpMetrics, Refusal},
};
use std::{
    future::Future,
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{sleep, timeout},
};

/// Clients that may wait to be accepted. Where the system allows fewer (`net.core.somaxconn`), it cuts this itself.
const BACKLOG: u32 = 4_096;

/// How long to wait after accepting failed for want of descriptors or memory. Connections that end meanwhile make room.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// At most so often the journal hears of it.
const ACCEPT_COMPLAINT: Duration = Duration::from_secs(10);

/// A listener, and what it will serve.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
    addresses: Arc<Addresses>,
    journal: Journal,
}

/// How a site is served. The default: over plain HTTP, within the default limits, and nobody hears of it.
#[derive(Debug, Default)]
pub struct Options {
    /// What is spent on clients.
    pub limits: Limits,
    /// With it, the port speaks nothing else. See [`Tls`](crate::Tls).
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Whose word is taken for where a request comes from.
    pub proxies: Proxies,
    /// Where the server reports what someone should look into.
    pub journal: Journal,
    /// Where it counts.
    pub metrics: Arc<HttpMetrics>,
}

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// Connections that were cut because their requests were not finished in time.
    pub cut: usize,
}

/// An address that is listened on, for whoever has to know it before there is a site. Clients that come wait.
pub struct Listener {
    listener: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Listens on `address`; port 0 picks one. Within a runtime of tokio with sockets.
    ///
    /// # Errors
    /// The operating system's.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = listen(address)?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// The address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Server {
    /// Listens on `address`; port 0 picks one. Clients that come before [`Server::run`] wait. Within a runtime of tokio with
    /// sockets and timers.
    ///
    /// # Errors
    /// The operating system's.
    pub fn bind(address: SocketAddr, site: impl Site + 'static, options: Options) -> io::Result<Self> {
        Self::on(Listener::bind(address)?, site, options)
    }

    /// Serves where somebody listens already.
    ///
    /// # Errors
    /// The operating system's.
    pub fn on(listener: Listener, site: impl Site + 'static, options: Options) -> io::Result<Self> {
        let Options { limits, tls, proxies, journal, metrics } = options;
        let Listener { listener, address } = listener;
        let slots_in_all = limits.connections.min(descriptors::for_connections()).max(1);
        let addresses = Addresses::new(limits.connections_per_address, limits.submissions_per_address);
        let shared = Shared {
            site: Box::new(site),
            tls: tls.map(Into::into),
            http: connection::http(&limits),
            slots: Arc::new(Semaphore::new(slots_in_all)),
            slots_in_all,
            front: Front::new(limits, proxies, metrics),
        };
        Ok(Self { listener, address, shared: Arc::new(shared), addresses: Arc::new(addresses), journal })
    }

    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is ready; then accepts nothing more, finishes what was accepted, and returns. What takes longer
    /// than [`Limits::stop_time`] is cut.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Stopped {
        let (phase, phases) = watch::channel(Phase::Serving);
        tokio::select! {
            () = stop => {}
            never = self.accept_all(&phases) => match never {},
        }
        let Self { listener, shared, .. } = self;
        drop((listener, phases));
        phase.send_replace(Phase::Draining);
        if timeout(shared.front.limits.stop_time, phase.closed()).await.is_ok() {
            return Stopped { cut: 0 };
        }
        let cut = phase.receiver_count();
        phase.send_replace(Phase::Gone);
        phase.closed().await;
        Stopped { cut }
    }

    async fn accept_all(&self, phases: &watch::Receiver<Phase>) -> std::convert::Infallible {
        let mut complained: Option<Instant> = None;
        loop {
            let (stream, address, slot) = match self.accept().await {
                Ok(accepted) => accepted,
                Err(error) if is_of_one_connection(&error) => continue,
                Err(error) => {
                    let now = Instant::now();
                    if complained.is_none_or(|last| now.duration_since(last) >= ACCEPT_COMPLAINT) {
                        complained = Some(now);
                        self.journal.warning("cannot accept connections", &[("error", Value::Shown(&error))]);
                    }
                    sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let is_proxy = self.shared.front.proxies.has(address.ip());
            let Some(place) = self.addresses.admit(address.ip(), is_proxy, Instant::now()) else {
                self.shared.front.metrics.refused.add(Refusal::ConnectionsOfAddress, 1);
                continue;
            };
            // Answers are written whole; waiting to fill a packet would only delay them.
            let _ = stream.set_nodelay(true);
            let client = Client { place, slot };
            let (shared, phases) = (Arc::clone(&self.shared), phases.clone());
            tokio::spawn(connection::serve(shared, stream, client, phases));
        }
    }

    /// A connection, once there is a slot for it.
    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        let slots = Arc::clone(&self.shared.slots);
        let slot = slots.acquire_owned().await.map_err(io::Error::other)?;
        let (stream, address) = self.listener.accept().await?;
        Ok((stream, address, slot))
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A server that is started again does not wait for the last connections of the one before to be forgotten.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Whether it was this connection that failed while it waited, and not accepting.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
