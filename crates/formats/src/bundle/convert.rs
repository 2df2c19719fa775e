use super::{Bundle, BundleVersion, CertificateForm, Content, FormError, LogEntry, Material};
use crate::base64;
use crate::body::hex;
use sealwax_crypto::pem;
use sealwax_json::{Object, Value};

/// Why a bundle has no such form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// It lacks what the other version demands.
    #[error(transparent)]
    Form(#[from] FormError),
    /// The envelope has no signature, or more than one.
    #[error("the envelope has {found} signatures, not one")]
    Signatures {
        /// How many.
        found: usize,
    },
}

/// A bundle taken apart into the files that people kept before there were bundles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detached {
    /// What `cosign sign-blob --output-signature` writes: the signature in base64, or the DSSE envelope as JSON.
    pub signature: String,
    /// The certificate as PEM, unless it is a bare key's signature.
    pub certificate: Option<String>,
    /// The first entry that has a signed entry timestamp, as the API of Rekor v1 gives it.
    pub rekor_entry: Option<String>,
    /// The same entry in the bundle of cosign 1 and 2 (`--bundle`).
    pub cosign_bundle: Option<String>,
    /// The RFC 3161 responses, in DER.
    pub timestamps: Vec<Vec<u8>>,
}

impl Bundle {
    /// The bundle as version 0.3: one certificate, and a proof for each entry. Certificates beside the leaf are left
    /// out, as they are ignored in verification anyway.
    ///
    /// # Errors
    /// [`ConvertError::Form`] if an entry has no proof or no checkpoint.
    pub fn to_v03(&self) -> Result<Bundle, ConvertError> {
        let material = match &self.material {
            Material::Certificate { leaf, .. } => Material::Certificate {
                leaf: leaf.clone(),
                others: Vec::new(),
                form: CertificateForm::Single,
            },
            key => key.clone(),
        };
        self.converted(BundleVersion::V03, material)
    }

    /// The bundle as version 0.1: a chain, and a signed entry timestamp for each entry.
    ///
    /// # Errors
    /// [`ConvertError::Form`] if an entry has no such timestamp, or a proof without a checkpoint.
    pub fn to_v01(&self) -> Result<Bundle, ConvertError> {
        let material = match &self.material {
            Material::Certificate { leaf, others, .. } => Material::Certificate {
                leaf: leaf.clone(),
                others: others.clone(),
                form: CertificateForm::Chain,
            },
            key => key.clone(),
        };
        self.converted(BundleVersion::V01, material)
    }

    /// The bundle taken apart.
    ///
    /// # Errors
    /// [`ConvertError::Signatures`].
    pub fn to_detached(&self) -> Result<Detached, ConvertError> {
        let signature = match &self.content {
            Content::Message { signature, .. } => base64::encode(signature),
            Content::Dsse(envelope) if envelope.signatures.len() == 1 => {
                sealwax_json::compact(&envelope.to_json())
            }
            Content::Dsse(envelope) => {
                return Err(ConvertError::Signatures { found: envelope.signatures.len() });
            }
        };
        let certificate = match &self.material {
            Material::Certificate { leaf, .. } => Some(pem::encode("CERTIFICATE", leaf)),
            Material::PublicKey { .. } => None,
        };
        let promised = self.log_entries.iter().find_map(|e| e.inclusion_promise.as_ref().map(|set| (e, set)));
        let cosign_bundle = promised.map(|(entry, set)| {
            // cosign has the envelope, like the signature, in base64.
            let signature = match &self.content {
                Content::Message { .. } => signature.clone(),
                Content::Dsse(_) => base64::encode(signature.as_bytes()),
            };
            sealwax_json::compact(&cosign_bundle(&signature, certificate.as_deref(), entry, set))
        });
        Ok(Detached {
            rekor_entry: promised.map(|(entry, set)| sealwax_json::compact(&rekor_entry(entry, set))),
            cosign_bundle,
            signature,
            certificate,
            timestamps: self.timestamps.clone(),
        })
    }

    fn converted(&self, version: BundleVersion, material: Material) -> Result<Bundle, ConvertError> {
        let bundle = Bundle { version, material, ..self.clone() };
        bundle.check_form()?;
        Ok(bundle)
    }
}

fn cosign_bundle(signature: &str, certificate: Option<&str>, entry: &LogEntry, set: &[u8]) -> Value<'static> {
    let payload = Object::new()
        .with("body", base64::encode(&entry.canonicalized_body))
        .with("integratedTime", entry.integrated_time.unwrap_or(0))
        .with("logIndex", entry.log_index)
        .with("logID", hex(&entry.log_id));
    let mut bundle = Object::new().with("base64Signature", signature.to_owned());
    if let Some(pem) = certificate {
        bundle.insert("cert", base64::encode(pem.as_bytes()));
    }
    let rekor = Object::new().with("SignedEntryTimestamp", base64::encode(set)).with("Payload", payload);
    Value::Object(bundle.with("rekorBundle", rekor))
}

fn rekor_entry(entry: &LogEntry, set: &[u8]) -> Value<'static> {
    let mut verification = Object::new();
    if let Some(proof) = &entry.inclusion_proof {
        let hashes = proof.hashes.iter().map(|h| Value::from(hex(h))).collect::<Value<'_>>();
        let mut inclusion = Object::new();
        if let Some(checkpoint) = &proof.checkpoint {
            inclusion.insert("checkpoint", checkpoint.clone());
        }
        let inclusion = inclusion
            .with("hashes", hashes)
            .with("logIndex", proof.log_index)
            .with("rootHash", hex(&proof.root_hash))
            .with("treeSize", proof.tree_size);
        verification.insert("inclusionProof", inclusion);
    }
    let value = Object::new()
        .with("body", base64::encode(&entry.canonicalized_body))
        .with("integratedTime", entry.integrated_time.unwrap_or(0))
        .with("logID", hex(&entry.log_id))
        .with("logIndex", entry.log_index)
        .with("verification", verification.with("signedEntryTimestamp", base64::encode(set)));
    Value::Object(Object::new().with(uuid(entry), value))
}

/// Rekor v1's name for an entry: the leaf hash, behind the id of the tree if the checkpoint names it
/// (`host - id`, decimal there and 16 hexadecimal digits here).
fn uuid(entry: &LogEntry) -> String {
    let leaf = hex(&sealwax_tlog::leaf_hash(&entry.canonicalized_body));
    let checkpoint = entry.inclusion_proof.as_ref().and_then(|proof| proof.checkpoint.as_deref());
    let tree = checkpoint
        .and_then(|note| note.lines().next())
        .and_then(|origin| origin.rsplit_once(" - "))
        .and_then(|(_, id)| id.parse::<u64>().ok());
    tree.map_or(leaf.clone(), |id| format!("{id:016x}{leaf}"))
}
