//! What one address may take: connections at once, bodies that are awaited, and submissions per second.

use crate::rate::{Bucket, Rate};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Addresses that are remembered before those are looked for that need not be: without a connection, and with a bucket that is
/// full again. At 100 bytes each this is 6 MiB. An address with an emptier bucket is not forgotten, or it would have a full one.
const MAX_REMEMBERED: usize = 65_536;

/// The addresses that are, or were lately, connected.
#[derive(Debug)]
pub(crate) struct Addresses {
    connections_each: u32,
    rate: Option<Rate>,
    table: Mutex<Table>,
}

type Table = HashMap<Prefix, Arc<Mutex<Usage>>>;

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
pub(crate) struct AwaitedBody(Arc<Mutex<Usage>>);

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

impl Addresses {
    pub(crate) fn new(connections_each: u32, rate: Option<Rate>) -> Self {
        Self { connections_each, rate, table: Mutex::default() }
    }

    /// A place for one more connection of this address; `None` if it has as many as it may. That of a proxy may have any
    /// number, since it stands for many.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr, is_proxy: bool, now: Instant) -> Option<Place> {
        let prefix = Prefix::of(address);
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        self.make_room(&mut table, now);
        let usage = table.entry(prefix).or_insert_with(|| Arc::new(Mutex::new(Usage::new(self.rate, now))));
        let mut locked = lock(usage);
        if locked.connections >= self.connections_each && !is_proxy {
            return None;
        }
        locked.connections += 1;
        drop(locked);
        Some(Place { addresses: Arc::clone(self), address, prefix, usage: Arc::clone(usage) })
    }

    /// The bucket of an address that may have no connection of its own; `None` if too many are remembered.
    fn usage(&self, prefix: Prefix, now: Instant) -> Option<Arc<Mutex<Usage>>> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(usage) = table.get(&prefix) {
            return Some(Arc::clone(usage));
        }
        self.make_room(&mut table, now);
        if table.len() >= MAX_REMEMBERED {
            return None;
        }
        let usage = Arc::new(Mutex::new(Usage::new(self.rate, now)));
        table.insert(prefix, Arc::clone(&usage));
        Some(usage)
    }

    fn make_room(&self, table: &mut Table, now: Instant) {
        if table.len() >= MAX_REMEMBERED {
            table.retain(|_, usage| !self.is_forgettable(&lock(usage), now));
        }
    }

    /// Whether an address without an entry would be treated the same.
    fn is_forgettable(&self, usage: &Usage, now: Instant) -> bool {
        usage.connections == 0
            && usage.awaited_bodies == 0
            && self.rate.is_none_or(|rate| usage.bucket.level(rate, now) >= rate.burst)
    }
}

impl Place {
    /// Where the client is.
    pub(crate) fn address(&self) -> IpAddr {
        self.address
    }

    /// Takes a token for one submission of `client`, which is this address or one behind it.
    ///
    /// # Errors
    /// How long until there is one.
    pub(crate) fn submit(&self, client: IpAddr, now: Instant) -> Result<(), Duration> {
        let Some(rate) = self.addresses.rate else { return Ok(()) };
        lock(&self.usage_of(client, now)).bucket.take(rate, now)
    }

    /// Counts a body of `client` that has to be waited for; `None` if there are as many of its as may be.
    pub(crate) fn await_body(&self, client: IpAddr, most: u32, now: Instant) -> Option<AwaitedBody> {
        let usage = self.usage_of(client, now);
        let mut locked = lock(&usage);
        if locked.awaited_bodies >= most {
            return None;
        }
        locked.awaited_bodies += 1;
        drop(locked);
        Some(AwaitedBody(usage))
    }

    /// In a crowd that cannot be told apart all share what the proxy has.
    fn usage_of(&self, client: IpAddr, now: Instant) -> Arc<Mutex<Usage>> {
        let prefix = Prefix::of(client);
        let other = if prefix == self.prefix { None } else { self.addresses.usage(prefix, now) };
        other.unwrap_or_else(|| Arc::clone(&self.usage))
    }
}

impl Drop for AwaitedBody {
    fn drop(&mut self) {
        lock(&self.0).awaited_bodies -= 1;
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
        let bucket = Bucket::new(rate.map_or(0.0, |rate| rate.burst), now);
        Self { connections: 0, awaited_bodies: 0, bucket }
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
        let admit = |address: &str| addresses.admit(address.parse().unwrap(), false, now);
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
        drop(addresses.admit([192, 0, 2, 1].into(), false, Instant::now()));
        assert!(addresses.table.lock().unwrap().is_empty());
    }

    #[test]
    fn so_many_bodies_of_an_address_are_awaited_over_all_its_connections() {
        let addresses = Arc::new(Addresses::new(3, None));
        let (now, address) = (Instant::now(), |last| IpAddr::from([192, 0, 2, last]));
        let place = |last| addresses.admit(address(last), false, now).unwrap();
        let (one, two, other) = (place(1), place(1), place(2));
        let wait = |place: &Place, last| place.await_body(address(last), 2, now);
        let (first, _second) = (wait(&one, 1).unwrap(), wait(&two, 1).unwrap());
        assert!(wait(&one, 1).is_none() && wait(&two, 1).is_none());
        assert!(wait(&other, 2).is_some());
        // Those behind a proxy are counted by themselves, and with what they send by another way.
        assert!(wait(&other, 3).is_some() && wait(&other, 1).is_none());
        drop(first);
        assert!(wait(&two, 1).is_some());
    }

    #[test]
    fn a_bucket_outlives_the_connection_and_fills_again() {
        let rate = Rate { per_second: 2.0, burst: 3.0 };
        let addresses = Arc::new(Addresses::new(2, Some(rate)));
        let (start, client) = (Instant::now(), IpAddr::from([192, 0, 2, 1]));
        let place = addresses.admit(client, false, start).unwrap();
        for _ in 0..3 {
            assert_eq!(place.submit(client, start), Ok(()));
        }
        assert_eq!(place.submit(client, start), Err(Duration::from_millis(500)));
        drop(place);
        let place = addresses.admit(client, false, start).unwrap();
        assert_eq!(place.submit(client, start), Err(Duration::from_millis(500)));
        let later = start + Duration::from_millis(500);
        assert_eq!(place.submit(client, later), Ok(()));
        let much_later = start + Duration::from_secs(3_600);
        for _ in 0..3 {
            assert_eq!(place.submit(client, much_later), Ok(()));
        }
        assert!(place.submit(client, much_later).is_err());
    }

    #[test]
    fn those_behind_a_proxy_are_told_apart() {
        let rate = Rate { per_second: 1.0, burst: 1.0 };
        let addresses = Arc::new(Addresses::new(1, Some(rate)));
        let (now, proxy) = (Instant::now(), IpAddr::from([10, 0, 0, 1]));
        let client = |last| IpAddr::from([192, 0, 2, last]);
        let place = addresses.admit(proxy, true, now).unwrap();
        let _second = addresses.admit(proxy, true, now).unwrap();
        assert!(addresses.admit(proxy, false, now).is_none());
        for last in [1, 2] {
            assert_eq!(place.submit(client(last), now), Ok(()));
            assert_eq!(place.submit(client(last), now), Err(Duration::from_secs(1)));
        }
        assert_eq!(place.submit(proxy, now), Ok(()));
        assert!(place.submit(proxy, now).is_err());
        // Who is behind it and comes by itself is the same.
        assert!(addresses.admit(client(1), false, now).unwrap().submit(client(1), now).is_err());
    }
}
