//! Self-contained proofs.

use sealwax_tlog::note::SignatureType;
use sealwax_tlog::policy::{Policy, PolicyError};
use sealwax_tlog::proof::{MAX_BYTES, MAX_EXTRA_BYTES, MAX_HASHES, Proof, ProofTextError, ProofVerifyError};
use sealwax_tlog::{Checkpoint, CheckpointError, LeafIndex, NoteError, ProofError, TreeSize, leaf_hash};

use crate::model::Model;
use crate::signing::{ORIGIN, TIME, WITNESS, cosignature, ed25519, log_line, signed, vkey};

const SIZE: usize = 11;

fn policy() -> Policy {
    let log = vkey(ORIGIN, SignatureType::Ed25519, &ed25519(1));
    let witness = vkey(WITNESS, SignatureType::CosignatureEd25519, &ed25519(9));
    Policy::parse(format!("log {log}\nwitness w {witness}\nquorum w\n").as_bytes()).unwrap()
}

fn proof(model: &Model, index: usize, extra: Option<&[u8]>) -> Proof {
    let checkpoint = Checkpoint::new(ORIGIN, TreeSize(SIZE as u64), model.root(SIZE)).unwrap();
    let lines = vec![log_line(&checkpoint), cosignature(WITNESS, &ed25519(9), TIME, &checkpoint)];
    let (index, hashes) = (LeafIndex(index as u64), model.path(index, 0, SIZE));
    Proof::new(extra.map(<[u8]>::to_vec), index, hashes, signed(&checkpoint, lines)).unwrap()
}

#[test]
fn every_leaf_of_a_tree_is_proved() {
    let model = Model::counting(SIZE);
    for index in 0..SIZE {
        let written = proof(&model, index, None).to_string();
        let read = Proof::parse(&written).unwrap();
        assert_eq!(read.to_string(), written);
        let satisfied = read.verify(&model.leaf(index), &policy()).unwrap();
        assert_eq!((satisfied.checkpoint.size(), satisfied.cosigned.len()), (TreeSize(SIZE as u64), 1));

        let other = model.leaf((index + 1) % SIZE);
        let verdict = read.verify(&other, &policy());
        assert!(matches!(verdict, Err(ProofVerifyError::Inclusion(ProofError::RootMismatch { .. }))));
    }
}

#[test]
fn extra_data_come_along_unproved() {
    let model = Model::counting(SIZE);
    let written = proof(&model, 3, Some(b"context")).to_string();
    assert!(written.starts_with("c2sp.org/tlog-proof@v1\nextra Y29udGV4dA==\nindex 3\n"), "{written}");
    let read = Proof::parse(&written).unwrap();
    assert_eq!((read.extra(), read.to_string()), (Some(b"context".as_slice()), written));
    assert!(read.verify(&model.leaf(3), &policy()).is_ok());
}

#[test]
fn a_tree_of_one_leaf_has_no_hashes() {
    let model = Model::counting(1);
    let checkpoint = Checkpoint::new(ORIGIN, TreeSize(1), model.root(1)).unwrap();
    let lines = vec![log_line(&checkpoint), cosignature(WITNESS, &ed25519(9), TIME, &checkpoint)];
    let written = Proof::new(None, LeafIndex(0), vec![], signed(&checkpoint, lines)).unwrap().to_string();
    assert!(written.starts_with("c2sp.org/tlog-proof@v1\nindex 0\n\nlog.example\n1\n"), "{written}");
    assert!(Proof::parse(&written).unwrap().verify(&model.leaf(0), &policy()).is_ok());
}

/// Tree, note, both kinds of cosignature and proof as other implementations make them: see `data/SOURCE.md`.
#[test]
fn a_proof_made_in_go_is_read_and_verifies() {
    let policy = Policy::parse(include_bytes!("../data/go.policy")).unwrap();
    let text = include_str!("../data/go.tlog-proof");
    let proof = Proof::parse(text).unwrap();
    assert_eq!((proof.to_string(), proof.extra()), (text.to_owned(), Some(b"777".as_slice())));
    let satisfied = proof.verify(&leaf_hash(b"777"), &policy).unwrap();
    assert_eq!((satisfied.checkpoint.size(), satisfied.cosigned.len()), (TreeSize(1000), 2));
    assert_eq!(satisfied.checkpoint.extensions(), ["an extension line"]);
    assert_eq!(*satisfied.checkpoint.root(), Model::counting(1000).root(1000));

    // No line can be left out, but for the extra data.
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    for left_out in (0..lines.len()).filter(|line| !lines[*line].starts_with("extra ")) {
        let (before, after) = (lines[..left_out].concat(), lines[left_out + 1..].concat());
        let verdict =
            Proof::parse(&(before + &after)).map(|proof| proof.verify(&leaf_hash(b"777"), &policy).is_ok());
        assert_ne!(verdict, Ok(true), "without {:?}", lines[left_out]);
    }
}

#[test]
fn the_policy_decides_too() {
    let model = Model::counting(SIZE);
    let whole = proof(&model, 3, None).to_string();
    let without_witness: String =
        whole.split_inclusive('\n').filter(|line| !line.contains(WITNESS)).collect();
    let verdict = Proof::parse(&without_witness).unwrap().verify(&model.leaf(3), &policy());
    assert!(matches!(verdict, Err(ProofVerifyError::Policy(PolicyError::NoQuorum { .. }))));
}

#[test]
fn whatever_is_not_a_proof_is_refused() {
    use ProofTextError::*;
    let model = Model::counting(SIZE);
    let good = proof(&model, 3, Some(b"x")).to_string();
    let check =
        |proof: &str, expected: ProofTextError| assert_eq!(Proof::parse(proof), Err(expected), "{proof:?}");
    let replaced = |from: &str, to: &str| {
        assert!(good.contains(from), "{from:?}");
        good.replacen(from, to, 1)
    };

    check("", NoBlankLine);
    check("c2sp.org/tlog-proof@v1\nindex 0\n", NoBlankLine);
    check(&replaced("@v1", "@v2"), NoHeader);
    check(&replaced("c2sp", " c2sp"), NoHeader);
    check(&replaced("@v1\n", "@v1\r\n"), NoHeader);
    check(&replaced("extra eA==", "extra "), BadExtra);
    check(&replaced("extra eA==", "extra eA"), BadExtra);
    check(&replaced("extra eA==", "extra eB=="), BadExtra);
    check(&replaced("extra eA==", "extra"), BadIndex);
    check(&replaced("extra eA==", "Extra eA=="), BadIndex);
    check(&replaced("extra eA==", "extra eA==\nextra eA=="), BadIndex);
    check(&replaced("index 3\n", ""), BadIndex);
    for index in
        ["index 03", "index +3", "index  3", "index 3 ", "index", "index -1", "index 18446744073709551616"]
    {
        check(&replaced("index 3", index), BadIndex);
    }
    check(&replaced("index 3\n", "index 3\nAAAA\n"), BadHash { line: 1 });
    check(
        &replaced("index 3\n", "index 3\n\n"),
        Checkpoint(CheckpointError::BadSize { found: second_hash(&good) }),
    );
    let hash = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    check(&replaced("index 3\n", &format!("index 3\n{}", hash.repeat(MAX_HASHES + 1))), TooManyHashes);
    check(
        "c2sp.org/tlog-proof@v1\nindex 0\n\no\n",
        Checkpoint(CheckpointError::Note(NoteError::NoBlankLine)),
    );
    let long = "x".repeat(MAX_BYTES + 1);
    check(&long, TooLong { bytes: long.len() });

    let checkpoint = || proof(&model, 3, None).checkpoint().clone();
    let made = |extra: Option<Vec<u8>>, hashes| Proof::new(extra, LeafIndex(0), hashes, checkpoint());
    assert_eq!(made(Some(vec![]), vec![]), Err(BadExtra));
    let bytes = MAX_EXTRA_BYTES + 1;
    assert_eq!(made(Some(vec![0; bytes]), vec![]), Err(ExtraTooLong { bytes }));
    assert_eq!(made(None, vec![[0; 32]; MAX_HASHES + 1]), Err(TooManyHashes));
}

/// With a blank line too early, the hashes are taken for a checkpoint and the second one for its size.
fn second_hash(proof: &str) -> String {
    proof.split('\n').nth(4).unwrap().to_owned()
}
