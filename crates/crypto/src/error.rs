//! Why a key was refused, and why a signature was.

use crate::{HashAlgorithm, JwkError, KeyKind, MinisignError, Scheme, SshError, pem::PemError};

/// Why an encoded key was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// More bytes than any key of the registry has.
    #[error("a key of {found} bytes; the limit is {limit}")]
    TooLong {
        /// Bytes found.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// Not the DER structure that was expected.
    #[error("malformed DER")]
    Malformed,
    /// BER that is not DER: encoding it again gives other bytes.
    #[error("not canonical DER")]
    NotCanonical,
    /// An algorithm that is not in the registry.
    #[error("unsupported key algorithm {oid}")]
    UnsupportedAlgorithm {
        /// Its object identifier, dotted.
        oid: String,
    },
    /// An elliptic curve that is not in the registry.
    #[error("unsupported elliptic curve {oid}")]
    UnsupportedCurve {
        /// Its object identifier, dotted.
        oid: String,
    },
    /// Algorithm parameters that the algorithm's RFC does not allow: RSA wants NULL, EC a named curve, others nothing.
    #[error("algorithm parameters are not what the key's algorithm prescribes")]
    Parameters,
    /// An RSA modulus that is not 2048, 3072 or 4096 bits long.
    #[error("an RSA modulus of {bits} bits; 2048, 3072 and 4096 are supported")]
    RsaModulusSize {
        /// Bits found.
        bits: usize,
    },
    /// An even RSA modulus.
    #[error("an even RSA modulus")]
    RsaModulusEven,
    /// An RSA exponent that is even, below 3 or above 2^32.
    #[error("an RSA exponent that is even, below 3 or above 2^32")]
    RsaExponent,
    /// A curve point in compressed or hybrid form.
    #[error("the curve point is not in uncompressed form")]
    PointForm,
    /// Raw key bytes of the wrong length.
    #[error("a {kind} key of {found} bytes, expected {expected}")]
    Length {
        /// The kind of key.
        kind: KeyKind,
        /// Bytes it has by its specification.
        expected: usize,
        /// Bytes found.
        found: usize,
    },
    /// An Ed25519 point that is not canonically encoded, or of small order.
    #[error("an Ed25519 key that is not canonical or of small order")]
    Ed25519Weak,
    /// The value is no key: a point that is not on its curve, for instance.
    #[error("not a valid {kind} key")]
    Invalid {
        /// The kind of key.
        kind: KeyKind,
    },
    /// A kind of key that has no raw form here.
    #[error("a {kind} key has no raw form")]
    NoRawForm {
        /// The kind of key.
        kind: KeyKind,
    },
    /// Not exactly one PEM block of a public key.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// A PEM block with another label.
    #[error("a PEM block {label:?}, expected PUBLIC KEY or RSA PUBLIC KEY")]
    PemLabel {
        /// The label found.
        label: String,
    },
    /// Not a JSON Web Key of the registry.
    #[error(transparent)]
    Jwk(#[from] JwkError),
    /// Not a public key of SSH that is in the registry.
    #[error(transparent)]
    Ssh(#[from] SshError),
    /// Not a public key of minisign.
    #[error(transparent)]
    Minisign(#[from] MinisignError),
}

/// Why a signature was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The signature is not the key's signature of the message.
    #[error("the signature does not verify")]
    BadSignature,
    /// The scheme signs the whole message, and only a digest is at hand.
    #[error("{scheme} needs the whole message, not a digest")]
    MessageNeeded {
        /// The scheme.
        scheme: Scheme,
    },
    /// What stands for the message was made of another key.
    #[error("what stands for the message was made of another key")]
    OtherRepresentative,
    /// The scheme is for another kind of key.
    #[error("a {kind} key cannot verify {scheme}")]
    SchemeMismatch {
        /// The key's kind.
        kind: KeyKind,
        /// The scheme asked for.
        scheme: Scheme,
    },
    /// The digest was made with another hash than the scheme's.
    #[error("{scheme} needs a {expected} digest, found {found}")]
    DigestMismatch {
        /// The scheme.
        scheme: Scheme,
        /// The scheme's hash.
        expected: HashAlgorithm,
        /// The digest's hash.
        found: HashAlgorithm,
    },
}

/// Why a signing key could not be made, read or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The scheme does not fit the key, or wants another message.
    #[error(transparent)]
    Request(#[from] VerifyError),
    /// A kind that does not sign here: RSA 2048 is verify-only.
    #[error("{kind} keys do not sign here")]
    Unsupported {
        /// The kind of key.
        kind: KeyKind,
    },
    /// Not a PKCS#8 private key of a supported kind.
    #[error("not a private key in PKCS#8 of a supported kind")]
    Pkcs8,
    /// The expanded form of an ML-DSA key alone (RFC 9881 section 6), out of which nobody finds the seed again.
    #[error("an {kind} key in its expanded form alone: keys of ML-DSA are read with their seed")]
    NoSeed {
        /// The kind of key.
        kind: KeyKind,
    },
    /// Its public half was refused.
    #[error("the key's public half: {0}")]
    PublicKey(#[from] KeyError),
    /// The provider failed; no input of ours is known to cause it.
    #[error("the cryptographic provider failed")]
    Provider,
}
