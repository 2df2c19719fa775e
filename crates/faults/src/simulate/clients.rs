use super::{Entry, Machine, Refused};
use crate::{Random, World, oracle::History, world::Node};
use bytes::Bytes;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Clients that add entries, some of them the same ones, and look at checkpoints.
pub(super) struct Clients {
    stopped: Arc<AtomicBool>,
    busy: Arc<AtomicUsize>,
    duplicates: Arc<AtomicU64>,
}

/// Numbers of the machines on which clients live. Nobody stops these.
const FIRST_CLIENT: u32 = 1000;
const FIRST_READER: u32 = 2000;

struct Client {
    world: World,
    machines: Vec<Arc<Machine>>,
    history: History,
    random: Random,
    stopped: Arc<AtomicBool>,
    duplicates: Arc<AtomicU64>,
}

impl Clients {
    pub(super) fn spawn(
        world: &World,
        machines: &[Arc<Machine>],
        history: &History,
        random: &mut Random,
    ) -> Self {
        let count = u32::try_from(random.between(1, 6)).unwrap_or(1);
        let wishes = wishes(random, count);
        let clients = Self {
            stopped: Arc::default(),
            busy: Arc::new(AtomicUsize::new(wishes.len())),
            duplicates: Arc::default(),
        };
        for (entries, number) in wishes.into_iter().zip(FIRST_CLIENT..) {
            let client = Client {
                world: world.clone(),
                machines: machines.to_vec(),
                history: history.clone(),
                random: random.fork(),
                stopped: Arc::clone(&clients.stopped),
                duplicates: Arc::clone(&clients.duplicates),
            };
            let busy = Arc::clone(&clients.busy);
            world.spawn(Node(number), async move {
                client.add_all(entries).await;
                busy.fetch_sub(1, Ordering::Relaxed);
            });
        }
        for (machine, number) in machines.iter().zip(FIRST_READER..) {
            world.spawn(Node(number), read_on(Arc::clone(machine), history.clone(), random.fork()));
        }
        clients
    }

    /// Ends them after what they have on their hands.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether they have got everything they want.
    pub(super) fn are_content(&self) -> bool {
        self.busy.load(Ordering::Relaxed) == 0
    }

    pub(super) fn duplicates(&self) -> u64 {
        self.duplicates.load(Ordering::Relaxed)
    }
}

impl Client {
    async fn add_all(mut self, entries: Vec<Entry>) {
        for entry in entries {
            while !self.stopped.load(Ordering::Relaxed) && self.add(&entry).await.is_err() {
                let pause = Duration::from_millis(self.random.between(1, 400));
                self.world.sleep(pause).await;
            }
        }
    }

    /// Asks one machine, and does not wait for ever.
    async fn add(&mut self, entry: &Entry) -> Result<(), Refused> {
        let machine = self.random.pick(&self.machines).ok_or(Refused)?;
        let replica = machine.replica().ok_or(Refused)?;
        let patience = Duration::from_millis(self.random.between(50, 5_000));
        let (answer, is_duplicate) =
            self.world.timeout(patience, replica.add(entry.clone())).await.ok_or(Refused)??;
        self.history.answered(answer);
        self.duplicates.fetch_add(u64::from(is_duplicate), Ordering::Relaxed);
        Ok(())
    }
}

/// Looks at what a machine serves, again and again, whether or not it has been restarted meanwhile.
async fn read_on(machine: Arc<Machine>, history: History, mut random: Random) {
    loop {
        let pause = Duration::from_millis(random.between(5, 300));
        machine.world.sleep(pause).await;
        if let Some(size) = machine.replica().and_then(|replica| replica.published()) {
            history.read(machine.node.0, size);
        }
    }
}

/// What each client wants: mostly entries of its own, some that others want too, some twice.
fn wishes(random: &mut Random, clients: u32) -> Vec<Vec<Entry>> {
    let crowd = *random.pick(&[2, 5, 12]).unwrap_or(&2);
    let run = random.number();
    let wish = |number: u64, random: &mut Random| {
        let shared = random.chance(250);
        let number = if shared { random.below(crowd) } else { 1000 + number };
        Entry(Bytes::from(format!("{{\"entry\":\"{run:016x}-{number}\"}}")))
    };
    let mut number = 0;
    let mut list = |random: &mut Random| {
        let entries = (0..random.between(1, crowd)).map(|_| {
            number += u64::from(!random.chance(100));
            wish(number, random)
        });
        entries.collect()
    };
    (0..clients).map(|_| list(random)).collect()
}

/// Adds an entry at each machine and returns how many of them do not take it in time.
pub(super) fn one_more_each(
    world: &World,
    machines: &[Arc<Machine>],
    history: &History,
    patience: Duration,
) -> usize {
    let left = Arc::new(AtomicUsize::new(machines.len()));
    for machine in machines {
        let (machine, history, left) = (Arc::clone(machine), history.clone(), Arc::clone(&left));
        let entry = Entry(Bytes::from(format!("{{\"last\":{}}}", machine.node.0)));
        world.spawn(Node::STAGE, async move {
            loop {
                if let Some(replica) = machine.replica()
                    && let Ok((answer, _)) = replica.add(entry.clone()).await
                {
                    history.answered(answer);
                    left.fetch_sub(1, Ordering::Relaxed);
                    return;
                }
                machine.world.sleep(Duration::from_millis(100)).await;
            }
        });
    }
    world.run_while(patience, || left.load(Ordering::Relaxed) > 0);
    left.load(Ordering::Relaxed)
}

/// Asks every machine to freeze, and returns how many do not say in time that the log is frozen.
pub(super) fn frozen_each(world: &World, machines: &[Arc<Machine>], patience: Duration) -> usize {
    let left = Arc::new(AtomicUsize::new(machines.len()));
    for machine in machines {
        let (machine, left) = (Arc::clone(machine), Arc::clone(&left));
        world.spawn(Node::STAGE, async move {
            while !machine.replica().is_some_and(|replica| replica.is_frozen()) {
                // One that was started again has forgotten that it was asked.
                machine.replica().inspect(|replica| replica.freeze());
                machine.world.sleep(Duration::from_millis(100)).await;
            }
            left.fetch_sub(1, Ordering::Relaxed);
        });
    }
    world.run_while(patience, || left.load(Ordering::Relaxed) > 0);
    left.load(Ordering::Relaxed)
}
