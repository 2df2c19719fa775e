//! The API, request by request: what deployed clients send, and what they must not get.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::{Hands, Scratch, authority, credentials};
use jiff::SignedDuration;
use sealwax_crypto::{HashAlgorithm, KeyKind, Message, PublicKey, Scheme, SigningKey, digest};
use sealwax_pki::{
    Authority, Certificate, Nonce, ObjectIdentifier, SignatureMemo, TimestampRequest, TimestampToken,
};
use sealwax_server::{
    Bytes, Method, Request, Response, Router, ask, header,
    journal::{Format, Journal},
    metrics::Text,
};
use sealwax_signer::{Absent, Signer, SignerError};
use sealwax_tsa::{Credentials, Embedded, Metrics, Settings, StampResult, TimestampAuthority, mount, router};
use std::{
    sync::{Arc, Barrier, Mutex},
    time::Duration,
};

const MESSAGE: &[u8] = b"message";
const QUERY: &str = "application/timestamp-query";
const JSON: &str = "application/json";

struct World {
    _scratch: Scratch,
    hands: Hands,
    authority: Arc<TimestampAuthority>,
    metrics: Arc<Metrics>,
    router: Router,
}

fn world() -> World {
    world_of(credentials(KeyKind::EcdsaP256))
}

fn world_of(credentials: Credentials) -> World {
    let (scratch, hands, metrics) = (Scratch::new(), Hands::new(), Arc::<Metrics>::default());
    let authority = Arc::new(authority(credentials, &scratch, &hands, None, Settings::default()));
    let router = router(Arc::clone(&authority), Arc::clone(&metrics));
    World { _scratch: scratch, hands, authority, metrics, router }
}

impl World {
    async fn post(&self, media_type: &str, body: impl Into<Bytes>) -> Response<Bytes> {
        let request = Request::post("/api/v1/timestamp").header(header::CONTENT_TYPE, media_type);
        ask(&self.router, request.body(body.into()).unwrap()).await
    }

    async fn get(&self, path: &str) -> Response<Bytes> {
        ask(&self.router, Request::get(path).body(Bytes::new()).unwrap()).await
    }

    fn verified(&self, response: &Response<Bytes>) -> TimestampToken {
        assert_eq!(response.status(), 200, "{:?}", response.body());
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/timestamp-reply");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        let token = TimestampToken::from_response_der(response.body()).unwrap();
        let trusted = Authority::from_chain(self.authority.credentials().chain()).unwrap();
        token.verify(&trusted, MESSAGE, &SignatureMemo::default()).unwrap();
        token
    }
}

fn request() -> TimestampRequest {
    TimestampRequest::new(digest(HashAlgorithm::Sha256, MESSAGE))
}

fn json(further: &str) -> String {
    let hash = sealwax_crypto::base64::encode(digest(HashAlgorithm::Sha256, MESSAGE).as_bytes());
    format!(r#"{{"artifactHash":"{hash}","hashAlgorithm":"sha256"{further}}}"#)
}

/// The error as timestamp-authority's clients read it, and what RFC 3161 calls it.
#[track_caller]
fn refused(response: &Response<Bytes>, code: u16, info: &str) -> String {
    assert_eq!(response.status(), code, "{:?}", response.body());
    assert_eq!(response.headers()[header::CONTENT_TYPE], JSON);
    let error = sealwax_json::parse(response.body(), &sealwax_json::Limits::of_bytes(1 << 10)).unwrap();
    assert_eq!(error.member("code").unwrap().as_u64(), Some(u64::from(code)));
    assert_eq!(error.member("failInfo").unwrap().as_str(), Some(info));
    error.member("message").unwrap().as_str().unwrap().to_owned()
}

#[tokio::test]
async fn both_forms_are_answered() {
    let world = world();
    let nonce = Nonce::new(&[0x42; 8]).unwrap();
    let full = TimestampRequest { nonce: Some(nonce), certificates: true, ..request() };
    let token = world.verified(&world.post(QUERY, full.to_der()).await);
    assert_eq!(token.nonce(), Some(&[0x42; 8][..]));
    assert_eq!(token.certificates().count(), 1);
    for media_type in [JSON, "application/json; charset=utf-8", "Application/JSON"] {
        let token = world.verified(&world.post(media_type, json("")).await);
        assert_eq!((token.nonce(), token.certificates().count()), (None, 0));
    }
    let token = world.verified(&world.post(JSON, json(r#","certificates":true,"nonce":7"#)).await);
    assert_eq!((token.nonce(), token.certificates().count()), (Some(&[7][..]), 1));
    assert_eq!(world.metrics.requests.value(StampResult::Granted), 5);
}

#[tokio::test]
async fn bad_requests() {
    let world = world();
    let der = request().to_der();
    refused(&world.post(QUERY, der[1..].to_vec()).await, 400, "badDataFormat");
    refused(&world.post(QUERY, Bytes::new()).await, 400, "badDataFormat");
    refused(&world.post(JSON, der.clone()).await, 400, "badDataFormat");
    refused(&world.post(QUERY, json("")).await, 400, "badDataFormat");
    refused(&world.post(JSON, json(r#","nonce":1.5"#)).await, 400, "badDataFormat");
    refused(
        &world.post(JSON, json(&format!(r#","further":"{}""#, "x".repeat(1024)))).await,
        400,
        "badDataFormat",
    );
    refused(&world.post(JSON, json("").replace("sha256", "sha1")).await, 400, "badAlg");
    refused(&world.post(JSON, json("").replace("sha256", "sha512")).await, 400, "badDataFormat");
    let other = ObjectIdentifier::new_unwrap("1.2.3");
    let message = refused(
        &world.post(QUERY, TimestampRequest { policy: Some(other), ..request() }.to_der()).await,
        400,
        "unacceptedPolicy",
    );
    assert!(message.contains("1.2.3"), "{message}");
    for media_type in ["text/plain", "multipart/form-data; boundary=application/json", ""] {
        refused(&world.post(media_type, der.clone()).await, 415, "badRequest");
    }
    let none = Request::post("/api/v1/timestamp").body(Bytes::from(der)).unwrap();
    refused(&ask(&world.router, none).await, 415, "badRequest");
    refused(&world.post(QUERY, vec![0; 4097]).await, 413, "badDataFormat");
    assert_eq!(world.metrics.requests.value(StampResult::BadRequest), 13);
}

#[tokio::test]
async fn an_extension_is_refused() {
    let world = world();
    let mut der = request().to_der();
    // [0] { SEQUENCE { OID 1.2.3, OCTET STRING {} } }
    der.extend_from_slice(&[0xa0, 8, 0x30, 6, 6, 2, 0x2a, 3, 4, 0]);
    der[1] += 10;
    let message = refused(&world.post(QUERY, der).await, 400, "unacceptedExtension");
    assert!(message.contains("1.2.3"), "{message}");
}

#[tokio::test]
async fn the_chain_is_leaf_first() {
    let world = world();
    let response = world.get("/api/v1/timestamp/certchain").await;
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/pem-certificate-chain");
    let pem = std::str::from_utf8(response.body()).unwrap();
    assert_eq!(Certificate::list_from_pem(pem).unwrap(), world.authority.credentials().chain());
}

#[tokio::test]
async fn paths_and_methods() {
    let world = world();
    let ping = world.get("/ping").await;
    assert_eq!((ping.status().as_u16(), &ping.body()[..]), (200, &b"."[..]));
    assert_eq!(world.get("/healthz").await.status(), 200);
    for path in
        ["/", "/api/v1", "/api/v1/timestamp/", "/api/v1/timestamp/certchain/", "/ping/", "/pingx", "/metrics"]
    {
        assert_eq!(world.get(path).await.status(), 404, "{path}");
    }
    assert_eq!(world.get("/api/v1/timestamp").await.status(), 405);
    let post = Request::builder().method(Method::POST).uri("/api/v1/timestamp/certchain");
    assert_eq!(ask(&world.router, post.body(Bytes::new()).unwrap()).await.status(), 405);
    // Beside other services, below a path of its own.
    let inner = mount(Router::default(), Arc::clone(&world.authority), Arc::clone(&world.metrics));
    let outer = Router::default().with("/tsa", inner);
    for (path, status) in [("/tsa/ping", 200), ("/tsa/api/v1/timestamp/certchain", 200), ("/tsa/readyz", 404)]
    {
        let response = ask(&outer, Request::get(path).body(Bytes::new()).unwrap()).await;
        assert_eq!(response.status(), status, "{path}");
    }
}

#[tokio::test]
async fn a_clock_that_is_not_trusted_is_a_503_and_not_ready() {
    let world = world();
    assert_eq!(world.get("/readyz").await.status(), 200);
    world.hands.set(SignedDuration::from_secs(-7));
    let response = world.post(QUERY, request().to_der()).await;
    let message = refused(&response, 503, "timeNotAvailable");
    assert!(message.contains("-7.000 s"), "{message}");
    assert_eq!(response.headers()[header::RETRY_AFTER], "5");
    let ready = world.get("/readyz").await;
    assert_eq!(ready.status(), 503);
    assert!(std::str::from_utf8(ready.body()).unwrap().contains("-7.000 s"));
    assert_eq!(world.get("/healthz").await.status(), 200);
    assert_eq!(world.metrics.requests.value(StampResult::Clock), 1);
}

#[tokio::test]
async fn the_journal_hears_why_and_not_of_every_request() {
    let (scratch, hands) = (Scratch::new(), Hands::new());
    let (root_key, leaf_key) = (common::key(KeyKind::EcdsaP384), common::key(KeyKind::EcdsaP256));
    let chain = common::chain(&root_key, &leaf_key);
    let absent = Absent(leaf_key.public_key().clone());
    let credentials = Credentials::new(Arc::new(absent), chain, Embedded::Leaf).unwrap();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let journal = Journal::new({
        let lines = Arc::clone(&lines);
        move |event| lines.lock().unwrap().push(event.line(Format::Human, common::at(0)))
    });
    let settings = Settings { journal, ..Settings::default() };
    let authority = Arc::new(authority(credentials, &scratch, &hands, None, settings));
    let router = router(Arc::clone(&authority), Arc::default());
    let post = async |body: Vec<u8>| {
        let request = Request::post("/api/v1/timestamp").header(header::CONTENT_TYPE, QUERY);
        ask(&router, request.body(body.into()).unwrap()).await
    };
    for seconds in [0, 1, 10] {
        hands.pass(Duration::from_secs(seconds));
        let message = refused(&post(request().to_der()).await, 500, "systemFailure");
        assert!(!message.contains("not here"), "{message}");
        refused(&post(b"no request".to_vec()).await, 400, "badDataFormat");
    }
    let lines = lines.lock().unwrap();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines.iter().all(|line| line.contains("nothing is stamped") && line.contains("not here")));
}

#[tokio::test]
async fn what_is_counted() {
    let world = world();
    world.post(QUERY, request().to_der()).await;
    world.post(QUERY, Bytes::new()).await;
    let text = || {
        let mut text = Text::new("sealwax_tsa_");
        world.metrics.write(&mut text, &world.authority);
        text.finish()
    };
    let end = format!("sealwax_tsa_certificate_end_seconds {}", common::at(1800).as_second());
    for line in [
        "sealwax_tsa_requests_total{result=\"granted\"} 1",
        "sealwax_tsa_requests_total{result=\"bad_request\"} 1",
        "sealwax_tsa_requests_total{result=\"clock\"} 0",
        "sealwax_tsa_ready 1",
        &end,
    ] {
        assert!(text().lines().any(|found| found == line), "{line} is not in\n{}", text());
    }
    world.hands.set(SignedDuration::from_secs(60));
    assert!(text().contains("sealwax_tsa_ready 0\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crowd_at_the_turn_of_a_second() {
    let world = Arc::new(world());
    let mut crowd = Vec::new();
    for _ in 0..200 {
        let world = Arc::clone(&world);
        crowd.push(tokio::spawn(async move {
            world.hands.pass(Duration::from_millis(25));
            let response = world.post(QUERY, request().to_der()).await;
            world.verified(&response);
        }));
    }
    for one in crowd {
        one.await.unwrap();
    }
    assert_eq!(world.metrics.requests.value(StampResult::Granted), 200);
}

/// A key that lives elsewhere: it signs once two others wait for it too.
struct Elsewhere(SigningKey, Barrier);

impl Signer for Elsewhere {
    fn public_key(&self) -> &PublicKey {
        self.0.public_key()
    }

    fn sign(&self, scheme: Scheme, message: Message<'_>) -> Result<Vec<u8>, SignerError> {
        self.1.wait();
        Signer::sign(&self.0, scheme, message)
    }
}

#[tokio::test]
async fn a_key_that_lives_elsewhere_stops_nobody() {
    let root_key = common::key(KeyKind::EcdsaP256);
    let key = SigningKey::generate(KeyKind::EcdsaP256).unwrap();
    let chain = common::chain(&root_key, &key);
    let signer = Arc::new(Elsewhere(key, Barrier::new(3)));
    let world = world_of(Credentials::new(signer, chain, Embedded::Leaf).unwrap());
    // On the one thread of this test each of them waits for the others.
    let post = || world.post(QUERY, request().to_der());
    let (one, two, three) = tokio::join!(post(), post(), post());
    for response in [one, two, three] {
        world.verified(&response);
    }
}
