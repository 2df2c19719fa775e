//! Bodies of log entries, of every kind that occurs.

use sealwax_crypto::HashAlgorithm;
use serde_json::{Value, json};

use crate::{base64, canonical, der, hex};

/// Kind and version of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// hashedrekord 0.0.1, Rekor v1.
    HashedRekordV001,
    /// hashedrekord 0.0.2, Rekor v2.
    HashedRekordV002,
    /// dsse 0.0.1, Rekor v1.
    DsseV001,
    /// dsse 0.0.2, Rekor v2.
    DsseV002,
    /// intoto 0.0.1, Rekor v1: has no signature in it.
    IntotoV001,
    /// intoto 0.0.2, Rekor v1.
    IntotoV002,
}

impl EntryKind {
    /// `kind` and `version`.
    pub fn kind_version(self) -> (&'static str, &'static str) {
        match self {
            Self::HashedRekordV001 => ("hashedrekord", "0.0.1"),
            Self::HashedRekordV002 => ("hashedrekord", "0.0.2"),
            Self::DsseV001 => ("dsse", "0.0.1"),
            Self::DsseV002 => ("dsse", "0.0.2"),
            Self::IntotoV001 => ("intoto", "0.0.1"),
            Self::IntotoV002 => ("intoto", "0.0.2"),
        }
    }
}

/// What an entry names as the verifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verifier {
    /// A certificate, DER.
    Certificate(Vec<u8>),
    /// A SubjectPublicKeyInfo, DER.
    PublicKey(Vec<u8>),
}

impl Verifier {
    fn pem(&self) -> String {
        match self {
            Self::Certificate(der) => der::pem("CERTIFICATE", der),
            Self::PublicKey(spki) => der::pem("PUBLIC KEY", spki),
        }
    }

    fn v2(&self, key_details: &str) -> Value {
        let (member, der) = match self {
            Self::Certificate(der) => ("x509Certificate", der),
            Self::PublicKey(spki) => ("publicKey", spki),
        };
        json!({"keyDetails": key_details, member: {"rawBytes": base64(der)}})
    }
}

/// What goes into the body of an entry.
#[derive(Clone, Debug)]
pub struct EntryDraft {
    /// Which of the bundle's entries this is.
    pub position: usize,
    /// Kind and version of the body.
    pub kind: EntryKind,
    /// Hash of the artifact, or of the PAE (hashedrekord).
    pub digest_algorithm: HashAlgorithm,
    /// Digest of the artifact, or of the PAE (hashedrekord).
    pub digest: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
    /// Who made it.
    pub verifier: Verifier,
    /// `keyDetails` (v2).
    pub key_details: String,
    /// Type of the payload (intoto).
    pub payload_type: String,
    /// The payload, of which the body has the hash (dsse, intoto).
    pub payload: Vec<u8>,
    /// `keyid` of the signature (intoto), if any.
    pub key_id: Option<String>,
}

impl EntryDraft {
    /// The body.
    pub fn body(&self) -> Value {
        let (kind, version) = self.kind.kind_version();
        json!({"apiVersion": version, "kind": kind, "spec": self.spec()})
    }

    fn spec(&self) -> Value {
        let verifier_pem = base64(self.verifier.pem());
        let signature = base64(&self.signature);
        let sha256_hex =
            |bytes: &[u8]| json!({"algorithm": "sha256", "value": hex(&sealwax_crypto::sha256(bytes))});
        let v2_signature = json!({"content": signature, "verifier": self.verifier.v2(&self.key_details)});
        match self.kind {
            EntryKind::HashedRekordV001 => json!({
                "data": {"hash": {"algorithm": self.digest_algorithm.name(), "value": hex(&self.digest)}},
                "signature": {"content": signature, "publicKey": {"content": verifier_pem}},
            }),
            EntryKind::HashedRekordV002 => json!({"hashedRekordV002": {
                "data": {"algorithm": protobuf_name(self.digest_algorithm), "digest": base64(&self.digest)},
                "signature": v2_signature,
            }}),
            EntryKind::DsseV001 => json!({
                "envelopeHash": sha256_hex(&self.envelope()),
                "payloadHash": sha256_hex(&self.payload),
                "signatures": [{"signature": signature, "verifier": verifier_pem}],
            }),
            EntryKind::DsseV002 => json!({"dsseV002": {
                "payloadHash": {
                    "algorithm": "SHA2_256",
                    "digest": base64(sealwax_crypto::sha256(&self.payload)),
                },
                "signatures": [v2_signature],
            }}),
            EntryKind::IntotoV001 => json!({
                "content": {"hash": sha256_hex(&self.envelope()), "payloadHash": sha256_hex(&self.payload)},
                "publicKey": verifier_pem,
            }),
            EntryKind::IntotoV002 => {
                let mut signature = json!({"publicKey": verifier_pem, "sig": base64(&signature)});
                if let Some(key_id) = &self.key_id {
                    signature["keyid"] = json!(key_id);
                }
                json!({"content": {
                    "envelope": {"payloadType": self.payload_type, "signatures": [signature]},
                    "hash": sha256_hex(&self.envelope()),
                    "payloadHash": sha256_hex(&self.payload),
                }})
            }
        }
    }

    /// The envelope as some client may have submitted it: only its hash is in the body.
    fn envelope(&self) -> Vec<u8> {
        canonical(&json!({
            "payload": base64(&self.payload),
            "payloadType": self.payload_type,
            "signatures": [{"sig": base64(&self.signature)}],
        }))
    }
}

/// Name of a hash in protobuf JSON.
pub(crate) fn protobuf_name(hash: HashAlgorithm) -> &'static str {
    match hash {
        HashAlgorithm::Sha256 => "SHA2_256",
        HashAlgorithm::Sha384 => "SHA2_384",
        _ => "SHA2_512",
    }
}
