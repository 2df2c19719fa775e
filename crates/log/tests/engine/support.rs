//! A log that runs, and what is checked of every answer.

use bytes::Bytes;
use sealwax_crypto::{KeyKind, SigningKey};
use sealwax_log::{
    AddError, Added, Kind, Log, Submission,
    ct::leaf,
    engine::{self, Body, Config, EngineError, Host, Sequencer, Shape, Signing},
    index::Index,
    metrics::Metrics,
};
use sealwax_store::{LockStore, Memory, ObjectStore};
use sealwax_tlog::{LeafIndex, LogKey, SignedCheckpoint, TreeSize, leaf_hash, verify_inclusion};
use std::{
    future::Future,
    ops::Deref,
    pin::Pin,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::task::JoinHandle;

pub(crate) const ORIGIN: &str = "log.example";

pub(crate) fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(test);
}

/// A clock that goes on by itself, the same for all.
struct Clock;

pub(crate) static NOW: AtomicU64 = AtomicU64::new(1_780_000_000_000);

impl Host for Clock {
    fn now_ms(&self) -> u64 {
        NOW.fetch_add(1, Ordering::Relaxed)
    }

    fn random(&self) -> [u8; 16] {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        u128::from(NEXT.fetch_add(1, Ordering::Relaxed)).to_be_bytes()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(duration))
    }
}

pub(crate) fn host() -> Arc<dyn Host> {
    Arc::new(Clock)
}

pub(crate) fn keys(kind: Kind, origin: &str, seed: u8) -> Signing {
    let key = match kind {
        Kind::Signature => SigningKey::from_seed(KeyKind::Ed25519, &[seed; 32]),
        Kind::Certificate => {
            static KEY: LazyLock<Vec<u8>> =
                LazyLock::new(|| SigningKey::generate(KeyKind::EcdsaP256).unwrap().to_pkcs8_der().unwrap());
            SigningKey::from_pkcs8_der(&KEY)
        }
    };
    Signing::new(kind, origin, Arc::new(key.unwrap()), None).unwrap()
}

pub(crate) async fn create<S: LockStore>(store: &S, kind: Kind) {
    engine::create(store, &keys(kind, ORIGIN, 1), host().as_ref()).await.unwrap();
}

pub(crate) async fn try_open<S: ObjectStore + LockStore + 'static>(
    store: S,
    kind: Kind,
    shape: Shape,
    signing: Signing,
) -> Result<(Log, Sequencer<S>), EngineError> {
    open_with(store, Config::new(kind, shape), signing).await
}

pub(crate) async fn open_with<S: ObjectStore + LockStore + 'static>(
    store: S,
    config: Config,
    signing: Signing,
) -> Result<(Log, Sequencer<S>), EngineError> {
    let metrics = Arc::new(Metrics::default());
    engine::open(store, config, signing, host(), metrics, |_| Ok(Index::in_memory())).await
}

/// A log and the task that drives it.
pub(crate) struct Running {
    log: Log,
    task: JoinHandle<Result<(), EngineError>>,
}

impl Deref for Running {
    type Target = Log;

    fn deref(&self) -> &Log {
        &self.log
    }
}

impl Running {
    pub(crate) async fn new(store: Memory, kind: Kind, shape: Shape) -> Self {
        create(&store, kind).await;
        Self::open(store, kind, shape).await
    }

    pub(crate) async fn open<S: ObjectStore + LockStore + 'static>(
        store: S,
        kind: Kind,
        shape: Shape,
    ) -> Self {
        Self::settling_every(store, kind, shape, 16 << 20).await
    }

    /// Settles after so many bytes.
    pub(crate) async fn settling_every<S: ObjectStore + LockStore + 'static>(
        store: S,
        kind: Kind,
        shape: Shape,
        settle_bytes: usize,
    ) -> Self {
        let config = Config { settle_bytes, ..Config::new(kind, shape) };
        let (log, sequencer) = open_with(store, config, keys(kind, ORIGIN, 1)).await.unwrap();
        Self { log, task: tokio::spawn(sequencer.run()) }
    }

    pub(crate) fn adding(
        &self,
        submission: Submission,
    ) -> impl Future<Output = Result<Added, AddError>> + Send + use<> {
        let log = self.log.clone();
        async move { log.add(submission).await }
    }

    pub(crate) async fn stop(self) -> Result<(), EngineError> {
        self.log.stop();
        self.task.await.unwrap()
    }

    /// As a crash does, except that the memory store forgets nothing.
    pub(crate) async fn cut_off(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

pub(crate) fn entry(nth: u64) -> Submission {
    Submission::signature(Bytes::from(format!(
        "entry number {nth}, {}",
        "x".repeat(usize::try_from(nth % 50).unwrap())
    )))
}

pub(crate) fn submission(kind: Kind, nth: u64) -> Submission {
    if kind == Kind::Signature {
        return entry(nth);
    }
    let certificate = format!("not a certificate, number {nth}").into_bytes();
    let length = u32::try_from(certificate.len()).unwrap().to_be_bytes();
    // x509_entry, opaque ASN.1Cert<1..2^24-1>; then a chain of one fingerprint.
    let entry = Bytes::from([&[0, 0], &length[1..], &certificate].concat());
    let extra = Bytes::from([&[0, 32][..], &[7; 32]].concat());
    Submission { identity: leaf::identity(&entry), body: Body::Certificate { entry, extra } }
}

/// The proof proves, the checkpoint is the log's, and it is for this entry.
pub(crate) fn check_added(log: &Log, submission: &Submission, added: &Added) {
    let leaf = match &submission.body {
        Body::Signature(body) => leaf_hash(body),
        Body::Certificate { entry, extra } => {
            leaf::seal(entry, extra, added.index, added.timestamp).unwrap().leaf_hash
        }
    };
    let published = &added.published;
    let (index, size) = (LeafIndex(added.index), TreeSize(published.size));
    verify_inclusion(&leaf, index, size, &added.proof, &published.root).unwrap();
    let note = std::str::from_utf8(&published.note).unwrap();
    let signed = SignedCheckpoint::parse(note).unwrap();
    assert_eq!((signed.unverified().size(), signed.unverified().root()), (size, &published.root));
    LogKey::from_verifier_key(log.verifier_keys()[0].clone()).unwrap().verify(&signed).unwrap();
}
