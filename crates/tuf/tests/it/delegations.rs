//! The way through the delegations.

use sealwax_testkit::tuf_repository::TufRepository;
use sealwax_tuf::{Error, MetadataError};
use serde_json::json;

use crate::client::Client;

/// Delegator, role, paths, terminating.
type Edge = (&'static str, &'static str, &'static [&'static str], bool);

const ANY: &[&str] = &["*"];
const PYTHON: &[&str] = &["*.py"];

fn repository(edges: &[Edge]) -> TufRepository {
    let mut repository = TufRepository::new();
    let mut roles: Vec<&str> = Vec::new();
    for (delegator, role, paths, terminating) in edges {
        repository.delegate(delegator, role, paths, *terminating);
        if !roles.contains(role) {
            roles.push(role);
        }
    }
    repository.publish(&roles);
    repository.publish(&["targets", "snapshot", "timestamp"]);
    repository
}

/// The delegated roles that were asked for, in order.
fn visited(repository: &TufRepository) -> Vec<&str> {
    let names = repository.requests.iter().filter_map(|path| path.strip_suffix(".json"));
    let versions = names.filter_map(|name| name.split_once('.'));
    versions
        .filter(|(_, role)| !["root", "snapshot", "targets"].contains(role))
        .map(|(_, role)| role)
        .collect()
}

#[test]
fn roles_are_visited_in_pre_order() {
    let graphs: &[(&[Edge], &[&str])] = &[
        (&[("targets", "A", ANY, false)], &["A"]),
        (&[("targets", "A", ANY, false), ("targets", "B", ANY, false)], &["A", "B"]),
        (
            &[
                ("targets", "A", ANY, false),
                ("targets", "B", ANY, false),
                ("A", "C", ANY, false),
                ("A", "D", ANY, false),
            ],
            &["A", "C", "D", "B"],
        ),
        (
            &[
                ("targets", "A", ANY, false),
                ("targets", "B", ANY, false),
                ("A", "C", ANY, false),
                ("C", "D", ANY, false),
            ],
            &["A", "C", "D", "B"],
        ),
        // Whoever comes after a terminating role has no say; whom it delegates to has.
        (
            &[
                ("targets", "A", ANY, false),
                ("targets", "B", ANY, false),
                ("A", "C", ANY, true),
                ("A", "D", ANY, false),
            ],
            &["A", "C"],
        ),
        (
            &[
                ("targets", "A", ANY, false),
                ("targets", "B", ANY, false),
                ("A", "C", ANY, true),
                ("C", "D", ANY, false),
            ],
            &["A", "C", "D"],
        ),
        (&[("targets", "A", PYTHON, false), ("targets", "B", ANY, false), ("A", "C", ANY, false)], &["B"]),
        // A terminating role that does not cover the target ends nothing.
        (&[("targets", "A", PYTHON, true), ("targets", "B", ANY, false)], &["B"]),
        // A cycle.
        (
            &[
                ("targets", "A", ANY, false),
                ("targets", "B", ANY, false),
                ("B", "C", ANY, false),
                ("C", "D", ANY, false),
                ("D", "B", ANY, false),
            ],
            &["A", "B", "C", "D"],
        ),
        (
            &[
                ("targets", "A", ANY, false),
                ("targets", "B", ANY, false),
                ("B", "C", ANY, false),
                ("A", "C", ANY, false),
            ],
            &["A", "C", "B"],
        ),
        (
            &[
                ("targets", "A", ANY, false),
                ("targets", "B", ANY, false),
                ("B", "C", ANY, false),
                ("A", "C", PYTHON, false),
            ],
            &["A", "B", "C"],
        ),
    ];
    for (edges, expected) in graphs {
        let mut repository = repository(edges);
        let mut client = Client::of(&repository);
        assert_eq!(client.find(&mut repository, "missing").unwrap(), None, "{edges:?}");
        assert_eq!(visited(&repository), *expected, "{edges:?}");
        // The second time all of them are in the store.
        repository.requests.clear();
        client.find(&mut repository, "missing").unwrap();
        assert_eq!(visited(&repository), [""; 0]);
    }
}

#[test]
fn targets_are_found_where_they_are_delegated_to() {
    let mut repository = repository(&[
        ("targets", "A", &["*.doc", "*.md", "foo-?.tgz"], false),
        ("targets", "B", &["releases/*/*"], false),
        ("B", "C", &["releases/x/*"], false),
        ("B", "D", &["releases/y/*.zip"], false),
    ]);
    let listed = [
        ("targets", "targetfile"),
        ("A", "README.md"),
        ("A", "releases/README.md"),
        ("A", "foo-1.tgz"),
        ("A", "foo-alpha.tgz"),
        ("C", "releases/x/x_v1"),
        ("D", "releases/y/y_v1.zip"),
        ("D", "releases/z/z_v1.zip"),
    ];
    for (role, path) in listed {
        repository.add_target(role, path, path.as_bytes());
    }
    repository.publish(&["A", "B", "C", "D", "targets", "snapshot", "timestamp"]);
    let expected: &[(&str, bool, &[&str])] = &[
        ("targetfile", true, &[]),
        ("README.md", true, &["A"]),
        ("releases/x/x_v1", true, &["B", "C"]),
        ("releases/y/y_v1.zip", true, &["B", "D"]),
        ("releases/z/z_v1.zip", false, &["B"]),
        ("releases/README.md", false, &[]),
        ("foo-1.tgz", true, &["A"]),
        ("foo-alpha.tgz", false, &[]),
        ("README.MD", false, &[]),
    ];
    for (path, found, roles) in expected {
        repository.requests.clear();
        let target = Client::of(&repository).find(&mut repository, path).unwrap();
        assert_eq!(target.is_some(), *found, "{path}");
        assert_eq!(visited(&repository), *roles, "{path}");
        assert!(target.is_none_or(|target| repository.targets.contains_key(&target.url_path)));
    }
}

/// One role name, delegated to by two roles with different keys: what is good by one way is not by the other.
#[test]
fn a_role_is_verified_against_the_delegator_it_was_reached_by() {
    let mut repository = repository(&[
        ("targets", "parent-a", &["a/*"], false),
        ("targets", "parent-b", &["b/*"], false),
        ("parent-a", "release", &["a/*"], false),
        ("parent-b", "release", &["b/*"], false),
    ]);
    repository.signers.get_mut("release").unwrap().truncate(1);
    repository.add_target("release", "a/x", b"good");
    repository.add_target("release", "b/x", b"bad");
    repository.publish(&["release", "snapshot", "timestamp"]);
    let mut client = Client::of(&repository);
    let trusted = client.refresh(&mut repository).unwrap();
    assert!(client.search(&trusted, &mut repository, "a/x").unwrap().is_some());
    let error = client.search(&trusted, &mut repository, "b/x").unwrap_err();
    let Error::Threshold { role, delegator, .. } = error else { panic!("{error}") };
    assert_eq!((role.as_str(), delegator.as_str()), ("release", "parent-b"));
    // The order of the searches makes no difference.
    let mut client = Client::of(&repository);
    let trusted = client.refresh(&mut repository).unwrap();
    assert!(client.search(&trusted, &mut repository, "b/x").is_err());
    assert!(client.search(&trusted, &mut repository, "a/x").unwrap().is_some());
}

#[test]
fn a_role_that_the_snapshot_does_not_list_is_not_asked_for() {
    let mut repository = repository(&[("targets", "a", ANY, false)]);
    repository.role("snapshot")["meta"].as_object_mut().unwrap().remove("a.json");
    repository.publish(&["snapshot", "timestamp"]);
    let mut client = Client::of(&repository);
    let error = client.find(&mut repository, "x").unwrap_err();
    assert_eq!(error, Error::NotInSnapshot { role: "a".to_owned() });
    assert_eq!(visited(&repository), [""; 0]);
    assert_eq!(client.version("a"), None);
}

#[test]
fn delegated_roles_are_checked_as_the_others_are() {
    let broken = |change: &dyn Fn(&mut TufRepository)| {
        let mut repository = repository(&[("targets", "a", ANY, false)]);
        change(&mut repository);
        let mut client = Client::of(&repository);
        let error = client.find(&mut repository, "x").unwrap_err();
        assert_eq!(client.version("a"), None);
        error
    };
    let error = broken(&|repository| {
        repository.files.remove("1.a.json");
    });
    assert_eq!(error, Error::NotFound { path: "1.a.json".to_owned() });
    let error = broken(&|repository| {
        repository.signers.get_mut("a").unwrap().clear();
        repository.publish_version("a", 1);
    });
    assert!(matches!(error, Error::Threshold { .. }), "{error}");
    let error = broken(&|repository| {
        repository.publish(&["a"]);
        let newer = repository.files["2.a.json"].clone();
        repository.files.insert("1.a.json".to_owned(), newer);
    });
    assert!(matches!(error, Error::Version { expected: 1, found: 2, .. }), "{error}");
    let error = broken(&|repository| {
        repository.announces_digests = true;
        repository.publish(&["a"]);
        repository.files.get_mut("2.a.json").unwrap().pop();
        repository.publish(&["snapshot", "timestamp"]);
    });
    assert!(matches!(error, Error::Length { .. }), "{error}");
    let error = broken(&|repository| {
        repository.role("a")["_type"] = "snapshot".into();
        repository.publish_version("a", 1);
    });
    assert!(matches!(error, Error::Metadata { source: MetadataError::Type { .. }, .. }), "{error}");
}

#[test]
fn odd_names_stay_in_their_directory() {
    for (role, path, file) in [
        ("?", "1.%3F.json", "%3F.json"),
        ("#", "1.%23.json", "%23.json"),
        ("/delegated", "1.%2Fdelegated.json", "%2Fdelegated.json"),
        ("../delegated", "1...%2Fdelegated.json", "..%2Fdelegated.json"),
        ("a b%2F", "1.a%20b%252F.json", "a%20b%252F.json"),
        ("1.root", "1.1.root.json", "1.root.json"),
    ] {
        let mut repository = TufRepository::new();
        repository.delegate("targets", role, ANY, false);
        repository.publish(&[role, "targets", "snapshot", "timestamp"]);
        let mut client = Client::of(&repository);
        client.find(&mut repository, "x").unwrap();
        assert_eq!(repository.requests.last().unwrap(), path);
        assert_eq!(client.store.len(), 5);
        assert!(client.store.contains_key(file), "{role}");
    }
}

#[test]
fn names_of_top_level_roles_are_not_delegated() {
    for name in ["root", "timestamp", "Snapshot", "", &"x".repeat(250)] {
        let mut repository = TufRepository::new();
        repository.delegate("targets", "a", ANY, false);
        repository.role("targets")["delegations"]["roles"][0]["name"] = name.into();
        repository.publish(&["targets", "snapshot", "timestamp"]);
        let error = Client::of(&repository).refresh(&mut repository).unwrap_err();
        let Error::Metadata { source: MetadataError::RoleName { .. }, .. } = error else { panic!("{error}") };
    }
}

#[test]
fn delegations_that_say_too_much_or_too_little_are_refused() {
    let changes: [fn(&mut serde_json::Value); 5] = [
        |delegations| delegations["roles"][0]["path_hash_prefixes"] = json!(["00"]),
        |delegations| drop(delegations["roles"][0].as_object_mut().unwrap().remove("paths")),
        |delegations| delegations["succinct_roles"] = json!({}),
        |delegations| drop(delegations.as_object_mut().unwrap().remove("roles")),
        |delegations| {
            let twice = delegations["roles"][0].clone();
            delegations["roles"].as_array_mut().unwrap().push(twice);
        },
    ];
    for change in changes {
        let mut repository = repository(&[("targets", "a", ANY, false)]);
        change(&mut repository.role("targets")["delegations"]);
        repository.publish(&["targets", "snapshot", "timestamp"]);
        let error = Client::of(&repository).refresh(&mut repository).unwrap_err();
        assert!(matches!(error, Error::Metadata { .. }), "{error}");
    }
}

#[test]
fn ambiguous_patterns_are_refused_where_they_would_decide() {
    let mut repository = repository(&[("targets", "a", &["dir/[ab]"], true), ("targets", "b", ANY, false)]);
    let mut client = Client::of(&repository);
    assert_eq!(client.find(&mut repository, "x").unwrap(), None);
    let error = client.find(&mut repository, "dir/a").unwrap_err();
    assert!(matches!(error, Error::AmbiguousPattern { .. }), "{error}");
}

#[test]
fn a_search_visits_at_most_32_delegated_roles() {
    let names: Vec<String> = (0..40).map(|number| format!("role{number}")).collect();
    let mut repository = TufRepository::new();
    for name in &names {
        repository.delegate("targets", name, ANY, false);
    }
    repository.add_target("role31", "near", b"");
    repository.add_target("role32", "far", b"");
    repository.publish(&names.iter().map(String::as_str).collect::<Vec<_>>());
    repository.publish(&["targets", "snapshot", "timestamp"]);
    let mut client = Client::of(&repository);
    assert!(client.find(&mut repository, "near").unwrap().is_some());
    let error = client.find(&mut repository, "far").unwrap_err();
    assert_eq!(error, Error::TooManyDelegations { limit: 32, target: "far".to_owned() });
}

/// SHA-256 of `foo` starts with 2c26b4, of `bar` with fcde2b.
#[test]
fn delegations_by_digest_prefix() {
    let mut repository = TufRepository::new();
    for (name, prefixes) in [("low", json!(["0", "1", "2c26"])), ("high", json!(["f"]))] {
        let entry = json!({
            "name": name, "keyids": [], "threshold": 1, "terminating": true, "path_hash_prefixes": prefixes,
        });
        repository.delegate_as("targets", name, entry);
    }
    repository.add_target("low", "foo", b"");
    repository.add_target("high", "bar", b"");
    repository.add_target("low", "bar", b"not its");
    repository.publish(&["low", "high", "targets", "snapshot", "timestamp"]);
    let mut client = Client::of(&repository);
    assert_eq!(client.find(&mut repository, "foo").unwrap().unwrap().length, 0);
    assert_eq!(visited(&repository), ["low"]);
    assert_eq!(client.find(&mut repository, "bar").unwrap().unwrap().length, 0);
    assert_eq!(visited(&repository), ["low", "high"]);
    // 2689…: nobody's.
    assert_eq!(client.find(&mut repository, "baz").unwrap(), None);
}

#[test]
fn succinct_roles_share_keys_and_split_the_paths() {
    let mut repository = TufRepository::new();
    let names = repository.delegate_succinctly("targets", 5, "bin");
    assert_eq!((names.len(), names[5].as_str()), (32, "bin-05"));
    repository.add_target("bin-05", "foo", b"");
    repository.add_target("bin-04", "bar", b"not its");
    repository.publish(&names.iter().map(String::as_str).collect::<Vec<_>>());
    repository.publish(&["targets", "snapshot", "timestamp"]);
    let mut client = Client::of(&repository);
    assert!(client.find(&mut repository, "foo").unwrap().is_some());
    assert_eq!(client.find(&mut repository, "bar").unwrap(), None);
    assert_eq!(visited(&repository), ["bin-05", "bin-1f"]);
}

#[test]
fn succinct_roles_have_between_1_and_32_bits() {
    for bits in [0, 33] {
        let mut repository = TufRepository::new();
        repository.delegate_succinctly("targets", 1, "bin");
        repository.role("targets")["delegations"]["succinct_roles"]["bit_length"] = bits.into();
        repository.publish(&["targets", "snapshot", "timestamp"]);
        let error = Client::of(&repository).refresh(&mut repository).unwrap_err();
        assert!(matches!(error, Error::Metadata { source: MetadataError::Unexpected { .. }, .. }), "{error}");
    }
}
