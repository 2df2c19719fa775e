//! What a provider says about itself (OpenID Connect Discovery 1.0 §3, §4).

use sealwax_json::{Error as JsonError, Limits, Value};

use crate::{Algorithm, Jwks};

/// The longest discovery document that is read, in bytes. Real ones have 1 to 4 KB.
pub const MAX_DISCOVERY_BYTES: usize = 64 << 10;

const LIMITS: Limits = Limits { bytes: MAX_DISCOVERY_BYTES, depth: 8, values: 4 << 10, members: 512 };

/// What follows an issuer's URL where its document stands (§4).
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// A discovery document, as far as it matters to whoever verifies tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovery {
    issuer: String,
    jwks_uri: String,
    algorithms: Vec<Algorithm>,
}

/// Why a document is not the one that belongs to an issuer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoveryError {
    /// Not strict JSON.
    #[error("the discovery document is not JSON: {0}")]
    Json(#[from] JsonError),
    /// A member that is missing or of another type.
    #[error("the discovery document has no {member:?} of the type prescribed")]
    Missing {
        /// The member's name.
        member: &'static str,
    },
    /// §4.3: the issuer is not, byte for byte, the one that was asked.
    #[error("the discovery document of {asked:?} is {found:?}'s")]
    Issuer {
        /// Whose document was fetched.
        asked: String,
        /// What it says.
        found: String,
    },
    /// The keys are to be fetched in a way in which anybody could replace them.
    #[error(
        "the keys are at {jwks_uri:?}, which is not https, nor on this machine with an issuer that is there too"
    )]
    Insecure {
        /// Where they are.
        jwks_uri: String,
    },
}

impl Discovery {
    /// The URL of an issuer's document (§4): the issuer without a slash at its end, and the well-known path.
    #[must_use]
    pub fn url(issuer: &str) -> String {
        format!("{}{WELL_KNOWN}", issuer.strip_suffix('/').unwrap_or(issuer))
    }

    /// Reads the document that was fetched for `issuer`.
    ///
    /// # Errors
    /// [`DiscoveryError`].
    pub fn parse(text: &[u8], issuer: &str) -> Result<Self, DiscoveryError> {
        let value = sealwax_json::parse(text, &LIMITS)?;
        let string =
            |member| value.member(member).and_then(Value::as_str).ok_or(DiscoveryError::Missing { member });
        let found = string("issuer")?;
        if found != issuer {
            return Err(DiscoveryError::Issuer { asked: issuer.to_owned(), found: found.to_owned() });
        }
        let jwks_uri = string("jwks_uri")?.to_owned();
        // Who is asked over TLS has no business with this machine, where whatever listens would be taken at its word.
        let is_remote = issuer.starts_with("https://");
        if !is_secure(&jwks_uri) || (is_remote && !jwks_uri.starts_with("https://")) {
            return Err(DiscoveryError::Insecure { jwks_uri });
        }
        Ok(Discovery { issuer: issuer.to_owned(), jwks_uri, algorithms: algorithms(&value)? })
    }

    /// The issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Where its keys are.
    #[must_use]
    pub fn jwks_uri(&self) -> &str {
        &self.jwks_uri
    }

    /// The issuer with its keys, ready to verify tokens.
    #[must_use]
    pub fn with_keys(&self, keys: Jwks) -> Provider {
        Provider { issuer: self.issuer.clone(), keys, algorithms: self.algorithms.clone() }
    }
}

/// An issuer, its keys, and the algorithms that it says it signs with.
#[derive(Clone, Debug)]
pub struct Provider {
    pub(crate) issuer: String,
    pub(crate) keys: Jwks,
    pub(crate) algorithms: Vec<Algorithm>,
}

impl Provider {
    /// A provider known from elsewhere than its discovery document.
    #[must_use]
    pub fn new(issuer: &str, keys: Jwks, algorithms: &[Algorithm]) -> Self {
        Provider { issuer: issuer.to_owned(), keys, algorithms: algorithms.to_vec() }
    }

    /// The issuer's URL.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Its keys.
    #[must_use]
    pub fn keys(&self) -> &Jwks {
        &self.keys
    }
}

/// §3: `id_token_signing_alg_values_supported` is required, and RS256 is in it. Whoever leaves it out means RS256.
fn algorithms(value: &Value<'_>) -> Result<Vec<Algorithm>, DiscoveryError> {
    const MEMBER: &str = "id_token_signing_alg_values_supported";
    let Some(list) = value.member(MEMBER) else { return Ok(vec![Algorithm::Rs256]) };
    let list = list.as_array().ok_or(DiscoveryError::Missing { member: MEMBER })?;
    let known: Vec<Algorithm> = list.iter().filter_map(|name| Algorithm::from_name(name.as_str()?)).collect();
    Ok(if known.is_empty() { vec![Algorithm::Rs256] } else { known })
}

/// Whether what is fetched from that URL comes from where it says: https, or plain HTTP to this machine.
fn is_secure(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return url.starts_with("https://") };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    if authority.contains('@') {
        return false; // a user name that looks like a host
    }
    let host = match authority.strip_prefix('[') {
        Some(literal) => literal.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"issuer":"https://a.example","jwks_uri":"https://a.example/keys","authorization_endpoint":7,
        "id_token_signing_alg_values_supported":["HS256","none","ES256","RS256","XY"]}"#;

    #[test]
    fn the_document_of_an_issuer() {
        let document = Discovery::parse(GOOD.as_bytes(), "https://a.example").unwrap();
        assert_eq!(document.jwks_uri(), "https://a.example/keys");
        assert_eq!(document.algorithms, [Algorithm::Es256, Algorithm::Rs256]);
        let silent = r#"{"issuer":"i","jwks_uri":"https://k"}"#;
        assert_eq!(Discovery::parse(silent.as_bytes(), "i").unwrap().algorithms, [Algorithm::Rs256]);
        assert_eq!(Discovery::url("https://a.example"), "https://a.example/.well-known/openid-configuration");
        assert_eq!(
            Discovery::url("https://a.example/b/"),
            "https://a.example/b/.well-known/openid-configuration"
        );
    }

    #[test]
    fn another_issuers_document_is_refused() {
        for asked in ["https://a.example/", "https://A.example", "http://a.example", ""] {
            let error = Discovery::parse(GOOD.as_bytes(), asked).unwrap_err();
            let expected =
                DiscoveryError::Issuer { asked: asked.to_owned(), found: "https://a.example".to_owned() };
            assert_eq!(error, expected);
        }
    }

    #[test]
    fn keys_come_from_a_safe_place() {
        for (uri, secure) in [
            ("https://k.example/keys", true),
            ("http://127.0.0.1:8080/keys", true),
            ("http://127.9.9.9", true),
            ("http://localhost:1/keys", true),
            ("http://[::1]:1/keys", true),
            ("http://k.example/keys", false),
            ("http://localhost.k.example/keys", false),
            ("http://127.0.0.1.k.example/keys", false),
            ("http://127.0.0.1@k.example/keys", false),
            ("http://localhost@k.example/keys", false),
            ("http://localhost:x@k.example/keys", false),
            ("file:///etc/passwd", false),
            ("HTTPS://k.example", false),
            ("", false),
        ] {
            let text = format!(r#"{{"issuer":"i","jwks_uri":{uri:?}}}"#);
            let found = Discovery::parse(text.as_bytes(), "i");
            if secure {
                assert_eq!(found.unwrap().jwks_uri(), uri);
            } else {
                assert_eq!(found.unwrap_err(), DiscoveryError::Insecure { jwks_uri: uri.to_owned() });
            }
        }
    }

    #[test]
    fn an_issuer_elsewhere_has_no_keys_on_this_machine() {
        let text = GOOD.replace("https://a.example/keys", "http://127.0.0.1:8080/keys");
        let error = Discovery::parse(text.as_bytes(), "https://a.example").unwrap_err();
        assert_eq!(error, DiscoveryError::Insecure { jwks_uri: "http://127.0.0.1:8080/keys".to_owned() });
        let here = text.replace("https://a.example", "http://localhost:1");
        assert!(Discovery::parse(here.as_bytes(), "http://localhost:1").is_ok());
    }

    #[test]
    fn malformed_documents_are_refused() {
        let error = |text: &str| Discovery::parse(text.as_bytes(), "i").unwrap_err();
        assert_eq!(error("[]"), DiscoveryError::Missing { member: "issuer" });
        assert_eq!(error(r#"{"issuer":1}"#), DiscoveryError::Missing { member: "issuer" });
        assert_eq!(error(r#"{"issuer":"i"}"#), DiscoveryError::Missing { member: "jwks_uri" });
        let twice = error(r#"{"issuer":"i","issuer":"j"}"#);
        assert!(matches!(twice, DiscoveryError::Json(JsonError::Duplicate { .. })));
        let long = error(&" ".repeat(MAX_DISCOVERY_BYTES + 1));
        assert!(matches!(long, DiscoveryError::Json(JsonError::TooLong { .. })));
        let list =
            error(r#"{"issuer":"i","jwks_uri":"https://k","id_token_signing_alg_values_supported":"RS256"}"#);
        assert_eq!(list, DiscoveryError::Missing { member: "id_token_signing_alg_values_supported" });
    }
}
