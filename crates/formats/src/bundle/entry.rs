use crate::field::{FieldCause, Message, Result};
use crate::readers::ENTRY_LIMITS;
use crate::{DocumentError, base64};
use sealwax_json::{Object, Value};
use sealwax_tlog::Hash;

/// Hashes in an inclusion proof: the height of a tree of 2^63 leaves, the most that an int64 counts.
pub const MAX_PROOF_HASHES: usize = 63;

/// `TransparencyLogEntry`: where a signature was logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// The index over all shards of the log, which a signed entry timestamp covers.
    pub log_index: u64,
    /// Which log: the SHA-256 of its key, or in Rekor v2 the hash of name and key.
    pub log_id: Vec<u8>,
    /// What kind of entry it says it is: `hashedrekord`, `dsse`, `intoto`.
    pub kind: String,
    /// The version of that kind.
    pub version: String,
    /// When the log took it in, in seconds since 1970; absent (or zero) in Rekor v2. Means nothing without
    /// `inclusion_promise`.
    pub integrated_time: Option<i64>,
    /// The signed entry timestamp (SET).
    pub inclusion_promise: Option<Vec<u8>>,
    /// The proof that it is in the log.
    pub inclusion_proof: Option<InclusionProof>,
    /// The leaf. Read it with [`crate::EntryBody::parse`].
    pub canonicalized_body: Vec<u8>,
}

/// `InclusionProof`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InclusionProof {
    /// The index in the Merkle tree of the shard.
    pub log_index: u64,
    /// The root of the tree.
    pub root_hash: Hash,
    /// Its number of leaves.
    pub tree_size: u64,
    /// The path, from the leaf to the root.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint, a note.
    pub checkpoint: Option<String>,
}

impl LogEntry {
    /// What a signed entry timestamp signs: the canonical JSON (RFC 8785) of body, time, log and index.
    pub fn set_payload(&self) -> Vec<u8> {
        let payload = Object::new()
            .with("body", base64::encode(&self.canonicalized_body))
            .with("integratedTime", self.integrated_time.unwrap_or(0))
            .with("logID", crate::body::hex(&self.log_id))
            .with("logIndex", self.log_index);
        sealwax_json::jcs(&Value::Object(payload))
    }

    /// Reads an entry that stands alone, as a log of version 2 answers.
    ///
    /// # Errors
    /// [`DocumentError::Json`], [`DocumentError::Field`].
    pub fn parse(input: &[u8]) -> std::result::Result<LogEntry, DocumentError> {
        let value = sealwax_json::parse(input, &ENTRY_LIMITS)?;
        Ok(Message::of(&value).and_then(LogEntry::read)?)
    }

    pub(crate) fn read(message: Message<'_, '_>) -> Result<LogEntry> {
        let (kind, version) = message.required_message("kindVersion", |m| {
            Ok((m.required_string("kind")?.to_owned(), m.required_string("version")?.to_owned()))
        })?;
        let promise = message.message("inclusionPromise", |m| m.bytes("signedEntryTimestamp"))?;
        Ok(LogEntry {
            log_index: message.natural("logIndex")?,
            log_id: message.required_message("logId", |m| m.required_bytes("keyId"))?,
            kind,
            version,
            integrated_time: Some(message.integer("integratedTime", 0, i64::MAX)?).filter(|t| *t != 0),
            inclusion_promise: promise.filter(|set| !set.is_empty()),
            inclusion_proof: message.message("inclusionProof", InclusionProof::read)?,
            canonicalized_body: message.required_bytes("canonicalizedBody")?,
        })
    }

    pub(crate) fn write(&self) -> Object<'static> {
        let mut object = Object::new()
            .with("logIndex", self.log_index.to_string())
            .with("logId", Object::new().with("keyId", base64::encode(&self.log_id)))
            .with(
                "kindVersion",
                Object::new().with("kind", self.kind.clone()).with("version", self.version.clone()),
            );
        if let Some(time) = self.integrated_time {
            object.insert("integratedTime", time.to_string());
        }
        if let Some(set) = &self.inclusion_promise {
            object
                .insert("inclusionPromise", Object::new().with("signedEntryTimestamp", base64::encode(set)));
        }
        if let Some(proof) = &self.inclusion_proof {
            object.insert("inclusionProof", proof.write());
        }
        object.with("canonicalizedBody", base64::encode(&self.canonicalized_body))
    }
}

impl InclusionProof {
    /// A message with all its fields at their defaults, which `{}` is. It has no checkpoint, so it proves nothing.
    const EMPTY: InclusionProof = InclusionProof {
        log_index: 0,
        root_hash: [0; 32],
        tree_size: 0,
        hashes: Vec::new(),
        checkpoint: None,
    };

    fn read(message: Message<'_, '_>) -> Result<InclusionProof> {
        if message.is_empty() {
            return Ok(InclusionProof::EMPTY);
        }
        let root = message.bytes("rootHash")?;
        let hash = |(i, text): (usize, &str)| {
            if let Some(hash) = base64::decode_32(text) {
                return Ok(hash);
            }
            let name = || format!("hashes[{i}]");
            let bytes = base64::decode(text).map_err(|e| FieldCause::from(e).at(&name()))?;
            merkle_hash(&bytes).map_err(|e| e.at(&name()))
        };
        let hashes = message.strings("hashes", MAX_PROOF_HASHES)?;
        Ok(InclusionProof {
            log_index: message.natural("logIndex")?,
            root_hash: merkle_hash(&root).map_err(|e| e.at("rootHash"))?,
            tree_size: message.natural("treeSize")?,
            hashes: hashes.into_iter().enumerate().map(hash).collect::<Result<_>>()?,
            checkpoint: message
                .message("checkpoint", |m| m.string("envelope"))?
                .filter(|note| !note.is_empty())
                .map(str::to_owned),
        })
    }

    fn write(&self) -> Object<'static> {
        if *self == InclusionProof::EMPTY {
            return Object::new();
        }
        let mut object = Object::new()
            .with("logIndex", self.log_index.to_string())
            .with("rootHash", base64::encode(&self.root_hash))
            .with("treeSize", self.tree_size.to_string())
            .with(
                "hashes",
                self.hashes.iter().map(|h| Value::from(base64::encode(h))).collect::<Value<'_>>(),
            );
        if let Some(checkpoint) = &self.checkpoint {
            object.insert("checkpoint", Object::new().with("envelope", checkpoint.clone()));
        }
        object
    }
}

pub(crate) fn merkle_hash(bytes: &[u8]) -> std::result::Result<Hash, FieldCause> {
    Hash::try_from(bytes).map_err(|_| FieldCause::Length { expected: 32, found: bytes.len() })
}
