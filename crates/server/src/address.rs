//! What one address may take: connections at once, bodies that are awaited, and submissions per second.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Addresses that are remembered before those are looked for that need not be: without a connection, and with a bucket that is
/// full again. At 100 bytes each this is 6 MiB. An address with an emptier bucket is not forgotten, or it would have a full one.
const MAX_REMEMBERED: usize = 65_536;

/// A token bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Tokens that come in each second.
    pub per_second: f64,
    /// Tokens that the bucket holds.
    pub burst: f64,
}

/// The addresses that are, or were lately, connected.
#[derive(Debug)]
pub(crate) struct Addresses {
    connections_each: u32,
    rate: Option<Rate>,
    table: Mutex<HashMap<Prefix, Arc<Mutex<Usage>>>>,
}

/// One connection's place in its address. Dropping it gives the place back.
#[derive(Debug)]
pub(crate) struct Place {
    addresses: Arc<Addresses>,
    address: IpAddr,
    prefix: Prefix,
    usage: Arc<Mutex<Usage>>,
}

/// One body that is awaited. Dropping it says that it is not any more.
#[derive(Debug)]
pub(crate) struct AwaitedBody<'a>(&'a Mutex<Usage>);

/// Who counts as one: an IPv4 address, or the /64 of an IPv6 address, of which a subscriber has 2^64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Prefix {
    V4([u8; 4]),
    V6([u8; 8]),
}

#[derive(Debug)]
struct Usage {
    connections: u32,
    awaited_bodies: u32,
    bucket: Bucket,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Addresses {
    pub(crate) fn new(connections_each: u32, rate: Option<Rate>) -> Self {
        Self { connections_each, rate, table: Mutex::default() }
    }

    /// A place for one more connection of this address; `None` if it has as many as it may.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr, now: Instant) -> Option<Place> {
        let prefix = Prefix::of(address);
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if table.len() >= MAX_REMEMBERED {
            table.retain(|_, usage| !self.is_forgettable(&lock(usage), now));
        }
        let usage = table.entry(prefix).or_insert_with(|| Arc::new(Mutex::new(Usage::new(self.rate, now))));
        let mut locked = lock(usage);
        if locked.connections >= self.connections_each {
            return None;
        }
        locked.connections += 1;
        drop(locked);
        Some(Place { addresses: Arc::clone(self), address, prefix, usage: Arc::clone(usage) })
    }

    /// Whether an address without an entry would be treated the same.
    fn is_forgettable(&self, usage: &Usage, now: Instant) -> bool {
        usage.connections == 0 && self.rate.is_none_or(|rate| usage.bucket.level(rate, now) >= rate.burst)
    }
}

impl Place {
    /// Where the client is.
    pub(crate) fn address(&self) -> IpAddr {
        self.address
    }

    /// Takes a token for one submission.
    ///
    /// # Errors
    /// How long until there is one.
    pub(crate) fn submit(&self, now: Instant) -> Result<(), Duration> {
        self.addresses.rate.map_or(Ok(()), |rate| lock(&self.usage).bucket.take(rate, now))
    }

    /// Counts a body that has to be waited for; `None` if there are as many of this address as may be.
    pub(crate) fn await_body(&self, most: u32) -> Option<AwaitedBody<'_>> {
        let mut usage = lock(&self.usage);
        if usage.awaited_bodies >= most {
            return None;
        }
        usage.awaited_bodies += 1;
        Some(AwaitedBody(&self.usage))
    }
}

impl Drop for AwaitedBody<'_> {
    fn drop(&mut self) {
        lock(self.0).awaited_bodies -= 1;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.addresses.table.lock().unwrap_or_else(PoisonError::into_inner);
        let mut usage = lock(&self.usage);
        usage.connections -= 1;
        if self.addresses.is_forgettable(&usage, Instant::now()) {
            table.remove(&self.prefix);
        }
    }
}

impl Usage {
    fn new(rate: Option<Rate>, now: Instant) -> Self {
        Self {
            connections: 0,
            awaited_bodies: 0,
            bucket: Bucket { tokens: rate.map_or(0.0, |rate| rate.burst), at: now },
        }
    }
}

impl Bucket {
    fn level(&self, rate: Rate, now: Instant) -> f64 {
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        (self.tokens + since * rate.per_second).min(rate.burst)
    }

    fn take(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        self.tokens = self.level(rate, now);
        self.at = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        let seconds = (1.0 - self.tokens) / rate.per_second;
        Err(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
    }
}

impl Prefix {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.octets()),
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, g, h, ..] = address.octets();
                Self::V6([a, b, c, d, e, f, g, h])
            }
        }
    }
}

fn lock(usage: &Mutex<Usage>) -> std::sync::MutexGuard<'_, Usage> {
    usage.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_connections_and_gets_them_back() {
        let addresses = Arc::new(Addresses::new(2, None));
        let now = Instant::now();
        let admit = |address: &str| addresses.admit(address.parse().unwrap(), now);
        let (first, _second) = (admit("192.0.2.1").unwrap(), admit("::ffff:192.0.2.1").unwrap());
        assert!(admit("192.0.2.1").is_none());
        assert!(admit("192.0.2.2").is_some());
        drop(first);
        assert!(admit("192.0.2.1").is_some());

        let (_one, _two) = (admit("2001:db8::1"), admit("2001:db8::ffff:0:0:1"));
        assert!(admit("2001:db8::2").is_none());
        assert!(admit("2001:db8:0:1::1").is_some());
    }

    #[test]
    fn an_address_without_connections_is_forgotten() {
        let addresses = Arc::new(Addresses::new(2, None));
        drop(addresses.admit([192, 0, 2, 1].into(), Instant::now()));
        assert!(addresses.table.lock().unwrap().is_empty());
    }

    #[test]
    fn so_many_bodies_of_an_address_are_awaited_over_all_its_connections() {
        let addresses = Arc::new(Addresses::new(3, None));
        let place = |last| addresses.admit([192, 0, 2, last].into(), Instant::now()).unwrap();
        let (one, two, other) = (place(1), place(1), place(2));
        let (first, _second) = (one.await_body(2).unwrap(), two.await_body(2).unwrap());
        assert!(one.await_body(2).is_none() && two.await_body(2).is_none());
        assert!(other.await_body(2).is_some());
        drop(first);
        assert!(two.await_body(2).is_some());
    }

    #[test]
    fn a_bucket_outlives_the_connection_and_fills_again() {
        let rate = Rate { per_second: 2.0, burst: 3.0 };
        let addresses = Arc::new(Addresses::new(2, Some(rate)));
        let start = Instant::now();
        let place = addresses.admit([192, 0, 2, 1].into(), start).unwrap();
        for _ in 0..3 {
            assert_eq!(place.submit(start), Ok(()));
        }
        assert_eq!(place.submit(start), Err(Duration::from_millis(500)));
        drop(place);
        let place = addresses.admit([192, 0, 2, 1].into(), start).unwrap();
        assert_eq!(place.submit(start), Err(Duration::from_millis(500)));
        let later = start + Duration::from_millis(500);
        assert_eq!(place.submit(later), Ok(()));
        let much_later = start + Duration::from_secs(3_600);
        for _ in 0..3 {
            assert_eq!(place.submit(much_later), Ok(()));
        }
        assert!(place.submit(much_later).is_err());
    }
}
