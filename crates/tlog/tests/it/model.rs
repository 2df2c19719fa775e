//! RFC 6962 section 2.1 as it is written: recursive and slow, with a memory.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::convert::Infallible;

use sealwax_tlog::merkle::build::{HashSource, Node};
use sealwax_tlog::{Hash, empty_root, leaf_hash, node_hash};

/// A tree over given leaves, and every Merkle tree hash of it that was asked for.
pub(crate) struct Model {
    leaves: Vec<Vec<u8>>,
    known: RefCell<BTreeMap<(usize, usize), Hash>>,
}

impl Model {
    pub(crate) fn new(leaves: Vec<Vec<u8>>) -> Self {
        Self { leaves, known: RefCell::default() }
    }

    /// Leaf `i` is the decimal of `i`.
    pub(crate) fn counting(size: usize) -> Self {
        Self::new((0..size).map(|index| index.to_string().into_bytes()).collect())
    }

    pub(crate) fn leaf(&self, index: usize) -> Hash {
        leaf_hash(&self.leaves[index])
    }

    /// MTH(D[low:high])
    pub(crate) fn hash_of(&self, low: usize, high: usize) -> Hash {
        if let Some(hash) = self.known.borrow().get(&(low, high)) {
            return *hash;
        }
        let hash = match high - low {
            0 => empty_root(),
            1 => self.leaf(low),
            n => {
                let middle = low + k(n);
                node_hash(&self.hash_of(low, middle), &self.hash_of(middle, high))
            }
        };
        self.known.borrow_mut().insert((low, high), hash);
        hash
    }

    pub(crate) fn root(&self, size: usize) -> Hash {
        self.hash_of(0, size)
    }

    /// PATH(m, D[low:high])
    pub(crate) fn path(&self, m: usize, low: usize, high: usize) -> Vec<Hash> {
        if high - low <= 1 {
            return Vec::new();
        }
        let k = k(high - low);
        if m < k {
            let mut path = self.path(m, low, low + k);
            path.push(self.hash_of(low + k, high));
            path
        } else {
            let mut path = self.path(m - k, low + k, high);
            path.push(self.hash_of(low, low + k));
            path
        }
    }

    /// PROOF(m, D[0:n])
    pub(crate) fn consistency(&self, m: usize, n: usize) -> Vec<Hash> {
        if m == 0 || m == n { Vec::new() } else { self.subproof(m, 0, n, true) }
    }

    /// SUBPROOF(m, D[low:high], b)
    fn subproof(&self, m: usize, low: usize, high: usize, b: bool) -> Vec<Hash> {
        if m == high - low {
            return if b { Vec::new() } else { vec![self.hash_of(low, high)] };
        }
        let k = k(high - low);
        if m <= k {
            let mut proof = self.subproof(m, low, low + k, b);
            proof.push(self.hash_of(low + k, high));
            proof
        } else {
            let mut proof = self.subproof(m - k, low + k, high, false);
            proof.push(self.hash_of(low, low + k));
            proof
        }
    }
}

impl HashSource for Model {
    type Error = Infallible;

    fn hash(&self, node: Node) -> Result<Hash, Infallible> {
        let (low, high) = (node.index << node.level, (node.index + 1) << node.level);
        Ok(self.hash_of(usize::try_from(low).unwrap(), usize::try_from(high).unwrap()))
    }
}

/// "the largest power of two smaller than n"
fn k(n: usize) -> usize {
    n.next_power_of_two() / 2
}
