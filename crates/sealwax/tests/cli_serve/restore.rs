//! Restores of instances that are not the usual one: people hold the keys of the repository, or only some parts are there, or the
//! backup was taken while keys were changing.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::backup::{until_ready, versions};
use crate::common::Scratch;
use crate::instance::{Running, make_private};
use crate::only::Three;
use crate::people::{ceremony, hand_over};
use crate::rotation::{Bot, trusted_root};

#[test]
fn people_who_hold_the_keys_sign_once_and_it_goes_on() {
    let scratch = Scratch::new();
    let running = Running::start(&scratch, &[]);
    let (directory, listen) = (running.directory(), running.listen());
    let bot = Bot::new(&scratch, &running);
    hand_over(&scratch, &directory);
    let before = bot.sign(&running, "before");
    let backup = scratch.path("backup").to_string_lossy().into_owned();
    scratch.run(&["backup", &directory, &backup]).exits(0);
    let old = versions(&running);
    assert_eq!(running.stop(), Some(0));
    fs::rename(&directory, scratch.path("gone")).unwrap();
    let restored = scratch.run(&["restore", &backup, &directory, "--json"]).exits(0).json();
    let above = restored["tuf_above"].as_u64().unwrap().to_string();

    // Nothing is served before they have signed, however often it is tried.
    let next = format!("{directory}/trusted_root.next.json");
    for _ in 0..2 {
        let refused = scratch.run(&["serve", "--dir", &directory, "--listen", &listen]).exits(3);
        refused.complains(&format!("--step {above} and --target trusted_root.json={next}"));
    }
    // One ceremony: what they sign has the new shards in it.
    let target = format!("trusted_root.json={next}");
    ceremony(&scratch, &directory, &["--target", &target], &[], &["--step", &above]);
    let running = Running::start(&scratch, &["--listen", &listen]);
    until_ready(&running);
    for (new, old) in versions(&running).into_iter().zip(old) {
        assert!(new > old + 1_000_000, "{new} after {old}");
    }
    assert!(!Path::new(&next).exists());
    let anew = bot.sign(&running, "anew");
    // By what the people have signed.
    let signed = fs::read_dir(format!("{directory}/tuf/targets")).unwrap();
    let newest = signed
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".trusted_root.json"))
        .max_by_key(|path| fs::metadata(path).unwrap().modified().unwrap());
    let newest = newest.unwrap().to_string_lossy().into_owned();
    for root in [&newest, &trusted_root(&scratch, &running, "root.json")] {
        bot.verifies(&before, root);
        bot.verifies(&anew, root);
    }
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn a_process_that_has_some_parts_alone_is_restored_under_the_others() {
    let scratch = Scratch::new();
    let Three { authority, logs, trust } = Three::start(&scratch);
    let (directory, listen) = (logs.directory(), logs.listen());
    let bot = Bot::new(&scratch, &authority);
    let before = bot.sign_with((&authority, &logs), "before");
    let backup = scratch.path("backup").to_string_lossy().into_owned();
    scratch.run(&["backup", &directory, &backup]).exits(0);
    // After the backup it gets a log that is not in it, and clients are told.
    scratch.run(&["rotate", "ct", "--dir", &directory, "--lead", "0s", "--wait"]).exits(0);
    trust.hang_up();
    let listed = |count: usize| {
        let start = Instant::now();
        while trust.get("/trusted_root.json").json()["ctlogs"].as_array().unwrap().len() != count {
            assert!(start.elapsed() < Duration::from_secs(30), "clients are not told");
        }
    };
    listed(2);
    assert_eq!(logs.stop(), Some(0));
    fs::rename(&directory, scratch.path("gone")).unwrap();
    scratch.run(&["restore", &backup, &directory]).exits(0);
    let logs = Running::start_in(&scratch, "logging", &["--listen", &listen]);
    until_ready(&logs);
    // It has no repository, and no keys of one.
    assert!(!Path::new(&directory).join("secrets/tuf-root-1").exists());

    authority.hang_up();
    trust.hang_up();
    let start = Instant::now();
    while bot.certificate(&authority).status != 200 {
        assert!(start.elapsed() < Duration::from_secs(30), "certificates go to a log that is lost");
        sleep(Duration::from_millis(200));
    }
    let after = bot.sign_with((&authority, &logs), "after");
    // What was told stays, also what the restored process knows nothing of; and the file that lacks it keeps nothing from being told.
    listed(3);
    trust.wait_to_say("nobody says this any more");
    let root = trusted_root(&scratch, &trust, "root.json");
    bot.verifies(&before, &root);
    bot.verifies(&after, &root);
    assert_eq!((authority.stop(), logs.stop(), trust.stop()), (Some(0), Some(0), Some(0)));
}

#[test]
fn a_backup_taken_while_keys_change_is_one_that_can_be_restored() {
    let scratch = Scratch::new();
    let running = Running::start(&scratch, &[]);
    let (directory, listen) = (running.directory(), running.listen());
    let bot = Bot::new(&scratch, &running);
    let before = bot.sign(&running, "before");
    let backup = scratch.path("backup").to_string_lossy().into_owned();
    let secret = fs::read(format!("{directory}.secret")).unwrap();

    // From the request to the end, one after the other.
    scratch.run(&["rotate", "all", "--dir", &directory, "--lead", "2s"]).exits(0);
    let mut copies = Vec::new();
    loop {
        let ended = |list: &str| -> bool {
            let instance: Value =
                serde_json::from_slice(&fs::read(format!("{directory}/instance.json")).unwrap()).unwrap();
            instance[list][0]["until"].is_string()
        };
        let is_done = ended("signature_shards");
        scratch.run(&["backup", &directory, &backup]).exits(0);
        let copy = scratch.path(&format!("copy-{}", copies.len())).to_string_lossy().into_owned();
        assert!(Command::new("cp").args(["-a", &backup, &copy]).status().unwrap().success());
        copies.push((is_done, copy));
        if is_done {
            break;
        }
    }
    let after = bot.sign(&running, "after");
    let last_root = trusted_root(&scratch, &running, "last.json");
    bot.verifies(&after, &last_root);
    assert_eq!(running.stop(), Some(0));
    fs::rename(&directory, scratch.path("gone")).unwrap();

    // The first, which has what is planned; the last that was begun before the switch; the one after it.
    let begun = copies.iter().rposition(|(is_done, _)| !is_done).unwrap();
    for place in [0, begun, copies.len() - 1] {
        let (_, copy) = &copies[place];
        let name = format!("restored-{place}");
        let to = scratch.path(&name).to_string_lossy().into_owned();
        if Path::new(&to).exists() {
            continue;
        }
        scratch.run(&["restore", copy, &to]).exits(0);
        fs::write(format!("{to}.secret"), &secret).unwrap();
        make_private(Path::new(&format!("{to}.secret")));
        let running = Running::start_in(&scratch, &name, &["--listen", &listen]);
        until_ready(&running);
        let anew = bot.sign(&running, "anew");
        let root = trusted_root(&scratch, &running, "root.json");
        // Everything that was planned is known in it, so what was signed after the backup verifies too.
        for bundle in [&before, &after, &anew] {
            bot.verifies(bundle, &root);
        }
        assert_eq!(running.stop(), Some(0));
        let listed = scratch.run(&["status", "--dir", &to]).exits(1);
        assert!(listed.out.contains("no process serves it"), "{}", listed.out);
    }
}
