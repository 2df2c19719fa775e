//! Requests to the token endpoint (RFC 6749 §3.2, §4.1.3, §4.4.2; RFC 8628 §3.4), and what they are answered.

use crate::device::PollError;
use crate::form::{Form, FormError, decode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    /// Who it says it is.
    pub client: ClientCredentials,
    /// What it has.
    pub grant: Grant,
}

/// Who a client says it is. An empty secret is none: sigstore-python and Go's oauth2 send one for public clients.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientCredentials {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: Option<String>,
    /// Whether it came in the header `Authorization`, which an error is answered with.
    pub by_header: bool,
}

/// What a client has to show for a token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Grant {
    /// Somebody signed in.
    Code {
        /// The code.
        code: String,
        /// Where it was sent to.
        redirect_uri: String,
        /// What was promised to be known.
        verifier: String,
    },
    /// Somebody may sign in.
    Device {
        /// The code.
        code: String,
        /// What was promised to be known, if something was.
        verifier: Option<String>,
    },
    /// Its own secret.
    ClientCredentials,
}

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Not a form.
    #[error(transparent)]
    Form(#[from] FormError),
    /// The body says that it is something else than a form.
    #[error("the body must be application/x-www-form-urlencoded")]
    ContentType,
    /// A parameter that is missing.
    #[error("the parameter {parameter} is missing")]
    Missing {
        /// Which.
        parameter: &'static str,
    },
    /// The header `Authorization` is not Basic, or says something else than the body.
    #[error("the header Authorization is not Basic, or says something else than the parameters")]
    Authorization {
        /// Whether there is such a header.
        by_header: bool,
    },
    /// Nobody is called so, or the secret is wrong.
    #[error("the client is not known here, or its secret is wrong")]
    Client {
        /// Whether it was in the header.
        by_header: bool,
    },
    /// The grant type is not known, or not here.
    #[error("the grant type {found:?} is not offered by this issuer")]
    GrantType {
        /// What was asked for.
        found: String,
    },
    /// The code is not known: never given, used, or too old.
    #[error("the code is not known: it works once, for a minute, and for the client that asked for it")]
    Code,
    /// Another challenge than this was met (RFC 7636 §4.6).
    #[error("the code_verifier does not fit")]
    Verifier,
    /// What a waiting program is told.
    #[error(transparent)]
    Device(#[from] PollError),
    /// Too many wrong secrets.
    #[error("too many attempts; wait {wait_seconds} seconds")]
    Later {
        /// How long.
        wait_seconds: u64,
    },
    /// Something is broken here.
    #[error("the provider has a problem of its own")]
    Broken,
}

impl TokenError {
    /// The error code (RFC 6749 §5.2, RFC 8628 §3.5).
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Form(_) | Self::ContentType | Self::Missing { .. } => "invalid_request",
            Self::Authorization { .. } | Self::Client { .. } => "invalid_client",
            Self::GrantType { .. } => "unsupported_grant_type",
            Self::Code | Self::Verifier | Self::Device(PollError::NotTheirs) => "invalid_grant",
            Self::Device(PollError::Pending) => "authorization_pending",
            Self::Device(PollError::TooSoon) => "slow_down",
            Self::Device(PollError::Over) => "expired_token",
            Self::Device(PollError::Denied) => "access_denied",
            Self::Later { .. } => "temporarily_unavailable",
            Self::Broken => "server_error",
        }
    }

    /// The status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Authorization { by_header: true } | Self::Client { by_header: true } => 401,
            Self::Later { .. } => 429,
            Self::Broken => 500,
            _ => 400,
        }
    }
}

impl TokenRequest {
    /// Reads a request.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn parse(
        content_type: Option<&str>,
        authorization: Option<&str>,
        body: &[u8],
    ) -> Result<Self, TokenError> {
        let form = parse_form(content_type, body)?;
        let client = ClientCredentials::read(authorization, &form)?;
        let text =
            |parameter| form.get(parameter).map(str::to_owned).ok_or(TokenError::Missing { parameter });
        let grant = match text("grant_type")?.as_str() {
            "authorization_code" => Grant::Code {
                code: text("code")?,
                redirect_uri: text("redirect_uri")?,
                verifier: text("code_verifier")?,
            },
            "urn:ietf:params:oauth:grant-type:device_code" => {
                Grant::Device { code: text("device_code")?, verifier: text("code_verifier").ok() }
            }
            "client_credentials" => Grant::ClientCredentials,
            other => return Err(TokenError::GrantType { found: other.chars().take(128).collect() }),
        };
        Ok(Self { client, grant })
    }
}

impl ClientCredentials {
    /// Who a client says it is: in the header, or in the body (RFC 6749 §2.3.1).
    ///
    /// # Errors
    /// [`TokenError::Authorization`], [`TokenError::Missing`].
    pub fn read(authorization: Option<&str>, form: &Form) -> Result<Self, TokenError> {
        let (id, secret) = (form.get("client_id"), form.get("client_secret"));
        let owned = |text: &str| text.to_owned();
        let Some(header) = authorization else {
            let id = id.map(owned).ok_or(TokenError::Missing { parameter: "client_id" })?;
            return Ok(Self { id, secret: secret.map(owned), by_header: false });
        };
        let bad = TokenError::Authorization { by_header: true };
        let (by_id, by_secret) = basic(header).ok_or_else(|| bad.clone())?;
        if id.is_some_and(|id| id != by_id) || secret.is_some_and(|secret| secret != by_secret) {
            return Err(bad);
        }
        Ok(Self { id: by_id, secret: Some(by_secret).filter(|secret| !secret.is_empty()), by_header: true })
    }
}

impl std::fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientCredentials").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Reads the body of a request that must be a form.
///
/// # Errors
/// [`TokenError::ContentType`], [`TokenError::Form`].
pub fn parse_form(content_type: Option<&str>, body: &[u8]) -> Result<Form, TokenError> {
    let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(TokenError::ContentType);
    }
    Ok(Form::parse(body)?)
}

/// RFC 7617, both parts encoded as in a form (RFC 6749 §2.3.1).
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") || encoded.len() > 1024 {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((decode(id.as_bytes()).ok()?, decode(secret.as_bytes()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: Option<&str> = Some("application/x-www-form-urlencoded; charset=utf-8");

    fn parse(authorization: Option<&str>, body: &str) -> Result<TokenRequest, TokenError> {
        TokenRequest::parse(FORM, authorization, body.as_bytes())
    }

    #[test]
    fn requests_as_deployed_clients_send_them() {
        let python = "grant_type=authorization_code&redirect_uri=urn%3Aietf%3Awg%3Aoauth%3A2.0%3Aoob&code=c&code_verifier=v";
        let request = parse(Some("Basic c2lnc3RvcmU6"), python).unwrap();
        let client = ClientCredentials { id: "sigstore".to_owned(), secret: None, by_header: true };
        let (code, verifier) = ("c".to_owned(), "v".to_owned());
        let redirect_uri = "urn:ietf:wg:oauth:2.0:oob".to_owned();
        assert_eq!(request, TokenRequest { client, grant: Grant::Code { code, redirect_uri, verifier } });

        let device = "client_id=sigstore&code_verifier=v&device_code=d&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&scope=openid+email";
        let request = parse(None, device).unwrap();
        assert_eq!(
            request.client,
            ClientCredentials { id: "sigstore".to_owned(), secret: None, by_header: false }
        );
        assert_eq!(request.grant, Grant::Device { code: "d".to_owned(), verifier: Some("v".to_owned()) });

        let machine = "client_id=ci&client_secret=s&grant_type=client_credentials&scope=openid+email";
        let request = parse(None, machine).unwrap();
        assert_eq!(request.client.secret.as_deref(), Some("s"));
        assert_eq!(request.grant, Grant::ClientCredentials);
        assert!(!format!("{request:?}").contains("\"s\""));
    }

    #[test]
    fn refused() {
        let good = "client_id=a&grant_type=authorization_code&code=c&redirect_uri=r&code_verifier=v";
        assert!(parse(None, good).is_ok());
        for parameter in ["client_id", "grant_type", "code", "redirect_uri", "code_verifier"] {
            let error = parse(None, &good.replacen(&format!("{parameter}="), "x=", 1)).unwrap_err();
            assert_eq!(error, TokenError::Missing { parameter });
            assert_eq!((error.code(), error.status()), ("invalid_request", 400));
        }
        let error = parse(None, &good.replace("authorization_code", "password")).unwrap_err();
        assert_eq!(error, TokenError::GrantType { found: "password".to_owned() });
        for header in ["", "Basic", "Basic !", "Bearer x", "Basic c2lnc3RvcmU=", "Basic c2lnc3RvcmU6"] {
            let error = parse(Some(header), good).unwrap_err();
            assert_eq!(error, TokenError::Authorization { by_header: true }, "{header}");
            assert_eq!((error.code(), error.status()), ("invalid_client", 401));
        }
        for content_type in [None, Some("application/json"), Some("")] {
            let error = TokenRequest::parse(content_type, None, good.as_bytes()).unwrap_err();
            assert_eq!(error, TokenError::ContentType);
        }
        let twice = FormError::Repeated { name: "code".to_owned() };
        assert_eq!(parse(None, &format!("{good}&code=c")), Err(TokenError::Form(twice)));
    }
}
