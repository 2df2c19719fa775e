//! The one leaf that a log of ours writes: `hashedrekord` 0.0.2 (`rekor/v2/*.proto` of protobuf-specs, made canonical). Its
//! reader is [`EntryBody`](crate::EntryBody).

use crate::hash_field::HashField;
use sealwax_crypto::{Digest, KeyDetails, base64};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::KeyDetailsField;
    use crate::{EntryBody, Verifier};
    use sealwax_crypto::{HashAlgorithm, PublicKey};
    use sealwax_json::Limits;

    /// The Ed25519 key of RFC 8032 section 7.1, test 1, as `SubjectPublicKeyInfo`.
    const ED25519: &str = "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

    #[test]
    fn read_again() {
        let spki = crate::base64::decode(ED25519).unwrap();
        let key = Verifier::PublicKey(PublicKey::from_spki_der(&spki).unwrap());
        let certificate = vec![0x30, 0];
        for algorithm in HashAlgorithm::ALL {
            let data = sealwax_crypto::digest(algorithm, b"artifact");
            for (der, read) in [
                (VerifierDer::PublicKey(&spki), key.clone()),
                (VerifierDer::Certificate(&certificate), Verifier::Certificate(certificate.clone())),
            ] {
                let key_details = KeyDetails::PkixEd25519ph;
                let leaf = HashedRekordV002 { data: &data, signature: b"sig", verifier: der, key_details };
                let body = leaf.to_body();
                let expected = EntryBody::HashedRekordV002 {
                    data,
                    signature: b"sig".to_vec(),
                    verifier: read,
                    key_details: KeyDetailsField::Known(key_details),
                };
                assert_eq!(EntryBody::parse(&body).as_ref(), Ok(&expected));
                assert_eq!(expected.kind_version(), HashedRekordV002::KIND_VERSION);
                let value = sealwax_json::parse(&body, &Limits::of_bytes(body.len())).unwrap();
                assert_eq!(sealwax_json::jcs(&value), body);
            }
        }
    }
}
