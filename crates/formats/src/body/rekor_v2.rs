//! Rekor v2: protobuf JSON, made canonical (`rekor/v2/*.proto` of protobuf-specs).

use super::{BodySignature, EntryBody, MAX_SIGNATURES, Verifier};
use crate::bundle::read_certificate;
use crate::field::{FieldCause, Message, Result};
use crate::hash_field::read_hash_output;
use crate::trust::KeyDetailsField;
use sealwax_crypto::PublicKey;

pub(super) fn hashedrekord(spec: Message<'_, '_>) -> Result<EntryBody> {
    spec.one_of(&["hashedRekordV002", "dsseV002"])?;
    spec.required_message("hashedRekordV002", |m| {
        let data = m.required_message("data", read_hash_output)?;
        let (signature, verifier, key_details) = m.required_message("signature", signature)?;
        Ok(EntryBody::HashedRekordV002 { data, signature, verifier, key_details })
    })
}

pub(super) fn dsse(spec: Message<'_, '_>) -> Result<EntryBody> {
    spec.one_of(&["hashedRekordV002", "dsseV002"])?;
    spec.required_message("dsseV002", |m| {
        let signatures = m.messages("signatures", MAX_SIGNATURES, |m| {
            let (signature, verifier, key_details) = signature(m)?;
            Ok(BodySignature { signature, verifier, key_details: Some(key_details) })
        })?;
        Ok(EntryBody::DsseV002 {
            payload_hash: m.required_message("payloadHash", read_hash_output)?,
            signatures,
        })
    })
}

fn signature(message: Message<'_, '_>) -> Result<(Vec<u8>, Verifier, KeyDetailsField)> {
    let (verifier, details) = message.required_message("verifier", verifier)?;
    Ok((message.required_bytes("content")?, verifier, details))
}

fn verifier(message: Message<'_, '_>) -> Result<(Verifier, KeyDetailsField)> {
    let verifier = match message.one_of(&["x509Certificate", "publicKey"])? {
        Some(("publicKey", _)) => {
            let der = message.required_message("publicKey", |m| m.required_bytes("rawBytes"))?;
            // rekor-tiles reads the key as SubjectPublicKeyInfo, whatever the details say.
            Verifier::key(PublicKey::from_spki_der(&der), der)
        }
        Some(_) => Verifier::Certificate(message.required_message("x509Certificate", read_certificate)?),
        None => return Err(FieldCause::Missing.at("x509Certificate")),
    };
    Ok((verifier, KeyDetailsField::read(message, "keyDetails")?))
}
