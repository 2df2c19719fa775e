//! The write-ahead file: what is staged and the lock value, in one write and one flush per swap.

mod writer;

use super::{
    Options, failed,
    frame::{self, Frame},
    scan::Scan,
    segment::{self, Position, Segment},
    stop::Stop,
};
use crate::{
    Bytes, StoreError, Swap, Version, Versioned,
    disk::{Disk, Mode},
};
use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use writer::Writer;

pub(super) struct Wal<D: Disk> {
    disk: Arc<D>,
    stop: Stop,
    /// Taken after `writer` where both are.
    staged: Mutex<Staged>,
    writer: Mutex<Writer<D>>,
}

/// Locked for moments only: who reads does not wait for a flush.
#[derive(Default)]
struct Staged {
    /// Waits for the next swap.
    buffered: BTreeMap<String, Bytes>,
    written: BTreeMap<String, Position>,
}

impl<D: Disk> Wal<D> {
    /// Reads the segments, and writes the newest frame again, into a new segment: after a failed flush it may be
    /// readable and yet not be on the disk, and no further flush of the old file would tell.
    ///
    /// # Errors
    /// As [`Scan::read`]; as a swap.
    pub(super) fn open(disk: Arc<D>, options: &Options, stop: Stop) -> Result<Self, StoreError> {
        let scan = Scan::read(&*disk)?;
        let mut writer = Writer::after(&scan, disk.clone(), options, stop.clone())?;
        let mut staged = Staged { buffered: BTreeMap::new(), written: scan.staged };
        if let Some((position, _)) = scan.last {
            let Frame { lock, staged: objects, .. } =
                segment::read_frame(&*disk, position)?.ok_or_else(|| segment::gone(position))?;
            let position = writer.append(lock, objects.clone())?;
            staged.has_written(&mut writer, objects, position);
        }
        writer.remove_unused()?;
        Ok(Self { disk, stop, staged: Mutex::new(staged), writer: Mutex::new(writer) })
    }

    pub(super) fn stage(&self, name: &str, value: Bytes) -> Result<(), StoreError> {
        self.stop.check()?;
        let mut staged = lock(&self.staged);
        let others = staged.buffered.iter().filter(|(other, _)| *other != name);
        let length: usize = others.map(|(name, value)| frame::entry_length(name, value)).sum();
        if length + frame::entry_length(name, &value) > frame::BODY_MAX {
            return Err(too_long(&format!("stage {name}")));
        }
        staged.buffered.insert(name.to_owned(), value);
        Ok(())
    }

    /// A staged object.
    pub(super) fn get(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        let position = {
            let staged = lock(&self.staged);
            if let Some(value) = staged.buffered.get(name) {
                return Ok(Some(value.clone()));
            }
            let Some(position) = staged.written.get(name) else { return Ok(None) };
            *position
        };
        // The segment is gone if the object was deleted meanwhile: then there is none.
        let Some(frame) = segment::read_frame(&*self.disk, position)? else { return Ok(None) };
        Ok(frame.staged.into_iter().find_map(|(found, value)| (found == name).then_some(value)))
    }

    /// Forgets a staged object, and removes segments that hold nothing any more. Returns whether there was one.
    pub(super) fn delete(&self, name: &str) -> Result<bool, StoreError> {
        self.stop.check()?;
        if !lock(&self.staged).knows(name) {
            return Ok(false);
        }
        let mut writer = lock(&self.writer);
        let mut staged = lock(&self.staged);
        staged.buffered.remove(name);
        if let Some(position) = staged.written.remove(name) {
            writer.release(position);
        }
        drop(staged);
        writer.remove_unused()?;
        Ok(true)
    }

    /// The newest lock value, read from the file.
    pub(super) fn load(&self) -> Result<Option<Versioned>, StoreError> {
        // What the system shows after a failed flush may not be on the disk.
        self.stop.check()?;
        let writer = lock(&self.writer);
        let Some((position, sequence)) = writer.last() else { return Ok(None) };
        let head = match writer.current() {
            Some(current) if current.header.number == position.segment => current.head(position.offset),
            _ => Segment::open(&*self.disk, position.segment, Mode::Read)
                .and_then(|segment| segment.map_or(Ok(None), |segment| segment.head(position.offset))),
        };
        let head = head.map_err(|error| failed("read", &segment::path(position.segment), error))?;
        let is_this = |prefix: &frame::Prefix| prefix.sequence == sequence;
        let (_, value) = head.filter(|(prefix, _)| is_this(prefix)).ok_or_else(|| segment::gone(position))?;
        Ok(Some(Versioned { value, version: version(sequence) }))
    }

    /// Writes everything that is staged and the new lock value, at once.
    pub(super) fn swap(&self, expected: Option<&Version>, value: Bytes) -> Result<Swap, StoreError> {
        self.stop.check()?;
        let mut writer = lock(&self.writer);
        if writer.last().map(|(_, sequence)| version(sequence)).as_ref() != expected {
            return Ok(Swap::Lost);
        }
        let objects: Vec<(String, Bytes)> = {
            let staged = lock(&self.staged);
            staged.buffered.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
        };
        let position = writer.append(value, objects.clone())?;
        lock(&self.staged).has_written(&mut writer, objects, position);
        // The swap is done, whatever becomes of old segments. A failure that matters has stopped the store.
        let _ = writer.remove_unused();
        Ok(writer.last().map_or(Swap::Lost, |(_, sequence)| Swap::Done(version(sequence))))
    }
}

impl Staged {
    fn knows(&self, name: &str) -> bool {
        self.buffered.contains_key(name) || self.written.contains_key(name)
    }

    /// Notes where objects lie now. Those deleted meanwhile stay deleted.
    fn has_written<D: Disk>(
        &mut self,
        writer: &mut Writer<D>,
        objects: Vec<(String, Bytes)>,
        position: Position,
    ) {
        for (name, _) in objects {
            if !self.knows(&name) {
                continue;
            }
            self.buffered.remove(&name);
            writer.hold(position);
            if let Some(old) = self.written.insert(name, position) {
                writer.release(old);
            }
        }
    }
}

pub(super) fn version(sequence: u64) -> Version {
    Version(sequence.to_string())
}

fn too_long(what: &str) -> StoreError {
    failed(what, "the write-ahead file", io::ErrorKind::FileTooLarge.into())
}

/// A panic elsewhere cannot have left the state half changed: each change of it is the last thing that is done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
