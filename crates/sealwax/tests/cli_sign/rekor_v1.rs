//! A log of the first generation: an entry that is there already, as Rekor 1.5 says it. It answers a second proposal with the
//! entry's address, at which there is nothing before the entry is in the tree.

use std::fs;
use std::sync::Mutex;

use sealwax_testkit::rekor_v1::ENTRIES;
use sealwax_testkit::signature_log::SignatureLog;
use serde_json::Value;

use crate::common::Ran;
use crate::names;
use crate::proxy::{Act, Proxy, Reply, Request};
use crate::world::World;

/// Everything of the instance, but for the log.
pub(crate) struct Old {
    pub(crate) world: World,
    pub(crate) config: String,
    log: Proxy,
    root: String,
}

impl Old {
    pub(crate) fn new() -> Self {
        Self::answering(|request, _, entries| {
            assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", ENTRIES));
            entries.created(request)
        })
    }

    /// `act` is told how often this path was asked before.
    fn answering(act: impl Fn(&Request, usize, &Entries) -> Act + Send + Sync + 'static) -> Self {
        let world = World::new();
        let log = SignatureLog::v1("rekor.lab.example");
        let entries = Entries { log: log.clone(), last: Mutex::default() };
        let proxy =
            Proxy::start(world.signer.url(), move |request, before, _| act(request, before, &entries));
        let config = serde_json::from_str(&fs::read_to_string(&world.signer.config).unwrap()).unwrap();
        let config = log.join_v1(config, &proxy.url);
        let root = world.scratch.write("v1-root.json", config["trustedRoot"].to_string());
        let config = world.scratch.write("v1.json", config.to_string());
        Self { world, config, log: proxy, root }
    }

    pub(crate) fn sign(&self, config: &str, more: &[&str]) -> Ran {
        let World { scratch, app, token, .. } = &self.world;
        let arguments = ["sign", app, "--token", token, "--trust-config", config];
        scratch.run(&[&arguments[..], more].concat())
    }

    pub(crate) fn verify(&self, more: &[&str]) -> Ran {
        let World { scratch, signer, app, .. } = &self.world;
        let who = signer.who();
        let who: Vec<&str> = who.iter().map(String::as_str).collect();
        let arguments = ["verify", app, "--trusted-root", &self.root];
        scratch.run(&[&arguments[..], &who, more].concat())
    }
}

/// What the log has.
struct Entries {
    log: SignatureLog,
    /// The entry that was made last, as the log shows it.
    last: Mutex<Vec<u8>>,
}

impl Entries {
    fn take(&self, request: &Request) {
        let entry = self.log.take_v1(&request.body, jiff::Timestamp::now());
        *self.last.lock().unwrap() = entry.to_string().into_bytes();
    }

    fn show(&self, status: u16) -> Act {
        reply(status, "", &self.last.lock().unwrap())
    }

    fn created(&self, request: &Request) -> Act {
        self.take(request);
        self.show(201)
    }

    /// It is there: at this address, to which the entry's own name is added.
    fn conflict(&self, at: &str) -> Act {
        let entry: Value = serde_json::from_slice(&self.last.lock().unwrap()).unwrap();
        let name = entry.as_object().unwrap().keys().next().unwrap().clone();
        let body = br#"{"code":409,"message":"an equivalent entry already exists"}"#;
        reply(409, &format!("Location: {at}{ENTRIES}/{name}\r\n"), body)
    }
}

fn reply(status: u16, headers: &str, body: &[u8]) -> Act {
    let headers = format!("Content-Type: application/json\r\n{headers}");
    Act::Reply(Reply { status, headers, body: body.to_vec() })
}

#[test]
fn an_entry_that_is_there_is_waited_for_and_taken() {
    // What the first request asked for is done, and nobody is told; it is shown when it was asked for twice.
    let old = Old::answering(|request, before, entries| match (request.method.as_str(), before) {
        ("POST", 0) => {
            entries.take(request);
            Act::Cut
        }
        ("POST", _) => entries.conflict(""),
        (_, 0 | 1) => reply(404, "", b"{}"),
        _ => entries.show(200),
    });
    old.sign(&old.config, &[]).exits(0);
    old.verify(&[]).exits(0);
    assert_eq!(old.log.count(ENTRIES), 4);
    assert_eq!(old.log.asked.lock().unwrap().len(), 7);

    // One that is never shown is an outage.
    let old = Old::answering(|request, _, entries| match request.method.as_str() {
        "POST" => {
            entries.take(request);
            entries.conflict("")
        }
        _ => reply(404, "", b"{}"),
    });
    old.sign(&old.config, &["--patience", "1s"]).exits(3).says("has not published yet");
    assert_eq!(names(&old.world.scratch, "app"), ["app"]);
}

#[test]
fn an_entry_that_is_said_to_be_there_is_believed_as_any_other() {
    // Another signature's.
    let old = Old::answering(|request, _, entries| {
        if entries.last.lock().unwrap().is_empty() {
            return entries.created(request);
        }
        match request.method.as_str() {
            "POST" => entries.conflict(""),
            _ => entries.show(200),
        }
    });
    old.sign(&old.config, &[]).exits(0);
    fs::remove_file(old.world.path("app.sigstore.json")).unwrap();
    old.sign(&old.config, &[]).exits(1).says("log.signature");
    assert_eq!(names(&old.world.scratch, "app"), ["app"]);

    // At another address than the log's.
    let old = Old::answering(|request, _, entries| {
        entries.take(request);
        entries.conflict("http://127.0.0.1:9")
    });
    old.sign(&old.config, &[]).exits(1).says("not an address of this log");
    // Nowhere.
    let old = Old::answering(|_, _, _| reply(409, "", b"{}"));
    old.sign(&old.config, &[]).exits(1).says("status 409");
    assert_eq!(names(&old.world.scratch, "app"), ["app"]);
}
