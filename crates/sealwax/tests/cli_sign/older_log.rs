//! Rekor of the first version has an entry already: a try before this one was not lost.

use std::fs;
use std::sync::Mutex;

use jiff::Timestamp;
use sealwax_testkit::rekor_v1::ENTRIES;
use sealwax_testkit::signature_log::SignatureLog;
use serde_json::Value;

use crate::common::Ran;
use crate::names;
use crate::proxy::{Act, Proxy, Reply};
use crate::world::World;

/// Where it says that the entry is.
const ENTRY: &str = "/api/v1/log/entries/24296fb24b8ad77a";

/// What it has there, for what was proposed, when it was looked for so often before.
type Has = fn(&SignatureLog, &[u8], usize) -> Reply;

fn found(entry: &Value) -> Reply {
    let headers = "Content-Type: application/json\r\n".to_owned();
    Reply { status: 200, headers, body: entry.to_string().into_bytes() }
}

fn ours(log: &SignatureLog, proposed: &[u8], _: usize) -> Reply {
    found(&log.take_v1(proposed, Timestamp::now()))
}

fn of_others(log: &SignatureLog, proposed: &[u8], _: usize) -> Reply {
    let mut other: Value = serde_json::from_slice(proposed).unwrap();
    other["spec"]["data"]["hash"]["value"] = "ab".repeat(32).into();
    found(&log.take_v1(other.to_string().as_bytes(), Timestamp::now()))
}

fn nothing(_: &SignatureLog, _: &[u8], _: usize) -> Reply {
    Reply { status: 404, headers: String::new(), body: Vec::new() }
}

/// As Rekor 1.5 does while what was proposed is queued, and not in the tree yet.
fn ours_soon(log: &SignatureLog, proposed: &[u8], before: usize) -> Reply {
    if before < 2 { nothing(log, proposed, before) } else { ours(log, proposed, before) }
}

impl World {
    /// Signs at a log that breaks off first, and then says that the entry is at this address.
    fn sign_again(&self, location: &str, has: Has, more: &[&str]) -> Ran {
        let log = SignatureLog::v1("rekor.lab.example");
        let (answering, location, proposed) = (log.clone(), location.to_owned(), Mutex::new(Vec::new()));
        let rekor = Proxy::start(self.signer.url(), move |request, before, _| {
            let mut proposed = proposed.lock().unwrap();
            match (request.method.as_str(), request.path.as_str(), before) {
                ("POST", ENTRIES, 0) => {
                    proposed.clone_from(&request.body);
                    Act::Cut
                }
                ("POST", ENTRIES, _) => {
                    assert_eq!(*proposed, request.body, "a retry is the same bytes");
                    let headers = format!("Location: {location}\r\n");
                    Act::Reply(Reply { status: 409, headers, body: b"{\"code\":409}".to_vec() })
                }
                _ => Act::Reply(has(&answering, &proposed, before)),
            }
        });
        let config = serde_json::from_str(&fs::read_to_string(&self.signer.config).unwrap()).unwrap();
        let config = log.join_v1(config, &rekor.url);
        let root = self.scratch.write("v1-root.json", config["trustedRoot"].to_string());
        let config = self.scratch.write("v1.json", config.to_string());
        let sign = ["sign", &self.app, "--token", &self.token, "--trust-config", &config];
        let ran = self.scratch.run(&[&sign[..], more].concat());
        if ran.code == Some(0) {
            let who = self.signer.who();
            let who: Vec<&str> = who.iter().map(String::as_str).collect();
            let verify = ["verify", &self.app, "--trusted-root", &root];
            self.scratch.run(&[&verify[..], &who].concat()).exits(0);
            fs::remove_file(self.path("app.sigstore.json")).unwrap();
        }
        assert_eq!(names(&self.scratch, "app"), ["app"]);
        ran
    }
}

#[test]
fn an_entry_that_is_there_already_is_taken_if_it_is_ours() {
    let world = World::new();
    world.sign_again(ENTRY, ours, &[]).exits(0);
    world.sign_again(ENTRY, ours_soon, &[]).exits(0);
    world.sign_again(ENTRY, of_others, &[]).exits(1).says("log.content");
    let ran = world.sign_again(ENTRY, nothing, &["--patience", "1s"]);
    ran.exits(3).says(ENTRY).says("has not published yet");
    // Nobody else is asked, whatever it says.
    for elsewhere in
        ["http://127.0.0.1:9/entry", "https://rekor.sigstore.dev/entry", "//elsewhere.example/entry"]
    {
        world.sign_again(elsewhere, ours, &[]).exits(1).says("not an address of this log");
    }
}
