//! The log under test, and what has been learned from it and must stay true.

use std::path::{Path, PathBuf};
use std::process::Command;

use sealwax_crypto::{HashAlgorithm, KeyKind, Message, Scheme, SigningKey, sha256};
use sealwax_formats::base64;
use sealwax_tlog::{LeafIndex, LogKey, SignedCheckpoint, TreeSize, VerifierKey, merkle};
use serde_json::Value;

use crate::Failure;
use crate::process::output;
use crate::running::sealwax::{ORIGIN, check};

pub(super) struct Log {
    pub(super) program: PathBuf,
    pub(super) directory: PathBuf,
    verifier_key: String,
    key: LogKey,
    submitter: SigningKey,
}

/// An entry that was acknowledged.
#[derive(Clone)]
pub(super) struct Entry {
    /// The body of the request: a second one would have another signature, and be another entry.
    pub(super) request: String,
    pub(super) index: u64,
    leaf: merkle::Hash,
    /// The size of the tree that the proof was for.
    pub(super) size: u64,
}

impl Log {
    /// A new, empty one, where there may have been another.
    pub(super) fn create(program: &Path, directory: PathBuf) -> Result<Self, Failure> {
        if directory.exists() {
            std::fs::remove_dir_all(&directory)?;
        }
        if let Some(parent) = directory.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let mut new = Command::new(program);
        let printed = output(new.args(["log", "new", "--json", "--origin", ORIGIN]).arg(&directory))?;
        let printed: Value = serde_json::from_str(&printed)?;
        let verifier_key = printed.pointer("/verifier_keys/0").and_then(Value::as_str);
        let verifier_key = verifier_key.ok_or("`log new` printed no verifier key")?.to_owned();
        let key = LogKey::from_verifier_key(VerifierKey::parse(&verifier_key)?)?;
        let submitter = SigningKey::generate(KeyKind::EcdsaP256)?;
        Ok(Self { program: program.to_owned(), directory, verifier_key, key, submitter })
    }

    /// A request that nobody has made before, if nobody used this number for this log.
    pub(super) fn request(&self, number: u64) -> Result<String, Failure> {
        let artifact = number.to_be_bytes();
        let scheme = Scheme::Ecdsa(HashAlgorithm::Sha256);
        let signature = base64::encode(&self.submitter.sign(scheme, Message::Bytes(&artifact))?);
        let key = base64::encode(self.submitter.public_key().spki_der());
        let digest = base64::encode(&sha256(&artifact));
        Ok(format!(
            r#"{{"hashedRekordRequestV002":{{"digest":"{digest}","signature":{{"content":"{signature}","verifier":{{"publicKey":{{"rawBytes":"{key}"}},"keyDetails":"PKIX_ECDSA_P256_SHA_256"}}}}}}}}"#
        ))
    }

    /// What a reply with status 201 acknowledges, once its proof and its checkpoint's signature have been verified.
    pub(super) fn acknowledged(&self, request: String, reply: &[u8]) -> Result<Entry, Failure> {
        let reply: Value = serde_json::from_slice(reply)?;
        let text = |at: &str| {
            let value = reply.pointer(at).and_then(Value::as_str);
            value.ok_or_else(|| format!("a reply without {at}: {reply}"))
        };
        let index: u64 = text("/logIndex")?.parse()?;
        let leaf = merkle::leaf_hash(&base64::decode(text("/canonicalizedBody")?)?);
        let hashes = reply.pointer("/inclusionProof/hashes").and_then(Value::as_array);
        let hashes = hashes.into_iter().flatten().map(hash).collect::<Result<Vec<_>, _>>()?;
        let (size, root) = self.verified(text("/inclusionProof/checkpoint/envelope")?)?;
        merkle::verify_inclusion(&leaf, LeafIndex(index), TreeSize(size), &hashes, &root)
            .map_err(|error| format!("the proof of entry {index} in {size}: {error}"))?;
        Ok(Entry { request, index, leaf, size })
    }

    /// Size and root of a checkpoint that the log has signed.
    pub(super) fn verified(&self, envelope: &str) -> Result<(u64, merkle::Hash), Failure> {
        let signed = SignedCheckpoint::parse(envelope)?;
        self.key.verify(&signed)?;
        Ok((signed.unverified().size().0, *signed.unverified().root()))
    }

    /// `sealwax log check`.
    pub(super) fn check(&self) -> Result<(), Failure> {
        check(&self.program, &self.directory, &self.verifier_key)
    }
}

impl Entry {
    /// Whether the same request was answered now as it was then.
    pub(super) fn demand_same(&self, now: &Self) -> Result<(), Failure> {
        if (self.index, self.leaf) == (now.index, now.leaf) {
            return Ok(());
        }
        Err(format!("an entry that was acknowledged as {} now is {}", self.index, now.index).into())
    }
}

fn hash(value: &Value) -> Result<merkle::Hash, Failure> {
    let bytes = base64::decode(value.as_str().ok_or("a hash that is no text")?)?;
    bytes.try_into().map_err(|_| "a hash that has not 32 bytes".into())
}
