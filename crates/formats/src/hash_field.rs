use crate::field::{EnumValue, FieldCause, Message, Result};
use sealwax_crypto::{Digest, HashAlgorithm};
use sealwax_json::{Object, Value};

/// `HashAlgorithm` of the protobuf specification, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HashField {
    /// Absent, or `HASH_ALGORITHM_UNSPECIFIED`.
    Unspecified,
    /// One of SHA-2.
    Known(HashAlgorithm),
    /// Another name or number.
    Unknown(String),
}

/// Name and number in protobuf. SHA-3 is in there too, deprecated, and nothing can check it: it counts as unknown.
const NAMES: [(HashAlgorithm, &str, i32); 3] = [
    (HashAlgorithm::Sha256, "SHA2_256", 1),
    (HashAlgorithm::Sha384, "SHA2_384", 2),
    (HashAlgorithm::Sha512, "SHA2_512", 3),
];

impl HashField {
    /// The name in protobuf.
    pub fn name(&self) -> &str {
        match self {
            HashField::Unspecified => "HASH_ALGORITHM_UNSPECIFIED",
            HashField::Known(algorithm) => {
                NAMES.iter().find(|(a, ..)| a == algorithm).map_or("", |(_, name, _)| name)
            }
            HashField::Unknown(text) => text,
        }
    }

    pub(crate) fn read(message: Message<'_, '_>, field: &str) -> Result<HashField> {
        let known = |algorithm| HashField::Known(algorithm);
        Ok(match message.enumeration(field)? {
            None | Some(EnumValue::Number(0) | EnumValue::Name("HASH_ALGORITHM_UNSPECIFIED")) => {
                HashField::Unspecified
            }
            Some(value) => NAMES
                .into_iter()
                .find(|(_, name, number)| match value {
                    EnumValue::Name(found) => found == *name,
                    EnumValue::Number(found) => found == *number,
                })
                .map_or_else(|| HashField::Unknown(value.to_text()), |(algorithm, ..)| known(algorithm)),
        })
    }

    pub(crate) fn write(&self) -> Option<Value<'static>> {
        match self {
            HashField::Unspecified => None,
            HashField::Known(_) => Some(Value::from(self.name().to_owned())),
            HashField::Unknown(text) => Some(EnumValue::write(text)),
        }
    }
}

/// `HashOutput`: an algorithm that must be known, and as many bytes as it has.
pub(crate) fn read_hash_output(message: Message<'_, '_>) -> Result<Digest> {
    let algorithm = match HashField::read(message, "algorithm")? {
        HashField::Known(algorithm) => algorithm,
        HashField::Unspecified => return Err(FieldCause::Missing.at("algorithm")),
        HashField::Unknown(found) => return Err(FieldCause::unknown(&found).at("algorithm")),
    };
    let bytes = message.bytes("digest")?;
    let length = FieldCause::Length { expected: algorithm.output_len(), found: bytes.len() };
    Digest::new(algorithm, &bytes).map_err(|_| length.at("digest"))
}

pub(crate) fn write_hash_output(digest: &Digest) -> Object<'static> {
    Object::new()
        .with("algorithm", HashField::Known(digest.algorithm()).name().to_owned())
        .with("digest", crate::base64::encode(digest.as_bytes()))
}
