//! A whole instance from one place to another: hot, checked, through kills and damage.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::common::Scratch;
use crate::instance::Running;
use crate::signing;

/// An instance with an account, at work, and what it takes to restore it.
struct World {
    scratch: Scratch,
    secret: String,
    backup: String,
}

impl World {
    fn new() -> (Self, Running) {
        let scratch = Scratch::new();
        let running = Running::start(&scratch, &[]);
        let secret = scratch.path("bot.secret").to_string_lossy().into_owned();
        let add =
            ["account", "add", "bot", "--dir", &running.directory(), "--machine", "--secret-file", &secret];
        scratch.run(&add).exits(0);
        let backup = scratch.path("backup").to_string_lossy().into_owned();
        (Self { scratch, secret, backup }, running)
    }

    fn sign(&self, running: &Running, name: &str) -> String {
        signing::sign(&self.scratch, running, &self.secret, name, b"content")
    }

    fn verify(&self, running: &Running, bundle: &str) {
        let (issuer, app) = (running.machine_issuer(), self.scratch.write("app", b"content"));
        let root = self.scratch.write("root.json", running.get("/trusted_root.json").text());
        let who = ["--identity", &format!("{issuer}/bot"), "--issuer", issuer];
        let verify = ["verify", &app, "--bundle", bundle, "--trusted-root", &root];
        self.scratch.run(&[&verify[..], &who].concat()).exits(0);
    }

    fn back_up(&self, directory: &str) -> Value {
        self.scratch.run(&["backup", directory, &self.backup, "--json"]).exits(0).json()
    }

    /// As after a fire: what was there is gone.
    fn lose(&self, directory: &str) {
        fs::rename(directory, self.scratch.path("gone")).unwrap();
    }
}

/// The timestamp authority waits for the time that it had reserved before, two seconds at most.
pub(crate) fn until_ready(running: &Running) {
    for _ in 0..60 {
        if running.get("/readyz").status == 200 {
            return;
        }
        sleep(Duration::from_millis(100));
    }
    panic!("{}", running.get("/readyz").text());
}

pub(crate) fn versions(running: &Running) -> Vec<u64> {
    let timestamp = running.get("/tuf/timestamp.json").json();
    let snapshot = timestamp["signed"]["meta"]["snapshot.json"]["version"].as_u64().unwrap();
    let file = running.get(&format!("/tuf/{snapshot}.snapshot.json")).json();
    let targets = file["signed"]["meta"]["targets.json"]["version"].as_u64().unwrap();
    vec![timestamp["signed"]["version"].as_u64().unwrap(), snapshot, targets]
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn what_was_lost_is_restored_signs_anew_and_verifies_what_it_signed_before() {
    let (world, running) = World::new();
    let (directory, listen) = (running.directory(), running.listen());
    let before = world.sign(&running, "before");
    let taken = world.back_up(&directory);
    assert_eq!(taken["master_secret"], false);
    assert_eq!(taken["logs"].as_array().unwrap().len(), 2);
    // What opens the keys is nowhere in it.
    let master = fs::read_to_string(format!("{directory}.secret")).unwrap();
    for file in files(Path::new(&world.backup)) {
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(44).any(|window| window == master.trim().as_bytes()), "{}", file.display());
    }

    // Signed after the backup: no copy of it is left, but for the bundle.
    let after = world.sign(&running, "after");
    let (old, old_url) = (versions(&running), running.url().to_owned());
    assert_eq!(running.stop(), Some(0));
    world.lose(&directory);
    world.scratch.run(&["restore", &world.backup, &directory]).exits(0).complains("only read");
    world.scratch.run(&["restore", &world.backup, &directory]).exits(3).complains("is not empty");

    let running = Running::start(&world.scratch, &["--listen", &listen]);
    assert_eq!(running.url(), old_url);
    for (new, old) in versions(&running).into_iter().zip(old) {
        assert!(new > old + 1_000_000, "{new} after {old}");
    }
    until_ready(&running);
    world.verify(&running, &before);
    world.verify(&running, &after);
    let anew = world.sign(&running, "anew");
    world.verify(&running, &anew);
    // The old shard is read, and signs nothing.
    assert_eq!(running.get("/shard/1/checkpoint").status, 200);
    assert_eq!(running.get("/shard/1/checkpoint").text().lines().nth(1), Some("2"));
    let instance: Value =
        serde_json::from_slice(&fs::read(format!("{directory}/instance.json")).unwrap()).unwrap();
    let name = instance["signature_shards"][1]["name"].as_str().unwrap().to_owned();
    assert!(name.starts_with("2-2"), "{name}");
    // The new one has a first entry of its own.
    assert_eq!(running.get(&format!("/shard/{name}/checkpoint")).text().lines().nth(1), Some("2"));
    assert!(instance["tuf_above"].is_null());

    // And so it goes on: the next start does not jump again, and a backup of it can be restored.
    let high = versions(&running);
    assert_eq!(running.stop(), Some(0));
    let running = Running::start(&world.scratch, &["--listen", &listen]);
    assert_eq!(versions(&running), high);
    world.back_up(&directory);
    world.verify(&running, &anew);
    assert_eq!(running.stop(), Some(0));
    fs::remove_dir_all(&directory).unwrap();
    let above = (high[0] + 77).to_string();
    world.scratch.run(&["restore", &world.backup, &directory, "--tuf-above", &above]).exits(0);
    let running = Running::start(&world.scratch, &["--listen", &listen]);
    assert!(versions(&running).into_iter().all(|version| version > high[0] + 77));
    until_ready(&running);
    for bundle in [&before, &after, &anew, &world.sign(&running, "last")] {
        world.verify(&running, bundle);
    }
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn a_log_that_is_known_to_be_whole_goes_on() {
    let (world, running) = World::new();
    let (directory, listen) = (running.directory(), running.listen());
    let before = world.sign(&running, "before");
    world.back_up(&directory);
    assert_eq!(running.stop(), Some(0));
    let checkpoint = |log: &str| format!("{}/{log}/1/checkpoint", world.scratch.path("gone").display());
    world.lose(&directory);
    // Settled and signed by an orderly stop; but the certificate log's is signed anew, and everything is there.
    let anchors = ["--anchor", &checkpoint("log"), "--anchor", &checkpoint("ct")];
    let restore = ["restore", &world.backup, &directory, "--json"];
    let restored = world.scratch.run(&[&restore[..], &anchors].concat()).exits(0).json();
    assert_eq!(restored["logs_only_read"], 0);
    let running = Running::start(&world.scratch, &["--listen", &listen]);
    until_ready(&running);
    world.verify(&running, &before);
    world.verify(&running, &world.sign(&running, "on"));
    assert_eq!(running.get("/shard/1/checkpoint").text().lines().nth(1), Some("3"));
    assert_eq!(running.stop(), Some(0));

    // Which of two is the newest is not guessed.
    let twice = ["restore", &world.backup, &format!("{directory}-2"), "--anchor", &checkpoint("log")];
    let twice =
        world.scratch.run(&[&twice[..], &["--anchor", &format!("{directory}/log/1/checkpoint")]].concat());
    twice.exits(2).complains("two anchors of log/1");

    // One that has gone on since is not taken for whole.
    world
        .scratch
        .run(
            &[
                &["restore", &world.backup, &format!("{directory}-2")][..],
                &["--anchor", &format!("{directory}/log/1/checkpoint")],
            ]
            .concat(),
        )
        .exits(3)
        .complains("the anchor knows 3 entries");
    world.scratch.run(&["serve", "--dir", &format!("{directory}-2")]).exits(3).complains("no instance");
}

#[test]
fn a_restore_that_was_cut_short_goes_on_with_the_same_anchors_alone() {
    let (world, running) = World::new();
    let directory = running.directory();
    world.sign(&running, "app");
    world.back_up(&directory);
    assert_eq!(running.stop(), Some(0));
    let anchor = format!("{directory}/log/1/checkpoint");
    let cut_short = (0..100).find_map(|number| {
        let to = world.scratch.path(&format!("try-{number}")).to_string_lossy().into_owned();
        let mut child = Command::new(env!("CARGO_BIN_EXE_sealwax"));
        let mut child = child.args(["restore", &world.backup, &to]).stderr(Stdio::null()).spawn().unwrap();
        while !Path::new(&to).join("restoring").exists() && child.try_wait().unwrap().is_none() {}
        let _ = child.kill();
        child.wait().unwrap();
        (!Path::new(&to).join("instance.json").exists()).then_some(to)
    });
    let to = cut_short.unwrap();
    let restore = ["restore", &world.backup, &to];
    let refused = world.scratch.run(&[&restore[..], &["--anchor", &anchor]].concat());
    refused.exits(3).complains("with other anchors");
    let marker = Path::new(&to).join("restoring");
    let kept = fs::read(&marker).unwrap();
    let restored = world.scratch.run(&[&restore[..], &["--json"]].concat()).exits(0).json();
    assert!(!marker.exists());

    // Killed after its last step, before it said so.
    fs::write(&marker, kept).unwrap();
    let again = world.scratch.run(&[&restore[..], &["--json"]].concat()).exits(0);
    assert_eq!(again.complains("to its end already").json(), restored);
    world.scratch.run(&restore).exits(3).complains("is not empty");
}

#[test]
fn what_is_not_ours_stays_and_nothing_is_left_out() {
    let (world, running) = World::new();
    let (directory, backup) = (running.directory(), PathBuf::from(&world.backup));
    world.sign(&running, "app");
    world.back_up(&directory);
    world.scratch.write("backup/state-of-things/letter", "mine");
    let audit = fs::read_to_string(backup.join("audit/audit.jsonl")).unwrap();
    assert_eq!(running.stop(), Some(0));

    // A file of links is its content; a directory that is elsewhere would be missing.
    std::os::unix::fs::symlink(
        world.scratch.write("elsewhere/limits", "here"),
        format!("{directory}/linked"),
    )
    .unwrap();
    world.back_up(&directory);
    assert_eq!(fs::read_to_string(backup.join("state-2/linked")).unwrap(), "here");
    assert!(!backup.join("state-1").exists() && backup.join("state-of-things/letter").exists());
    let link = format!("{directory}/folder");
    std::os::unix::fs::symlink(world.scratch.path("elsewhere"), &link).unwrap();
    world.scratch.run(&["backup", &directory, &world.backup]).exits(3).complains("sigstore/folder");
    fs::remove_file(link).unwrap();
    // Nor is one that leads nowhere, or to itself, taken for a file that has gone.
    for target in ["nowhere", "dangling"] {
        let link = format!("{directory}/dangling");
        std::os::unix::fs::symlink(target, &link).unwrap();
        world.scratch.run(&["backup", &directory, &world.backup]).exits(3).complains("sigstore/dangling");
        fs::remove_file(link).unwrap();
    }
    let unnamed = Path::new(&directory).join(std::ffi::OsStr::from_bytes(b"n\xe4me"));
    fs::write(&unnamed, "").unwrap();
    world.scratch.run(&["backup", &directory, &world.backup]).exits(3).complains("is not UTF-8");
    fs::remove_file(unnamed).unwrap();

    // What the audit log was is kept, whatever it is now.
    let cut_short = world.scratch.path("cut-short");
    assert!(Command::new("cp").arg("-a").args([&backup, &cut_short]).status().unwrap().success());
    fs::write(format!("{directory}/audit/audit.jsonl"), "").unwrap();
    world.scratch.run(&["backup", &directory, &world.backup]).exits(0).complains("is shorter than");
    assert_eq!(fs::read_to_string(backup.join("audit/audit.jsonl")).unwrap(), audit);
    fs::write(format!("{directory}/audit/audit.jsonl"), "{}\n").unwrap();
    world.scratch.run(&["backup", &directory, &world.backup]).exits(0).complains("does not begin as it did");
    let kept: Vec<_> =
        files(&backup.join("audit")).iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    assert_eq!(kept, ["{}\n".to_owned(), audit.clone()]);
    // Also for the backup before, if this one was killed before it wrote its manifest.
    for path in files(&backup.join("audit")) {
        fs::copy(&path, cut_short.join("audit").join(path.file_name().unwrap())).unwrap();
    }
    let to = world.scratch.path("before").to_string_lossy().into_owned();
    world.scratch.run(&["restore", &cut_short.to_string_lossy(), &to]).exits(0);
    assert_eq!(fs::read_to_string(format!("{to}/audit/audit.jsonl")).unwrap(), audit);

    // Where nothing can be written, as on a medium that is read only, there is no lock to make.
    fs::remove_file(backup.join("lock")).unwrap();
    let to = world.scratch.path("restored").to_string_lossy().into_owned();
    world.scratch.run(&["restore", &world.backup, &to]).exits(0);
    assert!(!backup.join("lock").exists());
}

#[test]
fn an_audit_log_that_began_another_file_is_no_surprise() {
    let (world, running) = World::new();
    let (directory, backup) = (running.directory(), PathBuf::from(&world.backup));
    world.sign(&running, "app");
    world.back_up(&directory);
    assert_eq!(running.stop(), Some(0));
    let (cut_short, live) = (world.scratch.path("cut-short"), Path::new(&directory).join("audit"));
    assert!(Command::new("cp").arg("-a").args([&backup, &cut_short]).status().unwrap().success());
    let before = fs::read_to_string(live.join("audit.jsonl")).unwrap();

    // As each day does, after some lines more.
    let ended = format!("{before}{{}}\n");
    fs::remove_file(live.join("audit.jsonl")).unwrap();
    fs::write(live.join("audit-2026-01-01T000000Z.jsonl"), &ended).unwrap();
    // Of the current file the last line may be on its way; one that was compressed has none.
    fs::write(live.join("audit.jsonl"), "[]\n[").unwrap();
    fs::write(live.join("audit-2025-01-01T000000Z.jsonl.gz"), "\x1f\x08\n\x07").unwrap();
    let said = world.scratch.run(&["backup", &directory, &world.backup]).exits(0).err;
    assert_eq!(said, "");
    let contents = |folder: &Path| -> Vec<String> {
        files(folder).iter().map(|path| fs::read_to_string(path).unwrap()).collect()
    };
    let compressed = "\x1f\x08\n\x07".to_owned();
    assert_eq!(contents(&backup.join("audit")), [compressed, ended, "[]\n".to_owned()]);

    // The backup before is whole, if this one was killed before it wrote its manifest.
    for path in files(&backup.join("audit")) {
        fs::copy(&path, cut_short.join("audit").join(path.file_name().unwrap())).unwrap();
    }
    let to = world.scratch.path("restored").to_string_lossy().into_owned();
    world.scratch.run(&["restore", &cut_short.to_string_lossy(), &to]).exits(0);
    assert_eq!(contents(&Path::new(&to).join("audit")), [before]);
}

#[test]
fn what_was_asked_for_and_not_done_is_not_asked_for_by_a_backup() {
    let (world, running) = World::new();
    let directory = running.directory();
    assert_eq!(running.stop(), Some(0));
    world.scratch.run(&["rotate", "log", "--dir", &directory]).exits(0);
    world.back_up(&directory);
    let to = world.scratch.path("restored").to_string_lossy().into_owned();
    world.scratch.run(&["restore", &world.backup, &to]).exits(0);
    let asked = |directory: &str| Path::new(directory).join("rotate.json").exists();
    assert_eq!((asked(&directory), asked(&to)), (true, false));
}

#[test]
fn a_backup_that_is_damaged_is_refused_by_the_name_of_the_file() {
    let (world, running) = World::new();
    let directory = running.directory();
    world.sign(&running, "app");
    world.back_up(&directory);
    assert_eq!(running.stop(), Some(0));
    let to = world.scratch.path("restored").to_string_lossy().into_owned();
    // Locks and indexes are not part of it. Write-ahead files have room that nothing is in; what they lack shows in the size. The
    // roots that a log accepts are taken from the state, where they are looked at.
    let passing = |path: &Path| {
        let parts: Vec<_> =
            path.strip_prefix(&world.backup).unwrap().iter().map(|part| part.to_str().unwrap()).collect();
        ["lock", "roots.pem"].contains(parts.last().unwrap())
            || parts.iter().any(|part| ["index", "tmp", "wal"].contains(part))
    };
    let found: Vec<_> = files(Path::new(&world.backup)).into_iter().filter(|path| !passing(path)).collect();
    assert!(found.len() > 25, "{found:?}");
    for path in found {
        let good = fs::read(&path).unwrap();
        if good.is_empty() {
            continue;
        }
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        let mut damaged = vec![bad, good[..middle].to_vec()];
        // In a data tile the leaf, what is beside it, and the names of the issuers come one after the other.
        if path.to_string_lossy().contains("/ct/1/tile/data/") {
            damaged.extend((0..good.len()).step_by(41).map(|place| {
                let mut bad = good.clone();
                bad[place] ^= 0x10;
                bad
            }));
        }
        for bytes in &damaged {
            fs::write(&path, bytes).unwrap();
            let refused = world.scratch.run(&["restore", &world.backup, &to]);
            assert_eq!(refused.code, Some(3), "{} was taken: {}", path.display(), refused.err);
            assert!(!Path::new(&to).join("instance.json").exists());
            let below = path.strip_prefix(&world.backup).unwrap();
            let top = below.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
            let named =
                if top == "log" || top == "ct" { format!("{top}/1") } else { below.display().to_string() };
            assert!(refused.err.contains(&named), "{named}: {}", refused.err);
            let _ = fs::remove_dir_all(&to);
        }
        fs::write(&path, &good).unwrap();
    }
    fs::remove_file(Path::new(&world.backup).join("backup.json")).unwrap();
    world.scratch.run(&["restore", &world.backup, &to]).exits(3).complains("no backup that was finished");
}

#[test]
fn a_kill_at_any_moment_leaves_the_backup_before_and_a_restore_that_is_taken_up() {
    let (world, running) = World::new();
    let (directory, listen) = (running.directory(), running.listen());
    let first = world.sign(&running, "first");
    world.back_up(&directory);
    let spawn = |arguments: &[&str], pause_ms: u64| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sealwax"))
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        sleep(Duration::from_millis(pause_ms));
        let _ = child.kill();
        child.wait().unwrap();
    };
    for pause_ms in [1, 3, 6, 10, 15, 20, 30, 45, 60] {
        let bundle = world.sign(&running, "more");
        spawn(&["backup", &directory, &world.backup], pause_ms);
        let to = world.scratch.path(&format!("try-{pause_ms}")).to_string_lossy().into_owned();
        for pause_ms in [2, 7, 15, 25, 40] {
            spawn(&["restore", &world.backup, &to], pause_ms);
        }
        if !Path::new(&to).join("instance.json").exists() {
            world.scratch.run(&["serve", "--dir", &to]).exits(3);
        }
        let again = world.scratch.run(&["restore", &world.backup, &to]);
        assert!(again.code == Some(0) || again.err.contains("is not empty"), "{}", again.err);
        assert!(Path::new(&to).join("instance.json").exists());
        drop(bundle);
    }
    world.back_up(&directory);
    assert_eq!(running.stop(), Some(0));
    world.lose(&directory);
    world.scratch.run(&["restore", &world.backup, &directory]).exits(0);
    let running = Running::start(&world.scratch, &["--listen", &listen]);
    until_ready(&running);
    world.verify(&running, &first);
    world.verify(&running, &world.sign(&running, "on"));
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn the_secret_goes_along_only_when_it_is_asked_for() {
    let (world, running) = World::new();
    let (directory, listen) = (running.directory(), running.listen());
    assert_eq!(running.stop(), Some(0));
    let master = format!("{directory}.secret");
    world.scratch.run(&["backup", &directory, &world.backup, "--with-secret", "--json"]).exits(0);
    world.lose(&directory);
    let kept = fs::read_to_string(&master).unwrap();
    fs::remove_file(&master).unwrap();
    world.scratch.run(&["restore", &world.backup, &directory]).exits(0);
    assert_eq!(fs::read_to_string(&master).unwrap(), kept);
    // One that is there stays, and nothing of the other one beside it.
    let other = format!("{directory}-2");
    fs::write(format!("{other}.secret"), "mine").unwrap();
    world.scratch.run(&["restore", &world.backup, &other]).exits(0).complains("is there already");
    assert_eq!(fs::read_to_string(format!("{other}.secret")).unwrap(), "mine");
    assert!(!Path::new(&format!("{other}.secret.new")).exists());
    let running = Running::start(&world.scratch, &["--listen", &listen]);
    until_ready(&running);
    world.verify(&running, &world.sign(&running, "on"));
    let inside = format!("{directory}/backup");
    world.scratch.run(&["backup", &directory, &inside]).exits(2).complains("elsewhere");
    assert!(!Path::new(&inside).exists());
    assert_eq!(running.stop(), Some(0));
}
