//! What keeps a log open, through failures of the disk and through what witnesses say.

use crate::{
    common::Scratch,
    http::{self, Answer},
    new,
    server::Server,
    size, text,
};
use sealwax_crypto::{KeyKind, SigningKey};
use sealwax_tlog::{VerifierKey, note::SignatureType};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::sleep,
    time::Duration,
};

/// Adds entries until one is refused, and returns the indices of those that were acknowledged.
fn add_until_refused(server: &Server, numbers: std::ops::Range<u32>) -> (Vec<String>, u16) {
    let mut acknowledged = Vec::new();
    for number in numbers {
        let (status, body) = server.post(number);
        if status != 201 {
            return (acknowledged, status);
        }
        let reply: serde_json::Value = serde_json::from_str(&body).unwrap();
        acknowledged.push(reply["logIndex"].as_str().unwrap().to_owned());
    }
    panic!("nothing was refused");
}

/// LOG rule 5: after a write whose effect is unknown nothing more is written; reads go on, and the log is opened again.
#[test]
fn a_write_that_fails_loses_nothing_and_the_log_goes_on() {
    let scratch = Scratch::new();
    let log = new(&scratch, "log", "log.example");
    let server = Server::start_limited(&scratch, &log, 400);
    let (acknowledged, status) = add_until_refused(&server, 0..2000);
    assert_eq!(status, 503);
    assert!(acknowledged.len() > 100, "the limit was met at once");
    // The same port: not ready, and why; reads.
    let (status, reason) = server.get("/readyz");
    assert_eq!(status, 503, "{reason}");
    assert_eq!(server.get("/healthz").0, 200);
    let (status, checkpoint) = server.get("/checkpoint");
    assert_eq!(status, 200);
    assert!(checkpoint.lines().nth(1).unwrap().parse::<usize>().unwrap() >= acknowledged.len());
    assert_eq!(server.get("/tile/entries/000.p/100").0, 200);
    // And then it takes entries again.
    let again = (0..200).any(|_| {
        sleep(Duration::from_millis(50));
        server.get("/readyz").0 == 200
    });
    assert!(again, "the log was not opened again");
    for (number, index) in (0..).zip(&acknowledged) {
        assert_eq!(server.add(number)["logIndex"], **index, "a duplicate");
    }
    server.add(5000);
    assert_eq!(server.stop(), Some(0));
    assert!(size(&scratch, &log) > acknowledged.len() as u64);
}

/// LOG rule 13: nothing is published without a quorum, and whoever looks into the journal finds out why.
#[test]
fn the_journal_says_why_no_entries_are_taken() {
    let scratch = Scratch::new();
    let log = new(&scratch, "log", "log.example");
    let witness = http::serve(|_, _, _| Answer::text(503, "later\n"));
    let key = SigningKey::from_seed(KeyKind::Ed25519, &[7; 32]).unwrap().public_key().clone();
    let key = VerifierKey::new("w.example", SignatureType::CosignatureEd25519, key).unwrap();
    let policy = scratch.write("policy", format!("witness w {key} {witness}/\nquorum w\n"));
    let journal = text(&scratch, "journal");
    let server = Server::start_with_journal(&scratch, &log, &journal, &["--witness-policy", &policy]);
    assert_eq!(server.post(1).0, 503);
    let said = || std::fs::read_to_string(&journal).unwrap();
    while !said().contains("no entries are taken") {
        sleep(Duration::from_millis(50));
    }
    // Once, and not each second.
    sleep(Duration::from_millis(2500));
    let lines: Vec<String> =
        said().lines().filter(|line| line.contains("taken")).map(str::to_owned).collect();
    assert!(matches!(&lines[..], [line] if line.contains("w: status 503")), "{lines:?}");
    assert_eq!(server.stop(), Some(0));
    // An anchor, with which nothing can be compared yet, hides no witness.
    let anchor = text(&scratch, "anchor");
    let more = ["--witness-policy", &policy, "--anchor", &anchor];
    let server = Server::start_with_journal(&scratch, &log, &journal, &more);
    let (status, reason) = server.get("/readyz");
    assert!(status == 503 && reason.contains("w: status 503"), "{reason}");
    assert!(said().contains("w: status 503"));
    assert_eq!(server.stop(), Some(0));
}

/// LOG rule 13: another history stops the log for good, while it serves what it has.
#[test]
fn a_conflict_stops_the_log_and_loses_nothing() {
    let scratch = Scratch::new();
    let log = new(&scratch, "log", "log.example");
    let has_seen_more = Arc::new(AtomicBool::new(false));
    let seen = has_seen_more.clone();
    let witness = http::serve(move |method, path, _| {
        assert_eq!((method, path), ("POST", "/add-checkpoint"));
        match seen.load(Ordering::Relaxed) {
            true => Answer { status: 409, content_type: "text/x.tlog.size", body: b"1000000\n".to_vec() },
            false => Answer::text(503, "later\n"),
        }
    });
    let key = SigningKey::from_seed(KeyKind::Ed25519, &[7; 32]).unwrap().public_key().clone();
    let key = VerifierKey::new("w.example", SignatureType::CosignatureEd25519, key).unwrap();
    let policy = scratch.write("policy", format!("witness w {key} {witness}/\nquorum none\n"));

    let server = Server::start(&scratch, &log, &["--witness-policy", &policy]);
    for number in 0..20 {
        assert_eq!(server.add(number)["logIndex"], number.to_string());
    }
    has_seen_more.store(true, Ordering::Relaxed);
    // It is asked once per second at most, and about new checkpoints only.
    let mut acknowledged = 20;
    loop {
        let (status, body) = server.post(acknowledged);
        if status != 201 {
            assert_eq!(status, 503, "{body}");
            break;
        }
        acknowledged += 1;
        assert!(acknowledged < 500, "the witness was not believed");
        sleep(Duration::from_millis(50));
    }
    // It is final: the same port serves what there is, and takes nothing, also after it was read again.
    for _ in 0..30 {
        sleep(Duration::from_millis(100));
        let (status, reason) = server.get("/readyz");
        assert_eq!(status, 503);
        assert!(reason.contains("1000000"), "{reason}");
        assert_eq!(server.post(5000).0, 503);
        let (status, checkpoint) = server.get("/checkpoint");
        assert_eq!(status, 200);
        assert!(checkpoint.lines().nth(1).unwrap().parse::<u32>().unwrap() >= acknowledged);
        assert_eq!(server.get("/tile/entries/000.p/20").0, 200);
    }
    server.stop();
    // An operator who knows better starts it without that witness.
    let server = Server::start(&scratch, &log, &[]);
    for number in 0..acknowledged {
        assert_eq!(server.add(number)["logIndex"], number.to_string(), "a duplicate");
    }
    assert_eq!(server.get("/readyz").0, 200);
    assert_eq!(server.stop(), Some(0));
    assert_eq!(size(&scratch, &log), u64::from(acknowledged));
}
