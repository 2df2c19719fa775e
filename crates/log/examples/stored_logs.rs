//! Writes small logs in the format of today, for `tests/formats` to read for ever: run it before the format changes.
//!
//! ```text
//! cargo run -p sealwax-log --example stored_logs -- DIRECTORY
//! ```
//!
//! `signature` and `certificate` have 300 entries: 270 are settled and in the index, and the write-ahead file has a batch for
//! each of the others, as after a kill. `frozen` has three, two signatures on its checkpoint, and was stopped in order.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "an example, for tests")]

use std::future::Future;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use sealwax_crypto::{HashAlgorithm, KeyKind, Message, Scheme, SigningKey, base64, hex, sha256};
use sealwax_log::ct::leaf;
use sealwax_log::engine::{self, Body, Config, EngineError, Host, Shape, Signing};
use sealwax_log::index::{Index, Options as IndexOptions, Work};
use sealwax_log::metrics::Metrics;
use sealwax_log::rekor::{CreateEntryRequest, ValidEntry};
use sealwax_log::{Kind, Log, Submission};
use sealwax_signer::{Signer, file};
use sealwax_store::directory::{Directory, Options};
use sealwax_store::disk::Os;
use tokio::task::JoinHandle;

const ORIGIN: &str = "log.example";
const SETTLED: u64 = 270;
const ENTRIES: u64 = 300;

fn main() {
    let Some(directory) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: stored_logs DIRECTORY");
        std::process::exit(2);
    };
    std::fs::create_dir_all(&directory).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        killed(&directory.join("signature"), Kind::Signature).await;
        killed(&directory.join("certificate"), Kind::Certificate).await;
        frozen(&directory.join("frozen")).await;
    });
}

/// Stopped in order once, and then killed.
async fn killed(place: &Path, kind: Kind) {
    let made = Made::new(place, kind, false).await;
    let (log, running) = made.open().await;
    if kind == Kind::Certificate {
        log.keep_object(&format!("issuer/{}", hex(&sha256(ISSUER))), ISSUER).await.unwrap();
    }
    for number in 0..SETTLED {
        log.add(submission(kind, number)).await.unwrap();
    }
    log.stop();
    running.await.unwrap().unwrap();
    // It holds the store open.
    drop(log);

    let (log, running) = made.open().await;
    for number in SETTLED..ENTRIES {
        log.add(submission(kind, number)).await.unwrap();
    }
    running.abort();
    let _ = running.await;
}

async fn frozen(place: &Path) {
    let made = Made::new(place, Kind::Signature, true).await;
    let (log, running) = made.open().await;
    for number in 0..3 {
        log.add(submission(Kind::Signature, number)).await.unwrap();
    }
    log.freeze();
    log.stop();
    running.await.unwrap().unwrap();
}

struct Made<'a> {
    place: &'a Path,
    kind: Kind,
    signing: Signing,
}

impl<'a> Made<'a> {
    /// An empty log, with its keys beside it as `sealwax log new` puts them.
    async fn new(place: &'a Path, kind: Kind, second: bool) -> Self {
        std::fs::create_dir(place).unwrap();
        let key = |name: &str, kind| -> Arc<dyn Signer> {
            Arc::new(file::create(&place.join(name), kind).unwrap())
        };
        let first = match kind {
            Kind::Signature => key("key.pem", KeyKind::Ed25519),
            Kind::Certificate => key("key.pem", KeyKind::EcdsaP256),
        };
        let second = second.then(|| key("key-2.pem", KeyKind::MlDsa44));
        let made = Self { place, kind, signing: Signing::new(kind, ORIGIN, first, second).unwrap() };
        engine::create(&made.store(), &made.signing, &Clock).await.unwrap();
        made
    }

    /// As a server opens it, but for sizes that keep the files small.
    fn store(&self) -> Directory<Os> {
        let options = Options { background: false, reserve_bytes: 4096, ..Options::default() };
        Directory::open(Os::new(self.place).unwrap(), &options).unwrap()
    }

    async fn open(&self) -> (Log, JoinHandle<Result<(), EngineError>>) {
        let config = Config::new(self.kind, Shape::Exclusive);
        let index = |size| {
            let chunk_leaves = NonZeroUsize::new(64).unwrap();
            Index::open(
                &self.place.join("index"),
                size,
                IndexOptions { chunk_leaves, work: Work::Inline, ..IndexOptions::default() },
            )
        };
        let (signing, metrics) = (self.signing.clone(), Arc::new(Metrics::default()));
        let open = engine::open(self.store(), config, signing, Arc::new(Clock), metrics, index).await;
        let (log, sequencer) = open.unwrap();
        (log, tokio::spawn(sequencer.run()))
    }
}

/// What every chain of the certificate log names.
const ISSUER: &[u8] = b"not an issuer's certificate";

/// Entry `number` of a log of this kind. `tests/formats` makes the certificate log's again.
fn submission(kind: Kind, number: u64) -> Submission {
    match kind {
        Kind::Signature => {
            let request = CreateEntryRequest::from_json(request(number).as_bytes()).unwrap();
            ValidEntry::check(&request).unwrap().submission()
        }
        Kind::Certificate => {
            let certificate = format!("not a certificate, number {number}").into_bytes();
            let length = u32::try_from(certificate.len()).unwrap().to_be_bytes();
            // x509_entry, opaque ASN.1Cert<1..2^24-1>; then a chain of one fingerprint.
            let entry = Bytes::from([&[0, 0], &length[1..], &certificate].concat());
            let extra = Bytes::from([&[0, 32][..], &sha256(ISSUER)].concat());
            Submission { identity: leaf::identity(&entry), body: Body::Certificate { entry, extra } }
        }
    }
}

/// As a client makes it, over the digest of the number.
fn request(number: u64) -> String {
    static KEY: std::sync::LazyLock<SigningKey> =
        std::sync::LazyLock::new(|| SigningKey::generate(KeyKind::EcdsaP256).unwrap());
    let artifact = number.to_be_bytes();
    let signature = KEY.sign(Scheme::Ecdsa(HashAlgorithm::Sha256), Message::Bytes(&artifact)).unwrap();
    let (digest, signature) = (base64::encode(&sha256(&artifact)), base64::encode(&signature));
    let key = base64::encode(KEY.public_key().spki_der());
    format!(
        r#"{{"hashedRekordRequestV002":{{"digest":"{digest}","signature":{{"content":"{signature}","verifier":{{"publicKey":{{"rawBytes":"{key}"}},"keyDetails":"PKIX_ECDSA_P256_SHA_256"}}}}}}}}"#
    )
}

/// A clock that goes on by itself.
struct Clock;

impl Host for Clock {
    fn now_ms(&self) -> u64 {
        static NOW: AtomicU64 = AtomicU64::new(1_780_000_000_000);
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
