//! Whoever reads the output, and may go away.

use std::io::{self, Write};

/// The exit code when the reader has gone: what shells report of programs that the signal for it ends (128 + SIGPIPE). It is none
/// of the codes of a verdict, so that a verdict that nobody has read counts as none.
pub const GONE: u8 = 141;

/// Passes everything on, and remembers whether the other end was closed.
pub struct Reader<W> {
    output: W,
    gone: bool,
}

impl<W> Reader<W> {
    /// A reader who is still there.
    pub fn new(output: W) -> Self {
        Self { output, gone: false }
    }

    /// Whether the reader has gone, so that there is nobody to tell.
    pub fn is_gone(&self) -> bool {
        self.gone
    }

    fn watch<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result {
            self.gone |= error.kind() == io::ErrorKind::BrokenPipe;
        }
        result
    }
}

impl<W: Write> Write for Reader<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.output.write(bytes);
        self.watch(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.output.flush();
        self.watch(flushed)
    }
}
