//! Expiry. Everything is valid for 30 days unless a test says otherwise.

use sealwax_testkit::tuf_repository::TOP_LEVEL;
use sealwax_tuf::{Error, Expired};

use crate::client::Client;

#[test]
fn an_expired_role_is_not_stored_except_for_the_root() {
    for (role, versions) in [
        ("root", [2, 1, 1, 1]),
        ("timestamp", [2, 1, 1, 1]),
        ("snapshot", [2, 2, 1, 1]),
        ("targets", [2, 2, 2, 1]),
    ] {
        let (mut repository, mut client) = Client::refreshed();
        repository.expire(role, -1);
        repository.publish(&TOP_LEVEL);
        let error = client.refresh(&mut repository).unwrap_err();
        let Error::Expired(Expired { role: found, version, .. }) = error else { panic!("{error}") };
        assert_eq!((found.as_str(), version), (role, 2));
        assert_eq!(client.versions(), versions, "{role}");
    }
}

#[test]
fn metadata_expires_at_its_instant_not_after_it() {
    let (mut repository, mut client) = Client::refreshed();
    repository.expire("timestamp", 5);
    repository.publish(&["timestamp"]);
    client.at_day(4).refresh(&mut repository).unwrap();
    let error = client.at_day(5).refresh(&mut repository).unwrap_err();
    let Error::Expired(expired) = error else { panic!("{error}") };
    assert_eq!(expired.expired_at, expired.now);
}

#[test]
fn an_expired_root_leads_to_one_that_is_not() {
    let (mut repository, mut client) = Client::refreshed();
    repository.expire("root", 7);
    repository.publish(&["root"]);
    client.refresh(&mut repository).unwrap();
    repository.expire("root", 21);
    repository.publish(&["root"]);
    client.at_day(18).refresh(&mut repository).unwrap();
    assert_eq!(client.version("root"), Some(3));
}

#[test]
fn only_the_last_root_must_not_have_expired() {
    let (mut repository, mut client) = Client::refreshed();
    for _ in 0..3 {
        repository.expire("root", -1);
        repository.publish(&["root"]);
    }
    repository.expire("root", 1);
    repository.publish(&["root"]);
    client.refresh(&mut repository).unwrap();
    assert_eq!(client.version("root"), Some(5));
}

#[test]
fn stored_files_that_have_expired_are_replaced() {
    let (mut repository, mut client) = Client::refreshed();
    repository.expire("timestamp", 7);
    repository.publish(&["timestamp"]);
    client.refresh(&mut repository).unwrap();
    repository.expire("timestamp", 21);
    repository.publish(&["targets", "snapshot", "timestamp"]);
    client.at_day(18).refresh(&mut repository).unwrap();
    assert_eq!(client.versions(), [1, 3, 2, 2]);
}

#[test]
fn stored_files_that_have_expired_are_not_used() {
    for role in ["timestamp", "snapshot", "targets"] {
        let (mut repository, mut client) = Client::refreshed();
        repository.expire(role, 7);
        repository.publish(&["targets", "snapshot", "timestamp"]);
        client.refresh(&mut repository).unwrap();
        let error = client.at_day(18).refresh(&mut repository).unwrap_err();
        assert!(matches!(&error, Error::Expired(Expired { role: found, .. }) if found == role), "{error}");
    }
}

#[test]
fn an_expired_delegated_role_is_refused() {
    let (mut repository, mut client) = Client::refreshed();
    repository.delegate("targets", "a", &["*"], false);
    repository.add_target("a", "x", b"x");
    repository.expire("a", -1);
    repository.publish(&["a", "targets", "snapshot", "timestamp"]);
    let error = client.find(&mut repository, "x").unwrap_err();
    assert!(matches!(&error, Error::Expired(Expired { role, .. }) if role == "a"), "{error}");
    assert_eq!(client.version("a"), None);
}
