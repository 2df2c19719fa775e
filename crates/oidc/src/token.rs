//! JSON Web Tokens in the compact form (RFC 7515 §3.1, RFC 7519).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use sealwax_crypto::Message;
use sealwax_json::{Error as JsonError, Limits, Value};

use crate::claims::{ClaimError, Claims};
use crate::{Algorithm, Provider, UnusableKey};

/// The longest token that is read, in bytes. GitHub's have 2 KB, those of directories with many groups up to 8 KB, and more
/// does not fit the header fields that servers accept.
pub const MAX_TOKEN_BYTES: usize = 16 << 10;

/// How far an issuer's clock may be ahead of ours where it says from when a token is valid. What Fulcio and most others take.
/// There is no such leeway at the end: a token whose `exp` has passed is expired.
pub const NOT_BEFORE_LEEWAY: SignedDuration = SignedDuration::from_mins(5);

/// Header and claims. Members: GitHub's claims are 30; depth: Kubernetes has three levels.
const LIMITS: Limits = Limits { bytes: MAX_TOKEN_BYTES, depth: 16, values: 2048, members: 512 };

/// What a token calls itself (RFC 7519 §5.1, RFC 9068 §2.1). Absent in Kubernetes' tokens; `at+jwt` in the access tokens that
/// sigstore-python hands in. Any other type is a token for something else (RFC 8725 §3.11).
const TYPES: [&str; 3] = ["jwt", "at+jwt", "application/at+jwt"];

/// A token that has been read, and that nobody has vouched for yet.
#[derive(Clone, Debug)]
pub struct Token<'a> {
    algorithm: Algorithm,
    key_id: Option<String>,
    signed: &'a str,
    signature: Vec<u8>,
    claims: Claims,
}

/// A token that an issuer signed, for us, and that is valid at the time of the check.
#[derive(Clone, Debug)]
pub struct VerifiedToken {
    claims: Claims,
}

/// Why a token is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Longer than [`MAX_TOKEN_BYTES`].
    #[error("a token of {size} bytes, at most {MAX_TOKEN_BYTES} are read")]
    TooLong {
        /// Its size in bytes.
        size: usize,
    },
    /// Not three parts between dots.
    #[error("a token has three parts between dots, this one has {found}")]
    Parts {
        /// How many it has.
        found: usize,
    },
    /// A part that is not base64url without padding.
    #[error("the token's {part} is not base64url")]
    Encoding {
        /// Which part.
        part: Part,
    },
    /// A part that is not strict JSON, or has a member twice.
    #[error("the token's {part}: {source}")]
    Json {
        /// Which part.
        part: Part,
        /// What is wrong with it.
        source: JsonError,
    },
    /// A header without a text `alg`, or a member of it with another type than prescribed.
    #[error("the token's header has no {member:?} of the type prescribed")]
    Header {
        /// The member.
        member: &'static str,
    },
    /// `none`, an HMAC, or an algorithm that nobody here knows.
    #[error("the token is signed with {name:?}, which is not accepted")]
    Algorithm {
        /// What the header says.
        name: String,
    },
    /// RFC 7515 §4.1.11: an extension that must be understood. There is none that we do.
    #[error("the token's header has extensions that are critical")]
    Critical,
    /// The header says that this is a token for something else.
    #[error("the token is of type {found:?}, not an identity token")]
    Type {
        /// What it says.
        found: String,
    },
    /// A claim that every token has.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// The token names another issuer than the one whose keys were given.
    #[error("the token is {found:?}'s, and {expected:?} was asked")]
    Issuer {
        /// Whose keys were given.
        expected: String,
        /// What the token says.
        found: String,
    },
    /// The provider's discovery document does not list the algorithm.
    #[error(
        "the token is signed with {algorithm}, and its issuer says that it signs with {announced:?} only"
    )]
    NotAnnounced {
        /// The token's.
        algorithm: Algorithm,
        /// The issuer's.
        announced: Vec<Algorithm>,
    },
    /// The issuer has no key of that name. It may have a new one: fetch its keys again, once.
    #[error("the issuer has no key{}", named(key_id.as_deref()))]
    UnknownKey {
        /// The token's `kid`, or `None` if it names none and the issuer has no key at all.
        key_id: Option<String>,
    },
    /// The key that the token names cannot be used.
    #[error("the issuer's key{}: {cause}", named(key_id.as_deref()))]
    UnusableKey {
        /// The token's `kid`.
        key_id: Option<String>,
        /// What is wrong with it.
        cause: UnusableKey,
    },
    /// The key that the token names is for another algorithm: key confusion, or a mistake.
    #[error("the token is signed with {algorithm}, which is not what the issuer's key{} is for", named(key_id.as_deref()))]
    KeyMismatch {
        /// The token's.
        algorithm: Algorithm,
        /// The token's `kid`.
        key_id: Option<String>,
    },
    /// No key of the issuer made this signature.
    #[error("the token's signature does not verify")]
    Signature,
    /// The token is for somebody else.
    #[error("the token is for {found:?}, not for {expected:?}")]
    Audience {
        /// Whom it should be for.
        expected: String,
        /// Whom it is for.
        found: Vec<String>,
    },
    /// `exp` has passed.
    #[error("the token expired at {at}")]
    Expired {
        /// When.
        at: Timestamp,
    },
    /// `nbf` is to come, by more than [`NOT_BEFORE_LEEWAY`].
    #[error("the token is not valid before {at}")]
    NotYetValid {
        /// From when it is.
        at: Timestamp,
    },
    /// `iat` is to come, by more than [`NOT_BEFORE_LEEWAY`].
    #[error("the token says that it was issued at {at}, which is to come")]
    IssuedInFuture {
        /// When it says.
        at: Timestamp,
    },
}

/// A part of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The first.
    Header,
    /// The second: the claims.
    Payload,
    /// The third.
    Signature,
}

/// A key's name, after a space, if the token gives one.
fn named(key_id: Option<&str>) -> String {
    key_id.map(|key_id| format!(" {key_id:?}")).unwrap_or_default()
}

impl std::fmt::Display for Part {
    fn fmt(&self, output: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        output.write_str(match self {
            Part::Header => "header",
            Part::Payload => "payload",
            Part::Signature => "signature",
        })
    }
}

impl<'a> Token<'a> {
    /// Reads a token. Nothing in it may be believed yet.
    ///
    /// # Errors
    /// [`TokenError`], up to [`TokenError::Claim`].
    pub fn parse(text: &'a str) -> Result<Self, TokenError> {
        if text.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLong { size: text.len() });
        }
        let mut parts = text.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenError::Parts { found: text.split('.').count() });
        };
        let header = decode(Part::Header, header)?;
        let (algorithm, key_id) = read_header(&parse_json(Part::Header, &header)?)?;
        let payload = decode(Part::Payload, payload)?;
        let claims = Claims::new(parse_json(Part::Payload, &payload)?)?;
        let signature = decode(Part::Signature, signature)?;
        let signed = text.rsplit_once('.').map_or("", |(signed, _)| signed);
        Ok(Token { algorithm, key_id, signed, signature, claims })
    }

    /// The issuer that the token names, to find its keys by. Anybody may have written it.
    #[must_use]
    pub fn claimed_issuer(&self) -> &str {
        self.claims.issuer()
    }

    /// What the token says, for who was handed it by its issuer or its owner, and has it to show to somebody else. Anybody may
    /// have written it.
    #[must_use]
    pub fn claimed(&self) -> &Claims {
        &self.claims
    }

    /// When it ends, by its own word, if it is for this audience and valid now, by its own word too: whether it is worth to be
    /// shown to whom it is for. Proves nothing.
    ///
    /// # Errors
    /// [`TokenError::Audience`], [`TokenError::Expired`], [`TokenError::NotYetValid`], [`TokenError::IssuedInFuture`],
    /// [`TokenError::Claim`].
    pub fn claimed_end(&self, audience: &str, now: Timestamp) -> Result<Timestamp, TokenError> {
        check_audience(&self.claims, audience)?;
        check_times(&self.claims, now)?;
        Ok(self.claims.expires()?)
    }

    /// Whether the provider may sign so, and has no key by the name that the token gives: it may have a new one. Then it is worth
    /// to fetch its keys again before [`Token::verify`], which would say [`TokenError::UnknownKey`].
    #[must_use]
    pub fn names_unknown_key(&self, provider: &Provider) -> bool {
        provider.algorithms.contains(&self.algorithm)
            && provider.keys.candidates(self.key_id.as_deref()).next().is_none()
    }

    /// Checks the token against the provider's keys, and for whom and when it is valid (OpenID Connect Core §3.1.3.7).
    ///
    /// # Errors
    /// [`TokenError`]. After [`TokenError::UnknownKey`] it is worth to fetch the provider's keys again.
    pub fn verify(
        self,
        provider: &Provider,
        audience: &str,
        now: Timestamp,
    ) -> Result<VerifiedToken, TokenError> {
        if self.claims.issuer() != provider.issuer {
            let (expected, found) = (provider.issuer.clone(), self.claims.issuer().to_owned());
            return Err(TokenError::Issuer { expected, found });
        }
        self.check_signature(provider)?;
        check_audience(&self.claims, audience)?;
        check_times(&self.claims, now)?;
        Ok(VerifiedToken { claims: self.claims })
    }

    fn check_signature(&self, provider: &Provider) -> Result<(), TokenError> {
        let (algorithm, key_id) = (self.algorithm, || self.key_id.clone());
        if !provider.algorithms.contains(&algorithm) {
            return Err(TokenError::NotAnnounced { algorithm, announced: provider.algorithms.clone() });
        }
        let signature = algorithm.signature(&self.signature).ok_or(TokenError::Signature)?;
        let mut error = TokenError::UnknownKey { key_id: key_id() };
        for candidate in provider.keys.candidates(self.key_id.as_deref()) {
            match &candidate.key {
                Err(cause) => error = TokenError::UnusableKey { key_id: key_id(), cause: cause.clone() },
                Ok(_) if !candidate.fits(algorithm) => {
                    error = TokenError::KeyMismatch { algorithm, key_id: key_id() };
                }
                Ok(key) => {
                    let message = Message::Bytes(self.signed.as_bytes());
                    match key.verify(algorithm.scheme(), message, &signature) {
                        Ok(()) => return Ok(()),
                        Err(_) => error = TokenError::Signature,
                    }
                }
            }
        }
        Err(error)
    }
}

impl VerifiedToken {
    #[cfg(test)]
    pub(crate) fn unchecked(claims: Claims) -> Self {
        VerifiedToken { claims }
    }

    /// What the issuer says.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.claims
    }
}

fn decode(part: Part, text: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenError::Encoding { part })
}

fn parse_json(part: Part, text: &[u8]) -> Result<Value<'_>, TokenError> {
    sealwax_json::parse(text, &LIMITS).map_err(|source| TokenError::Json { part, source })
}

/// Of the header only what we need is read. Keys and addresses in it (`jwk`, `jku`, `x5c`, `x5u`) are never used.
fn read_header(header: &Value<'_>) -> Result<(Algorithm, Option<String>), TokenError> {
    if header.member("crit").is_some() {
        return Err(TokenError::Critical);
    }
    let text = |member: &'static str| match header.member(member) {
        None => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or(TokenError::Header { member }),
    };
    if let Some(found) = text("typ")?
        && !TYPES.iter().any(|known| known.eq_ignore_ascii_case(found))
    {
        return Err(TokenError::Type { found: found.to_owned() });
    }
    let name = text("alg")?.ok_or(TokenError::Header { member: "alg" })?;
    let algorithm =
        Algorithm::from_name(name).ok_or_else(|| TokenError::Algorithm { name: name.to_owned() })?;
    Ok((algorithm, text("kid")?.map(str::to_owned)))
}

fn check_audience(claims: &Claims, expected: &str) -> Result<(), TokenError> {
    let found = claims.audience()?;
    if found.iter().any(|audience| audience == expected) {
        return Ok(());
    }
    Err(TokenError::Audience { expected: expected.to_owned(), found })
}

fn check_times(claims: &Claims, now: Timestamp) -> Result<(), TokenError> {
    let expires = claims.expires()?;
    if expires < now {
        return Err(TokenError::Expired { at: expires });
    }
    // Past the end of the calendar everything has begun.
    let to_come = |at: Timestamp| now.checked_add(NOT_BEFORE_LEEWAY).is_ok_and(|now| at > now);
    if let Some(at) = claims.not_before()?.filter(|at| to_come(*at)) {
        return Err(TokenError::NotYetValid { at });
    }
    if let Some(at) = claims.issued_at()?.filter(|at| to_come(*at)) {
        return Err(TokenError::IssuedInFuture { at });
    }
    Ok(())
}
