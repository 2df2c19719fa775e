//! RFC 3161 requests (2.4.1): what a client wants stamped.

use der::oid::ObjectIdentifier;
use sealwax_crypto::{Digest, HashAlgorithm};

use crate::algorithm;
use crate::asn1::{
    BOOLEAN, DerCause, DerError, INTEGER, NULL, OCTET_STRING, OID, Reader, SEQUENCE, context_constructed,
    only, write_header,
};
use crate::tst_info::Imprint;
use crate::write::hash_identifier;

/// The largest request that is read. One without extensions has at most 230 bytes (SHA-512, a policy of 39 octets and
/// the longest nonce).
pub const MAX_TIMESTAMP_REQUEST_BYTES: usize = 4 * 1024;

/// The longest nonce that is read, in content octets of its INTEGER. Clients send 8 to 20; RFC 3161 sets no limit, and what
/// is sent is signed.
pub const MAX_NONCE_BYTES: usize = 64;

/// Extensions of one request. None is defined, and nobody sends any.
const MAX_EXTENSIONS: usize = 16;

/// A TimeStampReq.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimestampRequest {
    /// The digest to be stamped.
    pub imprint: Imprint,
    /// Whether the imprint's AlgorithmIdentifier has the parameters NULL. The response must repeat the imprint as it is.
    pub null_parameters: bool,
    /// The policy under which it shall be stamped.
    pub policy: Option<ObjectIdentifier>,
    /// A number that the response repeats.
    pub nonce: Option<Nonce>,
    /// Whether the signer's certificate shall be in the response.
    pub certificates: bool,
    /// Which extensions there are.
    pub extensions: Vec<ObjectIdentifier>,
}

/// A nonce: the content octets of an INTEGER, of any sign, in their shortest form, at most [`MAX_NONCE_BYTES`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nonce(Box<[u8]>);

/// Bytes that are not a request that is read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimestampRequestError {
    /// Larger than [`MAX_TIMESTAMP_REQUEST_BYTES`].
    #[error("time-stamp request of {size} bytes, at most {MAX_TIMESTAMP_REQUEST_BYTES} are read")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// Not the DER of a request.
    #[error("malformed time-stamp request: {0}")]
    Der(#[from] DerError),
    /// Another version than 1.
    #[error("time-stamp request of version {0}, only 1 is known")]
    Version(u64),
    /// The imprint is not SHA-256, SHA-384 or SHA-512.
    #[error("imprint algorithm {0} is not supported; SHA-256, SHA-384 and SHA-512 are")]
    ImprintAlgorithm(ObjectIdentifier),
    /// The imprint is not as long as its algorithm makes it.
    #[error("{algorithm} imprint of {found} bytes")]
    ImprintLength {
        /// Its algorithm.
        algorithm: HashAlgorithm,
        /// Its length in bytes.
        found: usize,
    },
    /// A nonce that is no INTEGER in its shortest form.
    #[error("nonce that is not an integer in its shortest form")]
    NonceNotMinimal,
    /// A nonce longer than [`MAX_NONCE_BYTES`].
    #[error("nonce of {size} bytes, at most {MAX_NONCE_BYTES} are repeated")]
    NonceTooLong {
        /// Its length in bytes.
        size: usize,
    },
}

impl TimestampRequest {
    /// A request for this digest, without anything else.
    #[must_use]
    pub fn new(imprint: Imprint) -> Self {
        Self {
            imprint,
            null_parameters: true,
            policy: None,
            nonce: None,
            certificates: false,
            extensions: Vec::new(),
        }
    }

    /// Reads a TimeStampReq that fills the input. A `certReq` of FALSE that is written out, which DER forbids, is taken.
    ///
    /// # Errors
    /// [`TimestampRequestError`].
    pub fn from_der(request: &[u8]) -> Result<Self, TimestampRequestError> {
        if request.len() > MAX_TIMESTAMP_REQUEST_BYTES {
            return Err(TimestampRequestError::TooLarge { size: request.len() });
        }
        let mut reader = only(request, SEQUENCE)?.reader();
        let version = reader.expect(INTEGER)?.unsigned_u64()?;
        if version != 1 {
            return Err(TimestampRequestError::Version(version));
        }
        let (imprint, null_parameters) = read_imprint(reader.sequence()?)?;
        let policy = reader.optional(OID)?.map(|policy| policy.object_identifier()).transpose()?;
        let nonce = match reader.optional(INTEGER)? {
            Some(nonce) => Some(Nonce::new(nonce.integer()?)?),
            None => None,
        };
        let certificates = reader.optional(BOOLEAN)?.map(|wanted| wanted.boolean()).transpose()?;
        let extensions = match reader.optional(context_constructed(0))? {
            Some(extensions) => read_extensions(extensions.reader())?,
            None => Vec::new(),
        };
        reader.finish()?;
        let certificates = certificates.unwrap_or(false);
        Ok(Self { imprint, null_parameters, policy, nonce, certificates, extensions })
    }

    /// The request in DER. Extensions are left out: which there are is known here, not what they say.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let mut body = vec![INTEGER, 1, 1];
        write_imprint(&mut body, &self.imprint, self.null_parameters);
        if let Some(policy) = &self.policy {
            write_header(&mut body, OID, policy.as_bytes().len());
            body.extend_from_slice(policy.as_bytes());
        }
        if let Some(nonce) = &self.nonce {
            nonce.write(&mut body);
        }
        if self.certificates {
            body.extend_from_slice(&[BOOLEAN, 1, 0xff]);
        }
        let mut request = Vec::with_capacity(body.len() + 4);
        write_header(&mut request, SEQUENCE, body.len());
        request.extend_from_slice(&body);
        request
    }
}

impl Nonce {
    /// A nonce from the content octets of an INTEGER, which must be in their shortest form (X.690 8.3.2).
    ///
    /// # Errors
    /// [`TimestampRequestError::NonceTooLong`], [`TimestampRequestError::NonceNotMinimal`].
    pub fn new(content: &[u8]) -> Result<Self, TimestampRequestError> {
        if content.len() > MAX_NONCE_BYTES {
            return Err(TimestampRequestError::NonceTooLong { size: content.len() });
        }
        match content {
            [] => Err(TimestampRequestError::NonceNotMinimal),
            [0x00, second, ..] if *second < 0x80 => Err(TimestampRequestError::NonceNotMinimal),
            [0xff, second, ..] if *second >= 0x80 => Err(TimestampRequestError::NonceNotMinimal),
            _ => Ok(Self(content.into())),
        }
    }

    /// The content octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn write(&self, output: &mut Vec<u8>) {
        write_header(output, INTEGER, self.0.len());
        output.extend_from_slice(&self.0);
    }
}

/// MessageImprint, and whether its algorithm has the parameters NULL.
fn read_imprint(mut reader: Reader<'_>) -> Result<(Imprint, bool), TimestampRequestError> {
    let identifier = algorithm::next(&mut reader)?;
    let digest = reader.expect(OCTET_STRING)?.value;
    reader.finish()?;
    let unsupported = TimestampRequestError::ImprintAlgorithm(identifier.algorithm);
    let algorithm = identifier.hash().ok_or(unsupported)?;
    let imprint = Digest::new(algorithm, digest)
        .map_err(|_| TimestampRequestError::ImprintLength { algorithm, found: digest.len() })?;
    Ok((imprint, identifier.has_parameters()))
}

/// Extensions (RFC 5280 4.2): their types. None is known, so whoever answers refuses them all.
fn read_extensions(mut extensions: Reader<'_>) -> Result<Vec<ObjectIdentifier>, DerError> {
    let mut kinds = Vec::new();
    while !extensions.is_empty() {
        if kinds.len() == MAX_EXTENSIONS {
            return Err(extensions.error(DerCause::TooMany { limit: MAX_EXTENSIONS }));
        }
        let mut extension = extensions.sequence()?;
        kinds.push(extension.any()?.object_identifier()?);
        extension.optional(BOOLEAN)?.map(|critical| critical.boolean()).transpose()?;
        extension.expect(OCTET_STRING)?;
        extension.finish()?;
    }
    // RFC 5280 4.1.2.9: SIZE (1..MAX).
    if kinds.is_empty() { Err(extensions.error(DerCause::Empty)) } else { Ok(kinds) }
}

/// MessageImprint (RFC 3161 2.4.1).
pub(crate) fn write_imprint(output: &mut Vec<u8>, imprint: &Imprint, null_parameters: bool) {
    let algorithm = hash_identifier(imprint.algorithm());
    let parameters: &[u8] = if null_parameters { &[NULL, 0] } else { &[] };
    let identifier = algorithm.as_bytes().len() + 2 + parameters.len(); // all lengths here are below 128
    let digest = imprint.as_bytes();
    write_header(output, SEQUENCE, 2 + identifier + 2 + digest.len());
    write_header(output, SEQUENCE, identifier);
    write_header(output, OID, algorithm.as_bytes().len());
    output.extend_from_slice(algorithm.as_bytes());
    output.extend_from_slice(parameters);
    write_header(output, OCTET_STRING, digest.len());
    output.extend_from_slice(digest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::{NULL, SET};
    use crate::oid;
    use crate::write::{element, object_identifier};
    use sealwax_crypto::digest;

    fn request(hash: HashAlgorithm) -> TimestampRequest {
        TimestampRequest::new(digest(hash, b"message"))
    }

    fn error(der: &[u8]) -> TimestampRequestError {
        TimestampRequest::from_der(der).unwrap_err()
    }

    /// A request of these parts behind its version.
    fn with(parts: &[&[u8]]) -> Vec<u8> {
        let mut imprint = Vec::new();
        write_imprint(&mut imprint, &digest(HashAlgorithm::Sha256, b"message"), true);
        element(SEQUENCE, &[&[&[INTEGER, 1, 1][..], &imprint], parts].concat())
    }

    #[test]
    fn what_is_written_is_read() {
        for hash in HashAlgorithm::ALL {
            let bare = request(hash);
            assert_eq!(TimestampRequest::from_der(&bare.to_der()), Ok(bare.clone()));
            let full = TimestampRequest {
                null_parameters: false,
                policy: Some(oid::TST_INFO),
                nonce: Some(Nonce::new(&[0x80; MAX_NONCE_BYTES]).unwrap()),
                certificates: true,
                ..bare
            };
            assert_eq!(TimestampRequest::from_der(&full.to_der()), Ok(full.clone()));
            assert!(full.to_der().len() <= 230);
        }
    }

    #[test]
    fn false_may_be_written_out() {
        let read = TimestampRequest::from_der(&with(&[&[BOOLEAN, 1, 0]])).unwrap();
        assert_eq!(read, request(HashAlgorithm::Sha256));
    }

    #[test]
    fn which_extensions_there_are() {
        let extension = |critical: &[u8]| {
            element(SEQUENCE, &[&object_identifier(oid::TST_INFO), critical, &[OCTET_STRING, 0]])
        };
        let (one, other) = (extension(&[]), extension(&[BOOLEAN, 1, 0xff]));
        let read = |extensions: &[&[u8]]| {
            TimestampRequest::from_der(&with(&[&element(context_constructed(0), extensions)]))
        };
        assert_eq!(read(&[&one, &other]).unwrap().extensions, [oid::TST_INFO; 2]);
        assert_eq!(read(&[&*one; 16]).unwrap().extensions.len(), 16);
        let cause = |result: Result<_, TimestampRequestError>| match result {
            Err(TimestampRequestError::Der(DerError { cause, .. })) => cause,
            other => panic!("{other:?}"),
        };
        assert_eq!(cause(read(&[])), DerCause::Empty);
        assert_eq!(cause(read(&[&*one; 17])), DerCause::TooMany { limit: 16 });
    }

    #[test]
    fn refused() {
        let good = with(&[]);
        let cause = |der: &[u8]| match error(der) {
            TimestampRequestError::Der(error) => error.cause,
            other => panic!("{other:?}"),
        };
        assert_eq!(cause(&[&*good, &[0]].concat()), DerCause::TrailingData);
        assert_eq!(cause(&with(&[&[NULL, 0]])), DerCause::TrailingData);
        assert_eq!(cause(&with(&[&[BOOLEAN, 1, 0xff], &[INTEGER, 1, 1]])), DerCause::TrailingData);
        assert_eq!(cause(&with(&[&[INTEGER, 2, 0, 1]])), DerCause::IntegerNotMinimal);
        assert_eq!(cause(&good[..good.len() - 1]), DerCause::Truncated);
        assert!(matches!(cause(&element(SET, &[&good])), DerCause::UnexpectedTag { .. }));
        let too_large = vec![0; MAX_TIMESTAMP_REQUEST_BYTES + 1];
        assert_eq!(error(&too_large), TimestampRequestError::TooLarge { size: too_large.len() });
        let mut version = good.clone();
        version[4] = 2;
        assert_eq!(error(&version), TimestampRequestError::Version(2));
        let long = element(INTEGER, &[&[1; MAX_NONCE_BYTES + 1]]);
        assert_eq!(error(&with(&[&long])), TimestampRequestError::NonceTooLong { size: MAX_NONCE_BYTES + 1 });
        for content in [&[][..], &[0, 1], &[0xff, 0x80]] {
            assert_eq!(Nonce::new(content), Err(TimestampRequestError::NonceNotMinimal));
        }
    }

    #[test]
    fn imprints_of_other_hashes_or_lengths() {
        let with = |algorithm: &[u8], length: usize| {
            let identifier = element(SEQUENCE, &[&element(OID, &[algorithm])]);
            let digest = element(OCTET_STRING, &[&vec![0; length]]);
            element(SEQUENCE, &[&[INTEGER, 1, 1], &element(SEQUENCE, &[&identifier, &digest])])
        };
        let sha1 = &[0x2b, 0x0e, 3, 2, 0x1a];
        let other = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
        assert_eq!(error(&with(sha1, 20)), TimestampRequestError::ImprintAlgorithm(other));
        for found in [0, 31, 33, 64] {
            let algorithm = HashAlgorithm::Sha256;
            let length = TimestampRequestError::ImprintLength { algorithm, found };
            assert_eq!(error(&with(oid::SHA_256.as_bytes(), found)), length);
        }
    }
}
