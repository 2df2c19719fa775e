//! AlgorithmIdentifier: which signature scheme a certificate or a SignerInfo names.

use der::oid::ObjectIdentifier;
use sealwax_crypto::{HashAlgorithm, KeyKind, Message, PublicKey, Scheme, VerifyError};

use crate::asn1::{DerCause, DerError, NULL, Reader, SEQUENCE, Tlv, context_constructed};
use crate::oid;

/// The algorithm of a signature, as an AlgorithmIdentifier names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// A scheme that we verify. For ML-DSA the parameter set is named too, and the key must be of it.
    Known {
        /// The scheme.
        scheme: Scheme,
        /// The only kind of key that goes with it, where the identifier names one.
        key: Option<KeyKind>,
    },
    /// An algorithm, or parameters of it, that we do not know or do not accept (SHA-1, for one). Whatever carries it can be
    /// read and never verifies.
    Unsupported(ObjectIdentifier),
}

/// A signature that was not proved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The named algorithm is not one that we verify.
    #[error("signature algorithm {0} is not supported")]
    UnsupportedAlgorithm(ObjectIdentifier),
    /// The key is of another kind than the algorithm demands.
    #[error("the signature algorithm is for {expected:?} keys, the key is {found:?}")]
    KeyMismatch {
        /// What the algorithm identifier names.
        expected: KeyKind,
        /// What the key is.
        found: KeyKind,
    },
    /// The signature does not verify.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

impl SignatureAlgorithm {
    /// Verifies `signature` over `message`. The algorithm is fixed by the signed object, the key must fit it.
    pub(crate) fn verify(
        self,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureError> {
        match self {
            SignatureAlgorithm::Unsupported(algorithm) => {
                Err(SignatureError::UnsupportedAlgorithm(algorithm))
            }
            SignatureAlgorithm::Known { key: Some(expected), .. } if expected != key.kind() => {
                Err(SignatureError::KeyMismatch { expected, found: key.kind() })
            }
            SignatureAlgorithm::Known { scheme, .. } => {
                Ok(key.verify(scheme, Message::Bytes(message), signature)?)
            }
        }
    }

    /// Reads the AlgorithmIdentifier of a certificate (RFC 5280 4.1.1.2).
    pub(crate) fn read(element: &Tlv<'_>) -> Result<Self, DerError> {
        let identifier = AlgorithmIdentifier::read(element)?;
        Ok(identifier.scheme().unwrap_or(SignatureAlgorithm::Unsupported(identifier.algorithm)))
    }

    /// Reads the signatureAlgorithm of a SignerInfo (RFC 5652 5.3), which may name the key's algorithm alone and
    /// leave the hash to `digestAlgorithm` (RFC 3370 3.2, and habit for ECDSA).
    pub(crate) fn read_for_signer(element: &Tlv<'_>, digest: HashAlgorithm) -> Result<Self, DerError> {
        let identifier = AlgorithmIdentifier::read(element)?;
        Ok(match identifier.algorithm {
            oid::RSA_ENCRYPTION if identifier.parameters_null_or_absent() => {
                any_key(Scheme::RsaPkcs1(digest))
            }
            oid::EC_PUBLIC_KEY => any_key(Scheme::Ecdsa(digest)),
            algorithm => identifier.scheme().unwrap_or(SignatureAlgorithm::Unsupported(algorithm)),
        })
    }
}

/// An AlgorithmIdentifier whose parameters are not read yet.
pub(crate) struct AlgorithmIdentifier<'a> {
    pub(crate) algorithm: ObjectIdentifier,
    parameters: Option<Tlv<'a>>,
}

impl<'a> AlgorithmIdentifier<'a> {
    pub(crate) fn read(element: &Tlv<'a>) -> Result<Self, DerError> {
        if element.tag != SEQUENCE {
            return Err(element.error(DerCause::UnexpectedTag { expected: SEQUENCE, found: element.tag }));
        }
        let mut reader = element.reader();
        let algorithm = reader.any()?.object_identifier()?;
        let parameters = if reader.is_empty() { None } else { Some(reader.any()?) };
        reader.finish()?;
        Ok(AlgorithmIdentifier { algorithm, parameters })
    }

    /// The hash function, if it is one of SHA-2's three (RFC 5754 2: parameters absent or NULL).
    pub(crate) fn hash(&self) -> Option<HashAlgorithm> {
        let hash = match self.algorithm {
            oid::SHA_256 => HashAlgorithm::Sha256,
            oid::SHA_384 => HashAlgorithm::Sha384,
            oid::SHA_512 => HashAlgorithm::Sha512,
            _ => return None,
        };
        self.parameters_null_or_absent().then_some(hash)
    }

    pub(crate) fn has_parameters(&self) -> bool {
        self.parameters.is_some()
    }

    fn parameters_null_or_absent(&self) -> bool {
        self.parameters.is_none_or(|parameters| parameters.raw == [NULL, 0])
    }

    fn scheme(&self) -> Option<SignatureAlgorithm> {
        use HashAlgorithm::{Sha256, Sha384, Sha512};
        // RFC 4055 5: NULL, and implementations must accept an absent one.
        let rsa = |hash| self.parameters_null_or_absent().then_some(any_key(Scheme::RsaPkcs1(hash)));
        // RFC 5758 3.2: absent. Some write NULL, as for RSA, and everybody takes it.
        let ecdsa = |hash| self.parameters_null_or_absent().then_some(any_key(Scheme::Ecdsa(hash)));
        // RFC 8410 3, RFC 9881 2: absent.
        let bare = |algorithm| self.parameters.is_none().then_some(algorithm);
        let ml_dsa = |kind| bare(SignatureAlgorithm::Known { scheme: Scheme::MlDsa, key: Some(kind) });
        match self.algorithm {
            oid::SHA_256_WITH_RSA => rsa(Sha256),
            oid::SHA_384_WITH_RSA => rsa(Sha384),
            oid::SHA_512_WITH_RSA => rsa(Sha512),
            oid::RSASSA_PSS => self.pss_hash().map(|hash| any_key(Scheme::RsaPss(hash))),
            oid::ECDSA_WITH_SHA_256 => ecdsa(Sha256),
            oid::ECDSA_WITH_SHA_384 => ecdsa(Sha384),
            oid::ECDSA_WITH_SHA_512 => ecdsa(Sha512),
            oid::ED25519 => bare(any_key(Scheme::Ed25519)),
            oid::ML_DSA_44 => ml_dsa(KeyKind::MlDsa44),
            oid::ML_DSA_65 => ml_dsa(KeyKind::MlDsa65),
            oid::ML_DSA_87 => ml_dsa(KeyKind::MlDsa87),
            _ => None,
        }
    }

    /// RSASSA-PSS-params (RFC 4055 3.1) as everybody writes them: one SHA-2 for both hashes, a salt of its
    /// length, the only trailer there is. Defaults are SHA-1, so absent fields are not accepted.
    fn pss_hash(&self) -> Option<HashAlgorithm> {
        let parameters = self.parameters.filter(|parameters| parameters.tag == SEQUENCE)?;
        let mut reader = parameters.reader();
        let mut field = |number| {
            let mut inner = reader.optional(context_constructed(number)).ok()??.reader();
            let element = inner.any().ok()?;
            inner.finish().ok().map(|()| element)
        };
        let hash = AlgorithmIdentifier::read(&field(0)?).ok()?.hash()?;
        let mask = AlgorithmIdentifier::read(&field(1)?).ok()?;
        let mask_hash = AlgorithmIdentifier::read(&mask.parameters?).ok()?.hash()?;
        let salt_length = field(2)?.unsigned_u64().ok()?;
        let trailer = field(3).map_or(Some(1), |trailer| trailer.unsigned_u64().ok())?;
        let fits = mask.algorithm == oid::MGF1
            && mask_hash == hash
            && usize::try_from(salt_length) == Ok(hash.output_len())
            && trailer == 1
            && reader.is_empty();
        fits.then_some(hash)
    }
}

fn any_key(scheme: Scheme) -> SignatureAlgorithm {
    SignatureAlgorithm::Known { scheme, key: None }
}

/// Reads an AlgorithmIdentifier from a cursor.
pub(crate) fn next<'a>(reader: &mut Reader<'a>) -> Result<AlgorithmIdentifier<'a>, DerError> {
    AlgorithmIdentifier::read(&reader.expect(SEQUENCE)?)
}
