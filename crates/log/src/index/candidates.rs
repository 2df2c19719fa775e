use super::IndexError;

/// How many leaves an answer names. Honest logs have one. Sixteen identities with one fingerprint of 64 bits take some
/// 2⁶⁰ hashes to find; a log that was imported may repeat one entry any number of times, and then the first one matches.
pub const MAX_CANDIDATES: usize = 16;

/// The leaves that may have the identity that was asked for, oldest first. If there are more than [`MAX_CANDIDATES`], the
/// last item is [`IndexError::Crowded`]: who has met no match until then must not take it for a miss.
///
/// ```
/// # use sealwax_log::index::{Index, IndexError};
/// # fn leaf_matches(_: u64) -> bool { false }
/// # fn duplicate_of(index: &Index, identity: &[u8; 32]) -> Result<Option<u64>, IndexError> {
/// for leaf in index.candidates(identity)? {
///     let leaf = leaf?;
///     if leaf_matches(leaf) {
///         return Ok(Some(leaf));
///     }
/// }
/// Ok(None) // certain, for the leaves below `absorbed`
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidates {
    fingerprint: u64,
    absorbed: u64,
    leaves: [u64; MAX_CANDIDATES],
    found: usize,
    handed_out: usize,
    crowded: bool,
}

impl Candidates {
    /// The answer covers the leaves below this one.
    #[must_use]
    pub fn absorbed(&self) -> u64 {
        self.absorbed
    }

    /// Whether no leaf below [`Candidates::absorbed`] has the identity.
    #[must_use]
    pub fn is_miss(&self) -> bool {
        self.found == 0 && !self.crowded
    }

    pub(super) fn new(fingerprint: u64, absorbed: u64) -> Self {
        Self { fingerprint, absorbed, leaves: [0; MAX_CANDIDATES], found: 0, handed_out: 0, crowded: false }
    }

    /// Adds a leaf newer than those before.
    pub(super) fn push(&mut self, leaf: u64) {
        match self.leaves.get_mut(self.found) {
            Some(place) => {
                *place = leaf;
                self.found += 1;
            }
            None => self.crowded = true,
        }
    }

    /// Whether another leaf would change nothing.
    pub(super) fn is_full(&self) -> bool {
        self.crowded
    }
}

impl Iterator for Candidates {
    type Item = Result<u64, IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.handed_out < self.found {
            let leaf = self.leaves.get(self.handed_out).copied();
            self.handed_out += 1;
            return leaf.map(Ok);
        }
        if self.crowded && self.handed_out == self.found {
            self.handed_out += 1;
            return Some(Err(IndexError::Crowded { fingerprint: self.fingerprint }));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_fit_end_in_an_error() {
        let mut candidates = Candidates::new(7, 100);
        assert!(candidates.is_miss());
        for leaf in 0..=MAX_CANDIDATES as u64 {
            assert!(!candidates.is_full());
            candidates.push(leaf);
        }
        assert!(candidates.is_full() && !candidates.is_miss());
        let items: Vec<_> = candidates.collect();
        assert_eq!(items.len(), MAX_CANDIDATES + 1);
        assert!(matches!(items.last(), Some(Err(IndexError::Crowded { fingerprint: 7 }))));
        assert!(
            items
                .iter()
                .take(MAX_CANDIDATES)
                .enumerate()
                .all(|(at, leaf)| matches!(leaf, Ok(leaf) if *leaf == at as u64))
        );
    }
}
