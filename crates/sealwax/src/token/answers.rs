//! What an issuer answers, read strictly where it matters; what else it says is not looked at.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use sealwax_json::{Limits, Object, Value};

use crate::inspect::node::Node;

/// The longest answer that is read, bytes: discovery documents have some 5 KB, tokens with many groups 16 KB.
pub const MAX_ANSWER_BYTES: u64 = 64 << 10;

const LIMITS: Limits = Limits { bytes: 64 << 10, depth: 16, values: 4096, members: 512 };

/// How far the issuer's clock may be from ours, seconds.
const LEEWAY_SECONDS: i64 = 300;

/// The shortest and longest interval between two questions, and the longest wait, seconds.
const INTERVALS: std::ops::RangeInclusive<u64> = 1..=60;
const MAX_EXPIRES_SECONDS: u64 = 3600;

/// Why an answer is no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// Not JSON, or not what the specification prescribes.
    #[error("the {what} is not what it should be: {reason}")]
    Malformed { what: &'static str, reason: String },
    /// Discovery is about somebody else (OpenID Connect Discovery 1.0 §4.3).
    #[error("the discovery document is that of {found:?}")]
    OtherIssuer { found: String },
    /// No S256.
    #[error("it does not say that it supports PKCE with S256, without which a code could be stolen")]
    NoPkce,
    /// The issuer says no (RFC 6749 §5.2).
    #[error("it refuses with {code:?}{}", description.as_ref().map(|text| format!(": {text}")).unwrap_or_default())]
    Refused { code: String, description: Option<String> },
    /// The token says something else than it should.
    #[error("the token's {claim} is not what was expected")]
    Claim { claim: &'static str },
    /// The answer in the browser is not one to our question.
    #[error("the answer in the browser names another issuer")]
    MixedUp,
}

/// A discovery document, as far as it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovery {
    pub authorization_endpoint: Option<String>,
    pub token_endpoint: String,
    pub device_authorization_endpoint: Option<String>,
    /// Whether answers in the browser name the issuer (RFC 9207 §3).
    pub names_itself: bool,
    pub has_pkce: bool,
}

impl Discovery {
    pub fn parse(text: &[u8], issuer: &str) -> Result<Self, Failed> {
        const WHAT: &str = "discovery document";
        let document = object(WHAT, text)?;
        let found = string(WHAT, &document, "issuer")?;
        if found != issuer {
            return Err(Failed::OtherIssuer { found: found.chars().take(256).collect() });
        }
        let list = |member| document.get(member).and_then(Value::as_array).unwrap_or_default();
        let endpoint = |member| document.get(member).and_then(Value::as_str).map(str::to_owned);
        Ok(Self {
            authorization_endpoint: endpoint("authorization_endpoint"),
            token_endpoint: string(WHAT, &document, "token_endpoint")?.to_owned(),
            device_authorization_endpoint: endpoint("device_authorization_endpoint"),
            names_itself: document
                .get("authorization_response_iss_parameter_supported")
                .and_then(Value::as_bool)
                .unwrap_or(false),
            has_pkce: list("code_challenge_methods_supported")
                .iter()
                .any(|method| method.as_str() == Some("S256")),
        })
    }
}

/// The identity token in an answer of the token endpoint.
pub fn token(status: u16, body: &[u8]) -> Result<String, Failed> {
    const WHAT: &str = "answer of the token endpoint";
    let answer = answered(WHAT, status, body)?;
    Ok(string(WHAT, &answer, "id_token")?.to_owned())
}

/// What an issuer has somebody do elsewhere (RFC 8628 §3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub device_code: String,
    pub user_code: String,
    pub verification_uri: String,
    pub verification_uri_complete: Option<String>,
    pub expires_in: Duration,
    pub interval: Duration,
}

impl Waiting {
    pub fn parse(status: u16, body: &[u8]) -> Result<Self, Failed> {
        const WHAT: &str = "answer of the device endpoint";
        let answer = answered(WHAT, status, body)?;
        let text = |member| string(WHAT, &answer, member).map(str::to_owned);
        let number = |member| answer.get(member).and_then(Value::as_u64);
        let interval = number("interval").unwrap_or(5).clamp(*INTERVALS.start(), *INTERVALS.end());
        Ok(Self {
            device_code: text("device_code")?,
            user_code: text("user_code")?,
            verification_uri: text("verification_uri")?,
            verification_uri_complete: text("verification_uri_complete").ok(),
            expires_in: Duration::from_secs(
                number("expires_in").unwrap_or(MAX_EXPIRES_SECONDS).min(MAX_EXPIRES_SECONDS),
            ),
            interval: Duration::from_secs(interval),
        })
    }
}

/// What a token says. Its signature is not looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims(Object<'static>);

impl Claims {
    pub fn of(token: &str) -> Result<Self, Failed> {
        const WHAT: &str = "token";
        let bad = |reason: &str| Failed::Malformed { what: WHAT, reason: reason.to_owned() };
        let mut parts = token.split('.');
        let (Some(_), Some(payload), Some(_), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(bad("it does not have three parts"));
        };
        let bytes = URL_SAFE_NO_PAD.decode(payload).map_err(|_| bad("it is not base64url"))?;
        Ok(Self(object(WHAT, &bytes)?.into_owned()))
    }

    /// OpenID Connect Core §3.1.3.7, but for the signature.
    pub fn check(
        &self,
        issuer: &str,
        client: &str,
        nonce: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Failed> {
        let is = |claim: &'static str, ok: bool| if ok { Ok(()) } else { Err(Failed::Claim { claim }) };
        let text = |claim: &str| self.0.get(claim).and_then(Value::as_str);
        is("iss", text("iss") == Some(issuer))?;
        is("sub", text("sub").is_some_and(|subject| !subject.is_empty()))?;
        let is_client = |value: &Value<'_>| value.as_str() == Some(client);
        let is_for_us = |audience: &Value<'_>| {
            is_client(audience) || audience.as_array().is_some_and(|list| list.iter().any(is_client))
        };
        is("aud", self.0.get("aud").is_some_and(is_for_us))?;
        is("nonce", nonce.is_none() || text("nonce") == nonce)?;
        is(
            "exp",
            self.expires()
                .is_some_and(|expires| expires.as_second().saturating_add(LEEWAY_SECONDS) > now.as_second()),
        )
    }

    pub fn describe(&self) -> Node {
        let text = |claim: &str| self.0.get(claim).and_then(Value::as_str).map(str::to_owned);
        Node::new()
            .with("issuer", text("iss"))
            .with("subject", text("sub"))
            .with("email", text("email"))
            .with("expires", self.expires().map(|expires| expires.to_string()))
    }

    fn expires(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.0.get("exp")?.as_i64()?).ok()
    }
}

/// An answer of success; an error of RFC 6749 §5.2 otherwise.
fn answered<'a>(what: &'static str, status: u16, body: &'a [u8]) -> Result<Object<'a>, Failed> {
    let answer = object(what, body);
    match answer {
        Ok(answer) if status == 200 => Ok(answer),
        Ok(answer) if answer.contains("error") => {
            let text = |member| {
                answer.get(member).and_then(Value::as_str).map(|text| text.chars().take(256).collect())
            };
            Err(Failed::Refused {
                code: text("error").unwrap_or_default(),
                description: text("error_description"),
            })
        }
        Err(error) if status == 200 => Err(error),
        _ => Err(Failed::Malformed { what, reason: format!("its status is {status}") }),
    }
}

fn object<'a>(what: &'static str, text: &'a [u8]) -> Result<Object<'a>, Failed> {
    match sealwax_json::parse(text, &LIMITS) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Failed::Malformed { what, reason: "it is not a JSON object".to_owned() }),
        Err(error) => Err(Failed::Malformed { what, reason: error.to_string() }),
    }
}

fn string<'a>(what: &'static str, object: &'a Object<'_>, member: &str) -> Result<&'a str, Failed> {
    let text = object.get(member).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.ok_or_else(|| Failed::Malformed { what, reason: format!("{member:?} is missing") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discovery_is_the_issuers_own() {
        let text = r#"{"issuer":"https://i","token_endpoint":"https://i/t","code_challenge_methods_supported":["plain","S256"]}"#;
        let discovery = Discovery::parse(text.as_bytes(), "https://i").unwrap();
        assert!(discovery.has_pkce && !discovery.names_itself && discovery.authorization_endpoint.is_none());
        let other = Discovery::parse(text.as_bytes(), "https://i/").unwrap_err();
        assert_eq!(other, Failed::OtherIssuer { found: "https://i".to_owned() });
    }

    #[test]
    fn errors_of_the_token_endpoint() {
        let refused = token(400, br#"{"error":"slow_down","error_description":"d"}"#).unwrap_err();
        let (code, description) = ("slow_down".to_owned(), Some("d".to_owned()));
        assert_eq!(refused, Failed::Refused { code, description });
        assert!(
            matches!(token(502, b"<html>").unwrap_err(), Failed::Malformed { reason, .. } if reason.contains("502"))
        );
        assert!(matches!(token(200, b"{}").unwrap_err(), Failed::Malformed { .. }));
        assert_eq!(token(200, br#"{"id_token":"t"}"#).unwrap(), "t");
    }

    #[test]
    fn claims_are_for_us() {
        let claims = |text: &str| Claims::of(&format!("e30.{}.x", URL_SAFE_NO_PAD.encode(text)));
        let good = r#"{"iss":"i","sub":"s","aud":["sigstore","c"],"exp":1000,"nonce":"n"}"#;
        let now = Timestamp::from_second(1000).unwrap();
        let check = |text: &str| claims(text).unwrap().check("i", "c", Some("n"), now);
        assert_eq!(check(good), Ok(()));
        for (from, to, claim) in [
            ("\"i\"", "\"j\"", "iss"),
            ("\"sub\":\"s\"", "\"sub\":\"\"", "sub"),
            ("\"c\"", "\"d\"", "aud"),
            ("\"n\"", "\"m\"", "nonce"),
            ("1000", "700", "exp"),
        ] {
            assert_eq!(check(&good.replace(from, to)), Err(Failed::Claim { claim }));
        }
        assert!(Claims::of("a.b").is_err() && Claims::of("a.!.c").is_err() && claims("[]").is_err());
    }
}
