use crate::Random;
use std::time::Duration;

/// What the network and the bucket do to requests. Chances are per thousand requests.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// The shortest way in one direction.
    pub fastest: Duration,
    /// The longest, normally.
    pub slowest: Duration,
    /// How long a client waits for a reply.
    pub patience: Duration,
    /// How often a request is on its way for so long that its sender has given up when it lands: up to
    /// [`Weather::longest_delay`].
    pub late_per_mille: u32,
    /// How long that may take.
    pub longest_delay: Duration,
    /// How often a request never arrives.
    pub lost_per_mille: u32,
    /// How often the effect happens and the reply does not come back.
    pub reply_lost_per_mille: u32,
    /// How often a request arrives a second time, perhaps much later.
    pub duplicated_per_mille: u32,
    /// How often the client fails before it has sent anything.
    pub refused_per_mille: u32,
    /// How often a read of an object or of the checkpoint, not of the lock, returns an older state.
    pub stale_per_mille: u32,
    /// How old that state may be.
    pub stale: Duration,
    /// How often a swap of the lock is acknowledged and not done: what reading back is for.
    pub lies_per_mille: u32,
    /// Whether what is put stays with the machine until it is flushed, as the trait of the store allows.
    pub writes_behind: bool,
}

/// What becomes of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    /// The client fails at once, and knows that nothing happened.
    pub refused: bool,
    /// After how long it arrives: never, once or twice.
    pub arrivals: Vec<Duration>,
    /// How long the reply takes; `None`: it is lost.
    pub reply: Option<Duration>,
}

impl Weather {
    /// Nothing goes wrong, and everything takes a while.
    pub const FAIR: Self = Self {
        fastest: Duration::from_millis(1),
        slowest: Duration::from_millis(8),
        patience: Duration::from_secs(2),
        late_per_mille: 0,
        longest_delay: Duration::from_secs(30),
        lost_per_mille: 0,
        reply_lost_per_mille: 0,
        duplicated_per_mille: 0,
        refused_per_mille: 0,
        stale_per_mille: 0,
        stale: Duration::ZERO,
        lies_per_mille: 0,
        writes_behind: false,
    };

    /// From a mild day to a storm.
    #[must_use]
    pub fn random(random: &mut Random) -> Self {
        let storm = *random.pick(&[1, 5, 20, 60]).unwrap_or(&1);
        let mut rate = |most: u32| small(random, most * storm / 10 + 1);
        let (late, lost, reply_lost, duplicated, refused) =
            (rate(20), rate(20), rate(20), rate(20), rate(10));
        Self {
            slowest: Duration::from_millis(random.between(2, 60)),
            patience: Duration::from_millis(random.between(150, 2_000)),
            late_per_mille: late,
            longest_delay: Duration::from_millis(random.between(2_000, 20_000)),
            lost_per_mille: lost,
            reply_lost_per_mille: reply_lost,
            duplicated_per_mille: duplicated,
            refused_per_mille: refused,
            stale_per_mille: if random.chance(500) { small(random, 200) } else { 0 },
            stale: Duration::from_millis(random.between(1, 1_000)),
            lies_per_mille: if random.chance(400) { small(random, 150) } else { 0 },
            writes_behind: random.chance(250),
            ..Self::FAIR
        }
    }

    /// Draws what becomes of a request.
    pub fn fate(&self, random: &mut Random) -> Fate {
        let way = |random: &mut Random| self.way(random);
        let first = if random.chance(self.late_per_mille) { self.delay(random) } else { way(random) };
        let mut arrivals = vec![first];
        if random.chance(self.duplicated_per_mille) {
            arrivals.push(if random.chance(500) { way(random) } else { self.delay(random) });
        }
        if random.chance(self.lost_per_mille) {
            arrivals.clear();
        }
        let reply = (!random.chance(self.reply_lost_per_mille)).then(|| way(random));
        Fate { refused: random.chance(self.refused_per_mille), arrivals, reply }
    }

    fn way(&self, random: &mut Random) -> Duration {
        between(random, self.fastest, self.slowest)
    }

    fn delay(&self, random: &mut Random) -> Duration {
        between(random, self.patience, self.longest_delay)
    }
}

fn between(random: &mut Random, low: Duration, high: Duration) -> Duration {
    let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(random.between(micros(low), micros(high)))
}

fn small(random: &mut Random, end: u32) -> u32 {
    u32::try_from(random.below(u64::from(end))).unwrap_or(0)
}
