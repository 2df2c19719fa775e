//! Issuers whose tokens say everything in their subject, or in a claim or two.

use super::{Identity, IdentityError, Subject, url};
use crate::claims::{ClaimError, Claims};
use crate::extensions::Extensions;
use crate::{email, spiffe};

/// A SPIFFE ID of the issuer's trust domain.
pub(super) fn spiffe(claims: &Claims, trust_domain: &str) -> Result<Identity, IdentityError> {
    let subject = claims.subject();
    let found = spiffe::trust_domain_of(subject)
        .map_err(|cause| IdentityError::Spiffe { subject: subject.to_owned(), cause })?;
    if found != trust_domain {
        let (expected, found) = (trust_domain.to_owned(), found.to_owned());
        return Err(IdentityError::TrustDomain { expected, found });
    }
    of_subject(claims, Subject::Uri(url(subject)?.to_string()))
}

/// A URI with the scheme and the host that the issuer speaks for.
pub(super) fn uri(claims: &Claims, subject_domain: &str) -> Result<Identity, IdentityError> {
    let subject = claims.subject();
    refuse_address(subject)?;
    let (found, expected) = (url(subject)?, url(subject_domain)?);
    if found.scheme() != expected.scheme() || found.host_name() != expected.host_name() {
        let (subject, expected) = (subject.to_owned(), subject_domain.to_owned());
        return Err(IdentityError::SubjectDomain { subject, expected });
    }
    of_subject(claims, Subject::Uri(found.to_string()))
}

/// A user name, to which the domain is added.
pub(super) fn username(claims: &Claims, subject_domain: &str) -> Result<Identity, IdentityError> {
    let subject = claims.subject();
    if subject.contains('!') {
        return Err(ClaimError::value("sub", "a user name without \"!\"", subject).into());
    }
    refuse_address(subject)?;
    of_subject(claims, Subject::Username(format!("{subject}!{subject_domain}")))
}

/// A service account of a cluster.
pub(super) fn kubernetes(claims: &Claims) -> Result<Identity, IdentityError> {
    let namespace = claims.text_at(&["kubernetes.io", "namespace"])?;
    let account = claims.text_at(&["kubernetes.io", "serviceaccount", "name"])?;
    let text = format!("https://kubernetes.io/namespaces/{namespace}/serviceaccounts/{account}");
    of_subject(claims, Subject::Uri(url(&text)?.to_string()))
}

fn of_subject(claims: &Claims, subject: Subject) -> Result<Identity, IdentityError> {
    Ok(Identity::by_subject(claims, subject, Extensions::new(claims.issuer(), claims.subject())))
}

/// An issuer of names must not make certificates that read like those of people with an e-mail address.
fn refuse_address(subject: &str) -> Result<(), IdentityError> {
    if email::is_like_address(subject) {
        return Err(IdentityError::LooksLikeEmail { subject: subject.to_owned() });
    }
    Ok(())
}
