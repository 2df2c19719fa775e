//! RSA keys of accounts, by which a program asks a cloud for access: native only. They may have 2,048 bits, with which nothing else is
//! signed here.

use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

use crate::{HashAlgorithm, SignError, digest, pem, provider::active};

/// The private key of an account.
pub struct AccountKey(RsaKeyPair);

impl AccountKey {
    /// Reads one PEM block `PRIVATE KEY` with an RSA key of at least 2,048 bits.
    ///
    /// # Errors
    /// [`SignError::Pkcs8`].
    pub fn from_pem(text: &str) -> Result<Self, SignError> {
        let block = pem::decode_one(text).map_err(|_| SignError::Pkcs8)?;
        match block.label.as_str() {
            "PRIVATE KEY" => RsaKeyPair::from_pkcs8(&block.der).map(Self).map_err(|_| SignError::Pkcs8),
            _ => Err(SignError::Pkcs8),
        }
    }

    /// Signs a request by RSASSA-PKCS1-v1_5 with SHA-256, which a JWT calls RS256.
    ///
    /// # Errors
    /// [`SignError::Provider`] only.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let digest = digest(HashAlgorithm::Sha256, message);
        let digest = active::import(digest.algorithm(), digest.as_bytes()).ok_or(SignError::Provider)?;
        let mut signature = vec![0; self.0.public_modulus_len()];
        let signed = self.0.sign_digest(&RSA_PKCS1_SHA256, &digest, &mut signature);
        signed.map(|()| signature).map_err(|_| SignError::Provider)
    }
}

impl core::fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("AccountKey").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Message, PublicKey, Scheme};
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::KeyPair;

    #[test]
    fn what_it_signs_verifies() {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let key = AccountKey::from_pem(&pem::encode("PRIVATE KEY", der.as_ref())).unwrap();
        let public = PublicKey::from_pkcs1_der(pair.public_key().as_ref()).unwrap();
        let signature = key.sign(b"please").unwrap();
        let scheme = Scheme::RsaPkcs1(HashAlgorithm::Sha256);
        assert_eq!(public.verify(scheme, Message::Bytes(b"please"), &signature), Ok(()));
        assert!(public.verify(scheme, Message::Bytes(b"pleased"), &signature).is_err());
    }

    #[test]
    fn other_keys_are_refused() {
        for text in ["", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"] {
            assert!(matches!(AccountKey::from_pem(text), Err(SignError::Pkcs8)), "{text}");
        }
        let other = crate::SigningKey::generate(crate::KeyKind::Ed25519).unwrap();
        let text = pem::encode("PRIVATE KEY", &other.to_pkcs8_der().unwrap());
        assert!(matches!(AccountKey::from_pem(&text), Err(SignError::Pkcs8)));
    }
}
