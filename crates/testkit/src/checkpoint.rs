//! Checkpoints as signed notes (C2SP signed-note, tlog-checkpoint, tlog-cosignature).

use sealwax_crypto::{KeyKind, sha256};

use crate::{base64, signer::Signer};

/// A checkpoint before it is signed.
#[derive(Clone, Debug)]
pub struct CheckpointDraft {
    /// Which of the bundle's entries this belongs to.
    pub position: usize,
    /// Origin, size, root, extensions: the text, line by line.
    pub lines: Vec<String>,
    /// The signature lines, in order.
    pub signatures: Vec<NoteSignature>,
}

impl CheckpointDraft {
    /// The text that is signed, with its final newline.
    pub fn text(&self) -> String {
        self.lines.iter().map(|line| format!("{line}\n")).collect()
    }

    /// The whole note.
    pub fn sign(&self) -> String {
        let text = self.text();
        let signatures: String = self.signatures.iter().map(|signature| signature.line(&text)).collect();
        format!("{text}\n{signatures}")
    }
}

/// What a signature line covers.
#[derive(Clone, Debug)]
pub enum Signs {
    /// The text of the note.
    Text,
    /// An Ed25519 cosignature at that time, seconds since 1970.
    CosignatureEd25519(u64),
    /// An ML-DSA-44 cosignature at that time, over origin, size and root as given.
    CosignatureMlDsa44 {
        /// Seconds since 1970.
        time: u64,
        /// Origin of the log.
        origin: String,
        /// Size of the tree.
        size: u64,
        /// Root of the tree.
        root: [u8; 32],
    },
    /// Nothing: the line has these bytes.
    Bytes(Vec<u8>),
}

/// One signature line of a note.
#[derive(Clone, Debug)]
pub struct NoteSignature {
    /// Name of the key.
    pub name: String,
    /// The four bytes that select the key.
    pub key_hash: [u8; 4],
    /// What is signed.
    pub signs: Signs,
    /// The key.
    pub signer: Signer,
}

impl NoteSignature {
    fn line(&self, text: &str) -> String {
        let signature = match &self.signs {
            Signs::Text => self.signer.sign(text.as_bytes()),
            Signs::CosignatureEd25519(time) => {
                let message = format!("cosignature/v1\ntime {time}\n{text}");
                [&time.to_be_bytes()[..], &self.signer.sign(message.as_bytes())].concat()
            }
            Signs::CosignatureMlDsa44 { time, origin, size, root } => {
                let message = [
                    b"subtree/v1\n\0".to_vec(),
                    short_vector(&self.name),
                    time.to_be_bytes().to_vec(),
                    short_vector(origin),
                    0u64.to_be_bytes().to_vec(),
                    size.to_be_bytes().to_vec(),
                    root.to_vec(),
                ]
                .concat();
                [&time.to_be_bytes()[..], &self.signer.sign(&message)].concat()
            }
            Signs::Bytes(bytes) => bytes.clone(),
        };
        format!("\u{2014} {} {}\n", self.name, base64([&self.key_hash[..], &signature].concat()))
    }
}

/// A witness: Ed25519 or ML-DSA-44.
#[derive(Clone, Debug)]
pub struct Witness {
    /// Name of its key.
    pub name: String,
    /// Its key.
    pub signer: Signer,
}

impl Witness {
    /// A witness with a fresh key of kind Ed25519 or ML-DSA-44.
    pub fn new(name: &str, kind: KeyKind) -> Self {
        assert!(matches!(kind, KeyKind::Ed25519 | KeyKind::MlDsa44), "no cosignature type for {kind:?}");
        Self { name: name.into(), signer: Signer::generate(kind) }
    }

    /// Its cosignature under a checkpoint.
    pub fn cosignature(&self, origin: &str, size: u64, root: [u8; 32], time: u64) -> NoteSignature {
        let signs = match self.signer.kind() {
            KeyKind::Ed25519 => Signs::CosignatureEd25519(time),
            _ => Signs::CosignatureMlDsa44 { time, origin: origin.into(), size, root },
        };
        let [first, second, third, fourth, ..] = self.key_hash();
        NoteSignature {
            name: self.name.clone(),
            key_hash: [first, second, third, fourth],
            signs,
            signer: self.signer.clone(),
        }
    }

    /// The verifier key as a policy lists it.
    pub fn verifier_key(&self) -> String {
        verifier_key(&self.name, &self.key_hash(), &self.typed_key())
    }

    fn typed_key(&self) -> Vec<u8> {
        let signature_type = if self.signer.kind() == KeyKind::Ed25519 { 4 } else { 6 };
        [&[signature_type], self.signer.raw_public_key()].concat()
    }

    fn key_hash(&self) -> [u8; 32] {
        note_key_hash(&self.name, &self.typed_key())
    }
}

/// `SHA-256(name ‖ 0x0A ‖ type ‖ key)`, all of it.
pub(crate) fn note_key_hash(name: &str, typed_key: &[u8]) -> [u8; 32] {
    sha256(&[name.as_bytes(), b"\n", typed_key].concat())
}

pub(crate) fn verifier_key(name: &str, key_hash: &[u8; 32], typed_key: &[u8]) -> String {
    format!("{name}+{}+{}", crate::hex(&key_hash[..4]), base64(typed_key))
}

fn short_vector(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).expect("at most 255 bytes");
    [&[length], text.as_bytes()].concat()
}
