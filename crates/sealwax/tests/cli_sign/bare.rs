//! Where there is nothing: no configuration, no terminal, no home, or one that cannot be written.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::common::Scratch;
use crate::names;
use crate::world::World;

const NO_HOME: &[(&str, &str)] = &[("SEALWAX_HOME", ""), ("XDG_DATA_HOME", ""), ("HOME", "")];

#[test]
fn without_any_configuration_three_lines_say_what_is_needed() {
    let scratch = Scratch::new();
    let app = scratch.write("the app", b"content");
    // Nothing is asked for before somebody is there to sign: this needs no network.
    let ran =
        scratch.run(&["sign", &app]).exits(3).complains("SIGSTORE_ID_TOKEN").complains("id-token: write");
    let lines: Vec<&str> = ran.err.lines().collect();
    assert!(
        lines.len() == 3 && lines[2].ends_with(&format!("sealwax sign '{app}' --browser")),
        "{}",
        ran.err
    );
    assert!(lines[2].contains("public-good") && ran.out.is_empty(), "{}{}", ran.out, ran.err);
    // A program that listens is told so in its language.
    let said = scratch.run(&["sign", &app, "--json"]).exits(3).json();
    assert!(said["status"] == "failed" && said["reason"].as_str().unwrap().ends_with("--browser"), "{said}");
    let odd = ["attest", &app, "--type", "spdx", "--predicate", &app, "--json"];
    assert!(scratch.run(&odd).exits(3).json()["reason"].as_str().unwrap().contains("not a JSON object"));
    // It asks whom this would have asked.
    let at_staging = scratch.run(&["sign", &app, "--trust", "staging"]).exits(3);
    at_staging.complains(&format!("sealwax sign '{app}' --trust staging --browser"));
    // What is not there is not what anybody signs in for, and leaves no file to take it up from.
    let absent = ["sign", "nobody", "nothing", "--browser", "--resume", "state"];
    scratch.run(&absent).exits(3).complains("cannot read nobody").complains("nothing was signed");
    assert!(!scratch.path("state").exists());
    // Nor does a job wait for somebody to see a code.
    scratch.run(&["sign", &app, "--device"]).exits(3).complains("no terminal");
    let predicate = scratch.write("predicate.json", "{}");
    let attest = ["attest", &app, "--type", "urn:x", "--predicate", &predicate];
    let ran = scratch.run(&attest).exits(3).complains("sealwax attest … --browser");
    assert_eq!((ran.err.lines().count(), names(&scratch, "the app")), (3, vec!["the app".to_owned()]));
    assert!(!scratch.home().exists(), "nothing is made");
}

#[test]
fn without_a_home_everything_but_keeping_profiles_works() {
    let world = World::new();
    let World { scratch, signer, app, token } = &world;
    signer.sign(scratch, &["sign", app, "--token", token], NO_HOME, b"").exits(0);
    let who = signer.who();
    let root = signer.download(scratch, "/trusted_root.json", "root.json");
    let verify = ["verify", app, "--trusted-root", &root, &who[0], &who[1], &who[2], &who[3]];
    scratch.run_with(&verify, NO_HOME, b"").exits(0);
    scratch.run_with(&["sign", app, "--overwrite"], NO_HOME, b"").exits(3).complains("--browser");
    scratch.run_with(&["trust", "list"], NO_HOME, b"").exits(0).says("public-good");
    let add = ["trust", "add", "acme", "--config", &signer.config];
    scratch.run_with(&add, NO_HOME, b"").exits(3).complains("set SEALWAX_HOME");
    // A profile that could be anybody's is none.
    scratch.write("sealwax.toml", "trust = \"acme\"");
    let sign = ["sign", app, "--overwrite", "--token", token];
    scratch.run_with(&sign, NO_HOME, b"").exits(3).complains("none that you have added");
}

#[test]
fn a_home_that_cannot_be_written_is_read() {
    let world = World::new();
    let World { scratch, signer, app, token } = &world;
    scratch.run(&["trust", "add", "acme", "--config", &signer.config]).exits(0);
    let home = scratch.home();
    let before = listed(&home);
    for directory in [home.join("trust/acme"), home.join("trust"), home.clone()] {
        fs::set_permissions(directory, fs::Permissions::from_mode(0o500)).unwrap();
    }
    let sign = ["sign", app, "--overwrite", "--token", token];
    scratch.run(&[&sign[..], &["--trust", "acme"]].concat()).exits(0);
    assert_eq!(listed(&home), before);
    for directory in [home.clone(), home.join("trust"), home.join("trust/acme")] {
        fs::set_permissions(directory, fs::Permissions::from_mode(0o700)).unwrap();
    }
    // A place where nobody can make anything, not even the superuser.
    let variables = [("SEALWAX_HOME", "/proc/sealwax")];
    signer.sign(scratch, &sign, &variables, b"").exits(0);
    let add = ["trust", "add", "acme", "--config", &signer.config];
    scratch.run_with(&add, &variables, b"").exits(3).complains("cannot write");
}

/// Everything below a directory.
fn listed(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        found.push(entry.path().display().to_string());
        if entry.path().is_dir() {
            found.extend(listed(&entry.path()));
        }
    }
    found.sort();
    found
}
