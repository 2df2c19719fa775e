//! Certification requests (PKCS#10, RFC 2986), the side of who asks: a key, and the proof that we have it.

use sealwax_crypto::{PublicKey, Scheme, pem};

use crate::asn1::{BIT_STRING, SEQUENCE, context_constructed};
use crate::write::{element, signature_algorithm, unsigned};

/// What is signed of a request. It names nobody: of a request an authority of this field reads the key and the signature.
#[derive(Clone, Debug)]
pub struct UnsignedRequest {
    info: Vec<u8>,
    key: PublicKey,
}

impl UnsignedRequest {
    /// A request for this key.
    #[must_use]
    pub fn new(key: &PublicKey) -> Self {
        // CertificationRequestInfo: version v1, an empty name, the key, no attributes.
        let (version, subject) = (unsigned(&[]), element(SEQUENCE, &[]));
        let attributes = element(context_constructed(0), &[]);
        let info = element(SEQUENCE, &[&version, &subject, key.spki_der(), &attributes]);
        Self { info, key: key.clone() }
    }

    /// What is to be signed by the key.
    #[must_use]
    pub fn to_be_signed(&self) -> &[u8] {
        &self.info
    }

    /// The request in PEM. `None` if no request is signed in this scheme: RSA-PSS, Ed25519ph.
    #[must_use]
    pub fn into_pem(self, scheme: Scheme, signature: &[u8]) -> Option<String> {
        let algorithm = signature_algorithm(scheme, self.key.kind())?;
        let signature = element(BIT_STRING, &[&[0], signature]);
        Some(pem::encode("CERTIFICATE REQUEST", &element(SEQUENCE, &[&self.info, &algorithm, &signature])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CertificateRequest;
    use sealwax_crypto::{HashAlgorithm, KeyKind, Message, SigningKey};

    #[test]
    fn what_is_written_is_read_and_proves_the_key() {
        for (kind, scheme) in [
            (KeyKind::EcdsaP256, Scheme::Ecdsa(HashAlgorithm::Sha256)),
            (KeyKind::EcdsaP384, Scheme::Ecdsa(HashAlgorithm::Sha384)),
            (KeyKind::Ed25519, Scheme::Ed25519),
        ] {
            let key = SigningKey::generate(kind).unwrap();
            let request = UnsignedRequest::new(key.public_key());
            let signature = key.sign(scheme, Message::Bytes(request.to_be_signed())).unwrap();
            let read = CertificateRequest::from_pem(&request.into_pem(scheme, &signature).unwrap()).unwrap();
            assert_eq!(read.check_signature().unwrap(), key.public_key());
        }
        let key = SigningKey::generate(KeyKind::Ed25519).unwrap();
        assert_eq!(UnsignedRequest::new(key.public_key()).into_pem(Scheme::Ed25519ph, b""), None);
    }
}
