//! Files deleted, cut and changed at every byte.

use super::desk::{Place, check, feed, identities};
use sealwax_log::index::{IndexError, Work};
use sealwax_tlog::Hash;
use std::{fs, os::unix::fs::FileExt, path::Path};

/// Several runs, of 344 of the leaves.
fn several_runs() -> (Place, Vec<Hash>) {
    let place = Place::new();
    let log = identities(0..348);
    feed(&place.open(0, Work::Inline), &log[..344]);
    assert!(place.files().len() > 1);
    (place, log)
}

/// One run of two pages, and three leaves in memory.
fn one_run() -> (Place, Vec<Hash>) {
    let place = Place::new();
    let log = identities(0..515);
    feed(&place.open(0, Work::Inline), &log);
    assert_eq!(place.files().len(), 1);
    (place, log)
}

fn change(path: &Path, at: usize, with: u8) {
    let byte = fs::read(path).unwrap()[at] ^ with;
    // In place: whoever has the file open sees it.
    fs::OpenOptions::new().write(true).open(path).unwrap().write_all_at(&[byte], at as u64).unwrap();
}

/// The parts of the file of [`one_run`]: two pages; two fences, which are in memory; the filter, which may be; the footer.
fn part(at: usize, length: usize) -> Part {
    match at {
        0..8192 => Part::Pages,
        8208.. if at < length - 72 => Part::Filter,
        _ => Part::Rest,
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Pages,
    Filter,
    Rest,
}

#[test]
fn a_byte_that_changes_while_the_run_is_open_is_noticed() {
    for in_memory in [false, true] {
        let (place, log) = one_run();
        let index = place.open_keeping(usize::from(in_memory), 512, log.len() as u64, Work::Inline);
        feed(&index, &log);
        let file = &place.files()[0];
        let length = fs::metadata(file).unwrap().len() as usize;
        for at in 0..length {
            change(file, at, 1 << (at % 8));
            let part = part(at, length);
            if at % 61 == 0 || (part == Part::Filter && at % 7 == 0) || at + 200 > length {
                let damaged = check(&index, &log, &[]);
                let expected = match part {
                    Part::Pages => 100..513,
                    // A line of twelve.
                    Part::Filter if !in_memory => 20..80,
                    _ => 0..1,
                };
                assert!(expected.contains(&damaged), "{at}: {damaged}");
            } else if part == Part::Pages {
                // One of the two pages, through a leaf of each.
                assert!(log.iter().take(24).any(|identity| index.candidates(identity).is_err()), "{at}");
            }
            change(file, at, 1 << (at % 8));
        }
        assert_eq!(check(&index, &log, &[]), 0);
    }
}

#[test]
fn a_byte_that_changed_before_the_start_is_noticed() {
    for in_memory in [false, true] {
        let (place, log) = one_run();
        let file = place.files()[0].clone();
        let whole = fs::read(&file).unwrap();
        for at in (0..8192).step_by(97).chain(8192..whole.len()) {
            change(&file, at, 0x80);
            let index = place.open_keeping(usize::from(in_memory), 512, log.len() as u64, Work::Inline);
            let part = part(at, whole.len());
            if part == Part::Pages || (part == Part::Filter && !in_memory) {
                assert_eq!(index.absorbed(), 512);
                assert!(check(&index, &log[..512], &[]) > 20);
            } else {
                assert_eq!(index.absorbed(), 0, "{at}");
                assert!(place.files().is_empty());
            }
            fs::write(&file, &whole).unwrap();
        }
    }
}

#[test]
fn a_run_that_was_cut_or_has_grown_is_built_anew() {
    let (place, log) = one_run();
    let file = place.files()[0].clone();
    let whole = fs::read(&file).unwrap();
    for length in (0..whole.len()).step_by(41).chain([whole.len() - 1, whole.len() + 1]) {
        let mut bytes = whole.clone();
        bytes.resize(length, 0);
        fs::write(&file, bytes).unwrap();
        let index = place.open(log.len() as u64, Work::Inline);
        assert_eq!(index.absorbed(), 0);
        fs::write(&file, &whole).unwrap();
    }
    let index = place.open(log.len() as u64, Work::Inline);
    assert_eq!(index.absorbed(), 512);
    fs::write(&file, &whole[..100]).unwrap();
    assert_eq!(check(&index, &log[..512], &[]), 512, "cut while it is open");
}

#[test]
fn pages_of_zeros_and_pages_in_the_wrong_place_are_noticed() {
    let (place, log) = one_run();
    let file = place.files()[0].clone();
    let whole = fs::read(&file).unwrap();
    let (first, rest) = whole.split_at(4096);
    let (second, tables) = rest.split_at(4096);
    for pages in [[second, first], [first, first], [&[0; 4096], second], [&[0xff; 4096], second]] {
        fs::write(&file, [pages[0], pages[1], tables].concat()).unwrap();
        let index = place.open(log.len() as u64, Work::Inline);
        assert!(check(&index, &log[..512], &[]) > 100);
    }
    // A run of the same length from elsewhere in the log.
    fs::write(&file, &whole).unwrap();
    fs::rename(&file, place.path().join("512-512.run")).unwrap();
    assert_eq!(place.open(2_000, Work::Inline).absorbed(), 0);
}

#[test]
fn every_subset_of_files_may_vanish() {
    let log = identities(0..4 * 31 + 2);
    for missing in 0..32_u32 {
        let place = Place::new();
        feed(&place.open(0, Work::Inline), &log);
        let files = place.files();
        assert_eq!(files.len(), 5);
        for (number, file) in files.iter().enumerate() {
            if missing & (1 << number) != 0 {
                fs::remove_file(file).unwrap();
            }
        }
        let index = place.open(log.len() as u64, Work::Inline);
        assert_eq!(check(&index, &log[..index.absorbed() as usize], &log), 0);
        feed(&index, &log);
        assert_eq!(check(&index, &log, &identities(1_000..1_100)), 0);
        drop(index);
        assert_eq!(place.open(log.len() as u64, Work::Inline).absorbed(), 4 * 31);
    }
}

#[test]
fn inputs_of_a_merge_stand_in_for_a_damaged_result() {
    let (place, log) = several_runs();
    let saved: Vec<_> =
        place.files().into_iter().map(|file| (file.clone(), fs::read(&file).unwrap())).collect();
    let index = place.open(344, Work::Inline);
    let before = index.ends();
    // The carry: one run in their place.
    let log: Vec<_> = log.into_iter().chain(identities(348..512)).collect();
    feed(&index, &log);
    drop(index);
    let merged = place.files();
    assert_eq!(merged.len(), 1);
    let length = fs::metadata(&merged[0]).unwrap().len() as usize;
    change(&merged[0], length - 1, 1);
    for (file, bytes) in saved {
        fs::write(file, bytes).unwrap();
    }
    let index = place.open(512, Work::Inline);
    assert_eq!((index.absorbed(), index.ends()), (344, before));
    feed(&index, &log);
    assert_eq!(check(&index, &log, &[]), 0);
}

#[test]
fn what_a_merge_has_replaced_does_not_come_before_it() {
    let (place, log) = several_runs();
    let input = place.files()[0].clone();
    let bytes = fs::read(&input).unwrap();
    let log: Vec<_> = log.into_iter().chain(identities(348..512)).collect();
    feed(&place.open(344, Work::Inline), &log);
    assert!(!input.exists());
    fs::write(&input, bytes).unwrap();
    assert_eq!(place.open(512, Work::Inline).absorbed(), 512);
    assert_eq!(place.files().len(), 1);
}

#[test]
fn a_merge_does_not_take_damage_over() {
    for work in [Work::Inline, Work::Background] {
        let place = Place::new();
        let log = identities(0..600);
        let index = place.open(0, work);
        for end in (4..=508).step_by(4) {
            feed(&index, &log[..end]);
            index.settle().unwrap();
        }
        let oldest = place.files().into_iter().find(|file| file.ends_with("0-256.run")).unwrap();
        change(&oldest, 700, 2);
        // The next chunk carries into all.
        let refused = index.absorb(508, &log[508..512]).and_then(|()| index.settle());
        assert!(matches!(refused, Err(IndexError::Damaged { first: 0, page: Some(0), .. })), "{refused:?}");
        assert!(matches!(index.absorb(512, &log[512..]), Err(IndexError::Damaged { .. })));
        // What is in memory and in other runs is found as before.
        assert!(check(&index, &log[..512], &log[512..]) >= 256);
        assert_eq!(index.forget_from(0).unwrap(), 0);
        feed(&index, &log);
        assert_eq!(check(&index, &log, &[]), 0);
    }
}
