//! The verdict: a [`Verified`] that only the checks can build, or a [`NotVerified`] with everything that was found.

use jiff::Timestamp;
use sealwax_crypto::Digest;
use sealwax_pki::{Certificate, FulcioExtensions, GeneralName};

use crate::report::{CheckId, Report};

/// Proof that a bundle satisfies a policy. It has no public constructor: holding one means that every check passed.
#[derive(Clone, Debug)]
#[must_use]
pub struct Verified<'b> {
    pub(crate) content: SignedContent<'b>,
    pub(crate) signer: Signer,
    pub(crate) times: Vec<EstablishedTime>,
    pub(crate) entries: Vec<LoggedEntry>,
    pub(crate) report: Report,
}

impl<'b> Verified<'b> {
    /// What was signed: the artifact itself, or a statement about it.
    pub fn content(&self) -> &SignedContent<'b> {
        &self.content
    }

    /// Who signed.
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// When, by which sources. Empty only for keys without a window.
    pub fn times(&self) -> &[EstablishedTime] {
        &self.times
    }

    /// Where it is logged. Empty only if the trust material lists no logs.
    pub fn entries(&self) -> &[LoggedEntry] {
        &self.entries
    }

    /// Every check that was made.
    pub fn report(&self) -> &Report {
        &self.report
    }
}

/// What a signature is over (rule 10).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignedContent<'b> {
    /// The artifact.
    Artifact {
        /// The digest that was signed, if a digest was.
        digest: Option<Digest>,
    },
    /// A statement about the artifact.
    Attestation {
        /// What kind of statement. It may be empty.
        predicate_type: String,
        /// The name of the subject that is the artifact.
        subject: Option<String>,
        /// The statement, byte for byte as it was signed (JSON).
        statement: &'b [u8],
    },
}

/// Who signed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signer {
    /// The holder of an identity, by a certificate.
    Certificate(CertificateSigner),
    /// The holder of a key.
    Key(KeySigner),
}

/// An identity, as the certificate states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateSigner {
    pub(crate) certificate: Certificate,
}

impl CertificateSigner {
    /// The subject alternative name: an e-mail address, a URI, or a user name.
    pub fn subject(&self) -> &str {
        let names = self.certificate.subject_alternative_names();
        names.first().and_then(GeneralName::identity).unwrap_or_default()
    }

    /// The issuer of the identity; absent in the certificates of GitHub's releases.
    pub fn issuer(&self) -> Option<&str> {
        self.extensions().issuer()
    }

    /// All that the certificate says about the build.
    pub fn extensions(&self) -> FulcioExtensions<'_> {
        self.certificate.fulcio().unwrap_or_default()
    }

    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySigner {
    /// SHA-256 of the key's SubjectPublicKeyInfo.
    pub fingerprint: [u8; 32],
    /// The hint under which the trust material lists it, if the key came from there.
    pub hint: Option<String>,
}

/// An instant that somebody trusted has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EstablishedTime {
    /// The instant.
    pub time: Timestamp,
    /// Who says so.
    pub source: TimeSource,
}

/// Who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeSource {
    /// A timestamp authority (RFC 3161).
    TimestampAuthority {
        /// Its operator or URI, as the trusted root names it.
        name: String,
    },
    /// A log's signed entry timestamp.
    SignedEntryTimestamp {
        /// The log's URL, as the trusted root names it.
        log: String,
    },
}

/// A verified log entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedEntry {
    /// The log's URL, as the trusted root names it.
    pub log: String,
    /// The index that the bundle states (global for a sharded log).
    pub index: u64,
    /// The integrated time, where a verified SET establishes it.
    pub integrated_time: Option<Timestamp>,
    /// Whether the entry is proved to be in the tree of a signed checkpoint; otherwise there is a promise only.
    pub included: bool,
    /// The names of the witnesses whose cosignatures satisfied the policy.
    pub witnesses: Vec<String>,
}

/// A verdict of no, or of not knowing.
#[derive(Clone, Debug)]
pub struct NotVerified {
    pub(crate) report: Report,
    pub(crate) signer: Option<Signer>,
}

impl NotVerified {
    /// Every check that was made.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Whether nothing failed, and something could not be decided with what was given.
    pub fn cannot_tell(&self) -> bool {
        self.report.failed().next().is_none() && self.report.undecided().next().is_some()
    }

    /// Who signed, if the only thing missing is that the policy names nobody: all other checks passed.
    pub fn unnamed_signer(&self) -> Option<&Signer> {
        let mut failed = self.report.failed();
        let only_identity = failed.next().is_some_and(|check| check.id == CheckId::Identity)
            && failed.next().is_none()
            && self.report.undecided().next().is_none();
        self.signer.as_ref().filter(|_| only_identity)
    }
}
