//! How a key signs, so that the log takes it and others verify it.

use sealwax_crypto::{HashAlgorithm, Message, PublicKey, Scheme};
use sealwax_formats::Content;

use crate::{LogVersion, SignError, Unfinished};

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

/// How a signature was made that is there already: an envelope's may have been meant for a log of the other version.
///
/// # Errors
/// [`SignError::KeyKind`]; [`SignError::BegunForOtherLog`] if this log does not take it.
pub(crate) fn of_begun(
    key: &PublicKey,
    unfinished: &Unfinished,
    log: LogVersion,
) -> Result<Scheme, SignError> {
    let Content::Dsse(envelope) = &unfinished.bundle.content else {
        return of(key, Signed::Artifact, Some(log));
    };
    let verifies = |scheme: &&Scheme| {
        let signature = unfinished.signature();
        match scheme.prehash() {
            Some(hash) => key.verify(**scheme, Message::Digest(&envelope.pae_digest(hash)), signature),
            None => key.verify(**scheme, Message::Bytes(&envelope.pae()), signature),
        }
        .is_ok()
    };
    match key.default_schemes().iter().find(verifies) {
        Some(scheme) if log == LogVersion::V1 && *scheme != of(key, Signed::Envelope, Some(log))? => {
            Err(SignError::BegunForOtherLog)
        }
        Some(scheme) => Ok(*scheme),
        // The log refuses it, or our own verifier does.
        None => of(key, Signed::Envelope, Some(log)),
    }
}

#[cfg(test)]
mod tests {
    use sealwax_crypto::{KeyKind, SigningKey};
    use sealwax_formats::dsse::IN_TOTO;
    use sealwax_formats::{Bundle, BundleVersion, Envelope, EnvelopeSignature, Material};

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

    fn begun(key: &SigningKey, scheme: Scheme) -> Unfinished {
        let payload = b"{}".to_vec();
        let mut envelope = Envelope { payload_type: IN_TOTO.to_owned(), payload, signatures: Vec::new() };
        let sig = key.sign(scheme, Message::Bytes(&envelope.pae())).unwrap();
        envelope.signatures.push(EnvelopeSignature { keyid: String::new(), sig });
        let (log_entries, timestamps) = (Vec::new(), Vec::new());
        let (version, material) = (BundleVersion::V03, Material::PublicKey { hint: String::new() });
        let content = Content::Dsse(envelope);
        let bundle = Bundle { version, material, log_entries, timestamps, content };
        Unfinished { bundle, representative: None }
    }

    #[test]
    fn what_was_begun_is_proposed_as_it_was_signed() {
        for (kind, _, envelope, for_v1) in EXPECTED {
            let key = SigningKey::generate(kind).unwrap();
            let of_begun = |scheme, log| of_begun(key.public_key(), &begun(&key, scheme), log);
            for scheme in [envelope, for_v1] {
                assert_eq!(of_begun(scheme, LogVersion::V2).unwrap(), scheme, "{kind:?}");
            }
            assert_eq!(of_begun(for_v1, LogVersion::V1).unwrap(), for_v1, "{kind:?}");
            if envelope != for_v1 {
                let refused = of_begun(envelope, LogVersion::V1);
                assert!(matches!(refused, Err(SignError::BegunForOtherLog)), "{kind:?}: {refused:?}");
            }
        }
    }
}
