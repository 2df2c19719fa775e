//! What the environment decides: proxies, and whom to trust. It belongs to the process, so each test starts one: this
//! same program, told to run [`fetch`] only.

use std::fs;
use std::process::Command;

use jiff::SignedDuration;
use sealwax_crypto::{KeyKind, SigningKey};
use sealwax_net::http::{BaseUrl, Client, Transport};
use sealwax_net::tuf::{UpdateError, block_on};
use sealwax_testkit::certificate::{CertificateDraft, GeneralName, key_usage, name, oids, serial};
use sealwax_testkit::{Signer, der};

use crate::directory::Scratch;
use crate::server::{Reply, Server};

const URL: &str = "SEALWAX_TEST_URL";

/// Fetches one URL and prints what came of it.
#[test]
#[ignore = "a part of the other tests"]
fn fetch() {
    let result = block_on(async {
        let url = BaseUrl::parse(&std::env::var(URL).unwrap(), Transport::SelfProving)?.join("file")?;
        Ok::<_, UpdateError>(Client::new()?.get(&url, 100).await?)
    });
    match result {
        Ok(body) => println!("[{}]", String::from_utf8(body.unwrap()).unwrap()),
        Err(error) => println!("[{error}]"),
    }
}

fn fetch_with(url: &str, environment: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "environment::fetch", "--ignored", "--nocapture"]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    let output = command.env(URL, url).envs(environment.iter().copied()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (_, result) = text.split_once('[').unwrap_or_else(|| panic!("{text}"));
    result.rsplit_once("]\n").unwrap().0.to_owned()
}

#[test]
fn proxies_are_for_other_machines() {
    let proxy = Server::start(|_| Reply::Body(b"from the proxy".to_vec()));
    for variable in ["HTTP_PROXY", "ALL_PROXY", "http_proxy"] {
        let body = fetch_with("http://nowhere.invalid/", &[(variable, &proxy.url())]);
        assert_eq!(body, "from the proxy", "{variable}");
        assert_eq!(proxy.requests().last().unwrap(), "http://nowhere.invalid/file");
    }
    let server = Server::start(|_| Reply::Body(b"from here".to_vec()));
    assert_eq!(fetch_with(&server.url(), &[("HTTP_PROXY", &proxy.url())]), "from here");
    let excepted = [("HTTP_PROXY", proxy.url()), ("NO_PROXY", "nowhere.invalid".to_owned())];
    let excepted: Vec<_> = excepted.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let error = fetch_with("http://nowhere.invalid/", &excepted);
    assert!(error.starts_with("cannot reach http://nowhere.invalid/file: "), "{error}");
}

#[test]
fn ssl_cert_file_says_whom_to_trust() {
    let scratch = Scratch::new();
    let (ca_pem, tls) = https();
    let ca_file = scratch.path().join("ca.pem");
    fs::write(&ca_file, ca_pem).unwrap();
    let server = Server::start_tls(|_| Reply::Body(b"over TLS".to_vec()), tls);
    assert_eq!(fetch_with(&server.url(), &[("SSL_CERT_FILE", ca_file.to_str().unwrap())]), "over TLS");

    let (other_pem, _) = https();
    fs::write(&ca_file, other_pem).unwrap();
    let error = fetch_with(&server.url(), &[("SSL_CERT_FILE", ca_file.to_str().unwrap())]);
    assert!(error.starts_with("cannot reach https://localhost:"), "{error}");

    let error = fetch_with(&server.url(), &[("SSL_CERT_FILE", "/nowhere/ca.pem")]);
    assert!(error.contains("needs a trust store, and there is none"), "{error}");
}

/// A certificate authority, and what a server needs to be `localhost` in its eyes.
fn https() -> (String, rustls::ServerConfig) {
    let now = jiff::Timestamp::now();
    let day = SignedDuration::from_hours(24);
    let ca = Signer::generate(KeyKind::EcdsaP256);
    let key = SigningKey::generate(KeyKind::EcdsaP256).unwrap();
    let mut draft = CertificateDraft {
        serial: serial(ca.spki()),
        issuer: name("test", "authority"),
        subject: name("test", "authority"),
        not_before: now - day,
        not_after: now + day,
        spki: ca.spki().to_vec(),
        extensions: Vec::new(),
        signer: ca.clone(),
    };
    draft.set_key_identifiers(ca.spki());
    let mut leaf = draft.clone();
    draft.set_basic_constraints(true, None);
    draft.set_key_usage(&[key_usage::CERTIFICATE_SIGN]);
    leaf.spki = key.public_key().spki_der().to_vec();
    leaf.serial = serial(&leaf.spki);
    leaf.subject = name("test", "server");
    leaf.extensions.clear();
    leaf.set_key_usage(&[key_usage::DIGITAL_SIGNATURE]);
    leaf.set_extended_key_usage(false, &[oids::SERVER_AUTH]);
    leaf.set_names(&[GeneralName::Dns("localhost".to_owned())]);
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(key.to_pkcs8_der().unwrap());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.sign().into()], key.into())
        .unwrap();
    (der::pem("CERTIFICATE", &draft.sign()), tls)
}
