use super::{KeyMaterial, UnusableReason, put_text};
use crate::field::{Message, Result as FieldResult};
use crate::{HashField, Window, base64};
use sealwax_crypto::{HashAlgorithm, KeyDetails, PublicKey};
use sealwax_json::Object;

/// `TransparencyLogInstance`: a log of signatures or of certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransparencyLog {
    /// Where it can be reached. In Rekor v2 its host name is the origin of the checkpoints.
    pub base_url: String,
    /// The hash of the Merkle tree.
    pub hash_algorithm: HashField,
    /// Its key, and when that was in use.
    pub public_key: Option<KeyMaterial>,
    /// Its identity in log entries and SCTs.
    pub log_id: Option<Vec<u8>>,
    /// Its identity in checkpoints; from version 0.2.
    pub checkpoint_key_id: Option<Vec<u8>>,
    /// Who runs it; empty where that is not said.
    pub operator: String,
}

/// A log that can be used.
#[derive(Debug, Clone, Copy)]
pub struct UsableLog<'a> {
    /// Its key.
    pub public_key: &'a PublicKey,
    /// The scheme of its signatures.
    pub key_details: KeyDetails,
    /// When the key was in use.
    pub window: Window,
    /// Its identity.
    pub log_id: &'a [u8],
}

impl TransparencyLog {
    /// A log for a trusted root, over SHA-256.
    pub fn new(base_url: String, public_key: KeyMaterial, log_id: Vec<u8>) -> TransparencyLog {
        TransparencyLog {
            base_url,
            hash_algorithm: HashField::Known(HashAlgorithm::Sha256),
            public_key: Some(public_key),
            log_id: Some(log_id),
            checkpoint_key_id: None,
            operator: String::new(),
        }
    }

    /// What is needed to use the log. Its key is read at the first call, once.
    ///
    /// # Errors
    /// The first [`UnusableReason`].
    pub fn usable(&self) -> Result<UsableLog<'_>, UnusableReason> {
        if self.hash_algorithm != HashField::Known(HashAlgorithm::Sha256) {
            let algorithm = self.hash_algorithm.name().to_owned();
            return Err(UnusableReason::HashAlgorithm { algorithm });
        }
        let log_id = self.log_id.as_deref().ok_or(UnusableReason::NoLogId)?;
        let key = self.public_key.as_ref().ok_or(UnusableReason::NoKey)?;
        let window = key.valid_for().and_then(|range| range.window()).ok_or(UnusableReason::NoStart)?;
        let (public_key, key_details) = key.public_key()?;
        Ok(UsableLog { public_key, key_details, window, log_id })
    }

    pub(super) fn read(message: Message<'_, '_>) -> FieldResult<TransparencyLog> {
        let id = |name| {
            let id = message.message(name, |m| m.bytes("keyId"))?;
            Ok(id.filter(|id| !id.is_empty()))
        };
        Ok(TransparencyLog {
            base_url: message.string("baseUrl")?.to_owned(),
            hash_algorithm: HashField::read(message, "hashAlgorithm")?,
            public_key: message.message("publicKey", KeyMaterial::read)?,
            log_id: id("logId")?,
            checkpoint_key_id: id("checkpointKeyId")?,
            operator: message.string("operator")?.to_owned(),
        })
    }

    pub(super) fn write(&self) -> Object<'static> {
        let mut object = Object::new();
        put_text(&mut object, "baseUrl", &self.base_url);
        if let Some(algorithm) = self.hash_algorithm.write() {
            object.insert("hashAlgorithm", algorithm);
        }
        if let Some(key) = &self.public_key {
            object.insert("publicKey", key.write());
        }
        for (name, id) in [("logId", &self.log_id), ("checkpointKeyId", &self.checkpoint_key_id)] {
            if let Some(id) = id {
                object.insert(name, Object::new().with("keyId", base64::encode(id)));
            }
        }
        put_text(&mut object, "operator", &self.operator);
        object
    }
}
