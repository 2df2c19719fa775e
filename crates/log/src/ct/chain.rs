//! The chain of a submission, judged as RFC 6962 section 3.1 wants it: each certificate signed by the next, and the last by
//! a root that is accepted.
//!
//! A log is there to make known what CAs do, not to police it: lifetimes, name and path length constraints, purposes and
//! unknown critical extensions are not looked at, so that what violates them is logged too. What is looked at keeps
//! strangers from filling the log: signatures, names, and that issuers are CAs that may sign certificates.

use super::{issuers::Issuers, roots::Roots};
use jiff::Timestamp;
use sealwax_pki::{Certificate, CertificateError, LinkError, PrecertificateError};

/// Which certificates the log takes, by the end of their validity: from `not_after_start` on, and before
/// `not_after_limit`. The default takes all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NotAfterWindow {
    /// The earliest end of validity, inclusive.
    pub start: Option<Timestamp>,
    /// The latest, exclusive.
    pub limit: Option<Timestamp>,
}

/// Which of the two calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// add-chain.
    Certificate,
    /// add-pre-chain.
    Precertificate,
}

/// A path from a certificate or precertificate to an accepted root, both included; only [`VerifiedChain::verify`] and
/// [`VerifiedChain::issued_here`] make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedChain {
    certificates: Vec<Certificate>,
    submitted: Submitted,
}

/// Why a chain is not logged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// There is no certificate.
    #[error("the chain is empty")]
    Empty,
    /// A certificate cannot be read.
    #[error("certificate {position} of the chain: {source}")]
    Certificate {
        /// Which one, from 0.
        position: usize,
        /// What is wrong with it.
        source: CertificateError,
    },
    /// A precertificate was given to add-chain.
    #[error("this is a precertificate; submit it to add-pre-chain")]
    PrecertificateToAddChain,
    /// A certificate was given to add-pre-chain.
    #[error("this is not a precertificate; submit it to add-chain")]
    CertificateToAddPreChain,
    /// The poison of the first certificate is wrong, or the chain does not fit a precertificate.
    #[error(transparent)]
    Precertificate(#[from] PrecertificateError),
    /// The first certificate ends before the log's window.
    #[error("the certificate is valid until {not_after}; this log takes those valid until {start} or later")]
    TooEarly {
        /// Its end of validity.
        not_after: Timestamp,
        /// The start of the window.
        start: Timestamp,
    },
    /// The first certificate ends after the log's window.
    #[error("the certificate is valid until {not_after}; this log takes those valid until before {limit}")]
    TooLate {
        /// Its end of validity.
        not_after: Timestamp,
        /// The limit of the window.
        limit: Timestamp,
    },
    /// The last certificate is neither an accepted root nor by the name of one.
    #[error("the chain ends at an issuer that this log does not accept: {issuer}")]
    UnknownRoot {
        /// The issuer of the last certificate.
        issuer: String,
    },
    /// The last certificate bears an accepted root's name as issuer, and not its signature.
    #[error("the last certificate of the chain is not signed by the accepted root {issuer}: {source}")]
    NotSignedByRoot {
        /// The issuer of the last certificate.
        issuer: String,
        /// What is wrong with the signature, for the last root of that name.
        source: LinkError,
    },
    /// The issuer of a certificate is not the subject of the next.
    #[error("certificate {position} of the chain is issued by {issuer}, and the next one is about {subject}")]
    NotIssuedByNext {
        /// Which one, from 0.
        position: usize,
        /// Its issuer.
        issuer: String,
        /// The subject of the next.
        subject: String,
    },
    /// A certificate is not signed by the key of the next.
    #[error("certificate {position} of the chain is not signed by the next: {source}")]
    NotSignedByNext {
        /// Which one, from 0.
        position: usize,
        /// What is wrong with the signature.
        source: LinkError,
    },
    /// An issuer is not a CA.
    #[error("certificate {position} of the chain is not a CA's")]
    NotACa {
        /// Which one, from 0.
        position: usize,
    },
    /// An issuer's key may not sign certificates.
    #[error("the key usage of certificate {position} of the chain does not allow it to sign certificates")]
    MayNotSign {
        /// Which one, from 0.
        position: usize,
    },
    /// A certificate is in the chain twice.
    #[error("certificate {position} of the chain is there already")]
    Repeated {
        /// The second one, from 0.
        position: usize,
    },
}

impl VerifiedChain {
    /// Judges the certificates of a request: first the cheap questions, then signatures, from the root down, so that a
    /// stranger's chain costs one of them at most. Known issuers and the links between them are remembered.
    ///
    /// # Errors
    /// [`ChainError`].
    pub fn verify(
        chain: &[Vec<u8>],
        submitted: Submitted,
        roots: &Roots,
        window: &NotAfterWindow,
        issuers: &Issuers,
    ) -> Result<Self, ChainError> {
        Self::judge(read(chain, issuers)?, submitted, First::Unknown, roots, window, issuers)
    }

    /// Judges a precertificate that this process has signed a moment ago with the key of the next certificate: all but that
    /// signature, which keeps strangers out, and costs as much as the rest of the entry.
    ///
    /// # Errors
    /// [`ChainError`].
    pub fn issued_here(
        chain: &[Certificate],
        roots: &Roots,
        window: &NotAfterWindow,
        issuers: &Issuers,
    ) -> Result<Self, ChainError> {
        Self::judge(chain.to_vec(), Submitted::Precertificate, First::SignedHere, roots, window, issuers)
    }

    fn judge(
        mut certificates: Vec<Certificate>,
        submitted: Submitted,
        first: First,
        roots: &Roots,
        window: &NotAfterWindow,
        issuers: &Issuers,
    ) -> Result<Self, ChainError> {
        let leaf = certificates.first().ok_or(ChainError::Empty)?;
        check_kind(leaf, submitted)?;
        check_window(leaf, window)?;
        check_issuers(&certificates)?;
        let root = root_above(&certificates, roots, issuers)?;
        check_links(&certificates, first, issuers)?;
        certificates.extend(root);
        issuers.remember(certificates.get(1..).unwrap_or_default());
        Ok(Self { certificates, submitted })
    }

    /// From the certificate or precertificate to the root.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The certificates above the first one, root included.
    #[must_use]
    pub fn issuers(&self) -> &[Certificate] {
        self.certificates.get(1..).unwrap_or_default()
    }

    /// What the first one is.
    #[must_use]
    pub fn submitted(&self) -> Submitted {
        self.submitted
    }
}

/// Who signed the first certificate of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    /// That is to be found out.
    Unknown,
    /// This process.
    SignedHere,
}

fn read(chain: &[Vec<u8>], issuers: &Issuers) -> Result<Vec<Certificate>, ChainError> {
    let read = |(position, der): (usize, &Vec<u8>)| {
        let known = if position == 0 { None } else { issuers.find(der) };
        match known {
            Some(certificate) => Ok(certificate),
            None => Certificate::from_der(der).map_err(|source| ChainError::Certificate { position, source }),
        }
    };
    let mut certificates = Vec::with_capacity(chain.len() + 1);
    for certificate in chain.iter().enumerate().map(read) {
        certificates.push(certificate?);
    }
    Ok(certificates)
}

fn check_kind(leaf: &Certificate, submitted: Submitted) -> Result<(), ChainError> {
    match (leaf.is_precertificate()?, submitted) {
        (true, Submitted::Certificate) => Err(ChainError::PrecertificateToAddChain),
        (false, Submitted::Precertificate) => Err(ChainError::CertificateToAddPreChain),
        _ => Ok(()),
    }
}

fn check_window(leaf: &Certificate, window: &NotAfterWindow) -> Result<(), ChainError> {
    let not_after = leaf.not_after();
    match *window {
        NotAfterWindow { start: Some(start), .. } if not_after < start => {
            Err(ChainError::TooEarly { not_after, start })
        }
        NotAfterWindow { limit: Some(limit), .. } if not_after >= limit => {
            Err(ChainError::TooLate { not_after, limit })
        }
        _ => Ok(()),
    }
}

/// What the certificates say of each other, without their signatures.
fn check_issuers(certificates: &[Certificate]) -> Result<(), ChainError> {
    for (position, pair) in certificates.windows(2).enumerate() {
        let [child, issuer] = pair else { continue };
        if child.issuer() != issuer.subject() {
            let (issuer, subject) = (child.issuer().to_string(), issuer.subject().to_string());
            return Err(ChainError::NotIssuedByNext { position, issuer, subject });
        }
        let position = position + 1;
        if !issuer.is_ca() {
            return Err(ChainError::NotACa { position });
        }
        if issuer.key_usage().is_some_and(|usage| !usage.certificate_signing()) {
            return Err(ChainError::MayNotSign { position });
        }
        if certificates.iter().take(position).any(|earlier| earlier == issuer) {
            return Err(ChainError::Repeated { position });
        }
    }
    Ok(())
}

/// The accepted root that signed the last certificate, unless that is one itself ("the last is either the root certificate
/// or a certificate that chains to a known root certificate", RFC 6962 section 4.1).
fn root_above(
    certificates: &[Certificate],
    roots: &Roots,
    issuers: &Issuers,
) -> Result<Option<Certificate>, ChainError> {
    let last = certificates.last().ok_or(ChainError::Empty)?;
    if roots.contains(last) {
        return Ok(None);
    }
    let issuer = || last.issuer().to_string();
    let mut error = ChainError::UnknownRoot { issuer: issuer() };
    for root in roots.issuers_of(last) {
        match check_link(certificates.len() == 1, last, root, issuers) {
            Ok(()) => return Ok(Some(root.clone())),
            Err(source) => error = ChainError::NotSignedByRoot { issuer: issuer(), source },
        }
    }
    Err(error)
}

/// Every link of the chain as it was given, from the root down.
fn check_links(certificates: &[Certificate], first: First, issuers: &Issuers) -> Result<(), ChainError> {
    let known = usize::from(first == First::SignedHere);
    for (position, pair) in certificates.windows(2).enumerate().skip(known).rev() {
        let [child, issuer] = pair else { continue };
        check_link(position == 0, child, issuer, issuers)
            .map_err(|source| ChainError::NotSignedByNext { position, source })?;
    }
    Ok(())
}

/// The signature of a CA's certificate is met again, that of a leaf is not.
fn check_link(
    is_leaf: bool,
    child: &Certificate,
    issuer: &Certificate,
    issuers: &Issuers,
) -> Result<(), LinkError> {
    if !is_leaf {
        return issuers.check_link(child, issuer);
    }
    let key = issuer.public_key().map_err(|error| LinkError::Key(error.clone()))?;
    Ok(child.check_signature_by(key)?)
}
