//! A Bloom filter in lines of 64 bytes: seven words, in each of which a leaf sets one bit, and a checksum. One cache line,
//! or one short read, for each question. At ten bits per leaf some 1 % of what is not there looks as if it were, and costs
//! the read of a page.
//!
//! The line is chosen by the high bits of the fingerprint, so a run, which is sorted, fills them one after the other, and
//! whoever writes one needs memory for a piece only.

use super::{
    Budget, Sink, Source, Span,
    budget::{PIECE_WORDS, Piece},
    page::Seal,
};
use std::{io, sync::Arc, sync::OnceLock};

/// How long a line is in the file.
pub(super) const LINE_BYTES: usize = 64;

const WORDS: usize = 7;
const BITS_PER_LEAF: u64 = 10;
const BITS_PER_LINE: u64 = 64 * WORDS as u64;

/// How many lines are written at once.
const WRITTEN_LINES: usize = 1024;

/// Odd numbers; each makes another bit of the same 32.
const SALTS: [u32; WORDS] =
    [0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947];

/// How many lines the filter of a run has.
pub(super) fn lines_for(leaves: u64) -> u64 {
    (leaves * BITS_PER_LEAF).div_ceil(BITS_PER_LINE)
}

/// The filter of a run: all of it in its file, and some in memory.
#[derive(Debug)]
pub(super) struct Filter {
    lines: u64,
    kept: OnceLock<Kept>,
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

/// What of each line is in memory, as far as there is room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it: 1.25 bytes for each leaf.
    Whole,
    /// The first two words, 0.36 bytes for each leaf: three quarters of what is not there are not in these either.
    Gist,
}

/// What is in memory: words of the lines from the first on. The pieces are this filter's alone, and go back when the last
/// who looks something up in the run is gone.
#[derive(Debug)]
pub(super) struct Kept {
    part: Part,
    pieces: Vec<Piece>,
    budget: Arc<Budget>,
}

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
}

impl Filter {
    pub(super) fn in_file(span: Span) -> Self {
        Self { lines: span.lines(), kept: OnceLock::new() }
    }

    /// From now on memory answers as far as it can. Does nothing if it does already.
    pub(super) fn keep(&self, kept: Kept) {
        let _ = self.kept.set(kept);
    }

    /// How many pieces of memory it has.
    pub(super) fn kept_pieces(&self) -> usize {
        self.kept.get().map_or(0, |kept| kept.pieces.len())
    }

    /// Whether a fingerprint may be there, as far as memory knows.
    pub(super) fn ask(&self, fingerprint: u64) -> Answer {
        let number = line_of(fingerprint, self.lines);
        let Some(kept) = self.kept.get() else { return Answer::InLine(number) };
        match kept.words(number).map(|words| may_contain(words, fingerprint)) {
            Some(false) => Answer::No,
            Some(true) if kept.part == Part::Whole => Answer::Maybe,
            _ => Answer::InLine(number),
        }
    }
}

impl Kept {
    /// Reads as much as there is room for; `None` if a line is not what was written.
    pub(super) fn read(
        source: &impl Source,
        span: Span,
        seal: &Seal,
        part: Part,
        budget: &Arc<Budget>,
    ) -> io::Result<Option<Self>> {
        let mut kept = Self { part, pieces: Vec::new(), budget: budget.clone() };
        let mut bytes = Vec::new();
        for first in (0..span.lines()).step_by(part.lines()) {
            // It is the filter's at once, so that it goes back however this ends.
            let Some(taken) = budget.take(kept.pieces.len()) else { break };
            kept.pieces.push(taken);
            let Some(piece) = kept.pieces.last_mut() else { break };
            let rest = usize::try_from(span.lines() - first).unwrap_or(usize::MAX);
            bytes.resize(rest.min(part.lines()), [0; LINE_BYTES]);
            source.read_at(line_at(span, first), bytes.as_flattened_mut())?;
            for ((place, bytes), number) in piece.chunks_exact_mut(part.words()).zip(&bytes).zip(first..) {
                let Some(line) = Line::open(bytes, span, seal, number) else { return Ok(None) };
                place.iter_mut().zip(line.0).for_each(|(place, word)| *place = word);
            }
        }
        Ok(Some(kept))
    }

    /// The words of a line that are in memory.
    fn words(&self, line: u64) -> Option<&[u64]> {
        let line = usize::try_from(line).ok()?;
        let (words, lines) = (self.part.words(), self.part.lines());
        let at = line % lines * words;
        self.pieces.get(line / lines)?.get(at..at + words)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.budget.give_back(&mut self.pieces);
    }
}

impl Part {
    /// How many words of a line.
    fn words(self) -> usize {
        match self {
            Self::Whole => WORDS,
            Self::Gist => 2,
        }
    }

    /// Of how many lines a piece has these words.
    fn lines(self) -> usize {
        PIECE_WORDS / self.words()
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
    pub(super) fn new(span: Span) -> Self {
        Self { span, line: Line::default(), number: 0, piece: Vec::new() }
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
    pub(super) fn finish(mut self, seal: &Seal, out: &mut impl Sink) -> io::Result<()> {
        let lines = self.span.lines();
        while self.number < lines {
            self.close_line(seal, out)?;
        }
        self.write_piece(out)
    }

    fn close_line(&mut self, seal: &Seal, out: &mut impl Sink) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        line.write(self.span, seal, self.number, &mut self.piece);
        self.number += 1;
        if self.piece.len() >= WRITTEN_LINES * LINE_BYTES { self.write_piece(out) } else { Ok(()) }
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

    /// A run's filter in its file, and the fingerprints in it.
    fn written(leaves: u64) -> (Vec<u8>, Span, Vec<u64>) {
        let span = Span::new(0, leaves).unwrap();
        let mut inserted: Vec<u64> = (0..leaves).map(spread).collect();
        inserted.sort_unstable();
        let (mut making, mut file) = (Making::new(span), Vec::new());
        for fingerprint in &inserted {
            making.insert(*fingerprint, &Seal::new(span), &mut file).unwrap();
        }
        making.finish(&Seal::new(span), &mut file).unwrap();
        assert_eq!(file.len() as u64, span.footer_at());
        (file, span, inserted)
    }

    fn keeping(file: &Vec<u8>, span: Span, part: Part, budget: &Arc<Budget>) -> Filter {
        let filter = Filter::in_file(span);
        filter.keep(Kept::read(file, span, &Seal::new(span), part, budget).unwrap().unwrap());
        filter
    }

    fn pieces(count: usize) -> Arc<Budget> {
        Arc::new(Budget::new(count * PIECE_WORDS * 8))
    }

    #[test]
    fn nothing_is_missed_and_little_is_invented() {
        // 2,679 lines: three pieces of gists, ten of whole lines.
        let (file, span, inserted) = written(120_000);
        let seal = Seal::new(span);
        let whole = keeping(&file, span, Part::Whole, &pieces(20));
        let gists = keeping(&file, span, Part::Gist, &pieces(6));
        let none = Filter::in_file(span);
        assert_eq!([&whole, &gists].map(|filter| filter.kept.get().unwrap().pieces.len()), [10, 3]);
        let mut spared = 0;
        let mut may_contain = |fingerprint| {
            let Answer::InLine(number) = none.ask(fingerprint) else { panic!("nothing is in memory") };
            let line = Line::read(&file, span, &seal, number).unwrap().unwrap();
            let may_contain = line.may_contain(fingerprint);
            assert_eq!(whole.ask(fingerprint), if may_contain { Answer::Maybe } else { Answer::No });
            match gists.ask(fingerprint) {
                Answer::InLine(again) => assert_eq!(again, number),
                answer => {
                    assert!(answer == Answer::No && !may_contain);
                    spared += 1;
                }
            }
            may_contain
        };
        assert!(inserted.into_iter().all(&mut may_contain));
        let invented = (120_000..220_000).filter(|leaf| may_contain(spread(*leaf))).count();
        assert!((500..2_500).contains(&invented), "{invented} of 100,000");
        assert!((70_000..80_000).contains(&spared), "{spared} of 100,000 lines not read");
    }

    #[test]
    fn what_has_no_room_in_memory_is_in_the_file() {
        let (file, span, inserted) = written(120_000);
        let budget = pieces(4);
        let first = keeping(&file, span, Part::Gist, &budget);
        let second = keeping(&file, span, Part::Whole, &budget);
        let third = keeping(&file, span, Part::Whole, &budget);
        let fourth = keeping(&file, span, Part::Whole, &budget);
        let known = |filter: &Filter| {
            assert!(inserted.iter().all(|fingerprint| filter.ask(*fingerprint) != Answer::No));
            (0..span.lines()).filter(|line| filter.kept.get().unwrap().words(*line).is_some()).count()
        };
        assert_eq!([&first, &second, &third, &fourth].map(known), [2048, 292, 292, 0]);
        // A piece that others have used says nothing about them: a short filter in it has what it was made of.
        drop((first, second));
        let (file, span, inserted) = written(100);
        let filter = keeping(&file, span, Part::Gist, &budget);
        assert!(inserted.iter().all(|fingerprint| filter.ask(*fingerprint) != Answer::No));
        assert!((200..1_000).any(|leaf| filter.ask(spread(leaf)) == Answer::No));
    }

    #[test]
    fn a_filter_that_goes_or_cannot_be_read_gives_its_memory_back() {
        let (mut file, span, _) = written(120_000);
        let budget = pieces(6);
        for _ in 0..3 {
            assert_eq!(keeping(&file, span, Part::Gist, &budget).kept.get().unwrap().pieces.len(), 3);
        }
        let last = usize::try_from(line_at(span, span.lines() - 1)).unwrap();
        file[last] ^= 1;
        for _ in 0..3 {
            assert!(Kept::read(&file, span, &Seal::new(span), Part::Gist, &budget).unwrap().is_none());
        }
        file[last] ^= 1;
        assert_eq!(keeping(&file, span, Part::Gist, &budget).kept.get().unwrap().pieces.len(), 3);
    }
}
