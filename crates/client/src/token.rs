//! An identity token, before it is shown to a certificate authority.

use std::fmt;

use jiff::Timestamp;
use sealwax_oidc::{Claims, Token};

/// The audience of tokens for certificate authorities, unless a profile says otherwise.
pub const AUDIENCE: &str = "sigstore";

/// A token that is for this audience and has not expired, by its own word. Whoever has it signs as its subject: it is sent to the
/// certificate authority alone, and never shown.
#[derive(Clone)]
pub struct IdentityToken {
    text: String,
    claims: Claims,
    expires: Timestamp,
}

/// Why a token is not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Nothing.
    #[error("the identity token is empty")]
    Empty,
    /// Not one, for somebody else, or too old.
    #[error("the identity token is not sent: {0}")]
    Token(#[from] sealwax_oidc::TokenError),
}

/// Whom a certificate for a token will name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prediction {
    /// The issuer's tokens are of a kind that always becomes this.
    Known(String),
    /// What is likely; the authority decides.
    Likely(String),
}

impl Prediction {
    /// The identity.
    #[must_use]
    pub fn identity(&self) -> &str {
        match self {
            Prediction::Known(identity) | Prediction::Likely(identity) => identity,
        }
    }
}

impl IdentityToken {
    /// Takes a token; white space around it goes.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn check(text: &str, audience: &str, now: Timestamp) -> Result<Self, TokenError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TokenError::Empty);
        }
        let token = Token::parse(text)?;
        let expires = token.claimed_end(audience, now)?;
        Ok(Self { claims: token.claimed().clone(), text: text.to_owned(), expires })
    }

    /// Who issued it.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.claims.issuer()
    }

    /// Its last instant.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    /// Whom a certificate for it will name. Of machines that is not the token's subject: each issuer's tokens have it elsewhere.
    #[must_use]
    pub fn prediction(&self) -> Prediction {
        let text = |claim| self.claims.get(claim).and_then(|value| value.as_str());
        let known = match self.issuer() {
            "https://token.actions.githubusercontent.com" => {
                text("job_workflow_ref").map(|path| format!("https://github.com/{path}"))
            }
            "https://gitlab.com" => text("ci_config_ref_uri").map(|path| format!("https://{path}")),
            "https://accounts.google.com" | "https://oauth2.sigstore.dev/auth" => {
                text("email").map(str::to_owned)
            }
            _ => None,
        };
        known.map_or_else(
            || Prediction::Likely(text("email").unwrap_or(self.claims.subject()).to_owned()),
            Prediction::Known,
        )
    }

    /// What a proof that somebody has a key is a signature of: the address where the issuer says that it is theirs, else the subject.
    pub(crate) fn principal(&self) -> &str {
        let verified = self.claims.get("email_verified");
        // Some issuers write it as a text.
        let is_verified =
            verified.is_some_and(|value| value.as_bool() == Some(true) || value.as_str() == Some("true"));
        let email = self.claims.get("email").and_then(|value| value.as_str());
        email.filter(|email| is_verified && !email.is_empty()).unwrap_or(self.claims.subject())
    }

    /// Whom a certificate for this token names instead of `subject`, where that can be told: a good certificate of somebody else is none
    /// to sign with.
    pub(crate) fn contradicts(&self, subject: &str) -> Option<String> {
        let is_address = |text: &str| text.contains('@') && !text.contains("://");
        let email = self.claims.get("email").and_then(|value| value.as_str());
        let expected = match self.prediction() {
            Prediction::Known(identity) => identity,
            Prediction::Likely(_) => match email {
                Some(email) if is_address(subject) => email.to_owned(),
                // Issuers whose subjects are URIs have them in certificates as they are.
                _ if subject.contains("://") && self.claims.subject().contains("://") => {
                    self.claims.subject().to_owned()
                }
                _ => return None,
            },
        };
        Some(expected).filter(|expected| expected != subject)
    }

    /// The token itself, for the one request that carries it.
    pub(crate) fn secret(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for IdentityToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityToken").field("issuer", &self.issuer()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealwax_formats::base64;

    fn token(claims: &str) -> String {
        let part =
            |text: &str| base64::encode(text.as_bytes()).replace('+', "-").replace('/', "_").replace('=', "");
        format!("{}.{}.c2ln", part(r#"{"alg":"ES256"}"#), part(claims))
    }

    fn check(claims: &str) -> Result<IdentityToken, TokenError> {
        IdentityToken::check(
            &format!(" {}\n", token(claims)),
            AUDIENCE,
            Timestamp::from_second(1000).unwrap(),
        )
    }

    #[test]
    fn only_what_is_for_the_authority_and_lasts_is_sent() {
        use sealwax_oidc::TokenError as Cause;
        let good = r#"{"iss":"https://i.example","sub":"s","aud":"sigstore","exp":1001,"iat":1000}"#;
        assert_eq!(check(good).unwrap().expires(), Timestamp::from_second(1001).unwrap());
        let refused = |from: &str, to: &str| match check(&good.replace(from, to)) {
            Err(TokenError::Token(cause)) => cause,
            other => panic!("{other:?}"),
        };
        assert!(matches!(refused("sigstore", "other"), Cause::Audience { .. }));
        assert!(matches!(refused("1001", "999"), Cause::Expired { .. }));
        assert_eq!(
            IdentityToken::check(" \n", AUDIENCE, Timestamp::UNIX_EPOCH).unwrap_err(),
            TokenError::Empty
        );
    }

    #[test]
    fn it_shows_its_issuer_alone() {
        let token =
            check(r#"{"iss":"https://i.example","sub":"secret","aud":"sigstore","exp":2000}"#).unwrap();
        assert_eq!(format!("{token:?}"), r#"IdentityToken { issuer: "https://i.example", .. }"#);
    }

    #[test]
    fn somebody_elses_certificate() {
        let token = |claims: &str| check(&format!(r#"{{"aud":"sigstore","exp":2000,{claims}}}"#)).unwrap();
        let machine = token(r#""iss":"https://i.example","sub":"https://i.example/bot""#);
        assert_eq!(machine.contradicts("https://i.example/bot"), None);
        assert_eq!(machine.contradicts("https://i.example/other").unwrap(), "https://i.example/bot");
        let person = token(r#""iss":"https://i.example","sub":"7","email":"a@b.example""#);
        assert_eq!((person.contradicts("a@b.example"), person.contradicts("7!domain")), (None, None));
        assert_eq!(person.contradicts("c@b.example").unwrap(), "a@b.example");
    }

    #[test]
    fn what_a_proof_is_a_signature_of() {
        for (claims, principal) in [
            (r#""email":"a@b.example","email_verified":true"#, "a@b.example"),
            (r#""email":"a@b.example","email_verified":"true""#, "a@b.example"),
            (r#""email":"a@b.example","email_verified":false"#, "s"),
            (r#""email":"a@b.example""#, "s"),
            (r#""email":"","email_verified":true"#, "s"),
        ] {
            let rest = r#""iss":"https://i.example","sub":"s","aud":"sigstore","exp":2000"#;
            assert_eq!(check(&format!("{{{rest},{claims}}}")).unwrap().principal(), principal, "{claims}");
        }
    }

    #[test]
    fn whom_the_certificate_will_name() {
        let prediction = |claims: &str| {
            check(&format!(r#"{{"sub":"s","aud":"sigstore","exp":2000,{claims}}}"#)).unwrap().prediction()
        };
        let github = r#""iss":"https://token.actions.githubusercontent.com","job_workflow_ref":"o/r/.github/workflows/w.yml@refs/heads/main""#;
        let san = "https://github.com/o/r/.github/workflows/w.yml@refs/heads/main";
        assert_eq!(prediction(github), Prediction::Known(san.to_owned()));
        let google = r#""iss":"https://accounts.google.com","email":"a@b.example""#;
        assert_eq!(prediction(google), Prediction::Known("a@b.example".to_owned()));
        assert_eq!(prediction(r#""iss":"https://i.example""#), Prediction::Likely("s".to_owned()));
    }
}
