//! What cosign 1 and 2 write with `--bundle`, and the entries of Rekor v1 as its API and cosign have them.

use super::detached::{certificates_from_bytes, content_from_signature, hint_of_key};
use super::{ReadError, material, unlogged};
use crate::body::unhex;
use crate::bundle::{InclusionProof, MAX_PROOF_HASHES, merkle_hash};
use crate::field::{FieldCause, Message, Result as FieldResult};
use crate::{Bundle, EntryBody, LogEntry, base64};
use sealwax_json::Value;

/// `{"base64Signature", "cert", "rekorBundle": {"SignedEntryTimestamp", "Payload"}}`
pub(super) fn bundle(message: Message<'_, '_>) -> Result<Bundle, ReadError> {
    let content = content_from_signature(message.required_string("base64Signature")?.as_bytes())?;
    let entry = message.message("rekorBundle", set_and_payload)?.map(LogParts::into_entry).transpose()?;
    let cert = message.string("cert")?.as_bytes();
    // With a key, `cert` is that key or absent; then the entry names it.
    let (certificates, hint) = match hint_of_key(cert) {
        Some(hint) => (Vec::new(), hint),
        None if cert.is_empty() => (Vec::new(), String::new()),
        None => (certificates_from_bytes(cert)?, String::new()),
    };
    let mut bundle = unlogged(material(certificates, hint), content);
    bundle.log_entries.extend(entry);
    Ok(bundle)
}

/// A log entry as Rekor v1's API gives it (`{uuid: {…}}`), or as cosign has it beside an image.
pub(super) fn rekor_entry(value: &Value<'_>) -> Result<LogEntry, ReadError> {
    let message = Message::exact(value)?;
    if message.field("SignedEntryTimestamp")?.is_some() {
        return set_and_payload(message)?.into_entry();
    }
    let inner = match value.as_object() {
        Some(object) if object.len() == 1 && !object.contains("body") => object.iter().next(),
        _ => None,
    };
    match inner {
        Some((uuid, entry)) => {
            Message::exact(entry).and_then(api_entry).map_err(|e| e.within(&crate::field::cut(uuid)))?
        }
        None => api_entry(message)?,
    }
    .into_entry()
}

/// An entry before its body has been asked what kind it is.
struct LogParts {
    body: Vec<u8>,
    integrated_time: i64,
    log_id: Vec<u8>,
    log_index: u64,
    set: Option<Vec<u8>>,
    proof: Option<InclusionProof>,
}

impl LogParts {
    fn read(message: Message<'_, '_>) -> FieldResult<LogParts> {
        let log_id = unhex(message.required_string("logID")?).map_err(|e| e.at("logID"))?;
        Ok(LogParts {
            body: message.required_bytes("body")?,
            integrated_time: message.integer("integratedTime", 0, i64::MAX)?,
            log_id,
            log_index: message.natural("logIndex")?,
            set: None,
            proof: None,
        })
    }

    fn into_entry(self) -> Result<LogEntry, ReadError> {
        let (kind, version) = EntryBody::peek(&self.body)?;
        Ok(LogEntry {
            log_index: self.log_index,
            log_id: self.log_id,
            kind,
            version,
            integrated_time: Some(self.integrated_time).filter(|t| *t != 0),
            inclusion_promise: self.set,
            inclusion_proof: self.proof,
            canonicalized_body: self.body,
        })
    }
}

fn set_and_payload(message: Message<'_, '_>) -> FieldResult<LogParts> {
    let parts = message.required_message("Payload", LogParts::read)?;
    Ok(LogParts { set: Some(message.required_bytes("SignedEntryTimestamp")?), ..parts })
}

fn api_entry(message: Message<'_, '_>) -> FieldResult<LogParts> {
    let verification = message.message("verification", |m| {
        let set = m.bytes("signedEntryTimestamp")?;
        Ok((set, m.message("inclusionProof", proof)?.flatten()))
    })?;
    let (set, proof) = verification.unwrap_or_default();
    Ok(LogParts { set: Some(set).filter(|set| !set.is_empty()), proof, ..LogParts::read(message)? })
}

/// The proof, if it has a checkpoint: those of before October 2022 have none, and then prove nothing.
fn proof(message: Message<'_, '_>) -> FieldResult<Option<InclusionProof>> {
    let checkpoint = message.string("checkpoint")?;
    if checkpoint.is_empty() {
        return Ok(None);
    }
    let hash = |text: &str| unhex(text).and_then(|bytes| merkle_hash(&bytes));
    let root = message.required_string("rootHash")?;
    let hashes = message.strings("hashes", MAX_PROOF_HASHES)?;
    let hashes = hashes.into_iter().map(hash).collect::<Result<_, FieldCause>>();
    Ok(Some(InclusionProof {
        log_index: message.natural("logIndex")?,
        root_hash: hash(root).map_err(|e| e.at("rootHash"))?,
        tree_size: message.natural("treeSize")?,
        hashes: hashes.map_err(|e| e.at("hashes"))?,
        checkpoint: Some(checkpoint.to_owned()),
    }))
}

/// Bytes that may stand in base64, as cosign writes its PEM; in files also broken into lines.
pub(super) fn unwrap_base64(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    if text.trim_ascii().contains(|c: char| c.is_ascii_whitespace()) {
        return base64::decode(&text.replace(|c: char| c.is_ascii_whitespace(), "")).ok();
    }
    base64::decode(text.trim_ascii()).ok()
}
