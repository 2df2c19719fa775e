//! The whole update: a simulated repository over HTTP, a cache in a directory.

use std::path::Path;
use std::sync::{Arc, Mutex};

use sealwax_net::http::HttpError;
use sealwax_net::tuf::{Repository, Update, UpdateError, update_blocking};
use sealwax_testkit::SIGNED_AT;
use sealwax_testkit::tuf_repository::TufRepository;
use sealwax_tuf::{Error, Rollback};

use crate::directory::Scratch;
use crate::server::{Reply, Server, nobody};

/// The repository, and a server that serves it below `/metadata/` and `/targets/`.
struct Site {
    repository: Arc<Mutex<TufRepository>>,
    server: Server,
    root: Vec<u8>,
}

impl Site {
    fn new() -> Self {
        let mut repository = TufRepository::new();
        repository.add_target("targets", "trusted_root.json", b"{}");
        repository.add_target("targets", "dir/other", b"other");
        repository.publish(&["targets", "snapshot", "timestamp"]);
        let root = repository.initial_root();
        let repository = Arc::new(Mutex::new(repository));
        let served = Arc::clone(&repository);
        let server = Server::start(move |path| {
            let mut repository = served.lock().unwrap();
            let found = match path.split_at_checked("/metadata/".len()) {
                Some(("/metadata/", path)) => repository.fetch(path),
                _ => path.strip_prefix("/targets/").and_then(|path| repository.targets.get(path).cloned()),
            };
            found.map_or(Reply::Status(404), Reply::Body)
        });
        Site { repository, server, root }
    }

    fn change(&self, change: impl FnOnce(&mut TufRepository)) {
        change(&mut self.repository.lock().unwrap());
    }

    fn update(&self, cache: &Path, targets: &[&str]) -> Result<Update, UpdateError> {
        let metadata_url = format!("{}metadata", self.server.url());
        let targets_url = format!("{}targets/", self.server.url());
        let repository =
            Repository { metadata_url: &metadata_url, targets_url: &targets_url, initial_root: &self.root };
        update_blocking(&repository, cache, targets, SIGNED_AT)
    }
}

#[test]
fn an_update_brings_targets_and_keeps_metadata() {
    let site = Site::new();
    let scratch = Scratch::new();
    let cache = scratch.path().join("tuf");
    let update = site.update(&cache, &["trusted_root.json", "dir/other", "absent"]).unwrap();
    let expected = [("trusted_root.json", Some(&b"{}"[..])), ("dir/other", Some(b"other")), ("absent", None)];
    let found: Vec<_> =
        update.targets.iter().map(|(path, bytes)| (path.as_str(), bytes.as_deref())).collect();
    assert_eq!(found, expected);
    assert_eq!(
        (update.trusted.root_version(), update.trusted.timestamp_version(), update.kept),
        (1, 2, true)
    );
    assert_eq!(update.root, site.root);

    site.change(|repository| repository.publish(&["root"]));
    let update = site.update(&cache, &[]).unwrap();
    assert_eq!(update.trusted.root_version(), 2);
    assert_eq!(update.root, site.repository.lock().unwrap().files["2.root.json"]);
    let requests = site.server.requests();
    let last: Vec<_> = requests.iter().rev().take(3).rev().map(String::as_str).collect();
    assert_eq!(last, ["/metadata/2.root.json", "/metadata/3.root.json", "/metadata/timestamp.json"]);
}

#[test]
fn a_target_that_is_missing_or_another_is_refused() {
    let site = Site::new();
    let scratch = Scratch::new();
    site.change(|repository| repository.targets.retain(|path, _| !path.contains("trusted_root")));
    let error = site.update(scratch.path(), &["trusted_root.json"]).unwrap_err();
    assert!(matches!(error, UpdateError::TargetMissing { .. }), "{error}");
    let serve = |bytes: &'static [u8]| {
        site.change(|repository| {
            repository.add_target("targets", "trusted_root.json", b"{}");
            repository.targets.values_mut().for_each(|served| *served = bytes.to_vec());
        });
        site.update(scratch.path(), &["trusted_root.json"]).unwrap_err()
    };
    assert!(matches!(serve(b"[]"), UpdateError::TargetMismatch { .. }));
    assert!(matches!(serve(b"{"), UpdateError::TargetMismatch { .. }));
    assert!(matches!(serve(b"{ }"), UpdateError::Http(HttpError::TooLong { limit: 2, .. })));
}

#[test]
fn a_repository_that_goes_back_is_named() {
    let site = Site::new();
    let scratch = Scratch::new();
    site.update(scratch.path(), &[]).unwrap();
    site.change(|repository| repository.publish_version("timestamp", 1));
    let error = site.update(scratch.path(), &[]).unwrap_err();
    assert!(error.to_string().starts_with(&site.server.url()), "{error}");
    let UpdateError::Repository { source: Error::Rollback(rollback), .. } = error else { panic!("{error}") };
    assert_eq!(rollback, Rollback::Timestamp { trusted: 2, found: 1 });
}

#[test]
fn without_a_network_one_sentence_says_what_could_not_be_reached() {
    let url = nobody();
    let root = TufRepository::new().initial_root();
    let repository = Repository { metadata_url: &url, targets_url: &url, initial_root: &root };
    let scratch = Scratch::new();
    let error = update_blocking(&repository, scratch.path(), &[], SIGNED_AT).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with(&format!("cannot reach {url}2.root.json: ")) && !text.contains('\n'), "{text}");
}

/// The root of a newer release goes over the one in the cache, and an older release uses the newer one in the cache.
#[test]
fn of_two_roots_the_newer_one_counts() {
    let mut site = Site::new();
    let scratch = Scratch::new();
    site.update(scratch.path(), &[]).unwrap();
    site.change(|repository| {
        repository.rotate("timestamp");
        repository.publish(&["root"]);
        repository.publish_version("timestamp", 1);
    });
    let old = std::mem::replace(&mut site.root, site.repository.lock().unwrap().files["2.root.json"].clone());
    let update = site.update(scratch.path(), &[]).unwrap();
    assert_eq!((update.trusted.root_version(), update.trusted.timestamp_version()), (2, 1));
    site.root = old;
    let update = site.update(scratch.path(), &[]).unwrap();
    assert_eq!(update.trusted.root_version(), 2);
    assert_eq!(site.server.requests().iter().filter(|path| path.ends_with("/2.root.json")).count(), 1);
}

#[test]
fn a_damaged_cache_starts_again() {
    let site = Site::new();
    let scratch = Scratch::new();
    site.update(scratch.path(), &[]).unwrap();
    for file in ["root.json", "timestamp.json", "snapshot.json", "targets.json"] {
        std::fs::write(scratch.path().join(file), b"damaged").unwrap();
    }
    site.update(scratch.path(), &[]).unwrap();
    assert_eq!(std::fs::read(scratch.path().join("root.json")).unwrap(), site.root);
}

#[test]
fn parallel_updates_share_one_cache() {
    let site = Site::new();
    let scratch = Scratch::new();
    std::thread::scope(|scope| {
        let updates: Vec<_> =
            (0..6).map(|_| scope.spawn(|| site.update(scratch.path(), &["trusted_root.json"]))).collect();
        for update in updates {
            assert_eq!(update.join().unwrap().unwrap().targets[0].1.as_deref(), Some(&b"{}"[..]));
        }
    });
    // The first fetched the metadata, the others found it.
    assert_eq!(site.server.requests().iter().filter(|path| path.ends_with("snapshot.json")).count(), 1);
}

#[cfg(unix)]
#[test]
fn a_cache_that_others_may_write_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::new();
    let scratch = Scratch::new();
    std::fs::set_permissions(scratch.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    assert!(matches!(site.update(scratch.path(), &[]), Err(UpdateError::Cache(_))));
    assert_eq!(site.server.requests(), [""; 0]);
}

/// A cache that root has provided, read by somebody who cannot write it: another user if we are root, else a process that
/// has lost the permission.
#[cfg(unix)]
#[test]
fn a_cache_that_cannot_be_written_is_read() {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::new();
    let scratch = Scratch::new();
    let cache = scratch.path().join("cache");
    site.update(&cache, &[]).unwrap();
    site.change(|repository| repository.publish(&["timestamp"]));
    std::fs::remove_file(cache.join(".lock")).unwrap();
    std::fs::set_permissions(&cache, std::fs::Permissions::from_mode(0o555)).unwrap();
    for (cache, expected_requests) in [
        (cache.clone(), &["2.root.json", "timestamp.json"][..]),
        // Nor can one be made there.
        (cache.join("below"), &["2.root.json", "timestamp.json", "2.snapshot.json", "2.targets.json"]),
    ] {
        let before = site.server.requests().len();
        let Some(said) = update_elsewhere(&site, &scratch, &cache) else { return };
        assert_eq!(said, "kept false, timestamp 3");
        let requests = site.server.requests().split_off(before);
        let metadata = requests.iter().filter_map(|path| path.strip_prefix("/metadata/"));
        assert_eq!(metadata.collect::<Vec<_>>(), expected_requests);
    }
    std::fs::set_permissions(&cache, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// The other process of that test.
#[cfg(unix)]
#[test]
#[ignore = "a part of another test"]
fn update_in_another_process() {
    let variable = |name: &str| std::env::var(format!("SEALWAX_TEST_{name}")).unwrap();
    let (metadata_url, targets_url) = (variable("METADATA"), variable("TARGETS"));
    let initial_root = std::fs::read(variable("ROOT")).unwrap();
    let repository =
        Repository { metadata_url: &metadata_url, targets_url: &targets_url, initial_root: &initial_root };
    match update_blocking(&repository, Path::new(&variable("CACHE")), &["trusted_root.json"], SIGNED_AT) {
        Ok(update) => println!("[kept {}, timestamp {}]", update.kept, update.trusted.timestamp_version()),
        Err(error) => println!("[{error}]"),
    }
}

#[cfg(unix)]
fn update_elsewhere(site: &Site, scratch: &Scratch, cache: &Path) -> Option<String> {
    use std::os::unix::process::CommandExt;
    let root = scratch.path().join("initial.json");
    std::fs::write(&root, &site.root).unwrap();
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "update::update_in_another_process", "--ignored", "--nocapture"])
        .env("SEALWAX_TEST_METADATA", format!("{}metadata", site.server.url()))
        .env("SEALWAX_TEST_TARGETS", format!("{}targets", site.server.url()))
        .env("SEALWAX_TEST_ROOT", root)
        .env("SEALWAX_TEST_CACHE", cache);
    if rustix::process::geteuid().is_root() {
        command.uid(65_534).gid(65_534);
    }
    match command.output() {
        Ok(output) => {
            let text = String::from_utf8(output.stdout).unwrap();
            let (_, said) = text.split_once('[').unwrap_or_else(|| panic!("{text}"));
            Some(said.rsplit_once("]\n").unwrap().0.to_owned())
        }
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            println!("skipped: another user cannot start this program");
            None
        }
        Err(error) => panic!("{error}"),
    }
}
