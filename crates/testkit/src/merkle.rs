//! The Merkle tree of RFC 6962 §2.1, straight from its recursive definition.

use sealwax_crypto::sha256;

/// Hash of one leaf.
pub fn leaf_hash(leaf: &[u8]) -> [u8; 32] {
    sha256(&[&[0], leaf].concat())
}

/// Root of a tree with these leaf hashes.
pub fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => sha256(&[]),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            sha256(&[&[1][..], &root(left), &root(right)].concat())
        }
    }
}

/// Audit path of the leaf at `index`, from the leaf upwards.
pub fn path(index: usize, leaves: &[[u8; 32]]) -> Vec<[u8; 32]> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let middle = split(leaves.len());
    let (left, right) = leaves.split_at(middle);
    let (mut path, sibling) = if index < middle {
        (path(index, left), root(right))
    } else {
        (path(index - middle, right), root(left))
    };
    path.push(sibling);
    path
}

/// The largest power of two smaller than `size`.
fn split(size: usize) -> usize {
    size.next_power_of_two() / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits() {
        let splits: Vec<usize> = (2..10).map(split).collect();
        assert_eq!(splits, [1, 2, 2, 4, 4, 4, 4, 8]);
    }

    #[test]
    fn a_tree_of_three() {
        let node = |left: &[u8; 32], right: &[u8; 32]| sha256(&[&[1][..], left, right].concat());
        let leaves = [leaf_hash(b"a"), leaf_hash(b"b"), leaf_hash(b"c")];
        let left = node(&leaves[0], &leaves[1]);
        assert_eq!(root(&leaves), node(&left, &leaves[2]));
        assert_eq!(path(0, &leaves), [leaves[1], leaves[2]]);
        assert_eq!(path(2, &leaves), [left]);
    }
}
