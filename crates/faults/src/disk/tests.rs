use super::*;
use sealwax_store::disk::DiskFile;

fn disk() -> SimDisk {
    SimDisk::new(1)
}

fn read(disk: &SimDisk, path: &str) -> Option<Vec<u8>> {
    let file = disk.open(path, Mode::Read).ok()?;
    let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap() + 3];
    let count = file.read_at(&mut bytes, 0).unwrap();
    bytes.truncate(count);
    Some(bytes)
}

fn written(disk: &SimDisk, path: &str, bytes: &[u8]) -> SimFile {
    let file = disk.open(path, Mode::Create).unwrap();
    file.write_at(bytes, 0).unwrap();
    file
}

/// Every state of a path that some crash leaves behind.
fn possible(disk: &SimDisk, path: &str) -> BTreeSet<Option<Vec<u8>>> {
    let drawn = (0..200).flat_map(|seed| [Survives::Torn(seed), Survives::Any(seed)]);
    Survives::FIXED
        .into_iter()
        .chain(drawn)
        .map(|survives| read(&disk.snapshot().after(survives), path))
        .collect()
}

#[test]
fn what_is_not_synced_may_be_anything_and_what_is_stays() {
    let disk = disk();
    let file = written(&disk, "a", b"one");
    assert_eq!(read(&disk, "a").unwrap(), b"one");
    assert_eq!(read(&disk.snapshot().after(Survives::Killed), "a").unwrap(), b"one");
    assert_eq!(read(&disk.snapshot().after(Survives::Names), "a").unwrap(), b"");
    assert_eq!(read(&disk.snapshot().after(Survives::Lengths), "a").unwrap(), [0; 3]);
    let states = possible(&disk, "a");
    for state in [None, Some(b"one".to_vec()), Some(vec![]), Some(vec![0; 3]), Some(b"o".to_vec())] {
        assert!(states.contains(&state), "{state:?}");
    }
    file.sync_data().unwrap();
    assert_eq!(possible(&disk, "a"), [None, Some(b"one".to_vec())].into(), "the name is not durable yet");
    disk.sync_dir("").unwrap();
    assert_eq!(possible(&disk, "a"), [Some(b"one".to_vec())].into());
    assert!(disk.snapshot().is_certain());
}

#[test]
fn sectors_are_torn_apart_and_neighbours_stay() {
    let disk = disk();
    let file = written(&disk, "a", &[1; 1500]);
    file.sync_all().unwrap();
    disk.sync_dir("").unwrap();
    file.write_at(&[2; 600], 500).unwrap();
    let states = possible(&disk, "a");
    for state in &states {
        let bytes = state.as_ref().unwrap();
        assert_eq!(bytes.len(), 1500);
        assert!(bytes[..500].iter().chain(&bytes[1100..]).all(|byte| *byte == 1));
        for sector in [500..512, 512..1024, 1024..1100] {
            assert!(bytes[sector.clone()].iter().all(|byte| *byte == bytes[sector.start]));
        }
    }
    assert_eq!(states.len(), 8, "each of three sectors is old or new");
}

#[test]
fn a_replaced_name_is_old_or_new_and_never_missing() {
    let disk = disk();
    written(&disk, "a", b"old").sync_all().unwrap();
    disk.sync_dir("").unwrap();
    written(&disk, "b", b"new").sync_all().unwrap();
    disk.rename("b", "a").unwrap();
    assert_eq!(possible(&disk, "a"), [Some(b"old".to_vec()), Some(b"new".to_vec())].into());
    assert_eq!(possible(&disk, "b"), [None, Some(b"new".to_vec())].into());
    disk.sync_dir("").unwrap();
    assert_eq!(possible(&disk, "a"), [Some(b"new".to_vec())].into());
    assert_eq!(possible(&disk, "b"), [None].into());
}

#[test]
fn a_directory_is_as_durable_as_its_name() {
    let disk = disk();
    disk.create_dir("d").unwrap();
    written(&disk, "d/a", b"x").sync_all().unwrap();
    disk.sync_dir("d").unwrap();
    assert_eq!(possible(&disk, "d/a"), [None, Some(b"x".to_vec())].into());
    disk.sync_dir("").unwrap();
    assert_eq!(possible(&disk, "d/a"), [Some(b"x".to_vec())].into());
    disk.remove("d/a").unwrap();
    assert_eq!(possible(&disk, "d/a"), [None, Some(b"x".to_vec())].into());
}

#[test]
fn after_a_sync_that_failed_no_other_sync_helps() {
    let disk = disk();
    let file = written(&disk, "a", b"one");
    disk.sync_dir("").unwrap();
    let operation = disk.operations() + 1;
    let error = io::ErrorKind::Other;
    disk.set_plan(Plan { operation, effect: Effect::NotApplied, then: Then::GoesOn, error });
    assert_eq!(file.sync_data().unwrap_err().kind(), error);
    assert!(file.sync_data().is_ok(), "it claims to have done it");
    assert_eq!(read(&disk, "a").unwrap(), b"one", "and shows it");
    let after_kill = disk.snapshot().after(Survives::Killed);
    for disk in [&disk, &after_kill] {
        let states = possible(disk, "a");
        assert!(states.contains(&Some(vec![])) && states.contains(&Some(b"one".to_vec())), "{states:?}");
    }
    // Writing it again does.
    file.write_at(b"one", 0).unwrap();
    file.set_len(3).unwrap();
    file.sync_data().unwrap();
    assert_eq!(possible(&disk, "a"), [Some(b"one".to_vec())].into());
}

#[test]
fn failures_have_the_effect_that_was_planned() {
    for (effect, lengths) in
        [(Effect::NotApplied, 0..=0), (Effect::Applied, 2000..=2000), (Effect::Torn, 0..=1999)]
    {
        for then in [Then::GoesOn, Then::Fails] {
            let disk = disk();
            let file = disk.open("a", Mode::Create).unwrap();
            disk.set_plan(Plan { operation: 2, effect, then, error: io::ErrorKind::StorageFull });
            assert_eq!(file.write_at(&[7; 2000], 0).unwrap_err().kind(), io::ErrorKind::StorageFull);
            assert!(lengths.contains(&file.len().unwrap()), "{effect:?}");
            assert_eq!(disk.create_dir("d").is_ok(), then == Then::GoesOn);
            assert_eq!(disk.list("").unwrap().len(), if then == Then::GoesOn { 2 } else { 1 });
        }
    }
}

#[test]
fn full_is_full_until_something_is_removed() {
    let disk = disk();
    disk.set_capacity(1000);
    let file = written(&disk, "a", &[1; 900]);
    assert_eq!(file.write_at(&[1; 101], 900).unwrap_err().kind(), io::ErrorKind::StorageFull);
    file.write_at(&[2; 900], 0).unwrap();
    disk.remove("a").unwrap();
    written(&disk, "b", &[1; 900]);
}

#[test]
fn locks_bar_until_they_are_dropped_and_end_with_the_process() {
    let disk = disk();
    let first = disk.open("lock", Mode::Create).unwrap();
    assert!(first.try_lock().unwrap());
    let second = disk.open("lock", Mode::Write).unwrap();
    assert!(!second.try_lock().unwrap());
    drop(second);
    assert!(!disk.open("lock", Mode::Write).unwrap().try_lock().unwrap());
    let rebooted = disk.snapshot().after(Survives::Killed);
    assert!(rebooted.open("lock", Mode::Write).unwrap().try_lock().unwrap());
    drop(first);
    assert!(disk.open("lock", Mode::Write).unwrap().try_lock().unwrap());
}

#[test]
fn the_watcher_sees_every_operation_and_fingerprints_tell_states_apart() {
    let disk = disk();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let seeing = Arc::clone(&seen);
    disk.watch(Box::new(move |number, operation, snapshot| {
        seeing.lock().unwrap().push((number, operation.clone(), snapshot.fingerprint()));
    }));
    written(&disk, "a", b"x").sync_all().unwrap();
    disk.rename("a", "b").unwrap();
    let seen = seen.lock().unwrap();
    let operations: Vec<_> = seen.iter().map(|(number, operation, _)| (*number, operation.clone())).collect();
    assert_eq!(
        operations,
        [
            (1, Operation::Create("a".to_owned())),
            (2, Operation::Write(2, 1, 0)),
            (3, Operation::Sync(2)),
            (4, Operation::Rename("a".to_owned(), "b".to_owned())),
        ]
    );
    let fingerprints: BTreeSet<u64> = seen.iter().map(|(.., fingerprint)| *fingerprint).collect();
    assert_eq!(fingerprints.len(), 3, "a sync changes nothing that one can see");
}
