//! The answer: a `TransparencyLogEntry`, with the fields that it does not use at their defaults.

use super::message::{Checkpoint, InclusionProof, KindVersion, LogId, TransparencyLogEntry};
use crate::engine::Added;
use bytes::Bytes;
use sealwax_crypto::base64;
use sealwax_formats::HashedRekordV002;

/// The entry in protobuf's JSON, unpopulated fields emitted, as deployed: 64-bit integers are strings, `integratedTime` is zero,
/// `inclusionPromise` is null.
#[must_use]
pub fn entry_json(key_id: &[u8; 32], body: &[u8], added: &Added) -> Vec<u8> {
    let (kind, version) = HashedRekordV002::KIND_VERSION;
    let index = added.index.to_string();
    let note = String::from_utf8_lossy(&added.published.note);
    // One proof has at most 64 hashes, of 44 characters each; a certificate's body is some 2 KB.
    let mut json = String::with_capacity(1024 + note.len() + 47 * added.proof.len() + body.len() / 3 * 4);
    let mut push = |parts: &[&str]| parts.iter().for_each(|part| json.push_str(part));
    push(&[r#"{"logIndex":""#, &index, r#"","logId":{"keyId":""#, &base64::encode(key_id)]);
    push(&[r#""},"kindVersion":{"kind":""#, kind, r#"","version":""#, version]);
    push(&[r#""},"integratedTime":"0","inclusionPromise":null,"inclusionProof":{"logIndex":""#, &index]);
    push(&[r#"","rootHash":""#, &base64::encode(&added.published.root)]);
    push(&[r#"","treeSize":""#, &added.published.size.to_string(), r#"","hashes":["#]);
    for (place, hash) in added.proof.iter().enumerate() {
        push(&[if place == 0 { "\"" } else { ",\"" }, &base64::encode(hash), "\""]);
    }
    push(&[r#"],"checkpoint":{"envelope":"#, &sealwax_json::compact(&note.as_ref().into())]);
    push(&[r#"}},"canonicalizedBody":""#, &base64::encode(body), r#""}"#]);
    json.into_bytes()
}

/// The entry as a message. An index or a size beyond 63 bits does not occur.
#[must_use]
pub fn entry_message(key_id: &[u8; 32], body: &Bytes, added: &Added) -> TransparencyLogEntry {
    let (kind, version) = HashedRekordV002::KIND_VERSION;
    let int64 = |number| i64::try_from(number).unwrap_or(i64::MAX);
    TransparencyLogEntry {
        log_index: int64(added.index),
        log_id: Some(LogId { key_id: Bytes::copy_from_slice(key_id) }),
        kind_version: Some(KindVersion { kind: kind.to_owned(), version: version.to_owned() }),
        inclusion_proof: Some(InclusionProof {
            log_index: int64(added.index),
            root_hash: Bytes::copy_from_slice(&added.published.root),
            tree_size: int64(added.published.size),
            hashes: added.proof.iter().map(|hash| Bytes::copy_from_slice(hash)).collect(),
            checkpoint: Some(Checkpoint {
                envelope: String::from_utf8_lossy(&added.published.note).into_owned(),
            }),
        }),
        canonicalized_body: body.clone(),
    }
}
