//! Signature transparency logs: Rekor v1 and v2.

use std::sync::Arc;

use jiff::Timestamp;
use sealwax_crypto::KeyKind;
use serde_json::{Value, json};

use crate::{
    Window, base64, canonical,
    checkpoint::{CheckpointDraft, NoteSignature, Signs, Witness, note_key_hash, verifier_key},
    hex, merkle,
    signer::Signer,
};

/// Generation of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// Signed entry timestamps, shards, checkpoint origin `host - tree id`.
    V1 {
        /// Number of the tree.
        tree_id: u64,
        /// How many entries the earlier shards hold: global index minus index in the tree.
        shard_offset: u64,
    },
    /// Tiles, checkpoint origin = host.
    V2,
}

/// A signature log. Its tree has entries of others around ours, so that proofs have some length.
#[derive(Clone, Debug)]
pub struct SignatureLog {
    /// Host name: name of the note key and origin of the checkpoint.
    pub host: String,
    /// v1 or v2.
    pub generation: Generation,
    /// Its key.
    pub signer: Signer,
    /// `baseUrl` in the trusted root.
    pub base_url: String,
    /// `validFor` of the key.
    pub valid_for: Window,
    /// Whether the trusted root lists it.
    pub listed: bool,
    /// Index in the tree that the next entry gets.
    pub entry_index: u64,
    /// Size of the tree that it is proved in.
    pub tree_size: u64,
    /// Who cosigns checkpoints.
    pub witnesses: Vec<Arc<Witness>>,
    /// Whether checkpoints have the extension line `Timestamp: N`.
    pub checkpoint_timestamp: bool,
}

impl SignatureLog {
    /// A Rekor v1 log (P-256) with an earlier shard of a thousand entries.
    pub fn v1(host: &str) -> Self {
        let generation = Generation::V1 { tree_id: 1_193_050_959_916_656_506, shard_offset: 1_000 };
        Self::new(host, generation, KeyKind::EcdsaP256)
    }

    /// A Rekor v2 log (Ed25519).
    pub fn v2(host: &str) -> Self {
        Self::new(host, Generation::V2, KeyKind::Ed25519)
    }

    fn new(host: &str, generation: Generation, kind: KeyKind) -> Self {
        Self {
            host: host.into(),
            generation,
            signer: Signer::generate(kind),
            base_url: format!("https://{host}"),
            valid_for: Window::from_start(),
            listed: true,
            entry_index: 3,
            tree_size: 7,
            witnesses: Vec::new(),
            checkpoint_timestamp: false,
        }
    }

    /// The log with a fresh key of another kind.
    #[must_use]
    pub fn key(mut self, kind: KeyKind) -> Self {
        self.signer = Signer::generate(kind);
        self
    }

    /// Where the next entry goes, and the size of the tree that it is proved in.
    #[must_use]
    pub fn entry_at(mut self, index: u64, tree_size: u64) -> Self {
        assert!(index < tree_size, "the entry must be in the tree");
        (self.entry_index, self.tree_size) = (index, tree_size);
        self
    }

    /// Entries in earlier shards (v1).
    #[must_use]
    pub fn after_shards_of(mut self, entries: u64) -> Self {
        if let Generation::V1 { shard_offset, .. } = &mut self.generation {
            *shard_offset = entries;
        }
        self
    }

    /// The log with another key window.
    #[must_use]
    pub fn valid_for(mut self, valid_for: Window) -> Self {
        self.valid_for = valid_for;
        self
    }

    /// Adds a witness.
    #[must_use]
    pub fn witnessed_by(mut self, witness: &Arc<Witness>) -> Self {
        self.witnesses.push(witness.clone());
        self
    }

    /// Checkpoints with the extension line `Timestamp: N`.
    #[must_use]
    pub fn with_checkpoint_timestamp(mut self) -> Self {
        self.checkpoint_timestamp = true;
        self
    }

    /// Whether this is a v1 log.
    pub fn is_v1(&self) -> bool {
        matches!(self.generation, Generation::V1 { .. })
    }

    /// `logId`: SHA-256 of the SPKI (v1), the whole hash of the note key (v2).
    pub fn id(&self) -> [u8; 32] {
        match (self.generation, self.signer.kind()) {
            (Generation::V2, KeyKind::Ed25519 | KeyKind::Rsa { .. }) => {
                note_key_hash(&self.host, &self.typed_key())
            }
            _ => self.signer.spki_sha256(),
        }
    }

    /// Origin of the checkpoint.
    pub fn origin(&self) -> String {
        match self.generation {
            Generation::V1 { tree_id, .. } => format!("{} - {tree_id}", self.host),
            Generation::V2 => self.host.clone(),
        }
    }

    /// Index over all shards: `logIndex` at the top of the entry.
    pub fn global_index(&self) -> u64 {
        match self.generation {
            Generation::V1 { shard_offset, .. } => shard_offset + self.entry_index,
            Generation::V2 => self.entry_index,
        }
    }

    /// The verifier key as a policy lists it.
    pub fn verifier_key(&self) -> String {
        verifier_key(&self.host, &self.id(), &self.typed_key())
    }

    /// The log's own signature line.
    pub fn note_signature(&self) -> NoteSignature {
        let [first, second, third, fourth, ..] = self.id();
        NoteSignature {
            name: self.host.clone(),
            key_hash: [first, second, third, fourth],
            signs: Signs::Text,
            signer: self.signer.clone(),
        }
    }

    /// The tree with this entry in it.
    pub(crate) fn tree(&self, position: usize, body: &[u8]) -> TreeDraft {
        let leaves: Vec<[u8; 32]> = (0..self.tree_size)
            .map(|index| match index == self.entry_index {
                true => merkle::leaf_hash(body),
                false => merkle::leaf_hash(format!("entry {index} of somebody else").as_bytes()),
            })
            .collect();
        let index = usize::try_from(self.entry_index).expect("a small tree");
        TreeDraft {
            position,
            index: i64::try_from(self.entry_index).expect("a small tree"),
            size: i64::try_from(self.tree_size).expect("a small tree"),
            root: merkle::root(&leaves).to_vec(),
            hashes: merkle::path(index, &leaves).iter().map(|hash| hash.to_vec()).collect(),
        }
    }

    /// The checkpoint of such a tree, signed by the log, then by its witnesses.
    pub(crate) fn checkpoint(&self, tree: &TreeDraft, time: Timestamp) -> CheckpointDraft {
        let mut lines = vec![self.origin(), tree.size.to_string(), base64(&tree.root)];
        if self.checkpoint_timestamp {
            lines.push(format!("Timestamp: {}", time.as_nanosecond()));
        }
        let seconds = u64::try_from(time.as_second()).expect("a time after 1970");
        let root = <[u8; 32]>::try_from(tree.root.as_slice()).unwrap_or_default();
        let size = u64::try_from(tree.size).unwrap_or_default();
        let cosignatures =
            self.witnesses.iter().map(|witness| witness.cosignature(&self.origin(), size, root, seconds));
        let signatures = std::iter::once(self.note_signature()).chain(cosignatures).collect();
        CheckpointDraft { position: tree.position, lines, signatures }
    }

    /// The promise to include this body (v1).
    pub(crate) fn promise(&self, position: usize, body: &[u8], integrated_time: i64) -> SetDraft {
        SetDraft {
            position,
            body: body.to_vec(),
            integrated_time,
            log_id: self.id().to_vec(),
            log_index: i64::try_from(self.global_index()).expect("a small tree"),
            signer: self.signer.clone(),
            signature: None,
        }
    }

    pub(crate) fn trusted_root_entry(&self) -> Value {
        trusted_root_entry(&self.base_url, &self.signer, &self.id(), &self.valid_for)
    }

    fn typed_key(&self) -> Vec<u8> {
        match self.signer.kind() {
            KeyKind::Ed25519 => [&[1], self.signer.raw_public_key()].concat(),
            KeyKind::Rsa { .. } => [b"\xffPKIX-RSA-PKCS#1v1.5", self.signer.spki()].concat(),
            _ => [&[2], self.signer.spki()].concat(),
        }
    }
}

/// What the log says about its tree: checkpoint and proof are made of it.
#[derive(Clone, Debug)]
pub struct TreeDraft {
    /// Which of the bundle's entries this belongs to.
    pub position: usize,
    /// Index of the entry in the tree.
    pub index: i64,
    /// Size of the tree.
    pub size: i64,
    /// Root of the tree.
    pub root: Vec<u8>,
    /// Audit path, from the leaf upwards.
    pub hashes: Vec<Vec<u8>>,
}

/// An inclusion proof as the bundle states it.
#[derive(Clone, Debug)]
pub struct ProofDraft {
    /// Which of the bundle's entries this belongs to.
    pub position: usize,
    /// `logIndex`.
    pub log_index: i64,
    /// `rootHash`.
    pub root_hash: Vec<u8>,
    /// `treeSize`.
    pub tree_size: i64,
    /// `hashes`.
    pub hashes: Vec<Vec<u8>>,
    /// `checkpoint.envelope`.
    pub checkpoint: Option<String>,
}

impl ProofDraft {
    pub(crate) fn to_json(&self) -> Value {
        let hashes: Vec<String> = self.hashes.iter().map(base64).collect();
        let mut proof = json!({
            "logIndex": self.log_index.to_string(),
            "rootHash": base64(&self.root_hash),
            "treeSize": self.tree_size.to_string(),
            "hashes": hashes,
        });
        if let Some(checkpoint) = &self.checkpoint {
            proof["checkpoint"] = json!({"envelope": checkpoint});
        }
        proof
    }
}

/// A signed entry timestamp before it is signed.
#[derive(Clone, Debug)]
pub struct SetDraft {
    /// Which of the bundle's entries this belongs to.
    pub position: usize,
    /// The body that is promised.
    pub body: Vec<u8>,
    /// Seconds since 1970, as signed.
    pub integrated_time: i64,
    /// The log's identifier, as signed.
    pub log_id: Vec<u8>,
    /// Global index, as signed.
    pub log_index: i64,
    /// The log's key.
    pub signer: Signer,
    /// Another signature.
    pub signature: Option<Vec<u8>>,
}

impl SetDraft {
    pub(crate) fn sign(&self) -> Vec<u8> {
        let payload = json!({
            "body": base64(&self.body),
            "integratedTime": self.integrated_time,
            "logID": hex(&self.log_id),
            "logIndex": self.log_index,
        });
        self.signature.clone().unwrap_or_else(|| self.signer.sign(&canonical(&payload)))
    }
}

/// An entry of `tlogs` or `ctlogs`.
pub(crate) fn trusted_root_entry(base_url: &str, signer: &Signer, id: &[u8], valid_for: &Window) -> Value {
    json!({
        "baseUrl": base_url,
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": base64(signer.spki()),
            "keyDetails": signer.key_details(),
            "validFor": valid_for.to_json(),
        },
        "logId": {"keyId": base64(id)},
    })
}
