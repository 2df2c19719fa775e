//! in-toto statements and DSSE envelopes.

use sealwax_crypto::{HashAlgorithm, digest};
use serde_json::{Value, json};

use crate::{base64, canonical, hex};

/// The payload type of in-toto.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";
/// Statement v1.
pub const STATEMENT_V1: &str = "https://in-toto.io/Statement/v1";
/// Statement v0.1.
pub const STATEMENT_V01: &str = "https://in-toto.io/Statement/v0.1";

/// An in-toto statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// `_type`.
    pub statement_type: String,
    /// `subject`.
    pub subjects: Vec<Subject>,
    /// `predicateType`.
    pub predicate_type: String,
    /// `predicate`.
    pub predicate: Value,
}

/// A subject of a statement.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its name, if any.
    pub name: Option<String>,
    /// Name of the algorithm and digest, in hex as a rule.
    pub digests: Vec<(String, String)>,
}

impl Subject {
    /// A subject with the digests of these bytes.
    pub fn of(name: &str, artifact: &[u8], algorithms: &[HashAlgorithm]) -> Self {
        let digests = algorithms
            .iter()
            .map(|hash| (hash.name().to_string(), hex(digest(*hash, artifact).as_bytes())))
            .collect();
        Self { name: Some(name.into()), digests }
    }

    /// Adds a digest of any name.
    #[must_use]
    pub fn with_digest(mut self, algorithm: &str, digest: &str) -> Self {
        self.digests.push((algorithm.into(), digest.into()));
        self
    }

    fn to_json(&self) -> Value {
        let digests: serde_json::Map<String, Value> =
            self.digests.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        match &self.name {
            Some(name) => json!({"name": name, "digest": digests}),
            None => json!({"digest": digests}),
        }
    }
}

impl Statement {
    /// A v1 statement about one artifact, with its SHA-256.
    pub fn about(artifact: &[u8]) -> Self {
        Self {
            statement_type: STATEMENT_V1.into(),
            subjects: vec![Subject::of("artifact", artifact, &[HashAlgorithm::Sha256])],
            predicate_type: "https://slsa.dev/provenance/v1".into(),
            predicate: json!({"buildDefinition": {"buildType": "https://sealwax.test/build/v1"}}),
        }
    }

    /// The statement as compact JSON.
    pub fn to_json(&self) -> Vec<u8> {
        let subjects: Vec<Value> = self.subjects.iter().map(Subject::to_json).collect();
        canonical(&json!({
            "_type": self.statement_type,
            "subject": subjects,
            "predicateType": self.predicate_type,
            "predicate": self.predicate,
        }))
    }
}

/// A DSSE envelope.
#[derive(Clone, Debug)]
pub struct EnvelopeDraft {
    /// `payloadType`.
    pub payload_type: String,
    /// The payload.
    pub payload: Vec<u8>,
    /// The signatures; empty before it is signed.
    pub signatures: Vec<EnvelopeSignature>,
}

/// One signature of an envelope.
#[derive(Clone, Debug)]
pub struct EnvelopeSignature {
    /// `keyid`, left out if absent.
    pub key_id: Option<String>,
    /// The signature.
    pub signature: Vec<u8>,
}

impl EnvelopeDraft {
    /// DSSE's pre-authentication encoding: what is signed.
    pub fn pre_authentication_encoding(&self) -> Vec<u8> {
        let head =
            format!("DSSEv1 {} {} {} ", self.payload_type.len(), self.payload_type, self.payload.len());
        [head.as_bytes(), &self.payload].concat()
    }

    pub(crate) fn to_json(&self) -> Value {
        let signatures: Vec<Value> = self
            .signatures
            .iter()
            .map(|signature| match &signature.key_id {
                Some(key_id) => json!({"sig": base64(&signature.signature), "keyid": key_id}),
                None => json!({"sig": base64(&signature.signature)}),
            })
            .collect();
        json!({
            "payload": base64(&self.payload),
            "payloadType": self.payload_type,
            "signatures": signatures,
        })
    }
}
