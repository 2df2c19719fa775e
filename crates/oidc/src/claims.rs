//! What a token says.

use jiff::Timestamp;
use sealwax_json::{Object, Value};

/// The claims of a token: an object whose `iss` and `sub` are texts, not empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    claims: Object<'static>,
    issuer: String,
    subject: String,
}

/// A claim that is not what it should be. Names are those in the token, with dots between levels.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimError {
    /// The claims are not an object.
    #[error("the token's claims are not an object")]
    NotObject,
    /// A claim that is missing, or empty where that means the same.
    #[error("the token has no claim {claim:?}")]
    Missing {
        /// Its name.
        claim: String,
    },
    /// A claim of another type.
    #[error("the token's claim {claim:?} is {found}, not {expected}")]
    Type {
        /// Its name.
        claim: String,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A claim of the right type that cannot be used.
    #[error("the token's claim {claim:?} is {found:?}, which is not {expected}")]
    Value {
        /// Its name.
        claim: String,
        /// What it should be.
        expected: &'static str,
        /// What it is, cut to 256 characters.
        found: String,
    },
}

impl ClaimError {
    pub(crate) fn missing(claim: &str) -> Self {
        ClaimError::Missing { claim: claim.to_owned() }
    }

    pub(crate) fn value(claim: &str, expected: &'static str, found: &str) -> Self {
        ClaimError::Value { claim: claim.to_owned(), expected, found: found.chars().take(256).collect() }
    }

    fn kind(claim: &str, expected: &'static str, found: &Value<'_>) -> Self {
        ClaimError::Type { claim: claim.to_owned(), expected, found: found.kind().name() }
    }
}

impl Claims {
    /// Takes the claims of a token.
    ///
    /// # Errors
    /// [`ClaimError`] if they are no object, or `iss` or `sub` are missing.
    pub(crate) fn new(value: Value<'_>) -> Result<Self, ClaimError> {
        let Value::Object(claims) = value else { return Err(ClaimError::NotObject) };
        let mut claims =
            Claims { claims: claims.into_owned(), issuer: String::new(), subject: String::new() };
        claims.issuer = claims.text("iss")?.to_owned();
        claims.subject = claims.text("sub")?.to_owned();
        Ok(claims)
    }

    /// `iss`: who made the token.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// `sub`: whom it is about.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// All of them, in the order of the token.
    #[must_use]
    pub fn all(&self) -> &Object<'static> {
        &self.claims
    }

    /// A claim; `null` is the same as none.
    #[must_use]
    pub fn get(&self, claim: &str) -> Option<&Value<'static>> {
        self.claims.get(claim).filter(|value| !value.is_null())
    }

    /// A claim that is a text, and not empty.
    ///
    /// # Errors
    /// [`ClaimError::Missing`], [`ClaimError::Type`].
    pub fn text(&self, claim: &str) -> Result<&str, ClaimError> {
        self.optional_text(claim)?.ok_or_else(|| ClaimError::missing(claim))
    }

    /// A claim that is a text, if it is there and not empty.
    ///
    /// # Errors
    /// [`ClaimError::Type`].
    pub fn optional_text(&self, claim: &str) -> Result<Option<&str>, ClaimError> {
        text(claim, self.get(claim))
    }

    /// A text inside other claims, found by the names of all levels.
    ///
    /// # Errors
    /// [`ClaimError::Missing`], [`ClaimError::Type`].
    pub fn text_at(&self, path: &[impl AsRef<str>]) -> Result<&str, ClaimError> {
        let name = || path.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(".");
        let mut levels = path.iter().map(AsRef::as_ref);
        let mut value = levels.next().and_then(|first| self.get(first));
        for level in levels {
            value = value.and_then(|value| value.member(level)).filter(|value| !value.is_null());
        }
        text(&name(), value)?.ok_or_else(|| ClaimError::missing(&name()))
    }

    /// A claim that is true or false, as itself or (as some providers have it) as that word in quotes.
    ///
    /// # Errors
    /// [`ClaimError::Type`], [`ClaimError::Value`].
    pub fn boolean(&self, claim: &str) -> Result<Option<bool>, ClaimError> {
        match self.get(claim) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(Value::String(text)) => match &**text {
                "true" | "True" => Ok(Some(true)),
                "false" | "False" => Ok(Some(false)),
                other => Err(ClaimError::value(claim, "true or false", other)),
            },
            Some(other) => Err(ClaimError::kind(claim, "true or false", other)),
        }
    }

    /// A claim that is a whole number.
    ///
    /// # Errors
    /// [`ClaimError::Type`].
    pub fn integer(&self, claim: &str) -> Result<Option<i64>, ClaimError> {
        let Some(value) = self.get(claim) else { return Ok(None) };
        let error = || ClaimError::kind(claim, "a whole number", value);
        value.as_i64().map(Some).ok_or_else(error)
    }

    /// `aud`: whom the token is for.
    pub(crate) fn audience(&self) -> Result<Vec<String>, ClaimError> {
        const CLAIM: &str = "aud";
        match self.get(CLAIM) {
            None => Err(ClaimError::missing(CLAIM)),
            Some(Value::String(one)) => Ok(vec![one.clone().into_owned()]),
            Some(Value::Array(many)) => {
                let text = |one: &Value<'_>| match one.as_str() {
                    Some(one) => Ok(one.to_owned()),
                    None => Err(ClaimError::kind(CLAIM, "a list of texts", one)),
                };
                many.iter().map(text).collect()
            }
            Some(other) => Err(ClaimError::kind(CLAIM, "a text or a list of texts", other)),
        }
    }

    /// `exp`: the last instant at which the token is valid.
    pub(crate) fn expires(&self) -> Result<Timestamp, ClaimError> {
        self.time("exp")?.ok_or_else(|| ClaimError::missing("exp"))
    }

    /// `nbf`: the first instant at which the token is valid.
    pub(crate) fn not_before(&self) -> Result<Option<Timestamp>, ClaimError> {
        self.time("nbf")
    }

    /// `iat`: when the token was made.
    pub(crate) fn issued_at(&self) -> Result<Option<Timestamp>, ClaimError> {
        self.time("iat")
    }

    /// A NumericDate (RFC 7519 §2): seconds since 1970. A fraction is cut off, as everybody does.
    fn time(&self, claim: &str) -> Result<Option<Timestamp>, ClaimError> {
        let Some(value) = self.get(claim) else { return Ok(None) };
        let number = value.as_number().ok_or_else(|| ClaimError::kind(claim, "a time in seconds", value))?;
        let timestamp = match number.as_i64() {
            Some(seconds) => Timestamp::from_second(seconds).ok(),
            None => from_fraction(number.as_f64()),
        };
        let out_of_range =
            || ClaimError::value(claim, "a time that the calendar has", &number.as_f64().to_string());
        timestamp.map(Some).ok_or_else(out_of_range)
    }
}

fn text<'a>(claim: &str, value: Option<&'a Value<'_>>) -> Result<Option<&'a str>, ClaimError> {
    match value {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(&**text).filter(|text| !text.is_empty())),
        Some(other) => Err(ClaimError::kind(claim, "a text", other)),
    }
}

fn from_fraction(seconds: f64) -> Option<Timestamp> {
    let whole = seconds.trunc();
    // The calendar ends long before doubles stop to count whole seconds.
    if !(-1e12..1e12).contains(&whole) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "a whole number within 10^12")]
    Timestamp::from_second(whole as i64).ok()
}
