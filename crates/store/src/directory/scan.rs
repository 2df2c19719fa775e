//! What the segments of the write-ahead file say.

use super::{
    failed,
    frame::{self, FRAME_MAGIC, HEADER_LENGTH},
    segment::{self, Position, Segment},
};
use crate::{
    StoreError,
    disk::{Disk, DiskFile, Mode},
};
use std::{
    collections::{BTreeMap, VecDeque},
    io,
};

/// What the segments say: the chain that ends with the newest one, and what is in it.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// The chain, rising: the numbers, and where the frames of each end.
    pub(super) segments: Vec<(u64, u64)>,
    /// The frame of each staged object; of the newest one, if it is in several.
    pub(super) staged: BTreeMap<String, Position>,
    /// The newest frame and its sequence number.
    pub(super) last: Option<(Position, u64)>,
    /// The sequence number that follows. A torn frame may have had it.
    pub(super) next_sequence: u64,
    /// Segments that hold nothing: their creation did not end.
    pub(super) void: Vec<u64>,
    /// The highest number of any segment, 0 if there is none.
    pub(super) highest: u64,
}

impl Scan {
    /// Reads all segments.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if something is missing that was acknowledged; [`StoreError::Failed`] if it cannot be read.
    pub(super) fn read<D: Disk>(disk: &D) -> Result<Self, StoreError> {
        let numbers = segment::numbers(disk).map_err(|error| unreadable(segment::DIRECTORY, error))?;
        let mut scan =
            Self { next_sequence: 1, highest: numbers.last().copied().unwrap_or(0), ..Self::default() };
        let (chain, void) = chain(disk, numbers)?;
        scan.void = void;
        let declared = chain.iter().skip(1).map(|next| Some(next.header.previous_end)).chain([None]);
        for (segment, end) in chain.iter().zip(declared) {
            scan.read_frames(segment, end)?;
        }
        Ok(scan)
    }

    /// Reads what was added to the newest segment since. Returns whether it is still the newest one.
    pub(super) fn read_on<D: Disk>(&mut self, disk: &D) -> Result<bool, StoreError> {
        let numbers = segment::numbers(disk).map_err(|error| unreadable(segment::DIRECTORY, error))?;
        let Some((number, end)) = self.segments.pop() else { return Ok(false) };
        if numbers.last() != Some(&number) || self.highest != number {
            return Ok(false);
        }
        let Some(segment) = open(disk, number)? else { return Ok(false) };
        self.staged.retain(|_, position| numbers.contains(&position.segment));
        self.read_frames_from(&segment, end, None)?;
        Ok(true)
    }

    /// Reads a segment to where its frames end: where the next segment says, or where nothing whole follows.
    fn read_frames<F: DiskFile>(
        &mut self,
        segment: &Segment<F>,
        declared: Option<u64>,
    ) -> Result<(), StoreError> {
        if segment.header.first_sequence < self.next_sequence {
            return Err(damaged(segment.header.number, 0, "its sequence numbers begin too low"));
        }
        self.next_sequence = segment.header.first_sequence;
        self.read_frames_from(segment, HEADER_LENGTH as u64, declared)
    }

    fn read_frames_from<F: DiskFile>(
        &mut self,
        segment: &Segment<F>,
        mut offset: u64,
        declared: Option<u64>,
    ) -> Result<(), StoreError> {
        let number = segment.header.number;
        while declared.is_none_or(|end| offset < end) {
            let read = segment.frame(offset).map_err(|error| unreadable(&segment::path(number), error))?;
            let Some((frame, length)) = read.filter(|(frame, _)| frame.sequence == self.next_sequence) else {
                break;
            };
            let position = Position { segment: number, offset };
            self.last = Some((position, frame.sequence));
            self.staged.extend(frame.staged.into_iter().map(|(name, _)| (name, position)));
            self.next_sequence = self.next_sequence.saturating_add(1);
            offset = offset.saturating_add(length);
        }
        match declared {
            Some(end) if offset != end => {
                return Err(damaged(
                    number,
                    offset,
                    format!("the next segment says that it goes on to byte {end}"),
                ));
            }
            Some(_) => {}
            None => {
                if let Some(later) = later_frame(segment, offset, self.next_sequence)? {
                    let cause = format!(
                        "no whole frame {} here, but a later one at byte {later}",
                        self.next_sequence
                    );
                    return Err(damaged(number, offset, cause));
                }
            }
        }
        self.segments.push((number, offset));
        Ok(())
    }
}

type Chain<F> = VecDeque<Segment<F>>;

/// The segments from the oldest to the newest, each naming the one before it, and those that hold nothing.
fn chain<D: Disk>(disk: &D, numbers: Vec<u64>) -> Result<(Chain<D::File>, Vec<u64>), StoreError> {
    let mut void = Vec::new();
    let mut chain = Chain::<D::File>::new();
    for number in numbers.into_iter().rev() {
        let previous = chain.front().map(|next| next.header.previous);
        match open(disk, number)? {
            // Nothing relies on a newest segment without frames: its name and header may be readable and yet not be on the
            // disk, and what it says about the end of the one before it holds only once its first frame is there.
            Some(segment) if previous.is_none() && is_void(&segment)? => void.push(number),
            Some(segment) if previous.is_none_or(|previous| previous == number) => chain.push_front(segment),
            Some(segment) if previous.is_some_and(|previous| previous < number) && is_empty(&segment)? => {
                void.push(number);
            }
            // Also long before the oldest one: its creation failed, and so did its removal.
            None if previous != Some(number) => void.push(number),
            _ => return Err(damaged(number, 0, "the newer segments do not lead here")),
        }
    }
    Ok((chain, void))
}

/// A segment; `None` if its creation did not end: the header is durable before anything follows it.
fn open<D: Disk>(disk: &D, number: u64) -> Result<Option<Segment<D::File>>, StoreError> {
    let path = segment::path(number);
    let failed = |error| unreadable(&path, error);
    let segment = Segment::open(disk, number, Mode::Read).map_err(failed)?;
    if segment.is_none() {
        let file = disk.open(&path, Mode::Read).map_err(failed)?;
        let mut header = [0; HEADER_LENGTH];
        file.read_at(&mut header, 0).map_err(failed)?;
        if let Some(found) = frame::newer(&header) {
            return Err(StoreError::Newer { what: path, found, known: frame::VERSION });
        }
        if file.len().map_err(failed)? > HEADER_LENGTH as u64 {
            return Err(damaged(number, 0, "the header is not what was written"));
        }
    }
    Ok(segment)
}

/// There is no whole frame at the start: the head alone is not one.
fn is_empty<F: DiskFile>(segment: &Segment<F>) -> Result<bool, StoreError> {
    let frame = segment.frame(HEADER_LENGTH as u64);
    Ok(frame.map_err(|error| unreadable(&segment::path(segment.header.number), error))?.is_none())
}

/// No frame was ever written whole.
fn is_void<F: DiskFile>(segment: &Segment<F>) -> Result<bool, StoreError> {
    let first = segment.header.first_sequence;
    Ok(is_empty(segment)? && later_frame(segment, HEADER_LENGTH as u64, first)?.is_none())
}

/// Where behind an offset a frame with a later sequence number lies. There can be none after a crash, because a frame is
/// written when the one before it is durable.
fn later_frame<F: DiskFile>(
    segment: &Segment<F>,
    offset: u64,
    expected: u64,
) -> Result<Option<u64>, StoreError> {
    let failed = |error| unreadable(&segment::path(segment.header.number), error);
    let length = segment.file.len().map_err(failed)?.saturating_sub(offset);
    let mut rest = vec![0; usize::try_from(length).unwrap_or(0)];
    let read = segment.file.read_at(&mut rest, offset).map_err(failed)?;
    rest.truncate(read);
    for (at, window) in rest.windows(FRAME_MAGIC.len()).enumerate() {
        if window != FRAME_MAGIC {
            continue;
        }
        let at = offset.saturating_add(at as u64);
        if segment.head(at).map_err(failed)?.is_some_and(|(prefix, _)| prefix.sequence > expected) {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

fn unreadable(what: &str, error: io::Error) -> StoreError {
    failed("read", what, error)
}

fn damaged(number: u64, offset: u64, cause: impl Into<String>) -> StoreError {
    StoreError::Damaged { what: format!("{}, byte {offset}", segment::path(number)), cause: cause.into() }
}
