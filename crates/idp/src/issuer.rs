//! The URLs of the two issuers, and their discovery documents (OpenID Connect Discovery 1.0 §3, RFC 8414 §2).

use crate::keys::Realm;
use sealwax_json::{Object, Value};
use sealwax_oidc::Algorithm;

/// The longest issuer, bytes.
const MAX_BYTES: usize = 512;

/// Where the paths of the machines' issuer begin, below those of the people's.
pub const MACHINES: &str = "/machine";

/// The URL of the people's issuer: `https://host/path` or `http://…`, without a slash at its end. Clients compare it byte by byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerUrl {
    url: String,
    origin: usize,
}

/// Text that is no such URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{found:?} is not an issuer: http or https, a host, perhaps a port and a path, nothing behind it, no slash at the end"
)]
pub struct BadIssuer {
    /// The text.
    pub found: String,
}

impl IssuerUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// [`BadIssuer`].
    pub fn parse(url: &str) -> Result<Self, BadIssuer> {
        let bad = || BadIssuer { found: url.chars().take(MAX_BYTES).collect() };
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).ok_or_else(bad)?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let is_host = authority.bytes().all(|byte| plain(byte) || b":[]".contains(&byte));
        let is_path = path.is_empty()
            || path.split('/').skip(1).all(|part| !part.is_empty() && part.bytes().all(plain));
        if authority.is_empty() || !is_host || !is_path || url.len() > MAX_BYTES {
            return Err(bad());
        }
        Ok(Self { url: url.to_owned(), origin: url.len() - path.len() })
    }

    /// The URL of an issuer.
    #[must_use]
    pub fn of(&self, realm: Realm) -> String {
        match realm {
            Realm::People => self.url.clone(),
            Realm::Machines => format!("{}{MACHINES}", self.url),
        }
    }

    /// Scheme, host and port, as a browser says where a form comes from.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.url.get(..self.origin).unwrap_or(&self.url)
    }

    /// The path, empty or with a slash in front.
    #[must_use]
    pub fn path(&self) -> &str {
        self.url.get(self.origin..).unwrap_or_default()
    }

    /// Whether what goes there is encrypted on its way.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.url.starts_with("https:")
    }
}

/// The discovery document of an issuer that signs with these algorithms.
#[must_use]
pub fn discovery(issuer: &IssuerUrl, realm: Realm, algorithms: &[Algorithm]) -> Object<'static> {
    let url = issuer.of(realm);
    let at = |path: &str| format!("{url}{path}");
    let list =
        |words: &[&'static str]| words.iter().map(|word| Value::from(*word)).collect::<Value<'static>>();
    let algorithms: Vec<&'static str> = algorithms.iter().map(|algorithm| algorithm.name()).collect();
    let document = Object::new()
        .with("issuer", url.clone())
        .with("token_endpoint", at("/token"))
        .with("jwks_uri", at("/keys"))
        .with("subject_types_supported", list(&["public"]))
        .with("id_token_signing_alg_values_supported", list(&algorithms))
        .with("request_parameter_supported", false)
        .with("request_uri_parameter_supported", false);
    match realm {
        Realm::People => document
            .with("authorization_endpoint", at("/auth"))
            .with("device_authorization_endpoint", at("/device/code"))
            .with("response_types_supported", list(&["code"]))
            .with("response_modes_supported", list(&["query"]))
            .with(
                "grant_types_supported",
                list(&["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"]),
            )
            .with("scopes_supported", list(&["openid", "email"]))
            .with(
                "claims_supported",
                list(&["iss", "sub", "aud", "exp", "iat", "nbf", "nonce", "email", "email_verified"]),
            )
            // What Go's oauth2 and sigstore-python do without a secret, and what RFC 6749 §2.3.1 wants.
            .with("token_endpoint_auth_methods_supported", list(&["none", "client_secret_basic"]))
            .with("code_challenge_methods_supported", list(&["S256"]))
            .with("authorization_response_iss_parameter_supported", true),
        Realm::Machines => document
            .with("response_types_supported", list(&[]))
            .with("grant_types_supported", list(&["client_credentials"]))
            .with("claims_supported", list(&["iss", "sub", "aud", "exp", "iat", "nbf"]))
            .with(
                "token_endpoint_auth_methods_supported",
                list(&["client_secret_basic", "client_secret_post"]),
            ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers() {
        let issuer = IssuerUrl::parse("https://sign.example:8443/oidc").unwrap();
        assert_eq!((issuer.origin(), issuer.path()), ("https://sign.example:8443", "/oidc"));
        assert_eq!(issuer.of(Realm::Machines), "https://sign.example:8443/oidc/machine");
        assert!(issuer.is_https());
        let issuer = IssuerUrl::parse("http://[::1]:1").unwrap();
        assert_eq!((issuer.origin(), issuer.path()), ("http://[::1]:1", ""));
        assert!(!issuer.is_https());
        for bad in [
            "",
            "https://",
            "ftp://a",
            "https://a/",
            "https://a/b/",
            "https://a//b",
            "https://a?b",
            "https://a#b",
            "https://a@b",
            "https://a/b%20",
            "https:///a",
            "https://a b",
            "https://a;b",
            &format!("https://{}", "a".repeat(505)),
        ] {
            assert!(IssuerUrl::parse(bad).is_err(), "{bad}");
        }
    }
}
