//! An instance whose root and targets are signed by people: what it does by itself, and what waits for them.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sealwax_crypto::{KeyKind, SigningKey, pem};
use serde_json::Value;

use crate::common::Scratch;
use crate::instance::Running;
use crate::status::metrics;

/// The only holder.
const HOLDER: &str = "alice";

/// A ceremony in which root and targets of an instance pass to a person.
pub(crate) fn hand_over(scratch: &Scratch, directory: &str) {
    let key = SigningKey::generate(KeyKind::EcdsaP256).unwrap();
    let private = pem::encode("PRIVATE KEY", &key.to_pkcs8_der().unwrap());
    scratch.write(&format!("{HOLDER}.pem"), private);
    let public = scratch.write(&format!("{HOLDER}.pub"), key.public_key().to_pem());
    let root: Value =
        serde_json::from_slice(&fs::read(format!("{directory}/tuf/1.root.json")).unwrap()).unwrap();
    let own = root["signed"]["roles"]["root"]["keyids"][0].as_str().unwrap();
    let (leaves, comes) = (format!("root,targets:{own}"), format!("root,targets:{HOLDER}={public}"));
    let own_key = format!("{directory}/secrets/tuf-root-1");
    ceremony(scratch, directory, &["--remove-key", &leaves, "--add-key", &comes], &[&own_key], &[]);
}

/// A ceremony: planned, signed by the holder and with these keys, and published with the machine's key.
pub(crate) fn ceremony(scratch: &Scratch, directory: &str, changes: &[&str], keys: &[&str], step: &[&str]) {
    let (plan, repository) = (format!("plan-{}", count(scratch)), format!("{directory}/tuf"));
    let planned = ["ceremony", "plan", &plan, "--repository", &repository];
    scratch.run(&[&planned[..], changes, step].concat()).exits(0);
    let holder = format!("{HOLDER}.pem");
    for key in [&holder[..]].iter().chain(keys) {
        scratch.run(&["ceremony", "sign", &plan, "--key", key]).exits(0);
    }
    let machine = format!("{directory}/secrets/tuf-online-1");
    let publish = ["ceremony", "publish", &plan, "--repository", &repository, "--key", &machine];
    scratch.run(&[&publish[..], step].concat()).exits(0);
}

fn count(scratch: &Scratch) -> usize {
    (0..).find(|number| !scratch.path(&format!("plan-{number}")).exists()).unwrap()
}

#[test]
fn what_people_do_not_publish_is_not_used_and_somebody_is_told() {
    let scratch = Scratch::new();
    // Renewed after six seconds; half of the ten that are left for it have gone after eleven.
    let config = "only = [\"tsa\", \"tuf\", \"page\"]\n[rotation]\nlead = \"1s\"\noverlap = \"60s\"\ncertificates_last = \"16s\"\n\
                  certificates_renewed_before = \"10s\"\n";
    scratch.write("sigstore/serve.toml", config);
    let running = Running::start(&scratch, &["--metrics-listen", "127.0.0.1:0"]);
    let directory = running.directory();
    hand_over(&scratch, &directory);
    assert_eq!(running.get("/readyz").status, 200, "{}", running.get("/readyz").text());

    running.wait_to_say("a ceremony is due");
    let chain = || running.get("/api/v1/timestamp/certchain").text();
    let first = chain();
    becomes(&running, 503);
    let why = running.get("/readyz").text();
    assert!(why.contains("renewal: tsa ends at") && why.contains("was not renewed"), "{why}");
    let metrics = metrics(&running);
    assert!(metrics.lines().any(|line| line == "sealwax_late 1"), "{metrics}");
    let left = metrics.lines().find_map(|line| line.strip_prefix("sealwax_expiry_seconds{what=\"tsa\"} "));
    assert!((-20..=5).contains(&left.unwrap().parse::<i64>().unwrap()), "{metrics}");
    assert_eq!(chain(), first);

    // What the instance wants to be published is what it shows; when people have, it goes on by itself.
    let wanted = scratch.write("wanted.json", running.get("/client_trust_config.json").text());
    let wanted: Value = serde_json::from_slice(&fs::read(wanted).unwrap()).unwrap();
    let next = scratch.write("next.json", wanted["trustedRoot"].to_string());
    ceremony(&scratch, &directory, &["--target", &format!("trusted_root.json={next}")], &[], &[]);
    running.hang_up();
    let start = Instant::now();
    while chain() == first {
        assert!(start.elapsed() < Duration::from_secs(30), "it is not renewed");
        sleep(Duration::from_millis(50));
    }
    assert!(Path::new(&directory).join("certificates/tsa-2.pem").exists());
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn what_people_publish_is_seen_and_what_waits_for_them_is_said() {
    let scratch = Scratch::new();
    let running = Running::start(&scratch, &["--metrics-listen", "127.0.0.1:0"]);
    let directory = running.directory();
    scratch.run(&["rotate", "ca", "--dir", &directory, "--lead", "0s", "--wait"]).exits(0);
    // It is in use before clients are told when the one before ends; what is planned in between would be out of date.
    let start = Instant::now();
    let first = || running.get("/trusted_root.json").json()["certificateAuthorities"][0].clone();
    while !first()["validFor"]["end"].is_string() {
        assert!(start.elapsed() < Duration::from_secs(30), "clients are not told of the end");
        sleep(Duration::from_millis(20));
    }
    hand_over(&scratch, &directory);
    running.hang_up();

    // A key that ends: it is written down, and clients are told when they have signed.
    let at = Timestamp::from_second(Timestamp::now().as_second()).unwrap().to_string();
    let end = || {
        let end = ["trust", "end", &directory, "ca-1", "--at", &at, "--json"];
        scratch.run(&end).exits(0).json()["state"].as_str().unwrap().to_owned()
    };
    assert!(end().contains("those who hold the targets key"));
    scratch.run(&["status", "--dir", &directory]).exits(1).says("a ceremony is due");
    let next = scratch.write("next.json", running.get("/trusted_root.json").text());
    ceremony(&scratch, &directory, &["--target", &format!("trusted_root.json={next}")], &[], &[]);
    assert_eq!(end(), "clients are told");
    let status = scratch.run(&["status", "--dir", &directory]).exits(0);
    assert!(!status.out.contains("a ceremony is due"), "{}", status.out);

    // Targets that expire tomorrow: nobody but them can renew them, and somebody must hear of it.
    becomes(&running, 200);
    let renew = |expires: &str| {
        let expires = format!("targets:{expires}");
        ceremony(&scratch, &directory, &["--renew", "targets", "--expires", &expires], &[], &[]);
        running.hang_up();
    };
    renew("1d");
    becomes(&running, 503);
    let why = running.get("/readyz").text();
    assert!(why.contains("renewal: tuf targets ends at"), "{why}");
    let metrics = metrics(&running);
    let left =
        metrics.lines().find_map(|line| line.strip_prefix("sealwax_expiry_seconds{what=\"tuf targets\"} "));
    assert!((86_000..=86_400).contains(&left.unwrap().parse::<i64>().unwrap()), "{metrics}");
    renew("365d");
    becomes(&running, 200);
    assert_eq!(running.stop(), Some(0));
}

fn becomes(running: &Running, status: u16) {
    let start = Instant::now();
    while running.get("/readyz").status != status {
        assert!(start.elapsed() < Duration::from_secs(30), "it does not become {status}");
        sleep(Duration::from_millis(100));
    }
}
