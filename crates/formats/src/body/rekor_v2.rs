//! Rekor v2: protobuf JSON, made canonical (`rekor/v2/*.proto` of protobuf-specs). Both leaves are read, the one that our own
//! log writes is written.

use super::{BodySignature, EntryBody, MAX_SIGNATURES, Verifier};
use crate::bundle::read_certificate;
use crate::field::{FieldCause, Message, Result};
use crate::hash_field::{HashField, read_hash_output};
use crate::trust::KeyDetailsField;
use sealwax_crypto::{Digest, KeyDetails, PublicKey, base64};

/// A leaf of kind `hashedrekord` and version 0.0.2, to be written.
#[derive(Debug, Clone, Copy)]
pub struct HashedRekordV002<'a> {
    /// The digest of the artifact, or of an envelope's PAE.
    pub data: &'a Digest,
    /// The signature.
    pub signature: &'a [u8],
    /// Whose signature it is.
    pub verifier: VerifierDer<'a>,
    /// The scheme that it was verified with.
    pub key_details: KeyDetails,
}

/// Whose signature it is, as DER that is stored as it came.
#[derive(Debug, Clone, Copy)]
pub enum VerifierDer<'a> {
    /// A certificate.
    Certificate(&'a [u8]),
    /// A `SubjectPublicKeyInfo`.
    PublicKey(&'a [u8]),
}

impl HashedRekordV002<'_> {
    /// Kind and version.
    pub const KIND_VERSION: (&'static str, &'static str) = ("hashedrekord", "0.0.2");

    /// The leaf, byte for byte as every Rekor v2 log has to write it: RFC 8785, that is members by name and no white space.
    /// Base64 and the names of protobuf need no escapes.
    pub fn to_body(&self) -> Vec<u8> {
        let (member, der) = match self.verifier {
            VerifierDer::Certificate(der) => ("x509Certificate", der),
            VerifierDer::PublicKey(der) => ("publicKey", der),
        };
        let (kind, version) = Self::KIND_VERSION;
        let algorithm = HashField::Known(self.data.algorithm());
        let [digest, signature, der] = [self.data.as_bytes(), self.signature, der].map(base64::encode);
        [
            r#"{"apiVersion":""#,
            version,
            r#"","kind":""#,
            kind,
            r#"","spec":{"hashedRekordV002":{"data":{"algorithm":""#,
            algorithm.name(),
            r#"","digest":""#,
            &digest,
            r#""},"signature":{"content":""#,
            &signature,
            r#"","verifier":{"keyDetails":""#,
            self.key_details.name(),
            r#"",""#,
            member,
            r#"":{"rawBytes":""#,
            &der,
            r#""}}}}}}"#,
        ]
        .concat()
        .into_bytes()
    }
}

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
