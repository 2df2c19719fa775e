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

/// What an engine does that tells its clients to come again: it deletes what it had staged for the swap.
#[test]
fn a_batch_that_found_no_room_is_given_up_alone() {
    // In one segment, and in several; in a segment that must grow, and in a new one.
    for (kept, given_up) in [(10, 1000), (10, 1960), (1500, 400), (1500, 1960)] {
        let scratch = Scratch::new();
        let mut store = open_faulty(&scratch);
        for name in ["a", "b"] {
            now(store.stage(name, vec![1; kept].into())).unwrap();
            set_lock(&store, name);
        }
        let segments = scratch.segments();
        assert_eq!(segments.len() > 1, kept > 1000);
        let holds = |store: &Directory<Faulty>, names: &[&str]| {
            let found: Vec<_> =
                ["a", "b", "c", "d"].into_iter().filter(|name| get(store, name).is_some()).collect();
            assert_eq!(found, names, "{kept} {given_up}");
        };

        now(store.stage("c", vec![2; given_up].into())).unwrap();
        let version = now(store.load(Cell::Lock)).unwrap().unwrap().version;
        store.disk().fail("grow wal/", ErrorKind::StorageFull);
        assert!(matches!(swap(&store, &version, "c"), Err(StoreError::Failed { .. })));
        holds(&store, &["a", "b", "c"]);
        now(store.delete("c")).unwrap();
        holds(&store, &["a", "b"]);
        assert_eq!(scratch.segments(), segments);
        assert_eq!(lock_value(&store).unwrap(), "b");
        store.disk().mend();
        drop(store);
        store = open_faulty(&scratch);
        holds(&store, &["a", "b"]);

        now(store.stage("d", vec![3; 1960].into())).unwrap();
        set_lock(&store, "d");
        holds(&store, &["a", "b", "d"]);
        drop(store);
        store = open_faulty(&scratch);
        holds(&store, &["a", "b", "d"]);
        now(store.delete("b")).unwrap();
        holds(&store, &["d"]);
    }
}

/// Without a new opening in between: the next swap neither writes it nor removes a segment that is needed.
#[test]
fn a_batch_that_was_given_up_is_not_in_the_next_swap() {
    let scratch = Scratch::new();
    let store = open_faulty(&scratch);
    now(store.stage("a", vec![1; 10].into())).unwrap();
    let first = set_lock(&store, "a");
    now(store.stage("b", vec![2; 1000].into())).unwrap();
    store.disk().fail("grow wal/", ErrorKind::StorageFull);
    assert!(matches!(swap(&store, &first, "b"), Err(StoreError::Failed { .. })));
    now(store.delete("b")).unwrap();
    store.disk().mend();
    for name in ["c", "d", "e"] {
        now(store.stage(name, vec![3; 1500].into())).unwrap();
        set_lock(&store, name);
        assert!(get(&store, "a").is_some());
    }
    drop(store);
    let store = open_faulty(&scratch);
    let found = ["a", "b", "c", "d", "e"].map(|name| get(&store, name).is_some());
    assert_eq!(found, [true, false, true, true, true]);
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
