//! What a verified token becomes: the subject of a certificate, its extensions, and what a client must sign to prove its key.
//!
//! Each type of issuer has its own function, and each does what Fulcio's does for the same token, to the byte. Where a token is refused
//! that Fulcio would take, the certificate would have had an identity that nobody could mean: an empty namespace, a URL with a
//! broken escape.

mod address;
mod build;
mod ci_provider;
mod github;
mod gitlab;
mod go_print;
mod subject;

use crate::claims::{ClaimError, Claims};
use crate::config::{Configuration, Issuer, IssuerType};
use crate::extensions::Extensions;
use crate::go_url::{GoUrl, UrlError};
use crate::spiffe::SpiffeError;
use crate::template::RunError;
use crate::token::VerifiedToken;

/// Whom a certificate is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An e-mail address (rfc822Name).
    Email(String),
    /// A URI.
    Uri(String),
    /// A user name and its domain, `name!domain` (otherName).
    Username(String),
}

/// The identity of whoever holds a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    subject: Subject,
    extensions: Extensions,
    challenge: String,
}

/// Why there is no identity in a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// No issuer of the configuration has the token's URL.
    #[error("{issuer:?} is no issuer of the configuration")]
    UnknownIssuer {
        /// The token's issuer.
        issuer: String,
    },
    /// A claim is missing or is not what it should be.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// The address is not verified, as the issuer says (or does not say at all).
    #[error("the token's issuer does not call the address {address:?} verified")]
    EmailNotVerified {
        /// The address.
        address: String,
    },
    /// The subject is not a SPIFFE ID.
    #[error("the subject {subject:?} is not a SPIFFE ID: {cause}")]
    Spiffe {
        /// The subject.
        subject: String,
        /// What is wrong with it.
        cause: SpiffeError,
    },
    /// The subject is of another trust domain.
    #[error("the subject is of the trust domain {found:?}, and the issuer speaks for {expected:?}")]
    TrustDomain {
        /// The issuer's.
        expected: String,
        /// The subject's.
        found: String,
    },
    /// The subject looks like an e-mail address, which this issuer does not vouch for.
    #[error("the subject {subject:?} looks like an e-mail address, which this issuer does not vouch for")]
    LooksLikeEmail {
        /// The subject.
        subject: String,
    },
    /// The subject is not a URI of the issuer's domain.
    #[error("the subject {subject:?} is not a URI of {expected:?}")]
    SubjectDomain {
        /// The subject.
        subject: String,
        /// Scheme and host that it should have.
        expected: String,
    },
    /// What should become a URL is none.
    #[error("{text:?}: {cause}")]
    Url {
        /// What it is.
        text: String,
        /// What is wrong with it.
        cause: UrlError,
    },
    /// A certificate's subject is written in ASCII (RFC 5280 4.2.1.6).
    #[error("the subject {subject:?} is not ASCII")]
    NotAscii {
        /// The subject.
        subject: String,
    },
    /// The template of an extension, or of the subject, cannot be filled in.
    #[error("{name}: {cause}")]
    Template {
        /// What it is the template of, as YAML spells it.
        name: &'static str,
        /// Why.
        cause: RunError,
    },
}

impl Identity {
    /// The identity of whoever holds this token.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn of(token: &VerifiedToken, configuration: &Configuration) -> Result<Self, IdentityError> {
        let claims = token.claims();
        let unknown = || IdentityError::UnknownIssuer { issuer: claims.issuer().to_owned() };
        let issuer = configuration.issuer(claims.issuer()).ok_or_else(unknown)?;
        let identity = dispatch(claims, issuer, configuration)?;
        match &identity.subject {
            Subject::Email(text) | Subject::Uri(text) if !text.is_ascii() => {
                Err(IdentityError::NotAscii { subject: text.clone() })
            }
            _ => Ok(identity),
        }
    }

    /// Whom the certificate is about.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// What it says besides.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// What a client signs with its key to prove that it has it: the address for people, the token's subject for the others.
    #[must_use]
    pub fn challenge(&self) -> &str {
        &self.challenge
    }

    /// An identity that is challenged over the token's subject, as most are.
    fn by_subject(claims: &Claims, subject: Subject, extensions: Extensions) -> Self {
        Identity { subject, extensions, challenge: claims.subject().to_owned() }
    }
}

fn dispatch(
    claims: &Claims,
    issuer: &Issuer,
    configuration: &Configuration,
) -> Result<Identity, IdentityError> {
    match &issuer.kind {
        IssuerType::Email { issuer_claim, skip_verification } => {
            address::email(claims, issuer_claim.as_deref(), *skip_verification)
        }
        IssuerType::Spiffe { trust_domain } => subject::spiffe(claims, trust_domain),
        IssuerType::Uri { subject_domain } => subject::uri(claims, subject_domain),
        IssuerType::Username { subject_domain } => subject::username(claims, subject_domain),
        IssuerType::Kubernetes => subject::kubernetes(claims),
        IssuerType::ChainguardIdentity => address::chainguard(claims),
        IssuerType::GithubWorkflow => github::workflow(claims),
        IssuerType::GitlabPipeline => gitlab::pipeline(claims),
        IssuerType::BuildkiteJob => build::buildkite(claims),
        IssuerType::CodefreshWorkflow => build::codefresh(claims),
        IssuerType::CiProvider { provider } => match configuration.ci_provider(provider) {
            Some(provider) => ci_provider::identity(claims, provider),
            None => Err(IdentityError::UnknownIssuer { issuer: claims.issuer().to_owned() }),
        },
    }
}

/// The text as a URL, as Go reads it.
fn url(text: &str) -> Result<GoUrl, IdentityError> {
    GoUrl::parse(text).map_err(|cause| IdentityError::Url { text: text.to_owned(), cause })
}

/// The URL with these segments behind it, as Go joins them.
fn join(base: &GoUrl, elements: &[&str]) -> Result<String, IdentityError> {
    match base.join(elements) {
        Ok(url) => Ok(url.to_string()),
        Err(cause) => Err(IdentityError::Url { text: elements.join("/"), cause }),
    }
}

#[cfg(test)]
mod tests;
