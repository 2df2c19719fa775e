//! A backup that lacks the end of the log, and mirrors that have it: plain files behind a web server.

use crate::{
    common::Scratch,
    http::{self, Answer},
    new,
    server::Server,
    size, text,
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

/// What a mirror says instead of what is in its file; `None`: it has none.
type Lies = Arc<Mutex<BTreeMap<String, Option<Vec<u8>>>>>;

/// A file server over a directory.
fn serve_files(directory: PathBuf, lies: Lies) -> String {
    http::serve(move |method, path, _| {
        let path = path.trim_start_matches('/');
        let file = match lies.lock().unwrap().get(path) {
            Some(lie) => lie.clone(),
            None => fs::read(directory.join(path)).ok(),
        };
        match file {
            Some(body) if method == "GET" => {
                Answer { status: 200, content_type: "application/octet-stream", body }
            }
            _ => Answer::text(404, "no\n"),
        }
    })
}

fn copy_static(from: &str, to: &str) {
    fs::create_dir(to).unwrap();
    for name in ["tile", "checkpoint"] {
        let copied = Command::new("cp").args(["-r", &format!("{from}/{name}"), to]).status().unwrap();
        assert!(copied.success());
    }
}

/// A log of 600 entries, a backup of its first 20, and a static copy of all.
fn crashed(scratch: &Scratch) -> (String, String, String) {
    let (log, backup, copy) =
        (new(scratch, "log", "log.example"), text(scratch, "backup"), text(scratch, "copy"));
    let anchor = text(scratch, "anchor");
    let server = Server::start(scratch, &log, &["--anchor", &anchor]);
    (1..=20).for_each(|number| drop(server.add(number)));
    scratch.run(&["log", "backup", &log, &backup, "--with-key"]).exits(0);
    (21..=600).for_each(|number| drop(server.add(number)));
    assert_eq!(server.stop(), Some(0));
    copy_static(&log, &copy);
    fs::remove_dir_all(log).unwrap();
    (backup, copy, anchor)
}

#[test]
fn a_mirror_completes_a_backup() {
    let scratch = Scratch::new();
    let (backup, copy, anchor) = crashed(&scratch);
    let url = serve_files(copy.into(), Lies::default());
    let (read, whole) = (text(&scratch, "read"), text(&scratch, "whole"));
    scratch
        .run(&["log", "restore", &backup, &whole, "--anchor", &anchor])
        .exits(3)
        .complains("knows 600 entries");
    assert!(!Path::new(&whole).exists());

    scratch.run(&["log", "restore", &backup, &read, "--complete-from", &url]).exits(0).complains("only read");
    assert_eq!(size(&scratch, &read), 600);
    let server = Server::start(&scratch, &read, &[]);
    assert_eq!(server.post(601).0, 503);
    assert!(server.get("/checkpoint").1.contains("\n600\n"));
    server.stop();

    let restore = ["log", "restore", &backup, &whole, "--complete-from", &url, "--anchor", &anchor];
    scratch.run(&restore).exits(0);
    let server = Server::start(&scratch, &whole, &["--anchor", &anchor]);
    assert_eq!(server.add(577)["logIndex"], "576");
    assert_eq!(server.add(601)["logIndex"], "600");
    assert_eq!(server.stop(), Some(0));
    assert_eq!(size(&scratch, &whole), 601);
}

#[test]
fn a_mirror_that_lies_is_refused_and_nothing_is_written() {
    let scratch = Scratch::new();
    let (backup, copy, _) = crashed(&scratch);
    // Another log under the same name, with another key; and one with the same key that has another beginning.
    let other = new(&scratch, "other", "log.example");
    let fork = text(&scratch, "fork");
    let key = format!("{backup}/key.pem");
    scratch.run(&["log", "new", &fork, "--origin", "log.example", "--key", &key]).exits(0);
    for log in [&other, &fork] {
        let server = Server::start(&scratch, log, &[]);
        (1_000..1_650).for_each(|number| drop(server.add(number)));
        server.stop();
    }
    let file = |name: &str| fs::read(Path::new(&copy).join(name)).unwrap();
    let changed = |name: &str| {
        let mut bytes = file(name);
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        bytes
    };
    let cut = |name: &str| {
        let mut bytes = file(name);
        bytes.truncate(bytes.len() - 32);
        bytes
    };
    let lies = Lies::default();
    let url = serve_files(copy.clone().into(), lies.clone());
    let restored = text(&scratch, "restored");
    let refused = |url: &str, complaint: &str| {
        scratch
            .run(&["log", "restore", &backup, &restored, "--complete-from", url])
            .exits(3)
            .complains(complaint);
        assert!(!Path::new(&restored).exists(), "{complaint}");
    };
    let cases: [(&str, Option<Vec<u8>>, &str); 9] = [
        ("tile/entries/001", Some(changed("tile/entries/001")), "tile/entries/001"),
        ("tile/entries/002.p/88", Some(changed("tile/entries/002.p/88")), "tile/entries/002.p/88"),
        ("tile/0/000", Some(changed("tile/0/000")), "tile/0/000"),
        ("tile/0/001", Some(cut("tile/0/001")), "tile/0/001"),
        ("tile/0/002.p/88", None, "tile/0/002.p/88"),
        ("tile/1/000.p/2", Some(changed("tile/1/000.p/2")), "tile/1/000.p/2"),
        ("checkpoint", Some(changed("checkpoint")), "the mirror: checkpoint"),
        ("checkpoint", Some(fs::read(format!("{other}/checkpoint")).unwrap()), "the mirror: checkpoint"),
        ("checkpoint", None, "the mirror: it has no checkpoint"),
    ];
    for (name, lie, complaint) in cases {
        lies.lock().unwrap().insert(name.to_owned(), lie);
        refused(&url, complaint);
        lies.lock().unwrap().clear();
    }
    // Right by itself, and not this log.
    let url = serve_files(fork.into(), Lies::default());
    refused(&url, "does not begin with what the backup has");
    let url = serve_files(backup.clone().into(), Lies::default());
    refused(&url, "the mirror");
}

/// It says one thing when it is checked, and another when it is copied.
#[test]
fn a_mirror_that_changes_its_mind_makes_no_log() {
    let scratch = Scratch::new();
    let (backup, copy, _) = crashed(&scratch);
    let asked = AtomicUsize::new(0);
    let directory = PathBuf::from(copy);
    let url = http::serve(move |_, path, _| {
        let Ok(mut body) = fs::read(directory.join(path.trim_start_matches('/'))) else {
            return Answer::text(404, "no\n");
        };
        if path == "/tile/entries/001" && asked.fetch_add(1, Ordering::Relaxed) > 0 {
            body[100] ^= 1;
        }
        Answer { status: 200, content_type: "application/octet-stream", body }
    });
    let restored = text(&scratch, "restored");
    let ran = scratch.run(&["log", "restore", &backup, &restored, "--complete-from", &url]).exits(3);
    ran.complains("tile/entries/001");
    scratch.run(&["log", "serve", &restored, "--listen", "127.0.0.1:0"]).exits(3).complains("is not a log");
}

#[test]
fn a_log_is_taken_over_by_its_url() {
    let scratch = Scratch::new();
    let (backup, copy, _) = crashed(&scratch);
    let url = serve_files(copy.into(), Lies::default());
    let (mine, key) = (text(&scratch, "mine"), format!("{backup}/key.pem"));
    scratch.run(&["log", "import", &url, &mine, "--origin", "log.example", "--key", &key]).exits(0);
    let server = Server::start(&scratch, &mine, &[]);
    assert_eq!(server.add(600)["logIndex"], "599", "a duplicate");
    assert_eq!(server.add(601)["logIndex"], "600");
    assert_eq!(server.stop(), Some(0));
    assert_eq!(size(&scratch, &mine), 601);
}
