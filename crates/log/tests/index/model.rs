//! Any history of absorbing, restarts, accidents and repairs.

use super::desk::{Place, check, feed, identity};
use proptest::{collection::vec, prelude::*};
use sealwax_log::index::{IndexError, Work};
use sealwax_tlog::Hash;
use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    path::PathBuf,
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
        1 => (0..8_usize, 0..1000_u64).prop_map(|(file, permille)| Event::Change { file, permille }),
        1 => (0..8_usize, 0..1000_u64).prop_map(|(file, permille)| Event::Cut { file, permille }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

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
        }
        // Repaired, it is whole.
        for identity in &log {
            while let Err(IndexError::Damaged { first, .. }) = index.candidates(identity) {
                index.forget_from(first).unwrap();
                feed(&index, &log);
            }
        }
        prop_assert_eq!(check(&index, &log, &strangers), 0);
    }
}

/// The first eight.
fn runs(place: &Place) -> Vec<PathBuf> {
    let runs = place.files().into_iter().filter(|path| path.extension().is_some_and(|end| end == "run"));
    runs.take(8).collect()
}

/// Changes a run's file in place, as a disk does: an index that has it open sees it.
fn spoil(place: &Place, number: usize, change: impl FnOnce(&File, u64)) {
    let Some(path) = runs(place).into_iter().nth(number) else { return };
    // The worker may be faster.
    let Ok(file) = File::options().read(true).write(true).open(path) else { return };
    change(&file, file.metadata().unwrap().len());
}
