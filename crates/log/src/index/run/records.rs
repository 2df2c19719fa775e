use super::{IndexError, Run, Source, page};

/// How much is read at once: large enough that the system call does not count, small enough for two dozen runs.
const PIECE_PAGES: usize = 8;

/// The records of a run in order, each page checked.
#[derive(Debug)]
pub struct Records<'r, S> {
    run: &'r Run<S>,
    /// The records of a piece, decoded.
    piece: std::vec::IntoIter<(u64, u32)>,
    next_page: u64,
    buffer: Vec<u8>,
    previous: (u64, u32),
}

impl<'r, S: Source> Records<'r, S> {
    pub(super) fn new(run: &'r Run<S>) -> Self {
        Self { run, piece: Vec::new().into_iter(), next_page: 0, buffer: Vec::new(), previous: (0, 0) }
    }

    /// The next fingerprint and leaf; `None` after the last.
    ///
    /// # Errors
    /// [`IndexError::Damaged`].
    #[expect(clippy::should_implement_trait, reason = "errors are met with `?`, and nothing follows them")]
    pub fn next(&mut self) -> Result<Option<(u64, u64)>, IndexError> {
        loop {
            if let Some((fingerprint, offset)) = self.piece.next() {
                return Ok(Some((fingerprint, self.run.span.first() + u64::from(offset))));
            }
            if self.next_page == self.run.span.pages() {
                return Ok(None);
            }
            self.read_piece()?;
        }
    }

    fn read_piece(&mut self) -> Result<(), IndexError> {
        let run = self.run;
        let rest = usize::try_from(run.span.pages() - self.next_page).unwrap_or(usize::MAX);
        self.buffer.resize(rest.min(PIECE_PAGES) * page::BYTES, 0);
        let at = self.next_page * page::BYTES as u64;
        let read = run.source.read_at(at, &mut self.buffer);
        read.map_err(|error| run.damaged(Some(self.next_page), Some(error)))?;
        let mut piece = Vec::with_capacity(PIECE_PAGES * page::RECORDS);
        for (page, number) in self.buffer.chunks(page::BYTES).zip(self.next_page..) {
            let records =
                run.seal.open(number, run.span, page).ok_or_else(|| run.damaged(Some(number), None))?;
            for record in records.iter().map(page::decode) {
                // What a merge takes over must be what a lookup relies on.
                if record < self.previous || u64::from(record.1) >= run.span.count() {
                    return Err(run.damaged(Some(number), None));
                }
                self.previous = record;
                piece.push(record);
            }
            self.next_page = number + 1;
        }
        self.piece = piece.into_iter();
        Ok(())
    }
}
