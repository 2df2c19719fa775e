//! Logs and checkpoints.

use std::sync::Arc;

use sealwax_crypto::KeyKind;

use super::{Cases, P256, P384};
use crate::{
    Instance,
    checkpoint::{Signs, Witness},
    options::{EntryOptions, Evidence, LogChoice, SignOptions},
    signature_log::SignatureLog,
};

/// Where the entry is, and whose log it is.
pub(super) fn logs(cases: &mut Cases) {
    let v2_options = || SignOptions::rekor_v2().entries(Vec::new());
    let logs: [(&str, SignatureLog); 9] = [
        ("v1, entry 0 of 1", SignatureLog::v1("rekor.sealwax.test").entry_at(0, 1)),
        ("v1, entry 0 of 1 and of the first shard", {
            SignatureLog::v1("rekor.sealwax.test").entry_at(0, 1).after_shards_of(0)
        }),
        ("v1, the last of 9", SignatureLog::v1("rekor.sealwax.test").entry_at(8, 9)),
        ("v1, key P-384", SignatureLog::v1("rekor.sealwax.test").key(P384)),
        ("v1, host with a port", SignatureLog::v1("rekor-server-0:3000")),
        ("v2, entry 0 of 1", SignatureLog::v2("log.sealwax.test").entry_at(0, 1)),
        ("v2, entry 0 of 300", SignatureLog::v2("log.sealwax.test").entry_at(0, 300)),
        ("v2, key P-256", SignatureLog::v2("log.sealwax.test").key(P256)),
        ("v2, key P-384", SignatureLog::v2("log.sealwax.test").key(P384)),
    ];
    for (name, log) in logs {
        let evidence = if log.is_v1() { Evidence::ProofAndSet } else { Evidence::ProofOnly };
        let instance = Instance { logs: vec![Arc::new(log)], ..Instance::usual() };
        cases.turn_to(&instance);
        cases.message(name, &v2_options().entry(LogChoice::Index(0), evidence));
    }

    let unlisted = SignatureLog { listed: false, ..SignatureLog::v2("unknown.sealwax.test") };
    let mut instance = Instance::usual();
    instance.logs.push(Arc::new(unlisted));
    cases.turn_to(&instance);
    let v1 = SignOptions::rekor_v1();
    let twice = EntryOptions { at: Some((4, 9)), ..v1.entries[0].clone() };
    let both = v1.clone().entries(vec![v1.entries[0].clone(), twice]);
    cases.message("two entries of one log", &both);
    cases.message("entries of v1 and v2", &{
        v1.clone().entry(LogChoice::FirstV2, Evidence::ProofOnly).timestamps(&[0])
    });
    cases.message("entry of an unknown log beside a good one", &{
        v2_options()
            .entry(LogChoice::Index(2), Evidence::ProofOnly)
            .entry(LogChoice::FirstV2, Evidence::ProofOnly)
    });
    let mut other_port = instance.clone();
    let log = SignatureLog { base_url: "https://pod-7.internal:3000".into(), ..(*instance.logs[0]).clone() };
    other_port.logs[0] = Arc::new(log);
    cases.turn_to(&other_port);
    cases.message("v1, baseUrl and origin differ", &v1);
}

/// Lines of the checkpoint.
pub(super) fn checkpoints(cases: &mut Cases) {
    let instance = Instance::usual();
    cases.turn_to(&instance);
    let v2 = SignOptions::rekor_v2;
    let witness = Witness::new("witness.test/one", KeyKind::Ed25519);
    let line = witness.cosignature("log2026.rekor.sealwax.test", 7, [0; 32], 1_772_366_405);
    let before = line.clone();
    cases.message("cosignature before the log's line", &{
        v2().on_checkpoint(move |checkpoint| checkpoint.signatures.insert(0, before.clone()))
    });
    let after = line.clone();
    cases.message("fifteen cosignatures behind the log's line", &{
        v2().on_checkpoint(move |checkpoint| {
            checkpoint.signatures.extend(std::iter::repeat_n(after.clone(), 15));
        })
    });
    let mut unknown = line;
    unknown.signs = Signs::Bytes(b"a signature of a type to come".to_vec());
    cases.message("signature line of an unknown type", &{
        v2().on_checkpoint(move |checkpoint| checkpoint.signatures.push(unknown.clone()))
    });
    cases.message("extension line in the checkpoint", &{
        v2().on_checkpoint(|checkpoint| checkpoint.lines.push("an extension".into()))
    });
    let timestamp = Instance {
        logs: vec![Arc::new(SignatureLog::v1("rekor.sealwax.test").with_checkpoint_timestamp())],
        ..instance
    };
    cases.turn_to(&timestamp);
    cases.message("v1, Timestamp line in the checkpoint", &SignOptions::rekor_v1());
}
