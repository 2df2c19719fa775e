//! Checkpoints and inclusion proofs.

use sealwax_crypto::KeyKind;

use super::Change;
use crate::{
    Instance, base64,
    cases::Cases,
    checkpoint::{CheckpointDraft, Signs, Witness},
    options::{BundleVersion, Evidence, SignOptions},
    signature_log::{ProofDraft, TreeDraft},
};

/// Both generations, each with its name.
fn both() -> [(&'static str, SignOptions); 2] {
    [("v1", SignOptions::rekor_v1()), ("v2", SignOptions::rekor_v2())]
}

/// The checkpoint: its signature and its text.
pub(super) fn checkpoint(cases: &mut Cases, twin: &Instance) {
    cases.turn_to(&Instance::usual());
    let changes: [Change<CheckpointDraft>; 14] = [
        ("without origin", |checkpoint| {
            checkpoint.lines.remove(0);
        }),
        ("with an empty origin", |checkpoint| checkpoint.lines[0].clear()),
        ("of another origin", |checkpoint| checkpoint.lines[0] = "other.sealwax.test".into()),
        ("signed under another name", |checkpoint| {
            checkpoint.signatures[0].name = "other.sealwax.test".into();
        }),
        ("with another key hash", |checkpoint| checkpoint.signatures[0].key_hash[0] ^= 1),
        ("without size", |checkpoint| {
            checkpoint.lines.remove(1);
        }),
        ("of another size", |checkpoint| checkpoint.lines[1] = "8".into()),
        ("with a zero before the size", |checkpoint| checkpoint.lines[1] = "07".into()),
        ("with a plus before the size", |checkpoint| checkpoint.lines[1] = "+7".into()),
        ("without root", |checkpoint| {
            checkpoint.lines.remove(2);
        }),
        ("of another root", |checkpoint| checkpoint.lines[2] = base64([7; 32])),
        ("with a root of 31 bytes", |checkpoint| checkpoint.lines[2] = base64([7; 31])),
        ("without signature", |checkpoint| checkpoint.signatures.clear()),
        ("with a corrupted signature", |checkpoint| {
            checkpoint.signatures[0].signs = Signs::Bytes(vec![7; 64]);
        }),
    ];
    for (version, options) in both() {
        for (name, change) in changes {
            cases.message(&format!("{version} checkpoint {name}"), &options.clone().on_checkpoint(change));
        }
        let index = usize::from(version == "v2");
        let impostor = twin.logs[index].signer.clone();
        cases.message(&format!("{version} checkpoint by another key"), &{
            options
                .clone()
                .on_checkpoint(move |checkpoint| checkpoint.signatures[0].signer = impostor.clone())
        });
        let stranger = twin.logs[index].note_signature();
        cases.message(&format!("{version} checkpoint by an unknown key only"), &{
            options.clone().on_checkpoint(move |checkpoint| checkpoint.signatures = vec![stranger.clone()])
        });
        let origin = cases.instance.logs[index].origin();
        let witness = Witness::new("witness.test/one", KeyKind::Ed25519);
        let cosignature = witness.cosignature(&origin, 7, [0; 32], 1_772_366_405);
        cases.message(&format!("{version} checkpoint with a cosignature only"), &{
            options.clone().on_checkpoint(move |checkpoint| checkpoint.signatures = vec![cosignature.clone()])
        });
        cases.message(&format!("{version} checkpoint altered after signing"), &{
            options.clone().on_checkpoint_note(|note| *note = note.replacen("\n\n", "\nanother line\n\n", 1))
        });
        cases.message(&format!("{version} proof without checkpoint"), &{
            options.clone().on_proof(|proof| proof.checkpoint = None)
        });
    }
    let log = &cases.instance.logs[1];
    let (name, signer) = (log.host.clone(), log.signer.clone());
    let as_witness = Witness { name, signer }.cosignature(&log.origin(), 7, [0; 32], 1_772_366_405);
    cases.message("v2 checkpoint cosigned by the log's own key only", &{
        SignOptions::rekor_v2()
            .on_checkpoint(move |checkpoint| checkpoint.signatures = vec![as_witness.clone()])
    });
    cases.message("v1 checkpoint whose signer's name has the tree id", &{
        SignOptions::rekor_v1().on_checkpoint(|checkpoint| {
            let origin = checkpoint.lines[0].clone();
            checkpoint.signatures[0].name = origin.replace(' ', "");
        })
    });
}

/// The proof, and what it says beside the checkpoint.
pub(super) fn proof(cases: &mut Cases) {
    cases.turn_to(&Instance::usual());
    let trees: [Change<TreeDraft>; 3] = [
        ("tree with another root", |tree| tree.root[0] ^= 1),
        ("tree nine larger than proved", |tree| tree.size += 9),
        ("tree that ends before the entry", |tree| tree.size = tree.index),
    ];
    let proofs: [Change<ProofDraft>; 12] = [
        ("proof with one hash too many", |proof| proof.hashes.push(vec![7; 32])),
        ("proof with one hash too few", |proof| {
            proof.hashes.pop();
        }),
        ("proof without hashes", |proof| proof.hashes.clear()),
        ("proof with a corrupted hash", |proof| proof.hashes[1][0] ^= 1),
        ("proof with two hashes swapped", |proof| proof.hashes.swap(0, 1)),
        ("proof with a hash of 31 bytes", |proof| {
            proof.hashes[0].pop();
        }),
        ("proof with a negative index", |proof| proof.log_index = -1),
        ("proof for another index", |proof| proof.log_index -= 1),
        ("proof for an index beyond the tree", |proof| proof.log_index = 7),
        ("proof that names another size", |proof| proof.tree_size += 1),
        ("proof that names another root", |proof| proof.root_hash[0] ^= 1),
        ("proof with a root of 31 bytes", |proof| {
            proof.root_hash.pop();
        }),
    ];
    for (version, options) in both() {
        for (name, change) in trees {
            cases.message(&format!("{version} {name}"), &options.clone().on_tree(change));
        }
        for (name, change) in proofs {
            cases.message(&format!("{version} {name}"), &options.clone().on_proof(change));
        }
        cases.message(
            &format!("{version} body altered after it was logged"),
            // In v1 without a SET, which covers the body too.
            &options.clone().evidence(Evidence::ProofOnly).timestamps(&[0]).on_log_entry(|entry| {
                use ::base64::{Engine, engine::general_purpose::STANDARD};
                let mut body = STANDARD.decode(entry["canonicalizedBody"].as_str().unwrap()).unwrap();
                body.push(b'\n');
                entry["canonicalizedBody"] = base64(body).into();
            }),
        );
    }
    cases.message("v2 without proof", &SignOptions::rekor_v2().evidence(Evidence::Neither));
    cases.message(
        "v1 with proof null",
        &SignOptions::rekor_v1().version(BundleVersion::V02).on_log_entry(|entry| {
            entry["inclusionProof"] = serde_json::Value::Null;
        }),
    );
    cases.message(
        "v2 global index differs from the proof's",
        &SignOptions::rekor_v2().on_log_entry(|entry| {
            entry["logIndex"] = "4".into();
        }),
    );
    cases.message(
        "v2 negative global index",
        &SignOptions::rekor_v2().on_log_entry(|entry| {
            entry["logIndex"] = "-1".into();
        }),
    );
}
