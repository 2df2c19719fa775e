//! What a token is asked to sign, and what its answer is in the form that everybody else has it.

use cryptoki::{
    error::{Error, RvError},
    mechanism::{
        Mechanism, MechanismType,
        eddsa::{EddsaParams, EddsaSignatureScheme},
        rsa::{PkcsMgfType, PkcsPssParams},
    },
    types::Ulong,
};
use sealwax_crypto::{Digest, HashAlgorithm, KeyKind, Message, Scheme, VerifyError, digest};
use std::borrow::Cow;

use super::error::TokenError;
use crate::{SignerError, ecdsa};

/// A request to a token. Hashes are made here: what goes over the wire is short, and a token needs no mechanism per hash.
pub(super) struct Request<'a> {
    pub(super) mechanism: Mechanism<'static>,
    pub(super) data: Cow<'a, [u8]>,
    scheme: Scheme,
}

impl<'a> Request<'a> {
    pub(super) fn new(kind: KeyKind, scheme: Scheme, message: Message<'a>) -> Result<Self, SignerError> {
        let refused = |error: VerifyError| SignerError::Key(error.into());
        if !kind.fits(scheme) {
            return Err(refused(VerifyError::SchemeMismatch { kind, scheme }));
        }
        let (mechanism, data) = match scheme {
            Scheme::Ecdsa(hash) => (Mechanism::Ecdsa, leftmost(kind, &hashed(scheme, hash, message)?).into()),
            Scheme::RsaPkcs1(hash) => {
                let digest = hashed(scheme, hash, message)?;
                (Mechanism::RsaPkcs, [digest_info(hash), digest.as_bytes()].concat().into())
            }
            Scheme::RsaPss(hash) => {
                (Mechanism::RsaPkcsPss(pss(hash)), hashed(scheme, hash, message)?.as_bytes().to_vec().into())
            }
            Scheme::Ed25519 => match message {
                Message::Bytes(bytes) => {
                    (Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519)), bytes.into())
                }
                Message::Digest(_) | Message::Representative(_) => {
                    return Err(refused(VerifyError::MessageNeeded { scheme }));
                }
            },
            scheme => return Err(TokenError::Scheme { scheme }.into()),
        };
        Ok(Self { mechanism, data, scheme })
    }

    /// The signature, of what the token has answered.
    pub(super) fn signature(&self, answer: Vec<u8>) -> Result<Vec<u8>, TokenError> {
        match self.scheme {
            Scheme::Ecdsa(_) => ecdsa::der_of_raw(&answer).ok_or(TokenError::BadSignature),
            _ => Ok(answer),
        }
    }
}

/// Whether this is a token's last word on a request. Anything else may go better in a new session: modules have many words
/// for a token that is gone, and signing twice does no harm.
pub(super) fn is_refusal(error: &Error) -> bool {
    use RvError::{
        ActionProhibited, ArgumentsBad, DataInvalid, DataLenRange, FunctionNotSupported,
        KeyFunctionNotPermitted, KeySizeRange, KeyTypeInconsistent, MechanismInvalid, MechanismParamInvalid,
    };
    matches!(
        error,
        Error::Pkcs11(
            ActionProhibited
                | ArgumentsBad
                | DataInvalid
                | DataLenRange
                | FunctionNotSupported
                | KeyFunctionNotPermitted
                | KeySizeRange
                | KeyTypeInconsistent
                | MechanismInvalid
                | MechanismParamInvalid,
            _
        ) | Error::NullFunctionPointer
            | Error::NotSupported
    )
}

fn hashed(scheme: Scheme, hash: HashAlgorithm, message: Message<'_>) -> Result<Digest, SignerError> {
    match message {
        Message::Bytes(bytes) => Ok(digest(hash, bytes)),
        Message::Digest(digest) if digest.algorithm() == hash => Ok(*digest),
        Message::Digest(digest) => {
            let found = digest.algorithm();
            Err(SignerError::Key(VerifyError::DigestMismatch { scheme, expected: hash, found }.into()))
        }
        Message::Representative(_) => Err(SignerError::Key(VerifyError::MessageNeeded { scheme }.into())),
    }
}

/// As much of a digest as a curve takes (FIPS 186-5 section 6.4.1, step 2); not every module cuts.
fn leftmost(kind: KeyKind, digest: &Digest) -> Vec<u8> {
    let most = match kind {
        KeyKind::EcdsaP256 => 32,
        KeyKind::EcdsaP384 => 48,
        _ => 64,
    };
    digest.as_bytes().iter().copied().take(most).collect()
}

/// What stands before a digest in a PKCS#1 signature (RFC 8017 section 9.2, note 1).
fn digest_info(hash: HashAlgorithm) -> &'static [u8] {
    match hash {
        HashAlgorithm::Sha256 => {
            b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
        }
        HashAlgorithm::Sha384 => {
            b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30"
        }
        HashAlgorithm::Sha512 => {
            b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40"
        }
    }
}

/// MGF1 with the same hash, and a salt as long as it: what [`Scheme::RsaPss`] is.
fn pss(hash: HashAlgorithm) -> PkcsPssParams {
    let (hash_alg, mgf, s_len) = match hash {
        HashAlgorithm::Sha256 => (MechanismType::SHA256, PkcsMgfType::MGF1_SHA256, 32),
        HashAlgorithm::Sha384 => (MechanismType::SHA384, PkcsMgfType::MGF1_SHA384, 48),
        HashAlgorithm::Sha512 => (MechanismType::SHA512, PkcsMgfType::MGF1_SHA512, 64),
    };
    PkcsPssParams { hash_alg, mgf, s_len: Ulong::new(s_len) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cryptoki::context::Function;
    use sealwax_crypto::SignError;

    #[test]
    fn a_digest_is_cut_for_its_curve() {
        let digest = digest(HashAlgorithm::Sha512, b"x");
        for (kind, length) in [(KeyKind::EcdsaP256, 32), (KeyKind::EcdsaP384, 48), (KeyKind::EcdsaP521, 64)] {
            assert_eq!(leftmost(kind, &digest), digest.as_bytes()[..length]);
        }
    }

    #[test]
    fn requests_that_no_token_gets() {
        let digest = digest(HashAlgorithm::Sha256, b"x");
        let refused = |kind, scheme, message| Request::new(kind, scheme, message).err().unwrap();
        let key = |error| SignError::Request(error);
        let (ed25519, p256) = (KeyKind::Ed25519, KeyKind::EcdsaP256);
        let scheme = Scheme::Ed25519;
        let error = refused(p256, scheme, Message::Bytes(b"x"));
        assert!(
            matches!(error, SignerError::Key(error) if error == key(VerifyError::SchemeMismatch { kind: p256, scheme }))
        );
        let error = refused(ed25519, scheme, Message::Digest(&digest));
        assert!(
            matches!(error, SignerError::Key(error) if error == key(VerifyError::MessageNeeded { scheme }))
        );
        let error = refused(p256, Scheme::Ecdsa(HashAlgorithm::Sha384), Message::Digest(&digest));
        assert!(matches!(error, SignerError::Key(SignError::Request(VerifyError::DigestMismatch { .. }))));
        let error = refused(ed25519, Scheme::Ed25519ph, Message::Bytes(b"x"));
        assert!(
            matches!(error, SignerError::Token(error) if matches!(*error, TokenError::Scheme { scheme: Scheme::Ed25519ph }))
        );
    }

    #[test]
    fn a_refusal_is_final_and_the_rest_is_not() {
        let error = |value| Error::Pkcs11(value, Function::SignInit);
        assert!(is_refusal(&error(RvError::MechanismInvalid)));
        assert!(is_refusal(&Error::NullFunctionPointer));
        for value in [
            RvError::SessionHandleInvalid,
            RvError::DeviceRemoved,
            RvError::GeneralError,
            RvError::VendorDefined(0x8000_0001),
        ] {
            assert!(!is_refusal(&error(value)), "{value:?}");
        }
    }
}
