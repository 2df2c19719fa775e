//! Services that are down, slow or silent, each alone; and signers that share a home.

use std::thread::{scope, sleep};
use std::time::Duration;

use crate::common::Scratch;
use crate::faults::{EACH, World, forward};
use crate::names;
use crate::proxy::Act;
use crate::signer::Signer;

#[test]
fn a_service_that_is_down_is_named() {
    let world = World::new();
    for kind in ["caUrls", "tsaUrls", "rekorTlogUrls"] {
        let config = world.signer.config_without(&world.scratch, kind);
        world.sign_by(&config, &["--patience", "0s"]).exits(3).says("cannot reach http://127.0.0.1:9");
        world.nothing_is_left();
    }
}

#[test]
fn a_slow_service_is_waited_for_and_a_silent_one_is_given_up() {
    let world = World::new();
    scope(|threads| {
        for (number, path) in EACH.into_iter().enumerate() {
            let world = &world;
            threads.spawn(move || {
                let slow = world.proxy(move |request, _, upstream| {
                    if request.path == path {
                        sleep(Duration::from_secs(2));
                    }
                    forward(request, upstream)
                });
                let bundle = |name: &str| {
                    world.scratch.path(&format!("{name}-{number}.json")).to_string_lossy().into_owned()
                };
                let written = bundle("slow");
                world.sign(&slow, &["--patience", "0s", "--bundle", &written]).exits(0);
                assert_eq!(slow.count(path), 1);
                world.signer.verify_with(&world.scratch, &world.app, &written).exits(0);

                let silent = world.proxy(move |request, _, upstream| match request.path == path {
                    true => Act::Silence,
                    false => forward(request, upstream),
                });
                let ran = world.sign(&silent, &["--patience", "0s", "--bundle", &bundle("silent")]);
                ran.exits(3).says(path).says("did not answer in time");
                assert_eq!(silent.count(path), 1);
            });
        }
    });
    assert_eq!(names(&world.scratch, "silent"), [""; 0]);
}

/// Their trust is by TUF, in one cache, which others bring up to date meanwhile.
#[test]
fn signers_that_share_a_home_do_not_disturb_each_other() {
    let scratch = Scratch::new();
    let signer = Signer::start(&scratch);
    let root = scratch.write("1.root.json", signer.fetch("/tuf/1.root.json"));
    let tuf = format!("{}/tuf", signer.url());
    scratch.run(&["trust", "add", "shared", "--tuf", &tuf, "--root", &root]).exits(0);
    scratch.run(&["trust", "update", "shared"]).exits(0);
    let token = signer.token(&scratch);
    scope(|threads| {
        for number in 0..6 {
            let (scratch, signer, token) = (&scratch, &signer, &token);
            threads.spawn(move || {
                scratch.run(&["trust", "update", "shared"]).exits(0);
                let file = scratch.write(&format!("shared-{number}"), format!("content {number}"));
                let arguments = ["sign", &file, "--trust", "shared", "--token", "-"];
                scratch.run_with(&arguments, &[], token.as_bytes()).exits(0);
                signer.verify(scratch, &file).exits(0);
            });
        }
    });
}

/// Whoever writes last has written a whole bundle.
#[test]
fn signers_of_the_same_file_leave_one_bundle_that_verifies() {
    let world = World::new();
    scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                let arguments = ["sign", &world.app, "--token", "-", "--overwrite"];
                world.signer.sign(&world.scratch, &arguments, &[], world.token.as_bytes()).exits(0);
            });
        }
    });
    assert_eq!(names(&world.scratch, "app").len(), 2);
    world.is_signed();
}
