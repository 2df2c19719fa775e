//! The authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core §3.1.2.1).

use crate::client::{Client, Redirect};
use crate::form::{Form, FormError};
use crate::pkce::Challenge;

/// The longest `state` and `nonce`, bytes. Deployed clients send 22 to 43.
pub const MAX_OPAQUE_BYTES: usize = 1024;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationRequest {
    /// The client.
    pub client_id: String,
    /// Where the answer goes.
    pub redirect: Redirect,
    /// Goes back as it came.
    pub state: Option<String>,
    /// Goes into the token.
    pub nonce: Option<String>,
    /// What the client will prove to know.
    pub challenge: Challenge,
}

/// Why a request is not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorizationError {
    /// It is not known who asks, or where the answer may go: only the user can be told (RFC 6749 §4.1.2.1).
    #[error(transparent)]
    Unanswerable(#[from] Unanswerable),
    /// The client is told.
    #[error("{refusal}")]
    Refused {
        /// Why.
        refusal: Refusal,
        /// Where.
        redirect: Redirect,
        /// Goes back as it came.
        state: Option<String>,
    },
}

/// Why nobody can be told but the user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unanswerable {
    /// Not even the parameters can be read.
    #[error(transparent)]
    Form(#[from] FormError),
    /// `client_id` is missing, or nobody's.
    #[error("no client is called {found:?} here")]
    Client {
        /// What was given.
        found: String,
    },
    /// `redirect_uri` is missing, or the client may not use it.
    #[error("the client may not have the browser sent to {found:?}")]
    Redirect {
        /// What was given.
        found: String,
    },
    /// `state` is longer than [`MAX_OPAQUE_BYTES`], so that it cannot be sent back.
    #[error("the parameter state is longer than {MAX_OPAQUE_BYTES} bytes")]
    State,
}

/// Why a client gets no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Another `response_type` than `code`.
    #[error("only the response type code is known here")]
    ResponseType,
    /// Another `response_mode` than `query`.
    #[error("only the response mode query is known here")]
    ResponseMode,
    /// No `openid` in `scope`.
    #[error("the scope must contain openid")]
    Scope,
    /// No S256 challenge of RFC 7636.
    #[error("a code_challenge with the method S256 is required")]
    Challenge,
    /// `nonce` is longer than [`MAX_OPAQUE_BYTES`].
    #[error("the nonce is too long")]
    Nonce,
    /// OpenID Connect Core §6.
    #[error("request objects are not known here")]
    RequestObject,
    /// `prompt=none`: there are no sessions, everybody signs in.
    #[error("nobody is signed in")]
    LoginRequired,
    /// The user changed their mind.
    #[error("the user cancelled")]
    Cancelled,
    /// Codes are given to more people at once than is believable.
    #[error("too many sign-ins at once, try again in a minute")]
    Busy,
    /// Something is broken here.
    #[error("the provider has a problem of its own")]
    Broken,
}

impl Refusal {
    /// The error code for the client (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6).
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::ResponseType => "unsupported_response_type",
            Self::ResponseMode | Self::Challenge | Self::Nonce => "invalid_request",
            Self::Scope => "invalid_scope",
            Self::RequestObject => "request_not_supported",
            Self::LoginRequired => "login_required",
            Self::Cancelled => "access_denied",
            Self::Busy => "temporarily_unavailable",
            Self::Broken => "server_error",
        }
    }
}

impl AuthorizationRequest {
    /// Reads the query of a request.
    ///
    /// # Errors
    /// [`AuthorizationError`].
    pub fn parse(query: &str, clients: &[Client]) -> Result<Self, AuthorizationError> {
        let form = Form::parse(query.as_bytes()).map_err(Unanswerable::Form)?;
        let given = |name| form.get(name).unwrap_or_default().chars().take(256).collect::<String>();
        let client = clients.iter().find(|client| Some(client.id.as_str()) == form.get("client_id"));
        let client = client.ok_or_else(|| Unanswerable::Client { found: given("client_id") })?;
        let redirect = form.get("redirect_uri").and_then(|uri| client.redirect(uri));
        let redirect = redirect.ok_or_else(|| Unanswerable::Redirect { found: given("redirect_uri") })?;
        let state = form.get("state").map(str::to_owned);
        if state.as_ref().is_some_and(|state| state.len() > MAX_OPAQUE_BYTES) {
            return Err(Unanswerable::State.into());
        }
        match read_rest(&form) {
            Ok((challenge, nonce)) => {
                Ok(Self { client_id: client.id.clone(), redirect, state, nonce, challenge })
            }
            Err(refusal) => Err(AuthorizationError::Refused { refusal, redirect, state }),
        }
    }

    /// Where the browser goes with a code. `iss` tells the client whose code it is (RFC 9207).
    #[must_use]
    pub fn granted(&self, code: &str, issuer: &str) -> String {
        let form = Form::default().with("code", code).with("iss", issuer);
        self.redirect.with(&with_state(form, self.state.as_deref()).encode())
    }
}

/// Where the browser goes without a code.
#[must_use]
pub fn refused(refusal: Refusal, redirect: &Redirect, state: Option<&str>, issuer: &str) -> String {
    let form = Form::default().with("error", refusal.code());
    let form = form.with("error_description", &refusal.to_string()).with("iss", issuer);
    redirect.with(&with_state(form, state).encode())
}

fn with_state(form: Form, state: Option<&str>) -> Form {
    match state {
        Some(state) => form.with("state", state),
        None => form,
    }
}

fn read_rest(form: &Form) -> Result<(Challenge, Option<String>), Refusal> {
    if form.get("request").or(form.get("request_uri")).is_some() {
        return Err(Refusal::RequestObject);
    }
    if form.get("response_type") != Some("code") {
        return Err(Refusal::ResponseType);
    }
    if form.get("response_mode").is_some_and(|mode| mode != "query") {
        return Err(Refusal::ResponseMode);
    }
    if !form.get("scope").unwrap_or_default().split(' ').any(|scope| scope == "openid") {
        return Err(Refusal::Scope);
    }
    let challenge = Challenge::of(form).ok().flatten().ok_or(Refusal::Challenge)?;
    let nonce = form.get("nonce").map(str::to_owned);
    if nonce.as_ref().is_some_and(|nonce| nonce.len() > MAX_OPAQUE_BYTES) {
        return Err(Refusal::Nonce);
    }
    if form.get("prompt").is_some_and(|prompt| prompt.split(' ').any(|prompt| prompt == "none")) {
        return Err(Refusal::LoginRequired);
    }
    Ok((challenge, nonce))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn good() -> String {
        format!(
            "response_type=code&client_id=sigstore&redirect_uri=http%3A%2F%2Flocalhost%3A1234%2Fauth%2Fcallback\
             &scope=openid+email&state=s%26t&nonce=n&code_challenge={CHALLENGE}&code_challenge_method=S256&access_type=online"
        )
    }

    fn parse(query: &str) -> Result<AuthorizationRequest, AuthorizationError> {
        AuthorizationRequest::parse(query, &[Client::sigstore()])
    }

    #[test]
    fn a_request_as_cosign_sends_it() {
        let request = parse(&good()).unwrap();
        assert_eq!(request.redirect.uri(), "http://localhost:1234/auth/callback");
        assert_eq!((request.state.as_deref(), request.nonce.as_deref()), (Some("s&t"), Some("n")));
        assert_eq!(
            request.granted("c", "https://i"),
            "http://localhost:1234/auth/callback?code=c&iss=https%3A%2F%2Fi&state=s%26t"
        );
    }

    #[test]
    fn who_is_not_known_gets_no_answer() {
        let error = |from: &str, to: &str| match parse(&good().replace(from, to)) {
            Err(AuthorizationError::Unanswerable(error)) => error,
            other => panic!("{other:?}"),
        };
        assert_eq!(error("client_id=sigstore&", ""), Unanswerable::Client { found: String::new() });
        assert_eq!(error("=sigstore&", "=other&"), Unanswerable::Client { found: "other".to_owned() });
        assert_eq!(error("redirect_uri", "x"), Unanswerable::Redirect { found: String::new() });
        let elsewhere = Unanswerable::Redirect { found: "http://evil:1234/auth/callback".to_owned() };
        assert_eq!(error("localhost", "evil"), elsewhere);
        let twice = FormError::Repeated { name: "state".to_owned() };
        assert_eq!(error("&nonce", "&state=x&nonce"), Unanswerable::Form(twice));
        assert_eq!(error("s%26t", &"s".repeat(MAX_OPAQUE_BYTES + 1)), Unanswerable::State);
    }

    #[test]
    fn what_is_not_offered_is_refused_to_the_client() {
        for (from, to, expected) in [
            ("type=code", "type=token", Refusal::ResponseType),
            ("type=code", "type=code%20id_token", Refusal::ResponseType),
            ("scope=openid+email", "scope=email", Refusal::Scope),
            ("scope=openid+email", "scope=openidx", Refusal::Scope),
            ("code_challenge=", "other=", Refusal::Challenge),
            ("S256", "plain", Refusal::Challenge),
            ("&code_challenge_method=S256", "", Refusal::Challenge),
            ("-cM", "-c", Refusal::Challenge),
            ("-cM", "-c%2F", Refusal::Challenge),
            ("nonce=n", &format!("nonce={}", "n".repeat(MAX_OPAQUE_BYTES + 1)), Refusal::Nonce),
            ("nonce=n", "nonce=n&prompt=none", Refusal::LoginRequired),
            ("nonce=n", "request=x", Refusal::RequestObject),
            ("nonce=n", "request_uri=x", Refusal::RequestObject),
            ("nonce=n", "response_mode=form_post", Refusal::ResponseMode),
        ] {
            match parse(&good().replace(from, to)) {
                Err(AuthorizationError::Refused { refusal, redirect, state }) => {
                    assert_eq!((refusal, state.as_deref()), (expected, Some("s&t")), "{to}");
                    let url = refused(refusal, &redirect, state.as_deref(), "i");
                    assert!(url.contains(&format!("?error={}&", expected.code())), "{url}");
                    assert!(url.ends_with("&iss=i&state=s%26t"), "{url}");
                }
                other => panic!("{to}: {other:?}"),
            }
        }
    }
}
