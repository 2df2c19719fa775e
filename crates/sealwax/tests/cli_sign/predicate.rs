//! `attest`, then `verify --type T --predicate-out F`: what was said comes out again, after the verdict alone.

use std::fs;

use crate::common::Ran;
use crate::world::World;

const SBOM: &str = "{\"spdxVersion\": \"SPDX-2.3\",\r\n\t\"name\": \"caf\\u00e9 \u{202e}\", \"packages\": [{\"z\": 1.0, \"a\": 1e3}]}";

impl World {
    fn attest(&self, kind: &str, predicate: &str, more: &[&str]) -> Ran {
        let file = self.scratch.write("predicate.json", predicate);
        let arguments = ["attest", &self.app, "--token", &self.token, "--type", kind, "--predicate", &file];
        self.signer.sign(&self.scratch, &[&arguments[..], more].concat(), &[], b"")
    }

    fn hand_on(&self, kind: &str, file: &str, more: &[&str]) -> Ran {
        let who = self.signer.who();
        let who: Vec<&str> = who.iter().map(String::as_str).collect();
        let arguments = ["--type", kind, "--predicate-out", file];
        self.signer.verify_by(&self.scratch, &self.app, &[&who[..], &arguments, more].concat())
    }
}

#[test]
fn what_was_said_comes_out_as_it_was() {
    let world = World::new();
    world.attest("spdx", SBOM, &[]).exits(0);
    let out = world.path("out.json");
    // By the short name of its type, or its URI.
    world.hand_on("spdx", &out, &[]).exits(0).says("verified attestation https://spdx.dev/Document");
    assert_eq!(fs::read_to_string(&out).unwrap(), SBOM);
    world.hand_on("https://spdx.dev/Document", &out, &[]).exits(3).complains("--overwrite");
    world.hand_on("https://spdx.dev/Document", &out, &["--overwrite"]).exits(0);

    // Never over what the verdict is about, or stands on.
    for input in [&world.app, &world.path("app.spdx.sigstore.json")] {
        world.hand_on("spdx", input, &["--overwrite"]).exits(2).complains("which this command reads");
    }

    // But over a neighbour that nobody reads, since another bundle was named.
    let (neighbour, apart) = (world.scratch.write("app.intoto.jsonl", "old"), world.path("apart.json"));
    fs::copy(world.path("app.spdx.sigstore.json"), &apart).unwrap();
    world.hand_on("spdx", &neighbour, &["--overwrite", "--bundle", &apart]).exits(0);
    assert_eq!(fs::read_to_string(&neighbour).unwrap(), SBOM);
    fs::remove_file(&neighbour).unwrap();

    // In the place of the verdict, which goes elsewhere; what could fool a terminal means the same and does not.
    let ran = world.hand_on("spdx", "-", &["--json"]).exits(0).complains("\"verified\":true");
    let same: serde_json::Value = serde_json::from_str(SBOM).unwrap();
    assert_eq!((ran.json(), ran.out.contains('\u{202e}')), (same, false));

    let who = world.signer.who();
    let usage = ["verify", &world.app, "--predicate-out", &out, &who[0], &who[1], &who[2], &who[3]];
    world.scratch.run(&usage).exits(2).complains("--type");
    let usage = ["verify", &world.app, "other", "--type", "spdx", "--predicate-out", "x"];
    world.scratch.run(&usage).exits(2).complains("one artifact");
}

#[test]
fn without_a_verdict_nothing_comes_out() {
    let world = World::new();
    world.attest("spdx", SBOM, &[]).exits(0);
    let out = world.path("out.json");
    world.hand_on("cyclonedx", &out, &[]).exits(1);
    let ran = world.hand_on("cyclonedx", "-", &[]).exits(1).complains("not verified");
    assert_eq!(ran.out, "");
    let other = [
        "--type",
        "spdx",
        "--predicate-out",
        &out,
        "--identity",
        "other@example.com",
        "--issuer",
        "https://x.example",
    ];
    world.signer.verify_by(&world.scratch, &world.app, &other).exits(1);
    fs::write(&world.app, b"changed").unwrap();
    world.hand_on("spdx", &out, &[]).exits(1);
    // A signature says nothing but that it was made.
    let signed = world.scratch.write("signed", b"content");
    world.signer.sign(&world.scratch, &["sign", &signed, "--token", &world.token], &[], b"").exits(0);
    let who = world.signer.who();
    let arguments = ["--type", "spdx", "--predicate-out", &out, &who[0], &who[1], &who[2], &who[3]];
    world.signer.verify_by(&world.scratch, &signed, &arguments).exits(1);
    assert!(!fs::exists(&out).unwrap());
}

#[test]
fn of_two_that_contradict_each_other_neither_comes_out() {
    let world = World::new();
    let (one, other) = (world.path("app.one.sigstore.json"), world.path("app.other.sigstore.json"));
    let out = world.path("out.json");
    world.attest("urn:review", r#"{"ok":true}"#, &["--bundle", &one]).exits(0);
    world.attest("urn:review", r#"{"ok":true}"#, &["--bundle", &other]).exits(0);
    // Twice the same is not ambiguous.
    world.hand_on("urn:review", &out, &[]).exits(0);
    fs::remove_file(&out).unwrap();
    world.attest("urn:review", r#"{"ok":false}"#, &["--bundle", &other, "--overwrite"]).exits(0);
    world.hand_on("urn:review", &out, &[]).exits(3).says("cannot tell").says("say different things");
    let said = world.hand_on("urn:review", &out, &["--json"]).exits(3).json();
    assert!(
        said["verified"] == false && said["reason"].as_str().unwrap().contains("app.other.sigstore.json")
    );
    assert!(!fs::exists(&out).unwrap());
    world.hand_on("urn:review", &out, &["--bundle", &other]).exits(0);
    assert_eq!(fs::read_to_string(&out).unwrap(), r#"{"ok":false}"#);
}
