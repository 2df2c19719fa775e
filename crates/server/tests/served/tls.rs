//! The same over TLS.

use crate::server::{LARGE_BYTES, Running, wait_for};
use http_body_util::{BodyExt, Empty};
use hyper::{
    Request, Version,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use jiff::ToSpan;
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    pki_types::{CertificateDer, ServerName},
};
use sealwax_crypto::{KeyKind, SigningKey};
use sealwax_server::{Limits, Options, Tls, TlsError, metrics::Refusal};
use sealwax_testkit::{
    AuthorityOptions,
    certificate::{GeneralName, oids},
    der,
};
use std::{sync::Arc, time::Duration};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// An authority, and what a server of it needs: its chain and its key, in PEM.
fn authority() -> (Vec<u8>, String, String) {
    let mut options = AuthorityOptions::default();
    options.purpose = oids::SERVER_AUTH;
    let authority = options.build();
    let key = SigningKey::generate(KeyKind::EcdsaP256).unwrap();
    let now = jiff::Timestamp::now();
    let mut leaf = authority.leaf(key.public_key().spki_der(), now - 1.hour(), now + 1.hour());
    leaf.set_extended_key_usage(false, &[oids::SERVER_AUTH]);
    leaf.set_names(&[GeneralName::Dns("service.example".to_owned())]);
    let above = authority.certificates_above_leaf();
    let chain = der::pem("CERTIFICATE", &leaf.sign()) + &der::pem("CERTIFICATE", &above[0]);
    let root = authority.certificates().pop().unwrap();
    (root, chain, der::pem("PRIVATE KEY", &key.to_pkcs8_der().unwrap()))
}

fn start(limits: Limits, config: Arc<ServerConfig>) -> Running {
    Running::set_up(Options { tls: Some(config), limits, ..Options::default() })
}

async fn connect(server: &Running, root: &[u8], alpn: &[&[u8]]) -> TlsStream<tokio::net::TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(root)).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    let stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let name = ServerName::try_from("service.example").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

#[test]
fn both_versions_by_negotiation() {
    let (root, chain, key) = authority();
    let server = start(Limits::default(), Tls::new(chain.as_bytes(), key.as_bytes()).unwrap().config());
    run(async {
        // The client's order does not matter: HTTP/2 is what both can do and the server likes best.
        let stream = connect(&server, &root, &[b"http/1.1", b"h2"]).await;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let io = TokioIo::new(stream);
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        let request = Request::get("https://service.example/large").body(Empty::<bytes::Bytes>::new());
        let answer = sender.send_request(request.unwrap()).await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.version()), (200, Version::HTTP_2));
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes().len(), LARGE_BYTES);

        for alpn in [&[&b"http/1.1"[..]][..], &[]] {
            let io = TokioIo::new(connect(&server, &root, alpn).await);
            let (mut sender, connection) = http1::handshake(io).await.unwrap();
            tokio::spawn(connection);
            let request = Request::get("/large").header("host", "service.example");
            let answer = sender.send_request(request.body(Empty::<bytes::Bytes>::new()).unwrap());
            let answer = answer.await.unwrap();
            assert_eq!((answer.status().as_u16(), answer.version()), (200, Version::HTTP_11));
            assert_eq!(answer.into_body().collect().await.unwrap().to_bytes().len(), LARGE_BYTES);
        }
    });
}

#[test]
fn what_is_no_handshake_is_cut() {
    let (root, chain, key) = authority();
    let limits = Limits { tls_time: Duration::from_millis(300), ..Limits::default() };
    let server = start(limits, Tls::new(chain.as_bytes(), key.as_bytes()).unwrap().config());
    let mut plain = server.client();
    plain.send("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").rest();
    let mut silent = server.client();
    silent.rest();
    let mut slow = server.client();
    slow.send([0x16, 3, 1]).rest();
    wait_for("counting", || server.metrics.refused.value(Refusal::Tls) == 3);
    run(async { drop(connect(&server, &root, &[b"h2"]).await) });
    let mut handshaking = server.client();
    wait_for("accepting", || server.metrics.accepted.value() == 5);
    assert_eq!(server.stop().cut, 0);
    assert!(handshaking.is_closed());
}

#[test]
fn a_certificate_is_replaced_under_open_connections() {
    let (root, chain, key) = authority();
    let (other_root, other_chain, other_key) = authority();
    let tls = Tls::new(chain.as_bytes(), key.as_bytes()).unwrap();
    let server = start(Limits::default(), tls.config());
    run(async {
        let get =
            || Request::get("/healthz").header("host", "service.example").body(Empty::<bytes::Bytes>::new());
        let io = TokioIo::new(connect(&server, &root, &[b"http/1.1"]).await);
        let (mut open, connection) = http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        assert_eq!(open.send_request(get().unwrap()).await.unwrap().status().as_u16(), 200);

        // What is no good changes nothing.
        assert!(matches!(tls.replace(other_chain.as_bytes(), key.as_bytes()), Err(TlsError::Unusable(_))));
        drop(connect(&server, &root, &[b"h2"]).await);
        tls.replace(other_chain.as_bytes(), other_key.as_bytes()).unwrap();
        drop(connect(&server, &other_root, &[b"h2"]).await);
        open.ready().await.unwrap();
        assert_eq!(open.send_request(get().unwrap()).await.unwrap().status().as_u16(), 200);
    });
    assert_eq!(server.stop().cut, 0);
}

#[test]
fn configurations_that_are_none() {
    let (_, chain, key) = authority();
    let (_, _, other) = authority();
    let config = |chain: &str, key: &str| Tls::new(chain.as_bytes(), key.as_bytes());
    assert!(matches!(config("", &key), Err(TlsError::NoCertificate)));
    assert!(matches!(config(&key, &key), Err(TlsError::NoCertificate)));
    assert!(matches!(config("-----BEGIN CERTIFICATE-----\n?", &key), Err(TlsError::BadCertificates(_))));
    assert!(matches!(config(&chain, ""), Err(TlsError::BadKey(_))));
    assert!(matches!(config(&chain, &other), Err(TlsError::Unusable(_))));
}
