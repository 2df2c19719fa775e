//! What holders are shown before they sign.

use sealwax_tuf::editor::{Change, Difference, Edition, Plan, Role};

use super::world::{World, add, put, remove};

#[test]
fn a_review_names_everything_that_differs() {
    let mut world = World::new();
    let (leaving, key) = (world.keyids(Role::Timestamp)[0].clone(), world.key());
    let changes = [
        remove(Role::Timestamp, &leaving),
        add(Role::Timestamp, &key),
        Change::Threshold { role: Role::Root, threshold: 3 },
        put("trusted_root.json", b"two"),
        put("signing_config.json", b"new"),
    ];
    let edition = world.plan(&changes).unwrap();
    let [overlap, last, targets] = edition.review().try_into().unwrap();
    let keyid = |difference: &Difference| match difference {
        Difference::KeyAdded { role, key } => format!("+{role} {}", key.keyid),
        Difference::KeyRemoved { role, key } => format!("-{role} {}", key.keyid),
        other => format!("{other:?}"),
    };
    assert_eq!(
        overlap.differences.iter().map(keyid).collect::<Vec<_>>(),
        [
            format!("{:?}", Difference::Threshold { role: Role::Root, from: Some(2), to: 3 }),
            format!("+timestamp {}", key.keyid()),
        ]
    );
    let left: Vec<_> = last.differences.iter().map(keyid).collect();
    assert_eq!(left, [format!("-timestamp {leaving}")]);
    assert_eq!((overlap.from_version, overlap.to_version, last.to_version), (Some(1), 2, 3));
    let digest = |bytes: &[u8]| Some(sealwax_testkit::hex(&sealwax_crypto::sha256(bytes)));
    assert_eq!(
        targets.differences,
        [
            Difference::Target { path: "signing_config.json".to_owned(), from: None, to: digest(b"new") },
            Difference::Target {
                path: "trusted_root.json".to_owned(),
                from: digest(b"one"),
                to: digest(b"two")
            },
        ]
    );
}

/// A plan whose text was edited by hand, in a place that the editor knows nothing of.
#[test]
fn a_review_does_not_overlook_strange_members() {
    let world = World::new();
    let plan = world.plan(&[Change::Renew { role: Role::Root }]).unwrap().to_plan();
    let holder = "holder-0";
    for (from, to, member) in [
        ("\"spec_version\"", "\"x-news\": 1, \"spec_version\"", "x-news"),
        (holder, "holder-9", "keys."),
        ("\"threshold\": 2", "\"threshold\": 2, \"x-news\": 1", "roles"),
    ] {
        let mut plan = plan.clone();
        let text = String::from_utf8(plan.roots[0].clone()).unwrap();
        plan.roots[0] = text.replacen(from, to, 1).into_bytes();
        let edition = Edition::resume(world.repository.as_ref(), &plan).unwrap();
        let review = edition.review().remove(0);
        let strange =
            |found: &Difference| matches!(found, Difference::Other { member: m } if m.starts_with(member));
        assert!(review.differences.iter().any(strange), "{review:?}");
    }
}

/// In a first file, too.
#[test]
fn a_review_of_a_first_file_knows_what_is_usual() {
    let mut world = World::empty();
    let key = world.key();
    let changes: Vec<_> = Role::ALL.into_iter().map(|role| add(role, &key)).collect();
    let plan = world.plan(&changes).unwrap().to_plan();
    let review = |plan: &Plan| Edition::resume(None, plan).unwrap().review();
    let is_other = |difference: &&Difference| matches!(difference, Difference::Other { .. });
    let others = |plan: &Plan| {
        review(plan).iter().flat_map(|review| review.differences.iter().filter(is_other)).count()
    };
    assert_eq!(others(&plan), 0);
    let mut odd = plan.clone();
    let text = String::from_utf8(odd.targets.take().unwrap()).unwrap();
    odd.targets = Some(
        text.replace("\"targets\": {}", "\"targets\": {}, \"delegations\": {\"keys\": {}, \"roles\": []}")
            .into_bytes(),
    );
    assert_eq!(others(&odd), 1);
    let text = String::from_utf8(odd.roots[0].clone()).unwrap();
    odd.roots[0] = text.replacen("\"threshold\": 1", "\"threshold\": 1, \"x\": 1", 1).into_bytes();
    assert_eq!(others(&odd), 2);
}
