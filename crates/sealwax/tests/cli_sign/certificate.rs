//! Keys with certificates of an authority of one's own, which the trust lists, without certificate logs.

use jiff::{SignedDuration, Timestamp};
use sealwax_crypto::{KeyKind, PublicKey, SigningKey, base64};
use sealwax_pki::{Certificate, GeneralName, NewExtension, oids};
use sealwax_signer::{Subject, certify, file, self_signed};
use serde_json::{Value, json};

use crate::common::{Ran, Scratch};
use crate::proxy::{Act, Proxy};
use crate::signer::Signer;

const HOLDER: &str = "https://acme.example/release";

const HOUR: SignedDuration = SignedDuration::from_hours(1);

struct Authority {
    key: SigningKey,
    root: Certificate,
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = SigningKey::generate(KeyKind::EcdsaP384).unwrap();
        let profile = vec![NewExtension::basic_constraints(true, None), NewExtension::key_usage(&[5, 6])];
        let root = self_signed(&key, subject(name, -48, 48), profile).unwrap();
        Self { key, root }
    }

    /// For this key, valid for these hours from now.
    fn certify(&self, key: &PublicKey, from: i64, until: i64) -> String {
        let name = GeneralName::Uri(HOLDER.to_owned());
        let profile = vec![
            NewExtension::key_usage(&[0]),
            NewExtension::extended_key_usage(false, &[oids::CODE_SIGNING]),
            NewExtension::subject_alternative_name(&name).unwrap(),
        ];
        certify(&self.key, &self.root, key, subject("release", from, until), profile).unwrap().to_pem()
    }
}

fn subject(common_name: &str, from: i64, until: i64) -> Subject<'_> {
    let at = |hours| Timestamp::now() + HOUR * hours;
    let hours = |hours: i64| at(i32::try_from(hours).unwrap());
    Subject { organization: "", common_name, not_before: hours(from), not_after: hours(until) }
}

/// The instance's services, on a trust that lists this authority and nobody who logs certificates.
struct World<'a> {
    scratch: &'a Scratch,
    running: Signer,
    config: String,
    root: String,
}

impl<'a> World<'a> {
    fn new(scratch: &'a Scratch, authority: &Authority) -> Self {
        let running = Signer::start(scratch);
        let mut config: Value =
            serde_json::from_str(&std::fs::read_to_string(&running.config).unwrap()).unwrap();
        let trusted = &mut config["trustedRoot"];
        trusted["ctlogs"] = json!([]);
        trusted["certificateAuthorities"] = json!([{
            "subject": {"organization": "", "commonName": "acme"},
            "uri": "https://acme.example",
            "certChain": {"certificates": [{"rawBytes": base64::encode(authority.root.der())}]},
            "validFor": {"start": authority.root.not_before().to_string()},
        }]);
        let root = scratch.write("own_root.json", trusted.to_string());
        let config = scratch.write("own_config.json", config.to_string());
        Self { scratch, running, config, root }
    }

    /// The same, with a log of this version that always breaks off.
    fn config_without_log(&self, version: u64) -> String {
        let proxy = Proxy::start(self.running.url(), |_, _, _| Act::Cut);
        let mut config: Value =
            serde_json::from_str(&std::fs::read_to_string(&self.config).unwrap()).unwrap();
        let log = &mut config["signingConfig"]["rekorTlogUrls"][0];
        log["url"] = proxy.url.into();
        log["majorApiVersion"] = version.into();
        self.scratch.write(&format!("without_v{version}.json"), config.to_string())
    }

    fn sign(&self, app: &str, key: &str, more: &[&str]) -> Ran {
        let sign = ["sign", app, "--key", key, "--trust-config", &self.config];
        self.scratch.run(&[&sign[..], more].concat())
    }
}

#[test]
fn a_certificate_of_ones_own_stands_in_the_bundle() {
    let scratch = Scratch::new();
    let authority = Authority::new("acme");
    let world = World::new(&scratch, &authority);
    let app = scratch.write("app", b"content");
    scratch.run(&["key", "generate", "release.key", "--plain"]).exits(0);
    let key = scratch.path("release.key").to_string_lossy().into_owned();
    let public = file::read(key.as_ref()).unwrap().public_key().clone();
    let certificate = scratch.write("release.pem", authority.certify(&public, -1, 1));
    let chain = scratch.write("chain.pem", authority.root.to_pem());

    let by = ["--certificate", certificate.as_str(), "--certificate-chain", chain.as_str()];
    let other = [&by[..], &["--expect-identity", "https://acme.example/other"]].concat();
    world.sign(&app, &key, &other).exits(1).says("it names");
    let by = [&by[..], &["--expect-identity", HOLDER]].concat();
    world.sign(&app, &key, &by).exits(0).says(HOLDER).complains(HOLDER);
    let verify = |more: &[&str]| {
        scratch.run(&[&["verify", app.as_str(), "--trusted-root", &world.root][..], more].concat())
    };
    verify(&["--identity", HOLDER, "--issuer", "none"]).exits(0);
    verify(&["--identity", "https://acme.example/other", "--issuer", "none"]).exits(1);
    let bundle: Value =
        serde_json::from_slice(&std::fs::read(scratch.path("app.sigstore.json")).unwrap()).unwrap();
    let material = &bundle["verificationMaterial"];
    let der = Certificate::from_pem(&std::fs::read_to_string(&certificate).unwrap()).unwrap();
    assert_eq!(material["certificate"]["rawBytes"], base64::encode(der.der()));
    assert_eq!(material["tlogEntries"].as_array().unwrap().len(), 1);

    // A statement, and without the chain.
    let statement = ["attest", app.as_str(), "--type", "https://acme.example/x", "--predicate"];
    let predicate = scratch.write("predicate.json", "{}");
    let more =
        [predicate.as_str(), "--key", &key, "--certificate", &certificate, "--trust-config", &world.config];
    scratch.run(&[&statement[..], &more].concat()).exits(0);
}

/// Rekor v1 verifies envelopes by SHA-256 whatever the curve, and v2 takes the curve's own hash only. What is signed stays as it is.
#[test]
fn a_statement_that_was_begun_for_another_log_is_not_signed_anew() {
    let scratch = Scratch::new();
    let authority = Authority::new("acme");
    let world = World::new(&scratch, &authority);
    let app = scratch.write("app", b"content");
    let predicate = scratch.write("predicate.json", "{}");
    let (v1, v2) = (world.config_without_log(1), world.config_without_log(2));
    for (kind, fits_both) in [("ecdsa-p256", true), ("ecdsa-p384", false)] {
        scratch.run(&["key", "generate", "a.key", "--kind", kind, "--plain", "--overwrite"]).exits(0);
        let key = scratch.path("a.key").to_string_lossy().into_owned();
        let public = file::read(key.as_ref()).unwrap().public_key().clone();
        let certificate = scratch.write("a.pem", authority.certify(&public, -1, 1));
        let attest = |config: &str| {
            let statement =
                ["attest", &app, "--type", "urn:x", "--predicate", &predicate, "--resume", "state"];
            let by = ["--key", &key, "--certificate", &certificate, "--trust-config", config];
            scratch.run(&[&statement[..], &by, &["--patience", "0s"]].concat())
        };
        attest(&v1).exits(3).complains("is kept in state");
        let kept = || std::fs::read_to_string(scratch.path("state")).unwrap();
        let signed = kept();
        let other = ["attest", &app, "--type", "urn:y", "--predicate", &predicate, "--resume", "state"];
        let by = ["--key", &key, "--certificate", &certificate, "--trust-config", &world.config];
        scratch.run(&[&other[..], &by].concat()).exits(3).says("holds another statement");
        if fits_both {
            attest(&world.config).exits(0);
            scratch
                .run(&[
                    "verify",
                    &app,
                    "--trusted-root",
                    &world.root,
                    "--identity",
                    HOLDER,
                    "--issuer",
                    "none",
                    "--type",
                    "urn:x",
                ])
                .exits(0);
            std::fs::remove_file(scratch.path("app.urn-x.sigstore.json")).unwrap();
            continue;
        }
        // It is sent as it was signed, and the log says what it takes.
        attest(&world.config).exits(1).says("status 400").says("PKIX_ECDSA_P384_SHA_384");
        assert!(kept().starts_with(&signed) && !scratch.path("app.urn-x.sigstore.json").exists());
        std::fs::remove_file(scratch.path("state")).unwrap();
        attest(&v2).exits(3).complains("is kept in state");
        attest(&v1).exits(3).says("--rekor v2");
        attest(&world.config).exits(0);
        assert!(!scratch.path("state").exists());
    }
}

#[test]
fn a_certificate_that_does_not_fit_signs_nothing() {
    let scratch = Scratch::new();
    let (authority, stranger) = (Authority::new("acme"), Authority::new("acme"));
    let world = World::new(&scratch, &authority);
    let app = scratch.write("app", b"content");
    scratch.run(&["key", "generate", "release.key", "--plain"]).exits(0);
    let key = scratch.path("release.key").to_string_lossy().into_owned();
    let public = file::read(key.as_ref()).unwrap().public_key().clone();
    let other = SigningKey::generate(KeyKind::EcdsaP256).unwrap();

    let good = scratch.write("good.pem", authority.certify(&public, -1, 1));
    let chain = scratch.write("chain.pem", stranger.root.to_pem());
    let wrong = ["--certificate", &good, "--certificate-chain", &chain];
    world.sign(&app, &key, &wrong).exits(3).complains("chain.pem");
    for (certificate, status, said) in [
        (authority.certify(other.public_key(), -1, 1), 1, "it is for another key"),
        (authority.certify(&public, -2, -1), 1, "it is valid from"),
        (stranger.certify(&public, -1, 1), 1, "cannot be signed by"),
        (format!("{0}{0}", authority.certify(&public, -1, 1)), 3, "2 certificates, not one"),
        ("nothing".to_owned(), 3, "wrong.pem"),
    ] {
        let file = scratch.write("wrong.pem", certificate);
        let ran = world.sign(&app, &key, &["--certificate", &file]).exits(status);
        assert!(format!("{}{}", ran.out, ran.err).contains(said), "{said}: {}{}", ran.out, ran.err);
    }
    scratch.run(&["sign", &app, "--certificate", &good]).exits(2).complains("--key");
    // A good one, of a key whose signatures no log takes, on a trust that demands an entry.
    scratch.run(&["key", "generate", "ml-dsa.key", "--kind", "ml-dsa-44", "--plain"]).exits(0);
    let key = scratch.path("ml-dsa.key").to_string_lossy().into_owned();
    let public = file::read(key.as_ref()).unwrap().public_key().clone();
    let certificate = scratch.write("ml-dsa.pem", authority.certify(&public, -1, 1));
    world.sign(&app, &key, &["--certificate", &certificate]).exits(3).complains("the trust lists logs");
    assert!(!scratch.path("app.sigstore.json").exists());
}
