//! `sealwax trust update`, against a repository on this machine.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

mod common;

use std::fs;
use std::sync::{Arc, Mutex};

use common::{Scratch, built_in};
use sealwax_testkit::tuf_repository::{TOP_LEVEL, TufRepository};
use sealwax_testkit::{Instance, SignOptions};

/// Serves a repository on the loopback interface until the process ends.
fn serve(repository: &Arc<Mutex<TufRepository>>) -> String {
    let repository = Arc::clone(repository);
    common::serve(move |path| {
        let mut repository = repository.lock().unwrap();
        match path.strip_prefix("targets/") {
            Some(target) => repository.targets.get(target).cloned(),
            None => repository.fetch(path),
        }
    })
}

/// A repository that is fresh today, with the trust of an instance.
fn repository(instance: &Instance) -> TufRepository {
    let mut repository = TufRepository::new();
    repository.add_target("targets", "trusted_root.json", &instance.trusted_root_json());
    repository.add_target(
        "targets",
        "registry.npmjs.org/keys.json",
        instance.npm_keys().to_string().as_bytes(),
    );
    repository.add_target("targets", "signing_config_rekor_v2.v0.2.json", br#"{"mediaType":"of tomorrow"}"#);
    for role in TOP_LEVEL {
        repository.expire(role, 36_500);
    }
    repository.publish(&TOP_LEVEL);
    repository
}

#[test]
fn what_the_repository_has_is_fetched_kept_and_used() {
    let scratch = Scratch::new();
    let instance = Instance::usual();
    let repository = Arc::new(Mutex::new(repository(&instance)));
    let root = scratch.write("1.root.json", repository.lock().unwrap().initial_root());
    let url = serve(&repository);
    scratch.run(&["trust", "add", "acme", "--tuf", &url, "--root", &root]).exits(0);
    scratch.run(&["trust", "update", "acme"]).exits(0).says("up to date at root 2").says("is new");

    let made = instance.sign_message(b"artifact", &SignOptions::rekor_v1());
    let artifact = scratch.write("app", "artifact");
    scratch.write("app.sigstore.json", made.bundle_json());
    let (identity, issuer) = (made.identity.unwrap(), made.issuer.unwrap());
    let verify =
        ["verify", artifact.as_str(), "--identity", &identity, "--issuer", &issuer, "--trust", "acme"];
    scratch.run(&verify).exits(0).says("acme, root 2, refreshed");
    // What it offers besides, in a form that nobody knows yet, is left out.
    let file = |name: &str| scratch.home().join("trust/acme").join(name).exists();
    assert!(file("trusted_root.json") && !file("signing_config_rekor_v2.json"));

    scratch.run(&["trust", "update", "acme"]).exits(0).says("nothing new");
    let ran = scratch.run(&["trust", "update", "acme", "--json"]).exits(0).json();
    assert_eq!((&ran["refreshed"], &ran["root_version"]), (&true.into(), &2.into()));
    let shown = scratch.run(&["trust", "show", "acme", "--json"]).exits(0).json();
    assert_eq!(shown["root_version"], 2);
    assert!(shown["managed_keys"].is_array());
}

#[test]
fn a_repository_that_goes_bad_changes_nothing() {
    let scratch = Scratch::new();
    let instance = Instance::usual();
    let repository = Arc::new(Mutex::new(repository(&instance)));
    let root = scratch.write("1.root.json", repository.lock().unwrap().initial_root());
    let url = serve(&repository);
    scratch.run(&["trust", "add", "acme", "--tuf", &url, "--root", &root]).exits(0);
    scratch.run(&["trust", "update", "acme"]).exits(0);
    let kept = scratch.home().join("trust/acme/trusted_root.json");
    let before = fs::read(&kept).unwrap();

    {
        let mut repository = repository.lock().unwrap();
        repository.add_target("targets", "trusted_root.json", b"{}");
        repository.publish(&["targets", "snapshot", "timestamp"]);
    }
    scratch.run(&["trust", "update", "acme"]).exits(3).says("not refreshed").says("nothing was changed");
    assert_eq!(fs::read(&kept).unwrap(), before);

    repository.lock().unwrap().targets.clear();
    scratch.run(&["trust", "update", "acme"]).exits(3).says("not refreshed");
    assert_eq!(fs::read(&kept).unwrap(), before);
}

#[test]
fn what_cannot_be_refreshed_says_why_in_one_sentence() {
    let scratch = Scratch::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let root = built_in("public-good/root.json");
    scratch.run(&["trust", "add", "gone", "--tuf", &url, "--root", &root]).exits(0);
    let ran = scratch.run(&["trust", "update", "gone"]).exits(3).says("cannot reach").says(&url);
    assert_eq!(ran.out.lines().count(), 1, "{ran:?}");
    scratch.run(&["trust", "add", "lab", "--trusted-root", &built_in("staging/trusted_root.json")]).exits(0);
    scratch.run(&["trust", "update", "lab"]).exits(3).says("has no TUF repository");
    scratch.run(&["trust", "update", "nobody"]).exits(3).says("there is no trust profile");
}
