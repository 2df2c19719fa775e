use super::{Sink, Source, Span};
use std::{io, ops::Range};

/// How much is read or written at once.
const PIECE_BYTES: usize = 1 << 16;

/// The fingerprint of the first record of each page, in memory.
#[derive(Debug)]
pub(super) struct Fences(Vec<u64>);

impl Fences {
    /// Those of a run to be written.
    pub(super) fn empty(span: Span) -> Self {
        Self(Vec::with_capacity(usize::try_from(span.pages()).unwrap_or_default()))
    }

    /// Takes note of the first record of the next page.
    pub(super) fn push(&mut self, fingerprint: u64) {
        self.0.push(fingerprint);
    }

    /// The pages that may have a record with this fingerprint; no other has.
    pub(super) fn pages(&self, fingerprint: u64) -> Range<u64> {
        // The page before the first one that begins with the fingerprint, or above it, may end with it.
        let from = self.0.partition_point(|fence| *fence < fingerprint);
        let same = self.0.iter().skip(from).take_while(|fence| **fence == fingerprint).count();
        from.saturating_sub(1) as u64..(from + same) as u64
    }

    /// Writes them, and returns their checksum.
    pub(super) fn write(&self, span: Span, out: &mut impl Sink) -> io::Result<u32> {
        let (mut checksum, mut at) = (crc32fast::Hasher::new(), span.fences_at());
        for fences in self.0.chunks(PIECE_BYTES / 8) {
            let bytes: Vec<u8> = fences.iter().flat_map(|fence| fence.to_be_bytes()).collect();
            checksum.update(&bytes);
            out.write_at(at, &bytes)?;
            at += bytes.len() as u64;
        }
        Ok(checksum.finalize())
    }

    /// Reads what [`Fences::write`] wrote, and what its checksum should have been.
    pub(super) fn read(source: &impl Source, span: Span) -> io::Result<(Self, u32)> {
        let (mut fences, mut checksum) = (Self::empty(span), crc32fast::Hasher::new());
        let mut piece = vec![0; PIECE_BYTES];
        for at in (span.fences_at()..span.filter_at()).step_by(PIECE_BYTES) {
            piece.truncate(usize::try_from(span.filter_at() - at).unwrap_or(PIECE_BYTES));
            source.read_at(at, &mut piece)?;
            checksum.update(&piece);
            fences.0.extend(piece.as_chunks().0.iter().map(|fence| u64::from_be_bytes(*fence)));
        }
        Ok((fences, checksum.finalize()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_are_read_as_they_are_written() {
        // Less than a piece, and several.
        for pages in [1, 2, 8192, 8193, 20_000] {
            let span = Span::new(0, pages * super::super::page::RECORDS as u64).unwrap();
            let mut fences = Fences::empty(span);
            (0..pages).for_each(|page| fences.push(page << 32));
            let mut file = Vec::new();
            let checksum = fences.write(span, &mut file).unwrap();
            assert_eq!(file.len() as u64, span.filter_at());
            let (read, found) = Fences::read(&file, span).unwrap();
            assert_eq!((read.0, found), (fences.0, checksum));
        }
    }

    #[test]
    fn the_pages_are_those_that_may_have_the_fingerprint() {
        let fences = Fences(vec![3, 5, 5, 5, 9]);
        let expected =
            [(0, 0..0), (2, 0..0), (3, 0..1), (4, 0..1), (5, 0..4), (6, 3..4), (9, 3..5), (10, 4..5)];
        for (fingerprint, pages) in expected {
            assert_eq!(fences.pages(fingerprint), pages, "{fingerprint}");
        }
    }
}
