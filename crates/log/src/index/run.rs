//! A run: an immutable file of records, one for each leaf of a span, sorted by fingerprint.
//!
//! ```text
//! pages     4096 B each: 341 records of (fingerprint 8 B, leaf − first 4 B), zeros in the rest of the last one,
//!           CRC-32 over magic, span, number of the page and the records
//! fences    the fingerprint of the first record of each page, 8 B each
//! filter    blocks of 32 B, ten bits per leaf; none in runs of more than 2²⁴ leaves
//! footer    magic 16 B, first 8 B, count 8 B, identity of the last leaf 32 B, CRC-32 over fences and filter,
//!           CRC-32 over the footer
//! ```
//! Numbers are big-endian. The length follows from the span, which is also in the name: `<first>-<count>.run`.

mod filter;
mod layout;
mod page;
mod records;
mod writer;

pub(super) use layout::MAX_LEAVES;
pub use layout::Span;
pub use records::Records;
pub use writer::Writer;

use self::{filter::Filter, layout::Footer, page::Page, page::Seal};
use super::{Candidates, IndexError};
use sealwax_tlog::Hash;
use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
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

/// A run whose length and tables are right; each page is checked when it is read.
#[derive(Debug)]
pub struct Run<S = File> {
    source: S,
    file: PathBuf,
    span: Span,
    last: Hash,
    fences: Vec<u64>,
    filter: Option<Filter>,
    seal: Seal,
}

impl<S: Source> Run<S> {
    /// Reads the tables of a run that should cover `span`.
    ///
    /// # Errors
    /// [`IndexError::Damaged`], [`IndexError::Io`].
    pub fn open(source: S, file: PathBuf, span: Span) -> Result<Self, IndexError> {
        let length = source.length().map_err(IndexError::io(&file))?;
        let damaged = || IndexError::Damaged { file: file.clone(), first: span.first(), page: None };
        if length != span.file_bytes() {
            return Err(damaged());
        }
        let read = |at: u64, bytes: u64| {
            let mut buffer = vec![0; usize::try_from(bytes).map_err(|_| damaged())?];
            source.read_at(at, &mut buffer).map_err(IndexError::io(&file))?;
            Ok::<_, IndexError>(buffer)
        };
        let footer = Footer::parse(&read(span.footer_at(), Footer::BYTES)?, span).ok_or_else(damaged)?;
        let tables = read(span.fences_at(), span.footer_at() - span.fences_at())?;
        if crc32fast::hash(&tables) != footer.tables {
            return Err(damaged());
        }
        let fence_bytes = usize::try_from(span.fence_bytes()).map_err(|_| damaged())?;
        let (fences, filter) = tables.split_at_checked(fence_bytes).ok_or_else(damaged)?;
        let fences = fences.as_chunks().0.iter().map(|fence| u64::from_be_bytes(*fence)).collect();
        let filter = span.has_filter().then(|| Filter::from_bytes(filter));
        Ok(Self { source, file, span, last: footer.last, fences, filter, seal: Seal::new(span) })
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
        if self.filter.as_ref().is_some_and(|filter| !filter.may_contain(fingerprint)) {
            return Ok(());
        }
        // The page before the first one that begins at or above the fingerprint may end with it.
        let from = self.fences.partition_point(|fence| *fence < fingerprint).saturating_sub(1);
        let pages = self.fences.iter().enumerate().skip(from);
        for (number, _) in pages.take_while(|(_, fence)| **fence <= fingerprint) {
            if found.is_full() {
                break;
            }
            let page = self.page(number as u64)?;
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

    fn page(&self, number: u64) -> Result<Page, IndexError> {
        let mut bytes = [0; page::BYTES];
        let at = number * page::BYTES as u64;
        self.source.read_at(at, &mut bytes).map_err(|error| self.unreadable(number, error))?;
        Page::open(bytes, &self.seal, number, self.span).ok_or_else(|| self.damaged(number))
    }

    fn damaged(&self, page: u64) -> IndexError {
        IndexError::Damaged { file: self.file.clone(), first: self.span.first(), page: Some(page) }
    }

    /// A file that has become shorter is damaged as well.
    fn unreadable(&self, page: u64, error: io::Error) -> IndexError {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => self.damaged(page),
            _ => IndexError::io(&self.file)(error),
        }
    }

    /// [`Run::find`], for the fuzzer.
    ///
    /// # Errors
    /// [`IndexError::Damaged`], [`IndexError::Io`].
    pub fn leaves(&self, fingerprint: u64) -> Result<Candidates, IndexError> {
        let mut found = Candidates::new(fingerprint, self.span.end());
        self.find(fingerprint, &mut found)?;
        Ok(found)
    }
}
