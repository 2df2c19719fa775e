//! A log in a directory, opened as the binary opens it, and sequenced by a thread of its own.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use sealwax_crypto::{KeyKind, SigningKey};
use sealwax_log::engine::{self, Config, EngineError, Host, Shape, Signing};
use sealwax_log::index::{Index, Options};
use sealwax_log::metrics::Metrics;
use sealwax_log::{Kind, Log};
use sealwax_store::directory::Options as Keeping;
use sealwax_store::{Directory, ObjectStore, disk::Os};
use tokio::runtime::{Builder, Runtime};

/// Who does next to nothing for so long rests. A merge that waits for the disk waits less.
const QUIET: Duration = Duration::from_millis(300);

/// A log, the runtime that waits for it, and the thread that drives it.
pub(crate) struct Running {
    pub(crate) log: Log,
    pub(crate) runtime: Runtime,
    store: Directory<Os>,
    sequencer: JoinHandle<Result<(), EngineError>>,
}

struct System;

impl Host for System {
    fn now_ms(&self) -> u64 {
        SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64
    }

    fn random(&self) -> [u8; 16] {
        let seed = format!("{:?} {}", SystemTime::now(), std::process::id());
        sealwax_crypto::sha256(seed.as_bytes())[..16].try_into().unwrap()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(duration))
    }
}

pub(crate) fn host() -> Arc<dyn Host> {
    Arc::new(System)
}

pub(crate) fn signing() -> Signing {
    let key = SigningKey::from_seed(KeyKind::Ed25519, &[7; 32]).unwrap();
    Signing::new(Kind::Signature, "log.example", Arc::new(key), None).unwrap()
}

pub(crate) fn store(directory: &Path) -> Directory<Os> {
    std::fs::create_dir_all(directory).unwrap();
    Directory::open(Os::new(directory).unwrap(), &Keeping::default()).unwrap()
}

/// A new log.
pub(crate) fn create(directory: &Path) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(engine::create(&store(directory), &signing(), host().as_ref())).unwrap();
}

impl Running {
    pub(crate) fn open(directory: &Path) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let config = Config::new(Kind::Signature, Shape::Exclusive);
        let index = |size| Index::open(&directory.join("index"), size, Options::default());
        let store = store(directory);
        let opened =
            engine::open(store.clone(), config, signing(), host(), Arc::new(Metrics::default()), index);
        let (log, sequencer) = runtime.block_on(opened).unwrap();
        let driven = std::thread::spawn(move || {
            Builder::new_current_thread().enable_all().build().unwrap().block_on(sequencer.run())
        });
        Self { log, runtime, store, sequencer: driven }
    }

    pub(crate) fn size(&self) -> u64 {
        self.log.published().map_or(0, |published| published.size)
    }

    /// Waits until nothing goes on in the background: tiles are files, the index has merged.
    pub(crate) fn rest(&self) {
        self.runtime.block_on(self.store.flush()).unwrap();
        loop {
            let before = processor_time();
            std::thread::sleep(QUIET);
            if processor_time() - before < QUIET / 50 {
                return;
            }
        }
    }

    pub(crate) fn stop(self) {
        self.log.stop();
        self.sequencer.join().unwrap().unwrap();
    }
}

/// What this process has used of processors, all its threads together.
pub(crate) fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
