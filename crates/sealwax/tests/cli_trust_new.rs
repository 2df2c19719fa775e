//! `sealwax trust new` and `trust lint`: what is made is clean and verifies, what is not clean is named.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

mod common;

use std::fs;

use common::{Scratch, built_in};
use sealwax_crypto::KeyKind;
use sealwax_testkit::der::pem;
use sealwax_testkit::{
    AuthorityOptions, CertificateLog, Instance, SignOptions, SignatureLog, TimestampAuthorityOptions,
};

/// An instance with one log, as one that somebody runs.
fn instance(log: SignatureLog) -> Instance {
    Instance::builder()
        .authority(&AuthorityOptions::default())
        .certificate_log(CertificateLog::new(KeyKind::EcdsaP256))
        .log(log)
        .timestamp_authority(&TimestampAuthorityOptions::default())
        .build()
}

fn chain(certificates: impl IntoIterator<Item = Vec<u8>>) -> String {
    certificates.into_iter().map(|der| pem("CERTIFICATE", &der)).collect()
}

/// The chain of the timestamp authority, as the instance's own trusted root lists it.
fn timestamp_chain(instance: &Instance) -> String {
    use base64::Engine as _;
    let root = instance.trusted_root();
    let certificates = root["timestampAuthorities"][0]["certChain"]["certificates"].as_array().unwrap();
    let der = |value: &serde_json::Value| {
        base64::engine::general_purpose::STANDARD.decode(value["rawBytes"].as_str().unwrap()).unwrap()
    };
    chain(certificates.iter().map(der))
}

/// The arguments that describe the instance; its files are written.
fn arguments(scratch: &Scratch, instance: &Instance, version: &str) -> Vec<String> {
    let ca = scratch.write("ca.pem", chain(instance.authorities[0].certificates()));
    let ct = scratch.write("ct.pem", instance.certificate_logs[0].signer.public_key_pem());
    let log = scratch.write("log.pem", instance.logs[0].signer.public_key_pem());
    let tsa = scratch.write("tsa.pem", timestamp_chain(instance));
    let url = &instance.logs[0].base_url;
    [
        "trust",
        "new",
        "--ca",
        &format!("https://fulcio.sealwax.test={ca}"),
        "--ct-log",
        &format!("https://ct.sealwax.test={ct}"),
        "--log",
        &format!("{url}={log}"),
        "--log-version",
        version,
        "--tsa",
        &format!("https://tsa.sealwax.test/api/v1/timestamp={tsa}"),
        "--oidc",
        "https://login.sealwax.test",
        "--operator",
        "sealwax.test",
        "--start",
        "2026-01-01T00:00:00Z",
        "--output",
        scratch.path("made").to_str().unwrap(),
    ]
    .map(str::to_owned)
    .to_vec()
}

fn run(scratch: &Scratch, arguments: &[String]) -> common::Ran {
    scratch.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn what_is_made_is_clean_and_verifies_what_the_instance_signs() {
    for (log, version, options) in [
        (SignatureLog::v2("log.sealwax.test"), "2", SignOptions::rekor_v2()),
        (SignatureLog::v1("rekor.sealwax.test"), "1", SignOptions::rekor_v1()),
        (SignatureLog::v2("log.sealwax.test").key(KeyKind::EcdsaP256), "2", SignOptions::rekor_v2()),
    ] {
        let scratch = Scratch::new();
        let instance = instance(log);
        run(&scratch, &arguments(&scratch, &instance, version))
            .exits(0)
            .says("trusted_root.json and signing_config.json");
        let made = |name: &str| scratch.path("made").join(name).to_str().unwrap().to_owned();
        let (root, config) = (made("trusted_root.json"), made("signing_config.json"));
        scratch.run(&["trust", "lint", &root]).exits(0).says("clean");
        scratch.run(&["trust", "lint", &config]).exits(0).says("clean");
        scratch.run(&["inspect", &config]).exits(0).says("signing config").says("ANY");

        let artifact = scratch.write("app", "artifact");
        let signed =
            [instance.sign_message(b"artifact", &options), instance.sign_dsse(b"artifact", &options)];
        for signed in signed {
            scratch.write("app.sigstore.json", signed.bundle_json());
            let (identity, issuer) = (signed.identity.unwrap(), signed.issuer.unwrap());
            scratch
                .run(&[
                    "verify",
                    &artifact,
                    "--identity",
                    &identity,
                    "--issuer",
                    &issuer,
                    "--trusted-root",
                    &root,
                ])
                .exits(0);
        }
    }
}

#[test]
fn the_ids_are_those_of_the_instance() {
    let scratch = Scratch::new();
    let instance = instance(SignatureLog::v2("log.sealwax.test"));
    run(&scratch, &arguments(&scratch, &instance, "2")).exits(0);
    let made: serde_json::Value =
        serde_json::from_slice(&fs::read(scratch.path("made/trusted_root.json")).unwrap()).unwrap();
    let own = instance.trusted_root();
    for list in ["tlogs", "ctlogs"] {
        assert_eq!(made[list][0]["logId"], own[list][0]["logId"], "{list}");
        assert_eq!(made[list][0]["hashAlgorithm"], "SHA2_256", "{list}");
        assert_eq!(made[list][0]["publicKey"]["validFor"]["start"], "2026-01-01T00:00:00Z", "{list}");
        assert_eq!(made[list][0]["operator"], "sealwax.test", "{list}");
    }
    let subject = &made["certificateAuthorities"][0]["subject"];
    assert_eq!(subject["commonName"], "sealwax-test");
    assert_eq!(subject["organization"], "sealwax.test");
    let config: serde_json::Value =
        serde_json::from_slice(&fs::read(scratch.path("made/signing_config.json")).unwrap()).unwrap();
    assert_eq!(config["mediaType"], "application/vnd.dev.sigstore.signingconfig.v0.2+json");
    assert_eq!(config["rekorTlogUrls"][0]["majorApiVersion"], 2);
    assert_eq!(config["tsaConfig"]["selector"], "ANY");
}

#[test]
fn files_are_kept_unless_told_otherwise() {
    let scratch = Scratch::new();
    let arguments = arguments(&scratch, &instance(SignatureLog::v2("log.sealwax.test")), "2");
    scratch.write("made/signing_config.json", "precious");
    run(&scratch, &arguments).exits(3).complains("--overwrite");
    assert!(!scratch.path("made/trusted_root.json").exists());
    run(&scratch, &[arguments, vec!["--overwrite".to_owned()]].concat()).exits(0);
}

/// One argument replaced; nothing is written.
#[track_caller]
fn refused(change: impl Fn(&Scratch, &Instance, &mut Vec<String>), code: i32, reason: &str) {
    let scratch = Scratch::new();
    let instance = instance(SignatureLog::v2("log.sealwax.test"));
    let mut arguments = arguments(&scratch, &instance, "2");
    change(&scratch, &instance, &mut arguments);
    run(&scratch, &arguments).exits(code).complains(reason);
    assert!(!scratch.path("made").exists());
}

fn set(arguments: &mut [String], flag: &str, value: String) {
    let at = arguments.iter().position(|argument| argument == flag).unwrap();
    arguments[at + 1] = value;
}

#[test]
fn nonsense_is_refused_before_anything_is_written() {
    let url = |flag: &'static str, url: &'static str, code, reason| {
        refused(
            |_, _, arguments| {
                let at = arguments.iter().position(|argument| argument == flag).unwrap();
                let file = arguments[at + 1].split_once('=').unwrap().1.to_owned();
                arguments[at + 1] = format!("{url}={file}");
            },
            code,
            reason,
        );
    };
    url("--log", "log.sealwax.test", 2, "not a URL");
    url("--log", "ftp://log.sealwax.test", 2, "not the URL of a service");
    url("--log", "https://log.sealwax.test/", 2, "leave the last slash out");
    url("--log", "https://me@log.sealwax.test", 2, "user name");
    url("--log", "https://LOG.sealwax.test", 2, "write it as https://log.sealwax.test");
    url("--ca", "https://ca.sealwax.test/base", 3, "drops the path");
    url("--tsa", "https://tsa.sealwax.test", 3, "give the full URL");

    refused(|_, _, arguments| set(arguments, "--start", "yesterday".into()), 2, "is not an instant");
    refused(|_, _, arguments| set(arguments, "--start", "2026-01-01T00:00:00.5Z".into()), 3, "whole second");
    refused(
        |_, _, arguments| set(arguments, "--start", "2035-01-01T00:00:00Z".into()),
        3,
        "services that answer now",
    );
    refused(
        |_, _, arguments| set(arguments, "--start", "2126-01-01T00:00:00Z".into()),
        3,
        "before the start",
    );
    refused(
        |_, _, arguments| set(arguments, "--log", "https://log.sealwax.test".into()),
        2,
        "takes URL=FILE",
    );
    refused(
        |_, _, arguments| set(arguments, "--log", "https://log.sealwax.test=missing".into()),
        3,
        "cannot read missing",
    );
    refused(|_, _, arguments| set(arguments, "--log-version", "3".into()), 2, "3");
    refused(
        |scratch, instance, arguments| {
            let file = scratch.write("x.pem", chain(instance.authorities[0].certificates()));
            set(arguments, "--log", format!("https://log.sealwax.test={file}"));
        },
        3,
        "is not a public key in PEM",
    );
    refused(
        |scratch, instance, arguments| {
            let file =
                scratch.write("x.pem", chain(instance.authorities[0].certificates().into_iter().rev()));
            set(arguments, "--ca", format!("https://ca.sealwax.test={file}"));
        },
        3,
        "not issued by the next certificate",
    );
    refused(
        |scratch, instance, arguments| {
            let file =
                scratch.write("x.pem", chain(instance.authorities[0].certificates().into_iter().take(1)));
            set(arguments, "--ca", format!("https://ca.sealwax.test={file}"));
        },
        3,
        "is not self-signed",
    );
    refused(
        |_, _, arguments| {
            let at = arguments.iter().position(|argument| argument == "--tsa").unwrap();
            arguments.drain(at..at + 2);
        },
        3,
        "no time",
    );
    refused(
        |_, _, arguments| {
            for flag in ["--ca", "--ct-log", "--log", "--tsa"] {
                let at = arguments.iter().position(|argument| argument == flag).unwrap();
                arguments.drain(at..at + 2);
            }
        },
        2,
        "nothing to trust",
    );
    for kind in [KeyKind::Ed25519, KeyKind::MlDsa44] {
        refused(
            |scratch, _, arguments| {
                let file = scratch.write("x.pem", sealwax_testkit::Signer::generate(kind).public_key_pem());
                set(arguments, "--ct-log", format!("https://ct.sealwax.test={file}"));
            },
            3,
            "ctlogs[0]",
        );
    }
}

#[test]
fn lint_names_the_client_and_what_to_do() {
    let scratch = Scratch::new();
    let mut root = instance(SignatureLog::v2("log.sealwax.test")).trusted_root();
    root["tlogs"][0]["publicKey"]["validFor"] = serde_json::json!({"end": "2027-01-01T00:00:00Z"});
    root["ctlogs"][0]["logId"]["keyId"] = "AAAA".into();
    let file = scratch.write("root.json", root.to_string());
    let ran = scratch.run(&["trust", "lint", &file]).exits(1);
    ran.says("start-missing").says("cosign").says("certificate-log-id").says("2 problems");
    let report = scratch.run(&["trust", "lint", &file, "--json"]).exits(1).json();
    assert_eq!(report["clean"], false);
    assert_eq!(report["findings"][0]["level"], "problem");
    assert_eq!(report["findings"][0]["place"], "tlogs[0].publicKey.validFor.start");
    assert!(report["findings"][0]["advice"].as_str().unwrap().contains("whole seconds"));
}

#[test]
fn an_origin_with_a_port_is_found() {
    let scratch = Scratch::new();
    // The log signs as `host:port`, which its clients take for `host`.
    let mut log = SignatureLog::v2("log.sealwax.test:3003");
    log.base_url = "https://log.sealwax.test:3003".into();
    let file = scratch.write("root.json", instance(log).trusted_root_json());
    scratch.run(&["trust", "lint", &file]).exits(1).says("origin-with-port").says("sigstore-go");
}

#[test]
fn keys_that_a_client_does_not_know_are_found() {
    let scratch = Scratch::new();
    for (kinds, id) in [
        ([KeyKind::EcdsaP256, KeyKind::EcdsaP256], None),
        ([KeyKind::EcdsaP256, KeyKind::Ed25519], Some("authority-key")),
    ] {
        let instance = Instance::builder().authority(&AuthorityOptions::default().keys(&kinds)).build();
        let file = scratch.write("root.json", instance.trusted_root_json());
        let ran = scratch.run(&["trust", "lint", &file]);
        match id {
            Some(id) => ran.exits(1).says(id).says("sigstore-python"),
            None => ran.exits(0),
        };
    }
    let keys = [KeyKind::EcdsaP384, KeyKind::EcdsaP384, KeyKind::Ed25519];
    let instance =
        Instance::builder().timestamp_authority(&TimestampAuthorityOptions::default().keys(&keys)).build();
    let file = scratch.write("root.json", instance.trusted_root_json());
    scratch.run(&["trust", "lint", &file]).exits(1).says("timestamp-key").says("sigstore-js");
}

#[test]
fn what_is_published_is_clean_and_other_files_are_not_checked() {
    let scratch = Scratch::new();
    for file in [
        "public-good/trusted_root.json",
        "staging/trusted_root.json",
        "github/trusted_root.json",
        "public-good/signing_config.json",
        "staging/signing_config.json",
    ] {
        scratch.run(&["trust", "lint", &built_in(file)]).exits(0).says("clean");
    }
    scratch
        .run(&["trust", "lint", &built_in("public-good/root.json")])
        .exits(3)
        .complains("cannot be checked");
    scratch.run(&["trust", "lint", "missing"]).exits(3).complains("cannot read missing");
}
