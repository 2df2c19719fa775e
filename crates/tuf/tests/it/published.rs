//! The repositories that Sigstore has published, from their first root to their last, with the clock where their last
//! metadata was valid.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sealwax_tuf::{Action, Answer, Error, Expired, Limits, Machine, Refresh, TargetFile, inspect_root};

/// Where shared test data is, if it is there. CI must have it.
fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(path);
    if path.is_dir() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is missing", path.display());
    println!("skipped: {} is missing", path.display());
    None
}

/// A repository as it would be served; only its last versions are kept.
struct Published {
    directory: PathBuf,
    store: BTreeMap<String, Vec<u8>>,
    roots: Vec<String>,
}

impl Published {
    fn open(directory: PathBuf) -> Self {
        Published { directory, store: BTreeMap::new(), roots: Vec::new() }
    }

    fn root(&self, version: u64) -> Vec<u8> {
        fs::read(self.directory.join(format!("metadata/root_history/{version}.root.json"))).unwrap()
    }

    fn serve(&self, path: &str) -> Answer {
        let file = if path.ends_with(".root.json") {
            format!("metadata/root_history/{path}")
        } else {
            let bare =
                path.trim_start_matches(|character: char| character.is_ascii_digit()).trim_start_matches('.');
            format!("metadata/{bare}")
        };
        fs::read(self.directory.join(file)).map_or(Answer::Absent, Answer::Bytes)
    }

    fn drive(&mut self, machine: &mut impl Machine) -> Result<(), Error> {
        while let Some(action) = machine.next_action() {
            match action {
                Action::Load { file } => {
                    machine.answer(self.store.get(&file).cloned().map_or(Answer::Absent, Answer::Bytes))?;
                }
                Action::Fetch { path, .. } => machine.answer(self.serve(&path))?,
                Action::Store { file, bytes } => {
                    if file == "root.json" {
                        self.roots.push(file.clone());
                    }
                    self.store.insert(file, bytes);
                }
                Action::Remove { file } => drop(self.store.remove(&file)),
            }
        }
        Ok(())
    }

    /// Refreshes from a root, and finds the targets.
    fn walk(&mut self, from: u64, now: &str, targets: &[&str]) -> Result<(u64, Vec<TargetFile>), Error> {
        let now: Timestamp = now.parse().unwrap();
        let mut refresh = Refresh::new(&self.root(from), now, &Limits::default())?;
        self.drive(&mut refresh)?;
        let trusted = refresh.finish()?;
        let mut found = Vec::new();
        for path in targets {
            let mut search = trusted.search(path)?;
            self.drive(&mut search)?;
            found.push(search.finish()?.unwrap_or_else(|| panic!("no target {path}")));
        }
        Ok((trusted.root_version(), found))
    }
}

/// Hexadecimal points, old names of key types, expired roots with fractions and offsets in their dates, empty signatures,
/// keyids that are no digests: all of it lies on this way.
fn walk(name: &str, now: &str, last: u64, targets: &[&str]) {
    let Some(directory) = shared(&format!("trust/{name}")) else { return };
    let mut published = Published::open(directory);
    let (version, found) = published.walk(1, now, targets).unwrap();
    assert_eq!(version, last);
    assert_eq!(published.roots.len() as u64, last - 1);
    for target in found {
        let bytes = fs::read(published.directory.join("targets").join(&target.path)).unwrap();
        assert!(target.matches(&bytes), "{}", target.path);
    }
    // From every root on the way.
    for from in 2..=last {
        let again = Published::open(published.directory.clone()).walk(from, now, &["trusted_root.json"]);
        assert_eq!(again.unwrap().0, last);
    }
}

#[test]
fn public_good_walks_from_root_1_to_15() {
    let targets =
        ["trusted_root.json", "signing_config.v0.2.json", "rekor.pub", "registry.npmjs.org/keys.json"];
    walk("public-good", "2026-08-24T00:00:00Z", 15, &targets);
}

#[test]
fn staging_walks_from_root_1_to_14() {
    walk("staging", "2026-08-24T00:00:00Z", 14, &["trusted_root.json", "registry.npmjs.org/keys.json"]);
}

#[test]
fn what_has_expired_since_is_refused_when_it_matters() {
    let Some(directory) = shared("trust/public-good") else { return };
    let mut published = Published::open(directory);
    let error = published.walk(1, "2026-09-01T00:00:00Z", &[]).unwrap_err();
    let Error::Expired(Expired { role, version, .. }) = error else { panic!("{error}") };
    assert_eq!((role.as_str(), version), ("timestamp", 762));
    let error = published.walk(1, "2026-11-21T00:00:00Z", &[]).unwrap_err();
    let Error::Expired(Expired { role, version, .. }) = error else { panic!("{error}") };
    assert_eq!((role.as_str(), version), ("root", 15));
    // The roots were kept all the same.
    assert_eq!(published.store["root.json"], published.root(15));
}

#[test]
fn a_root_cannot_be_skipped() {
    let Some(directory) = shared("trust/public-good") else { return };
    let published = Published::open(directory);
    let now = "2026-08-24T00:00:00Z".parse().unwrap();
    let mut refresh = Refresh::new(&published.root(4), now, &Limits::default()).unwrap();
    assert!(matches!(refresh.next_action(), Some(Action::Fetch { path, .. }) if path == "5.root.json"));
    assert!(matches!(
        refresh.answer(Answer::Bytes(published.root(6))),
        Err(Error::Threshold { .. } | Error::Version { .. })
    ));
}

fn built_in(name: &str) -> Vec<u8> {
    let trust = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sealwax/trust");
    fs::read(trust.join(name).join("root.json")).unwrap()
}

#[test]
fn the_built_in_roots_are_whole() {
    for name in ["public-good", "staging", "github"] {
        inspect_root(&built_in(name), &Limits::default()).unwrap();
    }
}

/// They came another way than the published history; its last root leads to them.
#[test]
fn the_built_in_roots_follow_from_the_published_ones() {
    for (name, last) in [("public-good", 15), ("staging", 14)] {
        let Some(directory) = shared(&format!("trust/{name}")) else { return };
        let root = Published::open(directory).root(last);
        let mut refresh = Refresh::new(&root, Timestamp::UNIX_EPOCH, &Limits::default()).unwrap();
        refresh.answer(Answer::Bytes(built_in(name))).unwrap();
        let Some(Action::Store { bytes, .. }) = refresh.next_action() else { panic!("{name}: not stored") };
        assert_eq!(bytes, built_in(name));
    }
}
