//! The certificate log.

use crate::{common::Scratch, server::Server, text};
use sealwax_crypto::{KeyKind, pem};
use sealwax_formats::base64;
use sealwax_testkit::{
    authority::{Authority, AuthorityOptions},
    certificate::{key_usage, oids},
    signer::Signer,
};
use std::{fs, thread::sleep, time::Duration};

fn authority() -> Authority {
    AuthorityOptions::default().keys(&[KeyKind::EcdsaP256; 2]).build()
}

fn root(authority: &Authority) -> String {
    pem::encode("CERTIFICATE", &authority.chain[0].der)
}

/// The body of add-chain, for a certificate as Fulcio issues it.
fn body(authority: &Authority) -> String {
    let key = Signer::generate(KeyKind::EcdsaP256);
    let window = ["2026-01-01T00:00:00Z", "2026-01-01T00:10:00Z"].map(|time| time.parse().unwrap());
    let mut leaf = authority.leaf(key.spki(), window[0], window[1]);
    leaf.set_key_usage(&[key_usage::DIGITAL_SIGNATURE]);
    leaf.set_extended_key_usage(false, &[oids::CODE_SIGNING]);
    leaf.set_fulcio(8, "https://issuer.example");
    let chain = [vec![leaf.sign()], authority.certificates_above_leaf()].concat();
    let chain: Vec<String> = chain.iter().map(|der| format!("\"{}\"", base64::encode(der))).collect();
    format!("{{\"chain\":[{}]}}", chain.join(","))
}

#[test]
fn chains_are_logged_and_roots_are_read_again() {
    let scratch = Scratch::new();
    let (log, roots) = (text(&scratch, "log"), scratch.path("given.pem"));
    let (known, unknown) = (authority(), authority());
    fs::write(&roots, root(&known)).unwrap();
    let new = ["log", "new", &log, "--kind", "certificate", "--origin", "ct.example/2026h1", "--json"];
    let made = scratch.run(&[&new[..], &["--roots", roots.to_str().unwrap()]].concat()).exits(0).json();
    let server = Server::start(&scratch, &log, &[]);
    assert!(server.url().ends_with("/2026h1"));
    let first = body(&known);
    let (status, sct) = server.ask("POST", "/ct/v1/add-chain", &first);
    assert_eq!(status, 200, "{sct}");
    assert_eq!(server.ask("POST", "/ct/v1/add-chain", &first).0, 200);
    let second = body(&unknown);
    assert_eq!(server.ask("POST", "/ct/v1/add-chain", &second).0, 400);
    fs::write(scratch.path("log/roots.pem"), root(&known) + &root(&unknown)).unwrap();
    server.signal("-HUP");
    let taken = (0..100).any(|_| {
        sleep(Duration::from_millis(50));
        server.ask("POST", "/ct/v1/add-chain", &second).0 == 200
    });
    assert!(taken, "the roots were not read again");
    let key = made["verifier_keys"][0].as_str().unwrap();
    for place in [&[log.as_str()][..], &[server.url(), "--key", key]] {
        let checked = scratch.run(&[&["log", "check", "--json"], place].concat()).exits(0).json();
        assert_eq!((&checked["good"], &checked["size"]), (&true.into(), &2.into()), "{checked}");
        assert!(checked["issuers"].as_u64().unwrap() >= 2);
        let followed = scratch.run(&[&["log", "follow", "--from", "0", "--once"], place].concat()).exits(0);
        assert_eq!(followed.out.lines().filter(|line| line.contains("\"type\":\"certificate\"")).count(), 2);
    }
    assert_eq!(server.stop(), Some(0));
    let backup = text(&scratch, "backup");
    scratch.run(&["log", "backup", &log, &backup]).exits(0);
    scratch.run(&["log", "check", &backup]).exits(0).says("good");
    fs::remove_dir_all(scratch.path("backup/issuer")).unwrap();
    scratch.run(&["log", "check", &backup]).exits(1).says("issuer/").says("is missing");
}
