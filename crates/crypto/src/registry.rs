//! Sigstore's list of keys and signature algorithms: `PublicKeyDetails` of `sigstore_common.proto`.

use crate::{HashAlgorithm, KeyError, KeyKind, PublicKey, Scheme};

/// How the bytes beside a [`KeyDetails`] encode the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyEncoding {
    /// `SubjectPublicKeyInfo` (PKIX).
    Spki,
    /// `RSAPublicKey` (PKCS#1).
    Pkcs1,
}

macro_rules! registry {
    ($($(#[$doc:meta])* $variant:ident = $number:literal $name:literal,)*) => {
        /// Every entry of the protobuf registry, deprecated ones included: they stand in trusted roots for ever.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum KeyDetails {
            $($(#[$doc])* $variant,)*
        }

        impl KeyDetails {
            /// All of them, in the order of the specification.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name in protobuf JSON.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The number in protobuf.
            pub const fn number(self) -> i32 {
                match self { $(Self::$variant => $number),* }
            }
        }
    };
}

registry! {
    /// No details given.
    Unspecified = 0 "PUBLIC_KEY_DETAILS_UNSPECIFIED",
    /// Deprecated: RSA in PKCS#1, PKCS#1 v1.5 signatures.
    Pkcs1RsaPkcs1v5 = 1 "PKCS1_RSA_PKCS1V5",
    /// Deprecated: RSA in PKCS#1, PSS signatures.
    Pkcs1RsaPss = 2 "PKCS1_RSA_PSS",
    /// Deprecated: RSA of any size, PKCS#1 v1.5 signatures.
    PkixRsaPkcs1v5 = 3 "PKIX_RSA_PKCS1V5",
    /// Deprecated: RSA of any size, PSS signatures.
    PkixRsaPss = 4 "PKIX_RSA_PSS",
    /// RSA 2048, PKCS#1 v1.5, SHA-256.
    PkixRsaPkcs1v15_2048Sha256 = 9 "PKIX_RSA_PKCS1V15_2048_SHA256",
    /// RSA 3072, PKCS#1 v1.5, SHA-256.
    PkixRsaPkcs1v15_3072Sha256 = 10 "PKIX_RSA_PKCS1V15_3072_SHA256",
    /// RSA 4096, PKCS#1 v1.5, SHA-256.
    PkixRsaPkcs1v15_4096Sha256 = 11 "PKIX_RSA_PKCS1V15_4096_SHA256",
    /// RSA 2048, PSS, SHA-256.
    PkixRsaPss2048Sha256 = 16 "PKIX_RSA_PSS_2048_SHA256",
    /// RSA 3072, PSS, SHA-256.
    PkixRsaPss3072Sha256 = 17 "PKIX_RSA_PSS_3072_SHA256",
    /// RSA 4096, PSS, SHA-256.
    PkixRsaPss4096Sha256 = 18 "PKIX_RSA_PSS_4096_SHA256",
    /// Deprecated: ECDSA P-256, SHA-256, deterministic nonces, which no verifier can tell.
    PkixEcdsaP256HmacSha256 = 6 "PKIX_ECDSA_P256_HMAC_SHA_256",
    /// ECDSA P-256, SHA-256.
    PkixEcdsaP256Sha256 = 5 "PKIX_ECDSA_P256_SHA_256",
    /// ECDSA P-384, SHA-384.
    PkixEcdsaP384Sha384 = 12 "PKIX_ECDSA_P384_SHA_384",
    /// ECDSA P-521, SHA-512.
    PkixEcdsaP521Sha512 = 13 "PKIX_ECDSA_P521_SHA_512",
    /// Pure Ed25519.
    PkixEd25519 = 7 "PKIX_ED25519",
    /// Ed25519ph.
    PkixEd25519ph = 8 "PKIX_ED25519_PH",
    /// Deprecated, and common: ECDSA P-384, SHA-256.
    PkixEcdsaP384Sha256 = 19 "PKIX_ECDSA_P384_SHA_256",
    /// Deprecated: ECDSA P-521, SHA-256.
    PkixEcdsaP521Sha256 = 20 "PKIX_ECDSA_P521_SHA_256",
    /// Deprecated, and never supported here: a stateful scheme.
    LmsSha256 = 14 "LMS_SHA256",
    /// Deprecated, and never supported here: a one-time scheme.
    LmotsSha256 = 15 "LMOTS_SHA256",
    /// Pure ML-DSA-44.
    MlDsa44 = 23 "ML_DSA_44",
    /// Pure ML-DSA-65.
    MlDsa65 = 21 "ML_DSA_65",
    /// Pure ML-DSA-87.
    MlDsa87 = 22 "ML_DSA_87",
}

impl KeyDetails {
    /// The entry of a name in protobuf JSON.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|details| details.name() == name)
    }

    /// The entry of a number in protobuf.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.iter().copied().find(|details| details.number() == number)
    }

    /// The scheme of the signatures, or `None` where nothing here can verify them (unspecified, LMS, LM-OTS).
    pub fn scheme(self) -> Option<Scheme> {
        use HashAlgorithm::{Sha256, Sha384, Sha512};
        Some(match self {
            Self::Unspecified | Self::LmsSha256 | Self::LmotsSha256 => return None,
            Self::Pkcs1RsaPkcs1v5
            | Self::PkixRsaPkcs1v5
            | Self::PkixRsaPkcs1v15_2048Sha256
            | Self::PkixRsaPkcs1v15_3072Sha256
            | Self::PkixRsaPkcs1v15_4096Sha256 => Scheme::RsaPkcs1(Sha256),
            Self::Pkcs1RsaPss
            | Self::PkixRsaPss
            | Self::PkixRsaPss2048Sha256
            | Self::PkixRsaPss3072Sha256
            | Self::PkixRsaPss4096Sha256 => Scheme::RsaPss(Sha256),
            Self::PkixEcdsaP256HmacSha256
            | Self::PkixEcdsaP256Sha256
            | Self::PkixEcdsaP384Sha256
            | Self::PkixEcdsaP521Sha256 => Scheme::Ecdsa(Sha256),
            Self::PkixEcdsaP384Sha384 => Scheme::Ecdsa(Sha384),
            Self::PkixEcdsaP521Sha512 => Scheme::Ecdsa(Sha512),
            Self::PkixEd25519 => Scheme::Ed25519,
            Self::PkixEd25519ph => Scheme::Ed25519ph,
            Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87 => Scheme::MlDsa,
        })
    }

    /// How the key is encoded.
    pub fn encoding(self) -> KeyEncoding {
        match self {
            Self::Pkcs1RsaPkcs1v5 | Self::Pkcs1RsaPss => KeyEncoding::Pkcs1,
            _ => KeyEncoding::Spki,
        }
    }

    /// Reads the bytes that stand beside the details.
    ///
    /// # Errors
    /// See [`KeyError`]. Whether the key is of the kind that the details name is [`kind_matches`](Self::kind_matches).
    pub fn read_key(self, bytes: &[u8]) -> Result<PublicKey, KeyError> {
        match self.encoding() {
            KeyEncoding::Spki => PublicKey::from_spki_der(bytes),
            KeyEncoding::Pkcs1 => PublicKey::from_pkcs1_der(bytes),
        }
    }

    /// Whether `key` is of the kind, and for RSA of the size, that the details name.
    pub fn kind_matches(self, key: &PublicKey) -> bool {
        let kind = key.kind();
        match self {
            Self::Unspecified | Self::LmsSha256 | Self::LmotsSha256 => false,
            Self::Pkcs1RsaPkcs1v5 | Self::Pkcs1RsaPss | Self::PkixRsaPkcs1v5 | Self::PkixRsaPss => {
                matches!(kind, KeyKind::Rsa { .. })
            }
            Self::PkixRsaPkcs1v15_2048Sha256 | Self::PkixRsaPss2048Sha256 => {
                kind == KeyKind::Rsa { bits: 2048 }
            }
            Self::PkixRsaPkcs1v15_3072Sha256 | Self::PkixRsaPss3072Sha256 => {
                kind == KeyKind::Rsa { bits: 3072 }
            }
            Self::PkixRsaPkcs1v15_4096Sha256 | Self::PkixRsaPss4096Sha256 => {
                kind == KeyKind::Rsa { bits: 4096 }
            }
            Self::PkixEcdsaP256HmacSha256 | Self::PkixEcdsaP256Sha256 => kind == KeyKind::EcdsaP256,
            Self::PkixEcdsaP384Sha384 | Self::PkixEcdsaP384Sha256 => kind == KeyKind::EcdsaP384,
            Self::PkixEcdsaP521Sha512 | Self::PkixEcdsaP521Sha256 => kind == KeyKind::EcdsaP521,
            Self::PkixEd25519 | Self::PkixEd25519ph => kind == KeyKind::Ed25519,
            Self::MlDsa44 => kind == KeyKind::MlDsa44,
            Self::MlDsa65 => kind == KeyKind::MlDsa65,
            Self::MlDsa87 => kind == KeyKind::MlDsa87,
        }
    }

    /// The entry to write for a key and a scheme: never a deprecated one where another says the same.
    pub fn of(key: &PublicKey, scheme: Scheme) -> Option<Self> {
        const DEPRECATED: [KeyDetails; 5] = [
            KeyDetails::Pkcs1RsaPkcs1v5,
            KeyDetails::Pkcs1RsaPss,
            KeyDetails::PkixRsaPkcs1v5,
            KeyDetails::PkixRsaPss,
            KeyDetails::PkixEcdsaP256HmacSha256,
        ];
        Self::ALL
            .iter()
            .copied()
            .filter(|details| !DEPRECATED.contains(details))
            .find(|details| details.scheme() == Some(scheme) && details.kind_matches(key))
    }
}
