//! Directories in every format that was ever written, before the program of today.

use crate::{common::Scratch, server::Server, size, text};
use sealwax_store::{Directory, directory::Options, disk::Os};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn copy(scratch: &Scratch, version: &str, name: &str) -> String {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../log/tests/formats").join(version).join(name);
    let to = text(scratch, &format!("{version}-{name}"));
    assert!(Command::new("cp").arg("-r").arg(from).arg(&to).status().unwrap().success());
    to
}

/// Makes the copy the log itself.
fn adopt(directory: &str) {
    let store = Directory::open(Os::new(directory).unwrap(), &Options::default()).unwrap();
    let path = Path::new(directory).join("log.json");
    let mut description: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    description["place"] = store.place().to_string().into();
    fs::write(path, description.to_string()).unwrap();
}

fn contents(directory: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut contents = BTreeMap::new();
    let mut left = vec![PathBuf::from(directory)];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                contents.insert(path.clone(), fs::read(path).unwrap());
            }
        }
    }
    contents
}

/// Every version that was stored.
const VERSIONS: [&str; 1] = ["v1"];

#[test]
fn directories_of_every_version_are_served() {
    VERSIONS.iter().for_each(|version| {
        let scratch = Scratch::new();
        let log = copy(&scratch, version, "signature");
        assert_eq!(size(&scratch, &log), 300);
        let server = Server::start(&scratch, &log, &[]);
        assert_eq!(server.post(1).0, 503, "a copy");
        assert!(server.get("/checkpoint").1.contains("\n270\n"), "what is settled");
        server.stop();
        adopt(&log);
        let server = Server::start(&scratch, &log, &[]);
        assert!(server.get("/checkpoint").1.contains("\n300\n"));
        assert_eq!(server.add(1)["logIndex"], "300");
        assert_eq!(server.stop(), Some(0));
        assert_eq!(size(&scratch, &log), 301);

        let log = copy(&scratch, version, "certificate");
        assert_eq!(size(&scratch, &log), 300);
        let log = copy(&scratch, version, "frozen");
        adopt(&log);
        let server = Server::start(&scratch, &log, &[]);
        assert_eq!(server.post(1).0, 405);
        server.stop();
    });
}

#[test]
fn a_newer_directory_is_refused_and_left_alone() {
    let scratch = Scratch::new();
    let log = copy(&scratch, "v1", "signature");
    adopt(&log);
    let path = scratch.path("v1-signature/log.json");
    let mut description: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    description["version"] = 2.into();
    description["news"] = "of tomorrow".into();
    fs::write(path, description.to_string()).unwrap();
    let before = contents(&log);
    let other = text(&scratch, "other");
    for command in [
        &["check", &log][..],
        &["serve", &log, "--listen", "127.0.0.1:0"],
        &["serve", &log, "--listen", "127.0.0.1:0", "--read-only"],
        &["follow", &log, "--once"],
        &["backup", &log, &other],
        &["restore", &log, &other],
        &["freeze", &log],
        &["rotate", &log, &other, "--origin", "log2.example"],
    ] {
        let ran = scratch.run(&[&["log"], command].concat()).exits(3);
        ran.complains("the directory has format 2, this program knows 1; a newer program may read it");
        assert_eq!(contents(&log), before, "{command:?}");
        assert!(!Path::new(&other).exists(), "{command:?}");
    }
}
