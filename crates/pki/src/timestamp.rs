//! RFC 3161 responses and tokens, and what it takes to believe one.

use der::oid::ObjectIdentifier;
use jiff::Timestamp;
use sealwax_crypto::{HashAlgorithm, digest};
use sha1::{Digest as _, Sha1};

use crate::algorithm::{AlgorithmIdentifier, SignatureError};
use crate::asn1::{DerError, INTEGER, OCTET_STRING, Reader, SEQUENCE, only};
use crate::authority::Authority;
use crate::ber::{self, BerError};
use crate::certificate::Certificate;
use crate::cms::{CmsError, SignedData, SignerIdentifier};
use crate::end_entity::{EndEntity, EndEntityError};
use crate::general_name::GeneralName;
use crate::memo::SignatureMemo;
use crate::oid;
use crate::path::{Path, PathError, PathValidityError, Search};
use crate::tst_info::{Accuracy, Imprint, TstInfo};

/// The largest response that is read: twenty times a token with FreeTSA's whole RSA chain (5.6 KB).
pub const MAX_TOKEN_BYTES: usize = 128 * 1024;

/// Embedded CA certificates that are looked at; tokens of public authorities have two or three.
const MAX_EMBEDDED_AUTHORITIES: usize = 8;

/// A time-stamp token, read and not verified.
#[derive(Clone, Debug)]
pub struct TimestampToken {
    signed_data: SignedData,
    info: TstInfo,
}

/// What a token proves. Only [`TimestampToken::verify`] builds one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedTimestamp {
    time: Timestamp,
    serial: Vec<u8>,
    path: Path,
}

/// Bytes that are not a token that is read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Larger than [`MAX_TOKEN_BYTES`].
    #[error("time-stamp response of {size} bytes, at most {MAX_TOKEN_BYTES} are read")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// Not BER.
    #[error("malformed time-stamp response: {0}")]
    Ber(#[from] BerError),
    /// BER, but not of a response or token.
    #[error("malformed time-stamp response: {0}")]
    Der(#[from] DerError),
    /// The authority refused: a PKIStatus other than granted (0) and grantedWithMods (1).
    #[error("the time-stamping authority answered with status {0}")]
    Status(u64),
    /// Granted, and no token.
    #[error("time-stamp response without a token")]
    NoToken,
    /// Not a SignedData over a TSTInfo by one signer.
    #[error(transparent)]
    Cms(#[from] CmsError),
    /// A TSTInfo of another version than 1.
    #[error("TSTInfo version {0}, only 1 is known")]
    Version(u64),
    /// The imprint is not SHA-256, SHA-384 or SHA-512.
    #[error("imprint algorithm {0} is not supported")]
    ImprintAlgorithm(ObjectIdentifier),
    /// The imprint is not as long as its algorithm makes it.
    #[error("{algorithm} imprint of {found} bytes")]
    ImprintLength {
        /// Its algorithm.
        algorithm: HashAlgorithm,
        /// Its length in bytes.
        found: usize,
    },
    /// A critical extension of the TSTInfo.
    #[error("critical extension {0} of the TSTInfo is not understood")]
    UnknownCriticalExtension(ObjectIdentifier),
}

/// A token that proves nothing under this authority.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimestampError {
    /// It stamps something else.
    #[error("the time stamp is of {found}, not of {expected}")]
    Imprint {
        /// The digest of the message.
        expected: Box<Imprint>,
        /// The digest in the token.
        found: Box<Imprint>,
    },
    /// The signed digest is not that of the content.
    #[error("the signed message digest is not that of the content")]
    MessageDigest,
    /// The token names a signer that the authority's leaf is not, or none of the embedded certificates is.
    #[error("the signer is not a certificate of this authority")]
    UnknownSigner,
    /// Neither signing-certificate attribute is there (RFC 3161 2.4.2, RFC 5816).
    #[error("no signing-certificate attribute")]
    NoSigningCertificate,
    /// A signing-certificate attribute is malformed.
    #[error("malformed signing-certificate attribute: {0}")]
    SigningCertificate(DerError),
    /// A signing-certificate-v2 attribute with an unknown hash.
    #[error("hash algorithm {0} of the signing-certificate attribute is not supported")]
    SigningCertificateHash(ObjectIdentifier),
    /// A signing-certificate attribute names another certificate than the signer's.
    #[error("the signing-certificate attribute names another certificate")]
    SigningCertificateMismatch,
    /// The signer's certificate is not one of a time-stamping authority.
    #[error("the signer's certificate: {0}")]
    EndEntity(#[from] EndEntityError),
    /// The signer's key cannot be used.
    #[error("the signer's key cannot be used: {0}")]
    SignerKey(sealwax_crypto::KeyError),
    /// The signature over the signed attributes does not verify.
    #[error("the time stamp's signature: {0}")]
    Signature(#[from] SignatureError),
    /// The signer's certificate does not chain to the authority's anchor.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A certificate of the chain was not valid at the stamped time.
    #[error(transparent)]
    Validity(#[from] PathValidityError),
}

impl TimestampToken {
    /// Reads a TimeStampResp (RFC 3161 2.4.2), which is what bundles carry.
    pub fn from_response_der(response: &[u8]) -> Result<Self, TokenError> {
        check_size(response)?;
        let der = ber::to_der(response)?;
        let mut reader = only(&der, SEQUENCE)?.reader();
        let mut status_info = reader.sequence()?;
        let status = status_info.expect(INTEGER)?.unsigned_u64()?;
        if status > 1 {
            return Err(TokenError::Status(status));
        }
        if reader.is_empty() {
            return Err(TokenError::NoToken);
        }
        let token = reader.expect(SEQUENCE)?;
        reader.finish()?;
        Self::read(SignedData::read(&token, oid::TST_INFO)?)
    }

    /// Reads a bare TimeStampToken, which is what CMS signatures carry as an attribute.
    pub fn from_token_der(token: &[u8]) -> Result<Self, TokenError> {
        check_size(token)?;
        let der = ber::to_der(token)?;
        Self::read(SignedData::read(&only(&der, SEQUENCE)?, oid::TST_INFO)?)
    }

    fn read(signed_data: SignedData) -> Result<Self, TokenError> {
        let info = TstInfo::read(&signed_data.content)?;
        Ok(TimestampToken { signed_data, info })
    }

    /// Believes the token, if it stamps `message` and this authority signed it: rule by rule of RFC 3161 2.4.2 and 2.3.
    ///
    /// If the authority lists a leaf, only that one signs; else an embedded certificate that chains to it, perhaps over
    /// embedded CAs. The chain must be valid at the stamped time; the window of the
    /// authority in the trust root is the caller's to check.
    pub fn verify(
        &self,
        authority: &Authority,
        message: &[u8],
        memo: &SignatureMemo,
    ) -> Result<VerifiedTimestamp, TimestampError> {
        let signer = &self.signed_data.signer;
        // The imprint is the digest of the message.
        let expected = digest(self.info.imprint.algorithm(), message);
        if expected != self.info.imprint {
            let found = Box::new(self.info.imprint);
            return Err(TimestampError::Imprint { expected: Box::new(expected), found });
        }
        // RFC 5652 5.6: the signed digest is that of the content.
        if digest(signer.digest, &self.signed_data.content).as_bytes() != signer.message_digest {
            return Err(TimestampError::MessageDigest);
        }
        // RFC 5652 5.3 and RFC 5816 2.2.1: which certificate signed.
        let certificate = self.signer_certificate(authority)?;
        self.check_signing_certificate(&certificate)?;
        // RFC 3161 2.3: it is for this and nothing else.
        let leaf = EndEntity::time_stamping(&certificate)?;
        // RFC 5652 5.4: the signature covers the signed attributes.
        let key = certificate.public_key().map_err(|error| TimestampError::SignerKey(error.clone()))?;
        signer.algorithm.verify(key, &signer.signed_attributes, &signer.signature)?;
        // RFC 5280 6: a path, and one that was valid then.
        let embedded = self.embedded_authorities(authority);
        let paths = authority.paths(&leaf, Search { memo, further_intermediates: &embedded })?;
        let path = valid_path(paths, self.info.gen_time)?;
        Ok(VerifiedTimestamp { time: self.info.gen_time, serial: self.info.serial.clone(), path })
    }

    /// The stamped time.
    #[must_use]
    pub fn gen_time(&self) -> Timestamp {
        self.info.gen_time
    }

    /// The stamped digest.
    #[must_use]
    pub fn imprint(&self) -> &Imprint {
        &self.info.imprint
    }

    /// The serial number that the authority gave it, as the content octets of an INTEGER (negative ones occur).
    #[must_use]
    pub fn serial(&self) -> &[u8] {
        &self.info.serial
    }

    /// The authority's policy.
    #[must_use]
    pub fn policy(&self) -> ObjectIdentifier {
        self.info.policy
    }

    /// How exact the authority says its time is.
    #[must_use]
    pub fn accuracy(&self) -> Option<Accuracy> {
        self.info.accuracy
    }

    /// Whether the authority's stamps can be ordered by their time alone.
    #[must_use]
    pub fn ordering(&self) -> bool {
        self.info.ordering
    }

    /// The nonce of the request, as the content octets of an INTEGER.
    #[must_use]
    pub fn nonce(&self) -> Option<&[u8]> {
        self.info.nonce.as_deref()
    }

    /// The TSTInfo, which is what is signed. Two tokens with the same one are the same stamp.
    #[must_use]
    pub fn info_der(&self) -> &[u8] {
        &self.signed_data.content
    }

    /// Which certificate the token says signed it.
    #[must_use]
    pub fn signer(&self) -> &SignerIdentifier {
        &self.signed_data.signer.identifier
    }

    /// The embedded certificates that can be read.
    pub fn certificates(&self) -> impl Iterator<Item = Certificate> + '_ {
        self.signed_data.certificates.iter().filter_map(|der| Certificate::from_der(der).ok())
    }

    /// CA certificates in the token, as links and never as anchors, for an authority that lists no leaf of its own.
    fn embedded_authorities(&self, authority: &Authority) -> Vec<Certificate> {
        match authority.leaf() {
            Some(_) => Vec::new(),
            None => self.certificates().filter(Certificate::is_ca).take(MAX_EMBEDDED_AUTHORITIES).collect(),
        }
    }

    fn signer_certificate(&self, authority: &Authority) -> Result<Certificate, TimestampError> {
        let identifier = &self.signed_data.signer.identifier;
        let found = match authority.leaf() {
            Some(leaf) => Some(leaf.clone()).filter(|leaf| identifier.names(leaf)),
            None => self.certificates().find(|certificate| identifier.names(certificate)),
        };
        found.ok_or(TimestampError::UnknownSigner)
    }

    /// Both attributes if both are there; at least one must be.
    fn check_signing_certificate(&self, certificate: &Certificate) -> Result<(), TimestampError> {
        let signer = &self.signed_data.signer;
        if signer.signing_certificate.is_none() && signer.signing_certificate_v2.is_none() {
            return Err(TimestampError::NoSigningCertificate);
        }
        if let Some(value) = &signer.signing_certificate {
            let first = first_certificate_identifier(value)?;
            check_identifier(first, certificate, |_| Ok(Sha1::digest(certificate.der()).to_vec()))?;
        }
        if let Some(value) = &signer.signing_certificate_v2 {
            let first = first_certificate_identifier(value)?;
            check_identifier(first, certificate, |reader| {
                Ok(digest(read_hash(reader)?, certificate.der()).as_bytes().to_vec())
            })?;
        }
        Ok(())
    }
}

impl VerifiedTimestamp {
    /// The proved time.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// The stamp's serial number, unique with the authority, as the content octets of an INTEGER.
    #[must_use]
    pub fn serial(&self) -> &[u8] {
        &self.serial
    }

    /// The chain of the authority, the signer's certificate first.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn check_size(input: &[u8]) -> Result<(), TokenError> {
    if input.len() > MAX_TOKEN_BYTES { Err(TokenError::TooLarge { size: input.len() }) } else { Ok(()) }
}

/// The first path that was valid at the time, or why the first was not.
fn valid_path(paths: Vec<Path>, at: Timestamp) -> Result<Path, TimestampError> {
    let mut first_error = None;
    for path in paths {
        match path.check_at(at) {
            Ok(()) => return Ok(path),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    Err(first_error.map_or(TimestampError::UnknownSigner, TimestampError::Validity))
}

/// SigningCertificate and SigningCertificateV2 (RFC 5035 3 and 4): the first identifier is the signer's. Further ones
/// narrow a chain that we do not take from the token anyway.
fn first_certificate_identifier(value: &[u8]) -> Result<Reader<'_>, TimestampError> {
    let first = || {
        let mut attribute = only(value, SEQUENCE)?.reader();
        let mut identifiers = attribute.sequence()?;
        identifiers.sequence()
    };
    first().map_err(TimestampError::SigningCertificate)
}

/// ESSCertID and ESSCertIDv2: the hash of the whole certificate, and issuer and serial number if they are there.
fn check_identifier(
    mut reader: Reader<'_>,
    certificate: &Certificate,
    certificate_hash: impl FnOnce(&mut Reader<'_>) -> Result<Vec<u8>, TimestampError>,
) -> Result<(), TimestampError> {
    let expected = certificate_hash(&mut reader)?;
    let read = |reader: &mut Reader<'_>| -> Result<bool, DerError> {
        let hash_fits = reader.expect(OCTET_STRING)?.value == expected;
        let issuer_fits = match reader.optional(SEQUENCE)? {
            Some(issuer_serial) => names_issuer_and_serial(issuer_serial.reader(), certificate)?,
            None => true,
        };
        reader.finish()?;
        Ok(hash_fits && issuer_fits)
    };
    match read(&mut reader) {
        Ok(true) => Ok(()),
        Ok(false) => Err(TimestampError::SigningCertificateMismatch),
        Err(error) => Err(TimestampError::SigningCertificate(error)),
    }
}

/// IssuerSerial (RFC 5035 5).
fn names_issuer_and_serial(mut reader: Reader<'_>, certificate: &Certificate) -> Result<bool, DerError> {
    let names = GeneralName::read_all(reader.sequence()?)?;
    let serial = reader.expect(INTEGER)?.unsigned()?;
    reader.finish()?;
    let issuer = GeneralName::Directory(certificate.issuer().clone());
    Ok(names.contains(&issuer) && serial == certificate.serial())
}

/// The hashAlgorithm of ESSCertIDv2, SHA-256 if absent.
fn read_hash(reader: &mut Reader<'_>) -> Result<HashAlgorithm, TimestampError> {
    let identifier = reader.optional(SEQUENCE).map_err(TimestampError::SigningCertificate)?;
    let Some(identifier) = identifier else { return Ok(HashAlgorithm::Sha256) };
    let identifier = AlgorithmIdentifier::read(&identifier).map_err(TimestampError::SigningCertificate)?;
    identifier.hash().ok_or(TimestampError::SigningCertificateHash(identifier.algorithm))
}
