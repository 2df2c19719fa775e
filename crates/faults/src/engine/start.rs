use super::{OverBucket, Subject};
use crate::{
    World,
    bucket::{Bucket, Image, Weather},
    oracle::{Base, FinalLog, History},
    simulate::{Entry, Machine, Protocol, Start},
    world::Node,
};
use bytes::Bytes;
use sealwax_log::engine::Kind;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// States that runs begin with: empty, just before the first tile is full, just before the first tile of tiles is.
pub struct Starts {
    made: BTreeMap<u64, OnceLock<Start>>,
    subject: Subject,
}

/// The sizes of these states.
pub const SIZES: [u64; 3] = [0, 253, 65_533];

impl Starts {
    /// Of a log of this kind. Each is made when it is needed.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        let made = SIZES.into_iter().map(|size| (size, OnceLock::new())).collect();
        Self { made, subject: Subject::new(kind) }
    }

    /// The state of this size, one of [`SIZES`].
    #[must_use]
    pub fn of(&self, size: u64) -> &Start {
        static EMPTY: OnceLock<Start> = OnceLock::new();
        match self.made.get(&size) {
            Some(place) if size > 0 => place.get_or_init(|| make(&self.subject, size)),
            _ => EMPTY.get_or_init(Start::default),
        }
    }
}

/// So many entries are on their way at once.
const CROWD: u64 = 4096;

/// Lets the engine make a log of this size, in fair weather.
fn make(subject: &Subject, size: u64) -> Start {
    let world = World::new(size);
    let history = History::default();
    let bucket = Bucket::new(&world, Weather::FAIR, &Image::default());
    let machine = Arc::new(Machine::new(&world, Node(0), &bucket, &history));
    let protocol = OverBucket { subject: subject.clone(), batch_entries: CROWD };
    machine.start(&protocol);
    let done = Arc::new(AtomicU64::new(0));
    let mut asked = 0;
    while asked < size {
        let until = size.min(asked + CROWD);
        for number in asked..until {
            let (machine, done) = (Arc::clone(&machine), Arc::clone(&done));
            let entry = Entry(Bytes::from(format!("{{\"before\":{number}}}")));
            world.spawn(Node(1), async move {
                loop {
                    if let Some(replica) = machine.replica()
                        && replica.add(entry.clone()).await.is_ok()
                    {
                        done.fetch_add(1, Ordering::Relaxed);
                        return;
                    }
                    machine.world.sleep(Duration::from_millis(50)).await;
                }
            });
        }
        asked = until;
        world.run_while(Duration::from_secs(3600), || done.load(Ordering::Relaxed) < asked);
    }
    world.run_for(Duration::from_secs(30));
    let image = bucket.image();
    world.end();
    let leaves = protocol.read(&image, &Base::default()).unwrap_or_default();
    debug_assert_eq!(FinalLog { base: None, leaves: &leaves }.size(), size);
    Start { image, base: Arc::new(Base::new(&leaves)) }
}
