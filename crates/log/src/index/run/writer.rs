use super::{Sink, Span, fences::Fences, filter::Making, layout::Footer, page, page::Seal};
use sealwax_tlog::Hash;
use std::io;

/// How much is handed to the file at once.
const PIECE_BYTES: usize = 1 << 18;

/// Writes a run from its records in order.
#[derive(Debug)]
pub struct Writer<S> {
    out: S,
    span: Span,
    seal: Seal,
    /// Whole pages that wait to be handed over, and where they go.
    piece: Vec<u8>,
    piece_at: u64,
    /// The records of the page that is being filled.
    body: Vec<u8>,
    pushed: u64,
    previous: (u64, u32),
    fences: Fences,
    filter: Making,
}

/// What is known of a run that was written, so that it need not be read.
#[derive(Debug)]
pub struct Written {
    pub(super) span: Span,
    pub(super) last: Hash,
    pub(super) fences: Fences,
    pub(super) seal: Seal,
}

impl<S: Sink> Writer<S> {
    /// Begins a run of `span`.
    pub fn new(out: S, span: Span) -> Self {
        Self {
            out,
            span,
            seal: Seal::new(span),
            piece: Vec::new(),
            piece_at: 0,
            body: Vec::with_capacity(page::BYTES),
            pushed: 0,
            previous: (0, 0),
            fences: Fences::empty(span),
            filter: Making::new(span),
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
        self.filter.insert(fingerprint, &self.seal, &mut self.out)?;
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
    pub fn finish(mut self, last: Hash) -> io::Result<(S, Written)> {
        if self.pushed != self.span.count() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        if !self.body.is_empty() {
            self.close_page()?;
        }
        self.write_piece()?;
        let Self { mut out, span, seal, fences, filter, .. } = self;
        let footer = Footer { last, fences: fences.write(span, &mut out)? };
        filter.finish(&seal, &mut out)?;
        out.write_at(span.footer_at(), &footer.write(span))?;
        Ok((out, Written { span, last, fences, seal }))
    }

    fn close_page(&mut self) -> io::Result<()> {
        let number = (self.pushed - 1) / page::RECORDS as u64;
        self.seal.close(number, &mut self.body);
        self.piece.append(&mut self.body);
        if self.piece.len() >= PIECE_BYTES { self.write_piece() } else { Ok(()) }
    }

    fn write_piece(&mut self) -> io::Result<()> {
        self.out.write_at(self.piece_at, &self.piece)?;
        self.piece_at += self.piece.len() as u64;
        self.piece.clear();
        Ok(())
    }
}
