//! A log in memory that runs.

use sealwax_crypto::{KeyKind, SigningKey};
use sealwax_log::engine::{self, Config, EngineError, Host, Shape, Signing};
use sealwax_log::index::Index;
use sealwax_log::metrics::Metrics;
use sealwax_log::{Kind, Log};
use sealwax_store::Memory;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;

pub(crate) const ORIGIN: &str = "log2026.example";

pub(crate) struct Running {
    pub(crate) log: Log,
    pub(crate) key_id: [u8; 32],
    task: JoinHandle<Result<(), EngineError>>,
}

impl Running {
    /// A new log with a key of this kind.
    pub(crate) async fn new(kind: KeyKind) -> Self {
        let key = Arc::new(SigningKey::generate(kind).unwrap());
        let signing = Signing::new(Kind::Signature, ORIGIN, key, None).unwrap();
        let (store, host) = (Memory::new(), Arc::new(Clock::default()));
        engine::create(&store, &signing, host.as_ref()).await.unwrap();
        let config = Config::new(Kind::Signature, Shape::Exclusive);
        let metrics = Arc::new(Metrics::default());
        let index = |_| Ok(Index::in_memory());
        let (log, sequencer) = engine::open(store, config, signing, host, metrics, index).await.unwrap();
        let key_id = *log.verifier_keys()[0].id();
        Self { log, key_id, task: tokio::spawn(sequencer.run()) }
    }

    pub(crate) async fn stop(self) {
        self.log.stop();
        self.task.await.unwrap().unwrap();
    }
}

/// A clock that goes on by itself.
#[derive(Default)]
struct Clock(AtomicU64);

impl Host for Clock {
    fn now_ms(&self) -> u64 {
        1_780_000_000_000 + self.0.fetch_add(1, Ordering::Relaxed)
    }

    fn random(&self) -> [u8; 16] {
        u128::from(self.0.fetch_add(1, Ordering::Relaxed)).to_be_bytes()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(duration))
    }
}

pub(crate) fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build();
    runtime.unwrap().block_on(test);
}
