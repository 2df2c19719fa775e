//! Verifier keys ("vkeys"): a public key with the name it signs under (C2SP `signed-note`).

use core::fmt;

use sealwax_crypto::{HashAlgorithm, KeyError, KeyKind, Message, PublicKey, Scheme, VerifyError, sha256};

use super::is_name;
use crate::rfc6962;
use crate::text::{base64_decode, base64_encode};

/// The longest verifier key that is read, in bytes: twice one for ML-DSA-44 with a name of 255 bytes.
pub const MAX_VERIFIER_KEY_BYTES: usize = 4096;

/// How Sigstore marks RSA keys behind the byte 0xFF (`sigstore_trustroot.proto`, `checkpoint_key_id`).
const RSA_MARK: &[u8] = b"PKIX-RSA-PKCS#1v1.5";

/// What a key signs, and how (the assigned bytes of C2SP `signed-note`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SignatureType {
    /// 0x01: Ed25519 over the text.
    Ed25519,
    /// 0x02: ECDSA over the text. The hash is the one that matches the curve; SHA-256 is taken with any.
    Ecdsa,
    /// 0x04: Ed25519 over time and text, by a witness.
    CosignatureEd25519,
    /// 0x05: the tree head of a certificate log (RFC 6962 section 3.5; C2SP `static-ct-api`), see [`crate::rfc6962`].
    Rfc6962,
    /// 0x06: ML-DSA-44 over name, time, origin, size and root, by a witness or by the log itself.
    CosignatureMlDsa44,
    /// 0xFF and `PKIX-RSA-PKCS#1v1.5`: RSA PKCS#1 v1.5 with SHA-256 over the text (Sigstore).
    RsaPkcs1,
}

/// A public key, the name it signs under, and what it signs.
///
/// Its [`Display`](fmt::Display) form is the vkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    signature_type: SignatureType,
    public_key: PublicKey,
    id: [u8; 32],
}

/// Why something is not a verifier key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifierKeyError {
    /// Longer than [`MAX_VERIFIER_KEY_BYTES`].
    #[error("the verifier key has {bytes} bytes, at most {MAX_VERIFIER_KEY_BYTES} are read")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Not three parts `name+hash+key`.
    #[error("a verifier key has three parts, name+hash+key")]
    NotThreeParts,
    /// The name is empty or contains a space, a plus or a control character.
    #[error("the key name {name:?} is empty or contains a space, a plus or a control character")]
    BadName {
        /// The name.
        name: String,
    },
    /// The second part is not eight lower-case hexadecimal digits.
    #[error("the key hash is not eight lower-case hexadecimal digits")]
    BadHash,
    /// The third part is not canonical padded base64, or is empty.
    #[error("the key is not canonical padded base64")]
    BadBase64,
    /// A signature type that is not known here.
    #[error("signature type {byte:#04x} is not known")]
    UnknownType {
        /// Its byte.
        byte: u8,
    },
    /// The key itself cannot be read.
    #[error("the public key cannot be read")]
    Key(#[source] KeyError),
    /// The key is of a kind that this signature type does not use.
    #[error("a {kind} key does not make signatures of type {signature_type:?}")]
    KindMismatch {
        /// The signature type.
        signature_type: SignatureType,
        /// The kind of the key.
        kind: KeyKind,
    },
    /// The hash does not belong to name and key.
    #[error("the key hash is {}, name and key make it {}", hex(*found), hex(*expected))]
    HashMismatch {
        /// Computed out of name and key.
        expected: [u8; 4],
        /// As written.
        found: [u8; 4],
    },
}

impl VerifierKey {
    /// Reads a vkey, `name+hash+key`.
    ///
    /// # Errors
    /// [`VerifierKeyError`].
    pub fn parse(vkey: &str) -> Result<Self, VerifierKeyError> {
        if vkey.len() > MAX_VERIFIER_KEY_BYTES {
            return Err(VerifierKeyError::TooLong { bytes: vkey.len() });
        }
        // A name has no plus; base64 may, so the third part is all the rest.
        let mut parts = vkey.splitn(3, '+');
        let (Some(name), Some(hash), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(VerifierKeyError::NotThreeParts);
        };
        let found = unhex(hash).ok_or(VerifierKeyError::BadHash)?;
        let (signature_type, public_key) =
            decode_key(&base64_decode(key).ok_or(VerifierKeyError::BadBase64)?)?;
        let parsed = Self::new(name, signature_type, public_key)?;
        if parsed.key_hash() == found {
            Ok(parsed)
        } else {
            Err(VerifierKeyError::HashMismatch { expected: parsed.key_hash(), found })
        }
    }

    /// Names a key.
    ///
    /// # Errors
    /// [`VerifierKeyError::BadName`] or [`VerifierKeyError::KindMismatch`].
    pub fn new(
        name: &str,
        signature_type: SignatureType,
        public_key: PublicKey,
    ) -> Result<Self, VerifierKeyError> {
        if !is_name(name) || name.bytes().any(|byte| byte < 0x20) {
            return Err(VerifierKeyError::BadName { name: name.to_owned() });
        }
        let kind = public_key.kind();
        if !signature_type.fits(kind) {
            return Err(VerifierKeyError::KindMismatch { signature_type, kind });
        }
        let id = match signature_type {
            // "the key ID for these signatures is the truncated SHA-256 hash of the DER encoded public key"
            SignatureType::Ecdsa => public_key.spki_sha256(),
            // static-ct-api: name, newline, 0x05 and the log id, which is the hash of the key
            SignatureType::Rfc6962 => {
                sha256(&[name.as_bytes(), b"\n", &[0x05], &public_key.spki_sha256()].concat())
            }
            _ => sha256(&[name.as_bytes(), b"\n", &encode_key(signature_type, &public_key)].concat()),
        };
        Ok(Self { name: name.to_owned(), signature_type, public_key, id })
    }

    /// The name that signature lines by this key carry.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What this key signs.
    #[must_use]
    pub fn signature_type(&self) -> SignatureType {
        self.signature_type
    }

    /// The key.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The whole SHA-256 that the key hash is the start of. Rekor v2 uses it as `logId`.
    #[must_use]
    pub fn id(&self) -> &[u8; 32] {
        &self.id
    }

    /// The first four bytes of [`VerifierKey::id`], which stand in signature lines.
    #[must_use]
    pub fn key_hash(&self) -> [u8; 4] {
        key_hash(&self.id)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = base64_encode(&encode_key(self.signature_type, &self.public_key));
        write!(f, "{}+{}+{key}", self.name, hex(self.key_hash()))
    }
}

impl SignatureType {
    fn fits(self, kind: KeyKind) -> bool {
        match self {
            Self::Ed25519 | Self::CosignatureEd25519 => kind == KeyKind::Ed25519,
            Self::Ecdsa => matches!(kind, KeyKind::EcdsaP256 | KeyKind::EcdsaP384 | KeyKind::EcdsaP521),
            Self::Rfc6962 => rfc6962::scheme(kind).is_some(),
            Self::CosignatureMlDsa44 => kind == KeyKind::MlDsa44,
            Self::RsaPkcs1 => matches!(kind, KeyKind::Rsa { .. }),
        }
    }
}

/// The first four bytes of a key id.
pub(crate) fn key_hash(id: &[u8; 32]) -> [u8; 4] {
    let [first, second, third, fourth, ..] = *id;
    [first, second, third, fourth]
}

/// Checks a signature over a note's text (or over what a cosignature signs) with the schemes that logs use.
///
/// ECDSA: rekor-tiles hashes with the SHA-2 that matches the curve, Rekor v1 and `signed-note` type 02
/// always with SHA-256. Ed25519 is always pure here.
pub(crate) fn verify_text(key: &PublicKey, text: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
    use HashAlgorithm::{Sha256, Sha384, Sha512};
    let (scheme, fallback) = match key.kind() {
        KeyKind::Rsa { .. } => (Scheme::RsaPkcs1(Sha256), None),
        KeyKind::EcdsaP256 => (Scheme::Ecdsa(Sha256), None),
        KeyKind::EcdsaP384 => (Scheme::Ecdsa(Sha384), Some(Scheme::Ecdsa(Sha256))),
        KeyKind::EcdsaP521 => (Scheme::Ecdsa(Sha512), Some(Scheme::Ecdsa(Sha256))),
        KeyKind::Ed25519 => (Scheme::Ed25519, None),
        KeyKind::MlDsa44 | KeyKind::MlDsa65 | KeyKind::MlDsa87 => (Scheme::MlDsa, None),
    };
    let first = key.verify(scheme, Message::Bytes(text), signature);
    match (first, fallback) {
        (Err(_), Some(scheme)) => key.verify(scheme, Message::Bytes(text), signature),
        (verdict, _) => verdict,
    }
}

/// Signature type and key as they stand in a vkey, and, except for types 02 and 05, as they are hashed for the key id.
///
/// No specification gives type 05 a vkey; this is the form that TesseraCT's tools read and write.
fn encode_key(signature_type: SignatureType, key: &PublicKey) -> Vec<u8> {
    // Ed25519 and ML-DSA keys, and only they, have a raw form; `fits` has seen to the kind.
    let raw = key.raw().unwrap_or_default();
    match signature_type {
        SignatureType::Ed25519 => [&[0x01], raw].concat(),
        SignatureType::Ecdsa => [&[0x02], key.spki_der()].concat(),
        SignatureType::CosignatureEd25519 => [&[0x04], raw].concat(),
        SignatureType::Rfc6962 => [&[0x05], key.spki_der()].concat(),
        SignatureType::CosignatureMlDsa44 => [&[0x06], raw].concat(),
        SignatureType::RsaPkcs1 => [&[0xff], RSA_MARK, key.spki_der()].concat(),
    }
}

fn decode_key(encoded: &[u8]) -> Result<(SignatureType, PublicKey), VerifierKeyError> {
    let Some((&byte, key)) = encoded.split_first() else { return Err(VerifierKeyError::BadBase64) };
    let (signature_type, public_key) = match byte {
        0x01 => (SignatureType::Ed25519, ed25519(key)),
        0x02 => (SignatureType::Ecdsa, PublicKey::from_spki_der(key)),
        0x04 => (SignatureType::CosignatureEd25519, ed25519(key)),
        0x05 => (SignatureType::Rfc6962, PublicKey::from_spki_der(key)),
        0x06 => (SignatureType::CosignatureMlDsa44, PublicKey::from_ml_dsa_raw(KeyKind::MlDsa44, key)),
        0xff => match key.strip_prefix(RSA_MARK) {
            Some(spki) => (SignatureType::RsaPkcs1, PublicKey::from_spki_der(spki)),
            None => return Err(VerifierKeyError::UnknownType { byte }),
        },
        _ => return Err(VerifierKeyError::UnknownType { byte }),
    };
    Ok((signature_type, public_key.map_err(VerifierKeyError::Key)?))
}

fn ed25519(key: &[u8]) -> Result<PublicKey, KeyError> {
    let wrong = KeyError::Length { kind: KeyKind::Ed25519, expected: 32, found: key.len() };
    PublicKey::from_ed25519_raw(key.try_into().map_err(|_| wrong)?)
}

fn hex(hash: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(hash))
}

fn unhex(text: &str) -> Option<[u8; 4]> {
    let digits = text.len() == 8 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if digits { u32::from_str_radix(text, 16).ok().map(u32::to_be_bytes) } else { None }
}
