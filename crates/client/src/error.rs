//! Why nothing was signed.

use std::fmt;

use jiff::Timestamp;
use sealwax_signer::SignerError;
use sealwax_verify::NotVerified;

use crate::{ServiceError, TokenError};

/// What a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A certificate authority.
    CertificateAuthority,
    /// An issuer of identity tokens.
    Issuer,
    /// A signature log.
    Log,
    /// A timestamp authority.
    TimestampAuthority,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::CertificateAuthority => "certificate authority",
            Kind::Issuer => "issuer of identity tokens",
            Kind::Log => "signature log",
            Kind::TimestampAuthority => "timestamp authority",
        })
    }
}

/// Why nothing was signed, or what was signed has no bundle.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The token is not one to be shown to the authority.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A kind of service could not be had. What had been signed is unfinished, not lost.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The certificate is not one that a signature would verify by; nothing was signed.
    #[error("the certificate authority answered with a certificate that is not used: {0}")]
    Certificate(CertificateFault),
    /// What was begun before was not signed by whom this session signs for.
    #[error("what was begun is not taken up: {0}")]
    Begun(CertificateFault),
    /// What was begun is an envelope by another hash than SHA-256, for a log of Rekor's second version.
    #[error(
        "what was begun was signed for a log of Rekor v2, and Rekor v1 does not take it: --rekor v2, or sign it anew"
    )]
    BegunForOtherLog,
    /// The certificate of the key is not one that a signature would verify by; nothing was signed.
    #[error("the certificate cannot be signed by: {0}")]
    OwnCertificate(CertificateFault),
    /// The key, or its keeper, refused.
    #[error("the key does not sign: {0}")]
    Key(#[from] SignerError),
    /// A session that completes what was begun, and signs nothing.
    #[error("there is nobody to sign: an identity token or a key is needed")]
    Nobody,
    /// Keys of this kind sign nothing here.
    #[error("a {kind} key cannot sign {what}")]
    KeyKind {
        /// Which.
        kind: sealwax_crypto::KeyKind,
        /// What it should sign.
        what: &'static str,
    },
    /// No log has entries for signatures of this kind.
    #[error(
        "no log takes it: {kind} keys sign the whole of a statement, and logs of Rekor v2 take digests only"
    )]
    NotLogged {
        /// Which.
        kind: sealwax_crypto::KeyKind,
    },
    /// All services answered, and our own verifier refuses the result. Nothing was written.
    #[error("the finished bundle does not verify, and was not written: {}", first_failure(.0))]
    NotVerified(Box<NotVerified>),
}

/// What is wrong with a certificate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateFault {
    /// The answer is none.
    #[error("the answer has no certificate: {reason}")]
    Malformed {
        /// Why not.
        reason: String,
    },
    /// It is for somebody else's key.
    #[error("it is for another key")]
    OtherKey,
    /// It has no path, no SCT, or not the profile of a signer.
    #[error("{}", first_failure(.0))]
    NotTrusted(Box<NotVerified>),
    /// It is not valid now.
    #[error("it is valid from {from} to {until}")]
    NotNow {
        /// From when.
        from: Timestamp,
        /// Until when.
        until: Timestamp,
    },
    /// It names somebody else than was expected.
    #[error("it names {found:?}, not {expected:?}")]
    Identity {
        /// Whom the caller expected.
        expected: String,
        /// Whom it names.
        found: String,
    },
}

pub(crate) fn first_failure(refused: &NotVerified) -> String {
    let report = refused.report();
    match report.failed().next().or_else(|| report.undecided().next()) {
        Some(check) => format!("{}: expected {}, found {}", check.id, check.expected, check.found),
        None => "a check was not made".to_owned(),
    }
}
