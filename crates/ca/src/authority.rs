//! The authority: a chain of certificates, and the key of the first.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use sealwax_crypto::{KeyKind, Message, Scheme};
use sealwax_pki::{Certificate, CertificateError, SignatureError, oids};
use sealwax_signer::{Signer, SignerError, certificate_scheme};

use crate::api::to_pem;
use crate::lint::Linted;

/// Certificates in a chain, leaf aside. Real ones have two or three.
pub const MAX_CHAIN: usize = 8;

/// A certificate authority: it signs what was linted, and nothing else.
#[derive(Clone)]
pub struct Authority {
    /// From the one that signs leaves to the root. Never empty.
    chain: Arc<[Certificate]>,
    /// The same in PEM, which is in every answer.
    chain_pem: Arc<[String]>,
    signer: Arc<dyn Signer>,
    scheme: Scheme,
}

/// Why a chain and a key are no authority.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// No certificate, or more than [`MAX_CHAIN`].
    #[error("a chain of {found} certificates; there must be one at least, and at most {MAX_CHAIN}")]
    Length {
        /// How many there are.
        found: usize,
    },
    /// A certificate that may not issue others: not a CA, or a key usage without keyCertSign.
    #[error("certificate {position} of the chain ({subject}) may not issue certificates")]
    NotCa {
        /// Its place, from 0.
        position: usize,
        /// Its subject.
        subject: String,
    },
    /// A certificate with more authorities below it than it allows (RFC 5280 4.2.1.9): no leaf has a path through it.
    #[error(
        "certificate {position} of the chain ({subject}) allows {allowed} authorities below it, and has {found}"
    )]
    PathLength {
        /// Its place, from 0.
        position: usize,
        /// Its subject.
        subject: String,
        /// How many it allows.
        allowed: u64,
        /// How many there are.
        found: u64,
    },
    /// An intermediate without codeSigning in its extKeyUsage, which verifiers take for a prohibition.
    #[error("the intermediate {subject} may not issue certificates for code signing")]
    NotForCodeSigning {
        /// Its subject.
        subject: String,
    },
    /// A certificate that the next one did not issue.
    #[error("certificate {position} of the chain was not issued by the next: {cause}")]
    Link {
        /// Its place, from 0.
        position: usize,
        /// What is wrong.
        cause: LinkCause,
    },
    /// The last certificate is not self-signed: clients want the whole chain.
    #[error("the chain does not end in a self-signed root: {cause}")]
    NoRoot {
        /// What is wrong.
        cause: LinkCause,
    },
    /// The key is not the first certificate's.
    #[error("the key is not that of the first certificate")]
    KeyMismatch,
    /// A kind of key with which deployed clients know no SCTs and no certificates: ECDSA and RSA are left.
    #[error("{kind} keys do not sign certificates that clients verify; ECDSA and RSA keys do")]
    KeyKind {
        /// The kind.
        kind: KeyKind,
    },
}

/// Why a certificate is not the issuer of another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkCause {
    /// Its subject is not the other's issuer.
    #[error("the names differ")]
    Name,
    /// It has a key that we do not know.
    #[error("its key cannot be used")]
    Key,
    /// It did not sign the other.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

/// Why the authority did not sign.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// The key's keeper refused or could not be reached.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// What was written cannot be read.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The key's keeper signed with another key, or something else.
    #[error("the authority's key signed something else: {0}")]
    Signature(#[from] SignatureError),
    /// The thread that waited for the key's keeper is gone.
    #[error("the thread that signs was stopped")]
    Stopped,
}

impl Authority {
    /// An authority of a chain, issuer of leaves first, and the key of that one.
    ///
    /// # Errors
    /// [`AuthorityError`].
    pub fn new(chain: Vec<Certificate>, signer: Arc<dyn Signer>) -> Result<Self, AuthorityError> {
        if chain.len() > MAX_CHAIN {
            return Err(AuthorityError::Length { found: chain.len() });
        }
        let (Some(issuer), Some(root)) = (chain.first(), chain.last()) else {
            return Err(AuthorityError::Length { found: 0 });
        };
        for (position, certificate) in chain.iter().enumerate() {
            let signs = certificate.key_usage().is_none_or(|usage| usage.certificate_signing());
            if !certificate.is_ca() || !signs {
                return Err(AuthorityError::NotCa { position, subject: certificate.subject().to_string() });
            }
            let found = chain.iter().take(position).filter(|below| !below.is_self_issued()).count() as u64;
            let allowed = certificate.basic_constraints().and_then(|constraints| constraints.path_length);
            if let Some(allowed) = allowed.filter(|allowed| found > *allowed) {
                let subject = certificate.subject().to_string();
                return Err(AuthorityError::PathLength { position, subject, allowed, found });
            }
        }
        let for_code = |usage: &sealwax_pki::ExtendedKeyUsage| usage.has(&oids::CODE_SIGNING);
        if chain.len() > 1 && !issuer.extended_key_usage().is_some_and(for_code) {
            return Err(AuthorityError::NotForCodeSigning { subject: issuer.subject().to_string() });
        }
        for (position, pair) in chain.array_windows::<2>().enumerate() {
            let [child, parent] = pair;
            check_link(child, parent).map_err(|cause| AuthorityError::Link { position, cause })?;
        }
        check_link(root, root).map_err(|cause| AuthorityError::NoRoot { cause })?;
        let kind = signer.public_key().kind();
        if issuer.public_key() != Ok(signer.public_key()) {
            return Err(AuthorityError::KeyMismatch);
        }
        let scheme = certificate_scheme(signer.public_key()).ok_or(AuthorityError::KeyKind { kind })?;
        let chain_pem = chain.iter().map(to_pem).collect();
        Ok(Authority { chain: chain.into(), chain_pem, signer, scheme })
    }

    /// The chain, from the issuer of leaves to the root.
    #[must_use]
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// The chain in PEM, without line feeds at the ends.
    pub(crate) fn chain_pem(&self) -> &[String] {
        &self.chain_pem
    }

    /// The certificate whose key signs leaves.
    pub(crate) fn issuer(&self) -> Option<&Certificate> {
        self.chain.first()
    }

    pub(crate) fn key_kind(&self) -> KeyKind {
        self.signer.public_key().kind()
    }

    pub(crate) fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Whether all certificates of the chain are valid at both of these times.
    pub(crate) fn covers(&self, from: Timestamp, until: Timestamp) -> bool {
        self.chain
            .iter()
            .all(|certificate| certificate.not_before() <= from && until <= certificate.not_after())
    }

    /// Signs what was linted, which is used up by it.
    pub(crate) async fn sign<T>(&self, linted: Linted<T>) -> Result<Certificate, SigningError> {
        let (scheme, draft) = (self.scheme, linted.into_draft());
        if !self.signer.may_wait() {
            let signature = self.signer.sign(scheme, Message::Bytes(draft.tbs_der()))?;
            return Ok(draft.signed(&signature)?);
        }
        let signer = Arc::clone(&self.signer);
        let work = move || (signer.sign(scheme, Message::Bytes(draft.tbs_der())), draft);
        let (signature, draft) =
            tokio::task::spawn_blocking(work).await.map_err(|_| SigningError::Stopped)?;
        let certificate = draft.signed(&signature?)?;
        // A key elsewhere may have been replaced there; one in memory has just been used by the code that would verify.
        certificate.check_signature_by(self.signer.public_key())?;
        Ok(certificate)
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        output.debug_struct("Authority").field("chain", &self.chain).finish_non_exhaustive()
    }
}

fn check_link(child: &Certificate, parent: &Certificate) -> Result<(), LinkCause> {
    if child.issuer() != parent.subject() {
        return Err(LinkCause::Name);
    }
    let key = parent.public_key().map_err(|_| LinkCause::Key)?;
    Ok(child.check_signature_by(key)?)
}
