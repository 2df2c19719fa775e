//! The whole service over its API, with a provider on this machine.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::service::{body, post, providers, service};
use common::{Behaviour, key, now};
use sealwax_ca::{
    Audit, Event, HttpProviders, NotRecorded, ProviderError, Providers, Service, Wanted, mount,
};
use sealwax_crypto::{KeyKind, Message, base64, pem};
use sealwax_oidc::Configuration;
use sealwax_pki::Certificate;
use sealwax_server::{Bytes, Request, Response, Router, StatusCode, ask};
use std::sync::{Arc, Mutex};

async fn read(service: &Arc<Service>, path: &str) -> Response<Bytes> {
    ask(&mount(Router::default(), service), Request::get(path).body(Bytes::new()).unwrap()).await
}

fn certificates(text: &str) -> Vec<Certificate> {
    let blocks = pem::decode_all(&text.replace("\\n", "\n")).unwrap();
    blocks.iter().map(|block| Certificate::from_der(&block.der).unwrap()).collect()
}

#[tokio::test]
async fn a_certificate_over_the_api() {
    let rotating = providers(false);
    let service = service(rotating.clone(), Behaviour::Honest);
    let client = key(KeyKind::EcdsaP256);
    let answer =
        post(&service, "/api/v2/signingCert", body(&rotating.token(0), &client, "ann@a.example")).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let text = std::str::from_utf8(answer.body()).unwrap().to_owned();
    assert!(text.starts_with(r#"{"signedCertificateEmbeddedSct":{"chain":{"certificates":["-----BEGIN"#));
    let chain = certificates(&text);
    assert_eq!(chain.len(), 3);
    assert_eq!(chain[0].public_key().unwrap(), client.public_key());
    assert_eq!(chain[0].subject_alternative_names()[0].identity(), Some("ann@a.example"));
    assert_eq!(*rotating.asked.lock().unwrap(), [Wanted::Known]);

    let trust = read(&service, "/api/v2/trustBundle").await;
    assert_eq!(certificates(std::str::from_utf8(trust.body()).unwrap()), chain[1..]);
    let root = read(&service, "/api/v1/rootCert").await;
    assert_eq!(root.headers()["content-type"], "application/pem-certificate-chain");
    assert_eq!(certificates(std::str::from_utf8(root.body()).unwrap()), chain[1..]);
    assert_eq!(read(&service, "/api/v2/trustBundle/").await.status(), StatusCode::NOT_FOUND);

    // Version 1: the token in the header, 201, PEM.
    let proof = client.sign(common::scheme(&client), Message::Bytes(b"ann@a.example")).unwrap();
    let (content, proof) = (base64::encode(client.public_key().spki_der()), base64::encode(&proof));
    let body = format!(r#"{{"publicKey":{{"content":"{content}"}},"signedEmailAddress":"{proof}"}}"#);
    let request = Request::post("/api/v1/signingCert")
        .header("Authorization", format!("Bearer {}", rotating.token(0)))
        .body(Bytes::from(body))
        .unwrap();
    let answer = ask(&mount(Router::default(), &service), request).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    assert_eq!(certificates(std::str::from_utf8(answer.body()).unwrap()).len(), 3);
}

#[tokio::test]
async fn a_new_key_is_fetched_once() {
    let rotating = providers(false);
    let service = service(rotating.clone(), Behaviour::Honest);
    let client = key(KeyKind::EcdsaP256);
    let answer =
        post(&service, "/api/v2/signingCert", body(&rotating.token(1), &client, "ann@a.example")).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(*rotating.asked.lock().unwrap(), [Wanted::Known, Wanted::Newer]);
    let answer =
        post(&service, "/api/v2/signingCert", body(&rotating.token(2), &client, "ann@a.example")).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert!(std::str::from_utf8(answer.body()).unwrap().contains("the issuer has no key"));
}

#[tokio::test]
async fn refusals() {
    let rotating = providers(false);
    let honest = service(rotating.clone(), Behaviour::Honest);
    let client = key(KeyKind::EcdsaP256);
    let check = async |service: &Arc<Service>, body: String, status: StatusCode, words: &str| {
        let answer = post(service, "/api/v2/signingCert", body).await;
        let text = std::str::from_utf8(answer.body()).unwrap().to_owned();
        assert_eq!(answer.status(), status, "{text}");
        assert!(text.contains(words), "{text}");
    };
    let bad = StatusCode::BAD_REQUEST;
    check(&honest, "{}".to_owned(), bad, "invalid request").await;
    check(&honest, body("a.b", &client, "x"), bad, "There was an error processing the identity token").await;
    let token = rotating.token(0);
    check(&honest, body(&token, &client, "7"), bad, "The signature supplied in the request").await;
    let weak = body(&token, &client, "ann@a.example").replace("PUBLIC KEY", "PRIVATE KEY");
    check(&honest, weak, bad, "The public key supplied in the request could not be parsed").await;
    let lying = service(rotating.clone(), Behaviour::WrongKey);
    let good = body(&token, &client, "ann@a.example");
    // Which log, and how it lies, is nobody's business.
    let fault = r#""message":"Error entering certificate in CTL""#;
    check(&lying, good.clone(), StatusCode::INTERNAL_SERVER_ERROR, fault).await;
    let down = providers(true);
    let unreachable = service(down, Behaviour::Honest);
    check(&unreachable, good.clone(), StatusCode::SERVICE_UNAVAILABLE, "cannot be had now\",").await;

    honest.reconfigure(Configuration::parse(b"oidc-issuers: {}").unwrap());
    check(&honest, good, bad, "is no issuer of this authority").await;
}

/// A server that answers what a table says, and counts.
async fn serve(answers: Vec<(&'static str, String)>) -> (String, Arc<Mutex<Vec<String>>>) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (seen, url) = (Arc::new(Mutex::new(Vec::new())), base.clone());
    let asked = Arc::clone(&seen);
    tokio::spawn(async move {
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let length = connection.read(&mut request).await.unwrap();
            let line =
                String::from_utf8_lossy(&request[..length]).lines().next().unwrap_or_default().to_owned();
            let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
            asked.lock().unwrap().push(path.clone());
            let body =
                answers.iter().find(|(known, _)| *known == path).map(|(_, body)| body.replace("BASE", &url));
            let answer = match body {
                Some(body) if body.starts_with("HTTP") => body,
                Some(body) => format!(
                    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                ),
                None => "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".to_owned(),
            };
            connection.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (base, seen)
}

#[tokio::test]
async fn keys_by_http() {
    let document = r#"{"issuer":"BASE/good","jwks_uri":"BASE/keys"}"#.to_owned();
    let foreign = r#"{"issuer":"https://other.example","jwks_uri":"BASE/keys"}"#.to_owned();
    let redirect = "HTTP/1.1 302 Found\r\nLocation: BASE/good/.well-known/openid-configuration\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let (base, seen) = serve(vec![
        ("/good/.well-known/openid-configuration", document),
        ("/keys", r#"{"keys":[]}"#.to_owned()),
        ("/foreign/.well-known/openid-configuration", foreign),
        ("/away/.well-known/openid-configuration", redirect.to_owned()),
    ])
    .await;
    let http = HttpProviders::new().unwrap();
    let issuer = Configuration::parse(b"oidc-issuers: {https://a: {client-id: a, type: email}}").unwrap();
    let issuer = issuer.issuer("https://a").unwrap();
    let provider = async |url: &str, wanted| http.provider(url, issuer, wanted).await;
    let good = format!("{base}/good");
    for _ in 0..3 {
        assert_eq!(provider(&good, Wanted::Known).await.unwrap().issuer(), good);
    }
    // Asked a moment ago, so nothing newer can be had.
    assert!(provider(&good, Wanted::Newer).await.is_ok());
    assert_eq!(seen.lock().unwrap().len(), 2);
    let error = async |path: &str| provider(&format!("{base}/{path}"), Wanted::Known).await.unwrap_err();
    assert!(matches!(error("foreign").await, ProviderError::Discovery(_)));
    assert!(matches!(error("away").await, ProviderError::Http(_)));
    assert!(matches!(error("none").await, ProviderError::NotFound { .. }));
    assert!(matches!(error("none").await, ProviderError::NotFound { .. }));
    let asked_for_none = seen.lock().unwrap().iter().filter(|path| path.starts_with("/none")).count();
    assert_eq!(asked_for_none, 1);
    let insecure = provider("http://a.example", Wanted::Known).await.unwrap_err();
    assert!(matches!(insecure, ProviderError::Http(_)));
}

/// What was recorded: an identity or none, the issuer that was claimed, and the words of a refusal.
type Record = (bool, Option<String>, Option<String>);

#[derive(Default)]
struct Records {
    seen: Mutex<Vec<Record>>,
    full: bool,
}

impl Audit for Records {
    fn record(&self, event: &Event<'_>) -> Result<(), NotRecorded> {
        let refused = event.outcome.err().map(ToString::to_string);
        let claimed = event.claimed_issuer.map(str::to_owned);
        self.seen.lock().unwrap().push((event.identity.is_some(), claimed, refused));
        assert_eq!(event.time, now());
        if self.full { Err(NotRecorded { reason: "the disk is full".to_owned() }) } else { Ok(()) }
    }
}

#[tokio::test]
async fn what_came_of_each_request_is_recorded() {
    let rotating = providers(false);
    let records = Arc::new(Records::default());
    let service = Arc::into_inner(service(rotating.clone(), Behaviour::Honest)).unwrap();
    let service = Arc::new(service.recorded_by(records.clone()));
    let client = key(KeyKind::EcdsaP256);
    let ask = async |body: String| post(&service, "/api/v2/signingCert", body).await.status();
    assert_eq!(ask(body(&rotating.token(0), &client, "ann@a.example")).await, StatusCode::OK);
    assert_eq!(ask(body(&rotating.token(0), &client, "7")).await, StatusCode::BAD_REQUEST);
    assert_eq!(ask(body(&rotating.token(2), &client, "7")).await, StatusCode::BAD_REQUEST);
    assert_eq!(ask(body("a.b", &client, "7")).await, StatusCode::BAD_REQUEST);
    assert_eq!(ask("{}".to_owned()).await, StatusCode::BAD_REQUEST);
    let seen = std::mem::take(&mut *records.seen.lock().unwrap());
    let issuer = Some(common::ISSUER.to_owned());
    let flat: Vec<_> =
        seen.iter().map(|(known, claimed, refused)| (*known, claimed.clone(), refused.is_some())).collect();
    assert_eq!(
        flat,
        [
            (true, None, false),
            (true, None, true),
            (false, issuer, true),
            (false, None, true),
            (false, None, true)
        ]
    );
    assert!(seen[2].2.as_ref().unwrap().contains("the issuer has no key"));
}

#[tokio::test]
async fn who_goes_away_while_the_log_is_asked_is_recorded() {
    let rotating = providers(false);
    let records = Arc::new(Records::default());
    let service = Arc::into_inner(service(rotating.clone(), Behaviour::Silent)).unwrap();
    let service = Arc::new(service.recorded_by(records.clone()));
    let body = body(&rotating.token(0), &key(KeyKind::EcdsaP256), "ann@a.example");
    let asked = post(&service, "/api/v2/signingCert", body);
    assert!(tokio::time::timeout(std::time::Duration::from_millis(500), asked).await.is_err());
    let seen = std::mem::take(&mut *records.seen.lock().unwrap());
    let [(known, _, Some(reason))] = &seen[..] else { panic!("{seen:?}") };
    assert!(*known && reason.contains("went away"), "{reason}");
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_handed_out() {
    let rotating = providers(false);
    let full = Arc::new(Records { full: true, ..Records::default() });
    let service = Arc::into_inner(service(rotating.clone(), Behaviour::Honest)).unwrap();
    let service = Arc::new(service.recorded_by(full));
    let client = key(KeyKind::EcdsaP256);
    let answer =
        post(&service, "/api/v2/signingCert", body(&rotating.token(0), &client, "ann@a.example")).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let text = std::str::from_utf8(answer.body()).unwrap();
    assert!(text.contains("could not be recorded") && !text.contains("BEGIN CERTIFICATE"), "{text}");
    assert!(!text.contains("the disk is full"), "{text}");
    // A refusal stays what it is.
    let answer = post(&service, "/api/v2/signingCert", "{}".to_owned()).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
}
