use std::sync::{Mutex, MutexGuard, PoisonError};

/// Words of a piece: 16 KiB, the first words of 1024 lines of a filter, or 292 whole ones.
pub(super) const PIECE_WORDS: usize = 2048;

/// So many pieces are made one by one, which is enough for a log of 200,000 leaves; whoever needs more gets all at once.
const FEW: usize = 16;

/// A piece of the memory for filters.
pub(super) type Piece = Box<[u64]>;

/// The memory that the filters of all runs share, so that an index of any size has the same.
///
/// A small log pays for what it needs. A larger one has all of the budget from then on, taken from the system for good:
/// what a server needs after a year shows after a minute.
#[derive(Debug)]
pub struct Budget {
    /// In pieces.
    limit: usize,
    pieces: Mutex<Pieces>,
}

#[derive(Debug, Default)]
struct Pieces {
    free: Vec<Piece>,
    /// Free or handed out.
    made: usize,
}

impl Budget {
    /// A budget of so many bytes, rounded down to pieces of 16 KiB.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self { limit: bytes / (8 * PIECE_WORDS), pieces: Mutex::default() }
    }

    /// A piece for a run that holds so many. It gets no more than half of what nobody else has: the runs that come after
    /// it are shorter than it is, all together, and are asked as often.
    pub(super) fn take(&self, held: usize) -> Option<Piece> {
        let mut pieces = self.pieces();
        let handed_out = pieces.made - pieces.free.len();
        let nobody_else_has = self.limit - handed_out + held;
        if held >= nobody_else_has.div_ceil(2) {
            return None;
        }
        if pieces.free.is_empty() {
            let upto = if pieces.made < FEW { pieces.made + 1 } else { self.limit };
            pieces.make(upto);
        }
        pieces.free.pop()
    }

    /// How many pieces are handed out.
    #[must_use]
    pub fn in_use(&self) -> usize {
        let pieces = self.pieces();
        pieces.made - pieces.free.len()
    }

    pub(super) fn give_back(&self, returned: &mut Vec<Piece>) {
        self.pieces().free.append(returned);
    }

    fn pieces(&self) -> MutexGuard<'_, Pieces> {
        self.pieces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pieces {
    /// Written to, so that the system has to give the memory now.
    fn make(&mut self, upto: usize) {
        let fresh = (self.made..upto).map(|_| vec![u64::MAX; PIECE_WORDS].into_boxed_slice());
        self.free.extend(fresh);
        self.made = upto;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take_all(budget: &Budget) -> Vec<Piece> {
        let mut pieces = Vec::new();
        while let Some(piece) = budget.take(pieces.len()) {
            pieces.push(piece);
        }
        pieces
    }

    #[test]
    fn each_leaves_as_much_as_it_takes() {
        let budget = Budget::new(64 * 8 * PIECE_WORDS + 5);
        let mut first = take_all(&budget);
        assert_eq!(first.len(), 32);
        let others: Vec<_> = (0..7).map(|_| take_all(&budget)).collect();
        assert_eq!(others.iter().map(Vec::len).collect::<Vec<_>>(), [16, 8, 4, 2, 1, 1, 0]);
        budget.give_back(&mut first);
        assert_eq!(take_all(&budget).len(), 16);
        assert!(first.is_empty() && Budget::new(8 * PIECE_WORDS - 1).take(0).is_none());
    }

    #[test]
    fn a_small_log_pays_for_what_it_needs_and_a_larger_one_for_all() {
        let budget = Budget::new(64 * 8 * PIECE_WORDS);
        let mut held = Vec::new();
        for count in 1..=FEW {
            held.extend(budget.take(0));
            assert_eq!((held.len(), budget.pieces().made), (count, count));
        }
        budget.give_back(&mut held);
        held = (0..FEW).filter_map(|_| budget.take(0)).collect();
        assert_eq!(budget.pieces().made, FEW, "what came back is taken first");
        held.extend(budget.take(0));
        for _ in 0..3 {
            assert_eq!(budget.pieces().made, 64);
            budget.give_back(&mut held);
            held = take_all(&budget);
        }
    }
}
