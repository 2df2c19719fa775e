use super::{Span, layout::Footer, page, page::Seal, tables::Tables};
use sealwax_tlog::Hash;
use std::io::{self, Write};

/// How much is handed to the file at once.
const PIECE_BYTES: usize = 1 << 20;

/// Writes a run from its records in order.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    span: Span,
    seal: Seal,
    /// Whole pages that wait to be handed over.
    piece: Vec<u8>,
    /// The records of the page that is being filled.
    body: Vec<u8>,
    pushed: u64,
    previous: (u64, u32),
    tables: Tables,
}

/// What is known of a run that was written, so that it need not be read.
#[derive(Debug)]
pub struct Written {
    pub(super) span: Span,
    pub(super) last: Hash,
    pub(super) tables: Tables,
    pub(super) seal: Seal,
}

impl<W: Write> Writer<W> {
    /// Begins a run of `span`.
    pub fn new(out: W, span: Span) -> Self {
        Self {
            out,
            span,
            seal: Seal::new(span),
            piece: Vec::new(),
            body: Vec::with_capacity(page::BYTES),
            pushed: 0,
            previous: (0, 0),
            tables: Tables::empty(span),
        }
    }

    /// Adds a record.
    ///
    /// # Errors
    /// Those of the output; [`io::ErrorKind::InvalidInput`] if the record is out of order or not of this span.
    pub fn push(&mut self, fingerprint: u64, leaf: u64) -> io::Result<()> {
        let offset = leaf.checked_sub(self.span.first()).filter(|offset| *offset < self.span.count());
        let offset =
            offset.and_then(|offset| u32::try_from(offset).ok()).ok_or(io::ErrorKind::InvalidInput)?;
        let record = (fingerprint, offset);
        if self.pushed == self.span.count() || (self.pushed > 0 && record <= self.previous) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        self.tables.add(fingerprint, self.body.is_empty());
        page::encode(record, &mut self.body);
        self.previous = record;
        self.pushed += 1;
        if self.pushed.is_multiple_of(page::RECORDS as u64) {
            self.close_page()?;
        }
        Ok(())
    }

    /// Writes the rest, and hands the output back with the run that is in it.
    ///
    /// # Errors
    /// Those of the output; [`io::ErrorKind::InvalidInput`] if leaves are missing.
    pub fn finish(mut self, last: Hash) -> io::Result<(W, Written)> {
        if self.pushed != self.span.count() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        if !self.body.is_empty() {
            self.close_page()?;
        }
        self.out.write_all(&self.piece)?;
        let footer = Footer { last, tables: self.tables.write(&mut self.out)? };
        self.out.write_all(&footer.write(self.span))?;
        Ok((self.out, Written { span: self.span, last, tables: self.tables, seal: self.seal }))
    }

    fn close_page(&mut self) -> io::Result<()> {
        let number = (self.pushed - 1) / page::RECORDS as u64;
        self.seal.close(number, &mut self.body);
        self.piece.append(&mut self.body);
        if self.piece.len() >= PIECE_BYTES {
            self.out.write_all(&self.piece)?;
            self.piece.clear();
        }
        Ok(())
    }
}
