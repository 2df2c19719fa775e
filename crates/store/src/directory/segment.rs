use super::{
    failed,
    frame::{Frame, HEADER_LENGTH, Header, PREFIX_LENGTH, Prefix},
};
use crate::{
    Bytes, StoreError,
    disk::{Disk, DiskFile, Mode},
};
use std::io;

/// The directory of the segments.
pub(super) const DIRECTORY: &str = "wal";

/// An open segment.
pub(super) struct Segment<F> {
    pub(super) header: Header,
    pub(super) file: F,
}

/// Where a frame lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    /// The number of the segment.
    pub(super) segment: u64,
    /// The first byte.
    pub(super) offset: u64,
}

/// The name of a segment.
pub(super) fn path(number: u64) -> String {
    format!("{DIRECTORY}/{number:016}")
}

/// The numbers of all segments, rising. What else lies in the directory is none of ours.
pub(super) fn numbers(disk: &impl Disk) -> io::Result<Vec<u64>> {
    let names = match disk.list(DIRECTORY) {
        Ok(names) => names,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    let number = |name: String| {
        let number = name.parse().ok().filter(|number| *number != 0)?;
        (format!("{number:016}") == name).then_some(number)
    };
    let mut numbers: Vec<u64> = names.into_iter().filter_map(number).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

impl<F: DiskFile> Segment<F> {
    /// `None` if its header is not whole.
    pub(super) fn open<D: Disk<File = F>>(disk: &D, number: u64, mode: Mode) -> io::Result<Option<Self>> {
        let file = disk.open(&path(number), mode)?;
        let mut bytes = [0; HEADER_LENGTH];
        let read = file.read_at(&mut bytes, 0)?;
        let header = bytes.get(..read).and_then(Header::decode).filter(|header| header.number == number);
        Ok(header.map(|header| Self { header, file }))
    }

    /// The head of the frame at an offset: its prefix and the lock value. `None` if there is no whole one.
    pub(super) fn head(&self, offset: u64) -> io::Result<Option<(Prefix, Bytes)>> {
        let Some(prefix) = self.read(offset, PREFIX_LENGTH)? else { return Ok(None) };
        let Some(prefix) = Prefix::decode(&prefix) else { return Ok(None) };
        let Some(head) = self.read(offset, prefix.head_length())? else { return Ok(None) };
        let lock = prefix.lock(&head, &self.header.salt).map(|lock| head.slice_ref(lock));
        Ok(lock.map(|lock| (prefix, lock)))
    }

    /// The frame at an offset and its length. `None` if there is no whole one.
    pub(super) fn frame(&self, offset: u64) -> io::Result<Option<(Frame, u64)>> {
        let Some((prefix, _)) = self.head(offset)? else { return Ok(None) };
        let Some(bytes) = self.read(offset, prefix.frame_length())? else { return Ok(None) };
        let length = bytes.len() as u64;
        Ok(Frame::decode(&bytes, &self.header.salt).map(|frame| (frame, length)))
    }

    fn read(&self, offset: u64, length: usize) -> io::Result<Option<Bytes>> {
        let mut bytes = vec![0; length];
        let read = self.file.read_at(&mut bytes, offset)?;
        Ok((read == length).then(|| bytes.into()))
    }
}

/// `None` if the segment is gone.
pub(super) fn read_frame<D: Disk>(disk: &D, position: Position) -> Result<Option<Frame>, StoreError> {
    let segment = match Segment::open(disk, position.segment, Mode::Read) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        segment => segment.map_err(|error| failed("read", &path(position.segment), error))?,
    };
    let frame = segment.map_or(Ok(None), |segment| segment.frame(position.offset));
    let frame = frame.map_err(|error| failed("read", &path(position.segment), error))?;
    frame.map(|(frame, _)| Some(frame)).ok_or_else(|| gone(position))
}

/// A frame that was read or written is not there any more.
pub(super) fn gone(position: Position) -> StoreError {
    StoreError::Damaged {
        what: format!("{}, byte {}", path(position.segment), position.offset),
        cause: "the frame that was here before is not here".to_owned(),
    }
}
