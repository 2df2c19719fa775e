//! What an index does while nothing is damaged.

use super::desk::{Place, check, check_order, feed, identities, identity};
use sealwax_log::index::{Index, IndexError, MAX_CANDIDATES, Work};
use std::fs;

#[test]
fn runs_are_the_digits_of_a_binary_counter() {
    let place = Place::new();
    let index = place.open(0, Work::Inline);
    let log = identities(0..4 * 64);
    for chunks in 1..=64 {
        feed(&index, &log[..4 * chunks]);
        assert_eq!(place.files().len(), chunks.count_ones() as usize, "{chunks}");
        assert_eq!(index.ends().len(), chunks.count_ones() as usize, "{chunks}");
        assert_eq!(check(&index, &log[..4 * chunks], &log[4 * chunks..]), 0);
    }
}

#[test]
fn a_restart_continues_behind_the_last_run() {
    let place = Place::new();
    let log = identities(0..1_000);
    feed(&place.open(0, Work::Inline), &log[..999]);
    let index = place.open(999, Work::Inline);
    assert_eq!(index.absorbed(), 996);
    feed(&index, &log);
    assert_eq!(check(&index, &log, &identities(1_000..1_100)), 0);
}

#[test]
fn after_a_flush_nothing_is_missing() {
    for work in [Work::Inline, Work::Background] {
        let place = Place::new();
        let log = identities(0..1_000);
        let index = place.open(0, work);
        for size in [1, 2, 3, 7, 8, 100, 999] {
            feed(&index, &log[..size]);
            index.flush().unwrap();
            let again = place.open(size as u64, Work::Inline);
            assert_eq!(again.absorbed(), size as u64);
            assert_eq!(check(&again, &log[..size], &log[size..]), 0);
        }
        check_order(&index);
    }
}

#[test]
fn a_log_that_is_shorter_takes_its_runs_along() {
    for size in 0..=64 {
        let place = Place::new();
        let old = identities(0..64);
        feed(&place.open(0, Work::Inline), &old);
        assert_eq!(place.files().len(), 1);
        // The log has lost its end, and goes another way.
        let index = place.open(size, Work::Inline);
        assert_eq!(index.absorbed(), if size == 64 { 64 } else { 0 });
        let new: Vec<_> = old.iter().take(size as usize).copied().chain(identities(100..200)).collect();
        feed(&index, &new);
        assert_eq!(check(&index, &new, &old), 0);
    }
}

#[test]
fn forgetting_keeps_what_lies_before() {
    for work in [Work::Inline, Work::Background] {
        for size in 0..=30 {
            let place = Place::new();
            let log = identities(0..30);
            let index = place.open(0, work);
            for end in (0..32).step_by(4) {
                feed(&index, &log[..end.min(30)]);
                index.settle().unwrap();
            }
            feed(&index, &log);
            let absorbed = index.forget_from(size).unwrap();
            assert_eq!(absorbed, index.absorbed());
            // Runs of 16, 8 and 4 leaves, two in memory.
            assert_eq!(absorbed, [0, 16, 24, 28, 30].into_iter().rfind(|end| *end <= size).unwrap());
            let other: Vec<_> = log[..size as usize].iter().copied().chain(identities(100..130)).collect();
            assert_eq!(check(&index, &other[..absorbed as usize], &log[absorbed as usize..]), 0);
            feed(&index, &other);
            assert_eq!(check(&index, &other, &log[size as usize..]), 0);
            drop(index);
            assert_eq!(check(&place.open(other.len() as u64, work), &other, &log), 0);
        }
    }
}

#[test]
fn what_does_not_follow_is_refused() {
    let place = Place::new();
    for index in [Index::in_memory(), place.open(0, Work::Inline)] {
        let log = identities(0..10);
        index.absorb(0, &log[..5]).unwrap();
        for first in [0, 4, 6] {
            let refused = index.absorb(first, &log[5..]);
            assert!(matches!(refused, Err(IndexError::OutOfOrder { absorbed: 5, .. })));
        }
        index.absorb(5, &log[5..]).unwrap();
        index.absorb(10, &[]).unwrap();
        assert_eq!(check(&index, &log, &[]), 0);
    }
}

#[test]
fn in_memory_it_is_the_same() {
    let index = Index::in_memory();
    let log = identities(0..1_000);
    feed(&index, &log);
    index.flush().unwrap();
    assert_eq!(check(&index, &log, &identities(1_000..1_100)), 0);
    assert_eq!(index.forget_from(500).unwrap(), 0);
}

#[test]
fn many_with_one_fingerprint_are_no_miss() {
    // More than fill two pages, so that they cross a boundary; beside others.
    let mut log: Vec<_> = (0..800).map(|number| identity(5, number as u8)).collect();
    log.extend(identities(10..200));
    for count in [1, MAX_CANDIDATES, MAX_CANDIDATES + 1, 340, 341, 342, 683, log.len()] {
        let place = Place::new();
        let index = place.open(0, Work::Inline);
        feed(&index, &log[..count]);
        assert_eq!(check(&index, &log[..count], &identities(1_000..1_100)), 0, "{count}");
        index.flush().unwrap();
        assert_eq!(check(&index, &log[..count], &identities(1_000..1_100)), 0, "{count}");
    }
}

#[test]
fn names_of_others_are_left_alone() {
    let place = Place::new();
    let log = identities(0..9);
    feed(&place.open(0, Work::Inline), &log);
    for name in ["README", "4-4.run.bak", "x.run", "04-4.run", "a.tmp"] {
        fs::write(place.path().join(name), b"mine").unwrap();
    }
    // What a crash leaves.
    fs::write(place.path().join("8-4.run.tmp"), b"half").unwrap();
    fs::write(place.path().join("0-4.run"), b"an input of the merge").unwrap();
    let index = place.open(9, Work::Inline);
    assert_eq!(index.absorbed(), 8);
    assert_eq!(check(&index, &log, &[]), 0);
    assert_eq!(place.files().len(), 5 + 1);
}

#[test]
fn a_directory_that_cannot_be_used_is_an_error() {
    let place = Place::new();
    fs::create_dir_all(place.path()).unwrap();
    let file = place.path().join("file");
    fs::write(&file, b"").unwrap();
    assert!(matches!(
        Index::open(&file, 0, sealwax_log::index::Options::default()),
        Err(IndexError::Io { .. })
    ));
}

#[test]
fn a_directory_that_vanishes_stops_absorbing_and_nothing_else() {
    for work in [Work::Inline, Work::Background] {
        let place = Place::new();
        let log = identities(0..200);
        let index = place.open(0, work);
        feed(&index, &log[..10]);
        index.settle().unwrap();
        fs::rename(place.path(), place.path().with_extension("gone")).unwrap();
        assert!(matches!(index.absorb(10, &log[10..]), Err(IndexError::Io { .. })));
        let absorbed = index.absorbed() as usize;
        assert!((20..=32).contains(&absorbed), "{absorbed}: memory is bounded");
        assert_eq!(check(&index, &log[..absorbed], &log[absorbed..]), 0);
        fs::rename(place.path().with_extension("gone"), place.path()).unwrap();
        while index.absorb(index.absorbed(), &log[index.absorbed() as usize..]).is_err() {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        assert_eq!(check(&index, &log, &[]), 0);
    }
}
