use super::*;
use std::fs;

#[test]
fn an_empty_directory_is_an_empty_store() {
    let scratch = Scratch::new();
    let store = open(&scratch);
    assert_eq!(lock_value(&store), None);
    assert_eq!(now(store.load(Cell::Checkpoint)).unwrap(), None);
    assert_eq!(get(&store, "tile/0/000"), None);
    now(store.delete("tile/0/000")).unwrap();
    now(store.flush()).unwrap();
    assert!(scratch.segments().is_empty(), "nothing was swapped");
}

#[test]
fn an_object_is_seen_at_once_and_a_file_after_a_flush() {
    let scratch = Scratch::new();
    let store = open(&scratch);
    let path = scratch.path().join("tile/0/x001/000");
    now(store.put("tile/0/x001/000", "a".into())).unwrap();
    assert_eq!(get(&store, "tile/0/x001/000").unwrap(), "a");
    assert!(!path.exists());
    now(store.flush()).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"a");
    now(store.put("tile/0/x001/000", "b".into())).unwrap();
    now(store.put("tile/0/x001/000", "c".into())).unwrap();
    assert_eq!(get(&store, "tile/0/x001/000").unwrap(), "c");
    assert_eq!(fs::read(&path).unwrap(), b"a");
    now(store.flush()).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"c");
    now(store.delete("tile/0/x001/000")).unwrap();
    assert_eq!(get(&store, "tile/0/x001/000"), None);
    now(store.flush()).unwrap();
    assert!(!path.exists());
    assert_eq!(fs::read_dir(scratch.path().join("tmp")).unwrap().count(), 0);
}

#[test]
fn what_was_not_flushed_is_gone_after_reopening() {
    let scratch = Scratch::new();
    let store = open(&scratch);
    now(store.put("a", "a".into())).unwrap();
    now(store.flush()).unwrap();
    now(store.put("a", "b".into())).unwrap();
    now(store.stage("staged/1", "c".into())).unwrap();
    drop(store);
    let store = open(&scratch);
    assert_eq!(get(&store, "a").unwrap(), "a");
    assert_eq!(get(&store, "staged/1"), None);
}

#[test]
fn a_swap_makes_everything_staged_durable_and_costs_one_write_and_one_flush() {
    let scratch = Scratch::new();
    let store = open(&scratch);
    set_lock(&store, "first");
    now(store.stage("staged/1", "one".into())).unwrap();
    now(store.stage("staged/2", "two".into())).unwrap();
    assert_eq!(get(&store, "staged/1").unwrap(), "one");
    let flushes = store.disk().flushes();
    set_lock(&store, "second");
    assert_eq!(store.disk().flushes() - flushes, 1);
    drop(store);
    let store = open(&scratch);
    assert_eq!(lock_value(&store).unwrap(), "second");
    assert_eq!(get(&store, "staged/1").unwrap(), "one");
    assert_eq!(get(&store, "staged/2").unwrap(), "two");
}

#[test]
fn a_swap_that_lost_changes_nothing_and_keeps_what_is_staged() {
    let scratch = Scratch::new();
    let store = open(&scratch);
    let first = set_lock(&store, "first");
    let second = set_lock(&store, "second");
    now(store.stage("staged/1", "one".into())).unwrap();
    assert_eq!(now(store.swap(Cell::Lock, Some(&first), "x".into())).unwrap(), Swap::Lost);
    assert_eq!(now(store.swap(Cell::Lock, None, "x".into())).unwrap(), Swap::Lost);
    assert_eq!(lock_value(&store).unwrap(), "second");
    assert!(matches!(now(store.swap(Cell::Lock, Some(&second), "third".into())).unwrap(), Swap::Done(_)));
    drop(store);
    assert_eq!(get(&open(&scratch), "staged/1").unwrap(), "one");
}

#[test]
fn no_version_of_the_lock_comes_back() {
    let scratch = Scratch::new();
    let mut seen = Vec::new();
    for _ in 0..5 {
        let store = open(&scratch);
        seen.extend(now(store.load(Cell::Lock)).unwrap().map(|found| found.version));
        seen.push(set_lock(&store, "same"));
        seen.push(set_lock(&store, "same"));
    }
    for (at, version) in seen.iter().enumerate() {
        assert!(!seen[..at].contains(version), "{version:?} in {seen:?}");
    }
}

#[test]
fn the_checkpoint_is_a_file_after_a_flush_and_its_version_follows_its_content() {
    let scratch = Scratch::new();
    let store = open(&scratch);
    let Swap::Done(first) = now(store.swap(Cell::Checkpoint, None, "one".into())).unwrap() else { panic!() };
    assert_eq!(now(store.swap(Cell::Checkpoint, None, "two".into())).unwrap(), Swap::Lost);
    assert!(!scratch.path().join("checkpoint").exists());
    now(store.flush()).unwrap();
    assert_eq!(fs::read(scratch.path().join("checkpoint")).unwrap(), b"one");
    drop(store);
    let store = open(&scratch);
    assert_eq!(now(store.load(Cell::Checkpoint)).unwrap().unwrap().version, first);
    let Swap::Done(second) = now(store.swap(Cell::Checkpoint, Some(&first), "two".into())).unwrap() else {
        panic!()
    };
    assert_ne!(first, second);
    assert_eq!(now(store.swap(Cell::Checkpoint, Some(&first), "three".into())).unwrap(), Swap::Lost);
    assert_eq!(now(store.load(Cell::Checkpoint)).unwrap().unwrap().value, "two");
}

#[test]
fn the_second_to_open_a_directory_is_told_who_has_it() {
    let scratch = Scratch::new();
    let store = open(&scratch);
    match try_open(&scratch).err() {
        Some(StoreError::InUse { by }) => assert_eq!(by, std::process::id().to_string()),
        other => panic!("{other:?}"),
    }
    let clone = store.clone();
    drop(store);
    assert!(matches!(try_open(&scratch).err(), Some(StoreError::InUse { .. })));
    drop(clone);
    open(&scratch);
}

#[test]
fn half_written_files_are_removed_at_the_next_opening() {
    let scratch = Scratch::new();
    drop(open(&scratch));
    fs::write(scratch.path().join("tmp/7"), "half").unwrap();
    let store = open(&scratch);
    assert!(!scratch.path().join("tmp/7").exists());
    now(store.put("a", "a".into())).unwrap();
    now(store.flush()).unwrap();
}

#[test]
fn a_copy_lives_elsewhere() {
    let (scratch, copy) = (Scratch::new(), Scratch::new());
    let place = open(&scratch).place();
    assert_eq!(open(&scratch).place(), place);
    fs::copy(scratch.path().join("lock"), copy.path().join("lock")).unwrap();
    assert_ne!(open(&copy).place(), place);
}

#[test]
fn the_files_of_the_store_are_no_objects() {
    let scratch = Scratch::new();
    let store = open(&scratch);
    for name in ["lock", "checkpoint", "wal/0000000000000001", "../a", "/a", ""] {
        assert!(matches!(now(store.get(name)), Err(StoreError::Failed { .. })), "{name}");
        assert!(matches!(now(store.put(name, Bytes::new())), Err(StoreError::Failed { .. })), "{name}");
        assert!(matches!(now(store.stage(name, Bytes::new())), Err(StoreError::Failed { .. })), "{name}");
        assert!(matches!(now(store.delete(name)), Err(StoreError::Failed { .. })), "{name}");
    }
}

#[test]
fn what_is_too_long_is_refused_before_anything_is_written() {
    let scratch = Scratch::new();
    let store = open(&scratch);
    let version = set_lock(&store, "first");
    let long = Bytes::from(vec![0; 64 << 20]);
    assert!(matches!(now(store.stage("staged/1", long)), Err(StoreError::Failed { .. })));
    let long = Bytes::from(vec![0; 17 << 10]);
    assert!(matches!(now(store.swap(Cell::Lock, Some(&version), long)), Err(StoreError::Failed { .. })));
    assert_eq!(lock_value(&store).unwrap(), "first");
    set_lock(&store, "second");
}
