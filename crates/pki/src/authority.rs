//! One certificate authority or time-stamping authority of a trust root: an anchor and what stands under it.

use crate::certificate::Certificate;

/// Certificates in one chain of a trust root. GitHub's, the longest, have three; RFC 5280 sets no limit.
pub const MAX_CHAIN_CERTIFICATES: usize = 16;

/// The certChain of one entry of a trust root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    anchor: Certificate,
    intermediates: Vec<Certificate>,
    leaf: Option<Certificate>,
}

/// A chain that is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// No certificate.
    #[error("empty certificate chain")]
    Empty,
    /// More than [`MAX_CHAIN_CERTIFICATES`].
    #[error("{count} certificates in a chain, at most {MAX_CHAIN_CERTIFICATES} are read")]
    TooMany {
        /// How many.
        count: usize,
    },
    /// A certificate after the first is not a CA.
    #[error("certificate {position} of the chain is not a CA")]
    NotACa {
        /// Its position, from 0 for the leaf's end.
        position: usize,
    },
}

/// How well an authority fits a certificate, by the names and key identifiers alone. Order: best last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likelihood {
    /// No certificate of it bears the issuer's name: without further intermediates it has no path.
    No,
    /// One bears the name, but another key identifier.
    OtherKey,
    /// One bears the name, and nothing speaks against its key.
    SameName,
    /// One bears the name and the key identifier.
    SameKey,
}

impl Authority {
    /// From a chain in the order of a trust root, leaf's end first: the last is the anchor, a first one that is not a
    /// CA is the authority's own leaf (a TSA's), the others are intermediates.
    pub fn from_chain(chain: &[Certificate]) -> Result<Self, AuthorityError> {
        if chain.len() > MAX_CHAIN_CERTIFICATES {
            return Err(AuthorityError::TooMany { count: chain.len() });
        }
        let (anchor, below) = chain.split_last().ok_or(AuthorityError::Empty)?;
        let (leaf, intermediates) = match below.split_first() {
            Some((first, rest)) if !first.is_ca() => (Some(first.clone()), rest),
            _ => (None, below),
        };
        if let Some(position) =
            chain.iter().skip(usize::from(leaf.is_some())).position(|other| !other.is_ca())
        {
            return Err(AuthorityError::NotACa { position: position + usize::from(leaf.is_some()) });
        }
        Ok(Authority { anchor: anchor.clone(), intermediates: intermediates.to_vec(), leaf })
    }

    /// The certificate that is trusted because the trust root says so.
    #[must_use]
    pub fn anchor(&self) -> &Certificate {
        &self.anchor
    }

    /// CA certificates below the anchor, as listed.
    #[must_use]
    pub fn intermediates(&self) -> &[Certificate] {
        &self.intermediates
    }

    /// The authority's own leaf, if it lists one.
    #[must_use]
    pub fn leaf(&self) -> Option<&Certificate> {
        self.leaf.as_ref()
    }

    /// How well this authority fits a certificate. To be asked before [`Authority::paths`] where several could have
    /// issued it, so that the first signature check is the right one; it proves nothing.
    #[must_use]
    pub fn likelihood(&self, certificate: &Certificate) -> Likelihood {
        self.certificates().map(|issuer| likelihood(certificate, issuer)).max().unwrap_or(Likelihood::No)
    }

    /// Anchor first, then the intermediates.
    pub(crate) fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        std::iter::once(&self.anchor).chain(&self.intermediates)
    }

    /// Whether the trust root itself lists this certificate.
    pub(crate) fn lists(&self, certificate: &Certificate) -> bool {
        self.certificates().chain(&self.leaf).any(|listed| listed == certificate)
    }
}

pub(crate) fn likelihood(certificate: &Certificate, issuer: &Certificate) -> Likelihood {
    if certificate.issuer() != issuer.subject() {
        return Likelihood::No;
    }
    match (certificate.authority_key_identifier(), issuer.subject_key_identifier()) {
        (Some(wanted), Some(found)) if wanted == found => Likelihood::SameKey,
        (Some(_), Some(_)) => Likelihood::OtherKey,
        _ => Likelihood::SameName,
    }
}
