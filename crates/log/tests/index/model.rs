//! Any history of absorbing, restarts, accidents and repairs.

use super::desk::{Place, check, check_order, feed, identity};
use proptest::{collection::vec, prelude::*};
use sealwax_log::index::{IndexError, Work};
use sealwax_tlog::Hash;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    ops::Range,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

#[derive(Clone, Debug)]
enum Event {
    /// So many entries, with few fingerprints or with many.
    Add(Vec<(u8, u8)>),
    /// The index is closed and opened; the log has lost so many entries.
    Restart {
        lost: usize,
    },
    Flush,
    Forget {
        percent: usize,
    },
    /// The files at the one bits are deleted.
    Delete(u8),
    /// Files come back that a merge has removed, of this history, and the index is opened: as after a power failure.
    Return(u16),
    /// A byte of a file changes.
    Change {
        file: usize,
        permille: u64,
    },
    /// A file is cut.
    Cut {
        file: usize,
        permille: u64,
    },
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => vec((any::<u8>(), 0..4_u8), 0..40).prop_map(Event::Add),
        3 => (0..6_usize).prop_map(|lost| Event::Restart { lost: lost.saturating_sub(3) * 7 }),
        1 => Just(Event::Flush),
        1 => (0..100_usize).prop_map(|percent| Event::Forget { percent }),
        1 => any::<u8>().prop_map(Event::Delete),
        2 => any::<u16>().prop_map(Event::Return),
        1 => (0..8_usize, 0..1000_u64).prop_map(|(file, permille)| Event::Change { file, permille }),
        1 => (0..8_usize, 0..1000_u64).prop_map(|(file, permille)| Event::Cut { file, permille }),
    ]
}

proptest! {
    // A third of what others do by default, for each is dear; more with PROPTEST_CASES.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 3, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_history_makes_the_index_lie(
        events in vec(event(), 1..30),
        background: bool,
        strangers in vec((any::<u8>(), 4..8_u8), 20),
    ) {
        let work = if background { Work::Background } else { Work::Inline };
        let place = Place::new();
        let mut log: Vec<Hash> = Vec::new();
        let entry = |(fingerprint, rest): (u8, u8)| identity(u64::from(fingerprint), rest);
        let strangers: Vec<Hash> = strangers.into_iter().map(entry).collect();
        // Every run there was: its leaves, their identities, its bytes.
        #[expect(clippy::type_complexity, reason = "used here alone")]
        let mut past: BTreeMap<PathBuf, (Range<usize>, Vec<Hash>, Vec<u8>)> = BTreeMap::new();
        let mut index = place.open(0, work);
        for event in events {
            match event {
                Event::Add(entries) => log.extend(entries.into_iter().map(entry)),
                Event::Restart { lost } => {
                    drop(index);
                    log.truncate(log.len().saturating_sub(lost));
                    index = place.open(log.len() as u64, work);
                    check(&index, &log, &strangers);
                }
                Event::Flush => drop(index.flush()),
                Event::Forget { percent } => drop(index.forget_from((log.len() * percent / 100) as u64).unwrap()),
                Event::Delete(which) => {
                    for (_, file) in runs(&place).iter().enumerate().filter(|(at, _)| which & (1 << at) != 0) {
                        // The worker may be faster.
                        let _ = fs::remove_file(file);
                    }
                }
                Event::Return(which) => {
                    drop(index);
                    let there = |range: &Range<usize>, identities: &Vec<Hash>| log.get(range.clone()) == Some(identities);
                    past.retain(|_, (range, identities, _)| there(range, identities));
                    for (_, (path, (_, _, bytes))) in past.iter().enumerate().filter(|(at, _)| which >> (at % 16) & 1 != 0) {
                        fs::write(path, bytes).unwrap();
                    }
                    index = place.open(log.len() as u64, work);
                }
                Event::Change { file, permille } => spoil(&place, file, |file, length| {
                    let (mut byte, at) = ([0], length * permille / 1000);
                    file.read_exact_at(&mut byte, at).unwrap();
                    file.write_all_at(&[byte[0] ^ 0x10], at).unwrap();
                }),
                Event::Cut { file, permille } => {
                    spoil(&place, file, |file, length| file.set_len(length * permille / 1000).unwrap());
                }
            }
            let absorbed = index.absorbed() as usize;
            check(&index, &log[..absorbed.min(log.len())], &strangers);
            feed(&index, &log);
            check(&index, &log, &strangers);
            for path in runs(&place) {
                if let (Some(range), Ok(bytes)) = (leaves(&path), fs::read(&path)) {
                    past.insert(path, (range.clone(), log[range].to_vec(), bytes));
                }
            }
        }
        // Repaired, it is whole.
        for identity in &log {
            while let Err(IndexError::Damaged { first, .. }) = index.candidates(identity) {
                index.forget_from(first).unwrap();
                feed(&index, &log);
            }
        }
        prop_assert_eq!(check(&index, &log, &strangers), 0);
        while let Err(error) = index.settle() {
            let IndexError::Damaged { first, .. } = error else { panic!("{error:?}") };
            index.forget_from(first).unwrap();
            feed(&index, &log);
        }
        check_order(&index);
    }
}

/// The first eight.
fn runs(place: &Place) -> Vec<PathBuf> {
    let runs = place.files().into_iter().filter(|path| path.extension().is_some_and(|end| end == "run"));
    runs.take(8).collect()
}

/// What the name of a run says.
fn leaves(path: &Path) -> Option<Range<usize>> {
    let (first, count) = path.file_stem()?.to_str()?.split_once('-')?;
    let first: usize = first.parse().ok()?;
    Some(first..first + count.parse::<usize>().ok()?)
}

/// Changes a run's file in place, as a disk does: an index that has it open sees it.
fn spoil(place: &Place, number: usize, change: impl FnOnce(&File, u64)) {
    let Some(path) = runs(place).into_iter().nth(number) else { return };
    // The worker may be faster.
    let Ok(file) = File::options().read(true).write(true).open(path) else { return };
    change(&file, file.metadata().unwrap().len());
}
