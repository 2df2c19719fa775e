//! Keys as metadata writes them (TUF §4.2), with the spellings that published roots have.

use super::field::{bytes_from_hex, object, string};
use crate::MetadataError;
use sealwax_crypto::HashAlgorithm::{Sha256, Sha384, Sha512};
use sealwax_crypto::{KeyKind, Message, PublicKey, Scheme};
use sealwax_json::Object;

/// A key of a role. One that we cannot use (unknown type or scheme, damaged) is kept: it never verifies anything, and
/// the metadata around it stays good.
#[derive(Debug, Clone)]
pub(crate) struct Key(Option<(PublicKey, Scheme)>);

impl Key {
    pub(super) fn read(key: &Object<'_>) -> Result<Self, MetadataError> {
        let (kind, scheme) = (string(key, "keytype")?, string(key, "scheme")?);
        let value = object(key, "keyval")?;
        // Keys of types that we do not know may be written in other ways.
        let public = value.get("public").and_then(sealwax_json::Value::as_str);
        Ok(Key(public.and_then(|public| usable(kind, scheme, public))))
    }

    /// What tells keys apart, whatever their keyid; `None` if the key is unusable.
    pub(crate) fn identity(&self) -> Option<[u8; 32]> {
        self.0.as_ref().map(|(key, _)| key.spki_sha256())
    }

    /// The key and its scheme; `None` if it is unusable.
    pub(crate) fn usable(&self) -> Option<(&PublicKey, Scheme)> {
        self.0.as_ref().map(|(key, scheme)| (key, *scheme))
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0
            .as_ref()
            .is_some_and(|(key, scheme)| key.verify(*scheme, Message::Bytes(message), signature).is_ok())
    }
}

fn usable(kind: &str, scheme: &str, public: &str) -> Option<(PublicKey, Scheme)> {
    let (scheme, curve) = match (kind, scheme) {
        ("ed25519", "ed25519") => {
            let raw: [u8; 32] = bytes_from_hex(public)?.try_into().ok()?;
            return Some((PublicKey::from_ed25519_raw(&raw).ok()?, Scheme::Ed25519));
        }
        ("rsa", "rsassa-pss-sha256") => (Scheme::RsaPss(Sha256), None),
        ("rsa", "rsassa-pss-sha384") => (Scheme::RsaPss(Sha384), None),
        ("rsa", "rsassa-pss-sha512") => (Scheme::RsaPss(Sha512), None),
        ("rsa", "rsa-pkcs1v15-sha256") => (Scheme::RsaPkcs1(Sha256), None),
        ("rsa", "rsa-pkcs1v15-sha384") => (Scheme::RsaPkcs1(Sha384), None),
        ("rsa", "rsa-pkcs1v15-sha512") => (Scheme::RsaPkcs1(Sha512), None),
        // The keytype was the scheme's name until TUF 1.0.18, and still is in Sigstore's old roots.
        ("ecdsa" | "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256") => {
            (Scheme::Ecdsa(Sha256), Some(KeyKind::EcdsaP256))
        }
        ("ecdsa" | "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384") => {
            (Scheme::Ecdsa(Sha384), Some(KeyKind::EcdsaP384))
        }
        ("ecdsa" | "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521") => {
            (Scheme::Ecdsa(Sha512), Some(KeyKind::EcdsaP521))
        }
        _ => return None,
    };
    let key = match curve {
        // Sigstore's roots 1 to 4 write the bare point.
        Some(curve) if !public.starts_with('-') => PublicKey::from_ec_point(curve, &bytes_from_hex(public)?),
        _ => PublicKey::from_pem(public),
    }
    .ok()?;
    let fits = key.kind().fits(scheme) && curve.is_none_or(|curve| key.kind() == curve);
    fits.then_some((key, scheme))
}
