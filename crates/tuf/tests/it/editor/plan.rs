//! Editions on paper: handed over, taken up again, finished, overtaken.

use sealwax_tuf::editor::{Change, EditError, Edition, Plan, Role};

use super::world::{World, add, put, remove, renew, sign_with};

/// A rotation of everything, planned.
fn rotation(world: &mut World) -> Vec<Change> {
    let mut changes = vec![put("trusted_root.json", b"two")];
    for role in Role::ALL {
        let (leaving, key) = (world.keyids(role)[0].clone(), world.key());
        changes.extend([remove(role, &leaving), add(role, &key)]);
    }
    changes
}

/// Each holder takes the plan up, signs, and hands it on; days pass; it is published, and the client follows.
#[test]
fn a_ceremony_of_many_days() {
    let mut world = World::new();
    let mut client = world.client();
    world.refresh(&mut client).unwrap();
    let changes = rotation(&mut world);
    let mut plan = world.plan(&changes).unwrap().to_plan();
    for key in world.keys.values() {
        let mut edition = Edition::resume(world.repository.as_ref(), &plan).unwrap();
        sign_with(&mut edition, key);
        plan = edition.to_plan();
        world.terms.now += jiff::SignedDuration::from_hours(12);
    }
    // Meanwhile the timestamp was signed again, as it is every few days.
    world.publish(&[renew(Role::Timestamp)]).unwrap();
    let mut edition = Edition::resume(world.repository.as_ref(), &plan).unwrap();
    edition.date(&world.terms).unwrap();
    world.sign(&mut edition);
    let publication = edition.finish().unwrap();
    world.write(&publication);
    assert_eq!(world.refresh(&mut client), Ok([3, 3, 2, 2]));
    assert_eq!(world.target(&mut client, "trusted_root.json").unwrap(), b"two");
    let again = Edition::resume(world.repository.as_ref(), &plan);
    assert_eq!(again.err(), Some(EditError::NothingToDo));
}

/// Wherever the writing stops, doing it again finishes it, with what was written already left out.
#[test]
fn a_publication_that_was_cut_short_is_finished() {
    let mut first = World::new();
    let changes = rotation(&mut first);
    let mut edition = first.plan(&changes).unwrap();
    first.sign(&mut edition);
    let plan = edition.to_plan();
    let mut whole = Edition::resume(first.repository.as_ref(), &plan).unwrap();
    whole.date(&first.terms).unwrap();
    first.sign(&mut whole);
    let publication = whole.finish().unwrap();
    let before = first.files.clone();
    for written in 0..publication.files.len() {
        first.files.clone_from(&before);
        for file in publication.files.iter().take(written) {
            first.files.insert(file.path.clone(), file.bytes.clone());
        }
        first.repository = Some(first.reopened().unwrap());
        let mut edition = Edition::resume(first.repository.as_ref(), &plan).unwrap();
        edition.date(&first.terms).unwrap();
        first.sign(&mut edition);
        let rest = edition.finish().unwrap();
        first.write(&rest);
        let versions = first.refresh(&mut first.client()).unwrap();
        assert_eq!((versions[0], versions[3]), (3, 2), "{written}");
        assert_eq!(first.target(&mut first.client(), "trusted_root.json").unwrap(), b"two");
    }
}

#[test]
fn a_plan_that_was_overtaken_is_refused() {
    let mut world = World::new();
    let root = world.plan(&[renew(Role::Root)]).unwrap().to_plan();
    let targets = world.plan(&[put("x", b"x")]).unwrap().to_plan();
    world.publish(&[renew(Role::Root), Change::Threshold { role: Role::Root, threshold: 3 }]).unwrap();
    world.publish(&[put("y", b"y")]).unwrap();
    let resume = |plan: &Plan| Edition::resume(world.repository.as_ref(), plan).err();
    assert_eq!(resume(&root), Some(EditError::Overtaken { file: "2.root.json".to_owned() }));
    assert_eq!(resume(&targets), Some(EditError::Overtaken { file: "2.targets.json".to_owned() }));
    // A plan for after something that has not come yet.
    let later = world.plan(&[renew(Role::Root)]).unwrap().to_plan();
    let first = World::new();
    let early = Edition::resume(first.repository.as_ref(), &later).err();
    assert_eq!(early, Some(EditError::Gap { file: "3.root.json".to_owned(), after: 1 }));
}

#[test]
fn a_plan_that_was_tampered_with_is_refused() {
    let world = World::new();
    let mut edition = world.plan(&[put("x", b"x")]).unwrap();
    world.sign(&mut edition);
    let plan = edition.to_plan();
    // The content is another one.
    let mut other = plan.clone();
    other.contents.insert("x".to_owned(), b"y".to_vec());
    let mut edition = Edition::resume(world.repository.as_ref(), &other).unwrap();
    edition.date(&world.terms).unwrap();
    world.sign(&mut edition);
    assert_eq!(edition.finish().err(), Some(EditError::TargetContent { path: "x".to_owned() }));
    // What was signed is another text.
    let mut other = plan.clone();
    let text = String::from_utf8(other.targets.take().unwrap()).unwrap();
    other.targets = Some(text.replace("\"length\": 1", "\"length\": 2").into_bytes());
    let refused = Edition::resume(world.repository.as_ref(), &other).err();
    assert!(matches!(refused, Some(EditError::BadSignature { .. })), "{refused:?}");
}

#[test]
fn a_plan_that_waited_too_long_is_refused() {
    let mut world = World::new();
    let plan = world.plan(&[renew(Role::Root)]).unwrap().to_plan();
    world.pass(366);
    let mut edition = Edition::resume(world.repository.as_ref(), &plan).unwrap();
    let refused = edition.date(&world.terms).err();
    assert!(matches!(refused, Some(EditError::Expired { file, .. }) if file == "2.root.json"));
}
