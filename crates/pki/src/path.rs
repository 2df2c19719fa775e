//! Certification paths (RFC 5280 6.1): every one that there is, then its validity at a time.

use der::oid::ObjectIdentifier;
use jiff::Timestamp;
use sealwax_crypto::KeyError;

use crate::algorithm::SignatureError;
use crate::authority::{Authority, Likelihood, likelihood};
use crate::certificate::Certificate;
use crate::end_entity::EndEntity;
use crate::memo::SignatureMemo;
use crate::name_constraints::NameConstraintError;

/// Signature checks in one search, remembered ones included: rustls-webpki's budget, against crowds of CAs of one name
/// (CVE-2018-16875 in Go).
const MAX_SIGNATURE_CHECKS: usize = 100;

/// Certificates in one path, leaf and anchor included: six CAs below the anchor, as in rustls-webpki.
const MAX_PATH_CERTIFICATES: usize = 8;

/// Further intermediates that a caller may bring.
const MAX_FURTHER_INTERMEDIATES: usize = 16;

/// What a search uses besides the authority.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// Signature results over certificates of the trust root. Those over anything else are never remembered.
    pub memo: &'a SignatureMemo,
    /// CA certificates that are not of the trust root, for instance from a bundle, where a profile allows it. They are
    /// never anchors, and self-issued ones are not looked at.
    pub further_intermediates: &'a [Certificate],
}

/// A chain of proved signatures and fitting constraints from a leaf to an anchor. Only the search builds one. It
/// says nothing about time: see [`Path::check_at`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Leaf first, anchor last, at least two.
    certificates: Vec<Certificate>,
    issuer: Certificate,
}

/// Why there is no path. Of several reasons, the one that came nearest to an anchor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// No certificate of the authority has the name of the issuer.
    #[error("no certificate of the authority is named {issuer}")]
    UnknownIssuer {
        /// The issuer's name.
        issuer: String,
    },
    /// The issuer's key cannot be used.
    #[error("the key of {issuer} cannot be used: {source}")]
    IssuerKey {
        /// The issuer's name.
        issuer: String,
        /// Why.
        source: KeyError,
    },
    /// The signature of a certificate is not the issuer's.
    #[error("{subject} is not signed by {issuer}: {source}")]
    Signature {
        /// The subject of the certificate.
        subject: String,
        /// The name of the issuer that was tried.
        issuer: String,
        /// Why.
        source: SignatureError,
    },
    /// The issuer is not a CA (RFC 5280 6.1.4 (k)).
    #[error("{issuer} is not a CA")]
    NotACa {
        /// The issuer's name.
        issuer: String,
    },
    /// The issuer's key usage does not allow it to sign certificates (RFC 5280 6.1.4 (n)).
    #[error("{issuer} may not sign certificates")]
    NoCertificateSigning {
        /// The issuer's name.
        issuer: String,
    },
    /// More CAs below the issuer than its path length allows (RFC 5280 6.1.4 (l), (m)).
    #[error("{found} CAs below {issuer}, which allows {allowed}")]
    PathLength {
        /// The issuer's name.
        issuer: String,
        /// What it allows.
        allowed: u64,
        /// CA certificates below it that are not self-issued.
        found: u64,
    },
    /// The issuer has extended key usages, and the leaf's purpose is not among them.
    #[error("{issuer} is not for {purpose}")]
    ExtendedKeyUsage {
        /// The issuer's name.
        issuer: String,
        /// The leaf's purpose.
        purpose: ObjectIdentifier,
    },
    /// The issuer has a critical extension that nobody here acts on (RFC 5280 6.1.4 (o)).
    #[error("{issuer} has the critical extension {extension}, which is not understood")]
    UnknownCriticalExtension {
        /// The issuer's name.
        issuer: String,
        /// The extension.
        extension: ObjectIdentifier,
    },
    /// A name below the issuer is not what it may issue.
    #[error("name constraints of {issuer}: {source}")]
    NameConstraints {
        /// The issuer's name.
        issuer: String,
        /// Which name, and why.
        source: NameConstraintError,
    },
    /// The chain of names goes on beyond the longest path that is followed.
    #[error("no anchor within {MAX_PATH_CERTIFICATES} certificates")]
    TooLong,
    /// The search met more candidates than anything honest has.
    #[error("no path within {MAX_SIGNATURE_CHECKS} signature checks")]
    BudgetSpent,
    /// More further intermediates than are looked at.
    #[error("{count} further intermediates, at most {MAX_FURTHER_INTERMEDIATES} are looked at")]
    TooManyIntermediates {
        /// How many.
        count: usize,
    },
}

/// A certificate of a path that was not valid at the time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "certificate {position} of the path ({subject}) is valid from {not_before} to {not_after}, not at {at}"
)]
pub struct PathValidityError {
    /// Its position, 0 for the leaf.
    pub position: usize,
    /// Its subject.
    pub subject: String,
    /// The first valid instant.
    pub not_before: Timestamp,
    /// The last valid instant.
    pub not_after: Timestamp,
    /// The time asked about.
    pub at: Timestamp,
}

impl Authority {
    /// Every path from the leaf to this authority's anchor whose names, signatures and constraints fit, shortest chain
    /// of listed certificates first; at least one, or the reason why there is none.
    pub fn paths(&self, leaf: &EndEntity<'_>, search: Search<'_>) -> Result<Vec<Path>, PathError> {
        let count = search.further_intermediates.len();
        if count > MAX_FURTHER_INTERMEDIATES {
            return Err(PathError::TooManyIntermediates { count });
        }
        let mut builder = Builder {
            authority: self,
            purpose: leaf.purpose().oid(),
            search,
            checks_left: MAX_SIGNATURE_CHECKS,
            chain: vec![leaf.certificate()],
            found: Vec::new(),
            nearest: None,
        };
        let outcome = builder.extend();
        match (builder.found, outcome, builder.nearest) {
            (found, _, _) if !found.is_empty() => Ok(found),
            (_, Ok(()), Some((_, reason))) => Err(reason),
            (_, Err(spent), _) => Err(spent),
            (_, Ok(()), None) => {
                Err(PathError::UnknownIssuer { issuer: leaf.certificate().issuer().to_string() })
            }
        }
    }
}

impl Path {
    /// Whether every certificate, anchor included, is valid at this instant, both ends inclusive.
    pub fn check_at(&self, at: Timestamp) -> Result<(), PathValidityError> {
        let invalid =
            |certificate: &Certificate| at < certificate.not_before() || at > certificate.not_after();
        let Some((position, certificate)) =
            self.certificates.iter().enumerate().find(|(_, certificate)| invalid(certificate))
        else {
            return Ok(());
        };
        Err(PathValidityError {
            position,
            subject: describe(certificate),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            at,
        })
    }

    /// Leaf first, anchor last.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The certificate whose key signed the leaf.
    #[must_use]
    pub fn issuer(&self) -> &Certificate {
        &self.issuer
    }
}

/// A depth-first search.
struct Builder<'a> {
    authority: &'a Authority,
    purpose: ObjectIdentifier,
    search: Search<'a>,
    checks_left: usize,
    chain: Vec<&'a Certificate>,
    found: Vec<Path>,
    /// The reason at the greatest depth, and at that depth the latest step.
    nearest: Option<((usize, u8), PathError)>,
}

impl<'a> Builder<'a> {
    /// Tries every issuer of the chain's end. An error ends the whole search.
    fn extend(&mut self) -> Result<(), PathError> {
        let Some(&child) = self.chain.last() else { return Ok(()) };
        let candidates = self.candidates(child);
        if candidates.is_empty() {
            self.note(PathError::UnknownIssuer { issuer: child.issuer().to_string() });
        }
        for issuer in candidates {
            match self.check_issuer(child, issuer) {
                Ok(()) if issuer == self.authority.anchor() => self.complete(issuer),
                Ok(()) if self.chain.len() + 2 > MAX_PATH_CERTIFICATES => self.note(PathError::TooLong),
                Ok(()) => {
                    self.chain.push(issuer);
                    let result = self.extend();
                    self.chain.pop();
                    result?;
                }
                Err(PathError::BudgetSpent) => return Err(PathError::BudgetSpent),
                Err(reason) => self.note(reason),
            }
        }
        Ok(())
    }

    /// CA certificates with the right name that are not in the chain yet, the likeliest first.
    fn candidates(&self, child: &Certificate) -> Vec<&'a Certificate> {
        let further = self.search.further_intermediates.iter().filter(|further| !further.is_self_issued());
        let mut candidates: Vec<(Likelihood, &'a Certificate)> = Vec::with_capacity(2);
        for candidate in self.authority.certificates().chain(further) {
            let fit = likelihood(child, candidate);
            let listed = candidates.iter().any(|(_, other)| *other == candidate);
            if fit != Likelihood::No && !listed && !self.is_in_chain(candidate) {
                candidates.push((fit, candidate));
            }
        }
        candidates.sort_by_key(|(fit, _)| std::cmp::Reverse(*fit));
        candidates.into_iter().map(|(_, candidate)| candidate).collect()
    }

    /// The same name with the same key twice is a circle, whatever else the certificates say.
    fn is_in_chain(&self, candidate: &Certificate) -> bool {
        self.chain.iter().any(|link| {
            link.subject() == candidate.subject() && link.public_key_spki() == candidate.public_key_spki()
        })
    }

    /// RFC 5280 6.1.3 (a)(1), (b), (c) and 6.1.4 for one link, the cheap checks before the signature.
    fn check_issuer(&mut self, child: &Certificate, issuer: &Certificate) -> Result<(), PathError> {
        let name = || issuer.subject().to_string();
        if let Some(extension) = issuer.unknown_critical_extension() {
            return Err(PathError::UnknownCriticalExtension { issuer: name(), extension });
        }
        let constraints = issuer.basic_constraints().filter(|constraints| constraints.ca);
        let constraints = constraints.ok_or_else(|| PathError::NotACa { issuer: name() })?;
        if issuer.key_usage().is_some_and(|usage| !usage.certificate_signing()) {
            return Err(PathError::NoCertificateSigning { issuer: name() });
        }
        let found = self.intermediates_below();
        if let Some(allowed) = constraints.path_length.filter(|allowed| found > *allowed) {
            return Err(PathError::PathLength { issuer: name(), allowed, found });
        }
        if issuer.extended_key_usage().is_some_and(|usage| !usage.permits(&self.purpose)) {
            return Err(PathError::ExtendedKeyUsage { issuer: name(), purpose: self.purpose });
        }
        if let Some(constraints) = issuer.name_constraints() {
            for (position, below) in self.chain.iter().enumerate() {
                // RFC 5280 6.1.3 (b): self-issued certificates are exempt unless final.
                if position == 0 || !below.is_self_issued() {
                    constraints
                        .check(below)
                        .map_err(|source| PathError::NameConstraints { issuer: name(), source })?;
                }
            }
        }
        self.check_signature(child, issuer)
    }

    fn check_signature(&mut self, child: &Certificate, issuer: &Certificate) -> Result<(), PathError> {
        self.checks_left = self.checks_left.checked_sub(1).ok_or(PathError::BudgetSpent)?;
        let key = issuer.public_key().map_err(|source| PathError::IssuerKey {
            issuer: issuer.subject().to_string(),
            source: source.clone(),
        })?;
        let check = || child.check_signature_by(key);
        let of_the_trust_root = self.authority.lists(child) && self.authority.lists(issuer);
        let result = if of_the_trust_root { self.search.memo.check(child, issuer, check) } else { check() };
        result.map_err(|source| PathError::Signature {
            subject: describe(child),
            issuer: issuer.subject().to_string(),
            source,
        })
    }

    /// CA certificates between the leaf and the next issuer, self-issued ones aside.
    fn intermediates_below(&self) -> u64 {
        self.chain.iter().skip(1).filter(|certificate| !certificate.is_self_issued()).map(|_| 1).sum()
    }

    fn complete(&mut self, anchor: &Certificate) {
        let certificates: Vec<Certificate> = self.chain.iter().copied().chain([anchor]).cloned().collect();
        let issuer = certificates.get(1).unwrap_or(anchor).clone();
        self.found.push(Path { certificates, issuer });
    }

    fn note(&mut self, reason: PathError) {
        let step = match reason {
            PathError::UnknownIssuer { .. } => 0,
            PathError::Signature { .. } => 1,
            _ => 2,
        };
        let rank = (self.chain.len(), step);
        if self.nearest.as_ref().is_none_or(|(best, _)| rank > *best) {
            self.nearest = Some((rank, reason));
        }
    }
}

/// The subject, or for a leaf without one its first alternative name.
fn describe(certificate: &Certificate) -> String {
    match certificate.subject_alternative_names().first() {
        Some(name) if certificate.subject().is_empty() => name.to_string(),
        _ => certificate.subject().to_string(),
    }
}
