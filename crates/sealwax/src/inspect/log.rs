//! Log entries and checkpoints, as they are shown.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use sealwax_crypto::sha256;
use sealwax_formats::body::BodySignature;
use sealwax_formats::{EntryBody, InclusionProof, LogEntry, Verifier};
use sealwax_pki::Certificate;
use sealwax_tlog::{Note, SignedCheckpoint};

use super::certificate;
use super::node::{Node, hex};

/// A log entry of a bundle.
pub fn entry(entry: &LogEntry) -> Node {
    let integrated = entry.integrated_time.and_then(|seconds| Timestamp::from_second(seconds).ok());
    Node::new()
        .with("kind", format!("{} {}", entry.kind, entry.version))
        .with("log_index", entry.log_index)
        .with("log_id", hex(&entry.log_id))
        .with("integrated_time", integrated)
        .with("signed_entry_timestamp", entry.inclusion_promise.is_some())
        .with("inclusion_proof", entry.inclusion_proof.as_ref().map(proof))
        .with("body", body(&entry.canonicalized_body))
}

fn proof(proof: &InclusionProof) -> Node {
    Node::new()
        .with("log_index", proof.log_index)
        .with("tree_size", proof.tree_size)
        .with("root_hash", hex(&proof.root_hash))
        .with("hashes", proof.hashes.len())
        .with(
            "checkpoint",
            proof.checkpoint.as_deref().map(|text| checkpoint(text).unwrap_or_else(unreadable)),
        )
}

fn unreadable(reason: String) -> Node {
    Node::new().with("unreadable", reason)
}

/// A checkpoint, or another signed note.
///
/// # Errors
/// It is not a note.
pub fn checkpoint(text: &str) -> Result<Node, String> {
    match SignedCheckpoint::parse(text) {
        Ok(signed) => {
            let checkpoint = signed.unverified();
            let extensions = checkpoint.extensions().to_vec();
            Ok(Node::new()
                .with("origin", checkpoint.origin())
                .with("tree_size", checkpoint.size().0)
                .with("root_hash", hex(checkpoint.root()))
                .with("root_hash_base64", STANDARD.encode(checkpoint.root()))
                .with("extension_lines", Some(extensions).filter(|lines| !lines.is_empty()))
                .with("signatures", signatures(signed.note(), checkpoint.origin())))
        }
        Err(error) => {
            let note = Note::parse(text).map_err(|error| error.to_string())?;
            Ok(Node::new()
                .with("not_a_checkpoint", error.to_string())
                .with("text", note.text().lines().map(str::to_owned).collect::<Vec<_>>())
                .with("signatures", signatures(&note, "")))
        }
    }
}

fn signatures(note: &Note, origin: &str) -> Vec<Node> {
    let node = |signature: &sealwax_tlog::note::Signature| {
        // Only the key says whether a line is a cosignature; its length, and that it is not the log's own, suggest it.
        let time = signature.bytes().split_first_chunk::<8>().and_then(|(time, rest)| {
            let is_other =
                signature.name() != origin && !origin.starts_with(&format!("{} - ", signature.name()));
            let seconds = i64::try_from(u64::from_be_bytes(*time)).ok()?;
            Timestamp::from_second(seconds).ok().filter(|_| is_other && matches!(rest.len(), 64 | 2420))
        });
        Node::new()
            .with("name", signature.name())
            .with("key_hash", hex(&signature.key_hash()))
            .with("cosigned_at", time)
            .with("bytes", signature.bytes().len())
    };
    note.signatures().iter().map(node).collect()
}

fn body(bytes: &[u8]) -> Node {
    let body = match EntryBody::parse(bytes) {
        Ok(body) => body,
        Err(error) => return unreadable(error.to_string()).with("bytes", bytes.len()),
    };
    let (kind, version) = body.kind_version();
    let node = Node::new().with("kind", format!("{kind} {version}"));
    let node = match &body {
        EntryBody::HashedRekordV001 { data, verifier, .. } => {
            node.with("artifact", data.to_string()).with("verifier", signed_by(verifier))
        }
        EntryBody::HashedRekordV002 { data, verifier, key_details, .. } => node
            .with("artifact_or_envelope", data.to_string())
            .with("key_details", key_details.name())
            .with("verifier", signed_by(verifier)),
        EntryBody::DsseV001 { payload_hash, signatures }
        | EntryBody::DsseV002 { payload_hash, signatures } => {
            node.with("payload", payload_hash.to_string()).with("signatures", body_signatures(signatures))
        }
        EntryBody::IntotoV001 { payload_hash, verifier } => node
            .with("payload", payload_hash.as_ref().map(ToString::to_string))
            .with("verifier", signed_by(verifier))
            .with("remark", "it has no signature, so nothing can be verified by it"),
        EntryBody::IntotoV002 { payload_hash, payload_type, signatures } => node
            .with("payload", payload_hash.to_string())
            .with("payload_type", payload_type.as_str())
            .with("signatures", body_signatures(signatures)),
        _ => node,
    };
    node.with("leaf_hash", hex(&sealwax_tlog::leaf_hash(bytes)))
}

fn body_signatures(signatures: &[BodySignature]) -> Vec<Node> {
    let node = |signature: &BodySignature| {
        Node::new()
            .with("key_details", signature.key_details.as_ref().map(|details| details.name().to_owned()))
            .with("verifier", signed_by(&signature.verifier))
    };
    signatures.iter().map(node).collect()
}

/// Whose signature a log has written down, in as few words as tell it from another.
fn signed_by(verifier: &Verifier) -> Node {
    match verifier {
        Verifier::Certificate(der) => match Certificate::from_der(der) {
            Ok(read) => Node::new().with("certificate_sha256", hex(&read.fingerprint())),
            Err(error) => unreadable(error.to_string()).with("certificate_sha256", hex(&sha256(der))),
        },
        Verifier::PublicKey(key) => certificate::public_key(key),
        Verifier::UnreadableKey(der, error) => {
            unreadable(error.to_string()).with("key_sha256", hex(&sha256(der)))
        }
    }
}
