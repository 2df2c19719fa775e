use super::{Cosigners, Kind, queue::QueueLimits};
use std::{sync::Arc, time::Duration};

/// How a log is run. What it *is* (origin, keys) stands in the lock value.
#[derive(Clone, Debug)]
pub struct Config {
    /// Which log.
    pub kind: Kind,
    /// Who else writes.
    pub shape: Shape,
    /// How much may wait.
    pub queue: QueueLimits,
    /// Entries of one round, at most.
    pub batch_entries: usize,
    /// Bytes of one round's entries, at most, but for the last entry (LOG rule 2).
    pub batch_bytes: usize,
    /// After so many bytes of staged batches the directory is settled.
    pub settle_bytes: usize,
    /// An entry waits no longer than this until a settling begins that brings it into the static files.
    pub settle_every: Duration,
    /// An idle log signs its checkpoint anew after this long (LOG rule 7).
    pub resign_every: Duration,
    /// An idle replica looks for the rounds of others after this long.
    pub look_every: Duration,
    /// Who must cosign a checkpoint before it is published, if anybody.
    pub cosigners: Option<Arc<dyn Cosigners>>,
    /// The step that is left out, to see the tests fail.
    #[cfg(feature = "sabotage")]
    pub sabotage: Option<super::Step>,
}

/// Who writes to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// This process alone, as a lock file guarantees. A batch and its swap are one flush; tiles follow when they are full.
    /// Any failure to write is the end: reopen and recover (LOG rule 5).
    Exclusive,
    /// Any number of replicas. All tiles of a round, partial ones too, are durable before the next swap.
    Shared,
}

impl Config {
    /// The defaults.
    #[must_use]
    pub fn new(kind: Kind, shape: Shape) -> Self {
        Self {
            kind,
            shape,
            queue: QueueLimits::default(),
            batch_entries: 4096,
            batch_bytes: super::batch::MAX_BATCH_BYTES,
            settle_bytes: 16 << 20,
            settle_every: Duration::from_mins(10),
            resign_every: Duration::from_mins(10),
            look_every: Duration::from_secs(1),
            cosigners: None,
            #[cfg(feature = "sabotage")]
            sabotage: None,
        }
    }
}
