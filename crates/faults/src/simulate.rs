//! One run from one seed: machines that serve a log, clients that want entries in it, and somebody who breaks things.
//!
//! The run is in three parts. In the storm everything may happen. Then the weather turns fair, every machine is up and
//! what was still on its way lands. In the end each machine must take one more entry, the bucket is read as a static log,
//! and the oracle compares.

mod clients;
mod machine;
mod storm;

pub use machine::{Adding, Backwards, Clock, Entry, Machine, Protocol, Refused, Replica};

use crate::{
    Random, World,
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
    /// Logs that were frozen.
    pub freezes: u64,
    /// Logs with two signatures on each checkpoint.
    pub second_signatures: u64,
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
    /// A value followed that may not follow.
    #[error("out of order, {0}")]
    Backwards(#[from] Backwards),
    /// In fair weather a machine takes no entry, or does not say that the log is frozen.
    #[error("in fair weather {stuck} of {machines} machines take no entry, or do not freeze")]
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
    let result = run_in(&world, seed, protocol, start);
    world.end();
    result
}

fn run_in(world: &World, seed: u64, protocol: &dyn Protocol, start: &Start) -> Result<Report, Failure> {
    let mut random = world.random();
    let history = History::default();
    let bucket = Bucket::new(world, Weather::random(&mut random), &start.image);
    let count = u32::try_from(random.between(1, 4)).unwrap_or(1);
    let machines: Vec<Arc<Machine>> =
        (0..count).map(|number| Arc::new(Machine::new(world, Node(number), &bucket, &history))).collect();
    machines.iter().for_each(|machine| machine.start(protocol));

    let clients = Clients::spawn(world, &machines, &history, &mut random);
    let freezes = if protocol.can_freeze() { freeze_at(seed) } else { None };
    let mut report = storm::rage(world, protocol, &machines, &clients, freezes, &mut random)?;

    bucket.set_weather(Weather::FAIR);
    // A certificate log waits for a clock that has caught up with its last timestamp.
    let furthest = machines.iter().map(|machine| machine.clock.furthest_ms()).max().unwrap_or(0);
    machines.iter().for_each(|machine| machine.clock.set_offset_ms(furthest));
    machines.iter().filter(|machine| machine.is_down()).for_each(|machine| machine.start(protocol));
    clients.stop();
    if world.run_for(CALM) == Ended::Busy {
        return Err(Failure::Busy);
    }
    let stuck = match freezes {
        None => clients::one_more_each(world, &machines, &history, PATIENCE),
        Some(_) => clients::frozen_each(world, &machines, PATIENCE),
    };
    // Rounds that are under way come to their end.
    world.run_for(CALM);
    // A fork explains why a machine is stuck, not the other way round.
    bucket.check()?;
    protocol.check_order(&bucket.lock_values(), &bucket.checkpoints())?;
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
    report.freezes = u64::from(freezes.is_some());
    Ok(report)
}

/// When the log is frozen, if it is. A stream of its own: a seed without a freeze is the run that it always was.
fn freeze_at(seed: u64) -> Option<Duration> {
    let mut random = Random::new(seed ^ 0x0066_7265_657a_6500);
    random.chance(120).then(|| Duration::from_millis(random.between(10, 8_000)))
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

    /// The same of runs of the engine, which can do more than is asked of every protocol.
    #[must_use]
    pub fn unmet_by_the_engine(&self) -> Vec<&'static str> {
        let met = [("freezes", self.freezes), ("second signatures", self.second_signatures)];
        let more = met.into_iter().filter(|(_, count)| *count == 0).map(|(what, _)| what);
        self.unmet().into_iter().chain(more).collect()
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
        add(&mut self.freezes, other.freezes);
        add(&mut self.second_signatures, other.second_signatures);
        add(&mut self.power_failures, other.power_failures);
        add(&mut self.failures, other.failures);
        self.size = self.size.max(other.size);
        self
    }
}
