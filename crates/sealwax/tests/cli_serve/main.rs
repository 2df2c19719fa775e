//! `sealwax serve` as its users meet it: a directory becomes a Sigstore, whose machine accounts sign, and what they sign verifies.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod audit;
mod backup;
mod brought;
#[path = "../common/mod.rs"]
mod common;
mod config;
mod ended;
mod fresh;
mod hosts;
mod instance;
#[path = "../common/issuer.rs"]
mod issuer;
mod killed;
mod only;
mod people;
mod reload;
mod renewal;
mod restore;
mod rotation;
mod sealed;
mod signing;
mod status;
mod time;
mod tls;

use common::Scratch;
use instance::Running;
use sealwax_crypto::{KeyKind, SigningKey};

#[test]
fn what_is_signed_here_verifies_also_after_a_restart() {
    let scratch = Scratch::new();
    let running = Running::start(&scratch, &[]);
    let secret = scratch.path("bot.secret").to_string_lossy().into_owned();
    let directory = running.directory();
    scratch
        .run(&["account", "add", "bot", "--dir", &directory, "--machine", "--secret-file", &secret])
        .exits(0);
    let root = scratch.write("root.json", running.get("/trusted_root.json").text());
    let identity = format!("{}/bot", running.machine_issuer());

    let signed = signing::sign(&scratch, &running, &secret, "app", b"content");
    // The first entry is the instance's own: clients leave an index of 0 out, and others do not read what they write.
    let bundle: serde_json::Value = serde_json::from_slice(&std::fs::read(&signed).unwrap()).unwrap();
    assert_eq!(bundle["verificationMaterial"]["tlogEntries"][0]["logIndex"], "1");
    let verify = |bundle: &str, issuer: &str| {
        let artifact = scratch.write("app", b"content");
        let who = ["--identity", &identity, "--issuer", issuer];
        scratch.run(&[&["verify", &artifact, "--bundle", bundle, "--trusted-root", &root][..], &who].concat())
    };
    let issuer = running.machine_issuer().to_owned();
    verify(&signed, &issuer).exits(0);
    verify(&signed, "https://elsewhere.example").exits(1);

    // The same address, the same keys: what was signed before still verifies, and what is signed now does under the old root.
    let (url, listen) = (running.url().to_owned(), running.listen());
    assert_eq!(running.stop(), Some(0));
    let running = Running::start(&scratch, &["--listen", &listen]);
    assert_eq!(running.url(), url);
    assert_eq!(running.get("/trusted_root.json").text(), std::fs::read_to_string(&root).unwrap());
    verify(&signed, &issuer).exits(0);
    verify(&signing::sign(&scratch, &running, &secret, "app", b"content"), &issuer).exits(0);

    let log = format!("{directory}/log/1");
    assert_eq!(running.stop(), Some(0));
    scratch.run(&["log", "check", &log]).exits(0);
    scratch.run(&["log", "check", &format!("{directory}/ct/1")]).exits(0);
}

#[test]
fn one_listener_answers_for_all_and_for_nothing_else() {
    let scratch = Scratch::new();
    let running = Running::start(&scratch, &[]);
    for path in [
        "/",
        "/trusted_root.json",
        "/signing_config.json",
        "/client_trust_config.json",
        "/tuf/1.root.json",
        "/tuf/timestamp.json",
        "/oidc/.well-known/openid-configuration",
        "/oidc/machine/.well-known/openid-configuration",
        "/checkpoint",
        "/shard/1/checkpoint",
        "/ct/1/checkpoint",
        "/ct/1/ct/v1/get-roots",
        "/api/v1/timestamp/certchain",
        "/api/v2/configuration",
        "/api/v2/trustBundle",
    ] {
        assert_eq!(running.get(path).status, 200, "{path}");
    }
    for path in [
        "/tuf/2.root.json",
        "/tuf/.lock",
        "/tuf/../instance.json",
        "/instance.json",
        "/secrets/ca-1",
        "/shard/2/checkpoint",
    ] {
        assert_eq!(running.get(path).status, 404, "{path}");
    }
    let page = running.get("/").text();
    assert!(page.contains(&format!("{}/trusted_root.json", running.url())));
    // Its commands work as they are.
    let command = |what: &str| -> Vec<String> {
        let line =
            page.lines().find_map(|line| line.trim_start_matches("<pre>").strip_prefix("sealwax log "));
        let line = line.unwrap().trim_end_matches("</pre>").replace("check", what).replace('\'', "");
        line.split(' ').map(str::to_owned).collect()
    };
    for (what, more) in [("check", &[][..]), ("follow", &["--from", "0", "--once"])] {
        let words = command(what);
        let words: Vec<&str> = ["log"].into_iter().chain(words.iter().map(String::as_str)).collect();
        scratch.run(&[&words, more].concat()).exits(0);
    }
}

#[test]
fn an_instance_keeps_its_address_its_secret_and_its_directory_to_itself() {
    let scratch = Scratch::new();
    let running = Running::start(&scratch, &[]);
    let (directory, listen) = (running.directory(), running.listen());
    let serve = |more: &[&str]| {
        scratch.run(&[&["serve", "--dir", &directory, "--listen", "127.0.0.1:0"][..], more].concat())
    };
    serve(&[]).exits(3).complains("is served by another process");
    running.stop();
    serve(&["--url", "https://other.example"]).exits(2).complains("/oidc");

    let secret = format!("{directory}.secret");
    std::fs::rename(&secret, scratch.path("elsewhere")).unwrap();
    serve(&[]).exits(3).complains("secret");
    // Another one does not open the keys, and changes none.
    scratch.write("other", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
    let other = scratch.path("other").to_string_lossy().into_owned();
    serve(&["--secret", &other]).exits(3).complains("nobody else may read it");
    instance::make_private(&scratch.path("other"));
    serve(&["--secret", &other]).exits(3).complains("sealed under another secret");
    let elsewhere = scratch.path("elsewhere").to_string_lossy().into_owned();
    let running = Running::start(&scratch, &["--listen", &listen, "--secret", &elsewhere]);
    assert_eq!(running.stop(), Some(0));

    let full = scratch.path("full");
    std::fs::create_dir(&full).unwrap();
    std::fs::write(full.join("letter.txt"), "not yours").unwrap();
    let full = full.to_string_lossy().into_owned();
    scratch.run(&["serve", "--dir", &full, "--listen", "127.0.0.1:0"]).exits(3).complains("letter.txt");
    scratch.run(&["serve", "--dir", &full, "--listen", "0.0.0.0:0"]).exits(3);
}

#[test]
fn behind_a_proxy_nobody_pays_for_the_wrong_guesses_of_others() {
    let guesses = |running: &Running| -> Vec<u16> {
        (0..40).map(|_| running.get("/oidc/device?user_code=BCDF-GHJK").status).collect()
    };
    let scratch = Scratch::new();
    assert!(guesses(&Running::start(&scratch, &[])).contains(&429));
    let (scratch, listen) = (Scratch::new(), instance::free_port());
    let url = ["--listen", &listen, "--url", "https://sigstore.acme.example"];
    assert_eq!(guesses(&Running::start(&scratch, &url)), [400; 40]);
}

#[test]
fn people_may_publish_what_an_instance_says_in_a_repository_of_their_own() {
    let scratch = Scratch::new();
    let running = Running::start(&scratch, &[]);
    let document = |name: &str| scratch.write(name, running.get(&format!("/{name}")).text());
    let root = format!("trusted_root.json={}", document("trusted_root.json"));
    let config = format!("signing_config.v0.2.json={}", document("signing_config.json"));
    let public = SigningKey::generate(KeyKind::Ed25519).unwrap().public_key().to_pem();
    let all = format!("root,targets,snapshot,timestamp:ada={}", scratch.write("ada.pub", public));
    let [plan, repository] = ["plan", "tuf"].map(|name| scratch.path(name).to_string_lossy().into_owned());
    let arguments = ["ceremony", "plan", &plan, "--repository", &repository, "--add-key", &all];
    scratch.run(&[&arguments[..], &["--target", &root, "--target", &config]].concat()).exits(0);
}

#[test]
fn a_first_start_that_was_killed_is_taken_up_again() {
    let scratch = Scratch::new();
    // At whatever moment it is: the next start finishes what was begun, with one address and one set of keys.
    let mut names = std::collections::BTreeSet::new();
    for pause_ms in [5, 20, 60, 120, 250, 500] {
        Running::spawn(&scratch, &[]).kill_after(pause_ms);
    }
    let running = Running::start(&scratch, &[]);
    names.insert(running.url().to_owned());
    let root = running.get("/trusted_root.json").text();
    assert_eq!(running.stop(), Some(0));
    let running = Running::start(&scratch, &[]);
    names.insert(running.url().to_owned());
    assert_eq!(running.get("/trusted_root.json").text(), root);
    assert_eq!(names.len(), 1);
    // One entry of its own, however often it was begun.
    assert_eq!(running.get("/checkpoint").text().lines().nth(1), Some("1"));
}
