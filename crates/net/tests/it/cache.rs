use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;

use sealwax_net::cache::{CacheError, Directory, check_directory, check_file};

use crate::directory::Scratch;

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_is_written_is_read() {
    let scratch = Scratch::new();
    let directory = Directory::create(&scratch.path().join("a/b/c")).unwrap();
    assert_eq!(directory.read("x", 10).unwrap(), None);
    for bytes in [&b"first"[..], b"second", b""] {
        directory.write("x", bytes).unwrap();
        assert_eq!(directory.read("x", 10).unwrap().unwrap(), bytes);
    }
    directory.write("x", &[0; 11]).unwrap();
    assert!(matches!(directory.read("x", 10), Err(CacheError::TooLong { limit: 10, .. })));
    directory.remove("x").unwrap();
    directory.remove("x").unwrap();
    assert_eq!(directory.read("x", 10).unwrap(), None);
    // Nothing is left behind.
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn names_are_one_component() {
    let scratch = Scratch::new();
    let directory = Directory::open(scratch.path()).unwrap();
    for name in ["", ".", "..", "../x", "a/b", "/etc/passwd"] {
        assert!(matches!(directory.read(name, 10), Err(CacheError::NotAFile { .. })), "{name}");
        assert!(matches!(directory.write(name, b""), Err(CacheError::NotAFile { .. })), "{name}");
        assert!(matches!(directory.remove(name), Err(CacheError::NotAFile { .. })), "{name}");
    }
}

#[test]
fn what_others_may_write_is_refused() {
    let scratch = Scratch::new();
    let directory = Directory::open(scratch.path()).unwrap();
    directory.write("x", b"good").unwrap();
    let file = scratch.path().join("x");
    for mode in [0o664, 0o646, 0o666, 0o622] {
        chmod(&file, mode);
        let found = directory.read("x", 10).unwrap_err();
        assert!(
            matches!(found, CacheError::WritableByOthers { mode: found, .. } if found == mode),
            "{found}"
        );
        assert!(check_file(&file).is_err());
    }
    for mode in [0o644, 0o600, 0o444] {
        chmod(&file, mode);
        check_file(&file).unwrap();
    }
    for mode in [0o775, 0o757, 0o777, 0o1777] {
        chmod(scratch.path(), mode);
        let found = check_directory(scratch.path()).unwrap_err();
        assert!(
            matches!(found, CacheError::WritableByOthers { mode: found, .. } if found == mode),
            "{found}"
        );
        assert!(Directory::create(scratch.path()).is_err());
    }
    chmod(scratch.path(), 0o755);
    check_directory(scratch.path()).unwrap();
}

/// Only root can give files away; elsewhere this has nothing to say.
#[test]
fn what_belongs_to_others_is_refused() {
    let scratch = Scratch::new();
    let directory = Directory::open(scratch.path()).unwrap();
    directory.write("x", b"good").unwrap();
    if std::os::unix::fs::chown(scratch.path().join("x"), Some(65_534), None).is_err() {
        println!("skipped: only root can give files away");
        return;
    }
    assert!(matches!(directory.read("x", 10), Err(CacheError::ForeignOwner { owner: 65_534, .. })));
    std::os::unix::fs::chown(scratch.path(), Some(65_534), None).unwrap();
    assert!(matches!(check_directory(scratch.path()), Err(CacheError::ForeignOwner { owner: 65_534, .. })));
}

#[test]
fn links_pipes_and_directories_are_no_files() {
    let scratch = Scratch::new();
    let directory = Directory::open(scratch.path()).unwrap();
    symlink("/etc/passwd", scratch.path().join("link")).unwrap();
    symlink("/nowhere", scratch.path().join("dangling")).unwrap();
    fs::create_dir(scratch.path().join("directory")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        scratch.path().join("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    for name in ["link", "dangling", "directory", "pipe"] {
        let error = directory.read(name, 10).unwrap_err();
        assert!(matches!(error, CacheError::NotAFile { .. }), "{name}: {error}");
    }
    assert!(matches!(check_directory(&scratch.path().join("pipe")), Err(CacheError::NotADirectory { .. })));
    // Writing replaces the link, not what it points to.
    directory.write("link", b"ours").unwrap();
    assert_eq!(directory.read("link", 10).unwrap().unwrap(), b"ours");
}

#[test]
fn one_process_at_a_time_holds_the_lock() {
    let scratch = Scratch::new();
    let directory = Directory::open(scratch.path()).unwrap();
    let lock = directory.lock(Duration::ZERO).unwrap();
    assert!(matches!(directory.lock(Duration::from_millis(50)), Err(CacheError::Busy { .. })));
    drop(lock);
    directory.lock(Duration::ZERO).unwrap();
}

#[test]
fn readers_see_whole_files_while_writers_write() {
    let scratch = Scratch::new();
    let path = scratch.path();
    Directory::open(path).unwrap().write("x", &[0; 50_000]).unwrap();
    std::thread::scope(|scope| {
        for byte in 1..4 {
            scope.spawn(move || {
                let directory = Directory::open(path).unwrap();
                for _ in 0..20 {
                    directory.write("x", &[byte; 50_000]).unwrap();
                }
            });
        }
        scope.spawn(move || {
            let directory = Directory::open(path).unwrap();
            for _ in 0..200 {
                let bytes = directory.read("x", 50_000).unwrap().unwrap();
                assert!(bytes.len() == 50_000 && bytes.iter().all(|byte| *byte == bytes[0]));
            }
        });
    });
    assert_eq!(fs::read_dir(path).unwrap().count(), 1);
}
