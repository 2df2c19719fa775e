//! What a ceremony refuses, and with which exit code.

use std::fs;

use crate::{Office, server};

#[test]
fn command_lines_that_mean_nothing() {
    let mut office = Office::published();
    let cases: [(&[&str], &str); 13] = [
        (&["--add-key", "root:dora"], "takes ROLE:HOLDER=FILE"),
        (&["--add-key", "mirror:dora=dora.pub"], "is no role"),
        (&["--add-key", "root:do ra=dora.pub"], "no name for a holder"),
        (&["--add-key", "root:alice=alice.pub"], "has the key"),
        (&["--remove-key", "root:dora"], "nobody named"),
        (&["--remove-key", "timestamp:server"], "would demand 1 signatures of 0 keys"),
        (&["--threshold", "root:4"], "would demand 4 signatures of 3 keys"),
        (&["--threshold", "root:0"], "is no number of keys"),
        (&["--target", "../x=trusted_root.json"], "no path for a target"),
        (&["--remove-target", "x"], "no target x"),
        (&["--renew", "timestamp"], "nothing that people sign would change"),
        (&["--renew", "root", "--expires", "timestamp:1d"], "timestamp is dated when it is published"),
        (&["--renew", "root", "--expires", "root:0d"], "does not end at an instant in the future"),
    ];
    for (words, reason) in cases {
        office.plan(words).exits(2).complains(reason);
        assert!(!office.scratch.path(&office.current()).exists(), "{words:?}");
    }
    office.plan(&[]).exits(3).complains("nothing would change");
    office.plan(&["--add-key", "root:x=missing.pub"]).exits(3).complains("missing.pub");
}

/// Only what follows from a root that the holder knows is signed.
#[test]
fn a_plan_for_another_repository() {
    let mut office = Office::published();
    office.plan(&["--renew", "root"]).exits(0);
    let plan = office.current();
    let other = Office::published();
    let root = other.scratch.path("tuf/1.root.json");
    let words = ["ceremony", "sign", &plan, "--key", "alice.pem", "--root", root.to_str().unwrap()];
    office.run(&words).exits(3);
    assert!(!office.scratch.path(&plan).join("signatures").exists());
    office.sign("alice").exits(0);
}

#[test]
fn a_plan_that_was_tampered_with() {
    let mut office = Office::published();
    office.plan(&["--renew", "root"]).exits(0);
    office.sign("alice").exits(0);
    office.sign("bob").exits(0);
    let plan = office.scratch.path(&office.current());
    let root = plan.join("next/2.root.json");
    let text = fs::read_to_string(&root).unwrap();
    fs::write(&root, text.replace("\"threshold\": 2", "\"threshold\": 1")).unwrap();
    office.status().exits(3).complains("is not one of 2.root.json");
    office.publish(&[]).exits(3);
    fs::write(&root, text).unwrap();
    fs::write(plan.join("plan.json"), "{}").unwrap();
    office.status().exits(3).complains("mediaType is missing");
}

/// Two plans after the same state: the second one to be published is refused.
#[test]
fn a_plan_that_was_overtaken() {
    let mut office = Office::published();
    office.plan(&["--renew", "root"]).exits(0);
    let late = office.current();
    office.sign("alice").exits(0);
    office.sign("bob").exits(0);
    office.plan(&["--threshold", "root:3"]).exits(0);
    for holder in ["alice", "bob", "carol"] {
        office.sign(holder).exits(0);
    }
    office.publish(&[]).exits(0);
    let words = ["ceremony", "publish", &late, "--repository", "tuf"];
    office.run(&words).exits(3).complains("plan anew");
    assert!(!office.files().contains(&"3.root.json".to_owned()));
}

/// A publication that stopped behind its first file is finished by doing it again.
#[test]
fn a_publication_that_was_cut_short() {
    let mut office = Office::published();
    let swap = ["--remove-key", "timestamp:server", "--add-key", "timestamp:server-2=server-2.pub"];
    office.plan(&swap).exits(0);
    office.sign("alice").exits(0);
    office.sign("bob").exits(0);
    let before = office.scratch.path("before");
    server::copy(&office.scratch.path("tuf"), &before);
    office.publish(&["server-2"]).exits(0);
    let first = fs::read(office.scratch.path("tuf/2.root.json")).unwrap();
    fs::remove_dir_all(office.scratch.path("tuf")).unwrap();
    server::copy(&before, &office.scratch.path("tuf"));
    fs::write(office.scratch.path("tuf/2.root.json"), first).unwrap();
    let done = office.publish(&["server-2"]).exits(0).json();
    assert_eq!(done["written"].to_string(), r#"["timestamp.json","3.root.json"]"#);
}

/// The first one too: its timestamp is written last, and without it there is nothing yet.
#[test]
fn a_first_publication_that_was_cut_short() {
    let office = Office::published();
    for name in ["timestamp.json", "1.snapshot.json", "1.targets.json"] {
        fs::remove_file(office.scratch.path("tuf").join(name)).unwrap();
        assert_eq!(office.publish(&["server"]).exits(0).json()["repository"]["timestamp"], 1);
        fs::remove_file(office.scratch.path("tuf/timestamp.json")).unwrap();
    }
    // With a second root, a timestamp was there, and is lost.
    fs::copy(office.scratch.path("tuf/1.root.json"), office.scratch.path("tuf/2.root.json")).unwrap();
    office.publish(&["server"]).exits(3).complains("the repository has no timestamp.json");
}

#[test]
fn what_is_no_repository_and_no_plan() {
    let office = Office::new();
    office.run(&["ceremony", "due", "--repository", "tuf"]).exits(3).complains("no repository");
    office.run(&["ceremony", "status", "tuf"]).exits(3).complains("is no plan");
    office.scratch.write("tuf/1.root.json", "{}");
    office.scratch.write("tuf/timestamp.json", "{}");
    office.run(&["ceremony", "due", "--repository", "tuf"]).exits(3).complains("signed is missing");
}
