//! What a found target says about its file.

use sealwax_crypto::{HashAlgorithm, digest};
use sealwax_testkit::tuf_repository::TufRepository;
use sealwax_tuf::Error;
use serde_json::json;

use crate::client::Client;

#[test]
fn a_target_is_its_length_and_every_known_digest() {
    let mut repository = TufRepository::new();
    repository.add_target("targets", "dir/x", b"content");
    repository.publish(&["targets", "snapshot", "timestamp"]);
    let target = Client::of(&repository).find(&mut repository, "dir/x").unwrap().unwrap();
    assert!(target.matches(b"content"));
    for other in [&b"contenT"[..], b"conten", b"content ", b""] {
        assert!(!target.matches(other));
    }
    assert_eq!(repository.targets[&target.url_path], b"content");
    assert!(target.url_path.starts_with("dir/") && target.url_path.ends_with(".x"));
}

#[test]
fn digests_of_known_algorithms_all_count_and_others_do_not() {
    let hex = |algorithm| digest(algorithm, b"content").to_hex();
    let (sha256, sha512) = (hex(HashAlgorithm::Sha256), hex(HashAlgorithm::Sha512));
    let good = [
        (json!({ "sha256": sha256 }), &sha256),
        (json!({ "sha512": sha512 }), &sha512),
        (json!({ "sha256": sha256, "sha512": sha512 }), &sha512),
        (json!({ "sha256": sha256, "blake9": "00" }), &sha256),
    ];
    let find = |hashes: serde_json::Value| {
        let mut repository = TufRepository::new();
        repository.role("targets")["targets"]["x"] = json!({ "length": 7, "hashes": hashes });
        repository.publish(&["targets", "snapshot", "timestamp"]);
        Client::of(&repository).find(&mut repository, "x")
    };
    for (hashes, name) in good {
        let target = find(hashes).unwrap().unwrap();
        assert!(target.matches(b"content"));
        assert_eq!(target.url_path, format!("{name}.x"));
    }
    let target = find(json!({ "sha256": "0".repeat(64), "sha512": sha512 })).unwrap().unwrap();
    assert!(!target.matches(b"content"));
    for hashes in [json!({ "unknown-hash": sha512 }), json!({})] {
        assert_eq!(find(hashes), Err(Error::UnknownDigests { what: "x".to_owned() }));
    }
    assert!(matches!(find(json!({ "sha256": "00" })), Err(Error::Metadata { .. })));
}

#[test]
fn without_consistent_snapshots_a_target_is_where_it_says() {
    let mut repository = TufRepository::new();
    repository.role("root")["consistent_snapshot"] = false.into();
    repository.add_target("targets", "dir/a b", b"");
    repository.publish(&["root", "targets", "snapshot", "timestamp"]);
    let target = Client::of(&repository).find(&mut repository, "dir/a b").unwrap().unwrap();
    assert_eq!(target.url_path, "dir/a%20b");
}

#[test]
fn paths_that_a_url_would_shorten_are_nobodys() {
    for path in ["", "/x", "../x", "a//x", "a/./x", "a/.."] {
        let mut repository = TufRepository::new();
        repository.role("targets")["targets"][path] =
            json!({ "length": 0, "hashes": { "sha256": "0".repeat(64) } });
        repository.publish(&["targets", "snapshot", "timestamp"]);
        assert_eq!(Client::of(&repository).find(&mut repository, path).unwrap(), None, "{path}");
    }
}
