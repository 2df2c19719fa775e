//! What a certificate costs, beside the bare cryptography that is in it.
//!
//! ```text
//! cargo bench -p sealwax-ca
//! ```
//!
//! A certificate is a body in JSON read, the token, the proof or the certificate request, precertificate, SCT, certificate, and
//! the answer written; without HTTP, and with a log that signs and keeps nothing. Batches of all alternate, so that a busy machine slows
//! all of them; the figures are medians, in one thread.
#![allow(clippy::disallowed_methods, reason = "a bench has a clock")]
#![allow(clippy::print_stdout, reason = "a bench has a reader")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench may panic")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::service::{base64url, body, rs256_service_of};
use common::{der, key, now, scheme};
use sealwax_ca::Service;
use sealwax_ca::api::{SigningRequest, message};
use sealwax_crypto::{HashAlgorithm, KeyKind, Message, PublicKey, Scheme, SigningKey, base64, pem};

/// Certificates of a batch, and batches. A batch is shorter than what a scheduler gives at once, so that on a busy machine most
/// are not interrupted.
const BATCH: u32 = 4;
const BATCHES: usize = 800;

/// RSA with the smallest size that is made here. Those of the big providers have 2,048 bits, and cost half as much.
const ISSUER_KEY: KeyKind = KeyKind::Rsa { bits: 3072 };

const RS256: Scheme = Scheme::RsaPkcs1(HashAlgorithm::Sha256);

fn main() {
    // As one of all targets of `cargo test` this only has to work.
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let batches = if is_bench { BATCHES } else { 2 };
    println!("authority      cryptography  with a proof  with a request    over the cryptography");
    for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384] {
        compare(kind, batches);
    }
}

fn compare(kind: KeyKind, batches: usize) {
    let (issuer, client) = (key(ISSUER_KEY), key(KeyKind::EcdsaP256));
    let service = rs256_service_of(issuer.public_key(), kind);
    let token = token(&issuer);
    let with_proof = body(&token, &client, "ann@a.example");
    let request = pem::encode("CERTIFICATE REQUEST", &der::request(&client, scheme(&client)));
    let with_request = format!(
        r#"{{"credentials":{{"oidcIdentityToken":"{token}"}},"certificateSigningRequest":"{}"}}"#,
        base64::encode(request.as_bytes())
    );
    let bare = Bare::new(&issuer, kind);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();

    let mut times = [const { Vec::new() }; 3];
    for _ in 0..batches {
        times[0].push(timed(|| bare.work()));
        times[1].push(timed(|| runtime.block_on(certify(&service, &with_proof))));
        times[2].push(timed(|| runtime.block_on(certify(&service, &with_request))));
    }
    let [bare, proof, request] = times.map(median);
    let over = ((proof + request) / 2).saturating_sub(bare);
    println!("{:<12} {bare:>14.1?} {proof:>13.1?} {request:>15.1?} {over:>24.1?}", kind.to_string());
}

async fn certify(service: &Arc<Service>, body: &str) -> String {
    let request = SigningRequest::from_json(body.as_bytes(), None);
    message::SigningCertificate::of(&service.certify(request, None).await.unwrap()).to_json()
}

fn token(issuer: &SigningKey) -> String {
    let claims = format!(
        r#"{{"iss":"{}","aud":"sigstore","sub":"7","email":"ann@a.example","email_verified":true,"exp":{}}}"#,
        common::ISSUER,
        now().as_second() + 60
    );
    let signed = format!("{}.{}", base64url(br#"{"alg":"RS256"}"#), base64url(claims.as_bytes()));
    let signature = issuer.sign(RS256, Message::Bytes(signed.as_bytes())).unwrap();
    format!("{signed}.{}", base64url(&signature))
}

/// Three messages of the lengths that are signed: a token, a challenge, a TBSCertificate.
const LENGTHS: [usize; 3] = [300, 15, 600];

/// Keys and signatures of one certificate.
struct Bare {
    issuer: (PublicKey, Vec<u8>),
    /// The client's key is read, since each has another.
    client: (Vec<u8>, Vec<u8>),
    authority: SigningKey,
    log: SigningKey,
}

impl Bare {
    fn new(issuer: &SigningKey, kind: KeyKind) -> Self {
        let client = key(KeyKind::EcdsaP256);
        let [token, challenge, _] = LENGTHS.map(|length| vec![0x5a; length]);
        Self {
            issuer: (issuer.public_key().clone(), issuer.sign(RS256, Message::Bytes(&token)).unwrap()),
            client: (
                client.public_key().spki_der().to_vec(),
                client.sign(scheme(&client), Message::Bytes(&challenge)).unwrap(),
            ),
            authority: key(kind),
            log: key(KeyKind::EcdsaP256),
        }
    }

    fn work(&self) {
        let [token, challenge, tbs] = LENGTHS.map(|length| [0x5a; 600][..length].to_vec());
        self.issuer.0.verify(RS256, Message::Bytes(&token), &self.issuer.1).unwrap();
        let client = PublicKey::from_spki_der(&self.client.0).unwrap();
        client.verify(client.default_schemes()[0], Message::Bytes(&challenge), &self.client.1).unwrap();
        let sign = |key: &SigningKey| key.sign(scheme(key), Message::Bytes(&tbs)).unwrap();
        let (precertificate, sct, certificate) =
            (sign(&self.authority), sign(&self.log), sign(&self.authority));
        self.log.public_key().verify(scheme(&self.log), Message::Bytes(&tbs), &sct).unwrap();
        black_box((precertificate, certificate));
    }
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
