use super::{Bundle, CertificateForm, Content, Material};
use crate::base64;
use crate::hash_field::write_hash_output;
use sealwax_json::{Object, Value};

impl Bundle {
    /// The bundle as JSON on one line, in the field order of the specification.
    pub fn write(&self) -> String {
        sealwax_json::compact(&self.to_json())
    }

    /// The bundle as JSON, for writing or for standing inside another document.
    pub fn to_json(&self) -> Value<'_> {
        let (name, content) = match &self.content {
            Content::Dsse(envelope) => ("dsseEnvelope", envelope.to_json()),
            Content::Message { digest, signature } => {
                let mut object = Object::new();
                if let Some(digest) = digest {
                    object.insert("messageDigest", write_hash_output(digest));
                }
                ("messageSignature", Value::Object(object.with("signature", base64::encode(signature))))
            }
        };
        Value::Object(
            Object::new()
                .with("mediaType", self.version.media_type())
                .with("verificationMaterial", self.material_json())
                .with(name, content),
        )
    }

    fn material_json(&self) -> Object<'_> {
        let mut object = Object::new();
        match &self.material {
            Material::PublicKey { hint } => {
                let mut key = Object::new();
                if !hint.is_empty() {
                    key.insert("hint", hint.as_str());
                }
                object.insert("publicKey", key);
            }
            Material::Certificate { leaf, others, form: CertificateForm::Single } if others.is_empty() => {
                object.insert("certificate", raw_bytes(leaf));
            }
            Material::Certificate { leaf, others, .. } => {
                let chain = std::iter::once(leaf).chain(others).map(|der| Value::Object(raw_bytes(der)));
                object.insert(
                    "x509CertificateChain",
                    Object::new().with("certificates", chain.collect::<Value<'_>>()),
                );
            }
        }
        if !self.log_entries.is_empty() {
            let entries = self.log_entries.iter().map(|entry| Value::Object(entry.write()));
            object.insert("tlogEntries", entries.collect::<Value<'_>>());
        }
        if !self.timestamps.is_empty() {
            let timestamp =
                |der: &Vec<u8>| Value::Object(Object::new().with("signedTimestamp", base64::encode(der)));
            let timestamps = self.timestamps.iter().map(timestamp).collect::<Value<'_>>();
            object.insert("timestampVerificationData", Object::new().with("rfc3161Timestamps", timestamps));
        }
        object
    }
}

pub(crate) fn raw_bytes(der: &[u8]) -> Object<'static> {
    Object::new().with("rawBytes", base64::encode(der))
}
