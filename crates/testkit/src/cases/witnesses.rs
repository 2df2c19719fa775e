//! Witness policies: quorums that are reached, and that are not.

use std::sync::Arc;

use sealwax_crypto::KeyKind;

use super::{Case, Cases, Change};
use crate::{
    Instance,
    checkpoint::{NoteSignature, Signs, Witness},
    options::SignOptions,
    signature_log::SignatureLog,
};

const V2: fn() -> SignOptions = SignOptions::rekor_v2;

/// A log with one witness of either kind, Ed25519 first.
fn witnessed() -> Instance {
    let witnesses = [
        Arc::new(Witness::new("witness.test/one", KeyKind::Ed25519)),
        Arc::new(Witness::new("witness.test/two", KeyKind::MlDsa44)),
    ];
    let log = witnesses.iter().fold(SignatureLog::v2("log.sealwax.test"), SignatureLog::witnessed_by);
    Instance { logs: vec![Arc::new(log)], witnesses: witnesses.to_vec(), ..Instance::usual() }
}

fn demand(case: &mut Case, quorum: usize) {
    case.witness_policy = Some(case.instance.witness_policy(quorum));
}

/// Keeps the log's own line and the cosignatures at these positions.
fn keeping(positions: &'static [usize]) -> SignOptions {
    V2().on_checkpoint(move |checkpoint| {
        let mut position = 0;
        checkpoint.signatures.retain(|_| {
            position += 1;
            position == 1 || positions.contains(&(position - 2))
        });
    })
}

/// Quorums that are reached.
pub(super) fn good(cases: &mut Cases) {
    cases.turn_to(&witnessed());
    demand(cases.message("quorum of two by two witnesses", &V2()), 2);
    demand(cases.message("quorum of one by an Ed25519 witness", &keeping(&[0])), 1);
    demand(cases.message("quorum of one by an ML-DSA-44 witness", &keeping(&[1])), 1);
    let extension = V2().on_checkpoint(|checkpoint| checkpoint.lines.push("an extension".into()));
    demand(cases.message("quorum of two under an extension line", &extension), 2);
}

/// Quorums that are not reached.
pub(super) fn bad(cases: &mut Cases) {
    cases.turn_to(&witnessed());
    demand(cases.message("quorum of two by one witness", &keeping(&[0])), 2);
    demand(
        cases.message("quorum of two by one witness twice", &{
            keeping(&[0]).on_checkpoint(|checkpoint| {
                let again = checkpoint.signatures[1].clone();
                checkpoint.signatures.push(again);
            })
        }),
        2,
    );
    demand(cases.message("quorum of two without cosignature", &keeping(&[])), 2);
    for (index, kind) in ["Ed25519", "ML-DSA-44"].into_iter().enumerate() {
        let corrupted = V2().on_checkpoint(move |checkpoint| corrupt(&mut checkpoint.signatures[1 + index]));
        demand(cases.message(&format!("{kind} cosignature corrupted"), &corrupted), 2);
        let renamed = V2().on_checkpoint(move |checkpoint| checkpoint.signatures[1 + index].name.push('x'));
        demand(cases.message(&format!("{kind} cosignature under another name"), &renamed), 2);
        let plain =
            V2().on_checkpoint(move |checkpoint| checkpoint.signatures[1 + index].signs = Signs::Text);
        demand(cases.message(&format!("{kind} cosignature without time"), &plain), 2);
    }
    let changes: [Change<NoteSignature>; 2] = [
        ("ML-DSA-44 cosignature of another root", |line| {
            if let Signs::CosignatureMlDsa44 { root, .. } = &mut line.signs {
                root[0] ^= 1;
            }
        }),
        ("ML-DSA-44 cosignature of another log", |line| {
            if let Signs::CosignatureMlDsa44 { origin, .. } = &mut line.signs {
                origin.push('x');
            }
        }),
    ];
    for (name, change) in changes {
        demand(
            cases.message(name, &V2().on_checkpoint(move |checkpoint| change(&mut checkpoint.signatures[2]))),
            2,
        );
    }
    // signed-note: a wrong signature by a known key SHOULD make the whole note invalid.
    let bad_one = V2().on_checkpoint(|checkpoint| corrupt(&mut checkpoint.signatures[1]));
    demand(cases.message("quorum of one reached, the other cosignature corrupted", &bad_one), 1);
    let stranger = Witness::new("witness.test/one", KeyKind::Ed25519);
    demand(
        cases.message(
            "cosignature of an unknown witness",
            &V2().on_checkpoint(move |checkpoint| {
                checkpoint.signatures[1] =
                    stranger.cosignature("log.sealwax.test", 7, [0; 32], 1_772_366_405);
            }),
        ),
        2,
    );
}

/// A time of its own, and bytes that are no signature.
fn corrupt(line: &mut NoteSignature) {
    line.signs = Signs::Bytes(vec![7; 8 + 64]);
}
