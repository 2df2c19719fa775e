//! Older forms beside the bundle, by a log of the first generation, which alone leads to them.

use std::fs;

use sealwax_testkit::rekor_v1::ENTRIES;
use sealwax_testkit::signature_log::SignatureLog;
use serde_json::Value;

use crate::common::Ran;
use crate::names;
use crate::proxy::{Act, Proxy, Reply};
use crate::world::World;

/// Everything of the instance, but for the log.
struct Old {
    world: World,
    config: String,
    root: String,
}

impl Old {
    fn new() -> Self {
        let world = World::new();
        let log = SignatureLog::v1("rekor.lab.example");
        let answering = log.clone();
        let rekor = Proxy::start(world.signer.url(), move |request, _, _| {
            assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", ENTRIES));
            let body = answering.take_v1(&request.body, jiff::Timestamp::now()).to_string().into_bytes();
            Act::Reply(Reply { status: 201, headers: "Content-Type: application/json\r\n".to_owned(), body })
        });
        let config = serde_json::from_str(&fs::read_to_string(&world.signer.config).unwrap()).unwrap();
        let config = log.join_v1(config, &rekor.url);
        let root = world.scratch.write("v1-root.json", config["trustedRoot"].to_string());
        let config = world.scratch.write("v1.json", config.to_string());
        Self { world, config, root }
    }

    fn sign(&self, config: &str, more: &[&str]) -> Ran {
        let World { scratch, app, token, .. } = &self.world;
        let arguments = ["sign", app, "--token", token, "--trust-config", config];
        scratch.run(&[&arguments[..], more].concat())
    }

    fn verify(&self, more: &[&str]) -> Ran {
        let World { scratch, signer, app, .. } = &self.world;
        let who = signer.who();
        let who: Vec<&str> = who.iter().map(String::as_str).collect();
        let arguments = ["verify", app, "--trusted-root", &self.root];
        scratch.run(&[&arguments[..], &who, more].concat())
    }
}

#[test]
fn every_form_verifies_and_what_is_there_stays() {
    let old = Old::new();
    let (world, config) = (&old.world, &old.config);
    // One of them twice is that one.
    let forms = ["--also", "detached", "--also", "v0.1,cosign,cosign"];
    fs::write(world.scratch.path("app.pem"), "mine").unwrap();
    old.sign(config, &forms).exits(3).complains("app.pem is there already");
    assert_eq!(names(&world.scratch, "app").len(), 2);
    fs::remove_file(world.scratch.path("app.pem")).unwrap();
    old.sign(config, &forms).exits(0);
    let written = names(&world.scratch, "app.");
    let expected = [
        "app.bundle",
        "app.pem",
        "app.rekor.json",
        "app.sig",
        "app.sigstore",
        "app.sigstore.json",
        "app.tsr",
    ];
    assert_eq!(written, expected);

    for bundle in ["app.sigstore.json", "app.sigstore"] {
        old.verify(&["--bundle", &world.path(bundle)]).exits(0);
    }
    let first: Value = serde_json::from_slice(&fs::read(world.path("app.sigstore")).unwrap()).unwrap();
    assert_eq!(first["mediaType"], "application/vnd.dev.sigstore.bundle+json;version=0.1");
    old.verify(&["--bundle", &world.path("app.bundle")]).exits(0);
    let (signature, certificate, entry, stamp) =
        (world.path("app.sig"), world.path("app.pem"), world.path("app.rekor.json"), world.path("app.tsr"));
    let detached = [
        "--signature",
        &signature,
        "--certificate",
        &certificate,
        "--log-entry",
        &entry,
        "--timestamp",
        &stamp,
    ];
    old.verify(&detached).exits(0);
    fs::write(&world.app, b"changed").unwrap();
    old.verify(&detached).exits(1);
    old.verify(&["--bundle", &world.path("app.sigstore")]).exits(1);
}

#[test]
fn what_would_verify_nowhere_is_refused_before_anything_is_sent() {
    let old = Old::new();
    let (world, config) = (&old.world, &old.config);
    old.sign(&world.signer.config, &["--also", "v0.1"]).exits(3).complains("Rekor v2 gives none");
    old.sign(&world.signer.config, &["--also", "detached"]).exits(3).complains("--rekor v1");
    let other = world.scratch.write("other", b"");
    let all = world.path("all.jsonl");
    old.sign(config, &[&other, "--bundle", &all, "--also", "detached"]).exits(2).complains("--also");
    // Not over what is to be signed, whoever asks for it.
    let signature = world.scratch.write("app.sig", b"an artifact of that name");
    let forms = ["--also", "detached", "--overwrite"];
    for spelling in [signature.as_str(), "./app.sig"] {
        old.sign(config, &[&[spelling][..], &forms].concat()).exits(2).complains("would take the place of");
    }
    let predicate = world.scratch.write("predicate.json", "{}");
    let attest =
        ["attest", &signature, "--type", "urn:x", "--predicate", &predicate, "--token", &world.token];
    let to = ["--bundle", "app.sigstore.json", "--trust-config", config];
    world.scratch.run(&[&attest[..], &to, &forms].concat()).exits(2).complains("would take the place of");
    // Nor over each other.
    let bundle = ["--bundle", "./app.bundle", "--also", "cosign", "--overwrite"];
    old.sign(config, &bundle).exits(2).complains("app.bundle, where a bundle goes");
    let list = world.scratch.write(
        "list",
        "{\"artifact\":\"app\",\"bundle\":\"x.json\"}\n{\"artifact\":\"other\",\"bundle\":\"./x.jsonl\"}",
    );
    let list =
        ["sign", "--list", &list, "--also", "cosign", "--token", &world.token, "--trust-config", config];
    world.scratch.run(&list).exits(2).complains("x.bundle twice");
    // Nor where nothing can be put.
    fs::create_dir(world.path("other.sig")).unwrap();
    old.sign(config, &[&[other.as_str()][..], &forms].concat())
        .exits(3)
        .complains("other.sig: it is not a regular");
    assert_eq!(names(&world.scratch, "app"), ["app", "app.sig"]);
    assert_eq!(names(&world.scratch, "other"), ["other", "other.sig"]);
}
