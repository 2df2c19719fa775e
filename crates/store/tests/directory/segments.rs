use super::*;

#[test]
fn a_full_segment_is_followed_by_another_and_removed_when_nothing_lives_in_it() {
    let scratch = Scratch::new();
    let store = open(&scratch);
    for round in 0..10 {
        now(store.stage(&format!("staged/{round}"), vec![round; 900].into())).unwrap();
        set_lock(&store, format!("round {round}"));
    }
    let before = scratch.segments().len();
    assert_eq!(before, 10, "two frames are longer than a segment");
    for round in 0..4 {
        now(store.delete(&format!("staged/{round}"))).unwrap();
    }
    assert_eq!(scratch.segments().len(), before - 4);
    // Not the oldest: the older ones go with it.
    now(store.delete("staged/6")).unwrap();
    assert_eq!(scratch.segments().len(), before - 7);
    for round in 0..10 {
        assert_eq!(get(&store, &format!("staged/{round}")).is_some(), round > 6);
    }
    for round in 7..10 {
        now(store.delete(&format!("staged/{round}"))).unwrap();
        assert_eq!(get(&store, &format!("staged/{round}")), None);
    }
    assert_eq!(scratch.segments().len(), 1, "the newest one holds the lock value");
    drop(store);
    assert_eq!(lock_value(&open(&scratch)).unwrap(), "round 9");
}

#[test]
fn opening_again_and_again_leaves_one_segment() {
    let scratch = Scratch::new();
    {
        let store = open(&scratch);
        now(store.stage("staged/1", "one".into())).unwrap();
        set_lock(&store, "first");
    }
    for _ in 0..5 {
        let store = open(&scratch);
        assert_eq!(lock_value(&store).unwrap(), "first");
        assert_eq!(get(&store, "staged/1").unwrap(), "one");
        assert_eq!(scratch.segments().len(), 1);
    }
}

#[test]
fn a_frame_that_is_longer_than_a_segment_gets_one_of_its_own() {
    let scratch = Scratch::new();
    let store = open(&scratch);
    set_lock(&store, "small");
    now(store.stage("staged/1", vec![1; 50_000].into())).unwrap();
    set_lock(&store, "large");
    set_lock(&store, "small again");
    assert_eq!(scratch.segments().len(), 2, "the first held nothing");
    drop(store);
    let store = open(&scratch);
    assert_eq!(lock_value(&store).unwrap(), "small again");
    assert_eq!(get(&store, "staged/1").unwrap().len(), 50_000);
}

#[test]
fn staged_objects_live_as_long_as_their_segment() {
    let scratch = Scratch::new();
    let store = open(&scratch);
    now(store.stage("staged/1", "one".into())).unwrap();
    set_lock(&store, "first");
    set_lock(&store, "second");
    now(store.delete("staged/1")).unwrap();
    assert_eq!(get(&store, "staged/1"), None);
    drop(store);
    // The segment had to stay for the lock value. Now that is in the next one.
    assert_eq!(get(&open(&scratch), "staged/1").unwrap(), "one");
    let store = open(&scratch);
    now(store.stage("staged/2", "two".into())).unwrap();
    set_lock(&store, "third");
    now(store.delete("staged/2")).unwrap();
    assert_eq!(get(&store, "staged/1"), None, "nobody asks for what came back; it goes with a later one");
    set_lock(&store, vec![0; 1900]);
    assert_eq!(scratch.segments().len(), 1);
    drop(store);
    assert_eq!(get(&open(&scratch), "staged/1"), None);
}

#[test]
fn foreign_files_beside_the_segments_are_left_alone() {
    let scratch = Scratch::new();
    set_lock(&open(&scratch), "first");
    for name in ["README", "1", "0000000000000000", "00000000000000001", "000000000000000x"] {
        std::fs::write(scratch.path().join("wal").join(name), "x").unwrap();
    }
    assert_eq!(lock_value(&open(&scratch)).unwrap(), "first");
    assert!(scratch.path().join("wal/README").exists());
}
