//! Certification requests (PKCS#10, RFC 2986): a key, and the proof that whoever asks has it.

use sealwax_crypto::{KeyError, PublicKey, pem};

use crate::algorithm::{SignatureAlgorithm, SignatureError};
use crate::asn1::{BIT_STRING, DerError, SEQUENCE, context_constructed, only};
use crate::name::Name;

/// The largest request that is read, in bytes: a certificate's limit, of which a request is the better half.
pub const MAX_REQUEST_BYTES: usize = 64 * 1024;

/// A certification request. Only its key and its signature are read: what else it asks for is for nobody here to grant.
#[derive(Clone, Debug)]
pub struct CertificateRequest {
    public_key: PublicKey,
    algorithm: SignatureAlgorithm,
    signed: Vec<u8>,
    signature: Vec<u8>,
}

/// Bytes that are not a request that we read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Larger than [`MAX_REQUEST_BYTES`].
    #[error("certificate request of {size} bytes, at most {MAX_REQUEST_BYTES} are read")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// Not one PEM block.
    #[error(transparent)]
    Pem(#[from] pem::PemError),
    /// A PEM block of another kind.
    #[error("a PEM block {label:?}, not CERTIFICATE REQUEST")]
    Label {
        /// What it is called.
        label: String,
    },
    /// Not the DER of a request.
    #[error("malformed certificate request: {0}")]
    Der(#[from] DerError),
    /// A version other than 1, which is written as 0.
    #[error("certificate request of version {0}")]
    Version(u64),
    /// The key is not one that we know.
    #[error("the key of the certificate request: {0}")]
    Key(#[from] KeyError),
}

impl CertificateRequest {
    /// Reads the one PEM block of a text, of label `CERTIFICATE REQUEST` or `NEW CERTIFICATE REQUEST`.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn from_pem(text: &str) -> Result<Self, RequestError> {
        let size = text.len();
        if size > 2 * MAX_REQUEST_BYTES {
            return Err(RequestError::TooLarge { size });
        }
        let block = pem::decode_one(text)?;
        match block.label.as_str() {
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Self::from_der(&block.der),
            _ => Err(RequestError::Label { label: block.label }),
        }
    }

    /// Reads one request that fills the input (RFC 2986 4).
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn from_der(der: &[u8]) -> Result<Self, RequestError> {
        if der.len() > MAX_REQUEST_BYTES {
            return Err(RequestError::TooLarge { size: der.len() });
        }
        let mut request = only(der, SEQUENCE)?.reader();
        let info = request.expect(SEQUENCE)?;
        let algorithm = SignatureAlgorithm::read(&request.expect(SEQUENCE)?)?;
        let signature = request.expect(BIT_STRING)?.octet_aligned_bits()?.to_vec();
        request.finish()?;

        let mut fields = info.reader();
        let version = fields.any()?.unsigned_u64()?;
        if version != 0 {
            return Err(RequestError::Version(version.saturating_add(1)));
        }
        Name::read(&fields.expect(SEQUENCE)?)?;
        let key = fields.expect(SEQUENCE)?;
        // Some leave the attributes out where there are none, though the syntax has them always.
        fields.optional(context_constructed(0))?;
        fields.finish()?;
        let public_key = PublicKey::from_spki_der(key.raw)?;
        Ok(CertificateRequest { public_key, algorithm, signed: info.raw.to_vec(), signature })
    }

    /// The key that is asked for. Whoever asks has it only if [`check_signature`](Self::check_signature) says so.
    #[must_use]
    pub fn claimed_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The algorithm of the signature.
    #[must_use]
    pub fn signature_algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The key, once the request's signature by it has been verified.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn check_signature(&self) -> Result<&PublicKey, SignatureError> {
        self.algorithm.verify(&self.public_key, &self.signed, &self.signature)?;
        Ok(&self.public_key)
    }
}
