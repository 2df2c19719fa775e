//! Versions that go down, roles that disappear, and how a repository recovers when an attacker has pushed them up.

use sealwax_tuf::{Error, Refresh, Rollback};

use crate::client::Client;

#[test]
fn a_timestamp_does_not_go_back() {
    let (mut repository, mut client) = Client::refreshed();
    let old = repository.files["timestamp.json"].clone();
    repository.publish(&["timestamp"]);
    client.refresh(&mut repository).unwrap();
    repository.files.insert("timestamp.json".to_owned(), old);
    let error = client.refresh(&mut repository).unwrap_err();
    assert_eq!(error, Rollback::Timestamp { trusted: 2, found: 1 }.into());
    assert_eq!(client.version("timestamp"), Some(2));
}

#[test]
fn an_expired_timestamp_in_the_store_counts_against_rollback() {
    let (mut repository, mut client) = Client::refreshed();
    let old = repository.files["timestamp.json"].clone();
    repository.expire("timestamp", 7);
    repository.publish(&["timestamp"]);
    client.refresh(&mut repository).unwrap();
    repository.files.insert("timestamp.json".to_owned(), old);
    let error = client.at_day(8).refresh(&mut repository).unwrap_err();
    assert_eq!(error, Rollback::Timestamp { trusted: 2, found: 1 }.into());
}

#[test]
fn a_snapshot_does_not_go_back() {
    for announces_digests in [false, true] {
        let (mut repository, mut client) = Client::refreshed();
        repository.announces_digests = announces_digests;
        repository.publish(&["snapshot", "timestamp"]);
        client.refresh(&mut repository).unwrap();
        repository.publish_version("snapshot", 1);
        repository.publish(&["timestamp"]);
        let error = client.refresh(&mut repository).unwrap_err();
        assert_eq!(error, Rollback::Snapshot { trusted: 2, found: 1 }.into());
        assert_eq!(client.versions(), [1, 2, 2, 1]);
        assert_eq!(repository.requests.last().unwrap(), "timestamp.json");
    }
}

#[test]
fn targets_do_not_go_back() {
    for announces_digests in [false, true] {
        for expired in [false, true] {
            let (mut repository, mut client) = Client::refreshed();
            repository.announces_digests = announces_digests;
            repository.expire("snapshot", if expired { 7 } else { 30 });
            repository.publish(&["targets", "snapshot", "timestamp"]);
            client.refresh(&mut repository).unwrap();
            repository.publish_version("targets", 1);
            repository.expire("snapshot", 30);
            repository.publish(&["snapshot", "timestamp"]);
            let error = client.at_day(8).refresh(&mut repository).unwrap_err();
            assert_eq!(error, Rollback::Targets { role: "targets".to_owned(), trusted: 2, found: 1 }.into());
            // The timestamp is kept although the snapshot is not.
            assert_eq!(client.versions(), [1, 3, 2, 2]);
        }
    }
}

#[test]
fn delegated_roles_neither_go_back_nor_disappear() {
    let (mut repository, mut client) = Client::refreshed();
    repository.delegate("targets", "a", &["*"], false);
    repository.publish(&["a", "a", "targets", "snapshot", "timestamp"]);
    client.refresh(&mut repository).unwrap();

    repository.publish_version("a", 1);
    repository.publish(&["snapshot", "timestamp"]);
    let error = client.refresh(&mut repository).unwrap_err();
    assert_eq!(error, Rollback::Targets { role: "a".to_owned(), trusted: 2, found: 1 }.into());

    repository.role("snapshot")["meta"].as_object_mut().unwrap().remove("a.json");
    repository.publish(&["snapshot", "timestamp"]);
    let error = client.refresh(&mut repository).unwrap_err();
    assert_eq!(error, Rollback::Removed { role: "a".to_owned() }.into());
    assert_eq!(client.version("snapshot"), Some(2));
}

#[test]
fn new_timestamp_keys_let_the_timestamp_go_back() {
    let (mut repository, mut client) = Client::refreshed();
    repository.publish_version("timestamp", 100);
    client.refresh(&mut repository).unwrap();
    repository.rotate("timestamp");
    repository.publish(&["root"]);
    repository.publish_version("timestamp", 1);
    client.refresh(&mut repository).unwrap();
    assert_eq!(client.versions(), [2, 1, 1, 1]);
}

#[test]
fn new_timestamp_and_snapshot_keys_let_the_snapshot_go_back() {
    let (mut repository, mut client) = Client::refreshed();
    repository.publish_version("snapshot", 100);
    repository.publish(&["timestamp"]);
    client.refresh(&mut repository).unwrap();
    repository.rotate("snapshot");
    repository.rotate("timestamp");
    repository.publish(&["root", "targets"]);
    repository.publish_version("snapshot", 1);
    repository.publish(&["timestamp"]);
    client.refresh(&mut repository).unwrap();
    assert_eq!(client.versions(), [2, 3, 1, 2]);
}

#[test]
fn new_snapshot_keys_let_targets_go_back_and_disappear() {
    let (mut repository, mut client) = Client::refreshed();
    repository.delegate("targets", "a", &["*"], false);
    repository.publish(&["a"]);
    repository.publish_version("targets", 100);
    repository.publish(&["snapshot", "timestamp"]);
    client.refresh(&mut repository).unwrap();
    repository.rotate("snapshot");
    repository.role("snapshot")["meta"].as_object_mut().unwrap().remove("a.json");
    repository.publish_version("targets", 1);
    repository.publish(&["root", "snapshot", "timestamp"]);
    client.refresh(&mut repository).unwrap();
    assert_eq!(client.versions(), [2, 3, 3, 1]);
}

/// Going from one key to another and back leaves the keys as they were; the recovery happened in between.
#[test]
fn every_step_of_the_roots_counts_for_recovery() {
    let (mut repository, mut client) = Client::refreshed();
    let before = (repository.drafts["root"].clone(), repository.signers["timestamp"].clone());
    repository.publish_version("timestamp", 100);
    client.refresh(&mut repository).unwrap();
    repository.rotate("timestamp");
    repository.publish(&["root"]);
    repository.drafts.insert("root".to_owned(), before.0);
    repository.signers.insert("timestamp".to_owned(), before.1);
    repository.publish_version("root", 3);
    repository.publish_version("timestamp", 1);
    client.refresh(&mut repository).unwrap();
    assert_eq!(client.versions(), [3, 1, 1, 1]);
}

/// A new release of the program brings a newer root than the one in the store.
#[test]
fn a_root_from_elsewhere_makes_stored_files_go_if_their_keys_went() {
    for rotates in [false, true] {
        let (mut repository, mut client) = Client::refreshed();
        repository.publish_version("timestamp", 100);
        client.refresh(&mut repository).unwrap();
        if rotates {
            repository.rotate("timestamp");
        }
        repository.publish(&["root"]);
        repository.publish_version("timestamp", 1);

        let newer = repository.files["2.root.json"].clone();
        let mut refresh = Refresh::new(&newer, client.now, &client.limits).unwrap();
        refresh.succeed(&client.store["root.json"]).unwrap();
        refresh.keep_root(&newer);
        let result = client.drive(&mut refresh, &mut repository);
        assert_eq!(client.version("root"), Some(2));
        match result {
            Ok(()) => assert!(rotates && client.version("timestamp") == Some(1)),
            Err(error) => {
                assert!(!rotates);
                assert_eq!(error, Error::from(Rollback::Timestamp { trusted: 100, found: 1 }));
            }
        }
    }
}
