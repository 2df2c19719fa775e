//! A certificate log that runs, and what is checked of its answers and of what it publishes.

use crate::world::{authority, body, roots};
use bytes::Bytes;
use hyper::{Response, StatusCode, header};
use sealwax_crypto::{KeyKind, SigningKey, sha256};
use sealwax_formats::base64;
use sealwax_log::{
    Kind, Log,
    ct::{CtFace, NotAfterWindow, add_chain, add_pre_chain, leaf::leaves},
    engine::{self, Config, EngineError, Host, QueueLimits, Sequencer, Shape, Signing},
    index::Index,
};
use sealwax_pki::Sct;
use sealwax_store::{LockStore, ObjectStore};
use sealwax_testkit::Authority;
use sealwax_tlog::{LogKey, SignedCheckpoint, TreeSize, tile::new_entry_bundles};
use serde_json::Value;
use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::task::JoinHandle;

pub(crate) const ORIGIN: &str = "ct.example/2026";

/// A log, its face, and the task that drives it.
pub(crate) struct World<S> {
    pub(crate) store: S,
    pub(crate) key: Arc<SigningKey>,
    pub(crate) authority: Authority,
    pub(crate) face: Arc<CtFace>,
    pub(crate) log: Log,
    pub(crate) task: JoinHandle<Result<(), EngineError>>,
}

/// A clock that goes on by itself, or stands where it was set.
pub(crate) enum Clock {
    Going,
    Set(Arc<AtomicU64>),
}

static NOW: AtomicU64 = AtomicU64::new(1_780_000_000_000);

impl Host for Clock {
    fn now_ms(&self) -> u64 {
        match self {
            Self::Going => NOW.fetch_add(1, Ordering::Relaxed),
            Self::Set(now) => now.load(Ordering::Relaxed),
        }
    }

    fn random(&self) -> [u8; 16] {
        u128::from(NOW.fetch_add(1, Ordering::Relaxed)).to_be_bytes()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(duration))
    }
}

impl<S: ObjectStore + LockStore + Clone + 'static> World<S> {
    pub(crate) async fn new(store: S) -> Self {
        let key = Arc::new(SigningKey::generate(KeyKind::EcdsaP256).unwrap());
        let signing = Signing::new(Kind::Certificate, ORIGIN, key.clone(), None).unwrap();
        engine::create(&store, &signing, &Clock::Going).await.unwrap();
        Self::open(store, key, authority(), QueueLimits::default()).await
    }

    pub(crate) async fn open(
        store: S,
        key: Arc<SigningKey>,
        authority: Authority,
        queue: QueueLimits,
    ) -> Self {
        let face = CtFace::new(key.clone(), roots(&authority), NotAfterWindow::default()).unwrap();
        let (log, sequencer) = open_engine(store.clone(), &key, queue, Clock::Going).await;
        Self { store, key, authority, face: Arc::new(face), log, task: tokio::spawn(sequencer.run()) }
    }

    /// As after a restart, with nothing remembered.
    pub(crate) async fn restarted(self) -> Self {
        self.log.stop();
        self.task.await.unwrap().unwrap();
        Self::open(self.store, self.key, self.authority, QueueLimits::default()).await
    }

    pub(crate) async fn pre(&self, chain: &[Vec<u8>]) -> Response<Bytes> {
        add_pre_chain(&self.log, &self.face, &body(chain)).await
    }

    pub(crate) async fn add(&self, chain: &[Vec<u8>]) -> Response<Bytes> {
        add_chain(&self.log, &self.face, &body(chain)).await
    }
}

pub(crate) async fn open_engine<S: ObjectStore + LockStore + 'static>(
    store: S,
    key: &Arc<SigningKey>,
    queue: QueueLimits,
    clock: Clock,
) -> (Log, Sequencer<S>) {
    let signing = Signing::new(Kind::Certificate, ORIGIN, key.clone(), None).unwrap();
    let config = Config { queue, ..Config::new(Kind::Certificate, Shape::Exclusive) };
    engine::open(store, config, signing, Arc::new(clock), Arc::default(), |_| Ok(Index::in_memory()))
        .await
        .unwrap()
}

pub(crate) fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build();
    runtime.unwrap().block_on(test);
}

/// Reads an answer as the client does.
pub(crate) fn sct(response: &Response<Bytes>) -> Sct {
    assert_eq!(response.status(), StatusCode::OK, "{:?}", response.body());
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    let json: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(json["sct_version"], 0);
    let bytes = |name: &str| base64::decode(json[name].as_str().unwrap()).unwrap();
    let signature = bytes("signature");
    let [hash_algorithm, signature_algorithm, high, low, ..] = signature[..] else { panic!("{json}") };
    assert_eq!(usize::from(u16::from_be_bytes([high, low])), signature.len() - 4);
    Sct {
        log_id: bytes("id").try_into().unwrap(),
        timestamp_ms: json["timestamp"].as_u64().unwrap(),
        extensions: bytes("extensions"),
        hash_algorithm,
        signature_algorithm,
        signature: signature[4..].to_vec(),
    }
}

pub(crate) fn place(sct: &Sct) -> (u64, u64) {
    (sct.leaf_index().unwrap(), sct.timestamp_ms)
}

#[track_caller]
pub(crate) fn refused(response: &Response<Bytes>, status: StatusCode, words: &str) {
    let text = std::str::from_utf8(response.body()).unwrap();
    assert_eq!(response.status(), status, "{text}");
    assert!(text.contains(words), "{text}");
}

/// Reads all leaves as a monitor does.
pub(crate) async fn check_published(log: &Log, key: &SigningKey, size: u64) {
    let published = log.published().unwrap();
    let note = SignedCheckpoint::parse(std::str::from_utf8(&published.note).unwrap()).unwrap();
    let log_key = LogKey::certificate_log(ORIGIN, key.public_key().clone()).unwrap();
    let checkpoint = log_key.verify(&note).unwrap();
    assert_eq!(checkpoint.size().0, size);
    let (mut tree, mut last) = (Vec::new(), 0);
    for bundle in new_entry_bundles(TreeSize(0), TreeSize(size)) {
        let tile = log.entries(bundle).await.unwrap().unwrap();
        for leaf in leaves(&tile) {
            let leaf = leaf.unwrap();
            assert_eq!(leaf.leaf_index, tree.len() as u64);
            assert!(leaf.timestamp >= last);
            last = leaf.timestamp;
            for fingerprint in leaf.chain {
                let name = fingerprint.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
                let issuer = log.object(&format!("issuer/{name}")).await.unwrap().unwrap();
                assert_eq!(sha256(&issuer), *fingerprint);
            }
            tree.push(leaf.leaf_hash());
        }
    }
    assert_eq!(root(&tree), *checkpoint.root());
    assert!(last <= checkpoint.timestamp_ms().unwrap());
}

/// RFC 6962 section 2.1, as it stands there.
fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            sealwax_tlog::node_hash(&root(left), &root(right))
        }
    }
}
