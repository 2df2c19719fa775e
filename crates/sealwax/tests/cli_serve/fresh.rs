//! The repository of an instance stays fresh by itself, through rotations and an expiry, and clients follow it.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::Scratch;
use crate::instance::Running;
use crate::rotation::Bot;

/// Files that last for seconds: the timestamp is signed again every two or three.
const SHORT: &str = "[rotation]\noverlap = \"60s\"\nroot_lasts = \"60s\"\ntargets_last = \"60s\"\n\
                     snapshot_lasts = \"20s\"\ntimestamp_lasts = \"6s\"\n";

fn version(running: &Running) -> u64 {
    let timestamp: Value = serde_json::from_slice(&running.get("/tuf/timestamp.json").body).unwrap();
    timestamp["signed"]["version"].as_u64().unwrap()
}

#[test]
fn ten_rotations_and_an_expiry_are_followed() {
    let scratch = Scratch::new();
    let config = scratch.write("serve.toml", SHORT);
    let running = Running::start(&scratch, &["--config", &config]);
    let (directory, listen) = (running.directory(), running.listen());
    let bot = Bot::new(&scratch, &running);
    let first = scratch.write("1.root.json", running.get("/tuf/1.root.json").text());
    // The files as any web server has them: also while the instance is stopped.
    let files = std::path::PathBuf::from(format!("{directory}/tuf"));
    let tuf = crate::common::serve(move |path| std::fs::read(files.join(path)).ok());
    scratch.run(&["trust", "add", "own", "--tuf", &tuf, "--root", &first]).exits(0);
    let follows = || scratch.run(&["trust", "update", "own"]).exits(0);
    let trusted =
        |name: &str, running: &Running| scratch.write(name, running.get("/trusted_root.json").text());

    let mut signed = vec![bot.sign(&running, "0")];
    for round in 1..=10 {
        let what = ["log", "ca", "ct", "tsa"][round % 4];
        scratch.run(&["rotate", what, "--dir", &directory, "--lead", "1s", "--wait"]).exits(0);
        signed.push(bot.sign(&running, &round.to_string()));
        follows();
    }
    let root = trusted("ten.json", &running);
    signed.iter().for_each(|bundle| bot.verifies(bundle, &root));

    // Signed again while nothing happens.
    let (before, start) = (version(&running), Instant::now());
    while version(&running) == before {
        assert!(start.elapsed() < Duration::from_secs(10), "it was not signed again");
        std::thread::sleep(Duration::from_millis(100));
    }
    follows();

    // Expired while it was stopped: clients refuse it, and take what the next start signs.
    assert_eq!(running.stop(), Some(0));
    std::thread::sleep(Duration::from_secs(7));
    let expired = scratch.run(&["trust", "update", "own"]);
    assert!(expired.code != Some(0) && expired.out.contains("expired"), "{}{}", expired.out, expired.err);
    let running = Running::start(&scratch, &["--listen", &listen, "--config", &config]);
    follows();
    signed.push(bot.sign(&running, "last"));
    let root = trusted("last.json", &running);
    signed.iter().for_each(|bundle| bot.verifies(bundle, &root));
    assert_eq!(running.stop(), Some(0));
}
