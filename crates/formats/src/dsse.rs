//! DSSE envelopes (<https://github.com/secure-systems-lab/dsse>, protocol 1.0.2) and what is signed of them.

use crate::base64;
use crate::field::{Message, Result};
use sealwax_crypto::{Digest, HashAlgorithm, Hasher};
use sealwax_json::{Object, Value};

/// The payload type of an in-toto statement.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

/// Signatures read in one envelope. Sigstore's bundle allows one and verification demands one; `inspect` shows more.
pub const MAX_SIGNATURES: usize = 32;

/// An envelope: typed bytes, and signatures over both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// What the payload is.
    pub payload_type: String,
    /// The payload, decoded.
    pub payload: Vec<u8>,
    /// The signatures, over [`Envelope::pae`].
    pub signatures: Vec<EnvelopeSignature>,
}

/// A signature of an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopeSignature {
    /// An unauthenticated hint; empty where there is none.
    pub keyid: String,
    /// The signature.
    pub sig: Vec<u8>,
}

impl Envelope {
    /// The pre-authentication encoding: the bytes that are signed. Costs a copy of the payload; see
    /// [`Envelope::pae_digest`].
    pub fn pae(&self) -> Vec<u8> {
        let header = self.pae_header();
        let mut pae = Vec::with_capacity(header.len() + self.payload.len());
        pae.extend_from_slice(header.as_bytes());
        pae.extend_from_slice(&self.payload);
        pae
    }

    /// The digest of [`Envelope::pae`], without building it.
    pub fn pae_digest(&self, algorithm: HashAlgorithm) -> Digest {
        pae_digest(&self.payload_type, &self.payload, algorithm)
    }

    /// All of [`Envelope::pae`] before the payload.
    pub fn pae_header(&self) -> String {
        pae_header(&self.payload_type, &self.payload)
    }

    /// The envelope as JSON.
    pub fn to_json(&self) -> Value<'_> {
        let signature = |s: &EnvelopeSignature| {
            let mut object = Object::new().with("sig", base64::encode(&s.sig));
            if !s.keyid.is_empty() {
                object.insert("keyid", s.keyid.clone());
            }
            Value::Object(object)
        };
        Value::Object(
            Object::new()
                .with("payload", base64::encode(&self.payload))
                .with("payloadType", self.payload_type.as_str())
                .with("signatures", self.signatures.iter().map(signature).collect::<Value<'_>>()),
        )
    }

    pub(crate) fn read(message: Message<'_, '_>) -> Result<Envelope> {
        Ok(Envelope {
            payload_type: message.string("payloadType")?.to_owned(),
            payload: message.bytes("payload")?,
            signatures: message.messages("signatures", MAX_SIGNATURES, |m| {
                Ok(EnvelopeSignature { keyid: m.string("keyid")?.to_owned(), sig: m.bytes("sig")? })
            })?,
        })
    }
}

/// The digest of the pre-authentication encoding of a payload and its type.
pub fn pae_digest(payload_type: &str, payload: &[u8], algorithm: HashAlgorithm) -> Digest {
    let mut hasher = Hasher::new(algorithm);
    hasher.update(pae_header(payload_type, payload).as_bytes());
    hasher.update(payload);
    hasher.finish()
}

fn pae_header(payload_type: &str, payload: &[u8]) -> String {
    format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the DSSE protocol.
    #[test]
    fn pae() {
        let envelope = Envelope {
            payload_type: "http://example.com/HelloWorld".to_owned(),
            payload: b"hello world".to_vec(),
            signatures: Vec::new(),
        };
        let expected = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world";
        assert_eq!(envelope.pae(), expected);
        for algorithm in HashAlgorithm::ALL {
            assert_eq!(envelope.pae_digest(algorithm), sealwax_crypto::digest(algorithm, expected));
        }
    }
}
