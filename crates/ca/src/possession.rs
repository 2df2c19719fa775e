//! Proof that whoever asks has the key.

use sealwax_crypto::pem::PemError;
use sealwax_crypto::{KeyError, KeyKind, Message, PublicKey, Scheme};
use sealwax_oidc::Identity;
use sealwax_pki::{CertificateRequest, RequestError, SignatureAlgorithm, SignatureError};

use crate::weak_key::{self, WeakKey};

/// The longest key that is read, in bytes: RSA with 4,096 bits takes 800 as PEM.
const MAX_KEY_BYTES: usize = 16 << 10;

/// A key that is fit for a certificate, and whose holder is asking.
#[derive(Clone, Debug)]
pub struct ProvenKey(PublicKey);

/// Why a key gets no certificate. All of it is the fault of whoever asks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PossessionError {
    /// Longer than 16 KiB.
    #[error("a public key of {size} bytes, at most {MAX_KEY_BYTES} are read")]
    TooLong {
        /// Its size in bytes.
        size: usize,
    },
    /// Not a public key.
    #[error("not a public key: {0}")]
    Key(#[from] KeyError),
    /// Not a certificate request.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// A kind of key that gets no certificate here.
    #[error("{kind} keys get no certificate")]
    NotPermitted {
        /// The kind.
        kind: KeyKind,
    },
    /// A key that is too easy to break.
    #[error("the key is weak: {0}")]
    Weak(#[from] WeakKey),
    /// The request is signed with another hash than goes with the key.
    #[error("the certificate request is signed with {found:?}; {kind} keys sign with {expected}")]
    Algorithm {
        /// The kind of key.
        kind: KeyKind,
        /// The scheme that goes with it.
        expected: Scheme,
        /// What the request is signed with.
        found: SignatureAlgorithm,
    },
    /// The request's own signature does not verify.
    #[error("the certificate request's signature: {0}")]
    RequestSignature(#[from] SignatureError),
    /// The proof is not this key's signature of this identity's challenge.
    #[error("the proof of possession is not a signature over {challenge:?}")]
    Proof {
        /// What should have been signed.
        challenge: String,
    },
}

/// Reads a public key as clients send it: PEM, or DER.
///
/// # Errors
/// [`PossessionError::TooLong`], [`PossessionError::Key`].
pub fn read_public_key(bytes: &[u8]) -> Result<PublicKey, PossessionError> {
    if bytes.len() > MAX_KEY_BYTES {
        return Err(PossessionError::TooLong { size: bytes.len() });
    }
    match std::str::from_utf8(bytes).map(PublicKey::from_pem) {
        // DER may look like text; what has no whole block of PEM in it is DER, or nothing.
        Err(_) | Ok(Err(KeyError::Pem(PemError::Count { found: 0 }))) => Ok(PublicKey::from_spki_der(bytes)?),
        Ok(key) => Ok(key?),
    }
}

impl ProvenKey {
    /// The key, if `proof` is its signature of what this identity is challenged with: an address, or a token's subject.
    ///
    /// # Errors
    /// [`PossessionError`].
    pub fn by_challenge(key: PublicKey, proof: &[u8], identity: &Identity) -> Result<Self, PossessionError> {
        check_policy(&key)?;
        let challenge = identity.challenge();
        let message = Message::Bytes(challenge.as_bytes());
        match proof_scheme(&key).map(|scheme| key.verify(scheme, message, proof)) {
            Some(Ok(())) => Ok(ProvenKey(key)),
            _ => Err(PossessionError::Proof { challenge: challenge.to_owned() }),
        }
    }

    /// The key of a certificate request, which signs itself.
    ///
    /// # Errors
    /// [`PossessionError`].
    pub fn by_request(request: &CertificateRequest) -> Result<Self, PossessionError> {
        let key = request.claimed_key();
        check_policy(key)?;
        let (kind, found) = (key.kind(), request.signature_algorithm());
        let expected = proof_scheme(key).ok_or(PossessionError::NotPermitted { kind })?;
        if !matches!(found, SignatureAlgorithm::Known { scheme, .. } if scheme == expected) {
            return Err(PossessionError::Algorithm { kind, expected, found });
        }
        Ok(ProvenKey(request.check_signature()?.clone()))
    }

    pub(crate) fn into_key(self) -> PublicKey {
        self.0
    }
}

/// The one scheme with which a key proves itself: SHA-2 of the curve's size, PKCS#1 v1.5 with SHA-256, pure Ed25519.
fn proof_scheme(key: &PublicKey) -> Option<Scheme> {
    key.default_schemes().first().copied()
}

/// The kinds of key that Fulcio certifies unless told otherwise, and none that is known to be weak.
fn check_policy(key: &PublicKey) -> Result<(), PossessionError> {
    match key.kind() {
        KeyKind::EcdsaP256 | KeyKind::EcdsaP384 | KeyKind::EcdsaP521 | KeyKind::Ed25519 => Ok(()),
        KeyKind::Rsa { .. } => Ok(weak_key::check_rsa(key)?),
        kind => Err(PossessionError::NotPermitted { kind }),
    }
}
