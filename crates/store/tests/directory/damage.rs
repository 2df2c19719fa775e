//! Every changed byte and every length of the write-ahead file: opening recovers what was acknowledged, or all but the
//! newest swap (whose damage looks like a torn end), or says where the damage is. It never shows anything else.
use super::{faulty::Faulty, *};
use std::{collections::BTreeMap, fs, path::Path};

const ROUNDS: u8 = 4;

/// Two segments, and the lock value after each round.
fn written() -> Scratch {
    let scratch = Scratch::new();
    let options = Options { segment_bytes: 450, reserve_bytes: 256, ..options() };
    let store = Directory::open(Os::new(scratch.path()).unwrap(), &options).unwrap();
    for round in 0..ROUNDS {
        now(store.stage(&format!("staged/{round}"), vec![round; 40].into())).unwrap();
        set_lock(&store, lock(round));
    }
    assert_eq!(scratch.segments().len(), 2);
    scratch
}

fn lock(round: u8) -> String {
    format!("the lock value of round {round}")
}

enum Found {
    Everything,
    AllButTheNewest,
    Damage,
}

fn found(scratch: &Scratch) -> Found {
    let store = match Directory::open(Faulty::new(scratch), &options()) {
        Ok(store) => store,
        Err(StoreError::Damaged { what, .. }) => {
            assert!(what.starts_with("wal/000000000000000"), "{what}");
            return Found::Damage;
        }
        Err(error) => panic!("{error:?}"),
    };
    let newest = (0..ROUNDS).rev().find(|round| lock_value(&store).unwrap() == lock(*round)).unwrap();
    for round in 0..ROUNDS {
        let value = get(&store, &format!("staged/{round}"));
        assert_eq!(value.is_some(), round <= newest, "round {round}");
        assert!(value.is_none_or(|value| value == vec![round; 40]));
    }
    match ROUNDS - 1 - newest {
        0 => Found::Everything,
        1 => Found::AllButTheNewest,
        more => panic!("{more} acknowledged swaps are lost"),
    }
}

/// Opens a copy of the files with one of them replaced.
fn with(files: &BTreeMap<String, Vec<u8>>, name: &str, bytes: &[u8]) -> Found {
    let scratch = Scratch::new();
    fs::create_dir(scratch.path().join("wal")).unwrap();
    for (other, bytes) in files {
        fs::write(scratch.path().join("wal").join(other), bytes).unwrap();
    }
    fs::write(scratch.path().join("wal").join(name), bytes).unwrap();
    found(&scratch)
}

fn files(scratch: &Scratch) -> BTreeMap<String, Vec<u8>> {
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    scratch.segments().iter().map(|path| (name(path), fs::read(path).unwrap())).collect()
}

#[test]
fn a_changed_byte_is_damage_or_a_torn_end_or_harmless() {
    let files = files(&written());
    let (newest, _) = files.last_key_value().unwrap();
    let mut counts = [0; 3];
    for (name, bytes) in &files {
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0xff;
            let found = with(&files, name, &changed);
            if matches!(found, Found::AllButTheNewest) {
                assert_eq!(name, newest, "byte {at}");
            }
            counts[found as usize] += 1;
        }
    }
    let [everything, all_but_the_newest, damage] = counts;
    assert!(everything > 60 && all_but_the_newest > 100 && damage > 450, "{counts:?}");
}

#[test]
fn a_cut_newest_segment_loses_what_was_cut_and_a_cut_older_one_is_damage() {
    let files = files(&written());
    let (newest, _) = files.last_key_value().unwrap();
    let (oldest, bytes) = files.first_key_value().unwrap();
    let mut damage = 0;
    for length in 0..bytes.len() {
        match with(&files, oldest, &bytes[..length]) {
            Found::Everything => {}
            Found::Damage => damage += 1,
            Found::AllButTheNewest => panic!("cut to {length} bytes"),
        }
    }
    assert!(damage > 300, "{damage}");
    // The newest one holds two swaps; a file of that length was never acknowledged, so any prefix is what a crash leaves.
    for length in (files[newest].len() * 3 / 4)..files[newest].len() {
        assert!(!matches!(with(&files, newest, &files[newest][..length]), Found::Damage), "{length}");
    }
}

#[test]
fn a_missing_segment_in_the_middle_is_damage() {
    let scratch = Scratch::new();
    let store = open(&scratch);
    for round in 0..8_u8 {
        now(store.stage(&format!("staged/{round}"), vec![round; 900].into())).unwrap();
        set_lock(&store, lock(round));
    }
    drop(store);
    fs::remove_file(&scratch.segments()[1]).unwrap();
    assert!(matches!(try_open(&scratch).err(), Some(StoreError::Damaged { .. })));
}

#[test]
fn a_frame_inside_a_torn_frame_is_not_taken_for_one() {
    // A stranger writes a later frame, as he would get it from a log of his own, into an entry.
    let theirs = Scratch::new();
    let store = open(&theirs);
    for round in 0..5 {
        set_lock(&store, format!("theirs {round}"));
    }
    let embedded = fs::read(&theirs.segments()[0]).unwrap();

    let scratch = Scratch::new();
    let store = open(&scratch);
    set_lock(&store, "ours");
    now(store.stage("staged/1", embedded.into())).unwrap();
    set_lock(&store, "torn");
    drop(store);
    let newest = scratch.segments().pop().unwrap();
    let mut bytes = fs::read(&newest).unwrap();
    let at = bytes.windows(4).position(|window| window == b"torn").unwrap();
    bytes[at] = b'T';
    fs::write(&newest, bytes).unwrap();
    assert_eq!(lock_value(&open(&scratch)).unwrap(), "ours");
}

#[test]
fn the_end_that_was_cut_off_stays_cut_off() {
    let scratch = written();
    let newest = scratch.segments().pop().unwrap();
    let mut bytes = fs::read(&newest).unwrap();
    let at = bytes.windows(7).rposition(|window| window == b"round 3").unwrap();
    bytes[at] ^= 1;
    fs::write(&newest, &bytes).unwrap();
    assert_eq!(lock_value(&open(&scratch)).unwrap(), lock(2));
    // As if the write that was torn came late, after the next opening.
    bytes[at] ^= 1;
    fs::write(&newest, &bytes).unwrap();
    let store = open(&scratch);
    assert_eq!(lock_value(&store).unwrap(), lock(2));
    assert_eq!(get(&store, "staged/3"), None);
}

/// Opening writes nothing into what is damaged, so that it can be looked at.
#[test]
fn a_damaged_file_is_left_as_it_is() {
    let scratch = written();
    let oldest = scratch.segments().remove(0);
    let mut bytes = fs::read(&oldest).unwrap();
    bytes[200] ^= 1;
    fs::write(&oldest, &bytes).unwrap();
    let before = files(&scratch);
    assert!(matches!(try_open(&scratch).err(), Some(StoreError::Damaged { .. })));
    assert_eq!(files(&scratch), before);
}
