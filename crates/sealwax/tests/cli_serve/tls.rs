//! Certificates that are renewed under a running instance.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use jiff::{Timestamp, ToSpan};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use sealwax_crypto::{KeyKind, SigningKey};
use sealwax_testkit::certificate::{GeneralName, oids};
use sealwax_testkit::{Authority, AuthorityOptions, der};

use crate::common::Scratch;
use crate::instance::{Running, listens_at};
use crate::status::metrics;

const NAME: &str = "sigstore.acme.example";

/// An authority for servers, and its root.
fn authority() -> (Authority, Vec<u8>) {
    let mut options = AuthorityOptions::default();
    options.purpose = oids::SERVER_AUTH;
    let authority = options.build();
    let root = authority.certificates().pop().unwrap();
    (authority, root)
}

/// Certifies the server until then, and writes its chain and key to where the instance has them.
fn certify(authority: &Authority, scratch: &Scratch, until: Timestamp) -> Vec<u8> {
    let key = SigningKey::generate(KeyKind::EcdsaP256).unwrap();
    let mut leaf = authority.leaf(key.public_key().spki_der(), until - 48.hours(), until);
    leaf.set_extended_key_usage(false, &[oids::SERVER_AUTH]);
    leaf.set_names(&[GeneralName::Dns(NAME.to_owned())]);
    let leaf = leaf.sign();
    let above = authority.certificates_above_leaf();
    scratch.write("tls/chain.pem", der::pem("CERTIFICATE", &leaf) + &der::pem("CERTIFICATE", &above[0]));
    scratch.write("tls/key.pem", der::pem("PRIVATE KEY", &key.to_pkcs8_der().unwrap()));
    leaf
}

/// A connection of a client that has the root.
struct Client(StreamOwned<ClientConnection, TcpStream>);

impl Client {
    fn connect(address: &str, root: &[u8]) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(root)).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let connection =
            ClientConnection::new(Arc::new(config), ServerName::try_from(NAME).unwrap()).unwrap();
        let mut client = Self(StreamOwned::new(connection, TcpStream::connect(address).unwrap()));
        assert_eq!(client.health(), "200");
        client
    }

    /// The status of `/healthz`; the connection stays open.
    fn health(&mut self) -> String {
        let (status, _) = self.get("/healthz");
        status
    }

    /// Status and body; the connection stays open.
    fn get(&mut self, path: &str) -> (String, String) {
        write!(self.0, "GET {path} HTTP/1.1\r\nHost: {NAME}\r\n\r\n").unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        self.0.read_exact(&mut body).unwrap();
        (head[9..12].to_owned(), String::from_utf8(body).unwrap())
    }

    fn certificate(&self) -> Vec<u8> {
        self.0.conn.peer_certificates().unwrap()[0].to_vec()
    }
}

#[test]
fn a_new_certificate_is_taken_and_a_bad_one_is_not() {
    let scratch = Scratch::new();
    let (authority, root) = authority();
    let first = certify(&authority, &scratch, Timestamp::now() + 24.hours());
    scratch.write("sigstore/serve.toml", "[tls]\ncertificate = '../tls/chain.pem'\nkey = '../tls/key.pem'\n");
    let url = format!("https://{NAME}");
    let running = Running::start(&scratch, &["--url", &url]);
    let address = listens_at(&running.directory());
    let mut open = Client::connect(&address, &root);
    assert_eq!(open.certificate(), first);

    // Neither a key of something else nor a certificate that has expired.
    scratch.write(
        "tls/key.pem",
        der::pem("PRIVATE KEY", &SigningKey::generate(KeyKind::EcdsaP256).unwrap().to_pkcs8_der().unwrap()),
    );
    running.hang_up();
    running.wait_to_say("the TLS certificate stays as it was");
    assert_eq!(Client::connect(&address, &root).certificate(), first);
    certify(&authority, &scratch, Timestamp::now() - 1.hour());
    running.hang_up();
    running.wait_to_say("has expired");
    assert_eq!(Client::connect(&address, &root).certificate(), first);

    let second = certify(&authority, &scratch, Timestamp::now() + 40.hours());
    running.hang_up();
    let start = Instant::now();
    while Client::connect(&address, &root).certificate() != second {
        assert!(start.elapsed() < Duration::from_secs(30), "it is not taken");
        sleep(Duration::from_millis(50));
    }
    // Who was connected still is.
    assert_eq!(open.health(), "200");
    drop(open);
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn who_looks_after_it_is_warned_before_the_certificate_ends() {
    let scratch = Scratch::new();
    let (authority, root) = authority();
    certify(&authority, &scratch, Timestamp::now() + 24.hours());
    scratch.write("sigstore/serve.toml", "[tls]\ncertificate = '../tls/chain.pem'\nkey = '../tls/key.pem'\n");
    let url = format!("https://{NAME}");
    let running = Running::start(&scratch, &["--url", &url, "--metrics-listen", "127.0.0.1:0"]);
    let directory = running.directory();
    let address = listens_at(&directory);
    let seconds_left = || -> i64 {
        let metrics = metrics(&running);
        let line =
            metrics.lines().find_map(|line| line.strip_prefix("sealwax_expiry_seconds{what=\"tls\"} "));
        line.unwrap().parse().unwrap()
    };
    let is_late = || metrics(&running).lines().any(|line| line == "sealwax_late 1");
    let becomes = |expected: &str| {
        let start = Instant::now();
        while Client::connect(&address, &root).get("/readyz").0 != expected {
            assert!(start.elapsed() < Duration::from_secs(30), "it does not become {expected}");
            sleep(Duration::from_millis(50));
        }
    };
    becomes("200");
    assert!((86_300..=86_400).contains(&seconds_left()) && !is_late());

    // Of its two days less than a sixth is left.
    certify(&authority, &scratch, Timestamp::now() + 7.hours());
    running.hang_up();
    becomes("503");
    let (_, why) = Client::connect(&address, &root).get("/readyz");
    assert!(why.contains("renewal: tls ends at"), "{why}");
    assert!((25_100..=25_200).contains(&seconds_left()) && is_late());
    let status = scratch.run(&["status", "--dir", &directory]).exits(1);
    assert!(status.out.contains("tls ends at"), "{}", status.out);

    certify(&authority, &scratch, Timestamp::now() + 40.hours());
    running.hang_up();
    becomes("200");
    assert!(!is_late());
    assert_eq!(running.stop(), Some(0));
}
