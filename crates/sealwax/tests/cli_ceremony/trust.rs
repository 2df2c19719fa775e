//! The trusted root of a repository: nothing ever disappears from it.

use std::fs;

use sealwax_crypto::{KeyKind, SigningKey};
use serde_json::Value;

use crate::Office;

fn read(office: &Office, name: &str) -> Value {
    serde_json::from_slice(&fs::read(office.scratch.path(name)).unwrap()).unwrap()
}

/// A new shard of the log is told, and used a day later; then the old one is ended by date.
#[test]
fn shards_come_and_are_ended_by_date() {
    let mut office = Office::published();
    let key = SigningKey::generate(KeyKind::Ed25519).unwrap();
    office.scratch.write("log2.pub", key.public_key().to_pem());
    let extend = ["trust", "extend", "trusted_root.json", "--log", "https://log2.acme.test=log2.pub"];
    let extended = [&extend[..], &["--output", "next.json", "--json"]].concat();
    let said = office.run(&extended).exits(0).json();
    let times = [&said["added"][0]["start"], &said["added"][0]["usable_from"]]
        .map(|time| time.as_str().unwrap().parse::<jiff::Timestamp>().unwrap());
    let waits = times[1].duration_since(times[0]).as_secs();
    assert!((24 * 3_600..24 * 3_600 + 60).contains(&waits), "{waits}");
    let again =
        ["trust", "extend", "next.json", "--log", "https://log2.acme.test=log2.pub", "--output", "x.json"];
    office.run(&again).exits(3).complains("already");

    let target = ["--target", "trusted_root.json=next.json"];
    office.plan(&target).exits(0);
    office.sign("alice").exits(0);
    office.sign("carol").exits(0);
    office.publish(&["server"]).exits(0);

    let id = said["added"][0]["id"].as_str().unwrap();
    let end = ["trust", "end", "next.json", &id[..12], "--output", "ended.json", "--json"];
    let ended = office.run(&end).exits(0).json();
    assert_eq!(ended["ended"][0]["url"], "https://log2.acme.test");
    assert!(ended["ended"][0]["end"].is_string());
    assert_eq!(read(&office, "ended.json")["tlogs"].as_array().unwrap().len(), 3);
    office.plan(&["--target", "trusted_root.json=ended.json"]).exits(0);
    // An end is never put off.
    let later = ["trust", "end", "ended.json", id, "--at", "2100-01-01T00:00:00Z", "--output", "x.json"];
    office.run(&later).exits(3).complains("never put off");
}

/// A signing config names a service when its key has been told for a day; in a new repository at once.
#[test]
fn services_are_named_when_their_keys_are_known() {
    let mut office = Office::published();
    let root = read(&office, "trusted_root.json");
    let config = |url: &str, start: &str| {
        serde_json::json!({
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "rekorTlogUrls": [{ "url": url, "majorApiVersion": 2, "validFor": { "start": start } }],
            "rekorTlogConfig": { "selector": "ANY" },
        })
    };
    let old = root["tlogs"][1]["baseUrl"].as_str().unwrap();
    let target = ["--target", "signing_config.v0.2.json=config.json"];
    office.scratch.write("config.json", config("https://unknown.test", "2026-02-01T00:00:00Z").to_string());
    office.plan(&target).exits(3).complains("no key in use for https://unknown.test");
    office.scratch.write("config.json", config(old, "2100-02-01T00:00:00Z").to_string());
    office.plan(&target).exits(3).complains("list it then");

    let key = SigningKey::generate(KeyKind::Ed25519).unwrap();
    office.scratch.write("log2.pub", key.public_key().to_pem());
    let log = "https://log2.acme.test=log2.pub";
    office.run(&["trust", "extend", "trusted_root.json", "--log", log, "--output", "next.json"]).exits(0);
    office.plan(&["--target", "trusted_root.json=next.json"]).exits(0);
    office.sign("alice").exits(0);
    office.sign("bob").exits(0);
    office.publish(&["server"]).exits(0);
    office.scratch.write("config.json", config("https://log2.acme.test", "2026-02-01T00:00:00Z").to_string());
    office.plan(&target).exits(3).complains("is not in the trusted root for long enough");
    let hurried = [&target[..], &["--lead", "0s"]].concat();
    office.plan(&hurried).complains("tsa");
}

#[test]
fn a_trusted_root_that_lost_something_is_not_planned() {
    let mut office = Office::published();
    let mut root = read(&office, "trusted_root.json");
    root.as_object_mut().unwrap().remove("ctlogs");
    office.scratch.write("less.json", root.to_string());
    office.plan(&["--target", "trusted_root.json=less.json"]).exits(3).complains("nothing ever leaves");
    office.plan(&["--remove-target", "trusted_root.json"]).exits(3).complains("is not removed");
}

#[test]
fn what_is_to_be_ended_must_be_clear() {
    let office = Office::new();
    let run = |what: &str, more: &[&str]| {
        let words = ["trust", "end", "trusted_root.json", what, "--output", "x.json"];
        office.run(&[&words[..], more].concat())
    };
    run("https://nothing.test", &[]).exits(2).complains("nothing open");
    let root = read(&office, "trusted_root.json");
    let url = root["tlogs"][0]["baseUrl"].as_str().unwrap();
    run(url, &["--at", "2001-01-01T00:00:00Z"]).exits(2).complains("before it started");
    run(url, &["--at", "yesterday"]).exits(2).complains("not an instant");
    run(url, &["--at", "2100-01-01T00:00:00.5Z"]).exits(2).complains("whole second");
    run(url, &[]).exits(0);
    run(url, &[]).exits(3).complains("--overwrite");
}
