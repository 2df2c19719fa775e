//! A Bloom filter in lines of 64 bytes: seven words, in each of which a leaf sets one bit, and a checksum. One cache line,
//! or one short read, for each question. At ten bits per leaf some 1 % of what is not there looks as if it were, and costs
//! the read of a page.
//!
//! The line is chosen by the high bits of the fingerprint, so a run, which is sorted, fills them one after the other, and
//! whoever writes one needs memory for a piece only.

use super::{Filtering, Sink, Source, Span, page::Seal};
use std::io;

/// How long a line is in the file.
pub(super) const LINE_BYTES: usize = 64;

const WORDS: usize = 7;
const BITS_PER_LEAF: u64 = 10;
const BITS_PER_LINE: u64 = 64 * WORDS as u64;

/// What is read and written at once, and allocated: when runs have merged, the allocator has a place for the next filter.
const PIECE_LINES: usize = 1024;

/// Odd numbers; each makes another bit of the same 32.
const SALTS: [u32; WORDS] =
    [0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947];

/// How many lines the filter of a run has.
pub(super) fn lines_for(leaves: u64) -> u64 {
    (leaves * BITS_PER_LEAF).div_ceil(BITS_PER_LINE)
}

/// The filter of a run, of which some is in memory and all in its file.
#[derive(Debug)]
pub(super) struct Filter {
    lines: u64,
    kept: Kept,
}

/// What memory says of a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It was never inserted.
    No,
    /// It may have been.
    Maybe,
    /// The line of this number says, and has to be read.
    InLine(u64),
}

/// What is in memory.
#[derive(Debug, PartialEq, Eq)]
enum Kept {
    Lines(Pieces<Line>),
    Gists(Pieces<Gist>),
    Nothing,
}

/// Something for each line, in pieces of [`PIECE_LINES`].
#[derive(Debug, PartialEq, Eq)]
struct Pieces<T>(Vec<Vec<T>>);

/// The first words of a line: three quarters of what is not there are not in these either.
type Gist = [u64; 2];

/// The words of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Line([u64; WORDS]);

/// A filter that is being made.
#[derive(Debug)]
pub(super) struct Making {
    span: Span,
    /// The line that is being filled, and its number.
    line: Line,
    number: u64,
    /// The lines before it that are not written yet, as they stand in the file.
    piece: Vec<u8>,
    kept: Kept,
}

impl Filter {
    /// Reads what is to be kept in memory; `None` if a line is not what was written.
    pub(super) fn open(
        source: &impl Source,
        span: Span,
        seal: &Seal,
        filtering: Filtering,
    ) -> io::Result<Option<Self>> {
        let lines = span.lines();
        let mut kept = Kept::new(filtering);
        if kept == Kept::Nothing {
            return Ok(Some(Self { lines, kept }));
        }
        let mut bytes = vec![[0; LINE_BYTES]; PIECE_LINES];
        for first in (0..lines).step_by(PIECE_LINES) {
            let count = usize::try_from(lines - first).unwrap_or(PIECE_LINES).min(PIECE_LINES);
            bytes.truncate(count);
            source.read_at(line_at(span, first), bytes.as_flattened_mut())?;
            for (bytes, number) in bytes.iter().zip(first..) {
                let Some(line) = Line::open(bytes, span, seal, number) else { return Ok(None) };
                kept.push(line);
            }
        }
        Ok(Some(Self { lines, kept }))
    }

    /// Whether a fingerprint may be there, as far as memory knows.
    pub(super) fn ask(&self, fingerprint: u64) -> Answer {
        let number = line_of(fingerprint, self.lines);
        let may_contain = match &self.kept {
            Kept::Lines(lines) => lines.get(number).map(|line| line.may_contain(fingerprint)),
            Kept::Gists(gists) => gists.get(number).map(|gist| may_contain(gist, fingerprint)),
            Kept::Nothing => None,
        };
        match (may_contain, &self.kept) {
            (Some(false), _) => Answer::No,
            (Some(true), Kept::Lines(_)) => Answer::Maybe,
            _ => Answer::InLine(number),
        }
    }
}

impl Kept {
    fn new(filtering: Filtering) -> Self {
        match filtering {
            Filtering::InMemory => Self::Lines(Pieces(Vec::new())),
            Filtering::InPart => Self::Gists(Pieces(Vec::new())),
            Filtering::InFile => Self::Nothing,
        }
    }

    fn push(&mut self, line: Line) {
        let Line([first, second, ..]) = line;
        match self {
            Self::Lines(lines) => lines.push(line),
            Self::Gists(gists) => gists.push([first, second]),
            Self::Nothing => {}
        }
    }
}

impl<T> Pieces<T> {
    fn push(&mut self, next: T) {
        match self.0.last_mut() {
            Some(piece) if piece.len() < PIECE_LINES => piece.push(next),
            _ => self.0.push(vec![next]),
        }
    }

    fn get(&self, number: u64) -> Option<&T> {
        let number = usize::try_from(number).ok()?;
        self.0.get(number / PIECE_LINES)?.get(number % PIECE_LINES)
    }
}

impl Line {
    /// Reads one from the file; `None` if it is not what was written.
    pub(super) fn read(
        source: &impl Source,
        span: Span,
        seal: &Seal,
        number: u64,
    ) -> io::Result<Option<Self>> {
        let mut bytes = [0; LINE_BYTES];
        source.read_at(line_at(span, number), &mut bytes)?;
        Ok(Self::open(&bytes, span, seal, number))
    }

    fn open(bytes: &[u8; LINE_BYTES], span: Span, seal: &Seal, number: u64) -> Option<Self> {
        let (body, checksum) = bytes.split_last_chunk()?;
        (*checksum == seal.checksum(span.pages() + number, body)).then_some(())?;
        let mut line = Self::default();
        line.0
            .iter_mut()
            .zip(body.as_chunks().0)
            .for_each(|(word, bytes)| *word = u64::from_be_bytes(*bytes));
        Some(line)
    }

    /// `false` only for what was never inserted.
    pub(super) fn may_contain(&self, fingerprint: u64) -> bool {
        may_contain(&self.0, fingerprint)
    }

    fn insert(&mut self, fingerprint: u64) {
        self.0.iter_mut().zip(bits(fingerprint)).for_each(|(word, bit)| *word |= bit);
    }

    /// Seven words, four zeros and the checksum.
    fn write(&self, span: Span, seal: &Seal, number: u64, out: &mut Vec<u8>) {
        let start = out.len();
        self.0.iter().for_each(|word| out.extend_from_slice(&word.to_be_bytes()));
        out.extend_from_slice(&[0; LINE_BYTES - 8 * WORDS - 4]);
        let checksum = seal.checksum(span.pages() + number, out.get(start..).unwrap_or_default());
        out.extend_from_slice(&checksum);
    }
}

impl Making {
    pub(super) fn new(span: Span, filtering: Filtering) -> Self {
        let kept = Kept::new(filtering);
        Self { span, line: Line::default(), number: 0, piece: Vec::new(), kept }
    }

    /// Adds a fingerprint, not below the one before.
    pub(super) fn insert(&mut self, fingerprint: u64, seal: &Seal, out: &mut impl Sink) -> io::Result<()> {
        let number = line_of(fingerprint, self.span.lines());
        while self.number < number {
            self.close_line(seal, out)?;
        }
        self.line.insert(fingerprint);
        Ok(())
    }

    /// Writes the rest.
    pub(super) fn finish(mut self, seal: &Seal, out: &mut impl Sink) -> io::Result<Filter> {
        let lines = self.span.lines();
        while self.number < lines {
            self.close_line(seal, out)?;
        }
        self.write_piece(out)?;
        Ok(Filter { lines, kept: self.kept })
    }

    fn close_line(&mut self, seal: &Seal, out: &mut impl Sink) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        line.write(self.span, seal, self.number, &mut self.piece);
        self.kept.push(line);
        self.number += 1;
        if self.piece.len() >= PIECE_LINES * LINE_BYTES { self.write_piece(out) } else { Ok(()) }
    }

    fn write_piece(&mut self, out: &mut impl Sink) -> io::Result<()> {
        let lines = (self.piece.len() / LINE_BYTES) as u64;
        out.write_at(line_at(self.span, self.number - lines), &self.piece)?;
        self.piece.clear();
        Ok(())
    }
}

fn line_at(span: Span, number: u64) -> u64 {
    span.filter_at() + number * LINE_BYTES as u64
}

fn line_of(fingerprint: u64, lines: u64) -> u64 {
    let scaled = (u128::from(fingerprint) * u128::from(lines)) >> 64;
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

/// Whether the first words of a line, or all of them, have the bits of a fingerprint.
fn may_contain(words: &[u64], fingerprint: u64) -> bool {
    words.iter().zip(bits(fingerprint)).all(|(word, bit)| word & bit != 0)
}

/// One bit for each word, from the low half of the fingerprint.
fn bits(fingerprint: u64) -> [u64; WORDS] {
    let [.., a, b, c, d] = fingerprint.to_be_bytes();
    let low = u32::from_be_bytes([a, b, c, d]);
    SALTS.map(|salt| 1 << (low.wrapping_mul(salt) >> 26))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Well spread numbers that repeat themselves in every run of the test.
    fn spread(number: u64) -> u64 {
        let mixed = (number ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 31)).wrapping_mul(0x94d0_49bb_1331_11eb)
    }

    #[test]
    fn nothing_is_missed_and_little_is_invented() {
        // Two pieces and a rest.
        let leaves = 120_000;
        let span = Span::new(0, leaves).unwrap();
        let seal = Seal::new(span);
        let mut inserted: Vec<u64> = (0..leaves).map(spread).collect();
        inserted.sort_unstable();
        let mut making = Making::new(span, Filtering::InMemory);
        let mut file = Vec::new();
        for fingerprint in &inserted {
            making.insert(*fingerprint, &seal, &mut file).unwrap();
        }
        let made = making.finish(&seal, &mut file).unwrap();
        assert_eq!(file.len() as u64, span.footer_at());
        let open = |filtering| Filter::open(&file, span, &seal, filtering).unwrap().unwrap();
        let [whole, part, none] = [Filtering::InMemory, Filtering::InPart, Filtering::InFile].map(open);
        assert_eq!(whole.kept, made.kept);
        assert!(matches!(&whole.kept, Kept::Lines(lines) if lines.0.len() == 3));
        let mut spared = 0;
        let mut may_contain = |fingerprint| {
            let Answer::InLine(number) = none.ask(fingerprint) else { panic!("nothing is in memory") };
            let line = Line::read(&file, span, &seal, number).unwrap().unwrap();
            let may_contain = line.may_contain(fingerprint);
            assert_eq!(whole.ask(fingerprint) == Answer::Maybe, may_contain);
            match part.ask(fingerprint) {
                Answer::InLine(again) => assert_eq!(again, number),
                answer => {
                    assert!(answer == Answer::No && !may_contain);
                    spared += 1;
                }
            }
            may_contain
        };
        assert!(inserted.into_iter().all(&mut may_contain));
        let invented = (leaves..leaves + 100_000).filter(|leaf| may_contain(spread(*leaf))).count();
        assert!((500..2_500).contains(&invented), "{invented} of 100,000");
        assert!((70_000..80_000).contains(&spared), "{spared} of 100,000 lines not read");
    }
}
