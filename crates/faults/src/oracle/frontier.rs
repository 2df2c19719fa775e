use sealwax_tlog::{Hash, merkle};

/// A tree that grows by leaves and knows its root: the roots of its complete subtrees, the largest first.
#[derive(Clone, Debug, Default)]
pub struct Frontier(Vec<(u8, Hash)>);

impl Frontier {
    /// One more leaf.
    pub fn push(&mut self, leaf: Hash) {
        let (mut level, mut hash) = (0, leaf);
        while let Some((_, left)) = self.0.pop_if(|(last, _)| *last == level) {
            hash = merkle::node_hash(&left, &hash);
            level += 1;
        }
        self.0.push((level, hash));
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        let subtrees = self.0.iter().rev().map(|(_, hash)| *hash);
        subtrees.reduce(|right, left| merkle::node_hash(&left, &right)).unwrap_or_else(merkle::empty_root)
    }
}
