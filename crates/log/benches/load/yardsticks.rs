//! What the cost of an entry is compared with: a flush of the disk, and the one signature that must be verified.

use std::fs::{self, OpenOptions};
use std::hint::black_box;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Instant;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ParsedPublicKey};
use sealwax_crypto::KeyKind;
use sealwax_testkit::Signer;
use serde_json::{Value, json};

/// The file that is written to is so large: nothing is allocated while time is taken.
const FILE_BYTES: usize = 64 << 20;

/// Appends `bytes` to a file whose blocks are allocated and written, and flushes its data, `count` times.
pub(crate) fn flush(directory: &Path, bytes: usize, count: usize) -> Value {
    let path = directory.join("flush");
    fs::create_dir_all(directory).unwrap();
    fs::write(&path, vec![0x5a; FILE_BYTES]).unwrap();
    let mut file = OpenOptions::new().write(true).open(&path).unwrap();
    file.sync_all().unwrap();
    let batch = vec![0xa5; bytes];
    let mut microseconds: Vec<f64> = (0..count)
        .map(|number| {
            if number % (FILE_BYTES / bytes) == 0 {
                file.seek(SeekFrom::Start(0)).unwrap();
            }
            let start = Instant::now();
            file.write_all(&batch).unwrap();
            file.sync_data().unwrap();
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    fs::remove_file(&path).unwrap();
    microseconds.sort_by(f64::total_cmp);
    json!({"bytes": bytes, "us": {"p50": microseconds[count / 2], "p99": microseconds[count * 99 / 100]}})
}

/// Verifies `count` signatures of as many P-256 keys, each decoded from its SPKI: what no server of such entries can avoid.
pub(crate) fn bare(count: usize) -> Value {
    let material: Vec<_> = (0..count)
        .map(|_| {
            let signer = Signer::generate(KeyKind::EcdsaP256);
            let signature = signer.sign(signer.spki());
            (signer.spki().to_vec(), signature)
        })
        .collect();
    let start = Instant::now();
    for (spki, signature) in &material {
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, spki).unwrap();
        black_box(key.verify_sig(spki, signature)).unwrap();
    }
    json!({"verifications": count, "us": start.elapsed().as_secs_f64() * 1e6 / count as f64})
}
