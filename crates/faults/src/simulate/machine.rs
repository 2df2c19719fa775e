use crate::{
    Random, World,
    bucket::{Bucket, Client, Image},
    oracle::{Answer, Base, History, Leaf},
    world::Node,
};
use bytes::Bytes;
use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

/// What serves a log.
pub trait Protocol: Send + Sync {
    /// Starts on this machine: spawns what it needs on `machine.node` and returns its front.
    fn start(&self, machine: &Machine) -> Arc<dyn Replica>;

    /// Reads the log as the bucket holds it, without the protocol's own memory: all leaves behind those of
    /// `base`.
    ///
    /// # Errors
    /// Why that is no log.
    fn read(&self, image: &Image, base: &Base) -> Result<Vec<Leaf>, String>;

    /// The size that a published checkpoint says.
    fn size(&self, checkpoint: &[u8]) -> Option<u64>;

    /// Whether it can be asked to take no more entries.
    fn can_freeze(&self) -> bool {
        false
    }

    /// Looks at every value that the lock and the checkpoint of the bucket have had, in order.
    ///
    /// # Errors
    /// One followed that may not follow.
    fn check_order(&self, _locks: &[Bytes], _checkpoints: &[Bytes]) -> Result<(), Backwards> {
        Ok(())
    }
}

/// A value of the lock, or a checkpoint, took the place of another that it may not replace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {before} was followed by {after}")]
pub struct Backwards {
    /// Of what.
    pub what: &'static str,
    /// What was there.
    pub before: String,
    /// What came.
    pub after: String,
}

/// The front of a running log.
pub trait Replica: Send + Sync {
    /// Adds an entry.
    fn add(&self, entry: Entry) -> Adding;

    /// The size of the newest checkpoint that it serves.
    fn published(&self) -> Option<u64>;

    /// Asks it to take no more entries, for ever.
    fn freeze(&self) {}

    /// Whether it says that the log takes no more entries.
    fn is_frozen(&self) -> bool {
        false
    }
}

/// An entry on its way into the log.
pub type Adding = Pin<Box<dyn Future<Output = Result<(Answer, bool), Refused>> + Send>>;

/// No answer: the entry may be in the log or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// What a client wants in the log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry(pub Bytes);

/// A machine that serves the log.
pub struct Machine {
    /// The world it is in.
    pub world: World,
    /// Which one it is.
    pub node: Node,
    /// The bucket as it reaches it.
    pub client: Client,
    /// Its clock, which may jump.
    pub clock: Clock,
    /// What it signs and answers.
    pub history: History,
    random: Mutex<Random>,
    replica: Mutex<Option<Arc<dyn Replica>>>,
}

/// A clock that may jump in both directions.
#[derive(Clone)]
pub struct Clock {
    world: World,
    offset_ms: Arc<AtomicI64>,
    furthest_ms: Arc<AtomicI64>,
}

/// Where virtual time begins: some day in 2025.
const EPOCH_MS: u64 = 1_750_000_000_000;

impl Clock {
    /// A clock that is right, so far.
    #[must_use]
    pub fn new(world: &World) -> Self {
        Self { world: world.clone(), offset_ms: Arc::default(), furthest_ms: Arc::default() }
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        let elapsed = u64::try_from(self.world.now().as_millis()).unwrap_or(u64::MAX);
        (EPOCH_MS + elapsed).saturating_add_signed(self.offset_ms.load(Ordering::Relaxed))
    }

    /// Makes it wrong by this much.
    pub fn set_offset_ms(&self, offset: i64) {
        self.offset_ms.store(offset, Ordering::Relaxed);
        self.furthest_ms.fetch_max(offset, Ordering::Relaxed);
    }

    /// How far ahead it has ever been.
    #[must_use]
    pub fn furthest_ms(&self) -> i64 {
        self.furthest_ms.load(Ordering::Relaxed)
    }
}

impl Machine {
    pub(crate) fn new(world: &World, node: Node, bucket: &Bucket, history: &History) -> Self {
        Self {
            world: world.clone(),
            node,
            client: bucket.client(node),
            clock: Clock::new(world),
            history: history.clone(),
            random: Mutex::new(world.random()),
            replica: Mutex::new(None),
        }
    }

    /// A stream of choices for this machine.
    #[must_use]
    pub fn random(&self) -> Random {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).fork()
    }

    pub(crate) fn start(&self, protocol: &dyn Protocol) {
        let replica = protocol.start(self);
        *self.replica.lock().unwrap_or_else(PoisonError::into_inner) = Some(replica);
    }

    pub(super) fn crash(&self) {
        self.world.crash(self.node);
        let replica = self.replica.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(replica);
    }

    pub(crate) fn replica(&self) -> Option<Arc<dyn Replica>> {
        self.replica.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn is_down(&self) -> bool {
        self.replica().is_none()
    }
}
