//! What the editor refuses.

use sealwax_crypto::{KeyKind, Message, Scheme, SigningKey};
use sealwax_testkit::tuf_repository::TufRepository;
use sealwax_tuf::editor::{Change, EditError, Edition, Repository, Role, RoleKey, Terms};

use super::world::{World, add, at, put, remove, renew, sign_with};

#[test]
fn changes_that_cannot_be() {
    let mut world = World::new();
    let stranger = world.key();
    let root = world.keyids(Role::Root);
    let here = RoleKey::new(world.keys[&root[0]].public_key(), None).unwrap();
    let keyid = stranger.keyid().to_owned();
    let cases = [
        (vec![], EditError::NothingToDo),
        (vec![put("trusted_root.json", b"one")], EditError::NothingToDo),
        (vec![put("../x", b"")], EditError::TargetPath { path: "../x".to_owned() }),
        (
            vec![Change::RemoveTarget { path: "x".to_owned() }],
            EditError::NoSuchTarget { path: "x".to_owned() },
        ),
        (vec![remove(Role::Root, &keyid)], EditError::NoSuchKey { role: Role::Root, keyid: keyid.clone() }),
        (
            vec![add(Role::Root, &here)],
            EditError::KeyListed { role: Role::Root, keyid: here.keyid().to_owned() },
        ),
        (
            vec![remove(Role::Root, &root[0]), remove(Role::Root, &root[1])],
            EditError::Threshold { role: Role::Root, threshold: 2, keys: 1 },
        ),
        (
            vec![Change::Threshold { role: Role::Timestamp, threshold: 2 }],
            EditError::Threshold { role: Role::Timestamp, threshold: 2, keys: 1 },
        ),
    ];
    for (changes, error) in cases {
        assert_eq!(world.edit(&changes).err(), Some(error));
    }
    let nobody = Edition::plan(None, &[], &world.terms).err();
    assert_eq!(nobody, Some(EditError::Threshold { role: Role::Root, threshold: 1, keys: 0 }));
    // A threshold of none is no threshold.
    let none = world.edit(&[Change::Threshold { role: Role::Root, threshold: 0 }]).err();
    assert!(matches!(none, Some(EditError::Metadata(sealwax_tuf::Error::Metadata { .. }))), "{none:?}");
}

#[test]
fn keys_that_deployed_clients_do_not_agree_about() {
    for kind in [KeyKind::EcdsaP384, KeyKind::MlDsa44] {
        let key = SigningKey::generate(kind).unwrap();
        assert_eq!(RoleKey::new(key.public_key(), None), Err(EditError::KeyKind { kind }));
    }
    let key = SigningKey::generate(KeyKind::Ed25519).unwrap();
    for holder in ["", "a b", "a\u{1b}", &"a".repeat(65)] {
        let refused = RoleKey::new(key.public_key(), Some(holder));
        assert!(matches!(refused, Err(EditError::Holder { .. })), "{holder}");
    }
    // Who holds it is no part of its name.
    let named = RoleKey::new(key.public_key(), Some("alice")).unwrap();
    assert_eq!(named.keyid(), RoleKey::new(key.public_key(), None).unwrap().keyid());
}

#[test]
fn every_signature_is_verified_when_it_is_added() {
    let mut world = World::new();
    let stranger = world.key();
    let mut edition = world.plan(&[put("x", b"")]).unwrap();
    let root = world.keyids(Role::Root);
    let file = || "2.targets.json".to_owned();
    let [zero, one] = [&world.keys[&root[0]], &world.keys[&root[1]]];
    let request = edition.requests(zero.public_key()).remove(0);
    let good = zero.sign(request.scheme, Message::Bytes(&request.message)).unwrap();
    let refused = edition.add_signature("3.targets.json", &root[0], &good);
    assert_eq!(refused, Err(EditError::NoSuchFile { file: "3.targets.json".to_owned() }));
    let refused = edition.add_signature(&file(), stranger.keyid(), &good);
    assert_eq!(refused, Err(EditError::NotASigner { file: file(), keyid: stranger.keyid().to_owned() }));
    let refused = edition.add_signature(&file(), &root[1], &good);
    assert_eq!(refused, Err(EditError::BadSignature { file: file(), keyid: root[1].clone() }));
    assert!(edition.requests(world.keys[stranger.keyid()].public_key()).is_empty());

    assert_eq!(edition.finish().err(), Some(EditError::Undated));
    edition.date(&world.terms).unwrap();
    let missing = |found| {
        let authority = "root 1".to_owned();
        Some(EditError::Incomplete { file: file(), authority, threshold: 2, found })
    };
    assert_eq!(edition.finish().err(), missing(0));
    // The same twice is one.
    edition.add_signature(&file(), &root[0], &good).unwrap();
    edition.add_signature(&file(), &root[0], &good).unwrap();
    assert_eq!(edition.finish().err(), missing(1));
    assert!(edition.requests(zero.public_key()).is_empty());
    sign_with(&mut edition, one);
    let snapshot = edition.finish().err();
    assert!(matches!(&snapshot, Some(EditError::Incomplete { file, .. }) if file == "2.snapshot.json"));
    sign_with(&mut edition, &world.keys[&world.keyids(Role::Timestamp)[0]]);
    edition.finish().unwrap();
}

/// One key under two names is one signature: the editor counts as the client does.
#[test]
fn a_key_counts_once_whatever_its_names() {
    let mut foreign = TufRepository::new();
    let key = foreign.signers["timestamp"][0].clone();
    foreign.add_key("root", "timestamp", &key.named("again"));
    foreign.publish(&["root", "targets", "snapshot", "timestamp"]);
    let open = |foreign: &TufRepository| {
        Repository::open(&foreign.initial_root(), |path| foreign.files.get(path).cloned()).unwrap()
    };
    let repository = open(&foreign);
    let changes = [Change::Threshold { role: Role::Timestamp, threshold: 2 }];
    let refused = Edition::plan(Some(&repository), &changes, &Terms::new(at("2026-01-01T00:00:00Z"))).err();
    assert_eq!(refused, Some(EditError::Threshold { role: Role::Timestamp, threshold: 2, keys: 1 }));
}

/// Members, keys and delegations of others stay as they are.
#[test]
fn what_is_not_understood_is_carried_along() {
    let mut foreign = TufRepository::new();
    foreign.role("root")["x-owner"] = "somebody".into();
    foreign.role("targets")["x-owner"] = "somebody else".into();
    foreign.delegate("targets", "team", &["team/*"], true);
    foreign.publish(&["root", "team", "targets", "snapshot", "timestamp"]);
    let key = SigningKey::from_seed(KeyKind::Ed25519, &[3; 32]).unwrap();
    let open = |foreign: &TufRepository| {
        Repository::open(&foreign.initial_root(), |path| foreign.files.get(path).cloned()).unwrap()
    };
    let repository = open(&foreign);
    let terms = Terms::new(sealwax_testkit::SIGNED_AT);
    let mut edition = Edition::plan(Some(&repository), &[put("x", b"x")], &terms).unwrap();
    edition.date(&terms).unwrap();
    for number in 1..6 {
        sign_with(&mut edition, &SigningKey::from_seed(KeyKind::Ed25519, &[number; 32]).unwrap());
    }
    assert!(key.sign(Scheme::Ed25519, Message::Bytes(b"")).is_ok());
    let publication = edition.finish().unwrap();
    let text = |path: &str| {
        let file = publication.files.iter().find(|file| file.path == path).unwrap();
        String::from_utf8(file.bytes.clone()).unwrap()
    };
    let targets = text("3.targets.json");
    assert!(targets.contains("somebody else") && targets.contains("team/*"), "{targets}");
    assert!(text("3.snapshot.json").contains("team.json"));
}

#[test]
fn a_repository_without_consistent_snapshots_is_left_alone() {
    let mut foreign = TufRepository::new();
    foreign.role("root")["consistent_snapshot"] = false.into();
    foreign.publish(&["root", "targets", "snapshot", "timestamp"]);
    let repository =
        Repository::open(&foreign.initial_root(), |path| foreign.files.get(path).cloned()).unwrap();
    let refused = Edition::plan(Some(&repository), &[put("x", b"")], &Terms::new(sealwax_testkit::SIGNED_AT));
    assert_eq!(refused.err(), Some(EditError::InconsistentSnapshots));
}

#[test]
fn validities_end_in_the_future() {
    let mut world = World::new();
    world.terms.policy.timestamp.lasts = jiff::SignedDuration::from_millis(10);
    let refused = world.edit(&[renew(Role::Timestamp)]).err();
    assert_eq!(refused, Some(EditError::Validity { role: Role::Timestamp }));
    world.terms.policy.timestamp.lasts = jiff::SignedDuration::MAX;
    let refused = world.edit(&[renew(Role::Timestamp)]).err();
    assert_eq!(refused, Some(EditError::Validity { role: Role::Timestamp }));
    world.terms.step = std::num::NonZeroU64::MAX;
    let refused = world.edit(&[renew(Role::Snapshot)]).err();
    assert_eq!(refused, Some(EditError::Version { role: Role::Snapshot }));
}
