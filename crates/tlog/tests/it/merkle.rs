//! The tree: every tree of up to 300 leaves, and larger ones at random.

use proptest::prelude::*;
use sealwax_tlog::merkle::build::{
    BuildError, HashSource, Node, Plan, PlanError, consistency_proof, inclusion_proof, root,
};
use sealwax_tlog::{
    Hash, LeafIndex, ProofError, TreeSize, empty_root, leaf_hash, verify_consistency, verify_inclusion,
};

use crate::model::Model;

const LARGEST: usize = 300;

/// Sizes for which everything is also altered in every way.
const LARGEST_ALTERED: usize = 40;

fn index(index: usize) -> LeafIndex {
    LeafIndex(index.try_into().unwrap())
}

fn size(size: usize) -> TreeSize {
    TreeSize(size.try_into().unwrap())
}

#[test]
fn every_root_is_the_models() {
    let model = Model::counting(LARGEST);
    for n in 0..=LARGEST {
        assert_eq!(root(&model, size(n)), Ok(model.root(n)), "size {n}");
    }
}

#[test]
fn every_inclusion_proof_is_the_models_and_verifies() {
    let model = Model::counting(LARGEST);
    for n in 1..=LARGEST {
        let root = model.root(n);
        for m in 0..n {
            let proof = inclusion_proof(&model, index(m), size(n)).unwrap();
            assert_eq!(proof, model.path(m, 0, n), "leaf {m} of {n}");
            assert_eq!(verify_inclusion(&model.leaf(m), index(m), size(n), &proof, &root), Ok(()));
            for wrong in wrong_lengths(&proof) {
                let verdict = verify_inclusion(&model.leaf(m), index(m), size(n), &wrong, &root);
                let expected = ProofError::WrongLength { expected: proof.len(), found: wrong.len() };
                assert_eq!(verdict, Err(expected), "leaf {m} of {n}");
            }
        }
    }
}

#[test]
fn every_consistency_proof_is_the_models_and_verifies() {
    let model = Model::counting(LARGEST);
    for n in 0..=LARGEST {
        for m in 0..=n {
            let proof = consistency_proof(&model, size(m), size(n)).unwrap();
            assert_eq!(proof, model.consistency(m, n), "{m} in {n}");
            let (old, new) = (model.root(m), model.root(n));
            assert_eq!(verify_consistency(size(m), &old, size(n), &new, &proof), Ok(()), "{m} in {n}");
            for wrong in wrong_lengths(&proof) {
                let verdict = verify_consistency(size(m), &old, size(n), &new, &wrong);
                let expected = ProofError::WrongLength { expected: proof.len(), found: wrong.len() };
                assert_eq!(verdict, Err(expected), "{m} in {n}");
            }
        }
    }
}

#[test]
fn no_altered_inclusion_proof_verifies() {
    let model = Model::counting(LARGEST_ALTERED);
    for n in 1..=LARGEST_ALTERED {
        let root = model.root(n);
        for m in 0..n {
            let proof = model.path(m, 0, n);
            let leaf = model.leaf(m);
            for altered in alterations(&proof) {
                let verdict = verify_inclusion(&leaf, index(m), size(n), &altered, &root);
                assert!(matches!(verdict, Err(ProofError::RootMismatch { .. })), "leaf {m} of {n}");
            }
            for other in (0..n).filter(|other| *other != m) {
                assert!(
                    verify_inclusion(&leaf, index(other), size(n), &proof, &root).is_err(),
                    "{m} as {other}"
                );
                let verdict = verify_inclusion(&model.leaf(other), index(m), size(n), &proof, &root);
                assert!(matches!(verdict, Err(ProofError::RootMismatch { .. })), "{other} as {m}");
            }
            for other in (0..LARGEST_ALTERED).filter(|other| *other != n) {
                let verdict = verify_inclusion(&leaf, index(m), size(n), &proof, &model.root(other));
                assert!(matches!(verdict, Err(ProofError::RootMismatch { .. })), "{n} under root {other}");
            }
        }
    }
}

#[test]
fn no_altered_consistency_proof_verifies() {
    let model = Model::counting(LARGEST_ALTERED);
    for n in 0..=LARGEST_ALTERED {
        for m in 0..=n {
            let proof = model.consistency(m, n);
            let (old, new) = (model.root(m), model.root(n));
            for altered in alterations(&proof) {
                let verdict = verify_consistency(size(m), &old, size(n), &new, &altered);
                assert!(verdict.is_err(), "{m} in {n}");
            }
            for other in (0..=LARGEST_ALTERED).map(|other| model.root(other)) {
                // From the empty tree one comes to any root: nothing but the sizes is stated.
                if other != new && m > 0 {
                    let verdict = verify_consistency(size(m), &old, size(n), &other, &proof);
                    assert!(matches!(verdict, Err(ProofError::RootMismatch { .. })), "{m} in {n}");
                }
                if other != old {
                    assert!(
                        verify_consistency(size(m), &other, size(n), &new, &proof).is_err(),
                        "{m} in {n}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_leaf_beyond_the_tree_is_refused() {
    let leaf = leaf_hash(b"0");
    for (index, size) in [(0, 0), (1, 1), (7, 3), (u64::MAX, u64::MAX)] {
        let (index, size) = (LeafIndex(index), TreeSize(size));
        assert_eq!(
            verify_inclusion(&leaf, index, size, &[], &leaf),
            Err(ProofError::IndexBeyondTree { index, size })
        );
        assert_eq!(Plan::inclusion(index, size), Err(PlanError::IndexBeyondTree { index, size }));
    }
}

#[test]
fn reversed_sizes_are_refused() {
    let (old, new) = (TreeSize(2), TreeSize(1));
    let root = empty_root();
    assert_eq!(verify_consistency(old, &root, new, &root, &[]), Err(ProofError::SizesReversed { old, new }));
    assert_eq!(Plan::consistency(old, new), Err(PlanError::SizesReversed { old, new }));
}

#[test]
fn the_empty_tree_has_one_root() {
    let (wrong, any) = ([7; 32], [9; 32]);
    let old_mismatch = Err(ProofError::OldRootMismatch { expected: wrong, computed: empty_root() });
    assert_eq!(verify_consistency(TreeSize(0), &wrong, TreeSize(0), &wrong, &[]), old_mismatch);
    assert_eq!(verify_consistency(TreeSize(0), &wrong, TreeSize(5), &any, &[]), old_mismatch);
    assert_eq!(verify_consistency(TreeSize(0), &empty_root(), TreeSize(5), &any, &[]), Ok(()));
}

#[test]
fn the_largest_trees_overflow_nothing() {
    let hash = [1; 32];
    let proof = vec![hash; 65];
    for (index, size) in [(0, u64::MAX), (u64::MAX - 1, u64::MAX), (1 << 63, (1 << 63) + 1), (0, 1 << 63)] {
        let (index, size) = (LeafIndex(index), TreeSize(size));
        let plan = Plan::inclusion(index, size).unwrap();
        let hashes = vec![hash; plan.nodes().len()];
        let length = plan.finish(&hashes).unwrap().len();
        let verdict = verify_inclusion(&hash, index, size, proof.get(..length).unwrap(), &hash);
        assert!(matches!(verdict, Err(ProofError::RootMismatch { .. })), "{index:?} {size:?}");
    }
    for (old, new) in
        [(1, u64::MAX), (u64::MAX - 1, u64::MAX), (1 << 63, u64::MAX), ((1 << 63) + 1, u64::MAX)]
    {
        let (old, new) = (TreeSize(old), TreeSize(new));
        let plan = Plan::consistency(old, new).unwrap();
        let length = plan.finish(&vec![hash; plan.nodes().len()]).unwrap().len();
        let verdict = verify_consistency(old, &hash, new, &hash, proof.get(..length).unwrap());
        assert!(
            matches!(verdict, Err(ProofError::RootMismatch { .. } | ProofError::OldRootMismatch { .. })),
            "{old:?} {new:?}: {verdict:?}"
        );
    }
}

#[test]
fn a_source_that_lacks_a_node_is_named() {
    struct Nothing;
    impl HashSource for Nothing {
        type Error = &'static str;
        fn hash(&self, _: Node) -> Result<Hash, &'static str> {
            Err("not here")
        }
    }
    assert_eq!(
        inclusion_proof(&Nothing, LeafIndex(0), TreeSize(2)),
        Err(BuildError::Source { node: Node { level: 0, index: 1 }, source: "not here" })
    );
    assert_eq!(root(&Nothing, TreeSize(0)), Ok(empty_root()));
}

#[test]
fn a_plan_wants_as_many_hashes_as_nodes() {
    let plan = Plan::inclusion(LeafIndex(0), TreeSize(2)).unwrap();
    assert_eq!(plan.finish(&[]), Err(PlanError::WrongHashCount { expected: 1, found: 0 }));
    assert_eq!(plan.finish(&[[0; 32]; 2]), Err(PlanError::WrongHashCount { expected: 1, found: 2 }));
}

/// The leaves and roots with which the Certificate Transparency implementations have tested since 2013.
#[test]
fn the_reference_tree_of_certificate_transparency() {
    let leaves: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    let model = Model::new(leaves.iter().map(|leaf| leaf.to_vec()).collect());
    let hex = |hash: Hash| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(hex(empty_root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(
        hex(root(&model, TreeSize(1)).unwrap()),
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    );
    assert_eq!(
        hex(root(&model, TreeSize(8)).unwrap()),
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn larger_trees_agree_with_the_model(
        leaves in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..1500),
        old in any::<prop::sample::Index>(),
        leaf in any::<prop::sample::Index>(),
        flip in any::<(prop::sample::Index, u8)>(),
    ) {
        let n = leaves.len();
        let (m, i) = (old.index(n + 1), leaf.index(n));
        let model = Model::new(leaves);
        let new_root = model.root(n);

        let inclusion = inclusion_proof(&model, index(i), size(n)).unwrap();
        prop_assert_eq!(&inclusion, &model.path(i, 0, n));
        prop_assert_eq!(verify_inclusion(&model.leaf(i), index(i), size(n), &inclusion, &new_root), Ok(()));

        let consistency = consistency_proof(&model, size(m), size(n)).unwrap();
        prop_assert_eq!(&consistency, &model.consistency(m, n));
        let old_root = model.root(m);
        prop_assert_eq!(verify_consistency(size(m), &old_root, size(n), &new_root, &consistency), Ok(()));

        let (position, bit) = flip;
        if !consistency.is_empty() {
            let mut altered = consistency.clone();
            altered[position.index(consistency.len())][usize::from(bit) % 32] ^= 1 << (bit / 32);
            prop_assert!(verify_consistency(size(m), &old_root, size(n), &new_root, &altered).is_err());
        }
        if !inclusion.is_empty() {
            let mut altered = inclusion.clone();
            altered[position.index(inclusion.len())][usize::from(bit) % 32] ^= 1 << (bit / 32);
            prop_assert!(verify_inclusion(&model.leaf(i), index(i), size(n), &altered, &new_root).is_err());
        }
    }

    #[test]
    fn proofs_of_noise_never_panic(
        numbers in any::<[u64; 2]>(),
        proof in prop::collection::vec(any::<Hash>(), 0..70),
        roots in any::<[Hash; 2]>(),
    ) {
        let [a, b] = numbers;
        prop_assert!(verify_inclusion(&roots[0], LeafIndex(a), TreeSize(b), &proof, &roots[1]).is_err());
        prop_assert!(verify_consistency(TreeSize(a), &roots[0], TreeSize(b), &roots[1], &proof).is_err());
    }
}

/// One hash too few, one too many at either end.
fn wrong_lengths(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut longer = proof.to_vec();
    longer.push([0; 32]);
    let mut longer_in_front = vec![[0; 32]];
    longer_in_front.extend_from_slice(proof);
    let mut all = vec![longer, longer_in_front];
    if let Some((_, shorter)) = proof.split_last() {
        all.push(shorter.to_vec());
    }
    all
}

/// The right number of hashes, but one is flipped in one bit, or two neighbours are swapped, or one is doubled.
fn alterations(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut all = Vec::new();
    for position in 0..proof.len() {
        let mut flipped = proof.to_vec();
        flipped[position][position % 32] ^= 1 << (position % 8);
        all.push(flipped);
        if position > 0 {
            let mut swapped = proof.to_vec();
            swapped.swap(position - 1, position);
            all.push(swapped);
            let mut doubled = proof.to_vec();
            doubled[position] = proof[position - 1];
            all.push(doubled);
        }
    }
    all
}
