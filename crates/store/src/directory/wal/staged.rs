use crate::{Bytes, directory::segment::Position};
use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
};

/// The staged objects.
#[derive(Default)]
pub(super) struct Staged {
    /// Waits for the next swap.
    buffered: BTreeMap<String, Bytes>,
    /// The frame that holds each of the others, and what each frame holds.
    written: BTreeMap<String, Position>,
    frames: BTreeMap<Position, BTreeSet<String>>,
}

/// Where a staged object is.
pub(super) enum Place {
    Buffered(Bytes),
    Written(Position),
}

impl Staged {
    pub(super) fn buffer(&mut self, name: &str, value: Bytes) {
        self.buffered.insert(name.to_owned(), value);
    }

    pub(super) fn buffered(&self) -> impl Iterator<Item = (&String, &Bytes)> {
        self.buffered.iter()
    }

    pub(super) fn place(&self, name: &str) -> Option<Place> {
        let buffered = self.buffered.get(name).map(|value| Place::Buffered(value.clone()));
        buffered.or_else(|| self.written.get(name).map(|position| Place::Written(*position)))
    }

    /// An object that waited has been written. One that was deleted meanwhile stays deleted.
    pub(super) fn has_written(&mut self, name: &str, position: Position) {
        if self.buffered.remove(name).is_some() {
            self.insert(name, position);
        }
    }

    /// An object lies here, and no longer where it was.
    pub(super) fn insert(&mut self, name: &str, position: Position) {
        self.remove_written(name);
        self.written.insert(name.to_owned(), position);
        self.frames.entry(position).or_default().insert(name.to_owned());
    }

    /// Forgets an object. With one that is written goes everything in the frames before its own. One that waits goes alone:
    /// its swap may have failed, and then the frames hold what was acknowledged. Returns whether the frames hold less.
    pub(super) fn remove(&mut self, name: &str) -> bool {
        self.buffered.remove(name);
        let Some(position) = self.remove_written(name) else { return false };
        let newer = self.frames.split_off(&position);
        let older = mem::replace(&mut self.frames, newer);
        for name in older.into_values().flatten() {
            self.written.remove(&name);
        }
        true
    }

    /// The oldest segment that holds something.
    pub(super) fn oldest_segment(&self) -> Option<u64> {
        self.frames.first_key_value().map(|(position, _)| position.segment)
    }

    fn remove_written(&mut self, name: &str) -> Option<Position> {
        let position = self.written.remove(name)?;
        if let Some(names) = self.frames.get_mut(&position) {
            names.remove(name);
            if names.is_empty() {
                self.frames.remove(&position);
            }
        }
        Some(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_takes_the_older_frames_with_it() {
        let at = |segment, offset| Position { segment, offset };
        let mut staged = Staged::default();
        for (name, position) in [("a", at(1, 72)), ("b", at(1, 300)), ("c", at(2, 72)), ("d", at(2, 72))] {
            staged.buffer(name, Bytes::new());
            staged.has_written(name, position);
        }
        assert_eq!(staged.oldest_segment(), Some(1));
        assert!(staged.remove("c"));
        assert!(!staged.remove("c") && !staged.remove("a") && !staged.remove("b"));
        assert!(staged.place("d").is_some());
        assert_eq!(staged.oldest_segment(), Some(2));
        staged.insert("d", at(3, 72));
        assert_eq!(staged.oldest_segment(), Some(3));
        assert!(staged.remove("d"));
        assert_eq!(staged.oldest_segment(), None);
    }

    #[test]
    fn an_object_that_waits_goes_alone() {
        let mut staged = Staged::default();
        for name in ["a", "b"] {
            staged.buffer(name, Bytes::new());
        }
        staged.has_written("a", Position { segment: 1, offset: 72 });
        assert!(!staged.remove("b"));
        assert!(staged.place("a").is_some() && staged.place("b").is_none());
        assert_eq!((staged.oldest_segment(), staged.buffered().count()), (Some(1), 0));
    }

    #[test]
    fn what_is_deleted_while_it_is_written_stays_deleted() {
        let mut staged = Staged::default();
        staged.buffer("a", Bytes::new());
        assert!(!staged.remove("a"));
        staged.has_written("a", Position { segment: 1, offset: 72 });
        assert!(staged.place("a").is_none());
    }
}
