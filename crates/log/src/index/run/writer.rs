use super::{Span, filter::Filter, layout::Footer, page, page::Seal};
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
    fences: Vec<u64>,
    filter: Option<Filter>,
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
            fences: Vec::with_capacity(usize::try_from(span.pages()).unwrap_or_default()),
            filter: span.has_filter().then(|| Filter::for_leaves(span.count())),
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
        if self.body.is_empty() {
            self.fences.push(fingerprint);
        }
        if let Some(filter) = &mut self.filter {
            filter.insert(fingerprint);
        }
        page::encode(record, &mut self.body);
        self.previous = record;
        self.pushed += 1;
        if self.pushed.is_multiple_of(page::RECORDS as u64) {
            self.close_page()?;
        }
        Ok(())
    }

    /// Writes the tables, and hands the output back with everything in it.
    ///
    /// # Errors
    /// Those of the output; [`io::ErrorKind::InvalidInput`] if leaves are missing.
    pub fn finish(mut self, last: Hash) -> io::Result<W> {
        if self.pushed != self.span.count() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        if !self.body.is_empty() {
            self.close_page()?;
        }
        let mut tables: Vec<u8> = self.fences.iter().flat_map(|fence| fence.to_be_bytes()).collect();
        if let Some(filter) = &self.filter {
            tables.extend(filter.to_bytes());
        }
        let footer = Footer { last, tables: crc32fast::hash(&tables) };
        self.out.write_all(&self.piece)?;
        self.out.write_all(&tables)?;
        self.out.write_all(&footer.write(self.span))?;
        Ok(self.out)
    }

    fn close_page(&mut self) -> io::Result<()> {
        self.seal.close(self.fences.len() as u64 - 1, &mut self.body);
        self.piece.append(&mut self.body);
        if self.piece.len() >= PIECE_BYTES {
            self.out.write_all(&self.piece)?;
            self.piece.clear();
        }
        Ok(())
    }
}
