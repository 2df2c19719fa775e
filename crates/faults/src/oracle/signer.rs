use super::{Head, History};
use sealwax_crypto::{Message, PublicKey, Scheme, SigningKey};
use sealwax_signer::{Signer, SignerError};
use sealwax_tlog::Checkpoint;
use std::sync::Arc;

/// A key that writes down what it signs, before it does.
#[derive(Clone)]
pub struct RecordingSigner {
    key: Arc<SigningKey>,
    history: History,
}

impl RecordingSigner {
    /// This key, into this history.
    #[must_use]
    pub fn new(key: Arc<SigningKey>, history: History) -> Self {
        Self { key, history }
    }
}

impl Signer for RecordingSigner {
    fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    fn sign(&self, scheme: Scheme, message: Message<'_>) -> Result<Vec<u8>, SignerError> {
        let bytes = match message {
            Message::Bytes(bytes) => Some(bytes),
            _ => None,
        };
        match bytes
            .and_then(|bytes| note_text(bytes).or_else(|| tree_head(bytes)).or_else(|| cosigned(bytes)))
        {
            Some(head) => self.history.signed(head),
            None => self.history.signed_something_else(bytes.map_or(0, <[u8]>::len)),
        }
        Ok(SigningKey::sign(&self.key, scheme, message)?)
    }

    /// The key is in memory: the simulation signs where it stands, and has no other threads.
    fn may_wait(&self) -> bool {
        false
    }
}

/// The text of a note is what a signature of a note covers.
fn note_text(bytes: &[u8]) -> Option<Head> {
    let checkpoint = Checkpoint::parse(std::str::from_utf8(bytes).ok()?).ok()?;
    Some(Head { size: checkpoint.size().0, root: *checkpoint.root(), timestamp: None })
}

/// A `TreeHeadSignature` (RFC 6962 section 3.5): version, type, timestamp, size, root.
fn tree_head(bytes: &[u8]) -> Option<Head> {
    let (&[0, 1], rest) = bytes.split_first_chunk::<2>()? else { return None };
    let (timestamp, rest) = rest.split_first_chunk::<8>()?;
    let (size, root) = rest.split_first_chunk::<8>()?;
    let root = root.try_into().ok()?;
    Some(Head { size: u64::from_be_bytes(*size), root, timestamp: Some(u64::from_be_bytes(*timestamp)) })
}

/// What an ML-DSA-44 key signs (C2SP `tlog-cosignature`, `cosigned_message`): name, time in seconds, origin, start, end, root.
fn cosigned(bytes: &[u8]) -> Option<Head> {
    let after_name = |bytes: &'_ [u8]| -> Option<usize> { Some(1 + usize::from(*bytes.first()?)) };
    let rest = bytes.strip_prefix(b"subtree/v1\n\0")?;
    let rest = rest.get(after_name(rest)?..)?.get(8..)?;
    let rest = rest.get(after_name(rest)?..)?;
    let (&[0, 0, 0, 0, 0, 0, 0, 0], rest) = rest.split_first_chunk::<8>()? else { return None };
    let (size, root) = rest.split_first_chunk::<8>()?;
    Some(Head { size: u64::from_be_bytes(*size), root: root.try_into().ok()?, timestamp: None })
}
