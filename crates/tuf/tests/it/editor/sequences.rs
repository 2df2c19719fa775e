//! Any sequence of edits yields repositories that clients walk, new ones from root 1 and one that is there all along,
//! wherever the writing of a publication stops.

use proptest::prelude::*;
use sealwax_tuf::editor::{Change, EditError, Publication, Role, due};

use super::world::{World, add, put, remove, renew};
use crate::client::Client;

/// Something that an operator does.
#[derive(Clone, Debug)]
enum Deed {
    Put(u8, u8),
    Drop(u8),
    Add(usize),
    Remove(usize, usize),
    Rotate(usize, usize),
    Threshold(usize, u64),
    Renew(usize),
    Step(u64),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        (0..3_u8, any::<u8>()).prop_map(|(path, content)| Deed::Put(path, content)),
        (0..3_u8).prop_map(Deed::Drop),
        (0..4_usize).prop_map(Deed::Add),
        (0..4_usize, 0..4_usize).prop_map(|(role, key)| Deed::Remove(role, key)),
        (0..4_usize, 0..4_usize).prop_map(|(role, key)| Deed::Rotate(role, key)),
        (0..4_usize, 1..4_u64).prop_map(|(role, threshold)| Deed::Threshold(role, threshold)),
        (0..4_usize).prop_map(Deed::Renew),
        (1..500_u64).prop_map(Deed::Step),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn any_sequence_of_edits_is_followed(editions in prop::collection::vec(
        prop::collection::vec(deed(), 1..4), 1..8,
    )) {
        let mut world = World::new();
        let mut client = world.client();
        world.refresh(&mut client).unwrap();
        for deeds in editions {
            world.pass(1);
            let policy = world.terms.policy.clone();
            let mut changes: Vec<Change> = due(world.repository.as_ref().unwrap(), &policy, world.terms.now)
                .into_iter()
                .map(|due| renew(due.role))
                .collect();
            for deed in &deeds {
                changes.extend(changes_of(&mut world, deed));
            }
            match world.edit(&changes) {
                Ok(publication) => written_step_by_step(&mut world, &mut client, &publication),
                // What an operator may well try.
                Err(
                    EditError::NothingToDo
                    | EditError::Threshold { .. }
                    | EditError::NoSuchKey { .. }
                    | EditError::NoSuchTarget { .. },
                ) => {
                    let due = due(world.repository.as_ref().unwrap(), &policy, world.terms.now);
                    let renewed: Vec<Change> = due.iter().map(|due| renew(due.role)).collect();
                    if !renewed.is_empty() {
                        let publication = world.edit(&renewed).unwrap();
                        written_step_by_step(&mut world, &mut client, &publication);
                    }
                }
                Err(error) => prop_assert!(false, "{error}"),
            }
        }
    }
}

fn changes_of(world: &mut World, deed: &Deed) -> Vec<Change> {
    let key_of = |world: &World, role: Role, number: usize| {
        let keyids = world.keyids(role);
        keyids[number % keyids.len()].clone()
    };
    match deed {
        Deed::Put(path, content) => vec![put(&format!("target-{path}"), &[*content])],
        Deed::Drop(path) => vec![Change::RemoveTarget { path: format!("target-{path}") }],
        Deed::Add(role) => {
            let key = world.key();
            vec![add(Role::ALL[*role], &key)]
        }
        Deed::Remove(role, number) => {
            vec![remove(Role::ALL[*role], &key_of(world, Role::ALL[*role], *number))]
        }
        Deed::Rotate(role, number) => {
            let role = Role::ALL[*role];
            let key = world.key();
            vec![remove(role, &key_of(world, role, *number)), add(role, &key)]
        }
        Deed::Threshold(role, threshold) => {
            vec![Change::Threshold { role: Role::ALL[*role], threshold: *threshold }]
        }
        Deed::Renew(role) => vec![renew(Role::ALL[*role])],
        Deed::Step(step) => {
            world.terms.step = (*step).try_into().unwrap();
            Vec::new()
        }
    }
}

/// Writes file by file. After each, a client that was up to date and one that knows only the first root accept what is
/// there: the old state or the new one.
fn written_step_by_step(world: &mut World, client: &mut Client, publication: &Publication) {
    let before = client.versions();
    let after = [Role::Root, Role::Timestamp, Role::Snapshot, Role::Targets]
        .map(|role| publication.repository.version(role));
    for file in &publication.files {
        world.files.insert(file.path.clone(), file.bytes.clone());
        for mut one in [client.clone(), world.client()] {
            let found = world.refresh(&mut one).unwrap();
            assert!(found[1..] == before[1..] || found[1..] == after[1..], "{before:?} {found:?} {after:?}");
            assert!((before[0]..=after[0]).contains(&found[0]), "{before:?} {found:?} {after:?}");
        }
        // Another one happens to look between any two writes.
        world.refresh(client).unwrap();
    }
    assert_eq!(client.versions(), after);
    let reopened = world.reopened().unwrap();
    assert_eq!(
        Role::ALL.map(|role| reopened.version(role)),
        Role::ALL.map(|role| publication.repository.version(role))
    );
    world.repository = Some(reopened);
}
