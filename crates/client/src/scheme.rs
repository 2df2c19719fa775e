//! How a key signs, so that the log takes it and others verify it.

use sealwax_crypto::{HashAlgorithm, PublicKey, Scheme};

use crate::{LogVersion, SignError};

/// What is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signed {
    Artifact,
    Envelope,
}

/// Artifacts by a digest wherever the key can, since logs take nothing else; ML-DSA, which they do not take at all, as it comes.
/// Envelopes as verifiers expect it of the key first, but for a log of Rekor's first version: it verifies envelopes by SHA-256
/// whatever the curve (`verifyEnvelope` of its `dsse` 0.0.1), as clients did when there was no other.
///
/// # Errors
/// [`SignError::KeyKind`].
pub(crate) fn of(key: &PublicKey, signed: Signed, log: Option<LogVersion>) -> Result<Scheme, SignError> {
    let (schemes, what) = match signed {
        Signed::Artifact => (key.artifact_schemes(), "an artifact by its digest"),
        Signed::Envelope => (key.default_schemes(), "an envelope"),
    };
    let fits = |scheme: &&Scheme| match (signed, log, scheme.prehash()) {
        (Signed::Artifact, _, prehash) => prehash.is_some() || **scheme == Scheme::MlDsa,
        (Signed::Envelope, Some(LogVersion::V1), Some(hash)) => hash == HashAlgorithm::Sha256,
        (Signed::Envelope, ..) => true,
    };
    schemes.iter().find(fits).copied().ok_or(SignError::KeyKind { kind: key.kind(), what })
}

#[cfg(test)]
mod tests {
    use sealwax_crypto::{KeyKind, SigningKey};

    use super::*;

    /// Kind; an artifact, an envelope for any log, and one for Rekor v1.
    const EXPECTED: [(KeyKind, Scheme, Scheme, Scheme); 4] = [
        (KeyKind::EcdsaP256, SHA256, SHA256, SHA256),
        (KeyKind::EcdsaP384, SHA384, SHA384, SHA256),
        (KeyKind::EcdsaP521, SHA512, SHA512, SHA256),
        (KeyKind::Ed25519, Scheme::Ed25519ph, Scheme::Ed25519, Scheme::Ed25519),
    ];
    const SHA256: Scheme = Scheme::Ecdsa(HashAlgorithm::Sha256);
    const SHA384: Scheme = Scheme::Ecdsa(HashAlgorithm::Sha384);
    const SHA512: Scheme = Scheme::Ecdsa(HashAlgorithm::Sha512);

    #[test]
    fn every_kind_of_key_signs_as_the_log_verifies_it() {
        for (kind, artifact, envelope, for_v1) in EXPECTED {
            let key = SigningKey::generate(kind).unwrap();
            let scheme = |signed, log| of(key.public_key(), signed, log).unwrap();
            for log in [None, Some(LogVersion::V1), Some(LogVersion::V2)] {
                assert_eq!(scheme(Signed::Artifact, log), artifact, "{kind:?}, {log:?}");
            }
            for log in [None, Some(LogVersion::V2)] {
                assert_eq!(scheme(Signed::Envelope, log), envelope, "{kind:?}, {log:?}");
            }
            assert_eq!(scheme(Signed::Envelope, Some(LogVersion::V1)), for_v1, "{kind:?}");
        }
    }
}
