//! Requests, made before anything is measured. No two are alike: each has a key, and an artifact or certificate, of its own.

use std::fs;
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};

use sealwax_crypto::KeyKind;
use sealwax_testkit::{Authority, AuthorityOptions, Signer, base64, der};
use serde_json::{Value, json};

use crate::certificates;
use crate::requests::Writer;

/// So many requests are made by a thread at a time.
const AT_A_TIME: usize = 256;

/// Adds of one kind.
pub(crate) fn adds(kind: &str, count: usize, file: &Path) -> Value {
    let curve = if kind == "chains-p256" { KeyKind::EcdsaP256 } else { KeyKind::EcdsaP384 };
    let authority = AuthorityOptions::default().keys(&[curve, curve]).build();
    let make: fn(&Authority) -> Vec<u8> = match kind {
        "keys" => |_| hashedrekord(None),
        "certificates" => |authority| hashedrekord(Some(authority)),
        "chains" | "chains-p256" => {
            fs::write(file.with_extension("roots.pem"), der::pem("CERTIFICATE", &authority.chain[0].der))
                .unwrap();
            precertificate_chain
        }
        other => panic!("keys, certificates, chains or chains-p256, not {other:?}"),
    };
    write(count, file, || make(&authority))
}

/// Writes `count` requests that are made by all cores.
pub(crate) fn write(count: usize, file: &Path, make: impl Fn() -> Vec<u8> + Sync) -> Value {
    let mut writer = Writer::create(file);
    let mut bytes = 0;
    std::thread::scope(|scope| {
        let cores = std::thread::available_parallelism().unwrap().get();
        let batches: Vec<Receiver<Vec<Vec<u8>>>> = (0..cores)
            .map(|_| {
                let (sender, receiver) = sync_channel(4);
                let make = &make;
                // Ends when the receiver is gone.
                scope.spawn(move || while sender.send((0..AT_A_TIME).map(|_| make()).collect()).is_ok() {});
                receiver
            })
            .collect();
        let made = batches.iter().cycle().flat_map(|batch| batch.recv().unwrap());
        for request in made.take(count) {
            bytes += request.len();
            writer.put(&request);
        }
    });
    writer.finish();
    json!({"requests": count, "bytes_per_request": bytes / count.max(1)})
}

/// `hashedRekordRequestV002` with a bare key, or with a certificate for it.
fn hashedrekord(authority: Option<&Authority>) -> Vec<u8> {
    let signer = Signer::generate(KeyKind::EcdsaP256);
    // The key is fresh, so its encoding is as good an artifact as any, and nobody else's.
    let artifact = signer.spki();
    let (member, raw) = match authority {
        None => ("publicKey", signer.spki().to_vec()),
        Some(authority) => ("x509Certificate", certificates::leaf(authority, signer.spki())),
    };
    let body = json!({"hashedRekordRequestV002": {
        "digest": base64(sealwax_crypto::sha256(artifact)),
        "signature": {
            "content": base64(signer.sign(artifact)),
            "verifier": {"keyDetails": signer.key_details(), member: {"rawBytes": base64(raw)}},
        },
    }});
    post("/api/v2/log/entries", &body)
}

fn precertificate_chain(authority: &Authority) -> Vec<u8> {
    let signer = Signer::generate(KeyKind::EcdsaP256);
    let mut chain = vec![base64(certificates::precertificate(authority, signer.spki()))];
    chain.extend(authority.certificates_above_leaf().iter().map(base64));
    post("/ct/v1/add-pre-chain", &json!({"chain": chain}))
}

/// A whole request with JSON.
pub(crate) fn post(path: &str, body: &Value) -> Vec<u8> {
    post_bytes(path, "application/json", body.to_string().as_bytes())
}

/// A whole request with anything.
pub(crate) fn post_bytes(path: &str, media_type: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: log.example\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// Reads of full tiles and entry bundles of a directory.
pub(crate) fn reads(directory: &Path, count: usize, file: &Path) -> Value {
    let mut paths = Vec::new();
    find_full_tiles(&directory.join("tile"), "/tile", &mut paths);
    assert!(!paths.is_empty(), "no full tile under {}", directory.display());
    let mut writer = Writer::create(file);
    for number in 0..count {
        // A stride of the golden section visits all of them, in no order that a cache would like.
        let stride = (paths.len() as f64 * 0.618) as usize | 1;
        let path = &paths[number.wrapping_mul(stride) % paths.len()];
        writer.put(format!("GET {path} HTTP/1.1\r\nHost: log.example\r\n\r\n").as_bytes());
    }
    writer.finish();
    json!({"requests": count, "tiles": paths.len()})
}

fn find_full_tiles(directory: &Path, path: &str, found: &mut Vec<String>) {
    let mut names: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap()).collect();
    names.sort_by_key(fs::DirEntry::file_name);
    for entry in names {
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{path}/{name}");
        if entry.file_type().unwrap().is_file() {
            found.push(path);
        } else if !name.ends_with(".p") {
            find_full_tiles(&entry.path(), &path, found);
        }
    }
}
