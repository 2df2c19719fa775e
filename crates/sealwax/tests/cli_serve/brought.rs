//! Keys and certificates that an operator brings along, in the place of those that an instance would make.

use std::fs;
use std::path::Path;

use jiff::{Timestamp, ToSpan};
use sealwax_ca::{create_intermediate, create_root};
use sealwax_crypto::{KeyKind, SigningKey, pem};
use sealwax_formats::base64;
use sealwax_pki::Certificate;
use sealwax_signer::Subject;

use crate::common::Scratch;
use crate::instance::{Running, make_private};
use crate::rotation::{Bot, trusted_root};
use crate::time::stamp;

/// A program that keeps keys: it signs by OpenSSL.
const PLUGIN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli_sign/plugin.sh");

/// Valid from now on, or an hour longer at both ends.
fn subject(common_name: &str, is_root: bool) -> Subject<'_> {
    let (now, longer) = (Timestamp::now(), if is_root { 1.hour() } else { 0.hours() });
    let (not_before, not_after) = (now - longer, now + 9_000.hours() + longer);
    Subject { organization: "acme.example", common_name, not_before, not_after }
}

/// Puts a key, or the name of one, where an instance would make its own.
fn bring(scratch: &Scratch, name: &str, key: &str) {
    scratch.write(&format!("sigstore/secrets/{name}"), key);
    let secrets = scratch.path("sigstore/secrets");
    fs::set_permissions(&secrets, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    make_private(&secrets.join(name));
}

fn to_pem(key: &SigningKey) -> String {
    pem::encode("PRIVATE KEY", &key.to_pkcs8_der().unwrap())
}

/// A company that certifies authorities, and keeps the key of its root to itself.
struct Company {
    root: Certificate,
    key: SigningKey,
}

impl Company {
    fn new() -> Self {
        let key = SigningKey::generate(KeyKind::EcdsaP384).unwrap();
        Self { root: create_root(&key, subject("root", true)).unwrap(), key }
    }

    fn bring(&self, scratch: &Scratch, name: &str) {
        self.bring_valid(scratch, name, subject(name, false));
    }

    fn bring_valid(&self, scratch: &Scratch, name: &str, subject: Subject<'_>) {
        let key = SigningKey::generate(KeyKind::EcdsaP256).unwrap();
        let intermediate = create_intermediate(&self.root, &self.key, key.public_key(), subject).unwrap();
        let chain = format!("{}{}", intermediate.to_pem(), self.root.to_pem());
        scratch.write(&format!("sigstore/certificates/{name}.pem"), chain);
        bring(scratch, name, &to_pem(&key));
    }
}

#[test]
fn an_authority_under_a_root_whose_key_is_elsewhere() {
    let (scratch, company) = (Scratch::new(), Company::new());
    company.bring(&scratch, "ca-1");
    let running = Running::start(&scratch, &[]);
    let (directory, listen) = (running.directory(), running.listen());
    let secret = |name: &str| Path::new(&directory).join("secrets").join(name);
    let bot = Bot::new(&scratch, &running);
    let first = bot.sign(&running, "first");
    bot.verifies(&first, &trusted_root(&scratch, &running, "root.json"));
    let root = running.get("/trusted_root.json").json();
    let chain = root["certificateAuthorities"][0]["certChain"]["certificates"].clone();
    assert_eq!(chain[1]["rawBytes"], base64::encode(company.root.der()));
    // Sealed from then on, and nothing made that is not needed.
    assert_eq!(fs::read(secret("ca-1")).unwrap()[0], 1);
    assert!(!secret("ca-root-1").exists());

    // Nobody here can certify another one.
    let rotate = |more: &[&str]| {
        scratch.run(&[&["rotate", "ca", "--dir", &directory, "--lead", "0s", "--wait"][..], more].concat())
    };
    rotate(&[]).exits(3).complains("the root's key is not here");
    let instance = || fs::read_to_string(format!("{directory}/instance.json")).unwrap();
    assert!(!instance().contains("\"name\": \"2\"") && !secret("ca-2").exists());
    // One that does not fit its key is not planned either.
    company.bring(&scratch, "ca-2");
    bring(&scratch, "ca-2", &to_pem(&SigningKey::generate(KeyKind::EcdsaP256).unwrap()));
    rotate(&[]).exits(3).complains("the key is not that of the first certificate");
    // Nor one under another root, or that is not valid yet.
    Company::new().bring(&scratch, "ca-2");
    rotate(&[]).exits(3).complains("is not under the root of ca-1");
    let later = Subject { not_before: Timestamp::now() + 1.hour(), ..subject("later", false) };
    company.bring_valid(&scratch, "ca-2", later);
    rotate(&[]).exits(3).complains("is not valid at");
    assert!(!instance().contains("\"name\": \"2\""));
    company.bring(&scratch, "ca-2");
    rotate(&[]).exits(0);
    let second = bot.sign(&running, "second");
    assert_eq!(running.stop(), Some(0));

    // What has ended needs no key any more.
    fs::remove_file(secret("ca-1")).unwrap();
    let running = Running::start(&scratch, &["--listen", &listen]);
    company.bring(&scratch, "ca-3");
    rotate(&["--new-root"]).exits(3).complains("is under the root of ca-1, and a new one was asked for");
    fs::remove_file(scratch.path("sigstore/certificates/ca-3.pem")).unwrap();
    rotate(&["--new-root"]).exits(0);
    let third = bot.sign(&running, "third");
    let root = trusted_root(&scratch, &running, "last.json");
    for bundle in [first, second, third] {
        bot.verifies(&bundle, &root);
    }
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn keys_that_never_come_here() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.path("bin")).unwrap();
    std::os::unix::fs::symlink(PLUGIN, scratch.path("bin/sigstore-kms-openssl")).unwrap();
    for (name, kind) in [
        ("ca-root-1", KeyKind::EcdsaP384),
        ("ca-1", KeyKind::EcdsaP384),
        ("tsa-1", KeyKind::EcdsaP384),
        ("ct-1", KeyKind::EcdsaP256),
        ("log-1", KeyKind::EcdsaP256),
    ] {
        let file = scratch.write(name, to_pem(&SigningKey::generate(kind).unwrap()));
        bring(&scratch, name, &format!("openssl://{file}\n"));
    }
    let running = Running::start(&scratch, &[]);
    let (directory, listen) = (running.directory(), running.listen());
    let bot = Bot::new(&scratch, &running);
    let bundle = bot.sign(&running, "app");
    bot.verifies(&bundle, &trusted_root(&scratch, &running, "root.json"));
    let named = fs::read_to_string(format!("{directory}/secrets/ca-1")).unwrap();
    assert!(named.starts_with("openssl://"), "{named}");
    // Under the root that is elsewhere, with a key that is made here.
    scratch.run(&["rotate", "ca", "--dir", &directory, "--lead", "0s", "--wait"]).exits(0);
    let after = bot.sign(&running, "after");
    bot.verifies(&after, &trusted_root(&scratch, &running, "root.json"));
    // A stolen key is ended also while another one is away.
    fs::remove_file(scratch.path("tsa-1")).unwrap();
    assert_eq!((stamp(&running).status, running.get("/readyz").status), (500, 503));
    assert!(running.get("/readyz").text().contains("keys: tsa-1: "), "{}", running.get("/readyz").text());
    scratch.run(&["rotate", "log", "--dir", &directory, "--lead", "0s", "--wait"]).exits(0);
    let at = Timestamp::from_second(Timestamp::now().as_second()).unwrap().to_string();
    scratch.run(&["trust", "end", &directory, "ca-1", "--at", &at]).exits(0);
    assert_eq!(running.stop(), Some(0));

    // Without its key nothing is served.
    let programs = format!("{}:{}", scratch.path("bin").display(), std::env::var("PATH").unwrap());
    let serve = ["serve", "--dir", &directory, "--listen", &listen];
    scratch.run_with(&serve, &[("PATH", &programs)], b"").exits(3).complains("secrets/tsa-1");
}

#[test]
fn what_is_no_key_is_told_by_its_name() {
    for (name, key, why) in [
        ("ca-1", "password\n".to_owned(), "neither sealed, nor a private key in PEM"),
        ("ca-1", "pkcs11:object=ca?pin-value=1234".to_owned(), "pin-source"),
        ("ca-1", "-----BEGIN PRIVATE KEY-----\n".to_owned(), "remove the file if nothing was ever signed"),
        ("ca-1", " \n".to_owned(), "secrets/ca-1: it is empty"),
        (
            "ct-1",
            to_pem(&SigningKey::generate(KeyKind::EcdsaP384).unwrap()),
            "secrets/ct-1: a key of this kind",
        ),
        ("ca-root-1", to_pem(&SigningKey::generate(KeyKind::Ed25519).unwrap()), "secrets/ca-root-1: Ed25519"),
        ("tuf-root-1", "openssl:///nowhere".to_owned(), "secrets/tuf-root-1"),
        (
            "tsa-1",
            to_pem(&SigningKey::generate(KeyKind::Rsa { bits: 3072 }).unwrap()),
            "sigstore-js verifies no",
        ),
        ("ca-1", to_pem(&SigningKey::generate(KeyKind::Ed25519).unwrap()), "ECDSA and RSA keys do"),
    ] {
        let scratch = Scratch::new();
        bring(&scratch, name, &key);
        let directory = scratch.path("sigstore").to_string_lossy().into_owned();
        let refused = scratch.run(&["serve", "--dir", &directory, "--listen", "127.0.0.1:0"]).exits(3);
        let refused = refused.complains(why);
        assert!(!refused.err.contains("1234"), "{}", refused.err);
        // With one that is right it goes on.
        bring(&scratch, name, &to_pem(&SigningKey::generate(KeyKind::EcdsaP256).unwrap()));
        assert_eq!(Running::start(&scratch, &[]).stop(), Some(0));
    }
}

#[test]
fn what_is_refused_leaves_no_certificate_behind() {
    let scratch = Scratch::new();
    let running = Running::start(&scratch, &[]);
    let directory = running.directory();
    let rotate = |what: &[&str]| {
        scratch.run(&[&["rotate", "--dir", &directory, "--lead", "0s", "--wait"][..], what].concat())
    };
    bring(&scratch, "log-2", "password\n");
    rotate(&["ca", "log"]).exits(3).complains("secrets/log-2");
    assert!(!scratch.path("sigstore/certificates/ca-2.pem").exists());
    rotate(&["ca", "--new-root"]).exits(0);
    let root = running.get("/trusted_root.json").json();
    let of = |place: usize| root["certificateAuthorities"][place]["certChain"]["certificates"][1].clone();
    assert!(of(0).is_object() && of(1).is_object() && of(0) != of(1));
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn a_key_has_one_place() {
    let scratch = Scratch::new();
    let key = to_pem(&SigningKey::generate(KeyKind::EcdsaP256).unwrap());
    for name in ["ct-1", "log-1"] {
        bring(&scratch, name, &key);
    }
    let directory = scratch.path("sigstore").to_string_lossy().into_owned();
    let serve = ["serve", "--dir", &directory, "--listen", "127.0.0.1:0"];
    scratch.run(&serve).exits(3).complains("secrets/log-1 has the key of ct-1");
    bring(&scratch, "log-1", &to_pem(&SigningKey::generate(KeyKind::EcdsaP256).unwrap()));
    let running = Running::start(&scratch, &[]);
    bring(&scratch, "ct-2", &key);
    let rotate = ["rotate", "ct", "--dir", &directory, "--lead", "0s", "--wait"];
    scratch.run(&rotate).exits(3).complains("secrets/ct-2 has the key of ct-1");
    assert_eq!(running.stop(), Some(0));

    // Above the authorities neither.
    for (other, told) in
        [("ca-1", "ca-root-1 has the key of ca-1"), ("tsa-root-1", "tsa-root-1 has the key of ca-root-1")]
    {
        let scratch = Scratch::new();
        let directory = scratch.path("sigstore").to_string_lossy().into_owned();
        bring(&scratch, "ca-root-1", &key);
        bring(&scratch, other, &key);
        let serve = ["serve", "--dir", &directory, "--listen", "127.0.0.1:0"];
        scratch.run(&serve).exits(3).complains(told);
        assert!(!Path::new(&directory).join("certificates").exists());
    }
}

#[test]
fn what_would_be_told_for_ever_is_looked_at_before() {
    let (scratch, company) = (Scratch::new(), Company::new());
    let directory = scratch.path("sigstore").to_string_lossy().into_owned();
    let serve = || scratch.run(&["serve", "--dir", &directory, "--listen", "127.0.0.1:0"]).exits(3);
    // What is called otherwise would not be used, and another key be made.
    company.bring(&scratch, "ca-1");
    for (right, wrong) in
        [("secrets/ca-1", "secrets/ca-1.pem"), ("certificates/ca-1.pem", "certificates/ca.pem")]
    {
        let file = |name: &str| Path::new(&directory).join(name);
        fs::rename(file(right), file(wrong)).unwrap();
        serve().complains(wrong);
        fs::rename(file(wrong), file(right)).unwrap();
    }
    let now = Timestamp::now();
    let later = Subject { not_before: now + 30.minutes(), ..subject("later", false) };
    let over =
        Subject { not_before: now - 30.minutes(), not_after: now - 1.second(), ..subject("over", false) };
    for subject in [later, over] {
        company.bring_valid(&scratch, "ca-1", subject);
        serve().complains("certificates/ca-1.pem is not valid now");
    }
    // What has no end would be waited for.
    let (pipe, link) = (scratch.path("pipe"), scratch.path("sigstore/secrets/log-2"));
    assert!(std::process::Command::new("mkfifo").args(["-m", "600"]).arg(&pipe).status().unwrap().success());
    std::os::unix::fs::symlink(&pipe, &link).unwrap();
    serve().complains("log-2: it is not a regular file");
    fs::remove_file(link).unwrap();
    // A key beside its certificate is one that everybody may read.
    company.bring(&scratch, "ca-1");
    let chain = fs::read_to_string(scratch.path("sigstore/certificates/ca-1.pem")).unwrap();
    let key = to_pem(&SigningKey::generate(KeyKind::EcdsaP256).unwrap());
    scratch.write("sigstore/certificates/ca-1.pem", format!("{chain}{key}"));
    serve().complains("certificates/ca-1.pem: a private key is in it");
    scratch.write("sigstore/certificates/ca-1.pem", &chain);
    let running = Running::start(&scratch, &[]);
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn what_clients_were_told_of_stays_or_nothing_is_planned() {
    let (scratch, company) = (Scratch::new(), Company::new());
    company.bring(&scratch, "ca-1");
    let running = Running::start(&scratch, &[]);
    let (directory, listen) = (running.directory(), running.listen());
    let file = |name: &str| Path::new(&directory).join(name);
    let rotate = || scratch.run(&["rotate", "tsa", "--dir", &directory, "--lead", "0s", "--wait"]);
    let kept = ["certificates/ca-1.pem", "secrets/ca-1", "secrets/log-1", "certificates/tsa-1.pem"]
        .map(|name| (name, fs::read(file(name)).unwrap()));
    company.bring(&scratch, "ca-1");
    rotate().exits(3).complains("certificates/ca-1.pem is not what clients were told of");
    bring(&scratch, "log-1", &to_pem(&SigningKey::generate(KeyKind::Ed25519).unwrap()));
    for (name, bytes) in &kept[..2] {
        fs::write(file(name), bytes).unwrap();
    }
    rotate().exits(3).complains("secrets/log-1 is not what clients were told of");
    assert_eq!(running.stop(), Some(0));
    let serve = ["serve", "--dir", &directory, "--listen", &listen];
    scratch.run(&serve).exits(3).complains("secrets/log-1 is not the key that");
    fs::write(file("secrets/log-1"), &kept[2].1).unwrap();

    // Nothing is made in the place of what is gone.
    for (name, bytes) in &kept[2..] {
        fs::remove_file(file(name)).unwrap();
        scratch.run(&serve).exits(3).complains("is gone: put it back");
        assert!(!file(name).exists(), "{name}");
        fs::write(file(name), bytes).unwrap();
        make_private(&file(name));
    }
    let running = Running::start(&scratch, &["--listen", &listen]);
    rotate().exits(0);
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn no_key_lies_open_for_long() {
    let scratch = Scratch::new();
    let key = || to_pem(&SigningKey::generate(KeyKind::EcdsaP256).unwrap());
    // One that is needed after a year, with a blank line.
    bring(&scratch, "ca-2", &format!("\n{}", key()));
    let running = Running::start(&scratch, &[]);
    let (directory, listen) = (running.directory(), running.listen());
    assert_eq!(fs::read(scratch.path("sigstore/secrets/ca-2")).unwrap()[0], 1);
    // As OpenSSL takes it out of PKCS#12, and as an editor of another system writes it.
    bring(&scratch, "tsa-2", &format!("\u{feff}Bag Attributes\n{}", key()));
    let backup = || scratch.run(&["backup", &directory, &scratch.path("backup").to_string_lossy()]);
    backup().exits(3).complains("secrets/tsa-2");
    assert_eq!(running.stop(), Some(0));
    let running = Running::start(&scratch, &["--listen", &listen]);
    assert_eq!(fs::read(scratch.path("sigstore/secrets/tsa-2")).unwrap()[0], 1);
    backup().exits(0);
    assert_eq!(running.stop(), Some(0));

    // What a link leads to is somebody's original.
    let own = key();
    let file = scratch.write("own.pem", &own);
    make_private(Path::new(&file));
    std::os::unix::fs::symlink(&file, scratch.path("sigstore/secrets/log-2")).unwrap();
    scratch.run(&["serve", "--dir", &directory, "--listen", &listen]).exits(3).complains("it is a link");
    assert_eq!(fs::read_to_string(&file).unwrap(), own);
}

#[test]
fn one_that_cannot_be_followed_keeps_the_other_from_nothing() {
    let (scratch, company) = (Scratch::new(), Company::new());
    let soon = Subject { not_after: Timestamp::now() + 620.seconds(), ..subject("soon", false) };
    company.bring_valid(&scratch, "ca-1", soon);
    let config = "[rotation]\nlead = \"1s\"\noverlap = \"60s\"\ncertificates_last = \"630s\"\n\
                  certificates_renewed_before = \"627s\"\n";
    let config = scratch.write("serve.toml", config);
    let running = Running::start(&scratch, &["--config", &config]);
    running.wait_to_say("no other one can follow it");
    running.wait_to_say("so another one follows");
    assert!(scratch.path("sigstore/certificates/tsa-2.pem").exists());
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn what_is_taken_back_is_not_done() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.path("bin")).unwrap();
    let slow = scratch.write(
        "bin/sigstore-kms-slow",
        format!("#!/bin/sh\ntouch \"$0.began\"\nsleep 2\nexec {PLUGIN} \"$@\"\n"),
    );
    fs::set_permissions(&slow, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let running = Running::start(&scratch, &[]);
    let directory = running.directory();
    let key = scratch.write("key", to_pem(&SigningKey::generate(KeyKind::EcdsaP256).unwrap()));
    bring(&scratch, "log-2", &format!("slow://{key}"));
    let rotate = ["rotate", "log", "--dir", &directory, "--lead", "0s"];
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| scratch.run(&rotate));
        while !scratch.path("bin/sigstore-kms-slow.began").exists() {
            assert!(!asked.is_finished());
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        fs::remove_file(format!("{directory}/rotate.json")).unwrap();
        asked.join().unwrap().exits(3).complains("taken away");
    });
    running.wait_to_say("taken back");
    let instance = fs::read_to_string(format!("{directory}/instance.json")).unwrap();
    assert!(!instance.contains("\"name\": \"2\""), "{instance}");
    assert_eq!(running.stop(), Some(0));
}
