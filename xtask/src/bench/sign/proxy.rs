//! A way to a server that is far away: what is sent on it arrives half a round trip later, in either direction, and a new connection
//! takes a whole one before its first byte is on its way. The system opens connections on loopback by itself, at once.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::Failure;

/// The way, until the process ends.
pub(super) struct Proxy {
    pub(super) address: String,
    way: Arc<Way>,
}

struct Way {
    /// Where it leads.
    to: Mutex<String>,
    round_trip_us: AtomicU64,
    connections: AtomicU64,
}

impl Proxy {
    /// One that leads to this address, without delay at first.
    pub(super) fn to(address: &str) -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let way = Arc::new(Way {
            to: Mutex::new(address.to_owned()),
            round_trip_us: AtomicU64::new(0),
            connections: AtomicU64::new(0),
        });
        let proxy = Self { address: listener.local_addr()?.to_string(), way: Arc::clone(&way) };
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                way.connections.fetch_add(1, Ordering::Relaxed);
                // Who cannot be reached is a connection that ends.
                let _ = way.join(client);
            }
        });
        Ok(proxy)
    }

    /// How long a round trip takes on connections that are opened from now on.
    pub(super) fn set_round_trip(&self, round_trip: Duration) {
        let us = u64::try_from(round_trip.as_micros()).unwrap_or(u64::MAX);
        self.way.round_trip_us.store(us, Ordering::Relaxed);
    }

    /// How many connections there were since this was asked last.
    pub(super) fn connections(&self) -> u64 {
        self.way.connections.swap(0, Ordering::Relaxed)
    }
}

impl Way {
    fn join(&self, client: TcpStream) -> std::io::Result<()> {
        let to = self.to.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let server = TcpStream::connect(to)?;
        let round_trip = Duration::from_micros(self.round_trip_us.load(Ordering::Relaxed));
        let open = Instant::now() + round_trip;
        for stream in [&client, &server] {
            stream.set_nodelay(true)?;
        }
        carry(client.try_clone()?, server.try_clone()?, open, round_trip / 2);
        carry(server, client, Instant::now(), round_trip / 2);
        Ok(())
    }
}

/// Carries what is sent on, so much later, until it ends. What was sent before `open` is sent then.
fn carry(mut from: TcpStream, mut to: TcpStream, open: Instant, later: Duration) {
    let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut chunk = vec![0; 64 << 10];
        // Its end, an empty chunk, arrives as late as everything else.
        while let Ok(count) = from.read(&mut chunk) {
            let bytes = chunk.get(..count).unwrap_or_default().to_vec();
            if sender.send((Instant::now().max(open) + later, bytes)).is_err() || count == 0 {
                return;
            }
        }
    });
    thread::spawn(move || {
        for (due, bytes) in receiver {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if bytes.is_empty() || to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}
