//! Certificates that are renewed under a running instance.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
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
        write!(self.0, "GET /healthz HTTP/1.1\r\nHost: {NAME}\r\n\r\n").unwrap();
        let mut reply = Vec::new();
        while !reply.ends_with(b"\r\n\r\nok\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).unwrap();
            reply.extend(byte);
        }
        String::from_utf8(reply[9..12].to_vec()).unwrap()
    }

    fn certificate(&self) -> Vec<u8> {
        self.0.conn.peer_certificates().unwrap()[0].to_vec()
    }
}

fn hang_up(process: u32) {
    let status = Command::new("kill").args(["-HUP", &process.to_string()]).status().unwrap();
    assert!(status.success());
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
    hang_up(running.process());
    running.wait_to_say("the TLS certificate stays as it was");
    assert_eq!(Client::connect(&address, &root).certificate(), first);
    certify(&authority, &scratch, Timestamp::now() - 1.hour());
    hang_up(running.process());
    running.wait_to_say("has expired");
    assert_eq!(Client::connect(&address, &root).certificate(), first);

    let second = certify(&authority, &scratch, Timestamp::now() + 40.hours());
    hang_up(running.process());
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
