//! `sealwax log`, with real processes on loopback.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;

mod certificate;
mod formats;
mod http;
mod keeper;
mod mirror;
mod readme;
mod server;

use common::Scratch;
use server::Server;
use std::fs;

fn text(scratch: &Scratch, name: &str) -> String {
    scratch.path(name).to_str().unwrap().to_owned()
}

fn new(scratch: &Scratch, name: &str, origin: &str) -> String {
    let directory = text(scratch, name);
    scratch.run(&["log", "new", &directory, "--origin", origin]).exits(0).says(origin);
    directory
}

fn size(scratch: &Scratch, directory: &str) -> u64 {
    scratch.run(&["log", "check", directory, "--json"]).exits(0).json()["size"].as_u64().unwrap()
}

#[test]
fn what_new_refuses() {
    let scratch = Scratch::new();
    let log = new(&scratch, "log", "log.example");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &fs::metadata(scratch.path("log/key.pem")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    scratch.run(&["log", "new", &log, "--origin", "log.example"]).exits(3).complains("is a log already");
    let other = text(&scratch, "other");
    scratch.run(&["log", "new", &other, "--origin", "https://log.example"]).exits(2).complains("scheme");
    let token = |uri: &str| scratch.run(&["log", "new", &other, "--origin", "x", "--key", uri]);
    token("pkcs11:a").exits(2).complains("PKCS#11 URI has no `=`");
    token("pkcs11:token=a?pin-value=1").exits(2).complains("pin-source=file:");
    token("pkcs11:token=a").exits(3).complains("SEALWAX_PKCS11_MODULE");
    token("pkcs11:token=a?module-path=/nowhere.so").exits(3).complains("/nowhere.so cannot be loaded");
    let certificate = ["log", "new", &other, "--origin", "ct.example", "--kind", "certificate"];
    scratch.run(&[&certificate[..], &["--algorithm", "ed25519"]].concat()).exits(2).complains("ECDSA");
    assert!(!scratch.path("other").exists());
    let given = text(&scratch, "log/key.pem");
    let certificate = [&certificate[..], &["--key", &given]].concat();
    scratch.run(&certificate).exits(3).complains("does not sign checkpoints");
    let second = ["log", "new", &other, "--origin", "x", "--second-key", &given];
    scratch.run(&second).exits(3).complains("is ML-DSA-44");
    assert!(!scratch.path("other").exists());
    scratch.run(&["log", "new", &other, "--origin", "x", "--key", &given]).exits(0);
    assert!(!scratch.path("other/key.pem").exists());
    let nothing = text(&scratch, "nothing");
    for command in [&["check", &nothing][..], &["follow", &nothing], &["restore", &nothing, &other]] {
        scratch.run(&[&["log"], command].concat()).exits(3).complains("nothing: No such file");
    }
    scratch.run(&["log", "check", &text(&scratch, ".")]).exits(2).complains("--key");
    scratch
        .run(&["log", "serve", &text(&scratch, "home"), "--listen", "127.0.0.1:0"])
        .exits(3)
        .complains("is not a log");
}

#[test]
fn entries_survive_a_kill_and_the_log_checks() {
    let scratch = Scratch::new();
    let log = new(&scratch, "log", "log.example");
    let server = Server::start(&scratch, &log, &[]);
    let first = server.add(1);
    assert_eq!(first["logIndex"], "0");
    for number in 2..=300 {
        server.add(number);
    }
    assert_eq!(server.add(1)["logIndex"], "0", "a duplicate");
    let again = scratch.run(&["log", "serve", &log, "--listen", "127.0.0.1:0"]);
    again.exits(3).complains(&format!("in process {}", server.id()));
    assert_eq!(size(&scratch, &log), 300);
    server.kill();
    assert_eq!(size(&scratch, &log), 300);
    let server = Server::start(&scratch, &log, &[]);
    assert_eq!(server.add(300)["logIndex"], "299");
    assert_eq!(server.add(301)["logIndex"], "300");
    assert_eq!(server.stop(), Some(0));
    assert_eq!(size(&scratch, &log), 301);
    for name in ["tile/0/000", "tile/entries/001.p/45", "tile/1/000.p/1", "checkpoint"] {
        let path = scratch.path("log").join(name);
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        bad[20] ^= 1;
        fs::write(&path, &bad).unwrap();
        scratch.run(&["log", "check", &log]).exits(1).says(name);
        fs::write(&path, good).unwrap();
    }
}

#[test]
fn follow_prints_and_check_checks_over_the_network() {
    let scratch = Scratch::new();
    let log = new(&scratch, "log", "log.example");
    let key =
        scratch.run(&["log", "new", &text(&scratch, "other"), "--origin", "log.example", "--json"]).json();
    let other = key["verifier_keys"][0].as_str().unwrap();
    let server = Server::start(&scratch, &log, &[]);
    (1..=260).for_each(|number| drop(server.add(number)));
    let description: serde_json::Value =
        serde_json::from_slice(&fs::read(scratch.path("log/log.json")).unwrap()).unwrap();
    let key = description["verifier_keys"][0].as_str().unwrap();
    for place in [&[log.as_str()][..], &[server.url(), "--key", key]] {
        let followed =
            scratch.run(&[&["log", "follow"], place, &["--from", "250", "--once"]].concat()).exits(0);
        let indices = followed
            .out
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["index"].as_u64());
        assert!(indices.eq((250..260).map(Some)), "{}", followed.out);
        let checked = scratch.run(&[&["log", "check", "--json"], place].concat()).exits(0).json();
        assert_eq!((&checked["good"], &checked["size"]), (&true.into(), &260.into()));
    }
    scratch.run(&["log", "check", server.url()]).exits(2).complains("--key");
    scratch.run(&["log", "check", server.url(), "--key", other]).exits(3).complains("no signature");
    scratch.run(&["log", "follow", server.url(), "--key", other]).exits(3).complains("no signature");
}

#[test]
fn too_few_descriptors_are_a_reason_not_to_start() {
    let scratch = Scratch::new();
    let log = new(&scratch, "log", "log.example");
    for limit in [6, 7, 16, 64] {
        let script = format!("ulimit -n {limit}; exec \"$0\" \"$@\"");
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_sealwax"), "log", "serve", &log]);
        let ran = shell.args(["--listen", "127.0.0.1:0"]).output().unwrap();
        let said = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(3), "{limit}: {said}");
        assert!(said.contains("120 free file descriptors are needed"), "{limit}: {said}");
    }
}

#[test]
fn clients_behind_a_proxy_that_was_named_have_limits_of_their_own() {
    let scratch = Scratch::new();
    let log = new(&scratch, "log", "log.example");
    let slow = ["--rate-limit", "0.01"];
    let server = Server::start(&scratch, &log, &slow);
    // Nobody is believed, and all have one address.
    let statuses = ["198.51.100.1", "198.51.100.2"].map(|address| server.post_from(address, 1));
    assert_eq!(statuses, [201, 429]);
    server.stop();
    let named = [&slow[..], &["--trusted-proxy", "10.0.0.0/8", "--trusted-proxy", "127.0.0.1"]].concat();
    let server = Server::start(&scratch, &log, &named);
    let addresses = ["198.51.100.1", "198.51.100.2", "198.51.100.1"];
    assert_eq!(addresses.map(|address| server.post_from(address, 1)), [201, 201, 429]);
    server.stop();
    let serve = ["log", "serve", &log, "--listen", "127.0.0.1:0", "--trusted-proxy", "proxy.example"];
    scratch.run(&serve).exits(2).complains("no network such as");
}

#[test]
fn a_frozen_log_takes_nothing_and_rotation_begins_another() {
    let scratch = Scratch::new();
    let log = new(&scratch, "log", "log.example");
    let server = Server::start(&scratch, &log, &[]);
    server.add(1);
    let next = text(&scratch, "next");
    scratch
        .run(&["log", "rotate", &log, &next, "--origin", "log.example"])
        .exits(2)
        .complains("another origin");
    scratch.run(&["log", "rotate", &log, &next, "--origin", "log2.example"]).exits(0).says("frozen");
    assert_eq!(server.post(1).0, 405);
    frozen_checkpoint(&server);
    assert_eq!(server.get("/readyz").0, 503);
    assert_eq!(server.stop(), Some(0));
    scratch.run(&["log", "freeze", &log]).exits(0);
    let second = Server::start(&scratch, &next, &[]);
    assert_eq!(second.add(1)["logIndex"], "0");
    second.stop();
    scratch.run(&["log", "freeze", &next]).exits(0).says("frozen");
    assert_eq!(size(&scratch, &next), 1);
}

/// The last checkpoint, which is signed when the lock says already that the log is frozen.
fn frozen_checkpoint(server: &Server) -> String {
    loop {
        let checkpoint = server.get("/checkpoint").1;
        if checkpoint.contains("\nLog frozen") {
            return checkpoint;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// LOG rule 11: what was made before the freeze does not thaw the log.
#[test]
fn a_frozen_log_stays_frozen_wherever_it_goes() {
    let scratch = Scratch::new();
    let log = new(&scratch, "log", "log.example");
    let (anchor, backup, key) =
        (text(&scratch, "anchor"), text(&scratch, "backup"), text(&scratch, "log/key.pem"));
    let server = Server::start(&scratch, &log, &["--anchor", &anchor]);
    (1..=3).for_each(|number| drop(server.add(number)));
    scratch.run(&["log", "backup", &log, &backup, "--with-key"]).exits(0);
    scratch.run(&["log", "freeze", &log]).exits(0);
    let checkpoint = frozen_checkpoint(&server);
    assert_eq!(server.stop(), Some(0));
    let foreign = text(&scratch, "foreign");
    fs::create_dir(&foreign).unwrap();
    for name in ["tile", "checkpoint"] {
        let copied = std::process::Command::new("cp")
            .args(["-r", &format!("{log}/{name}"), &foreign])
            .status()
            .unwrap();
        assert!(copied.success());
    }
    let server = Server::start(&scratch, &log, &[]);
    let (restored, completed, taken) =
        (text(&scratch, "restored"), text(&scratch, "completed"), text(&scratch, "taken"));
    scratch.run(&["log", "restore", &backup, &restored, "--anchor", &anchor]).exits(0);
    let complete = ["log", "restore", &backup, &completed, "--complete-from", server.url()];
    scratch.run(&complete).exits(0);
    server.stop();
    scratch.run(&["log", "import", &foreign, &taken, "--origin", "log.example", "--key", &key]).exits(0);
    for directory in [&restored, &completed, &taken] {
        let server = Server::start(&scratch, directory, &[]);
        assert_eq!((server.post(1).0, server.post(4).0), (405, 405), "{directory}");
        let shown = server.get("/checkpoint").1;
        assert_eq!(shown.lines().nth(3), checkpoint.lines().nth(3), "{directory}: {shown}");
        server.stop();
    }
    scratch.run(&["log", "freeze", &taken]).exits(0);
}

/// A damaged write-ahead file is something wrong, and the settled tiles are looked at all the same.
#[test]
fn check_finds_a_damaged_write_ahead_file() {
    let scratch = Scratch::new();
    let log = new(&scratch, "log", "log.example");
    let server = Server::start(&scratch, &log, &[]);
    (1..=3).for_each(|number| drop(server.add(number)));
    assert_eq!(server.stop(), Some(0));
    let server = Server::start(&scratch, &log, &[]);
    (4..=9).for_each(|number| drop(server.add(number)));
    server.kill();
    let segment =
        fs::read_dir(scratch.path("log/wal")).unwrap().map(|file| file.unwrap().path()).max().unwrap();
    let mut bytes = fs::read(&segment).unwrap();
    let frames = bytes.windows(8).enumerate().filter(|(_, window)| window == b"swx-frm\x01");
    let third = frames.map(|(at, _)| at).nth(2).unwrap();
    bytes[third + 300] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let place = format!("wal/{}", segment.file_name().unwrap().to_str().unwrap());
    let report = scratch.run(&["log", "check", &log, "--json"]).exits(1).json();
    let problem = report["problems"][0]["problem"].as_str().unwrap();
    assert!(problem.contains(&place) && problem.contains(&format!("byte {third}")), "{problem}");
    assert_eq!((&report["size"], report["problems"].as_array().unwrap().len()), (&3.into(), 1), "{report}");
    let tile = scratch.path("log/tile/0/000.p/3");
    let mut bytes = fs::read(&tile).unwrap();
    bytes[33] ^= 1;
    fs::write(&tile, bytes).unwrap();
    scratch.run(&["log", "check", &log]).exits(1).says(&place).says("tile/0/000.p/3: byte 3");
}

#[test]
fn a_copy_is_only_read_and_so_is_what_was_restored_without_an_anchor() {
    let scratch = Scratch::new();
    let log = new(&scratch, "log", "log.example");
    let anchor = text(&scratch, "anchor");
    let (backup, restored, whole) =
        (text(&scratch, "backup"), text(&scratch, "restored"), text(&scratch, "whole"));
    let server = Server::start(&scratch, &log, &["--anchor", &anchor]);
    (1..=20).for_each(|number| drop(server.add(number)));
    scratch.run(&["log", "backup", &log, &backup]).exits(0);
    assert!(!scratch.path("backup/key.pem").exists());
    assert_eq!(size(&scratch, &backup), 20);
    (21..=300).for_each(|number| drop(server.add(number)));
    let beside = Server::start(&scratch, &log, &["--read-only"]);
    assert_eq!(beside.post(1).0, 503);
    // It shows what is settled: nothing, and all of it once the log has stopped.
    assert_eq!(beside.get("/checkpoint").0, 404);
    server.stop();
    while beside.get("/tile/0/000").0 != 200 {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert!(beside.get("/checkpoint").1.contains("\n300\n"));
    beside.stop();
    scratch
        .run(&["log", "restore", &backup, &whole, "--anchor", &anchor])
        .exits(3)
        .complains("knows 300 entries");
    scratch.run(&["log", "backup", &log, &backup]).exits(0);
    scratch.run(&["log", "restore", &backup, &restored]).exits(0).complains("only read");
    assert!(!scratch.path("whole").exists());
    scratch.run(&["log", "restore", &backup, &whole, "--anchor", &anchor]).exits(0);
    // Nobody who only reads needs the key.
    scratch.run(&["log", "serve", &restored, "--listen", "127.0.0.1:0"]).exits(3).complains("key.pem");
    let reader = Server::start(&scratch, &restored, &["--read-only"]);
    assert_eq!(reader.get("/checkpoint").0, 200);
    reader.stop();
    for directory in [&restored, &whole] {
        fs::copy(scratch.path("log/key.pem"), format!("{directory}/key.pem")).unwrap();
    }
    let server = Server::start(&scratch, &restored, &[]);
    assert_eq!(server.post(301).0, 503);
    assert_eq!(server.get("/checkpoint").0, 200);
    server.stop();
    scratch.run(&["log", "freeze", &restored]).exits(3).complains("copy");
    let next = ["log", "rotate", &restored, &text(&scratch, "next"), "--origin", "next.example"];
    scratch.run(&next).exits(0).says("next.example").complains("nothing was frozen");
    let server = Server::start(&scratch, &whole, &["--anchor", &anchor]);
    assert_eq!(server.add(7)["logIndex"], "6");
    assert_eq!(server.add(301)["logIndex"], "300");
    server.stop();
    let status =
        std::process::Command::new("cp").args(["-r", &whole, &text(&scratch, "copy")]).status().unwrap();
    assert!(status.success());
    let server = Server::start(&scratch, &text(&scratch, "copy"), &[]);
    assert_eq!(server.post(302).0, 503);
    server.stop();
}

/// A log that is served has nearly always more than what it has settled, and so has its backup.
#[test]
fn a_backup_shows_what_was_settled_when_it_was_made() {
    let scratch = Scratch::new();
    let log = new(&scratch, "log", "log.example");
    let (backup, restored) = (text(&scratch, "backup"), text(&scratch, "restored"));
    let settled = Server::start(&scratch, &log, &[]);
    (1..=300).for_each(|number| drop(settled.add(number)));
    assert_eq!(settled.stop(), Some(0));
    let server = Server::start(&scratch, &log, &[]);
    (301..=320).for_each(|number| drop(server.add(number)));
    let made = scratch.run(&["log", "backup", &log, &backup, "--json"]).exits(0).json();
    assert_eq!((&made["size"], &made["read_only"]), (&320.into(), &true.into()));
    scratch.run(&["log", "restore", &backup, &restored]).exits(0).complains("key.pem: put it there");
    let key = scratch.path("log/log.json");
    let key: serde_json::Value = serde_json::from_slice(&fs::read(key).unwrap()).unwrap();
    let key = key["verifier_keys"][0].as_str().unwrap();
    for directory in [&backup, &restored] {
        assert_eq!(size(&scratch, directory), 320);
        let reader = Server::start(&scratch, directory, &["--read-only"]);
        assert!(reader.get("/checkpoint").1.contains("\n300\n"));
        assert_eq!(reader.get("/tile/entries/001.p/44").0, 200);
        let checked = scratch.run(&["log", "check", reader.url(), "--key", key, "--json"]).exits(0).json();
        assert_eq!(checked["size"], 300);
        reader.stop();
        // Any web server does as well.
        for name in ["tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"] {
            assert!(std::path::Path::new(directory).join(name).exists(), "{directory}: {name}");
        }
    }
    // Later there is more of it.
    assert_eq!(server.stop(), Some(0));
    scratch.run(&["log", "backup", &log, &backup]).exits(0);
    assert!(fs::read_to_string(format!("{backup}/checkpoint")).unwrap().contains("\n320\n"));
}

#[test]
fn a_new_shard_is_signed_with_no_less_than_the_old_one() {
    let scratch = Scratch::new();
    let (log, next) = (text(&scratch, "log"), text(&scratch, "next"));
    scratch.run(&["log", "new", &log, "--origin", "a.example", "--second-key", "ml-dsa-44"]).exits(0);
    scratch.run(&["log", "rotate", &log, &next, "--origin", "b.example"]).exits(0);
    assert!(scratch.path("next/key-2.pem").exists());
    let server = Server::start(&scratch, &next, &[]);
    assert_eq!(server.get("/checkpoint").1.matches("\n— b.example ").count(), 2);
    server.stop();
}

#[test]
fn a_foreign_log_is_taken_over() {
    let scratch = Scratch::new();
    let log = new(&scratch, "log", "log.example");
    let server = Server::start(&scratch, &log, &[]);
    (1..=257).for_each(|number| drop(server.add(number)));
    server.stop();
    // A static log of somebody else: tiles and a checkpoint.
    let foreign = text(&scratch, "foreign");
    fs::create_dir(&foreign).unwrap();
    for name in ["tile", "checkpoint"] {
        let status = std::process::Command::new("cp")
            .args(["-r", &format!("{log}/{name}"), &foreign])
            .status()
            .unwrap();
        assert!(status.success());
    }
    let (mine, key) = (text(&scratch, "mine"), text(&scratch, "log/key.pem"));
    scratch.run(&["log", "import", &foreign, &mine, "--origin", "other.example", "--key", &key]).exits(3);
    scratch.run(&["log", "import", &foreign, &mine, "--origin", "log.example", "--key", &key]).exits(0);
    assert_eq!(
        fs::read(format!("{foreign}/checkpoint")).unwrap(),
        fs::read(format!("{mine}/checkpoint")).unwrap()
    );
    let server = Server::start(&scratch, &mine, &[]);
    assert_eq!(server.add(100)["logIndex"], "99", "a duplicate");
    assert_eq!(server.add(258)["logIndex"], "257");
    server.stop();
    assert_eq!(size(&scratch, &mine), 258);
}
