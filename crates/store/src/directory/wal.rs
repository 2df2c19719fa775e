//! The write-ahead file: what is staged and the lock value, in one write and one flush per swap.

mod staged;
mod writer;

use super::{
    Options, failed, frame,
    scan::Scan,
    segment::{self, Segment},
    stop::Stop,
};
use crate::{
    Bytes, StoreError, Swap, Version, Versioned,
    disk::{Disk, Mode},
};
use staged::{Place, Staged};
use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use writer::Writer;

pub(super) struct Wal<D: Disk> {
    disk: Arc<D>,
    stop: Stop,
    /// Locked for moments only, so that who reads does not wait for a flush. Taken after `writer` where both are.
    staged: Mutex<Staged>,
    writer: Mutex<Writer<D>>,
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
        let mut staged = Staged::default();
        scan.staged.iter().for_each(|(name, position)| staged.insert(name, *position));
        if let Some((position, _)) = scan.last {
            let frame = segment::read_frame(&*disk, position)?.ok_or_else(|| segment::gone(position))?;
            let position = writer.append(frame.lock, frame.staged.clone())?;
            frame.staged.iter().for_each(|(name, _)| staged.insert(name, position));
        }
        writer.remove_unused(staged.oldest_segment())?;
        Ok(Self { disk, stop, staged: Mutex::new(staged), writer: Mutex::new(writer) })
    }

    pub(super) fn stage(&self, name: &str, value: Bytes) -> Result<(), StoreError> {
        self.stop.check()?;
        let mut staged = lock(&self.staged);
        let others = staged.buffered().filter(|(other, _)| *other != name);
        let length: usize = others.map(|(name, value)| frame::entry_length(name, value)).sum();
        if length + frame::entry_length(name, &value) > frame::BODY_MAX {
            return Err(too_long(&format!("stage {name}")));
        }
        staged.buffer(name, value);
        Ok(())
    }

    /// A staged object.
    pub(super) fn get(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        let place = lock(&self.staged).place(name);
        let position = match place {
            None => return Ok(None),
            Some(Place::Buffered(value)) => return Ok(Some(value)),
            Some(Place::Written(position)) => position,
        };
        // The segment is gone if the object was deleted meanwhile: then there is none.
        let Some(frame) = segment::read_frame(&*self.disk, position)? else { return Ok(None) };
        Ok(frame.staged.into_iter().find_map(|(found, value)| (found == name).then_some(value)))
    }

    /// Forgets a staged object: alone, if it waits for its swap; if it is written, with those of older swaps, and removes the
    /// segments that hold nothing any more. Returns whether there was one.
    pub(super) fn delete(&self, name: &str) -> Result<bool, StoreError> {
        self.stop.check()?;
        if lock(&self.staged).place(name).is_none() {
            return Ok(false);
        }
        let mut writer = lock(&self.writer);
        let oldest = {
            let mut staged = lock(&self.staged);
            if !staged.remove(name) {
                // It waited. What is written is as it was.
                return Ok(true);
            }
            staged.oldest_segment()
        };
        writer.remove_unused(oldest)?;
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
            staged.buffered().map(|(name, value)| (name.clone(), value.clone())).collect()
        };
        let position = writer.append(value, objects.clone())?;
        let oldest = {
            let mut staged = lock(&self.staged);
            objects.iter().for_each(|(name, _)| staged.has_written(name, position));
            staged.oldest_segment()
        };
        // The swap is done, whatever becomes of old segments. A failure that matters has stopped the store.
        let _ = writer.remove_unused(oldest);
        Ok(writer.last().map_or(Swap::Lost, |(_, sequence)| Swap::Done(version(sequence))))
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
