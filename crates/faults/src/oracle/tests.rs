use super::*;
use sealwax_tlog::leaf_hash;

fn leaf(number: u64) -> Leaf {
    let hash = leaf_hash(&number.to_be_bytes());
    Leaf { identity: hash, hash, timestamp: Some(number) }
}

fn leaves(count: u64) -> Vec<Leaf> {
    (0..count).map(leaf).collect()
}

fn head(leaves: &[Leaf]) -> Head {
    let log = FinalLog { base: None, leaves };
    Head { size: log.size(), root: log.root(), timestamp: leaves.last().and_then(|leaf| leaf.timestamp) }
}

fn check(history: &History, leaves: &[Leaf]) -> Result<(), Violation> {
    let plain = history.check(FinalLog { base: None, leaves });
    // What a run began with is not looked at again: only what comes after it may be wrong.
    let bases: &[usize] = if plain.is_ok() { &[1, 5, leaves.len()] } else { &[1] };
    for base in bases.iter().copied() {
        let (before, after) = leaves.split_at(base.min(leaves.len()));
        assert_eq!(
            history.check(FinalLog { base: Some(&Base::new(before)), leaves: after }),
            plain,
            "{base}"
        );
    }
    plain
}

#[test]
fn the_frontier_is_the_tree() {
    for count in 0..70 {
        let hashes: Vec<Hash> = leaves(count).iter().map(|leaf| leaf.hash).collect();
        fn root(hashes: &[Hash]) -> Hash {
            match hashes {
                [] => merkle::empty_root(),
                [one] => *one,
                more => {
                    let (left, right) = more.split_at(more.len().next_power_of_two() / 2);
                    merkle::node_hash(&root(left), &root(right))
                }
            }
        }
        let all = leaves(count);
        assert_eq!(FinalLog { base: None, leaves: &all }.root(), root(&hashes));
    }
}

#[test]
fn prefixes_are_no_fork() {
    let history = History::default();
    for size in [0, 1, 7, 8, 9] {
        history.signed(head(&leaves(size)));
    }
    assert_eq!(check(&history, &leaves(9)), Ok(()));
    assert_eq!(check(&history, &leaves(12)), Ok(()));
    assert_eq!(check(&history, &leaves(8)), Err(Violation::SignedBeyondTheLog { signed: 9, log: 8 }));
}

#[test]
fn another_leaf_is_a_fork() {
    let history = History::default();
    history.signed(head(&leaves(8)));
    let mut other = leaves(9);
    other[3] = leaf(99);
    assert!(matches!(check(&history, &other), Err(Violation::Fork { size: 8, .. })));
}

#[test]
fn answers_are_kept() {
    let all = leaves(2);
    let answer = Answer {
        identity: all[1].identity,
        leaf: all[1].hash,
        index: 1,
        proof: vec![all[0].hash],
        size: 2,
        root: head(&all).root,
    };
    let history = History::default();
    history.signed(head(&all));
    history.answered(answer.clone());
    assert_eq!(check(&history, &all), Ok(()));
    let other = [all[0], leaf(7)];
    let fresh = History::default();
    fresh.0.lock().unwrap().answers.push(answer.clone());
    assert_eq!(check(&fresh, &other), Err(Violation::Lost { index: 1 }));
    assert_eq!(check(&fresh, &[all[1]]), Err(Violation::Moved { answered: 1, found: 0 }));
    fresh.answered(answer.clone());
    assert_eq!(check(&fresh, &all), Err(Violation::NeverSigned { size: 2 }));
    history.answered(Answer { proof: vec![], ..answer });
    assert!(matches!(check(&history, &all), Err(Violation::ProofDoesNotProve { index: 1, size: 2, .. })));
}

#[test]
fn nothing_is_twice_and_nothing_shrinks() {
    let history = History::default();
    assert_eq!(check(&history, &[leaf(1), leaf(2), leaf(1)]), Err(Violation::Twice { first: 0, second: 2 }));
    history.read(0, 5);
    history.read(1, 4);
    assert_eq!(check(&history, &[]), Ok(()));
    history.read(0, 4);
    assert_eq!(check(&history, &[]), Err(Violation::Lowered { reader: 0, before: 5, after: 4 }));
}

#[test]
fn time_does_not_go_back() {
    let mut late = leaves(3);
    late[2].timestamp = Some(0);
    assert_eq!(check(&History::default(), &late), Err(Violation::LeafOlderThanBefore { index: 2 }));
    let history = History::default();
    history.signed(Head { timestamp: Some(1), ..head(&leaves(3)) });
    // The last leaf of what a run began with counts, too.
    for (before, after) in [(0, 3), (3, 0)] {
        let (base, after) = (Base::new(&leaves(before)), leaves(after));
        let found = history.check(FinalLog { base: Some(&base), leaves: &after });
        assert_eq!(found, Err(Violation::HeadOlderThanLeaf { size: 3 }), "{before}");
    }
    let history = History::default();
    history.signed(Head { timestamp: Some(50), ..head(&leaves(2)) });
    history.signed(Head { timestamp: Some(49), ..head(&leaves(3)) });
    assert_eq!(check(&history, &leaves(3)), Err(Violation::HeadOlderThanSmaller { size: 3 }));
}
