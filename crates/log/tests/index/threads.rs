//! Readers beside the one who absorbs, and beside merges.

use super::desk::{Place, check, check_order, feed, identities};
use sealwax_log::index::Work;
use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

#[test]
fn readers_never_miss_what_was_absorbed_before_they_asked() {
    let place = Place::new();
    let index = place.open(0, Work::Background);
    let log = identities(0..6_000);
    let (done, forgetting) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        for reader in 0..4_u64 {
            let (index, log, done, forgetting) = (&index, &log, &done, &forgetting);
            scope.spawn(move || {
                let mut state = reader + 1;
                while !done.load(Ordering::Relaxed) {
                    state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
                    let before = index.absorbed();
                    let leaf = (state >> 33) % log.len() as u64;
                    let mut candidates = index.candidates(&log[leaf as usize]).unwrap();
                    assert!(candidates.absorbed() >= before || forgetting.load(Ordering::Relaxed));
                    match leaf < candidates.absorbed() {
                        true => assert_eq!(candidates.next().unwrap().unwrap(), leaf),
                        false => assert!(candidates.is_miss()),
                    }
                }
            });
        }
        for end in (0..=log.len()).step_by(7) {
            feed(&index, &log[..end]);
        }
        index.settle().unwrap();
        forgetting.store(true, Ordering::Relaxed);
        // And once more, with the ground taken away below the readers.
        for size in [5_000, 3_000, 100, 0] {
            index.forget_from(size).unwrap();
            feed(&index, &log);
        }
        check_order(&index);
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(check(&index, &log, &identities(6_000..6_100)), 0);
    drop(index);
    let index = place.open(6_000, Work::Background);
    assert_eq!(index.absorbed(), 6_000);
    assert_eq!(check(&index, &log, &identities(6_000..6_100)), 0);
}

#[test]
fn closing_in_the_middle_of_work_leaves_a_whole_index() {
    let place = Place::new();
    let log = identities(0..2_000);
    for end in (0..=log.len()).step_by(111) {
        let index = place.open(end as u64, Work::Background);
        assert_eq!(check(&index, &log[..index.absorbed() as usize], &[]), 0);
        feed(&index, &log[..end]);
    }
    let index = place.open(log.len() as u64, Work::Background);
    assert!(index.absorbed() > 1_500);
    feed(&index, &log);
    assert_eq!(check(&index, &log, &[]), 0);
}
