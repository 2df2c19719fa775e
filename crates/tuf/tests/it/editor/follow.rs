//! The client follows what the editor publishes.

use std::num::NonZeroU64;

use sealwax_tuf::editor::{Due, EditError, Role, due};
use sealwax_tuf::{Error, Rollback};

use super::world::{World, add, put, remove, renew};

#[test]
fn a_first_edition_is_complete() {
    let world = World::new();
    let names: Vec<&str> = world.files.keys().map(String::as_str).collect();
    let digest = sealwax_testkit::hex(&sealwax_crypto::sha256(b"one"));
    let target = format!("targets/{digest}.trusted_root.json");
    assert_eq!(names, ["1.root.json", "1.snapshot.json", "1.targets.json", &target, "timestamp.json"]);
    let mut client = world.client();
    assert_eq!(world.refresh(&mut client), Ok([1, 1, 1, 1]));
    assert_eq!(world.target(&mut client, "trusted_root.json").unwrap(), b"one");
    assert_eq!(world.target(&mut client, "signing_config.json"), None);
}

/// Ten rotations of every key there is, an expiry in the middle, and one client that is there all along.
#[test]
fn ten_rotations_and_an_expiry() {
    let mut world = World::new();
    let mut old = world.client();
    for round in 0..10_u64 {
        let mut changes = Vec::new();
        for role in Role::ALL {
            let leaving = world.keyids(role)[0].clone();
            let key = world.key();
            changes.extend([remove(role, &leaving), add(role, &key)]);
        }
        changes.push(put("trusted_root.json", format!("round {round}").as_bytes()));
        world.publish(&changes).unwrap();
        // Each rotation of online keys takes two roots.
        let expected = [3 + 2 * round, 2 + round, 2 + round, 2 + round];
        assert_eq!(world.refresh(&mut world.client()), Ok(expected));
        assert_eq!(world.refresh(&mut old), Ok(expected));
        let target = world.target(&mut old, "trusted_root.json").unwrap();
        assert_eq!(target, format!("round {round}").into_bytes());
        if round == 5 {
            world.pass(40);
            assert!(matches!(world.refresh(&mut old), Err(Error::Expired(_))));
        }
    }
    assert_eq!(world.reopened().unwrap().version(Role::Root), 21);
}

/// The holder of the only online key is gone: root replaces it, and no client ever sees a file that it refuses.
#[test]
fn a_lost_online_key_is_replaced_through_root() {
    let mut world = World::new();
    let lost = world.keyids(Role::Timestamp)[0].clone();
    world.keys.remove(&lost);
    assert!(matches!(
        world.publish(&[renew(Role::Timestamp)]),
        Err(EditError::Incomplete { threshold: 1, found: 0, .. })
    ));
    let key = world.key();
    let changes: Vec<_> = [Role::Snapshot, Role::Timestamp]
        .into_iter()
        .flat_map(|role| [remove(role, &lost), add(role, &key)])
        .collect();
    let publication = world.edit(&changes).unwrap();
    let order: Vec<&str> = publication.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(order, ["2.root.json", "2.snapshot.json", "timestamp.json", "3.root.json"]);
    let mut client = world.client();
    world.refresh(&mut client).unwrap();
    world.write(&publication);
    assert_eq!(world.refresh(&mut client), Ok([3, 2, 2, 1]));
    assert_eq!(world.keyids(Role::Timestamp), [key.keyid()]);
}

/// A key that joins others, or leaves enough of them, strands nothing: one root will do.
#[test]
fn roots_overlap_only_where_they_must() {
    let mut world = World::new();
    let key = world.key();
    let publication = world.publish(&[add(Role::Timestamp, &key)]).unwrap();
    let order: Vec<&str> = publication.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(order, ["2.root.json"]);
    let leaving = world.keyids(Role::Root)[0].clone();
    let publication = world.publish(&[remove(Role::Root, &leaving)]).unwrap();
    assert_eq!(publication.files.len(), 1);
    assert_eq!(world.refresh(&mut world.client()), Ok([3, 1, 1, 1]));
}

#[test]
fn roots_are_signed_by_the_old_and_the_new_threshold() {
    let mut world = World::new();
    let [old, new] = [world.keyids(Role::Root), (0..2).map(|_| world.key().keyid().to_owned()).collect()];
    let added: Vec<_> = new.iter().map(|keyid| world.keys[keyid].public_key().clone()).collect();
    let mut changes: Vec<_> = old.iter().map(|keyid| remove(Role::Root, keyid)).collect();
    changes.extend(
        added.iter().map(|key| add(Role::Root, &sealwax_tuf::editor::RoleKey::new(key, None).unwrap())),
    );
    let mut edition = world.plan(&changes).unwrap();
    edition.date(&world.terms).unwrap();
    let mut signed_by = |keyid: &str| {
        super::world::sign_with(&mut edition, &world.keys[keyid]);
        edition.finish().map(drop)
    };
    let incomplete = |authority: &str, found| {
        let (file, authority) = ("2.root.json".to_owned(), authority.to_owned());
        Err(EditError::Incomplete { file, authority, threshold: 2, found })
    };
    assert_eq!(signed_by(&old[0]), incomplete("root 1", 1));
    assert_eq!(signed_by(&new[0]), incomplete("root 1", 1));
    assert_eq!(signed_by(&old[2]), incomplete("root 2", 1));
    assert_eq!(signed_by(&new[1]), Ok(()));
}

/// A server that was restored from a backup jumps above whatever it may have published since.
#[test]
fn versions_jump_by_a_stated_step() {
    let mut world = World::new();
    let backup = (world.files.clone(), world.repository.clone());
    let mut client = world.client();
    for _ in 0..5 {
        world.publish(&[renew(Role::Snapshot), renew(Role::Timestamp)]).unwrap();
    }
    assert_eq!(world.refresh(&mut client), Ok([1, 6, 6, 1]));
    (world.files, world.repository) = backup;
    world.publish(&[renew(Role::Timestamp)]).unwrap();
    let rollback = Rollback::Timestamp { trusted: 6, found: 2 };
    assert_eq!(world.refresh(&mut client), Err(Error::Rollback(rollback)));
    world.terms.step = NonZeroU64::new(1_000).unwrap();
    world.publish(&[renew(Role::Targets)]).unwrap();
    assert_eq!(world.refresh(&mut client), Ok([1, 1_002, 1_001, 1_001]));
    assert_eq!(world.reopened().unwrap().version(Role::Targets), 1_001);
}

#[test]
fn what_is_due_depends_on_now_alone() {
    let mut world = World::new();
    let repository = world.repository.clone().unwrap();
    let roles = |world: &World| -> Vec<Role> {
        due(&repository, &world.terms.policy, world.terms.now).into_iter().map(|due| due.role).collect()
    };
    assert_eq!(roles(&world), []);
    world.pass(3);
    assert_eq!(roles(&world), [Role::Timestamp]);
    world.pass(12);
    assert_eq!(roles(&world), [Role::Timestamp, Role::Snapshot]);
    world.pass(400);
    let all = due(&repository, &world.terms.policy, world.terms.now);
    assert_eq!(
        all.iter().map(|due| due.role).collect::<Vec<_>>(),
        [Role::Timestamp, Role::Snapshot, Role::Root, Role::Targets]
    );
    let day = |days: i64| sealwax_testkit::SIGNED_AT + jiff::SignedDuration::from_hours(24 * days);
    assert_eq!(all[0], Due { role: Role::Timestamp, since: day(3), expires: day(7) });
    // What has expired is opened, and renewed.
    let renewed: Vec<_> = all.iter().map(|due| renew(due.role)).collect();
    world.publish(&renewed).unwrap();
    assert_eq!(world.refresh(&mut world.client()), Ok([2, 2, 2, 2]));
}
