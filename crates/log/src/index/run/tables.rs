use super::{Source, Span, filter::Filter};
use std::{
    io::{self, Write},
    ops::Range,
};

/// How much is read or written at once: whole fences, and whole blocks of a filter.
pub(super) const PIECE_BYTES: usize = 1 << 16;

/// What a run keeps in memory: which pages may have a fingerprint.
#[derive(Debug)]
pub(super) struct Tables {
    /// The fingerprint of the first record of each page.
    fences: Vec<u64>,
    filter: Option<Filter>,
}

impl Tables {
    /// Those of a run to be written: every record is added in its order.
    pub(super) fn empty(span: Span) -> Self {
        let pages = usize::try_from(span.pages()).unwrap_or_default();
        let filter = span.has_filter().then(|| Filter::empty(span.count()));
        Self { fences: Vec::with_capacity(pages), filter }
    }

    /// Takes note of a record; the first of a page begins it.
    pub(super) fn add(&mut self, fingerprint: u64, begins_page: bool) {
        if begins_page {
            self.fences.push(fingerprint);
        }
        if let Some(filter) = &mut self.filter {
            filter.insert(fingerprint);
        }
    }

    /// The pages that may have a record with this fingerprint; no other has.
    pub(super) fn pages(&self, fingerprint: u64) -> Range<u64> {
        if self.filter.as_ref().is_some_and(|filter| !filter.may_contain(fingerprint)) {
            return 0..0;
        }
        // The page before the first one that begins with the fingerprint, or above it, may end with it.
        let from = self.fences.partition_point(|fence| *fence < fingerprint);
        let same = self.fences.iter().skip(from).take_while(|fence| **fence == fingerprint).count();
        from.saturating_sub(1) as u64..(from + same) as u64
    }

    /// Writes them one after the other, and returns their checksum.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<u32> {
        let mut checksum = crc32fast::Hasher::new();
        let mut put = |bytes: Vec<u8>| {
            checksum.update(&bytes);
            out.write_all(&bytes)
        };
        for fences in self.fences.chunks(PIECE_BYTES / 8) {
            put(fences.iter().flat_map(|fence| fence.to_be_bytes()).collect())?;
        }
        for blocks in self.filter.iter().flat_map(Filter::pieces) {
            put(blocks)?;
        }
        Ok(checksum.finalize())
    }

    /// Reads what [`Tables::write`] wrote, and what its checksum should have been.
    pub(super) fn read(source: &impl Source, span: Span) -> io::Result<(Self, u32)> {
        let mut tables = Self::empty(span);
        let mut checksum = crc32fast::Hasher::new();
        let mut get = |range: Range<u64>, take: &mut dyn FnMut(&[u8])| {
            let mut piece = vec![0; PIECE_BYTES];
            for at in range.clone().step_by(PIECE_BYTES) {
                let rest = usize::try_from(range.end - at).unwrap_or(PIECE_BYTES);
                let piece = piece.get_mut(..rest.min(PIECE_BYTES)).unwrap_or_default();
                source.read_at(at, piece)?;
                checksum.update(piece);
                take(piece);
            }
            Ok::<_, io::Error>(())
        };
        let filter_at = span.fences_at() + span.pages() * 8;
        get(span.fences_at()..filter_at, &mut |piece| {
            tables.fences.extend(piece.as_chunks().0.iter().map(|fence| u64::from_be_bytes(*fence)));
        })?;
        if span.has_filter() {
            let mut filter = Filter::without_blocks(span.count());
            get(filter_at..span.footer_at(), &mut |piece| filter.append(piece))?;
            tables.filter = Some(filter);
        }
        Ok((tables, checksum.finalize()))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::page, *};

    fn written(count: u64) -> (Span, Vec<u8>, u32) {
        let span = Span::new(0, count).unwrap();
        let mut tables = Tables::empty(span);
        for record in 0..count {
            tables.add(record << 32, record.is_multiple_of(page::RECORDS as u64));
        }
        // Where a file has pages, zeros.
        let mut bytes = vec![0; usize::try_from(span.fences_at()).unwrap()];
        let checksum = tables.write(&mut bytes).unwrap();
        assert_eq!(bytes.len() as u64, span.footer_at());
        (span, bytes, checksum)
    }

    #[test]
    fn tables_are_read_as_they_are_written() {
        // Less than a piece, and several of fences and of filter.
        for count in [1, 341, 342, 3_000_000] {
            let (span, bytes, checksum) = written(count);
            let (tables, read) = Tables::read(&bytes, span).unwrap();
            assert_eq!(read, checksum);
            let mut again = bytes.split_at(usize::try_from(span.fences_at()).unwrap()).0.to_vec();
            assert_eq!(tables.write(&mut again).unwrap(), checksum);
            assert_eq!(again, bytes);
        }
    }

    #[test]
    fn the_pages_are_those_that_may_have_the_fingerprint() {
        let tables = Tables { fences: vec![3, 5, 5, 5, 9], filter: None };
        let expected =
            [(0, 0..0), (2, 0..0), (3, 0..1), (4, 0..1), (5, 0..4), (6, 3..4), (9, 3..5), (10, 4..5)];
        for (fingerprint, pages) in expected {
            assert_eq!(tables.pages(fingerprint), pages, "{fingerprint}");
        }
    }
}
