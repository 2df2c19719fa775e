//! What the system refuses: a full disk is waited out, anything else is the end of writing.
use super::{faulty::Faulty, *};
use std::{fs, io::ErrorKind};

fn open_faulty(scratch: &Scratch) -> Directory<Faulty> {
    Directory::open(Faulty::new(scratch), &options()).unwrap()
}

fn swap(store: &impl LockStore, expected: &Version, value: &'static str) -> Result<Swap, StoreError> {
    now(store.swap(Cell::Lock, Some(expected), value.into()))
}

#[test]
fn a_disk_that_is_full_while_the_write_ahead_file_grows_can_be_waited_out() {
    for what in ["write wal/", "create wal/"] {
        let scratch = Scratch::new();
        let store = open_faulty(&scratch);
        let first = set_lock(&store, "first");
        now(store.stage("staged/1", vec![1; 1960].into())).unwrap();
        store.disk().fail(what, ErrorKind::StorageFull);
        for _ in 0..3 {
            assert!(matches!(swap(&store, &first, "second"), Err(StoreError::Failed { .. })), "{what}");
        }
        assert_eq!(lock_value(&store).unwrap(), "first");
        store.disk().mend();
        assert!(matches!(swap(&store, &first, "second"), Ok(Swap::Done(_))));
        drop(store);
        let store = open_faulty(&scratch);
        assert_eq!(lock_value(&store).unwrap(), "second");
        assert_eq!(get(&store, "staged/1").unwrap().len(), 1960);
    }
}

#[test]
fn after_a_failed_write_or_flush_nothing_is_written_until_the_store_is_opened_again() {
    for (what, kind) in [
        ("write wal/", ErrorKind::Other),
        ("sync wal/", ErrorKind::Other),
        ("sync wal/", ErrorKind::StorageFull),
        ("sync_dir wal", ErrorKind::StorageFull),
    ] {
        let scratch = Scratch::new();
        let store = open_faulty(&scratch);
        let first = set_lock(&store, "first");
        now(store.put("a", "a".into())).unwrap();
        now(store.stage("staged/1", vec![1; 1960].into())).unwrap();
        store.disk().fail(what, kind);
        assert!(matches!(swap(&store, &first, "second"), Err(StoreError::Unknown { .. })), "{what}");
        store.disk().mend();
        let files = || fs::read_dir(scratch.path()).unwrap().count();
        let before = files();
        assert!(matches!(swap(&store, &first, "second"), Err(StoreError::Stopped(_))));
        assert!(matches!(now(store.load(Cell::Lock)), Err(StoreError::Stopped(_))));
        assert!(matches!(now(store.put("b", "b".into())), Err(StoreError::Stopped(_))));
        assert!(matches!(now(store.stage("b", "b".into())), Err(StoreError::Stopped(_))));
        assert!(matches!(now(store.delete("b")), Err(StoreError::Stopped(_))));
        assert!(matches!(now(store.flush()), Err(StoreError::Stopped(_))));
        assert_eq!(get(&store, "a").unwrap(), "a");
        assert_eq!(files(), before);
        drop(store);
        let store = open_faulty(&scratch);
        let found = lock_value(&store).unwrap();
        assert!(found == "first" || found == "second");
        assert_eq!(get(&store, "staged/1").is_some(), found == "second");
        assert_ne!(now(store.load(Cell::Lock)).unwrap().unwrap().version, first);
    }
}

#[test]
fn objects_wait_for_a_full_disk_and_a_flush_says_so() {
    for what in ["create tmp/", "write tmp/", "rename tile/b", "create_dir tile"] {
        let scratch = Scratch::new();
        let store = open_faulty(&scratch);
        for name in ["a", "tile/b", "tile/c"] {
            now(store.put(name, "old".into())).unwrap();
        }
        store.disk().fail(what, ErrorKind::StorageFull);
        for _ in 0..2 {
            assert!(matches!(now(store.flush()), Err(StoreError::Failed { .. })), "{what}");
            assert_eq!(fs::read_dir(scratch.path().join("tmp")).unwrap().count(), 0, "{what}");
        }
        assert_eq!(get(&store, "tile/b").unwrap(), "old");
        now(store.put("tile/c", "new".into())).unwrap();
        store.disk().mend();
        now(store.flush()).unwrap();
        drop(store);
        let store = open_faulty(&scratch);
        assert_eq!(get(&store, "a").unwrap(), "old");
        assert_eq!(get(&store, "tile/b").unwrap(), "old");
        assert_eq!(get(&store, "tile/c").unwrap(), "new");
    }
}

#[test]
fn a_put_that_finds_no_room_is_refused_and_not_lost_in_silence() {
    let scratch = Scratch::new();
    let store = open_faulty(&scratch);
    store.disk().fail("create tmp/", ErrorKind::StorageFull);
    now(store.put("a", vec![0; 9000].into())).unwrap();
    assert!(matches!(now(store.put("b", vec![0; 9000].into())), Err(StoreError::Failed { .. })));
    assert_eq!(get(&store, "b"), None);
    store.disk().mend();
    now(store.flush()).unwrap();
    now(store.put("b", vec![0; 9000].into())).unwrap();
}

#[test]
fn a_failed_flush_of_a_file_is_the_end_and_leaves_no_half_of_it() {
    for what in ["sync tmp/", "sync_dir tile", "sync_dir", "rename tile/b"] {
        let scratch = Scratch::new();
        let store = open_faulty(&scratch);
        let first = set_lock(&store, "first");
        now(store.put("tile/b", "whole".into())).unwrap();
        store.disk().fail(what, ErrorKind::Other);
        assert!(matches!(now(store.flush()), Err(StoreError::Unknown { .. })), "{what}");
        store.disk().mend();
        assert!(matches!(now(store.flush()), Err(StoreError::Stopped(_))));
        assert!(matches!(swap(&store, &first, "second"), Err(StoreError::Stopped(_))));
        drop(store);
        let store = open_faulty(&scratch);
        assert!(get(&store, "tile/b").is_none_or(|value| value == "whole"));
        assert_eq!(lock_value(&store).unwrap(), "first");
    }
}

#[test]
fn a_segment_whose_creation_failed_is_no_damage() {
    for what in ["write wal/0000000000000002", "sync wal/0000000000000002", "sync_dir wal"] {
        let scratch = Scratch::new();
        let store = open_faulty(&scratch);
        let first = set_lock(&store, "first");
        now(store.stage("staged/1", vec![1; 1960].into())).unwrap();
        store.disk().fail(what, ErrorKind::Other);
        assert!(matches!(swap(&store, &first, "second"), Err(StoreError::Unknown { .. })), "{what}");
        drop(store);
        for _ in 0..2 {
            assert_eq!(lock_value(&open_faulty(&scratch)).unwrap(), "first", "{what}");
        }
    }
}

#[test]
fn the_background_thread_rests_after_a_failure_until_a_flush_is_asked_for() {
    let scratch = Scratch::new();
    let options = Options { background: true, ..options() };
    let store = Directory::open(Faulty::new(&scratch), &options).unwrap();
    store.disk().fail("write tmp/", ErrorKind::StorageFull);
    wait(store.put("a", "a".into())).unwrap();
    assert!(matches!(wait(store.flush()), Err(StoreError::Failed { .. })));
    store.disk().mend();
    wait(store.flush()).unwrap();
    assert_eq!(fs::read(scratch.path().join("a")).unwrap(), b"a");
    store.disk().fail("sync tmp/", ErrorKind::Other);
    wait(store.put("b", "b".into())).unwrap();
    // Whether the thread or the flush was first: both say that it is over.
    let over = wait(store.flush());
    assert!(matches!(over, Err(StoreError::Unknown { .. } | StoreError::Stopped(_))), "{over:?}");
}
