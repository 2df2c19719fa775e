//! Issuers whose tokens may be about an e-mail address.

use super::{Identity, IdentityError, Subject, join, url};
use crate::claims::{ClaimError, Claims};
use crate::email;
use crate::extensions::Extensions;

/// People. `issuer_claim` names the issuer behind a broker.
pub(super) fn email(
    claims: &Claims,
    issuer_claim: Option<&[String]>,
    skip_verification: bool,
) -> Result<Identity, IdentityError> {
    let address = claims.text("email")?;
    let verified = claims.boolean("email_verified")?.unwrap_or(false);
    if !verified && !skip_verification {
        return Err(IdentityError::EmailNotVerified { address: address.to_owned() });
    }
    if !email::is_address(address) {
        return Err(ClaimError::value("email", "an e-mail address", address).into());
    }
    let issuer = match issuer_claim {
        Some(path) => claims.text_at(path)?,
        None => claims.issuer(),
    };
    Ok(Identity {
        subject: Subject::Email(address.to_owned()),
        extensions: Extensions::new(issuer, claims.subject()),
        challenge: address.to_owned(),
    })
}

/// Chainguard: issuer and subject make a URL. Clients sign the address if the token has one, so that is the challenge.
pub(super) fn chainguard(claims: &Claims) -> Result<Identity, IdentityError> {
    let challenge = match claims.optional_text("email")? {
        Some(address) if claims.boolean("email_verified")? == Some(true) => address,
        Some(address) => return Err(IdentityError::EmailNotVerified { address: address.to_owned() }),
        None => claims.subject(),
    };
    Ok(Identity {
        subject: Subject::Uri(join(&url(claims.issuer())?, &[claims.subject()])?),
        extensions: Extensions::new(claims.issuer(), claims.subject()),
        challenge: challenge.to_owned(),
    })
}
