//! Which log it is, and which entry.

use super::*;

/// Number 8: Which log, and which index. (scaffolding#1544, rekor#1599, policy-controller#1968)
#[test]
fn logs_are_known_by_id_and_entries_by_both_indices() {
    let with_log = |log: SignatureLog| Instance { logs: vec![Arc::new(log)], ..Instance::usual() };
    let v1 = || SignatureLog::v1("rekor.sealwax.test");
    let v2 = || SignatureLog::v2("log2026.rekor.sealwax.test");
    let (sign_v1, sign_v2) = (SignOptions::rekor_v1, SignOptions::rekor_v2);

    accepts(&with_log(v1().entry_at(0, 1).after_shards_of(0)), "entry 0 of the first shard", &sign_v1());
    accepts(&with_log(v1().entry_at(0, 9)), "entry 0 of a later shard", &sign_v1());
    accepts(&with_log(v2().entry_at(0, 1)), "entry 0 of a v2 log", &sign_v2());
    accepts(&with_log(v2().entry_at(0, 1)), "the same, the zero left out as protobuf JSON may", &{
        sign_v2().on_log_entry(|entry| {
            entry.as_object_mut().unwrap().remove("logIndex");
            entry["inclusionProof"].as_object_mut().unwrap().remove("logIndex");
        })
    });

    // v1: the SET signs the global index, the tree has the shard's. Neither may stand for the other.
    let sharded = with_log(v1().entry_at(3, 7).after_shards_of(121_904_262));
    accepts(&sharded, "global index beyond the tree", &sign_v1());
    let global_as_shard = sign_v1().on_proof(|proof| proof.log_index = 121_904_265);
    refuses(&sharded, "the global index in the proof", &global_as_shard, &["log.inclusion"]);
    let shard_as_global = sign_v1().on_log_entry(|entry| entry["logIndex"] = "3".into());
    refuses(&sharded, "the shard's index in the entry", &shard_as_global, &["log.signed-entry-timestamp"]);

    // The id: v1 logs have the SHA-256 of the key, v2 logs the whole note-key hash; ECDSA keys have one and the same for both.
    for kind in [KeyKind::Ed25519, KeyKind::EcdsaP256] {
        accepts(&with_log(v2().key(kind)), &format!("v2 with a key {kind:?}"), &sign_v2());
    }
    let log = v2();
    let key_hash = base64(log.signer.spki_sha256());
    assert_ne!(log.signer.spki_sha256(), log.id());
    let by_key = with_log(log);
    let key_hash_in_entry =
        sign_v2().on_log_entry(move |entry| entry["logId"]["keyId"] = key_hash.clone().into());
    refuses(&by_key, "the hash of a v2 log's key", &key_hash_in_entry, &["log.required"]);
    let hint_in_entry = sign_v2().on_log_entry(|entry| {
        let id = entry["logId"]["keyId"].as_str().unwrap()[..4].to_owned();
        entry["logId"]["keyId"] = (id + "AA==").into();
    });
    refuses(&by_key, "four bytes are no id", &hint_in_entry, &["log.required"]);

    // Two v2 logs under one host name, as two ports of one machine: told apart by key alone.
    let mut instance = Instance::usual();
    let neighbour =
        SignatureLog { base_url: "http://localhost:3004".into(), ..SignatureLog::v2("localhost") };
    let log = SignatureLog { base_url: "http://localhost:3003".into(), ..SignatureLog::v2("localhost") };
    instance.logs = vec![Arc::new(neighbour), Arc::new(log)];
    for index in [0, 1] {
        let options = sign_v2().entries(Vec::new()).entry(LogChoice::Index(index), Evidence::ProofOnly);
        accepts(&instance, "two logs of one host name", &options);
    }
}
