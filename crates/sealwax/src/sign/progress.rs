//! How far many signatures are: one line on standard error, on a terminal only, below the results that have come.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// What is done sooner needs no line.
const SOON: Duration = Duration::from_secs(1);

/// Columns of the bar.
const COLUMNS: usize = 24;

/// The line, and what it counts.
pub struct Progress {
    total: usize,
    done: usize,
    failed: usize,
    begun: Instant,
    is_watched: bool,
    is_shown: bool,
}

impl Progress {
    /// Of so many; of a single one there is nothing to count.
    pub fn of(total: usize) -> Self {
        let is_watched = total > 1 && io::stderr().is_terminal();
        Self { total, done: 0, failed: 0, begun: Instant::now(), is_watched, is_shown: false }
    }

    /// Takes the line away, so that something else can be written there.
    pub fn hide(&mut self) {
        if std::mem::take(&mut self.is_shown) {
            put("\r\x1b[K");
        }
    }

    /// One more is done; the line is there again, if it is worth one.
    pub fn count(&mut self, is_signed: bool) {
        self.done += 1;
        self.failed += usize::from(!is_signed);
        let elapsed = self.begun.elapsed();
        if self.is_watched && elapsed >= SOON && self.done < self.total {
            self.is_shown = true;
            put(&format!("\r\x1b[K{}", self.line(elapsed)));
        }
    }

    fn line(&self, elapsed: Duration) -> String {
        let full = COLUMNS * self.done / self.total.max(1);
        let bar = format!("{}{}", "#".repeat(full), "-".repeat(COLUMNS - full));
        let failed = if self.failed == 0 { String::new() } else { format!(", {} not signed", self.failed) };
        let done = u32::try_from(self.done).unwrap_or(u32::MAX).max(1);
        let left = u32::try_from(self.total - self.done).unwrap_or(u32::MAX);
        let seconds = (elapsed / done).saturating_mul(left).as_secs();
        format!("[{bar}] {} of {}{failed}, about {seconds} s left", self.done, self.total)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.hide();
    }
}

fn put(text: &str) {
    // Whoever has closed standard error does not want to see it.
    let mut errors = io::stderr().lock();
    let _ = errors.write_all(text.as_bytes()).and_then(|()| errors.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_many_and_how_long() {
        let mut progress = Progress::of(1000);
        progress.is_watched = false;
        for number in 0..250 {
            progress.count(number % 125 != 0);
        }
        assert_eq!(
            progress.line(Duration::from_secs(5)),
            "[######------------------] 250 of 1000, 2 not signed, about 15 s left"
        );
    }
}
