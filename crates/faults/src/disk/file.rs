use super::{SECTOR_BYTES, content::Content, plan::Course};
use crate::Random;
use bytes::Bytes;
use std::io;

/// A file: what is durable, and every change since then.
#[derive(Clone, Default)]
pub(super) struct File {
    /// What a reader sees.
    current: Content,
    /// What a power failure leaves for certain.
    durable: Content,
    changes: Vec<Change>,
    /// Whether it has ever changed since the disk was made.
    is_touched: bool,
}

#[derive(Clone)]
struct Change {
    what: What,
    standing: Standing,
}

#[derive(Clone)]
enum What {
    Write { offset: u64, bytes: Bytes },
    Length { from: u64, to: u64 },
}

/// What a power failure makes of a change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Anything. The next sync makes it durable.
    Dirty,
    /// Anything, for ever: a sync failed and the system believes that it is clean.
    Forgotten,
    /// It stays. Kept in the list because something forgotten lies below it.
    Durable,
}

impl File {
    pub(super) fn len(&self) -> u64 {
        self.current.len()
    }

    pub(super) fn read(&self, buffer: &mut [u8], offset: u64) -> usize {
        self.current.read(buffer, offset)
    }

    pub(super) fn write(&mut self, bytes: &[u8], offset: u64) {
        let end = offset + bytes.len() as u64;
        if end > self.current.len() {
            self.change(What::Length { from: self.current.len(), to: end });
        }
        self.change(What::Write { offset, bytes: Bytes::copy_from_slice(bytes) });
    }

    pub(super) fn set_len(&mut self, length: u64) {
        self.change(What::Length { from: self.current.len(), to: length });
    }

    fn change(&mut self, what: What) {
        what.apply(&mut self.current);
        self.changes.push(Change { what, standing: Standing::Dirty });
        self.is_touched = true;
    }

    /// Makes everything durable that was not forgotten. A sync that fails makes nothing, all or some of it durable, and
    /// the rest is forgotten.
    pub(super) fn sync(&mut self, course: Course<'_>) -> io::Result<()> {
        course.each(
            self.changes.iter_mut().filter(|change| change.standing == Standing::Dirty),
            |change, kept| {
                change.standing = if kept { Standing::Durable } else { Standing::Forgotten };
            },
        )?;
        // What lies below anything that is not certain stays in the list, so that the order of changes is kept.
        let certain = self.changes.iter().take_while(|change| change.standing == Standing::Durable).count();
        self.changes.drain(..certain).for_each(|change| change.what.apply(&mut self.durable));
        Ok(())
    }

    pub(super) fn damage(&mut self, offset: u64, mask: u8) -> bool {
        let mut byte = [0];
        let is_there = self.current.read(&mut byte, offset) == 1;
        if is_there {
            self.write(&[byte[0] ^ mask], offset);
            self.changes.drain(..).for_each(|change| change.what.apply(&mut self.durable));
        }
        is_there
    }

    /// The file after a power failure. `keeps` is asked for every sector of every uncertain write, in order, and for every
    /// uncertain change of the length.
    pub(super) fn after(&self, lengths: Lengths<'_>, mut keeps: impl FnMut(Part) -> bool) -> Self {
        let mut content = self.durable.clone();
        let newest = self.changes.len();
        let length = self.length_after(lengths);
        // Lengths first: a sector of a file that is too short for it is cut off in the end.
        content.set_len(content.len().max(length));
        for (change, age) in self.changes.iter().zip((0..newest).rev()) {
            match &change.what {
                What::Write { offset, bytes } => {
                    content.set_len(content.len().max(offset + bytes.len() as u64));
                    for (start, sector) in sectors(*offset, bytes) {
                        let is_kept =
                            change.standing == Standing::Durable || keeps(Part { age, offset: start });
                        if is_kept {
                            content.overwrite(sector, start);
                        }
                    }
                }
                What::Length { from, to } if to < from => {
                    let is_kept = change.standing == Standing::Durable || keeps(Part { age, offset: *to });
                    if is_kept {
                        let length = content.len();
                        content.set_len((*to).min(length));
                        content.set_len(length);
                    }
                }
                What::Length { .. } => {}
            }
        }
        content.set_len(length);
        Self { current: content.clone(), durable: content, changes: Vec::new(), is_touched: self.is_touched }
    }

    fn length_after(&self, lengths: Lengths<'_>) -> u64 {
        // The last length that is certain, and all uncertain ones behind it.
        let mut certain = self.durable.len();
        let mut uncertain = Vec::new();
        for change in &self.changes {
            if let What::Length { to, .. } = change.what {
                if change.standing == Standing::Durable {
                    certain = to;
                    uncertain.clear();
                } else {
                    uncertain.push(to);
                }
            }
        }
        match lengths {
            Lengths::Oldest => certain,
            Lengths::Newest => uncertain.last().copied().unwrap_or(certain),
            Lengths::Any(random) => {
                let Some(one) = random.pick(&uncertain).copied() else { return certain };
                match random.below(4) {
                    0 => certain,
                    1 => random.between(certain.min(one), certain.max(one)),
                    _ => one,
                }
            }
        }
    }

    pub(super) fn is_certain(&self) -> bool {
        self.changes.is_empty()
    }

    pub(super) fn hash(&self, into: &mut impl std::hash::Hasher) {
        if self.is_touched {
            self.current.hash(into);
        }
    }
}

/// Which length a file has after a power failure, where that is not certain.
pub(super) enum Lengths<'a> {
    Oldest,
    Newest,
    Any(&'a mut Random),
}

/// A part of a change that a power failure may leave out.
#[derive(Clone, Copy)]
pub(super) struct Part {
    /// How many changes of this file came later.
    pub(super) age: usize,
    /// Where in the file.
    pub(super) offset: u64,
}

impl What {
    fn apply(&self, content: &mut Content) {
        match self {
            Self::Write { offset, bytes } => content.write(bytes, *offset),
            Self::Length { to, .. } => content.set_len(*to),
        }
    }
}

/// The parts of a write that are in one sector each.
fn sectors(mut offset: u64, mut bytes: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    std::iter::from_fn(move || {
        let start = usize::try_from(offset % SECTOR_BYTES as u64).unwrap_or(0);
        let (now, later) = bytes.split_at(bytes.len().min(SECTOR_BYTES - start));
        let sector = (offset, now);
        offset += now.len() as u64;
        bytes = later;
        (!now.is_empty()).then_some(sector)
    })
}
