use super::{IndexError, run::Records};
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, binary_heap::PeekMut, btree_set},
    fs::File,
};

/// Sorted records, from memory or from a file.
pub(super) enum Stream<'a> {
    Chunk(btree_set::Iter<'a, (u64, u64)>),
    Run(Records<'a, File>),
}

impl Stream<'_> {
    fn next(&mut self) -> Result<Option<(u64, u64)>, IndexError> {
        match self {
            Self::Chunk(records) => Ok(records.next().copied()),
            Self::Run(records) => records.next(),
        }
    }
}

/// Several sorted streams as one, with one record of each in memory beside their buffers.
pub(super) struct Merge<'a> {
    streams: Vec<Stream<'a>>,
    /// The next record of each stream that is not at its end, and the stream's number.
    heads: BinaryHeap<Reverse<((u64, u64), usize)>>,
}

impl<'a> Merge<'a> {
    pub(super) fn new(mut streams: Vec<Stream<'a>>) -> Result<Self, IndexError> {
        let mut heads = BinaryHeap::with_capacity(streams.len());
        for (number, stream) in streams.iter_mut().enumerate() {
            heads.extend(stream.next()?.map(|record| Reverse((record, number))));
        }
        Ok(Self { streams, heads })
    }

    pub(super) fn next(&mut self) -> Result<Option<(u64, u64)>, IndexError> {
        let Some(mut head) = self.heads.peek_mut() else { return Ok(None) };
        let Reverse((record, number)) = *head;
        let next = match self.streams.get_mut(number) {
            Some(stream) => stream.next()?,
            None => None,
        };
        match next {
            Some(next) => *head = Reverse((next, number)),
            None => drop(PeekMut::pop(head)),
        }
        Ok(Some(record))
    }
}
