//! What a Rekor v1 answers to a proposed entry over HTTP.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::signature_log::SignatureLog;
use crate::{base64, canonical, hex, merkle};

/// Where entries are proposed.
pub const ENTRIES: &str = "/api/v1/log/entries";

impl SignatureLog {
    /// The answer to `POST` [`ENTRIES`] of a `hashedrekord` 0.0.1: the entry, included and promised at `now`.
    ///
    /// # Panics
    /// It is something else.
    pub fn take_v1(&self, proposed: &[u8], now: Timestamp) -> Value {
        let entry: Value = serde_json::from_slice(proposed).expect("JSON");
        assert_eq!((&entry["kind"], &entry["apiVersion"]), (&"hashedrekord".into(), &"0.0.1".into()));
        // Rekor's own form of it is the canonical one.
        let body = canonical(&entry);
        let tree = self.tree(0, &body);
        let hashes: Vec<String> = tree.hashes.iter().map(|hash| hex(hash)).collect();
        let promise = self.promise(0, &body, now.as_second());
        json!({ hex(&merkle::leaf_hash(&body)): {
            "body": base64(&body),
            "integratedTime": now.as_second(),
            "logID": hex(&self.id()),
            "logIndex": self.global_index(),
            "verification": {
                "inclusionProof": {
                    "checkpoint": self.checkpoint(&tree, now).sign(),
                    "hashes": hashes,
                    "logIndex": tree.index,
                    "rootHash": hex(&tree.root),
                    "treeSize": tree.size,
                },
                "signedEntryTimestamp": base64(promise.sign()),
            },
        }})
    }

    /// A client trust config that trusts this log, at `base_url`, beside what it trusts already, and asks it instead of its own.
    pub fn join_v1(&self, mut config: Value, base_url: &str) -> Value {
        let mut entry = self.trusted_root_entry();
        entry["baseUrl"] = base_url.into();
        if let Some(logs) = config["trustedRoot"]["tlogs"].as_array_mut() {
            logs.push(entry);
        }
        let mut service = config["signingConfig"]["rekorTlogUrls"][0].clone();
        service["url"] = base_url.into();
        service["majorApiVersion"] = 1.into();
        config["signingConfig"]["rekorTlogUrls"] = json!([service]);
        config
    }
}
