//! Certificates of the authorities follow each other by themselves, under a client that signs all the time.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::Scratch;
use crate::instance::Running;
use crate::rotation::{Bot, trusted_root};

/// Each is renewed three seconds after its beginning, so that the next one is in use a second later. It lasts for what is signed with
/// it: certificates of ten minutes.
const SHORT: &str = "[rotation]\nlead = \"1s\"\noverlap = \"60s\"\ncertificates_last = \"630s\"\n\
                     certificates_renewed_before = \"627s\"\n";

/// The ends of the authorities of a kind in a trusted root.
fn ends(root: &str, list: &str) -> Vec<Value> {
    let root: Value = serde_json::from_slice(&std::fs::read(root).unwrap()).unwrap();
    root[list].as_array().unwrap().iter().map(|one| one["validFor"]["end"].clone()).collect()
}

#[test]
fn what_is_signed_before_while_and_after_a_renewal_verifies() {
    let scratch = Scratch::new();
    let config = scratch.write("serve.toml", SHORT);
    let running = Running::start(&scratch, &["--config", &config]);
    let (directory, listen) = (running.directory(), running.listen());
    let bot = Bot::new(&scratch, &running);
    let (mut signed, start) = (Vec::new(), Instant::now());
    let mut sign = |running: &Running| {
        let bundle = bot.sign(running, &signed.len().to_string());
        assert_eq!(running.get("/readyz").status, 200, "{}", running.get("/readyz").text());
        // Whoever has just refreshed can verify what was just signed.
        bot.verifies(&bundle, &trusted_root(&scratch, running, "now.json"));
        signed.push(bundle);
        trusted_root(&scratch, running, "now.json")
    };
    let lists = ["certificateAuthorities", "timestampAuthorities"];
    // Until both were renewed twice: two have ended, and the third is in use.
    let renewed = |root: &str| {
        lists.iter().all(|list| ends(root, list).iter().filter(|end| end.is_string()).count() >= 2)
    };
    while !renewed(&sign(&running)) {
        assert!(start.elapsed() < Duration::from_secs(60), "they are not renewed");
    }
    // The logs have other keys only when they are asked to.
    let root: Value = running.get("/trusted_root.json").json();
    assert_eq!((root["tlogs"].as_array().unwrap().len(), root["ctlogs"].as_array().unwrap().len()), (1, 1));

    // Stopped while one may be planned: the next start goes on.
    let count = ends(&sign(&running), "timestampAuthorities").len();
    assert_eq!(running.stop(), Some(0));
    let running = Running::start(&scratch, &["--config", &config, "--listen", &listen]);
    let start = Instant::now();
    while ends(&sign(&running), "timestampAuthorities").len() < count + 2 {
        assert!(start.elapsed() < Duration::from_secs(60), "they are not renewed after the restart");
    }
    let last = trusted_root(&scratch, &running, "last.json");
    assert!(signed.len() >= 6);
    signed.iter().for_each(|bundle| bot.verifies(bundle, &last));
    assert_eq!(running.stop(), Some(0));
    for log in ["log/1", "ct/1"] {
        scratch.run(&["log", "check", &format!("{directory}/{log}")]).exits(0);
    }
}
