//! `sealwax ceremony`, `trust extend` and `trust end`, as people use them, and our client behind it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

#[path = "../common/mod.rs"]
mod common;

mod refused;
mod server;
mod trust;

use std::fs;

use common::{Ran, Scratch};
use sealwax_crypto::{KeyKind, SigningKey, pem};
use sealwax_testkit::Instance;

/// A directory with keys, a trusted root, and a repository under way.
pub(crate) struct Office {
    pub(crate) scratch: Scratch,
    plans: u32,
}

impl Office {
    /// Keys of four holders and two servers; the trust of an instance.
    pub(crate) fn new() -> Self {
        let scratch = Scratch::new();
        let names = ["alice", "bob", "carol", "dora", "server", "server-2"];
        for (name, kind) in names.iter().zip([KeyKind::Ed25519, KeyKind::EcdsaP256].into_iter().cycle()) {
            let key = SigningKey::generate(kind).unwrap();
            scratch.write(&format!("{name}.pem"), pem::encode("PRIVATE KEY", &key.to_pkcs8_der().unwrap()));
            scratch.write(&format!("{name}.pub"), key.public_key().to_pem());
        }
        let instance = Instance::usual();
        scratch.write("trusted_root.json", instance.trusted_root_json());
        Office { scratch, plans: 0 }
    }

    /// An office whose repository is published: two of alice, bob and carol.
    pub(crate) fn published() -> Self {
        let mut office = Office::new();
        let plan = office.plan(&FIRST).exits(0);
        assert_eq!(plan.json()["complete"], false);
        office.sign("alice").exits(0);
        office.sign("carol").exits(0);
        office.publish(&["server"]).exits(0);
        office
    }

    pub(crate) fn run(&self, words: &[&str]) -> Ran {
        self.scratch.run(words)
    }

    /// Plans into a new directory.
    pub(crate) fn plan(&mut self, changes: &[&str]) -> Ran {
        self.plans += 1;
        let directory = self.current();
        let mut words = vec!["ceremony", "plan", &directory, "--repository", "tuf", "--json"];
        words.extend(changes);
        self.run(&words)
    }

    /// The directory of the newest plan.
    pub(crate) fn current(&self) -> String {
        format!("plan-{}", self.plans)
    }

    pub(crate) fn sign(&self, holder: &str) -> Ran {
        let key = format!("{holder}.pem");
        self.run(&["ceremony", "sign", &self.current(), "--key", &key, "--json"])
    }

    pub(crate) fn status(&self) -> Ran {
        self.run(&["ceremony", "status", &self.current(), "--json"])
    }

    pub(crate) fn publish(&self, keys: &[&str]) -> Ran {
        let (plan, keys) = (self.current(), keys.iter().map(|name| format!("{name}.pem")));
        let keys: Vec<String> = keys.collect();
        let mut words = vec!["ceremony", "publish", &plan, "--repository", "tuf", "--json"];
        words.extend(["--expires", "timestamp:2d"]);
        keys.iter().for_each(|key| words.extend(["--key", key.as_str()]));
        self.run(&words)
    }

    /// The names in the repository's directory.
    pub(crate) fn files(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.scratch.path("tuf")) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name != ".lock");
        names.sort();
        names
    }
}

/// The flags of the first edition.
const FIRST: [&str; 12] = [
    "--add-key",
    "root,targets:alice=alice.pub",
    "--add-key",
    "root,targets:bob=bob.pub",
    "--add-key",
    "root,targets:carol=carol.pub",
    "--threshold",
    "root,targets:2",
    "--add-key",
    "snapshot,timestamp:server=server.pub",
    "--target",
    "trusted_root.json=trusted_root.json",
];

#[test]
fn nothing_is_published_before_the_threshold_is_met() {
    let mut office = Office::new();
    office.plan(&FIRST).exits(0);
    let status = office.status().exits(1).json();
    assert_eq!(status["repository"]["state"], "new");
    assert_eq!(status["signatures"][0]["needed"], 2);
    assert_eq!(status["signatures"][0]["not_signed_by"].as_array().unwrap().len(), 3);
    let said = status["changes"][0]["differences"].to_string();
    assert!(said.contains("root: adds the key") && said.contains("of alice (ed25519)"), "{said}");
    assert!(said.contains("root: signatures needed none → 2"), "{said}");

    office.sign("alice").exits(0);
    office.publish(&["server"]).exits(1).complains("nothing was written");
    assert_eq!(office.files(), [""; 0]);
    // Who has signed is not asked again; a machine's key is no holder's.
    office.sign("alice").exits(3).complains("asked for no signature");
    office.sign("server").exits(3).complains("asked for no signature");
    office.sign("bob").exits(0);
    assert_eq!(office.status().exits(0).json()["complete"], true);
    // The machine's key is missing.
    office.publish(&[]).exits(1);
    assert_eq!(office.files(), [""; 0]);

    let done = office.publish(&["server"]).exits(0).json();
    assert_eq!(done["repository"]["root"], 1);
    assert_eq!(
        office.files(),
        ["1.root.json", "1.snapshot.json", "1.targets.json", "targets", "timestamp.json"]
    );
    // Again, and nothing happens.
    assert_eq!(office.publish(&["server"]).exits(0).json()["written"].as_array().unwrap().len(), 0);
}

/// Holders far apart sign copies; our client follows what comes of it.
#[test]
fn holders_come_and_go_and_the_client_follows() {
    let mut office = Office::published();
    let url = server::serve(office.scratch.path("tuf"));
    office.run(&["trust", "add", "acme", "--tuf", &url, "--root", "tuf/1.root.json"]).exits(0);
    office.run(&["trust", "update", "acme"]).exits(0);

    let swap = ["--remove-key", "root,targets:bob", "--add-key", "root,targets:dora=dora.pub"];
    office.plan(&swap).exits(0);
    let (plan, copy) = (office.current(), office.scratch.path("copy"));
    server::copy(&office.scratch.path(&plan), &copy);
    // Each of them knows the first root, and trusts the plan as far as it follows from that.
    office
        .run(&["ceremony", "sign", "copy", "--key", "carol.pem", "--root", "tuf/1.root.json"])
        .exits(0)
        .says("signed now");
    office.sign("alice").exits(0);
    office.status().exits(1);
    server::copy(&copy.join("signatures"), &office.scratch.path(&plan).join("signatures"));
    office.status().exits(0);
    office.publish(&["server"]).exits(0);
    office.run(&["trust", "update", "acme"]).exits(0);
    let shown = office.run(&["trust", "show", "acme", "--json"]).exits(0).json();
    assert_eq!(shown["root_version"], 2);

    // Bob's signature counts no more.
    office.plan(&["--renew", "root"]).exits(0);
    office.sign("bob").exits(3);
    office.sign("dora").exits(0);
    office.sign("carol").exits(0);
    office.publish(&[]).exits(0);
    office.run(&["trust", "update", "acme"]).exits(0);
    assert_eq!(office.run(&["trust", "show", "acme", "--json"]).json()["root_version"], 3);
}

/// The server's key is gone: the holders replace it, with a root in between.
#[test]
fn a_lost_key_of_the_server_is_replaced() {
    let mut office = Office::published();
    let url = server::serve(office.scratch.path("tuf"));
    office.run(&["trust", "add", "acme", "--tuf", &url, "--root", "tuf/1.root.json"]).exits(0);
    office.run(&["trust", "update", "acme"]).exits(0);
    fs::remove_file(office.scratch.path("server.pem")).unwrap();
    let swap = [
        "--remove-key",
        "snapshot,timestamp:server",
        "--add-key",
        "snapshot,timestamp:server-2=server-2.pub",
    ];
    let plan = office.plan(&swap).exits(0).json();
    assert_eq!(plan["changes"].as_array().unwrap().len(), 2);
    office.sign("alice").exits(0);
    office.sign("bob").exits(0);
    let done = office.publish(&["server-2"]).exits(0).json();
    assert_eq!(
        done["written"].to_string(),
        r#"["2.root.json","2.snapshot.json","timestamp.json","3.root.json"]"#
    );
    office.run(&["trust", "update", "acme"]).exits(0);
    assert_eq!(office.run(&["trust", "show", "acme", "--json"]).json()["root_version"], 3);
}

#[test]
fn a_machine_renews_what_is_due() {
    let office = Office::published();
    // The timestamp is valid for two days, which is less than the usual lead.
    let due = office.run(&["ceremony", "due", "--repository", "tuf", "--json"]).exits(1).json();
    let of = |role: &str| {
        let roles = due["roles"].as_array().unwrap();
        roles.iter().find(|entry| entry["role"] == role).unwrap()["due"].as_bool().unwrap()
    };
    assert!(of("timestamp") && !of("root") && !of("targets") && !of("snapshot"));
    let short = ["--expires", "timestamp:2d"];
    office.run(&["ceremony", "due", "--repository", "tuf", short[0], short[1]]).exits(0);
    let renew = ["ceremony", "renew", "--repository", "tuf", "--key", "server.pem", "--json"];
    let done = office.run(&renew).exits(0).json();
    assert_eq!(done["written"].to_string(), r#"["timestamp.json"]"#);
    assert_eq!(office.run(&renew).exits(0).json()["written"].to_string(), "[]");
    let now = [&renew[..], &["--now", "--step", "100"]].concat();
    let done = office.run(&now).exits(0).json();
    assert_eq!(
        (&done["repository"]["snapshot"], &done["repository"]["timestamp"]),
        (&101.into(), &102.into())
    );
    let wrong = ["ceremony", "renew", "--repository", "tuf", "--key", "alice.pem", "--now"];
    office.run(&wrong).exits(3).complains("has 0 good signatures of the 1");
}
