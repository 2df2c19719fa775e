//! Rotations as an operator and their users meet them.

use serde_json::Value;

use crate::common::Scratch;
use crate::instance::{Reply, Running};
use crate::signing;

/// A bot that signs, and everything it has signed.
pub(crate) struct Bot<'a> {
    scratch: &'a Scratch,
    secret: String,
    identity: String,
    issuer: String,
}

impl<'a> Bot<'a> {
    pub(crate) fn new(scratch: &'a Scratch, running: &Running) -> Self {
        let secret = scratch.path("bot.secret").to_string_lossy().into_owned();
        let add =
            ["account", "add", "bot", "--dir", &running.directory(), "--machine", "--secret-file", &secret];
        scratch.run(&add).exits(0);
        let issuer = running.machine_issuer().to_owned();
        Self { scratch, secret, identity: format!("{issuer}/bot"), issuer }
    }

    pub(crate) fn sign(&self, running: &Running, name: &str) -> String {
        signing::sign(self.scratch, running, &self.secret, name, b"content")
    }

    /// The same with two processes: one that certifies, and one that logs and stamps.
    pub(crate) fn sign_with(&self, processes: (&Running, &Running), name: &str) -> String {
        signing::sign_with(self.scratch, processes, &self.secret, name, b"content")
    }

    pub(crate) fn certificate(&self, running: &Running) -> Reply {
        signing::certificate(self.scratch, running, &self.secret)
    }

    pub(crate) fn verifies(&self, bundle: &str, root: &str) {
        self.verify(bundle, root).exits(0);
    }

    pub(crate) fn verify(&self, bundle: &str, root: &str) -> crate::common::Ran {
        let artifact = self.scratch.write("app", b"content");
        let who = ["--identity", &self.identity, "--issuer", &self.issuer];
        let what = ["verify", &artifact, "--bundle", bundle, "--trusted-root", root];
        self.scratch.run(&[&what[..], &who].concat())
    }
}

pub(crate) fn trusted_root(scratch: &Scratch, running: &Running, name: &str) -> String {
    scratch.write(name, running.get("/trusted_root.json").text())
}

fn count(root: &str, list: &str) -> usize {
    let root: Value = serde_json::from_slice(&std::fs::read(root).unwrap()).unwrap();
    root[list].as_array().unwrap().len()
}

#[test]
fn what_was_signed_before_while_and_after_everything_changed_verifies() {
    let scratch = Scratch::new();
    let running = Running::start(&scratch, &[]);
    let (directory, listen) = (running.directory(), running.listen());
    let bot = Bot::new(&scratch, &running);
    let before_root = trusted_root(&scratch, &running, "before.json");
    let before = bot.sign(&running, "before");

    let planned = scratch.run(&["rotate", "all", "--dir", &directory, "--lead", "3s", "--json"]).exits(0);
    let planned: Value = serde_json::from_str(&planned.out).unwrap();
    assert_eq!(planned["rotation"].as_array().unwrap().len(), 4, "{planned}");
    scratch.run(&["rotate", "log", "--dir", &directory]).exits(3).complains("already");
    // Clients are told, and nothing uses it.
    let told_root = trusted_root(&scratch, &running, "told.json");
    assert_eq!(running.get("/shard/2/checkpoint").status, 404);
    let told = bot.sign(&running, "told");
    for list in ["tlogs", "ctlogs", "certificateAuthorities", "timestampAuthorities"] {
        assert_eq!((count(&before_root, list), count(&told_root, list)), (1, 2), "{list}");
    }
    bot.verifies(&told, &before_root);

    while running.get("/shard/2/checkpoint").status != 200 {
        bot.sign(&running, "meanwhile");
    }
    let after = bot.sign(&running, "after");
    let after_root = trusted_root(&scratch, &running, "after.json");
    let everything = [&before, &told, &after];
    for bundle in everything {
        bot.verifies(bundle, &after_root);
    }
    bot.verifies(&before, &before_root);
    bot.verifies(&after, &told_root);
    bot.verify(&after, &before_root).exits(1);

    // The old shards are frozen, and read as before.
    while running.get("/shard/1/checkpoint").text().lines().nth(3).is_none_or(str::is_empty) {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert!(
        running.get("/shard/1/checkpoint").text().contains("Log frozen"),
        "{}",
        running.get("/shard/1/checkpoint").text()
    );
    assert_eq!(running.get("/checkpoint").body, running.get("/shard/2/checkpoint").body);
    assert_eq!(running.get("/tile/entries/000.p/1").body, running.get("/shard/2/tile/entries/000.p/1").body);
    assert_eq!(running.get("/shard/1/tile/entries/000.p/2").status, 200);
    assert_eq!(running.get("/ct/1/checkpoint").status, 200);

    assert_eq!(running.stop(), Some(0));
    let running = Running::start(&scratch, &["--listen", &listen]);
    let restarted = bot.sign(&running, "restarted");
    let newest_root = trusted_root(&scratch, &running, "newest.json");
    assert_eq!(std::fs::read(&newest_root).unwrap(), std::fs::read(&after_root).unwrap());
    for bundle in everything.into_iter().chain([&restarted]) {
        bot.verifies(bundle, &newest_root);
    }
    bot.verifies(&restarted, &told_root);
    assert!(running.get("/shard/1/checkpoint").text().contains("Log frozen"));

    // Asked for while nobody serves it: taken up by the next start.
    assert_eq!(running.stop(), Some(0));
    let asked = scratch
        .run(&["rotate", "log", "tsa", "ca", "--new-root", "--dir", &directory, "--lead", "1s"])
        .exits(0);
    assert!(asked.out.contains("next start"), "{}", asked.out);
    let running = Running::start(&scratch, &["--listen", &listen]);
    while running.get("/shard/3/checkpoint").status != 200 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let third = bot.sign(&running, "third");
    let root = trusted_root(&scratch, &running, "third.json");
    for bundle in everything.into_iter().chain([&restarted, &third]) {
        bot.verifies(bundle, &root);
    }
    // The second authority is under the root of the first, the third under one of its own.
    let listed: Value = serde_json::from_slice(&std::fs::read(&root).unwrap()).unwrap();
    let roots = |list: &str| -> Vec<Value> {
        let authorities = listed[list].as_array().unwrap().iter();
        authorities
            .map(|one| one["certChain"]["certificates"].as_array().unwrap().last().unwrap().clone())
            .collect()
    };
    let (authorities, stamping) = (roots("certificateAuthorities"), roots("timestampAuthorities"));
    assert!(authorities[0] == authorities[1] && authorities[1] != authorities[2]);
    assert!(stamping[0] == stamping[1] && stamping[1] != stamping[2]);
    assert_eq!(running.stop(), Some(0));
    for log in ["log/1", "log/2", "log/3", "ct/1", "ct/2"] {
        scratch.run(&["log", "check", &format!("{directory}/{log}")]).exits(0);
    }
}

#[test]
fn when_it_is_done_clients_are_told_of_the_ends() {
    let scratch = Scratch::new();
    let running = Running::start(&scratch, &[]);
    let directory = running.directory();
    scratch.run(&["rotate", "all", "--dir", &directory, "--lead", "0s", "--wait"]).exits(0);
    let root = running.get("/trusted_root.json").json();
    for list in ["tlogs", "ctlogs"] {
        assert!(root[list][0]["publicKey"]["validFor"]["end"].is_string(), "{list}: {root}");
    }
    for list in ["certificateAuthorities", "timestampAuthorities"] {
        assert!(root[list][0]["validFor"]["end"].is_string(), "{list}: {root}");
    }
    assert_eq!(running.stop(), Some(0));
}
