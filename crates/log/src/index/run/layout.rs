use super::{filter, page};
use sealwax_tlog::Hash;

/// What every run begins its footer with; the digit is the version of the format. A reader that finds another one treats
/// the run as damaged, and builds it anew.
pub(super) const MAGIC: &[u8; 16] = b"sealwax index 2\n";

/// Leaf indices have 40 bits (LOG rule 10).
const MAX_LEAF: u64 = 1 << 40;

/// A run numbers its leaves with 32 bits.
pub(in crate::index) const MAX_LEAVES: u64 = 1 << 32;

/// Consecutive leaves, at least one and at most 2³² of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    first: u64,
    count: u64,
}

impl Span {
    /// The leaves from `first` up to, not including, `first + count`. `None` if there are none, or more than a run holds,
    /// or they end beyond 2⁴⁰.
    #[must_use]
    pub fn new(first: u64, count: u64) -> Option<Self> {
        let end = first.checked_add(count)?;
        (1..=MAX_LEAVES).contains(&count).then_some(())?;
        (end <= MAX_LEAF).then_some(Self { first, count })
    }

    /// The span that the name of a run's file states: as [`Span::file_name`] writes it, and only so.
    #[must_use]
    pub fn from_file_name(name: &str) -> Option<Self> {
        let (first, count) = name.strip_suffix(".run")?.split_once('-')?;
        let span = Self::new(first.parse().ok()?, count.parse().ok()?)?;
        (span.file_name() == name).then_some(span)
    }

    /// The name of a run's file.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}-{}.run", self.first, self.count)
    }

    /// The first leaf.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.first
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The leaf after the last.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.first + self.count
    }

    pub(super) fn pages(&self) -> u64 {
        self.count.div_ceil(page::RECORDS as u64)
    }

    /// How many records a page has.
    pub(super) fn records_in(&self, page: u64) -> usize {
        let before = page.saturating_mul(page::RECORDS as u64);
        let rest = usize::try_from(self.count.saturating_sub(before)).unwrap_or(usize::MAX);
        rest.min(page::RECORDS)
    }

    /// How many lines the filter has.
    pub(super) fn lines(&self) -> u64 {
        filter::lines_for(self.count)
    }

    pub(super) fn fences_at(&self) -> u64 {
        self.pages() * page::BYTES as u64
    }

    pub(super) fn filter_at(&self) -> u64 {
        self.fences_at() + self.pages() * 8
    }

    pub(super) fn footer_at(&self) -> u64 {
        self.filter_at() + self.lines() * filter::LINE_BYTES as u64
    }

    /// How long the file of such a run is.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        self.footer_at() + Footer::BYTES as u64
    }
}

/// The end of a run's file.
pub(super) struct Footer {
    /// The identity of the last leaf.
    pub(super) last: Hash,
    /// CRC-32 of the fences.
    pub(super) fences: u32,
}

impl Footer {
    pub(super) const BYTES: usize = 16 + 8 + 8 + 32 + 4 + 4;

    /// `None` unless it is the footer that a run of this span has.
    pub(super) fn parse(bytes: &[u8], span: Span) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk::<32>()?;
        let (last, rest) = rest.split_first_chunk()?;
        let (fences, _) = rest.split_first_chunk()?;
        let footer = Self { last: *last, fences: u32::from_be_bytes(*fences) };
        (head == &head_of(span) && footer.write(span) == bytes).then_some(footer)
    }

    pub(super) fn write(&self, span: Span) -> Vec<u8> {
        let mut bytes = head_of(span).to_vec();
        bytes.extend_from_slice(&self.last);
        bytes.extend_from_slice(&self.fences.to_be_bytes());
        let checksum = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&checksum.to_be_bytes());
        bytes
    }
}

/// Magic and span, as footer and page checksums begin.
pub(super) fn head_of(span: Span) -> [u8; 32] {
    let mut head = [0; 32];
    let parts = MAGIC.iter().copied().chain(span.first.to_be_bytes()).chain(span.count.to_be_bytes());
    for (place, byte) in head.iter_mut().zip(parts) {
        *place = byte;
    }
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written_and_only_so() {
        let span = Span::new(32_768, 4).unwrap();
        assert_eq!(span.file_name(), "32768-4.run");
        assert_eq!(Span::from_file_name("32768-4.run"), Some(span));
        for other in [
            "032768-4.run",
            "32768-4",
            "32768-+4.run",
            "32768-0.run",
            "-4.run",
            "32768-4.run.tmp",
            "1099511627775-2.run",
            "0-4294967297.run",
        ] {
            assert_eq!(Span::from_file_name(other), None, "{other}");
        }
        assert!(Span::from_file_name("1099511627775-1.run").is_some());
    }

    #[test]
    fn a_footer_is_read_as_it_is_written() {
        let span = Span::new(8, 4).unwrap();
        let bytes = Footer { last: [9; 32], fences: 7 }.write(span);
        assert_eq!(bytes.len(), Footer::BYTES);
        let footer = Footer::parse(&bytes, span).unwrap();
        assert_eq!((footer.last, footer.fences), ([9; 32], 7));
        assert!(Footer::parse(&bytes, Span::new(8, 5).unwrap()).is_none());
        assert!(Footer::parse(&bytes[1..], span).is_none());
    }
}
