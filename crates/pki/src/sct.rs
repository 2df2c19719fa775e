//! Signed certificate timestamps (RFC 6962 3): the embedded list, the precertificate, the proof.

use jiff::Timestamp;
use sealwax_crypto::{HashAlgorithm, KeyKind, Message, PublicKey, Scheme, VerifyError};

use crate::asn1::{DerError, OCTET_STRING, only};
use crate::certificate::Certificate;
use crate::oid;
use crate::precertificate::push_tbs_without;

/// SCTs in one certificate. Fulcio's leaves have one; public web certificates two to five.
pub const MAX_SCTS: usize = 32;

/// One SCT, version 1 (RFC 6962 3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sct {
    /// SHA-256 of the log's key.
    pub log_id: [u8; 32],
    /// When the log promised, in milliseconds since the epoch.
    pub timestamp_ms: u64,
    /// Extensions, signed as they are. static-ct-api logs put the leaf index here.
    pub extensions: Vec<u8>,
    /// HashAlgorithm of RFC 5246 7.4.1.4.1.
    pub hash_algorithm: u8,
    /// SignatureAlgorithm of RFC 5246 7.4.1.4.1.
    pub signature_algorithm: u8,
    /// The signature.
    pub signature: Vec<u8>,
}

/// An SCT that could not be read or proved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SctError {
    /// The extension is not an OCTET STRING.
    #[error("malformed SCT extension: {0}")]
    Der(#[from] DerError),
    /// The list or an SCT in it is shorter or longer than it says.
    #[error("malformed SCT list")]
    Malformed,
    /// An SCT of another version than 1 (RFC 6962 3.3 leaves no way to skip it).
    #[error("SCT version {0}, only version 1 (0) is known")]
    Version(u8),
    /// More than [`MAX_SCTS`].
    #[error("more than {limit} SCTs")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// The certificate has no embedded SCTs, so there is no precertificate.
    #[error("no embedded SCT")]
    NoEmbeddedSct,
    /// The algorithm in the SCT is not that of the log's key (RFC 6962 2.1.4: SHA-256 with ECDSA or RSA).
    #[error("SCT signed with algorithm {hash}/{signature} of RFC 5246, the log's key is {key:?}")]
    Algorithm {
        /// HashAlgorithm.
        hash: u8,
        /// SignatureAlgorithm.
        signature: u8,
        /// What the log's key is.
        key: KeyKind,
    },
    /// The signature does not verify.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

impl Certificate {
    /// The embedded SCTs, in order; none if the extension is absent.
    pub fn embedded_scts(&self) -> Result<Vec<Sct>, SctError> {
        let Some(extension) = self.extension(&oid::SCT_LIST) else { return Ok(Vec::new()) };
        let mut outer = TlsReader(only(extension.value, OCTET_STRING)?.value);
        let mut list = TlsReader(outer.vector_u16()?);
        outer.finish()?;
        let mut scts = Vec::with_capacity(1);
        while !list.0.is_empty() {
            if scts.len() == MAX_SCTS {
                return Err(SctError::TooMany { limit: MAX_SCTS });
            }
            scts.push(Sct::read(list.vector_u16()?)?);
        }
        Ok(scts)
    }
}

/// The TBSCertificate that the log signed: this one without the SCT list (RFC 6962 3.2), every other byte as it is.
pub fn precertificate_tbs(certificate: &Certificate) -> Result<Vec<u8>, SctError> {
    let mut tbs = Vec::with_capacity(certificate.tbs_der().len());
    push_precertificate_tbs(&mut tbs, certificate)?;
    Ok(tbs)
}

fn push_precertificate_tbs(tbs: &mut Vec<u8>, certificate: &Certificate) -> Result<(), SctError> {
    if certificate.extension(&oid::SCT_LIST).is_none() {
        return Err(SctError::NoEmbeddedSct);
    }
    push_tbs_without(tbs, certificate, &oid::SCT_LIST);
    Ok(())
}

impl Sct {
    /// The instant of the promise, if it is one that the calendar has.
    #[must_use]
    pub fn timestamp(&self) -> Option<Timestamp> {
        Timestamp::from_millisecond(i64::try_from(self.timestamp_ms).ok()?).ok()
    }

    /// The index of the entry in its log, if the log says it here (static-ct-api: extension 0, 40 bits).
    #[must_use]
    pub fn leaf_index(&self) -> Option<u64> {
        let mut extensions = TlsReader(&self.extensions);
        while !extensions.0.is_empty() {
            let kind = extensions.u8().ok()?;
            let data = extensions.vector_u16().ok()?;
            if kind == 0 {
                return match data {
                    [a, b, c, d, e] => Some(u64::from_be_bytes([0, 0, 0, *a, *b, *c, *d, *e])),
                    _ => None,
                };
            }
        }
        None
    }

    /// Proves that the log with this key promised to log `leaf`, issued by `issuer`, the next certificate of the
    /// path that was built. That the key is the one of `log_id`, and was valid then, is the caller's to see to.
    pub fn verify(&self, leaf: &Certificate, issuer: &Certificate, key: &PublicKey) -> Result<(), SctError> {
        let scheme = self.scheme(key)?;
        let message = self.signed_data(leaf, &issuer.spki_fingerprint())?;
        Ok(key.verify(scheme, Message::Bytes(&message), &self.signature)?)
    }

    /// RFC 6962 2.1.4: SHA-256, with ECDSA or RSA PKCS#1. The key decides; the SCT must say the same.
    fn scheme(&self, key: &PublicKey) -> Result<Scheme, SctError> {
        const SHA_256: u8 = 4;
        const RSA: u8 = 1;
        const ECDSA: u8 = 3;
        match (key.kind(), self.hash_algorithm, self.signature_algorithm) {
            (KeyKind::Rsa { .. }, SHA_256, RSA) => Ok(Scheme::RsaPkcs1(HashAlgorithm::Sha256)),
            (KeyKind::EcdsaP256 | KeyKind::EcdsaP384 | KeyKind::EcdsaP521, SHA_256, ECDSA) => {
                Ok(Scheme::Ecdsa(HashAlgorithm::Sha256))
            }
            (key, hash, signature) => Err(SctError::Algorithm { hash, signature, key }),
        }
    }

    /// The digitally-signed struct of RFC 6962 3.2 for an entry of type precert_entry.
    fn signed_data(&self, leaf: &Certificate, issuer_key_hash: &[u8; 32]) -> Result<Vec<u8>, SctError> {
        let extensions_length = u16::try_from(self.extensions.len()).map_err(|_| SctError::Malformed)?;
        let mut data = Vec::with_capacity(64 + leaf.tbs_der().len() + self.extensions.len());
        data.extend_from_slice(&[0, 0]); // version 1, certificate_timestamp
        data.extend_from_slice(&self.timestamp_ms.to_be_bytes());
        data.extend_from_slice(&[0, 1]); // precert_entry
        data.extend_from_slice(issuer_key_hash);
        let length_at = data.len();
        data.extend_from_slice(&[0; 3]);
        push_precertificate_tbs(&mut data, leaf)?;
        let tbs_length = u32::try_from(data.len() - length_at - 3).map_err(|_| SctError::Malformed)?;
        let [0, tbs_length @ ..] = tbs_length.to_be_bytes() else { return Err(SctError::Malformed) };
        data.get_mut(length_at..length_at + 3).ok_or(SctError::Malformed)?.copy_from_slice(&tbs_length);
        data.extend_from_slice(&extensions_length.to_be_bytes());
        data.extend_from_slice(&self.extensions);
        Ok(data)
    }

    fn read(bytes: &[u8]) -> Result<Self, SctError> {
        let mut reader = TlsReader(bytes);
        let version = reader.u8()?;
        if version != 0 {
            return Err(SctError::Version(version));
        }
        let log_id = *reader.array::<32>()?;
        let timestamp_ms = u64::from_be_bytes(*reader.array::<8>()?);
        let extensions = reader.vector_u16()?.to_vec();
        let hash_algorithm = reader.u8()?;
        let signature_algorithm = reader.u8()?;
        let signature = reader.vector_u16()?.to_vec();
        reader.finish()?;
        Ok(Sct { log_id, timestamp_ms, extensions, hash_algorithm, signature_algorithm, signature })
    }
}

/// A cursor over the presentation language of RFC 5246 4.
struct TlsReader<'a>(&'a [u8]);

impl<'a> TlsReader<'a> {
    fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], SctError> {
        let (array, rest) = self.0.split_first_chunk::<N>().ok_or(SctError::Malformed)?;
        self.0 = rest;
        Ok(array)
    }

    fn u8(&mut self) -> Result<u8, SctError> {
        let [byte] = *self.array::<1>()?;
        Ok(byte)
    }

    fn vector_u16(&mut self) -> Result<&'a [u8], SctError> {
        let length = usize::from(u16::from_be_bytes(*self.array::<2>()?));
        let (vector, rest) = self.0.split_at_checked(length).ok_or(SctError::Malformed)?;
        self.0 = rest;
        Ok(vector)
    }

    fn finish(&self) -> Result<(), SctError> {
        if self.0.is_empty() { Ok(()) } else { Err(SctError::Malformed) }
    }
}
