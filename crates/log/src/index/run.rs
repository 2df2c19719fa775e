//! A run: an immutable file of records, one for each leaf of a span, sorted by fingerprint.
//!
//! ```text
//! pages     4096 B each: 341 records of (fingerprint 8 B, leaf − first 4 B), zeros in the rest of the last one,
//!           CRC-32 over magic, span, number of the page and the records
//! fences    the fingerprint of the first record of each page, 8 B each
//! filter    lines of 64 B, ten bits per leaf: seven words of 8 B, four zeros, CRC-32 as that of a page, the first line
//!           being the page after the last
//! footer    magic 16 B, first 8 B, count 8 B, identity of the last leaf 32 B, CRC-32 over the fences,
//!           CRC-32 over the footer
//! ```
//! Numbers are big-endian. The length follows from the span, which is also in the name: `<first>-<count>.run`.

mod budget;
mod fences;
mod filter;
mod layout;
mod page;
mod records;
mod writer;

pub use budget::Budget;
pub use filter::Part;
pub(super) use layout::MAX_LEAVES;
pub use layout::Span;
pub use records::Records;
pub use writer::{Writer, Written};

use self::{
    fences::Fences,
    filter::{Answer, Filter, Kept, Line},
    layout::Footer,
    page::{Page, Seal},
};
use super::{Candidates, IndexError};
use sealwax_tlog::Hash;
use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Bytes that can be read at any place, by many threads at once.
pub trait Source {
    /// Fills `into` with the bytes from `at` on.
    ///
    /// # Errors
    /// The system's; [`io::ErrorKind::UnexpectedEof`].
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()>;

    /// How many bytes there are.
    ///
    /// # Errors
    /// The system's.
    fn length(&self) -> io::Result<u64>;
}

/// Where bytes can be put at any place.
pub trait Sink {
    /// Puts all bytes from `at` on.
    ///
    /// # Errors
    /// The system's.
    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<()>;
}

impl Source for File {
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(into, at)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }
}

impl Source for Vec<u8> {
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let bytes = at.checked_add(into.len()).and_then(|end| self.get(at..end));
        into.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }
}

impl Sink for Vec<u8> {
    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let at = usize::try_from(at).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let end = at.saturating_add(bytes.len());
        self.resize(self.len().max(end), 0);
        self.get_mut(at..end).into_iter().for_each(|place| place.copy_from_slice(bytes));
        Ok(())
    }
}

/// A run whose length and fences are right; each page, and each line of a filter that stays in the file, is checked when it
/// is read.
#[derive(Debug)]
pub struct Run<S = File> {
    source: S,
    file: PathBuf,
    span: Span,
    last: Hash,
    fences: Fences,
    filter: Filter,
    seal: Seal,
}

impl<S: Source> Run<S> {
    /// Opens a run that should cover `span`.
    ///
    /// # Errors
    /// [`IndexError::Damaged`].
    pub fn open(source: S, file: PathBuf, span: Span) -> Result<Self, IndexError> {
        let damaged = |cause: Option<io::Error>| IndexError::Damaged {
            file: file.clone(),
            first: span.first(),
            page: None,
            cause: cause.map(Arc::new),
        };
        let unreadable = |error| damaged(Some(error));
        if source.length().map_err(unreadable)? != span.file_bytes() {
            return Err(damaged(None));
        }
        let mut footer = [0; Footer::BYTES];
        source.read_at(span.footer_at(), &mut footer).map_err(unreadable)?;
        let footer = Footer::parse(&footer, span).ok_or_else(|| damaged(None))?;
        let (fences, checksum) = Fences::read(&source, span).map_err(unreadable)?;
        if checksum != footer.fences {
            return Err(damaged(None));
        }
        let (filter, seal) = (Filter::in_file(span), Seal::new(span));
        Ok(Self { source, file, span, last: footer.last, fences, filter, seal })
    }

    /// The run that was written to `source`.
    #[must_use]
    pub fn written(source: S, file: PathBuf, written: Written) -> Self {
        let Written { span, last, fences, seal } = written;
        Self { source, file, span, last, fences, filter: Filter::in_file(span), seal }
    }

    /// Takes this part of each line of the filter into memory, as far as the budget has room. Lookups may go on meanwhile.
    ///
    /// # Errors
    /// [`IndexError::Damaged`].
    pub fn keep(&self, part: Part, budget: &Arc<Budget>) -> Result<(), IndexError> {
        let kept = Kept::read(&self.source, self.span, &self.seal, part, budget);
        let kept = kept.map_err(|error| self.damaged(None, Some(error)))?;
        self.filter.keep(kept.ok_or_else(|| self.damaged(None, None))?);
        Ok(())
    }

    /// The leaves it covers.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// The identity of the last of them.
    #[must_use]
    pub fn last(&self) -> &Hash {
        &self.last
    }

    /// Where it lies.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Adds the leaves with this fingerprint, in their order.
    pub(super) fn find(&self, fingerprint: u64, found: &mut Candidates) -> Result<(), IndexError> {
        if !self.may_contain(fingerprint)? {
            return Ok(());
        }
        for number in self.fences.pages(fingerprint) {
            if found.is_full() {
                break;
            }
            let page = self.page(number)?;
            for (_, offset) in page.equal_range(fingerprint) {
                found.push(self.span.first() + u64::from(offset));
            }
        }
        Ok(())
    }

    /// All records in order, read in large pieces.
    #[must_use]
    pub fn records(&self) -> Records<'_, S> {
        Records::new(self)
    }

    fn may_contain(&self, fingerprint: u64) -> Result<bool, IndexError> {
        let number = match self.filter.ask(fingerprint) {
            Answer::No => return Ok(false),
            Answer::Maybe => return Ok(true),
            Answer::InLine(number) => number,
        };
        let line = Line::read(&self.source, self.span, &self.seal, number);
        let line = line.map_err(|error| self.damaged(None, Some(error)))?;
        Ok(line.ok_or_else(|| self.damaged(None, None))?.may_contain(fingerprint))
    }

    fn page(&self, number: u64) -> Result<Page, IndexError> {
        let mut bytes = [0; page::BYTES];
        let at = number * page::BYTES as u64;
        self.source.read_at(at, &mut bytes).map_err(|error| self.damaged(Some(number), Some(error)))?;
        Page::open(bytes, &self.seal, number, self.span).ok_or_else(|| self.damaged(Some(number), None))
    }

    /// What cannot be read is as lost as what has a wrong checksum: bad sectors, a file that has become shorter.
    fn damaged(&self, page: Option<u64>, cause: Option<io::Error>) -> IndexError {
        let (file, cause) = (self.file.clone(), cause.map(Arc::new));
        IndexError::Damaged { file, first: self.span.first(), page, cause }
    }

    /// Pieces of the memory for filters.
    pub(super) fn kept_pieces(&self) -> usize {
        self.filter.kept_pieces()
    }

    /// [`Run::find`], for the fuzzer.
    ///
    /// # Errors
    /// [`IndexError::Damaged`].
    pub fn leaves(&self, fingerprint: u64) -> Result<Candidates, IndexError> {
        let mut found = Candidates::new(fingerprint, self.span.end());
        self.find(fingerprint, &mut found)?;
        Ok(found)
    }
}
