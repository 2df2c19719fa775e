//! What a time stamp costs, beside the bare ECDSA signature that is in it.
//!
//! ```text
//! cargo bench -p sealwax-tsa
//! ```
//!
//! A stamp is a request in DER (or JSON) read, the clocks, the token, the signature; without HTTP. Batches of all alternate,
//! so that a busy machine slows all of them; the figures are medians, in one thread.
#![allow(clippy::disallowed_methods, reason = "a bench has a clock")]
#![allow(clippy::print_stdout, reason = "a bench has a reader")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench may panic")]

use sealwax_crypto::{HashAlgorithm, KeyKind, Message, Scheme, SigningKey, base64, digest};
use sealwax_pki::{Nonce, TimestampRequest};
use sealwax_tsa::{
    Credentials, Embedded, LastStamp, Settings, Subject, TimestampAuthority,
    clock::{Clock, Reading},
    issue_leaf, issue_root, request,
};
use std::{
    hint::black_box,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

/// Stamps of a batch, and batches. A batch is shorter than what a scheduler gives at once, so that on a busy machine most are not
/// interrupted.
const BATCH: u32 = 8;
const BATCHES: usize = 600;

fn main() {
    // As one of all targets of `cargo test` this only has to work.
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let batches = if is_bench { BATCHES } else { 2 };
    let directory = std::env::temp_dir().join(format!("sealwax-tsa-bench-{}", std::process::id()));
    println!("key            signature   stamp (DER)  stamp (JSON)      over the signature");
    for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384] {
        compare(kind, &directory.join(kind.to_string()), batches);
    }
    std::fs::remove_dir_all(directory).unwrap();
}

fn compare(kind: KeyKind, directory: &Path, batches: usize) {
    let key = Arc::new(SigningKey::generate(kind).unwrap());
    let authority = authority(&key, directory);
    let hash = if kind == KeyKind::EcdsaP256 { HashAlgorithm::Sha256 } else { HashAlgorithm::Sha384 };
    let message = [0x5a; 200]; // about what the signed attributes have
    let imprint = digest(HashAlgorithm::Sha256, b"message");
    let mut wanted = TimestampRequest::new(imprint);
    (wanted.nonce, wanted.certificates) = (Some(Nonce::new(&[1; 8]).unwrap()), true);
    let der = wanted.to_der();
    let json = format!(
        r#"{{"artifactHash":"{}","certificates":true,"hashAlgorithm":"sha256","nonce":72340172838076673}}"#,
        base64::encode(imprint.as_bytes())
    );

    let mut times = [const { Vec::new() }; 3];
    for _ in 0..batches {
        times[0].push(timed(|| key.sign(Scheme::Ecdsa(hash), Message::Bytes(&message)).unwrap()));
        times[1].push(timed(|| authority.stamp(&TimestampRequest::from_der(&der).unwrap()).unwrap()));
        times[2].push(timed(|| authority.stamp(&request::from_json(json.as_bytes()).unwrap()).unwrap()));
    }
    let [bare, der, json] = times.map(median);
    let over = der.saturating_sub(bare);
    println!("{:<12} {bare:>11.2?} {der:>13.2?} {json:>13.2?} {over:>23.2?}", kind.to_string());
}

fn authority(key: &Arc<SigningKey>, directory: &Path) -> TimestampAuthority {
    let now = Reading::take();
    let year = Duration::from_secs(365 * 86_400);
    let subject = |common_name| Subject {
        organization: "sealwax.test",
        common_name,
        not_before: now.wall,
        not_after: now.wall + year,
    };
    let root_key = SigningKey::generate(KeyKind::EcdsaP384).unwrap();
    let root = issue_root(&root_key, subject("root")).unwrap();
    let leaf = issue_leaf(&root_key, &root, key.public_key(), subject("tsa")).unwrap();
    let credentials = Credentials::new(Arc::clone(key) as _, vec![leaf, root], Embedded::Leaf).unwrap();
    let last = LastStamp::open(directory).unwrap();
    TimestampAuthority::new(credentials, Clock::new(None, now, last.stored()), last, Settings::default())
}

/// The time of one, of a batch.
fn timed<T>(mut work: impl FnMut() -> T) -> Duration {
    let start = Instant::now();
    for _ in 0..BATCH {
        black_box(work());
    }
    start.elapsed() / BATCH
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
