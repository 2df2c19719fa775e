//! When a round waits a moment for more entries.
//!
//! A lone entry waits for nothing. In a crowd, a further entry costs a round next to nothing, but a round of its own costs a flush, a
//! signature and some switches of threads, and takes them from the processors that prepare the next entries: with a round
//! as soon as two or three wait, everybody's turn comes later.

use std::time::Duration;

/// A round with so many entries is a crowd's. Few clients who take turns never make one, so none of them is kept waiting.
const CROWD: usize = 4;

/// With so many waiting the cost of a round is shared well enough.
const ENOUGH: usize = 64;

/// The shortest time that a timer knows; a third of what a crowd of [`ENOUGH`] waits for its processors.
const MOMENT: Duration = Duration::from_millis(1);

/// How long the next round is put off, if the one before had so many entries and so many wait now. The first entry after a crowd
/// has gone waits too, once.
pub(crate) fn patience(entries_before: usize, waiting: usize) -> Option<Duration> {
    (entries_before >= CROWD && waiting < ENOUGH).then_some(MOMENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_crowd_that_has_not_gathered_yet_is_waited_for() {
        assert_eq!(patience(0, 1), None);
        assert_eq!(patience(CROWD - 1, CROWD - 1), None);
        assert_eq!(patience(CROWD, 1), Some(MOMENT));
        assert_eq!(patience(CROWD, ENOUGH), None);
    }
}
