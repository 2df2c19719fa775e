//! A private key together with the scheme it signs with.

use std::{fmt, sync::Arc};

use sealwax_crypto::{HashAlgorithm, KeyKind, Message, Scheme, SigningKey};

use crate::der;

/// A private key and its scheme. Cheap to clone, so that one part can be signed with another part's key.
#[derive(Clone)]
pub struct Signer {
    key: Arc<SigningKey>,
    kind: KeyKind,
    spki: Vec<u8>,
    /// What the key signs with. The default for the key kind unless changed.
    pub scheme: Scheme,
}

impl Signer {
    /// A fresh key with the usual scheme of its kind.
    pub fn generate(kind: KeyKind) -> Self {
        let key = SigningKey::generate(kind).expect("key generation");
        let spki = key.public_key().spki_der().to_vec();
        Self { key: Arc::new(key), kind, spki, scheme: usual_scheme(kind) }
    }

    /// The same key with another scheme.
    #[must_use]
    pub fn with_scheme(&self, scheme: Scheme) -> Self {
        Self { scheme, ..self.clone() }
    }

    /// Signs bytes.
    pub fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.key.sign(self.scheme, Message::Bytes(bytes)).expect("a signature")
    }

    /// Kind of the key.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// SubjectPublicKeyInfo, DER.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// SHA-256 of the SubjectPublicKeyInfo.
    pub fn spki_sha256(&self) -> [u8; 32] {
        sealwax_crypto::sha256(&self.spki)
    }

    /// The public key as PEM.
    pub fn public_key_pem(&self) -> String {
        der::pem("PUBLIC KEY", &self.spki)
    }

    /// The bits of the public key: 32 bytes for Ed25519, the encoded key for ML-DSA, the point for ECDSA.
    pub fn raw_public_key(&self) -> &[u8] {
        let length = match self.kind {
            KeyKind::Ed25519 => 32,
            KeyKind::EcdsaP256 => 65,
            KeyKind::EcdsaP384 => 97,
            KeyKind::EcdsaP521 => 133,
            KeyKind::MlDsa44 => 1312,
            KeyKind::MlDsa65 => 1952,
            KeyKind::MlDsa87 => 2592,
            other => panic!("{other:?} has no raw form"),
        };
        &self.spki[self.spki.len() - length..]
    }

    /// The hash of the scheme; SHA-256 where the scheme has none of its own.
    pub fn hash(&self) -> HashAlgorithm {
        match self.scheme {
            Scheme::RsaPkcs1(hash) | Scheme::RsaPss(hash) | Scheme::Ecdsa(hash) => hash,
            Scheme::Ed25519ph => HashAlgorithm::Sha512,
            _ => HashAlgorithm::Sha256,
        }
    }

    /// Name in the protobuf registry, `PublicKeyDetails`.
    pub fn key_details(&self) -> String {
        match (self.kind, self.scheme) {
            (KeyKind::Rsa { bits }, Scheme::RsaPss(_)) => format!("PKIX_RSA_PSS_{bits}_SHA256"),
            (KeyKind::Rsa { bits }, _) => format!("PKIX_RSA_PKCS1V15_{bits}_SHA256"),
            (KeyKind::EcdsaP256, _) => "PKIX_ECDSA_P256_SHA_256".into(),
            (KeyKind::EcdsaP384, Scheme::Ecdsa(HashAlgorithm::Sha256)) => "PKIX_ECDSA_P384_SHA_256".into(),
            (KeyKind::EcdsaP384, _) => "PKIX_ECDSA_P384_SHA_384".into(),
            (KeyKind::EcdsaP521, Scheme::Ecdsa(HashAlgorithm::Sha256)) => "PKIX_ECDSA_P521_SHA_256".into(),
            (KeyKind::EcdsaP521, _) => "PKIX_ECDSA_P521_SHA_512".into(),
            (KeyKind::Ed25519, Scheme::Ed25519ph) => "PKIX_ED25519_PH".into(),
            (KeyKind::Ed25519, _) => "PKIX_ED25519".into(),
            (KeyKind::MlDsa44, _) => "ML_DSA_44".into(),
            (KeyKind::MlDsa65, _) => "ML_DSA_65".into(),
            (KeyKind::MlDsa87, _) => "ML_DSA_87".into(),
            #[allow(unreachable_patterns, reason = "the enum may grow")]
            (other, _) => panic!("{other:?} is not in the registry"),
        }
    }

    /// `AlgorithmIdentifier` of the signatures, for X.509 and CMS.
    pub fn signature_algorithm(&self) -> Vec<u8> {
        let digit = |hash, digits: [u8; 3]| match hash {
            HashAlgorithm::Sha256 => digits[0],
            HashAlgorithm::Sha384 => digits[1],
            _ => digits[2],
        };
        match (self.scheme, self.kind) {
            (Scheme::Ecdsa(hash), _) => {
                der::sequence([der::oid(&format!("1.2.840.10045.4.3.{}", digit(hash, [2, 3, 4])))])
            }
            (Scheme::RsaPkcs1(hash), _) => der::sequence([
                der::oid(&format!("1.2.840.113549.1.1.{}", digit(hash, [11, 12, 13]))),
                der::null(),
            ]),
            (Scheme::RsaPss(hash), _) => {
                let mgf1 = der::sequence([der::oid("1.2.840.113549.1.1.8"), hash_algorithm(hash)]);
                let parameters = der::sequence([
                    der::context(0, [hash_algorithm(hash)]),
                    der::context(1, [mgf1]),
                    der::context(2, [der::integer(hash.output_len() as u64)]),
                ]);
                der::sequence([der::oid("1.2.840.113549.1.1.10"), parameters])
            }
            (_, KeyKind::MlDsa44) => der::sequence([der::oid("2.16.840.1.101.3.4.3.17")]),
            (_, KeyKind::MlDsa65) => der::sequence([der::oid("2.16.840.1.101.3.4.3.18")]),
            (_, KeyKind::MlDsa87) => der::sequence([der::oid("2.16.840.1.101.3.4.3.19")]),
            _ => der::sequence([der::oid("1.3.101.112")]),
        }
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Signer({:?}, {:?})", self.kind, self.scheme)
    }
}

/// What a key of this kind usually signs with: the matched hash for ECDSA, PKCS#1 with SHA-256 for RSA.
pub fn usual_scheme(kind: KeyKind) -> Scheme {
    match kind {
        KeyKind::Rsa { .. } => Scheme::RsaPkcs1(HashAlgorithm::Sha256),
        KeyKind::EcdsaP256 => Scheme::Ecdsa(HashAlgorithm::Sha256),
        KeyKind::EcdsaP384 => Scheme::Ecdsa(HashAlgorithm::Sha384),
        KeyKind::EcdsaP521 => Scheme::Ecdsa(HashAlgorithm::Sha512),
        KeyKind::Ed25519 => Scheme::Ed25519,
        _ => Scheme::MlDsa,
    }
}

/// `AlgorithmIdentifier` of a hash, without parameters.
pub fn hash_algorithm(hash: HashAlgorithm) -> Vec<u8> {
    let digit = match hash {
        HashAlgorithm::Sha256 => 1,
        HashAlgorithm::Sha384 => 2,
        _ => 3,
    };
    der::sequence([der::oid(&format!("2.16.840.1.101.3.4.2.{digit}"))])
}
