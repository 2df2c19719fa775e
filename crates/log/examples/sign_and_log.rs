//! Signs something, logs the signature in a running log, and writes what a verifier wants: artifact, bundle, trusted root.
//!
//! ```text
//! cargo run -p sealwax-log --example sign_and_log -- http://127.0.0.1:3000 VKEY DIRECTORY
//! sealwax verify DIRECTORY/artifact --trusted-root DIRECTORY/trusted_root.json --identity … --issuer …
//! ```
//!
//! Certificate authority, certificate log and timestamp authority are the testkit's; the signature log is the running one,
//! whose verifier key `sealwax log new` printed. Identity and issuer stand in `DIRECTORY/identity` and `DIRECTORY/issuer`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "an example, for tests"
)]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use jiff::Timestamp;
use sealwax_testkit::{Instance, SignOptions, base64};
use sealwax_tlog::{LogKey, VerifierKey};
use serde_json::{Value, json};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, key, directory] = arguments.as_slice() else { panic!("URL VKEY DIRECTORY") };
    let key =
        LogKey::from_verifier_key(VerifierKey::parse(key).expect("a verifier key")).expect("a log's key");
    let directory = Path::new(directory);
    fs::create_dir_all(directory).unwrap();

    let instance = Instance::usual();
    let made = instance.sign_message(b"hello, log\n", &SignOptions::rekor_v2().signed_at(Timestamp::now()));
    let mut bundle = made.bundle;
    bundle["verificationMaterial"]["tlogEntries"] = json!([add(url, &bundle)]);

    fs::write(directory.join("artifact"), made.artifact).unwrap();
    fs::write(directory.join("artifact.sigstore.json"), bundle.to_string()).unwrap();
    fs::write(directory.join("trusted_root.json"), trusted_root(&instance, &key).to_string()).unwrap();
    fs::write(directory.join("identity"), made.identity.unwrap()).unwrap();
    fs::write(directory.join("issuer"), made.issuer.unwrap()).unwrap();
}

/// Adds the signature of the bundle to the log: the entry as the log answers it.
fn add(url: &str, bundle: &Value) -> Value {
    let signed = &bundle["messageSignature"];
    let request = json!({"hashedRekordRequestV002": {
        "digest": signed["messageDigest"]["digest"],
        "signature": {
            "content": signed["signature"],
            "verifier": {
                "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                "x509Certificate": {"rawBytes": bundle["verificationMaterial"]["certificate"]["rawBytes"]},
            },
        },
    }})
    .to_string();
    let mut stream = TcpStream::connect(url.trim_start_matches("http://").trim_end_matches('/')).unwrap();
    // HTTP/1.0: no chunks, and the end of the stream is the end of the reply.
    let length = request.len();
    write!(stream, "POST /api/v2/log/entries HTTP/1.0\r\nHost: log.example\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{request}").unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").expect("a reply");
    assert!(head.contains(" 201 "), "{reply}");
    serde_json::from_str(body).unwrap()
}

/// The instance's, with this log in place of its own. Clients take the host of the URL for the log's origin.
fn trusted_root(instance: &Instance, key: &LogKey) -> Value {
    let mut root = instance.trusted_root();
    let key_details = match key.public_key().kind() {
        sealwax_crypto::KeyKind::Ed25519 => "PKIX_ED25519",
        _ => "PKIX_ECDSA_P256_SHA_256",
    };
    root["tlogs"] = json!([{
        "baseUrl": format!("https://{}", key.name().expect("an origin")),
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": base64(key.public_key().spki_der()),
            "keyDetails": key_details,
            "validFor": {"start": "2025-01-01T00:00:00Z"},
        },
        "logId": {"keyId": base64(key.id())},
    }]);
    root
}
