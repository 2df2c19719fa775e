//! What is asked for and what is stored; files that are not what they should be.

use sealwax_testkit::tuf_repository::{TOP_LEVEL, TufRepository};
use sealwax_tuf::{Action, Answer, Error, Machine, MetadataError, Refresh};
use serde_json::json;

use crate::client::Client;

#[test]
fn a_refresh_asks_for_each_role_once_and_stores_what_was_served() {
    let mut repository = TufRepository::new();
    let mut client = Client::of(&repository);
    // White space that only this file has.
    repository.files.get_mut("timestamp.json").unwrap().push(b' ');
    let trusted = client.refresh(&mut repository).unwrap();
    assert_eq!(repository.requests, ["2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"]);
    for (stored, served) in [
        ("root.json", "1.root.json"),
        ("timestamp.json", "timestamp.json"),
        ("snapshot.json", "1.snapshot.json"),
        ("targets.json", "1.targets.json"),
    ] {
        assert_eq!(client.store[stored], repository.files[served], "{stored}");
    }
    let versions = [
        trusted.root_version(),
        trusted.timestamp_version(),
        trusted.snapshot_version(),
        trusted.targets_version(),
    ];
    assert_eq!(versions, [1, 1, 1, 1]);
    assert_eq!(trusted.expires().to_string(), repository.drafts["root"]["expires"]);
}

#[test]
fn a_second_refresh_asks_for_what_may_have_changed() {
    let (mut repository, mut client) = Client::refreshed();
    client.refresh(&mut repository).unwrap();
    assert_eq!(repository.requests, ["2.root.json", "timestamp.json"]);
}

#[test]
fn without_consistent_snapshots_only_roots_have_versions_in_their_paths() {
    let mut repository = TufRepository::new();
    repository.role("root")["consistent_snapshot"] = false.into();
    repository.publish(&TOP_LEVEL);
    let mut client = Client::of(&repository);
    client.refresh(&mut repository).unwrap();
    assert_eq!(
        repository.requests,
        ["2.root.json", "3.root.json", "timestamp.json", "snapshot.json", "targets.json"]
    );
}

#[test]
fn a_root_that_is_none_asks_for_nothing() {
    let repository = TufRepository::new();
    let root = String::from_utf8(repository.initial_root()).unwrap();
    let start =
        |root: String| Refresh::new(root.as_bytes(), Client::of(&repository).now, &<_>::default()).err();
    let source = |root| match start(root) {
        Some(Error::Metadata { role, source }) if role == "root" => source,
        other => panic!("{other:?}"),
    };
    let missing = |member: &str| MetadataError::Missing { member: member.to_owned() };
    assert_eq!(source(root.replace("\"version\"", "\"vrsion\"")), missing("version"));
    assert_eq!(source(root.replace("\"snapshot\":", "\"snapshoot\":")), missing("snapshot"));
    assert!(matches!(
        source(root.replace("\"version\": 1", "\"version\": 0")),
        MetadataError::Unexpected { .. }
    ));
    assert!(matches!(
        source(root.replace("\"threshold\": 1", "\"threshold\": 0")),
        MetadataError::Unexpected { .. }
    ));
    assert!(matches!(
        source(root.replace("\"_type\": \"root\"", "\"_type\": \"r\"")),
        MetadataError::Type { .. }
    ));
    assert!(matches!(source(root.replace("1.0.34", "2.0.0")), MetadataError::SpecificationVersion { .. }));
    assert!(matches!(source(root.replacen('{', "{\"signed\": 1,", 1)), MetadataError::Json(_)));
    assert!(matches!(
        source(root.replacen("\"signed\": {", "\"signed\": {\"x\": 1.5,", 1)),
        MetadataError::Canonical(_)
    ));
    assert!(matches!(source(String::new()), MetadataError::Json(_)));
    // Signed, but by somebody else or over something else.
    let changed = root.replace("\"consistent_snapshot\": true", "\"consistent_snapshot\": false");
    assert!(matches!(start(changed), Some(Error::Threshold { found: 0, threshold: 1, .. })));
    assert!(matches!(start(" ".repeat(512_001)), Some(Error::TooLong { limit: 512_000, .. })));
}

#[test]
fn an_unsigned_role_stops_the_refresh_behind_the_roles_before_it() {
    for (role, versions) in [
        ("root", [1, 0, 0, 0]),
        ("timestamp", [2, 0, 0, 0]),
        ("snapshot", [2, 2, 0, 0]),
        ("targets", [2, 2, 2, 0]),
    ] {
        let mut repository = TufRepository::new();
        let mut client = Client::of(&repository);
        repository.signers.get_mut(role).unwrap().clear();
        repository.publish(&TOP_LEVEL);
        let error = client.refresh(&mut repository).unwrap_err();
        assert!(matches!(&error, Error::Threshold { role: found, .. } if found == role), "{error}");
        assert_eq!(client.versions(), versions, "{role}");
    }
}

#[test]
fn a_version_other_than_the_one_asked_for_is_refused() {
    for (role, versions) in [("root", [1, 0, 0, 0]), ("snapshot", [2, 2, 0, 0]), ("targets", [2, 2, 2, 0])] {
        let mut repository = TufRepository::new();
        let mut client = Client::of(&repository);
        repository.publish(&TOP_LEVEL);
        repository.role(role)["version"] = 3.into();
        let file = repository.file(role, 2);
        repository.files.insert(file, repository.signed(role));
        let error = client.refresh(&mut repository).unwrap_err();
        assert!(matches!(error, Error::Version { expected: 2, found: 3, .. }), "{role}: {error}");
        assert_eq!(client.versions(), versions, "{role}");
    }
}

#[test]
fn a_timestamp_of_the_same_version_is_dropped_whatever_it_says() {
    let (mut repository, mut client) = Client::refreshed();
    let before = client.store.clone();
    repository.role("timestamp")["meta"]["snapshot.json"]["version"] = 100.into();
    repository.publish_version("timestamp", 1);
    client.refresh(&mut repository).unwrap();
    assert_eq!(repository.requests, ["2.root.json", "timestamp.json"]);
    assert_eq!(client.store, before);
}

#[test]
fn announced_digests_and_lengths_are_checked() {
    for (referrer, file, role, versions) in [
        ("timestamp", "snapshot.json", "snapshot", [1, 3, 2, 2]),
        ("snapshot", "targets.json", "targets", [1, 3, 3, 2]),
    ] {
        let mut repository = TufRepository::new();
        repository.announces_digests = true;
        repository.publish(&["targets", "snapshot", "timestamp"]);
        let mut client = Client::of(&repository);
        client.refresh(&mut repository).unwrap();

        let mut attempt = |change: &dyn Fn(&mut serde_json::Value)| {
            let mut client = Client { store: client.store.clone(), ..Client::from_root(b"") };
            for role in ["targets", "snapshot", "timestamp"] {
                if role == referrer {
                    change(&mut repository.role(referrer)["meta"][file]);
                }
                repository.publish_version(role, 3);
            }
            let error = client.refresh(&mut repository).unwrap_err();
            assert_eq!(client.versions(), versions, "{error}");
            error
        };
        let wrong = "0".repeat(64);
        let error = attempt(&|meta| meta["hashes"]["sha256"] = wrong.as_str().into());
        assert!(matches!(error, Error::Digest { role: found, .. } if found == role));
        // One right digest does not make up for a wrong one of another algorithm.
        let error = attempt(&|meta| meta["hashes"]["sha512"] = "0".repeat(128).into());
        assert!(matches!(error, Error::Digest { role: found, .. } if found == role));
        let error = attempt(&|meta| meta["hashes"] = json!({ "md5": "00" }));
        assert!(matches!(error, Error::UnknownDigests { what } if what == role));
        let error = attempt(&|meta| meta["length"] = 100_000.into());
        assert!(matches!(error, Error::Length { role: found, expected: 100_000, .. } if found == role));
        let error = attempt(&|meta| meta["length"] = 10.into());
        assert!(matches!(error, Error::TooLong { role: found, limit: 10 } if found == role));
    }
}

#[test]
fn members_that_nobody_knows_are_signed_over() {
    let (mut repository, mut client) = Client::refreshed();
    let mut key = repository.new_key();
    key.object["extra"] = json!({ "a": 1, "b": [null, "\"\\\n"] });
    key.object["keyid_hash_algorithms"] = "md5".into();
    repository.role("root")["custom"] = "value".into();
    repository.role("root")["roles"]["root"]["another"] = 7.into();
    repository.add_key("root", "root", &key);
    repository.publish(&["root"]);
    client.refresh(&mut repository).unwrap();
    assert_eq!(client.version("root"), Some(2));
}

#[test]
fn a_missing_file_stops_the_refresh() {
    for (role, versions) in
        [("timestamp", [1, 1, 1, 1]), ("snapshot", [1, 2, 1, 1]), ("targets", [1, 2, 2, 1])]
    {
        let (mut repository, mut client) = Client::refreshed();
        repository.publish(&["targets", "snapshot", "timestamp"]);
        let file = repository.file(role, 2);
        repository.files.remove(&file);
        let error = client.refresh(&mut repository).unwrap_err();
        assert_eq!(error, Error::NotFound { path: file.clone() });
        assert_eq!(repository.requests.last(), Some(&file));
        assert_eq!(client.versions(), versions);
    }
}

#[test]
fn a_snapshot_is_no_timestamp() {
    let mut repository = TufRepository::new();
    let mut client = Client::of(&repository);
    let key = repository.signers["timestamp"][0].clone();
    repository.add_key("root", "snapshot", &key);
    repository.role("snapshot")["meta"] =
        json!({ "snapshot.json": { "version": 1 }, "targets.json": { "version": 1 } });
    repository.publish(&["root", "snapshot"]);
    let snapshot = repository.files["2.snapshot.json"].clone();
    repository.files.insert("timestamp.json".to_owned(), snapshot);
    let error = client.refresh(&mut repository).unwrap_err();
    assert!(
        matches!(&error, Error::Metadata { source: MetadataError::Type { expected: "timestamp", .. }, .. }),
        "{error}"
    );
    assert_eq!(client.versions(), [2, 0, 0, 0]);
}

#[test]
fn files_beyond_their_limits_are_refused() {
    type Case = (&'static str, &'static str, fn(&mut Client));
    let cases: [Case; 4] = [
        ("root", "2.root.json", |client| client.limits.root_bytes = 3_000),
        ("timestamp", "timestamp.json", |client| client.limits.timestamp_bytes = 1_000),
        ("snapshot", "1.snapshot.json", |client| client.limits.snapshot_bytes = 1_000),
        ("targets", "1.targets.json", |client| client.limits.targets_bytes = 1_000),
    ];
    for (role, file, limit) in cases {
        let mut repository = TufRepository::new();
        repository.publish(&["root"]);
        repository.files.get_mut(file).unwrap().extend([b' '; 3_000]);
        let mut client = Client::of(&repository);
        limit(&mut client);
        let error = client.refresh(&mut repository).unwrap_err();
        assert!(matches!(&error, Error::TooLong { role: found, .. } if found == role), "{error}");
    }
}

#[test]
fn a_damaged_store_is_fetched_again() {
    let (mut repository, mut client) = Client::refreshed();
    let good = client.store.clone();
    for file in ["timestamp.json", "snapshot.json", "targets.json"] {
        client.store.insert(file.to_owned(), b"{}".to_vec());
    }
    client.refresh(&mut repository).unwrap();
    assert_eq!(client.store, good);
}

#[test]
fn drivers_that_answer_out_of_turn_are_told() {
    let repository = TufRepository::new();
    let mut refresh =
        Refresh::new(&repository.initial_root(), Client::of(&repository).now, &<_>::default()).unwrap();
    // A question that was not answered is asked again.
    assert_eq!(refresh.next_action(), refresh.next_action());
    refresh.answer(Answer::Absent).unwrap();
    assert!(matches!(refresh.next_action(), Some(Action::Load { .. })));
    refresh.answer(Answer::Absent).unwrap();
    assert!(matches!(refresh.next_action(), Some(Action::Fetch { .. })));
    assert!(matches!(refresh.answer(Answer::Absent), Err(Error::NotFound { .. })));
    // After a failure nothing more is asked, and nothing is trusted.
    assert_eq!(refresh.next_action(), None);
    assert_eq!(refresh.answer(Answer::Absent), Err(Error::OutOfTurn));
    assert!(matches!(refresh.finish(), Err(Error::OutOfTurn)));
}

/// TUF §5.3.5: the same version again is no news and no attack.
#[test]
fn a_root_that_is_the_one_we_have_is_no_news() {
    let mut repository = TufRepository::new();
    let root = repository.initial_root();
    repository.files.insert("2.root.json".to_owned(), root);
    let mut client = Client::of(&repository);
    client.refresh(&mut repository).unwrap();
    assert_eq!(client.versions(), [1, 1, 1, 1]);
    assert_eq!(repository.requests[..2], ["2.root.json", "timestamp.json"]);
}
