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
mod tables;
mod writer;

pub(super) use layout::MAX_LEAVES;
pub use layout::Span;
pub use records::Records;
pub use writer::{Writer, Written};

use self::{layout::Footer, page::Page, page::Seal, tables::Tables};
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
    tables: Tables,
    seal: Seal,
}

impl<S: Source> Run<S> {
    /// Reads the tables of a run that should cover `span`.
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
        let (tables, checksum) = Tables::read(&source, span).map_err(unreadable)?;
        if checksum != footer.tables {
            return Err(damaged(None));
        }
        Ok(Self { source, file, span, last: footer.last, tables, seal: Seal::new(span) })
    }

    /// The run that was written to `source`.
    #[must_use]
    pub fn written(source: S, file: PathBuf, Written { span, last, tables, seal }: Written) -> Self {
        Self { source, file, span, last, tables, seal }
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
        for number in self.tables.pages(fingerprint) {
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

    fn page(&self, number: u64) -> Result<Page, IndexError> {
        let mut bytes = [0; page::BYTES];
        let at = number * page::BYTES as u64;
        self.source.read_at(at, &mut bytes).map_err(|error| self.damaged(number, Some(error)))?;
        Page::open(bytes, &self.seal, number, self.span).ok_or_else(|| self.damaged(number, None))
    }

    /// A page that cannot be read is as lost as one with a wrong checksum: bad sectors, a file that has become shorter.
    fn damaged(&self, page: u64, cause: Option<io::Error>) -> IndexError {
        let (file, cause) = (self.file.clone(), cause.map(Arc::new));
        IndexError::Damaged { file, first: self.span.first(), page: Some(page), cause }
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
