//! Rekor v1: hashes in hexadecimal, verifiers in PEM (<https://github.com/sigstore/rekor/tree/main/pkg/types>).

use super::{BodySignature, EntryBody, MAX_SIGNATURES, Verifier, decode_bytes, unhex};
use crate::field::{FieldCause, Message, Result};
use sealwax_crypto::{Digest, HashAlgorithm};

pub(super) fn hashedrekord(spec: Message<'_, '_>) -> Result<EntryBody> {
    let data = spec.required_message("data", |m| m.required_message("hash", digest))?;
    let (signature, verifier) = spec.required_message("signature", |m| {
        let verifier = m.required_message("publicKey", |m| Verifier::read_pem(m, "content"))?;
        Ok((m.required_bytes("content")?, verifier))
    })?;
    Ok(EntryBody::HashedRekordV001 { data, signature, verifier })
}

pub(super) fn dsse(spec: Message<'_, '_>) -> Result<EntryBody> {
    let signature = |m: Message<'_, '_>| {
        let verifier = Verifier::read_pem(m, "verifier")?;
        Ok(BodySignature { signature: m.required_bytes("signature")?, verifier, key_details: None })
    };
    Ok(EntryBody::DsseV001 {
        payload_hash: spec.required_message("payloadHash", digest)?,
        signatures: spec.messages("signatures", MAX_SIGNATURES, signature)?,
    })
}

pub(super) fn intoto_v001(spec: Message<'_, '_>) -> Result<EntryBody> {
    let payload_hash = spec.message("content", |m| m.message("payloadHash", digest))?.flatten();
    Ok(EntryBody::IntotoV001 { payload_hash, verifier: Verifier::read_pem(spec, "publicKey")? })
}

pub(super) fn intoto_v002(spec: Message<'_, '_>) -> Result<EntryBody> {
    // The log stores the signature's base64 in base64 once more.
    let signature = |m: Message<'_, '_>| {
        let once = m.required_bytes("sig")?;
        let signature = decode_bytes(&once).map_err(|e| e.at("sig"))?;
        Ok(BodySignature { signature, verifier: Verifier::read_pem(m, "publicKey")?, key_details: None })
    };
    spec.required_message("content", |content| {
        let (payload_type, signatures) = content.required_message("envelope", |m| {
            Ok((m.string("payloadType")?.to_owned(), m.messages("signatures", MAX_SIGNATURES, signature)?))
        })?;
        let payload_hash = content.required_message("payloadHash", digest)?;
        Ok(EntryBody::IntotoV002 { payload_hash, payload_type, signatures })
    })
}

/// `{"algorithm": "sha256", "value": hex}`
fn digest(message: Message<'_, '_>) -> Result<Digest> {
    let name = message.required_string("algorithm")?;
    let algorithm =
        HashAlgorithm::from_name(name).ok_or_else(|| FieldCause::unknown(name).at("algorithm"))?;
    let bytes = unhex(message.required_string("value")?).map_err(|e| e.at("value"))?;
    let length = FieldCause::Length { expected: algorithm.output_len(), found: bytes.len() };
    Digest::new(algorithm, &bytes).map_err(|_| length.at("value"))
}
