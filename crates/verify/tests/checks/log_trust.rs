//! What the trusted root and the policy demand of log entries.

use std::sync::Arc;

use jiff::SignedDuration;
use sealwax_crypto::KeyKind;
use sealwax_testkit::{Instance, ManagedKey, SIGNED_AT, SignOptions, SignatureLog, Window, Witness};
use sealwax_verify::{CheckId, WitnessPolicy};

use crate::scenario::{ARTIFACT, Scenario};
use crate::{Fixture, fails, fails_on_first};

const V2: fn() -> SignOptions = SignOptions::rekor_v2;

/// In Rekor v1 with a timestamp, so that a time is established whatever becomes of the entry.
fn v1() -> SignOptions {
    SignOptions::rekor_v1().timestamps(&[0])
}

fn message(instance: &Instance, options: &SignOptions) -> Scenario {
    Scenario::of(instance, &instance.sign_message(ARTIFACT, options))
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    let instance = &Instance::usual();
    let unknown = Instance { logs: Instance::usual().logs, ..instance.clone() };
    let ended = Window::until(SIGNED_AT - SignedDuration::from_secs(1));
    let ended_v1 = Instance {
        logs: vec![Arc::new(SignatureLog::v1("rekor.sealwax.test").valid_for(ended))],
        ..instance.clone()
    };
    let ended_v2 = Instance {
        logs: vec![Arc::new(SignatureLog::v2("log.sealwax.test").valid_for(ended))],
        ..instance.clone()
    };
    let witness = Arc::new(Witness::new("witness.test/one", KeyKind::Ed25519));
    let policy =
        |instance: &Instance| Some(WitnessPolicy::parse(instance.witness_policy(1).as_bytes()).unwrap());
    let witnessed = Instance { witnesses: vec![witness.clone()], ..instance.clone() };
    let post_quantum =
        &Instance { managed_keys: vec![Arc::new(ManagedKey::new(KeyKind::MlDsa44))], ..instance.clone() };
    let foreign_log = Instance { logs: vec![], ..instance.clone() };
    vec![
        fails_on_first(
            CheckId::LogKnown,
            "an entry of a log whose key has no start",
            message(instance, &v1()).with(|scenario| {
                scenario.trusted_root["tlogs"][0]["publicKey"]["validFor"] = serde_json::json!({});
            }),
            "an entry of a log of the trusted root",
            "the log https://rekor.sealwax.test cannot be used: its validity has no start",
        ),
        fails(
            CheckId::LogRequired,
            "an entry of an unknown log only",
            message(&unknown, &v1()).with(|scenario| scenario.trusted_root = instance.trusted_root()),
            "at least one verified log entry, since the trusted root lists logs",
            "1 entries, none of a trusted log",
        )
        .skipped_entries(0..1),
        fails(
            CheckId::LogRequired,
            "no entry where the trusted root lists logs",
            message(instance, &SignOptions::timestamp_only()),
            "at least one verified log entry, since the trusted root lists logs",
            "0 entries, none of a trusted log",
        ),
        fails(
            CheckId::LogRequired,
            "no entry where the policy demands witnesses, and the trusted root lists no logs",
            message(&foreign_log, &SignOptions::timestamp_only())
                .with(|scenario| scenario.policy.witnesses = policy(&witnessed)),
            "at least one verified log entry, since the policy demands witnesses",
            "0 entries, none of a trusted log",
        ),
        fails(
            CheckId::LogRequired,
            "no entry of a key of ML-DSA, whose signatures no log takes, where the policy demands witnesses",
            message(post_quantum, &SignOptions::timestamp_only().managed_key(0)).with(|scenario| {
                scenario.bytes = Some(ARTIFACT.to_vec());
                scenario.policy.witnesses = policy(&witnessed);
            }),
            "at least one verified log entry, since the trusted root lists logs",
            "0 entries, none of a trusted log",
        ),
        fails_on_first(
            CheckId::LogWindow,
            "promised after the window of the log's key",
            message(&ended_v1, &SignOptions::rekor_v1()),
            "a time in the window of the log's key",
            "the log https://rekor.sealwax.test is trusted 2025-01-01T00:00:00Z to 2026-03-01T11:59:59Z, not at \
             2026-03-01T12:00:05Z",
        ),
        fails_on_first(
            CheckId::LogWindow,
            "stamped after the window of the log's key",
            message(&ended_v2, &V2()),
            "a time in the window of the log's key",
            "the log https://log.sealwax.test is trusted 2025-01-01T00:00:00Z to 2026-03-01T11:59:59Z, not at \
             2026-03-01T12:00:05Z",
        ),
        fails_on_first(
            CheckId::LogWitnesses,
            "no cosignature where one is demanded",
            message(instance, &V2()).with(|scenario| scenario.policy.witnesses = policy(&witnessed)),
            "cosignatures by a quorum of the policy's witnesses",
            "the witnesses that cosigned (0 of 1) are not a quorum",
        ),
        fails_on_first(
            CheckId::LogWitnesses,
            "a cosignature of another tree",
            message(instance, &{
                let line = witness.cosignature("log2026.rekor.sealwax.test", 7, [0; 32], 1_772_366_405);
                V2().on_checkpoint(move |checkpoint| {
                    let mut line = line.clone();
                    line.signs = sealwax_testkit::checkpoint::Signs::Bytes(vec![7; 72]);
                    checkpoint.signatures.push(line);
                })
            })
            .with(|scenario| scenario.policy.witnesses = policy(&witnessed)),
            "cosignatures by a quorum of the policy's witnesses",
            "a cosignature by the witness w1 is wrong",
        ),
    ]
}
