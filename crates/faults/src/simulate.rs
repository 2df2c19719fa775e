//! One run from one seed: machines that serve a log, clients that want entries in it, and somebody who breaks things.
//!
//! The run is in three parts. In the storm everything may happen. Then the weather turns fair, every machine is up and
//! what was still on its way lands. In the end each machine must take one more entry, the bucket is read as a static log,
//! and the oracle compares.

mod clients;
mod machine;
mod storm;

pub use machine::{Adding, Clock, Entry, Machine, Protocol, Refused, Replica};

use crate::{
    World,
    bucket::{Bucket, Counts, Image, Misuse, Weather},
    oracle::{Base, FinalLog, History, Violation},
    world::{Ended, Node},
};
use clients::Clients;
use std::{sync::Arc, time::Duration};

/// What a run begins with.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// The content of the bucket.
    pub image: Image,
    /// The leaves in it.
    pub base: Arc<Base>,
}

/// What a run was like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What the bucket and the network met.
    pub counts: Counts,
    /// Answers to clients.
    pub answers: u64,
    /// Of these, to clients whose entry was in the log already.
    pub duplicates: u64,
    /// Machines that were stopped and started again.
    pub restarts: u64,
    /// Machines that stalled.
    pub pauses: u64,
    /// Clocks that jumped.
    pub jumps: u64,
    /// Power failures of a machine with a directory.
    pub power_failures: u64,
    /// Machines with a directory one of whose operations on the disk failed.
    pub failures: u64,
    /// Entries in the log in the end.
    pub size: u64,
}

/// What a run showed that may never be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The oracle says no.
    #[error(transparent)]
    Violation(#[from] Violation),
    /// A write that may never be.
    #[error(transparent)]
    Misuse(#[from] Misuse),
    /// In fair weather a machine takes no entry.
    #[error("in fair weather {stuck} of {machines} machines take no entry")]
    Stuck {
        /// So many.
        stuck: usize,
        /// Of so many.
        machines: usize,
    },
    /// Tasks wake each other without end.
    #[error("the machines are busy without end")]
    Busy,
    /// A directory is not what it may be.
    #[error("the directory: {0}")]
    Directory(String),
    /// What the bucket holds in the end is no log.
    #[error("the bucket cannot be read as a log: {0}")]
    Unreadable(String),
}

/// Time in fair weather for everything that is late to land, and for everybody to recover.
const CALM: Duration = Duration::from_secs(40);

/// Time in fair weather for one more entry.
const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody who reads the checkpoint in the bucket whenever it changes.
const READER_OF_THE_BUCKET: u32 = u32::MAX;

/// Runs `protocol` on one to four machines over one bucket.
///
/// # Errors
/// What the run showed that may never be.
pub fn run(seed: u64, protocol: &dyn Protocol, start: &Start) -> Result<Report, Failure> {
    let world = World::new(seed);
    let result = run_in(&world, protocol, start);
    world.end();
    result
}

fn run_in(world: &World, protocol: &dyn Protocol, start: &Start) -> Result<Report, Failure> {
    let mut random = world.random();
    let history = History::default();
    let bucket = Bucket::new(world, Weather::random(&mut random), &start.image);
    let count = u32::try_from(random.between(1, 4)).unwrap_or(1);
    let machines: Vec<Arc<Machine>> =
        (0..count).map(|number| Arc::new(Machine::new(world, Node(number), &bucket, &history))).collect();
    machines.iter().for_each(|machine| machine.start(protocol));

    let clients = Clients::spawn(world, &machines, &history, &mut random);
    let mut report = storm::rage(world, protocol, &machines, &clients, &mut random)?;

    bucket.set_weather(Weather::FAIR);
    // A certificate log waits for a clock that has caught up with its last timestamp.
    let furthest = machines.iter().map(|machine| machine.clock.furthest_ms()).max().unwrap_or(0);
    machines.iter().for_each(|machine| machine.clock.set_offset_ms(furthest));
    machines.iter().filter(|machine| machine.is_down()).for_each(|machine| machine.start(protocol));
    clients.stop();
    if world.run_for(CALM) == Ended::Busy {
        return Err(Failure::Busy);
    }
    let stuck = clients::one_more_each(world, &machines, &history, PATIENCE);
    // Rounds that are under way come to their end.
    world.run_for(CALM);
    // A fork explains why a machine is stuck, not the other way round.
    bucket.check()?;
    for checkpoint in bucket.checkpoints() {
        history.read(READER_OF_THE_BUCKET, protocol.size(&checkpoint).unwrap_or(0));
    }
    let leaves = protocol.read(&bucket.image(), &start.base).map_err(Failure::Unreadable)?;
    let log = FinalLog { base: Some(&start.base), leaves: &leaves };
    history.check(log)?;
    if stuck > 0 {
        return Err(Failure::Stuck { stuck, machines: machines.len() });
    }
    report.counts = bucket.counts();
    report.answers = history.answers() as u64;
    report.duplicates = clients.duplicates();
    report.size = log.size();
    Ok(report)
}

impl Report {
    /// What did not happen in any of these runs: what it would have shown is not tested.
    #[must_use]
    pub fn unmet(&self) -> Vec<&'static str> {
        let met = [
            ("swaps lost", self.counts.swaps_lost),
            ("replies lost", self.counts.replies_lost),
            ("requests lost", self.counts.requests_lost),
            ("requests duplicated", self.counts.duplicated),
            ("late puts", self.counts.late_puts),
            ("late swaps refused", self.counts.late_swaps_refused),
            ("stale reads", self.counts.stale_reads),
            ("swaps acknowledged and not done", self.counts.lies),
            ("batches rolled forward by others", self.counts.rolled_forward),
            ("answers", self.answers),
            ("duplicates", self.duplicates),
            ("restarts", self.restarts),
            ("pauses", self.pauses),
            ("jumps of clocks", self.jumps),
        ];
        met.into_iter().filter(|(_, count)| *count == 0).map(|(what, _)| what).collect()
    }

    /// Both together.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        let add = |into: &mut u64, from: u64| *into += from;
        self.counts = self.counts.plus(&other.counts);
        add(&mut self.answers, other.answers);
        add(&mut self.duplicates, other.duplicates);
        add(&mut self.restarts, other.restarts);
        add(&mut self.pauses, other.pauses);
        add(&mut self.jumps, other.jumps);
        add(&mut self.power_failures, other.power_failures);
        add(&mut self.failures, other.failures);
        self.size = self.size.max(other.size);
        self
    }
}
