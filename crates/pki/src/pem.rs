//! Certificates in PEM (RFC 7468 5), one or many.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::certificate::Certificate;
use crate::certificate_parse::CertificateError;

/// The largest PEM text that is read: sixteen of the largest certificates.
pub const MAX_PEM_BYTES: usize = 1 << 20;

/// Certificates in one text.
const MAX_PEM_CERTIFICATES: usize = 64;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Text that is not the PEM of certificates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PemError {
    /// Larger than [`MAX_PEM_BYTES`].
    #[error("PEM text of {size} bytes, at most {MAX_PEM_BYTES} are read")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// No `BEGIN CERTIFICATE` in it.
    #[error("no certificate in the PEM text")]
    NoCertificate,
    /// More certificates than asked for, or than 64.
    #[error("more than {limit} certificates in the PEM text")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// A block without its `END CERTIFICATE`.
    #[error("certificate {position} in the PEM text has no end line")]
    NoEnd {
        /// Which one, from 0.
        position: usize,
    },
    /// A block that is not base64.
    #[error("certificate {position} in the PEM text is not base64")]
    Base64 {
        /// Which one, from 0.
        position: usize,
    },
    /// A block that is not a certificate.
    #[error("certificate {position} in the PEM text: {source}")]
    Certificate {
        /// Which one, from 0.
        position: usize,
        /// What is wrong with it.
        source: CertificateError,
    },
}

impl Certificate {
    /// Reads a text with exactly one certificate. Text outside of its block is ignored (RFC 7468 2).
    pub fn from_pem(pem: &str) -> Result<Self, PemError> {
        let mut certificates = Certificate::list_from_pem(pem)?;
        match (certificates.pop(), certificates.is_empty()) {
            (Some(only), true) => Ok(only),
            (Some(_), false) => Err(PemError::TooMany { limit: 1 }),
            (None, _) => Err(PemError::NoCertificate),
        }
    }

    /// Reads a text with one certificate or more, in order.
    pub fn list_from_pem(pem: &str) -> Result<Vec<Self>, PemError> {
        if pem.len() > MAX_PEM_BYTES {
            return Err(PemError::TooLarge { size: pem.len() });
        }
        let mut certificates = Vec::new();
        let mut rest = pem;
        while let Some((_, after_begin)) = rest.split_once(BEGIN) {
            let position = certificates.len();
            if position == MAX_PEM_CERTIFICATES {
                return Err(PemError::TooMany { limit: MAX_PEM_CERTIFICATES });
            }
            let (block, after_end) = after_begin.split_once(END).ok_or(PemError::NoEnd { position })?;
            let text: Vec<u8> = block.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
            let der = STANDARD.decode(text).map_err(|_| PemError::Base64 { position })?;
            let certificate =
                Certificate::from_der(&der).map_err(|source| PemError::Certificate { position, source })?;
            certificates.push(certificate);
            rest = after_end;
        }
        if certificates.is_empty() { Err(PemError::NoCertificate) } else { Ok(certificates) }
    }

    /// The certificate as PEM, in lines of 64.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let text = STANDARD.encode(self.der());
        let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy);
        let mut pem = String::from(BEGIN);
        lines.for_each(|line| {
            pem.push('\n');
            pem.push_str(&line);
        });
        pem.push('\n');
        pem.push_str(END);
        pem.push('\n');
        pem
    }
}
