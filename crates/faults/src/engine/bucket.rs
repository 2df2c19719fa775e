use super::{SimHost, Subject, entries, order, stored};
use crate::{
    bucket::Image,
    oracle::{Base, Leaf},
    simulate::{Adding, Backwards, Entry, Machine, Protocol, Refused, Replica},
};
use bytes::Bytes;
use sealwax_log::{
    AddError,
    engine::{Config, EngineError, Log, Shape, create, open},
    index::Index,
    metrics::Metrics,
};
use sealwax_store::Cell;
use sealwax_tlog::SignedCheckpoint;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// The engine on a bucket that it shares with others.
pub struct OverBucket {
    /// Which log.
    pub subject: Subject,
    /// The most entries that a round takes.
    pub batch_entries: u64,
}

/// Long enough that a service manager would have started it again.
const RESTART: Duration = Duration::from_millis(200);

#[derive(Default)]
struct Front {
    log: Mutex<Option<Log>>,
}

struct Server {
    front: Arc<Front>,
    subject: Subject,
}

impl Protocol for OverBucket {
    fn start(&self, machine: &Machine) -> Arc<dyn Replica> {
        let front = Arc::new(Front::default());
        let server = Arc::new(Server { front: Arc::clone(&front), subject: self.subject.clone() });
        let config = self.config(machine);
        let signing = self.subject.signing(&machine.history);
        let (world, client) = (machine.world.clone(), machine.client.restarted());
        let host = Arc::new(SimHost::new(&machine.world, &machine.clock, machine.random()));
        machine.world.spawn(machine.node, async move {
            loop {
                let metrics = Arc::new(Metrics::default());
                let index = |_| Ok(Index::in_memory());
                let opened =
                    open(client.clone(), config.clone(), signing.clone(), host.clone(), metrics, index).await;
                match opened {
                    Ok((log, sequencer)) => {
                        server.front.set(Some(log));
                        let _ = sequencer.run().await; // whatever it was, opening again finds out
                    }
                    Err(EngineError::NotCreated) => {
                        let _ = create(&client, &signing, &*host).await;
                    }
                    Err(_) => {}
                }
                world.sleep(RESTART).await;
            }
        });
        let subject = self.subject.clone();
        Arc::new(Server { front, subject })
    }

    fn read(&self, image: &Image, base: &Base) -> Result<Vec<Leaf>, String> {
        let checkpoint = image.cells.get(&Cell::Checkpoint).map(AsRef::as_ref);
        let lock = image.cells.get(&Cell::Lock).map(AsRef::as_ref);
        let object = |name: &str| image.objects.get(name).map(|bytes| bytes.to_vec());
        stored::read(&self.subject, base, checkpoint, lock, object).map_err(|error| error.to_string())
    }

    fn size(&self, checkpoint: &[u8]) -> Option<u64> {
        let text = std::str::from_utf8(checkpoint).ok()?;
        Some(SignedCheckpoint::parse(text).ok()?.unverified().size().0)
    }

    fn can_freeze(&self) -> bool {
        true
    }

    fn check_order(&self, locks: &[Bytes], checkpoints: &[Bytes]) -> Result<(), Backwards> {
        order::of_locks(locks)?;
        order::of_checkpoints(&self.subject, checkpoints)
    }
}

impl Front {
    fn set(&self, log: Option<Log>) {
        *self.log.lock().unwrap_or_else(PoisonError::into_inner) = log;
    }

    fn log(&self) -> Option<Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Replica for Server {
    fn add(&self, Entry(bytes): Entry) -> Adding {
        let (log, kind) = (self.front.log(), self.subject.kind);
        Box::pin(async move {
            let log = log.ok_or(Refused)?;
            let added = log.add(entries::submission(kind, &bytes)).await.map_err(|_| Refused)?;
            Ok((entries::answer(kind, &bytes, &added), added.duplicate))
        })
    }

    fn published(&self) -> Option<u64> {
        Some(self.front.log()?.published()?.size)
    }

    fn freeze(&self) {
        self.front.log().inspect(Log::freeze);
    }

    fn is_frozen(&self) -> bool {
        self.front.log().is_some_and(|log| matches!(log.ready(), Err(AddError::Frozen)))
    }
}

impl OverBucket {
    fn config(&self, machine: &Machine) -> Config {
        let mut random = machine.random();
        let mut config = Config::new(self.subject.kind, Shape::Shared);
        config.batch_entries = usize::try_from(random.between(1, self.batch_entries)).unwrap_or(1);
        config.resign_every = Duration::from_secs(random.between(3, 20));
        config.look_every = Duration::from_millis(random.between(100, 1_500));
        #[cfg(feature = "sabotage")]
        {
            config.sabotage = self.subject.sabotage;
        }
        config
    }
}
