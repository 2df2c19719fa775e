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

/// How long at most: the shortest time that a timer knows. The first entry after a crowd has gone waits as long, once.
pub(crate) const MOMENT: Duration = Duration::from_millis(1);

/// How many the next round waits for, if the one before had so many entries and so many wait now: a crowd that takes turns comes
/// back as a whole, and is not kept waiting for others.
pub(crate) fn wanted(entries_before: usize, waiting: usize) -> Option<usize> {
    let wanted = entries_before.min(ENOUGH);
    (wanted >= CROWD && waiting < wanted).then_some(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_crowd_that_has_not_gathered_yet_is_waited_for() {
        assert_eq!(wanted(0, 1), None);
        assert_eq!(wanted(CROWD - 1, 1), None);
        assert_eq!(wanted(CROWD, 1), Some(CROWD));
        assert_eq!(wanted(CROWD, CROWD), None);
        assert_eq!(wanted(10 * ENOUGH, 1), Some(ENOUGH));
    }
}
