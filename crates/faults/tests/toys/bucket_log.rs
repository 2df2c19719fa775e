//! A log over a bucket in a page of code: one entry per round, entries as objects, everything recomputed each time.

use bytes::Bytes;
use sealwax_crypto::{KeyKind, Message, Scheme, SigningKey};
use sealwax_faults::{
    World,
    bucket::{Client, Image},
    oracle::{Answer, Base, FinalLog, Leaf, RecordingSigner},
    simulate::{Adding, Clock, Entry, Machine, Protocol, Refused, Replica},
};
use sealwax_signer::Signer;
use sealwax_store::{Cell, LockStore, ObjectStore, Swap, Version};
use sealwax_tlog::{Checkpoint, Hash, TreeSize, leaf_hash, merkle::build};
use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

/// What the protocol does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// Signs before the swap.
    SignsFirst,
    /// Takes a time-out of the swap for success.
    BelievesInSilence,
    /// Answers before the swap.
    AnswersFirst,
    /// Swaps without a condition on what was read: loads the version anew.
    SwapsBlindly,
    /// Does not look whether the entry is there already.
    ForgetsDuplicates,
    /// Publishes whatever it has, also if it is smaller.
    PublishesDownwards,
    /// Writes a batch under a name that may occur twice.
    ReusesNames,
    /// The lock value says only how large the log is.
    RepeatsLockValues,
    /// Serves the checkpoint that the bucket returns, however old.
    ServesStale,
    /// Stops for good when a swap is lost.
    GivesUp,
}

impl Mistake {
    pub(crate) const ALL: [Self; 10] = [
        Self::SignsFirst,
        Self::BelievesInSilence,
        Self::AnswersFirst,
        Self::SwapsBlindly,
        Self::ForgetsDuplicates,
        Self::PublishesDownwards,
        Self::ReusesNames,
        Self::RepeatsLockValues,
        Self::ServesStale,
        Self::GivesUp,
    ];
}

pub(crate) struct Toy {
    mistake: Option<Mistake>,
    key: Arc<SigningKey>,
}

impl Toy {
    pub(crate) fn new(mistake: Option<Mistake>) -> Self {
        let key = SigningKey::from_seed(KeyKind::Ed25519, &[7; 32]).unwrap();
        Self { mistake, key: Arc::new(key) }
    }
}

/// The lock value: the names of all batches, in order, and something that makes it unique.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
struct Lock {
    round: u64,
    writer: String,
    batches: Vec<String>,
}

struct Sequencer {
    world: World,
    client: Client,
    signer: RecordingSigner,
    clock: Clock,
    random: Mutex<sealwax_faults::Random>,
    mistake: Option<Mistake>,
    served: Mutex<u64>,
    gave_up: Mutex<bool>,
    /// One round at a time.
    turn: tokio::sync::Mutex<()>,
}

struct Front(Arc<Sequencer>);

impl Protocol for Toy {
    fn start(&self, machine: &Machine) -> Arc<dyn Replica> {
        let sequencer = Arc::new(Sequencer {
            world: machine.world.clone(),
            client: machine.client.clone(),
            signer: RecordingSigner::new(Arc::clone(&self.key), machine.history.clone()),
            clock: machine.clock.clone(),
            random: Mutex::new(machine.random()),
            mistake: self.mistake,
            served: Mutex::default(),
            gave_up: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        });
        // Looks now and then whether somebody died before publishing.
        let looking = Arc::clone(&sequencer);
        let pause = Duration::from_millis(300 + u64::from(machine.node.0) * 100);
        machine.world.spawn(machine.node, async move {
            loop {
                looking.world.sleep(pause).await;
                let turn = looking.turn.lock().await;
                let _ = looking.publish().await;
                drop(turn);
            }
        });
        Arc::new(Front(sequencer))
    }

    fn read(&self, image: &Image, _: &Base) -> Result<Vec<Leaf>, String> {
        let Some(lock) = image.cells.get(&Cell::Lock) else { return Ok(Vec::new()) };
        let lock: Lock = serde_json::from_slice(lock).map_err(|error| error.to_string())?;
        let leaf = |name: &String| {
            let entry = image.objects.get(name).ok_or_else(|| format!("{name} is missing"))?;
            let hash = leaf_hash(entry);
            Ok(Leaf { identity: hash, hash, timestamp: None })
        };
        lock.batches.iter().map(leaf).collect()
    }

    fn size(&self, checkpoint: &[u8]) -> Option<u64> {
        Some(number(checkpoint))
    }
}

impl Replica for Front {
    fn add(&self, entry: Entry) -> Adding {
        let sequencer = Arc::clone(&self.0);
        Box::pin(async move {
            let turn = sequencer.turn.lock().await;
            let result = sequencer.round(entry).await;
            drop(turn);
            result
        })
    }

    fn published(&self) -> Option<u64> {
        Some(*self.0.served.lock().unwrap()).filter(|size| *size > 0)
    }
}

impl Sequencer {
    fn has(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }

    async fn round(&self, Entry(entry): Entry) -> Result<(Answer, bool), Refused> {
        if *self.gave_up.lock().unwrap() {
            return Err(Refused);
        }
        let (mut lock, mut version) = self.load().await?;
        let mut leaves = self.leaves(&lock).await?;
        let hash = leaf_hash(&entry);
        let is_known = leaves.contains(&hash) && !self.has(Mistake::ForgetsDuplicates);
        if !is_known {
            let mut random = self.random.lock().unwrap().clone();
            *self.random.lock().unwrap() = random.fork();
            let unique = format!("staged/{}-{:016x}", leaves.len(), random.number());
            let name =
                if self.has(Mistake::ReusesNames) { format!("staged/{}", leaves.len()) } else { unique };
            self.client.stage(&name, entry).await.map_err(|_| Refused)?;
            leaves.push(hash);
            lock.round += 1;
            lock.writer = format!("{:016x}", random.number());
            lock.batches.push(name);
            let value = if self.has(Mistake::RepeatsLockValues) {
                lock = Lock { batches: lock.batches, ..Lock::default() };
                // As if it could happen that two rounds are the same.
                lock.batches.truncate(1);
                serde_json::to_vec(&lock).unwrap()
            } else {
                serde_json::to_vec(&lock).unwrap()
            };
            if self.has(Mistake::SignsFirst) {
                self.sign(&leaves);
            }
            if self.has(Mistake::AnswersFirst) {
                self.sign(&leaves);
                return Ok((answer(hash, &leaves), false));
            }
            if self.has(Mistake::SwapsBlindly) {
                version = self.load().await?.1;
            }
            match self.client.swap(Cell::Lock, version.as_ref(), Bytes::from(value)).await {
                // Read back, because the store may have said so and not have done it.
                Ok(Swap::Done(done)) if self.load().await?.1.is_some_and(|version| version == done) => {}
                Err(_) if self.has(Mistake::BelievesInSilence) => {}
                _ => {
                    *self.gave_up.lock().unwrap() = self.has(Mistake::GivesUp);
                    return Err(Refused);
                }
            }
        }
        self.publish().await?;
        self.sign(&leaves);
        Ok((answer(hash, &leaves), is_known))
    }

    /// Publishes what the lock says, whoever has set it.
    async fn publish(&self) -> Result<(), Refused> {
        let (lock, _) = self.load().await?;
        let mut leaves = self.leaves(&lock).await?;
        if self.has(Mistake::PublishesDownwards) && self.clock.now_ms().is_multiple_of(5) {
            leaves.truncate(leaves.len() / 2);
        }
        let size = leaves.len() as u64;
        let current = self.client.load(Cell::Checkpoint).await.map_err(|_| Refused)?;
        let published = current.as_ref().map_or(0, |current| number(&current.value));
        if self.has(Mistake::ServesStale) || self.has(Mistake::PublishesDownwards) {
            *self.served.lock().unwrap() = published;
        } else {
            let mut served = self.served.lock().unwrap();
            *served = published.max(*served);
        }
        if size > published || self.has(Mistake::PublishesDownwards) {
            self.sign(&leaves);
            let version = current.map(|current| current.version);
            let value = Bytes::from(size.to_string());
            self.client.swap(Cell::Checkpoint, version.as_ref(), value).await.map_err(|_| Refused)?;
        }
        Ok(())
    }

    async fn load(&self) -> Result<(Lock, Option<Version>), Refused> {
        let Some(found) = self.client.load(Cell::Lock).await.map_err(|_| Refused)? else {
            return Ok((Lock::default(), None));
        };
        Ok((serde_json::from_slice(&found.value).map_err(|_| Refused)?, Some(found.version)))
    }

    async fn leaves(&self, lock: &Lock) -> Result<Vec<Hash>, Refused> {
        let mut leaves = Vec::new();
        for name in &lock.batches {
            let entry = self.client.get(name).await.map_err(|_| Refused)?.ok_or(Refused)?;
            leaves.push(leaf_hash(&entry));
        }
        Ok(leaves)
    }

    fn sign(&self, leaves: &[Hash]) {
        let size = leaves.len() as u64;
        let checkpoint = Checkpoint::new("toy", TreeSize(size), root(leaves)).unwrap().to_string();
        self.signer.sign(Scheme::Ed25519, Message::Bytes(checkpoint.as_bytes())).unwrap();
    }
}

struct Leaves<'a>(&'a [Hash]);

impl build::HashSource for Leaves<'_> {
    type Error = Infallible;

    fn hash(&self, node: build::Node) -> Result<Hash, Infallible> {
        let count = 1 << node.level;
        let start = usize::try_from(node.index).unwrap() * count;
        Ok(root(&self.0[start..start + count]))
    }
}

fn answer(hash: Hash, leaves: &[Hash]) -> Answer {
    let index = leaves.iter().position(|leaf| *leaf == hash).unwrap() as u64;
    let size = leaves.len() as u64;
    let proof =
        build::inclusion_proof(&Leaves(leaves), sealwax_tlog::LeafIndex(index), TreeSize(size)).unwrap();
    Answer { identity: hash, leaf: hash, index, proof, size, root: root(leaves) }
}

fn root(leaves: &[Hash]) -> Hash {
    let leaf = |hash: &Hash| Leaf { identity: *hash, hash: *hash, timestamp: None };
    FinalLog { base: None, leaves: &leaves.iter().map(leaf).collect::<Vec<_>>() }.root()
}

fn number(bytes: &[u8]) -> u64 {
    std::str::from_utf8(bytes).unwrap().parse().unwrap()
}
