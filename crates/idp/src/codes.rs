//! Authorization codes: each works once, for a minute, for who asked for it (RFC 6749 §4.1.2, RFC 9700 §2.1.1).

use crate::connector::Identity;
use crate::pkce::Challenge;
use jiff::{SignedDuration, Timestamp};
use sealwax_crypto::sha256;
use std::collections::HashMap;

/// How long a code works.
pub const LIFETIME: SignedDuration = SignedDuration::from_secs(60);

/// Codes at once. Each has cost a password, so this is thousands of people in one minute; at some 3 KiB at most, 12 MiB.
pub const MAX_CODES: usize = 4_096;

/// What a code stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Who asked.
    pub client_id: String,
    /// Where the code was sent to.
    pub redirect_uri: String,
    /// What the client has to prove to know.
    pub challenge: Challenge,
    /// Goes into the token.
    pub nonce: Option<String>,
    /// Who signed in.
    pub identity: Identity,
}

/// The codes that nobody has used yet, by their hash: what looks them up tells nothing of them by its time.
#[derive(Debug, Default)]
pub struct Codes(HashMap<[u8; 32], (Timestamp, Grant)>);

/// There are [`MAX_CODES`] already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {MAX_CODES} sign-ins at once")]
pub struct TooManyCodes;

impl Codes {
    /// Gives a code.
    ///
    /// # Errors
    /// [`TooManyCodes`].
    pub fn give(&mut self, code: &str, grant: Grant, now: Timestamp) -> Result<(), TooManyCodes> {
        if self.0.len() >= MAX_CODES {
            self.0.retain(|_, (given, _)| is_fresh(*given, now));
        }
        if self.0.len() >= MAX_CODES {
            return Err(TooManyCodes);
        }
        self.0.insert(sha256(code.as_bytes()), (now, grant));
        Ok(())
    }

    /// Takes what a code stands for, whatever comes of it then: there is no second try.
    #[must_use]
    pub fn take(&mut self, code: &str, now: Timestamp) -> Option<Grant> {
        let (given, grant) = self.0.remove(&sha256(code.as_bytes()))?;
        is_fresh(given, now).then_some(grant)
    }
}

fn is_fresh(given: Timestamp, now: Timestamp) -> bool {
    now.duration_since(given) <= LIFETIME
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::Form;

    fn grant() -> Grant {
        let form = Form::default().with("code_challenge_method", "S256");
        let form = form.with("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        Grant {
            client_id: "sigstore".to_owned(),
            redirect_uri: "http://localhost:1/".to_owned(),
            challenge: Challenge::of(&form).unwrap().unwrap(),
            nonce: None,
            identity: Identity { subject: "s".to_owned(), email: "a@b.cc".to_owned(), email_verified: true },
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_code_works_once_and_for_a_minute() {
        let mut codes = Codes::default();
        for code in ["a", "b", "c"] {
            codes.give(code, grant(), at(0)).unwrap();
        }
        assert_eq!(codes.take("a", at(60)), Some(grant()));
        assert_eq!(codes.take("a", at(60)), None);
        assert_eq!(codes.take("b", at(61)), None);
        assert_eq!(codes.take("b", at(0)), None);
        assert_eq!(codes.take("d", at(0)), None);
        assert_eq!(codes.0.len(), 1);
    }

    #[test]
    fn memory_is_bounded() {
        let mut codes = Codes::default();
        for code in 0..MAX_CODES {
            codes.give(&code.to_string(), grant(), at(0)).unwrap();
        }
        assert_eq!(codes.give("x", grant(), at(60)), Err(TooManyCodes));
        codes.give("x", grant(), at(61)).unwrap();
        assert_eq!(codes.0.len(), 1);
    }
}
