//! Rotations that a kill cuts short, at whatever moment.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::Scratch;
use crate::instance::Running;
use crate::rotation::Bot;

/// What is in the directory when the process is killed, from the request to the end of the rotation.
type Moment = (&'static str, fn(&Path) -> bool);

const MOMENTS: [Moment; 10] = [
    ("asked for", |directory| directory.join("rotate.json").exists()),
    ("planned", |directory| instance(directory)["signature_shards"][1].is_object()),
    ("its first key is made", |directory| directory.join("secrets/ca-2").exists()),
    ("its keys are made", |directory| directory.join("secrets/log-2").exists()),
    ("the targets are signed", |directory| directory.join("tuf/2.targets.json").exists()),
    ("clients are told", |directory| directory.join("tuf/2.snapshot.json").exists()),
    ("answered", |directory| {
        !directory.join("rotate.json").exists() && instance(directory)["signature_shards"][1].is_object()
    }),
    ("the certificate log is there", |directory| directory.join("ct/2").exists()),
    ("the signature log is there", |directory| directory.join("log/2/log.json").exists()),
    ("switched", |directory| instance(directory)["signature_shards"][0]["until"].is_string()),
];

/// It is replaced in one step, so there is a whole one at any time.
fn instance(directory: &Path) -> Value {
    serde_json::from_slice(&fs::read(directory.join("instance.json")).unwrap()).unwrap()
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_micros(100));
    }
}

#[test]
fn a_rotation_that_was_killed_is_finished_by_the_next_start() {
    for (moment, is_there) in MOMENTS {
        let scratch = Scratch::new();
        let running = Running::start(&scratch, &[]);
        let (directory, listen) = (running.directory(), running.listen());
        let bot = Bot::new(&scratch, &running);
        let before = bot.sign(&running, "before");
        let asked = fs::read_to_string(format!("{directory}/instance.json")).unwrap();
        let request = r#"{"id": "one", "parts": ["log", "ct", "ca", "tsa"], "lead_seconds": 1}"#;
        fs::write(format!("{directory}/new"), request).unwrap();
        fs::rename(format!("{directory}/new"), format!("{directory}/rotate.json")).unwrap();
        wait_for(moment, || is_there(Path::new(&directory)));
        running.kill();
        assert!(asked.contains("\"last_request\": null"));

        let running = Running::start(&scratch, &["--listen", &listen]);
        wait_for(moment, || {
            let instance = instance(Path::new(&directory));
            let ended = [
                "signature_shards",
                "certificate_shards",
                "certificate_authorities",
                "timestamp_authorities",
            ];
            ended.iter().all(|list| instance[*list][0]["until"].is_string())
        });
        wait_for(moment, || running.get("/shard/1/checkpoint").text().contains("Log frozen"));
        let after = bot.sign(&running, "after");
        let root = scratch.write("root.json", running.get("/trusted_root.json").text());
        bot.verifies(&before, &root);
        bot.verifies(&after, &root);
        // Planned once, however often it was found.
        let instance = instance(Path::new(&directory));
        assert_eq!(instance["signature_shards"].as_array().unwrap().len(), 2, "{moment}");
        assert_eq!(instance["last_request"]["id"], "one", "{moment}");
        assert!(!Path::new(&directory).join("rotate.json").exists(), "{moment}");
        // Nothing was signed before clients could know it: the root that was published says so.
        let from: jiff::Timestamp =
            instance["signature_shards"][1]["from"].as_str().unwrap().parse().unwrap();
        let checkpoint = fs::metadata(format!("{directory}/log/2/log.json")).unwrap().modified().unwrap();
        assert!(jiff::Timestamp::try_from(checkpoint).unwrap() >= from, "{moment}");
        assert_eq!(running.stop(), Some(0));
        // In each signature log its own first entry, once, and what was signed.
        for (log, size) in [("log/1", 2), ("log/2", 2), ("ct/1", 1), ("ct/2", 1)] {
            let checked =
                scratch.run(&["log", "check", &format!("{directory}/{log}"), "--json"]).exits(0).json();
            assert_eq!(checked["size"], size, "{moment}: {log}");
        }
    }
}
