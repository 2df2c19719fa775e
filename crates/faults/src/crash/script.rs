use crate::{
    SimDisk,
    disk::{Snapshot, Survives},
    engine::{Knobs, OverDirectory, Subject, static_log},
    oracle::{Base, History},
};
use bytes::Bytes;
use sealwax_log::engine::Kind;
use std::{sync::OnceLock, time::Duration};

/// Which piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// Of which log.
    pub kind: Kind,
    /// How many entries the log has before: 0 (and it has yet to be created), 253 or 65,533.
    pub from: u64,
}

/// A piece of work, ready to be done again and again.
pub struct Script {
    /// Which one.
    pub work: Work,
    /// The log that does it.
    pub subject: Subject,
    /// The leaves that are there before.
    pub base: Base,
    disk: Option<Snapshot>,
}

impl Script {
    /// Makes the state that the work begins with.
    #[must_use]
    pub fn new(work: Work) -> Self {
        let subject = Subject::new(work.kind);
        if work.from == 0 {
            return Self { work, subject, base: Base::default(), disk: None };
        }
        let (disk, history) = (SimDisk::new(work.from), History::default());
        let knobs =
            Knobs { settle_bytes: 1 << 20, segment_bytes: 8 << 20, batch_entries: 4096, ..Knobs::default() };
        let _ = OverDirectory::create(&disk, &subject, &history, &knobs);
        if let Ok(Some(log)) = OverDirectory::open(&disk, &subject, &history, &knobs) {
            let before: Vec<Bytes> =
                (0..work.from).map(|number| Bytes::from(format!("{{\"before\":{number}}}"))).collect();
            before.chunks(4096).for_each(|chunk| {
                log.add(chunk);
            });
            let _ = log.stop();
        }
        let base = Base::new(&static_log(&disk, &subject, &Base::default()).unwrap_or_default());
        debug_assert_eq!(base.size(), work.from);
        Self { work, subject, base, disk: Some(disk.snapshot()) }
    }

    /// The disk as it is before the work.
    #[must_use]
    pub fn disk(&self, seed: u64) -> SimDisk {
        match &self.disk {
            Some(snapshot) => snapshot.after(Survives::Nothing),
            None => SimDisk::new(seed),
        }
    }

    /// Does the work, as far as it goes: adds entries in rounds that cross the border of a tile, asks for some again, lets
    /// the log idle, stops and opens it again, adds more, is killed with batches that are not settled, and goes on.
    pub fn run(&self, disk: &SimDisk, history: &History) {
        let knobs = Knobs::default();
        if self.disk.is_none() && OverDirectory::create(disk, &self.subject, history, &knobs).is_err() {
            return;
        }
        for (part, rounds) in [(0, &[1, 1, 2, 1][..]), (1, &[1, 11, 1][..]), (2, &[1][..])] {
            let clock_offset_ms = 3_600_000 * i64::try_from(part + 1).unwrap_or(0);
            let knobs = Knobs { seed: part, clock_offset_ms, ..Knobs::default() };
            let Ok(Some(log)) = OverDirectory::open(disk, &self.subject, history, &knobs) else { return };
            let mut number = part * 100;
            for count in rounds {
                let mut wanted: Vec<Bytes> = (number..number + count).map(entry).collect();
                wanted.push(entry(number / 2));
                number += count;
                log.add(&wanted);
                if log.has_ended() {
                    return;
                }
            }
            if part == 0 {
                log.idle(Duration::from_mins(11));
                log.add(&[entry(50)]);
                if log.stop().is_err() {
                    return;
                }
            }
        }
    }
}

/// Longer for some, so that batches and bundles have all sorts of lengths.
fn entry(number: u64) -> Bytes {
    static PADDING: OnceLock<String> = OnceLock::new();
    let padding = PADDING.get_or_init(|| "x".repeat(700));
    let length = usize::try_from(number * 97 % 700).unwrap_or(0);
    Bytes::from(format!(
        "{{\"entry\":{number},\"padding\":\"{}\"}}",
        padding.get(..length).unwrap_or_default()
    ))
}
