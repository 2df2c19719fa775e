//! Proof Key for Code Exchange (RFC 7636), with S256 only.

use crate::form::Form;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sealwax_crypto::{mac::is_same_secret, sha256};

/// The hash of what a client will prove to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge([u8; 32]);

/// A challenge that is not one: another method than S256, or not 32 bytes in base64url.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the code_challenge is not 32 bytes in base64url with the method S256")]
pub struct BadChallenge;

impl Challenge {
    /// The challenge in a request, if there is one. Without `code_challenge_method` it would be `plain` (RFC 7636 §4.3),
    /// which protects nothing.
    ///
    /// # Errors
    /// [`BadChallenge`].
    pub fn of(form: &Form) -> Result<Option<Self>, BadChallenge> {
        let Some(text) = form.get("code_challenge") else { return Ok(None) };
        if form.get("code_challenge_method") != Some("S256") {
            return Err(BadChallenge);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadChallenge)?;
        Ok(Some(Self(bytes.try_into().map_err(|_| BadChallenge)?)))
    }

    /// Whether that is what was hashed.
    #[must_use]
    pub fn is_met_by(&self, verifier: &str) -> bool {
        is_verifier(verifier) && is_same_secret(&sha256(verifier.as_bytes()), &self.0)
    }
}

/// RFC 7636 §4.1: 43 to 128 unreserved characters.
fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 appendix B.
    #[test]
    fn the_example_of_the_specification() {
        let form = Form::default().with("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_eq!(Challenge::of(&form), Err(BadChallenge));
        let challenge = Challenge::of(&form.with("code_challenge_method", "S256")).unwrap().unwrap();
        assert!(challenge.is_met_by("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        assert!(!challenge.is_met_by("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXK"));
        assert!(!challenge.is_met_by(""));
    }

    #[test]
    fn a_verifier_has_its_length_and_letters() {
        let met = |verifier: &str| Challenge(sha256(verifier.as_bytes())).is_met_by(verifier);
        assert!(met(&"a".repeat(43)) && met(&"~".repeat(128)));
        for bad in ["a".repeat(42), "a".repeat(129), format!("{}+", "a".repeat(43)), "é".repeat(30)] {
            assert!(!met(&bad), "{bad}");
        }
    }
}
