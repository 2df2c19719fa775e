//! Log entries: what they bind, and what proves them.

use sealwax_testkit::{Evidence, Instance, SIGNED_AT, SignOptions, Verifier, options::BundleVersion};
use sealwax_verify::CheckId;

use crate::scenario::{ARTIFACT, Scenario};
use crate::{Fixture, fails, fails_on_first};

const V2: fn() -> SignOptions = SignOptions::rekor_v2;

/// In Rekor v1 with a timestamp, so that a time is established whatever becomes of the entry.
fn v1() -> SignOptions {
    SignOptions::rekor_v1().timestamps(&[0])
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    let instance = Instance::usual();
    [entry(&instance), binding(&instance), promise(&instance), inclusion(&instance)]
        .into_iter()
        .flatten()
        .collect()
}

fn message(instance: &Instance, options: &SignOptions) -> Scenario {
    Scenario::of(instance, &instance.sign_message(ARTIFACT, options))
}

fn attestation(instance: &Instance, options: &SignOptions) -> Scenario {
    Scenario::of(instance, &instance.sign_dsse(ARTIFACT, options))
}

fn entry(instance: &Instance) -> Vec<Fixture> {
    let good = message(instance, &v1());
    vec![
        // Parsing refuses such bundles too; this one was put together by hand.
        fails(
            CheckId::EvidenceCount,
            "33 entries",
            good.clone().with(|scenario| {
                let another = Instance::usual();
                let unknown = message(&another, &v1()).bundle.log_entries.remove(0);
                scenario.bundle.log_entries.extend((0..32).map(|index| {
                    let mut entry = unknown.clone();
                    entry.log_index = index;
                    entry
                }));
            }),
            "at most 32 log entries and 32 timestamps",
            "33 log entries and 1 timestamps",
        )
        .skipped_entries(1..33),
        fails(
            CheckId::LogDuplicate,
            "the same entry twice",
            good.with(|scenario| {
                let again = scenario.bundle.log_entries[0].clone();
                scenario.bundle.log_entries.push(again);
            }),
            "no entry listed twice",
            "index 1003 is",
        ),
        fails_on_first(
            CheckId::LogBody,
            "a body that is not JSON",
            message(instance, &v1().on_canonical_body(|body| body.truncate(9))),
            "a readable entry",
            "the text ends in the middle of a value",
        ),
        fails_on_first(
            CheckId::LogBody,
            "a body of a kind to come",
            message(instance, &{
                v1().on_entry_body(|body| body["kind"] = "rpm".into())
                    .on_log_entry(|entry| entry["kindVersion"]["kind"] = "rpm".into())
            }),
            "a readable entry",
            "log entries of kind \"rpm\" and version \"0.0.1\" are not known here",
        ),
        fails_on_first(
            CheckId::LogKind,
            "kindVersion of another kind",
            message(instance, &v1().on_log_entry(|entry| entry["kindVersion"]["kind"] = "dsse".into())),
            "kindVersion as in the entry's body",
            "dsse 0.0.1, and the body is hashedrekord 0.0.1",
        ),
    ]
}

fn binding(instance: &Instance) -> Vec<Fixture> {
    let stranger = Instance::usual().sign_message(b"another artifact\n", &v1());
    let (leaf, spki) = (stranger.leaf.clone().unwrap(), stranger.signer.spki().to_vec());
    let signature = stranger.signature.clone();
    let (v2_leaf, other_leaf, other_key) = (leaf.clone(), leaf.clone(), spki.clone());
    vec![
        fails_on_first(
            CheckId::LogContent,
            "an entry for another artifact",
            message(instance, &{
                v1().on_entry(|entry| entry.digest = sealwax_crypto::sha256(b"another artifact\n").to_vec())
            }),
            "sha256:*",
            "sha256:*",
        ),
        fails_on_first(
            CheckId::LogContent,
            "an entry for another payload",
            attestation(instance, &v1().on_entry(|entry| entry.payload.push(b' '))),
            "sha256:*",
            "sha256:*",
        ),
        fails_on_first(
            CheckId::LogContent,
            "a kind of entry that contains no signature",
            attestation(instance, &v1().entry_kind(sealwax_testkit::EntryKind::IntotoV001)),
            "an entry that binds one signature of such content",
            "intoto 0.0.1, which contains no signature",
        ),
        fails_on_first(
            CheckId::LogContent,
            "an entry with two signatures",
            attestation(instance, &{
                v1().on_entry_body(|body| {
                    let signatures = body["spec"]["signatures"].as_array_mut().unwrap();
                    signatures.push(signatures[0].clone());
                })
            }),
            "an entry that binds one signature of such content",
            "2 signatures",
        ),
        fails_on_first(
            CheckId::LogSignature,
            "an entry with another signature",
            message(instance, &v1().on_entry(move |entry| entry.signature = signature.clone())),
            "this signature in the entry",
            "another signature",
        ),
        fails_on_first(
            CheckId::LogVerifier,
            "an entry with another certificate",
            message(instance, &{
                v1().on_entry(move |entry| entry.verifier = Verifier::Certificate(leaf.clone()))
            }),
            "this signer in the entry",
            "another certificate",
        ),
        fails_on_first(
            CheckId::LogVerifier,
            "a v2 entry with another certificate",
            message(instance, &{
                V2().on_entry(move |entry| entry.verifier = Verifier::Certificate(v2_leaf.clone()))
            }),
            "this signer in the entry",
            "another certificate",
        ),
        fails_on_first(
            CheckId::LogVerifier,
            "an entry with a bare key where the certificate should be",
            message(instance, &{
                v1().on_entry(move |entry| entry.verifier = Verifier::PublicKey(spki.clone()))
            }),
            "this signer in the entry",
            "a bare key, so that the identity is not in the log",
        ),
        fails_on_first(
            CheckId::LogVerifier,
            "an entry with another key than the managed one",
            message(instance, &{
                v1().managed_key(0)
                    .on_entry(move |entry| entry.verifier = Verifier::PublicKey(other_key.clone()))
            }),
            "this signer in the entry",
            "another key",
        ),
        fails_on_first(
            CheckId::LogVerifier,
            "an entry with a certificate where the managed key should be",
            message(instance, &{
                v1().managed_key(0)
                    .on_entry(move |entry| entry.verifier = Verifier::Certificate(other_leaf.clone()))
            }),
            "this signer in the entry",
            "a certificate",
        ),
        fails_on_first(
            CheckId::LogVerifier,
            "an entry whose key details are another kind's",
            message(instance, &V2().on_entry(|entry| entry.key_details = "PKIX_ECDSA_P384_SHA_384".into())),
            "this signer in the entry",
            "key details that do not fit the key",
        ),
    ]
}

fn promise(instance: &Instance) -> Vec<Fixture> {
    let another = Instance::usual().logs[0].signer.clone();
    let same = another.clone();
    let only_time = SignOptions::rekor_v1().on_set(move |set| set.signer = same.clone());
    vec![
        fails_on_first(
            CheckId::LogEntryTimestamp,
            "a signed entry timestamp by another key, beside a proof and a timestamp",
            message(instance, &v1().on_set(move |set| set.signer = another.clone())),
            "a signed entry timestamp by the log's key",
            "the signature does not verify",
        ),
        fails_on_first(
            CheckId::LogEntryTimestamp,
            "the same where it alone could establish a time",
            message(instance, &only_time),
            "a signed entry timestamp by the log's key",
            "the signature does not verify",
        )
        .not_run(CheckId::TimeEstablished, "log.signed-entry-timestamp did not pass")
        .not_run(CheckId::CertificateTime, "time.established did not pass"),
        fails_on_first(
            CheckId::LogEntryTimestamp,
            "0.1 with proof and timestamp, but no promise",
            message(instance, &v1().version(BundleVersion::V01).evidence(Evidence::ProofOnly)),
            "a signed entry timestamp, which bundles 0.1 must have",
            "none",
        ),
        fails_on_first(
            CheckId::LogEntryTimestamp,
            "a promise in a v2 entry",
            message(instance, &{
                V2().evidence(Evidence::ProofAndSet).on_log_entry(|entry| {
                    entry["integratedTime"] = (SIGNED_AT.as_second() + 5).to_string().into();
                })
            }),
            "no signed entry timestamp, since v2 logs make none",
            "one",
        ),
        fails_on_first(
            CheckId::LogEntryTimestamp,
            "a promise without a time",
            message(instance, &{
                v1().on_log_entry(|entry| {
                    entry.as_object_mut().unwrap().remove("integratedTime");
                })
            }),
            "a signed entry timestamp by the log's key",
            "one without an integrated time",
        ),
    ]
}

fn inclusion(instance: &Instance) -> Vec<Fixture> {
    let another = Instance::usual().logs[0].signer.clone();
    vec![
        fails_on_first(
            CheckId::LogEvidence,
            "0.3 with a promise only",
            message(instance, &v1().evidence(Evidence::SetOnly)),
            "an inclusion proof",
            "none",
        ),
        fails_on_first(
            CheckId::LogEvidence,
            "a proof without a checkpoint",
            message(instance, &v1().on_proof(|proof| proof.checkpoint = None)),
            "an inclusion proof with a checkpoint",
            "one without",
        ),
        fails_on_first(
            CheckId::LogEvidence,
            "0.1 with an empty proof beside its promise",
            message(instance, &{
                v1().version(BundleVersion::V01)
                    .on_log_entry(|entry| entry["inclusionProof"] = serde_json::json!({}))
            }),
            "an inclusion proof with a checkpoint",
            "one without",
        ),
        fails_on_first(
            CheckId::LogCheckpoint,
            "a checkpoint whose size has a leading zero",
            message(instance, &v1().on_checkpoint(|checkpoint| checkpoint.lines[1] = "07".into())),
            "a readable checkpoint",
            "the tree size \"07\" is not a decimal number without leading zeros, below 2^64",
        ),
        fails_on_first(
            CheckId::LogOrigin,
            "a v2 checkpoint of another log, signed by this one's key",
            message(instance, &{
                V2().on_checkpoint(|checkpoint| checkpoint.lines[0] = "other.sealwax.test".into())
            }),
            "a checkpoint of this log",
            "the checkpoint is of the log \"other.sealwax.test\", not of \"log2026.rekor.sealwax.test\"",
        ),
        fails_on_first(
            CheckId::LogOrigin,
            "a v1 checkpoint without a tree id",
            message(
                instance,
                &v1().on_checkpoint(|checkpoint| checkpoint.lines[0] = "rekor.sealwax.test".into()),
            ),
            "a checkpoint of this log",
            "the origin \"rekor.sealwax.test\" is not a name, a dash and a tree id, as in Rekor v1",
        ),
        fails_on_first(
            CheckId::LogCheckpointSignature,
            "a checkpoint by another key under the log's name and hint",
            message(instance, &{
                v1().on_checkpoint(move |checkpoint| checkpoint.signatures[0].signer = another.clone())
            }),
            "a checkpoint signed by the log's key",
            "a signature by rekor.sealwax.test with the hash of the log's key does not verify",
        ),
        fails_on_first(
            CheckId::LogCheckpointSignature,
            "a checkpoint without the log's signature",
            message(instance, &{
                v1().on_checkpoint(|checkpoint| checkpoint.signatures[0].name = "other.sealwax.test".into())
            }),
            "a checkpoint signed by the log's key",
            "no signature by rekor.sealwax.test with the hash of the log's key",
        ),
        fails_on_first(
            CheckId::LogTree,
            "a proof that states another size than the checkpoint",
            message(instance, &v1().on_proof(|proof| proof.tree_size += 1)),
            "a proof for the tree of the checkpoint",
            "size 8, and the checkpoint says 7",
        ),
        fails_on_first(
            CheckId::LogTree,
            "a proof that states another root than the checkpoint",
            message(instance, &v1().on_proof(|proof| proof.root_hash[0] ^= 1)),
            "a proof for the tree of the checkpoint",
            "another root hash",
        ),
        fails_on_first(
            CheckId::LogTree,
            "a v2 entry with two indices",
            message(instance, &V2().on_log_entry(|entry| entry["logIndex"] = "4".into())),
            "a proof for the tree of the checkpoint",
            "index 3, and the entry says 4",
        ),
        fails_on_first(
            CheckId::LogInclusion,
            "a proof of something else",
            message(instance, &v1().on_proof(|proof| proof.hashes[0][0] ^= 1)),
            "the entry in the tree of the checkpoint",
            "the proof leads to another root hash than the expected one",
        ),
        fails_on_first(
            CheckId::LogInclusion,
            "a proof with a hash too many",
            message(instance, &v1().on_proof(|proof| proof.hashes.push(vec![7; 32]))),
            "the entry in the tree of the checkpoint",
            "the proof has 4 hashes, a tree of this shape demands 3",
        ),
        fails_on_first(
            CheckId::LogInclusion,
            "an index beyond the tree",
            message(instance, &v1().on_proof(|proof| proof.log_index = 7)),
            "the entry in the tree of the checkpoint",
            "leaf index 7 is not in a tree of size 7",
        ),
    ]
}
