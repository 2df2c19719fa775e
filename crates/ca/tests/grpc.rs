//! The API over gRPC: a server on a socket, and a client of HTTP/2 on the same port as everything else.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::service::{body, providers, service};
use common::{Behaviour, key, scheme};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use sealwax_ca::api::message::{
    Configuration, CreateSigningCertificateRequest, Credentials, IssuerUrl, Key, PublicKey, PublicKeyRequest,
    SigningCertificate, TrustBundle,
};
use sealwax_ca::{Quotas, SERVICE, Service, mount};
use sealwax_crypto::{KeyKind, Message as Signed, SigningKey, pem};
use sealwax_pki::Certificate;
use sealwax_server::grpc::message::{HealthCheckRequest, HealthCheckResponse, ServingStatus};
use sealwax_server::grpc::{Health, frame, read};
use sealwax_server::{Bytes, Options, Rate, Request, Router, Server};
use std::sync::Arc;

/// A connection, over which calls are made.
struct Client(SendRequest<Full<Bytes>>);

/// Why a call failed: status, words, and the milliseconds to wait.
#[derive(Debug, PartialEq)]
struct Failed(u16, String, Option<u64>);

impl Client {
    /// Serves the service on a port of its own, and connects to it.
    async fn of(service: &Arc<Service>) -> Self {
        let ready = Arc::clone(service);
        let health = Health::default().with(SERVICE, move || ready.ready());
        let site = mount(Router::default(), service).with(Health::PATH, health);
        let server = Server::bind("127.0.0.1:0".parse().unwrap(), site, Options::default()).unwrap();
        let stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
        tokio::spawn(server.run(std::future::pending()));
        let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Client(sender)
    }

    async fn call<M: Message + Default>(
        &mut self,
        path: &str,
        metadata: &[(&str, &str)],
        message: Bytes,
    ) -> Result<M, Failed> {
        let mut request = Request::post(format!("http://here{path}")).header("te", "trailers");
        request = request.header("content-type", "application/grpc");
        for (name, value) in metadata {
            request = request.header(*name, *value);
        }
        let answer = self.0.send_request(request.body(Full::new(message)).unwrap()).await.unwrap();
        assert_eq!(answer.headers()["content-type"], "application/grpc");
        let text = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        if let Some(status) = text("grpc-status") {
            let wait = text("grpc-retry-pushback-ms").map(|wait| wait.parse().unwrap());
            return Err(Failed(status.parse().unwrap(), text("grpc-message").unwrap(), wait));
        }
        let collected = answer.into_body().collect().await.unwrap();
        assert_eq!(collected.trailers().unwrap()["grpc-status"], "0");
        Ok(read(collected.to_bytes()).unwrap())
    }

    async fn certify(
        &mut self,
        request: &CreateSigningCertificateRequest,
    ) -> Result<SigningCertificate, Failed> {
        self.call(&format!("/{SERVICE}/CreateSigningCertificate"), &[], frame(request)).await
    }
}

fn request(token: &str, client: &SigningKey) -> CreateSigningCertificateRequest {
    let proof_of_possession = client.sign(scheme(client), Signed::Bytes(b"ann@a.example")).unwrap();
    let public_key = Some(PublicKey { content: client.public_key().to_pem() });
    CreateSigningCertificateRequest {
        credentials: Some(Credentials { oidc_identity_token: token.to_owned() }),
        key: Some(Key::PublicKey(PublicKeyRequest { public_key, proof_of_possession })),
    }
}

fn certificates(chain: &[String]) -> Vec<Certificate> {
    chain.iter().map(|text| Certificate::from_der(&pem::decode_one(text).unwrap().der).unwrap()).collect()
}

#[tokio::test]
async fn the_methods() {
    let rotating = providers(false);
    let service = service(rotating.clone(), Behaviour::Honest);
    let mut calls = Client::of(&service).await;
    let key = key(KeyKind::EcdsaP256);
    let issued = calls.certify(&request(&rotating.token(0), &key)).await.unwrap();
    let chain = issued.signed_certificate_embedded_sct.unwrap().chain.unwrap().certificates;
    let chain = certificates(&chain);
    assert_eq!(chain[0].public_key().unwrap(), key.public_key());
    assert_eq!(chain[0].embedded_scts().unwrap().len(), 1);
    assert_eq!(chain[1..], *service.authority().chain());

    // The token beside the message, in either way.
    let path = format!("/{SERVICE}/CreateSigningCertificate");
    let mut bare = request("", &key);
    for metadata in
        [("oidcidentitytoken", rotating.token(0)), ("authorization", format!("Bearer {}", rotating.token(0)))]
    {
        let metadata = [(metadata.0, metadata.1.as_str())];
        assert!(calls.call::<SigningCertificate>(&path, &metadata, frame(&bare)).await.is_ok());
        bare.credentials = None;
    }

    let bundle: TrustBundle =
        calls.call(&format!("/{SERVICE}/GetTrustBundle"), &[], frame(&())).await.unwrap();
    assert_eq!(certificates(&bundle.chains[0].certificates), service.authority().chain());
    let told: Configuration =
        calls.call(&format!("/{SERVICE}/GetConfiguration"), &[], frame(&())).await.unwrap();
    assert_eq!(told.issuers[0].issuer, Some(IssuerUrl::Exact(common::ISSUER.to_owned())));
    assert_eq!(
        (told.issuers[0].challenge_claim.as_str(), told.issuers[0].issuer_type.as_str()),
        ("email", "email")
    );

    let unknown: Result<(), Failed> = calls.call(&format!("/{SERVICE}/Other"), &[], frame(&())).await;
    assert_eq!(unknown, Err(Failed(12, format!("there is no method /{SERVICE}/Other here"), None)));
    let asked = HealthCheckRequest { service: SERVICE.to_owned() };
    let health: HealthCheckResponse =
        calls.call(&format!("{}/Check", Health::PATH), &[], frame(&asked)).await.unwrap();
    assert_eq!(health.status(), ServingStatus::Serving);
}

#[tokio::test]
async fn refusals_are_those_of_the_other_face() {
    let rotating = providers(false);
    let service = service(rotating.clone(), Behaviour::Honest);
    let mut calls = Client::of(&service).await;
    let key = key(KeyKind::EcdsaP256);
    let good = request(&rotating.token(0), &key);
    let check =
        async |calls: &mut Client, request: &CreateSigningCertificateRequest, status: u16, words: &str| {
            let Failed(found, message, _) = calls.certify(request).await.unwrap_err();
            assert_eq!(found, status, "{message}");
            assert!(message.starts_with(words), "{message}");
        };
    let no_key = CreateSigningCertificateRequest { key: None, ..good.clone() };
    check(&mut calls, &no_key, 3, "invalid request: neither publicKeyRequest").await;
    let no_token = CreateSigningCertificateRequest { credentials: None, ..good.clone() };
    check(&mut calls, &no_token, 3, "invalid request: there is no identity token").await;
    let no_jwt = request("a.b", &key);
    check(&mut calls, &no_jwt, 3, "There was an error processing the identity token: ").await;
    let csr = Some(Key::CertificateSigningRequest(b"no PEM".to_vec()));
    let csr = CreateSigningCertificateRequest { key: csr, ..good.clone() };
    check(&mut calls, &csr, 3, "The certificate signing request could not be parsed").await;

    let path = format!("/{SERVICE}/CreateSigningCertificate");
    let garbage = Bytes::from_static(&[0, 0, 0, 0, 2, 0x0a, 0xff]);
    let Failed(status, message, _) = calls.call::<()>(&path, &[], garbage).await.unwrap_err();
    assert!(status == 3 && message.starts_with("invalid request: expected a message"), "{message}");
    let long = vec![0; 300 << 10].into();
    let Failed(status, message, _) = calls.call::<()>(&path, &[], long).await.unwrap_err();
    assert_eq!((status, message.as_str()), (8, "the body is longer than 262149 bytes"));

    let mut down = Client::of(&common::service::service(providers(true), Behaviour::Honest)).await;
    let Failed(status, _, wait) = down.certify(&good).await.unwrap_err();
    assert_eq!((status, wait), (14, Some(5_000)));
    let mut lying = Client::of(&common::service::service(rotating, Behaviour::WrongKey)).await;
    check(&mut lying, &good, 13, "Error entering certificate in CTL").await;
}

/// Two for each identity, three for the issuer; over both faces, in their words.
#[tokio::test]
async fn quotas() {
    let slow = |burst| Some(Rate { per_second: 0.001, burst });
    let rotating = providers(false);
    let limited = |quotas| {
        let service = Arc::into_inner(service(rotating.clone(), Behaviour::Honest)).unwrap();
        Arc::new(service.limited_to(quotas))
    };
    let key = key(KeyKind::EcdsaP256);
    let service = limited(Quotas::new(slow(2.0), slow(3.0)));
    let mut calls = Client::of(&service).await;
    let good = request(&rotating.token(0), &key);
    // What proves nothing counts for nobody.
    let mut stolen = good.clone();
    if let Some(Key::PublicKey(key)) = &mut stolen.key {
        key.proof_of_possession = Vec::new();
    }
    for _ in 0..4 {
        assert_eq!(calls.certify(&stolen).await.unwrap_err().0, 3);
    }
    assert!(calls.certify(&good).await.is_ok());
    assert!(calls.certify(&good).await.is_ok());
    let Failed(status, message, wait) = calls.certify(&good).await.unwrap_err();
    assert!(
        status == 8 && message.starts_with("too many certificates for this identity: the next in "),
        "{message}"
    );
    assert!((990_000..=1_000_000).contains(&wait.unwrap()), "{wait:?}");
    let over_http = common::service::post(
        &service,
        "/api/v2/signingCert",
        body(&rotating.token(0), &key, "ann@a.example"),
    )
    .await;
    assert_eq!(over_http.status(), 429);
    let wait: u64 = over_http.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((990..=1_000).contains(&wait), "{wait}");
    assert!(over_http.body().starts_with(br#"{"code":8,"message":"too many certificates for this identity"#));

    let service = limited(Quotas::new(None, slow(1.0)));
    let mut calls = Client::of(&service).await;
    assert!(calls.certify(&good).await.is_ok());
    let Failed(status, message, _) = calls.certify(&good).await.unwrap_err();
    assert!(status == 8 && message.starts_with("too many certificates for this issuer"), "{message}");
}
