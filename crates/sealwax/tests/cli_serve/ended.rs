//! A key that somebody else may have had, and that is ended by date while the instance runs.

use std::thread::sleep;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;

use crate::common::Scratch;
use crate::instance::Running;
use crate::rotation::{Bot, trusted_root};

/// The next whole second, when it is over.
fn a_second_passes() -> Timestamp {
    let second = Timestamp::now().as_second() + 1;
    while Timestamp::now().as_second() <= second {
        sleep(Duration::from_millis(50));
    }
    Timestamp::from_second(second).unwrap()
}

fn first(running: &Running, list: &str) -> Value {
    running.get("/trusted_root.json").json()[list][0].clone()
}

#[test]
fn what_a_key_signed_after_its_end_counts_no_more() {
    let scratch = Scratch::new();
    let running = Running::start(&scratch, &[]);
    let (directory, listen) = (running.directory(), running.listen());
    let bot = Bot::new(&scratch, &running);
    let before = bot.sign(&running, "before");
    let safe = a_second_passes();
    let late = bot.sign(&running, "late");
    let end = |what: &str, at: &str| scratch.run(&["trust", "end", &directory, what, "--at", at, "--json"]);
    let safe_text = safe.to_string();
    end("ca-1", &safe_text).exits(3).complains("sealwax rotate ca --dir DIR --lead 0s --wait");
    end("ca-2", &safe_text).exits(2).complains("log-1, ca-1, tsa-1");
    assert!(first(&running, "certificateAuthorities")["validFor"]["end"].is_null());

    scratch.run(&["rotate", "ca", "log", "--dir", &directory, "--lead", "0s", "--wait"]).exits(0);
    let ended = end("ca-1", &safe_text).exits(0).json();
    assert_eq!(ended["state"], "clients are told");
    assert_eq!(ended["ended"][0]["until"], safe_text);
    let after = bot.sign(&running, "after");
    let root = trusted_root(&scratch, &running, "ended.json");
    bot.verifies(&before, &root);
    bot.verifies(&after, &root);
    bot.verify(&late, &root).exits(1);
    assert_eq!(first(&running, "certificateAuthorities")["validFor"]["end"], safe_text);
    // By TUF as well, at once.
    let tuf = crate::common::serve({
        let files = std::path::PathBuf::from(format!("{directory}/tuf"));
        move |path| std::fs::read(files.join(path)).ok()
    });
    let pinned = scratch.write("1.root.json", running.get("/tuf/1.root.json").text());
    scratch.run(&["trust", "add", "own", "--tuf", &tuf, "--root", &pinned]).exits(0);
    scratch.run(&["trust", "update", "own"]).exits(0);
    let profile = scratch.path("own").to_string_lossy().into_owned();
    scratch.run(&["trust", "export", "own", "--output", &profile]).exits(0);
    assert_eq!(
        std::fs::read_to_string(format!("{profile}/trusted_root.json")).unwrap().trim(),
        running.get("/trusted_root.json").text().trim()
    );
    // An end becomes earlier and never later.
    end("ca-1", &Timestamp::now().strftime("%FT%TZ").to_string()).exits(2).complains("never later");

    // Asked for while nobody serves it: the next start tells clients.
    assert_eq!(running.stop(), Some(0));
    let waits = end("log-1", &safe_text).exits(0).json();
    assert!(waits["state"].as_str().unwrap().contains("next start"), "{waits}");
    end("log-1", &safe_text).exits(3).complains("asked for already");
    let running = Running::start(&scratch, &["--listen", &listen]);
    let start = Instant::now();
    while first(&running, "tlogs")["publicKey"]["validFor"]["end"] != safe_text {
        assert!(start.elapsed() < Duration::from_secs(30), "clients are not told");
        sleep(Duration::from_millis(50));
    }
    let root = trusted_root(&scratch, &running, "log.json");
    bot.verifies(&before, &root);
    bot.verifies(&bot.sign(&running, "again"), &root);

    // What nobody can have asked for keeps nothing else from being done.
    std::fs::write(format!("{directory}/rotate.json"), "{\"id\": 7}").unwrap();
    running.wait_to_say("cannot be read, and is taken away");
    scratch.run(&["rotate", "tsa", "--dir", &directory, "--lead", "0s", "--wait"]).exits(0);
    end("tsa-1", &safe_text).exits(0);
    assert_eq!(running.stop(), Some(0));
}
