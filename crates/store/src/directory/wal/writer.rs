use super::too_long;
use crate::{
    Bytes, StoreError,
    directory::{
        Options,
        frame::{self, Frame, HEADER_LENGTH, Header},
        scan::Scan,
        segment::{self, Position, Segment},
        stop::Stop,
    },
    disk::{Disk, DiskFile, Mode},
};
use std::{collections::BTreeSet, io, sync::Arc};

/// The end of the write-ahead file.
pub(super) struct Writer<D: Disk> {
    disk: Arc<D>,
    stop: Stop,
    segment_bytes: u64,
    reserve_bytes: u64,
    /// `None` until the first frame, and after a new segment could not be created.
    current: Option<Current<D::File>>,
    /// The segment before the next one, and where its frames end.
    previous: (u64, u64),
    /// All segments.
    segments: BTreeSet<u64>,
    /// The newest frame and its sequence number.
    last: Option<(Position, u64)>,
    next_number: u64,
    next_sequence: u64,
}

struct Current<F> {
    segment: Segment<F>,
    /// Where the next frame goes.
    end: u64,
    /// The length of the file. Within it, a flush need not write the file system's journal.
    reserved: u64,
}

impl<D: Disk> Writer<D> {
    /// Goes on behind what was read, in a new segment: never behind a torn frame, never with its sequence number. Nothing
    /// relies on the newest frame where it is: it may be readable and yet not be on the disk.
    pub(super) fn after(
        scan: &Scan,
        disk: Arc<D>,
        options: &Options,
        stop: Stop,
    ) -> Result<Self, StoreError> {
        let writer = Self {
            disk,
            stop,
            segment_bytes: options.segment_bytes,
            reserve_bytes: options.reserve_bytes,
            current: None,
            previous: match (scan.segments.last(), scan.last) {
                (Some((number, _)), Some((newest, _))) if newest.segment == *number => {
                    (*number, newest.offset)
                }
                (end, _) => end.copied().unwrap_or_default(),
            },
            segments: scan.segments.iter().map(|(number, _)| *number).collect(),
            last: scan.last,
            next_number: scan.highest.saturating_add(1),
            next_sequence: scan.next_sequence.saturating_add(1),
        };
        for number in &scan.void {
            writer.remove(*number)?;
        }
        Ok(writer)
    }

    pub(super) fn last(&self) -> Option<(Position, u64)> {
        self.last
    }

    pub(super) fn current(&self) -> Option<&Segment<D::File>> {
        self.current.as_ref().map(|current| &current.segment)
    }

    /// Writes a frame and flushes it: when this succeeds, everything up to here is durable.
    pub(super) fn append(
        &mut self,
        lock: Bytes,
        staged: Vec<(String, Bytes)>,
    ) -> Result<Position, StoreError> {
        let frame = Frame { sequence: self.next_sequence, lock, staged };
        let length = frame.length().ok_or_else(|| too_long("write"))?;
        let is_full = |current: &Current<_>| {
            current.end > HEADER_LENGTH as u64 && current.end.saturating_add(length) > self.segment_bytes
        };
        if let Some(full) = self.current.take_if(|current| is_full(current)) {
            self.previous = (full.segment.header.number, full.end);
        }
        if self.current.is_none() {
            self.current = Some(self.create_segment(&frame.lock)?);
        }
        let Some(current) = &mut self.current else { return Err(too_long("write")) };
        let position = current.append(&frame, self.reserve_bytes, &self.stop)?;
        self.last = Some((position, frame.sequence));
        self.next_sequence += 1;
        Ok(position)
    }

    /// The header and the name are durable before the first frame is written, so that a header that cannot be read, with
    /// something behind it, is damage.
    fn create_segment(&mut self, lock: &[u8]) -> Result<Current<D::File>, StoreError> {
        let number = self.next_number;
        self.next_number += 1;
        let (previous, previous_end) = self.previous;
        let header = Header {
            number,
            previous,
            previous_end,
            first_sequence: self.next_sequence,
            salt: frame::salt(number, lock),
        };
        let path = segment::path(number);
        let harmless = |error| self.stop.unless_harmless(&format!("create {path}"), error);
        let fatal = |error| self.stop.now(&format!("flush {path}"), error);
        let file = self.disk.open(&path, Mode::Create).map_err(harmless)?;
        if let Err(error) = file.write_at(&header.encode(), 0) {
            // Left behind, it is void, and removed at the next opening.
            let _ = self.disk.remove(&path);
            return Err(harmless(error));
        }
        file.sync_all().map_err(fatal)?;
        self.disk.sync_dir(segment::DIRECTORY).map_err(fatal)?;
        self.segments.insert(number);
        let end = HEADER_LENGTH as u64;
        Ok(Current { segment: Segment { header, file }, end, reserved: end })
    }

    /// Removes the segments below the oldest that holds something, and below the one that holds the lock value.
    pub(super) fn remove_unused(&mut self, oldest: Option<u64>) -> Result<(), StoreError> {
        let Some((newest, _)) = self.last else { return Ok(()) };
        let end = oldest.unwrap_or(newest.segment).min(newest.segment);
        while let Some(number) = self.segments.first().copied().filter(|number| *number < end) {
            self.remove(number)?;
            self.segments.remove(&number);
        }
        Ok(())
    }

    /// The name is gone for good before the next newer segment is looked at, so that no gap can be left.
    fn remove(&self, number: u64) -> Result<(), StoreError> {
        let path = segment::path(number);
        match self.disk.remove(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(self.stop.unless_harmless(&format!("remove {path}"), error));
            }
            _ => {}
        }
        self.disk
            .sync_dir(segment::DIRECTORY)
            .map_err(|error| self.stop.now(&format!("remove {path}"), error))
    }
}

impl<F: DiskFile> Current<F> {
    fn append(&mut self, frame: &Frame, reserve_bytes: u64, stop: &Stop) -> Result<Position, StoreError> {
        let position = Position { segment: self.segment.header.number, offset: self.end };
        let bytes = frame.encode(&self.segment.header.salt).ok_or_else(|| too_long("write"))?;
        let end = self.end.saturating_add(bytes.len() as u64);
        let path = segment::path(position.segment);
        self.reserve(end, reserve_bytes)
            .map_err(|error| stop.unless_harmless(&format!("extend {path}"), error))?;
        let fatal = |error| stop.now(&format!("write {path}"), error);
        self.segment.file.write_at(&bytes, position.offset).map_err(fatal)?;
        self.segment.file.sync_data().map_err(fatal)?;
        self.end = end;
        Ok(position)
    }

    /// Fills the file with zeros up to a multiple of the step, not before `end`. A full disk shows here, before anything
    /// of a frame is written; and the flushes of the frames that fit change neither the length nor the blocks of the
    /// file, which makes them cheaper by the file system's journal.
    fn reserve(&mut self, end: u64, step: u64) -> io::Result<()> {
        const ZEROS: &[u8] = &[0; 64 << 10];
        if end <= self.reserved {
            return Ok(());
        }
        let target = end.checked_next_multiple_of(step.max(1)).unwrap_or(end);
        while self.reserved < target {
            let count = usize::try_from(target - self.reserved).unwrap_or(usize::MAX).min(ZEROS.len());
            self.segment.file.write_at(ZEROS.get(..count).unwrap_or(ZEROS), self.reserved)?;
            self.reserved += count as u64;
        }
        Ok(())
    }
}
