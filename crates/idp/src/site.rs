//! The provider on the shared listener.

use crate::form::MAX_FORM_BYTES;
use crate::issuer::MACHINES;
use crate::keys::Realm;
use crate::page::{self, Page, STYLE};
use crate::provider::{Asked, Fresh, Provider, Request, Sent};
use sealwax_crypto::{SignError, base64, random, sha256};
use sealwax_server::journal::Value;
use sealwax_server::{
    Answer, Bytes, Head, Method, Refused, Reply, Response, Route, Site, StatusCode, header, reply,
};
use sealwax_store::disk::Disk;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Passwords that are hashed at once: each takes 19 MiB and a core.
const HASHES: usize = 2;

/// Answers that may wait for that. A hash takes some 20 ms, so these wait a second.
const WAITING: usize = 64;

/// What this serves, below the path of the people's issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endpoint {
    Discovery(Realm),
    Keys(Realm),
    Token(Realm),
    Authorize,
    Device,
    DeviceCode,
}

/// A provider, to be put below the path of its issuer.
pub struct IdpSite<D: Disk> {
    provider: Arc<Provider<D>>,
    clock: Box<dyn Fn() -> jiff::Timestamp + Send + Sync>,
    hashes: Arc<Semaphore>,
    waiting: Semaphore,
    policy: String,
}

impl<D: Disk> IdpSite<D> {
    /// A provider, and a clock.
    #[must_use]
    pub fn new(
        provider: Arc<Provider<D>>,
        clock: impl Fn() -> jiff::Timestamp + Send + Sync + 'static,
    ) -> Self {
        let style = base64::encode(&sha256(STYLE.as_bytes()));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
        );
        let (hashes, waiting) = (Arc::new(Semaphore::new(HASHES)), Semaphore::new(WAITING));
        Self { provider, clock: Box::new(clock), hashes, waiting, policy }
    }

    async fn respond(&self, endpoint: Endpoint, head: Head<'_>, body: Bytes) -> Response<Reply> {
        let provider = &self.provider;
        let reads = *head.method() != Method::POST;
        let json = |value| Sent::Json { status: 200, value, retry_after: None };
        let fresh = match Fresh::new() {
            Ok(fresh) => fresh,
            Err(error) => {
                provider.journal.error("there is no randomness", &[("error", Value::Shown(&error))]);
                return self.send(Sent::broken());
            }
        };
        let request = self.request(head, &body, &fresh);
        let sent = match endpoint {
            Endpoint::Discovery(realm) => return shared(json(provider.discovery(realm))),
            Endpoint::Keys(realm) => match provider.jwks(realm) {
                Ok(keys) => return shared(json(keys)),
                Err(_) => Sent::broken(),
            },
            Endpoint::Token(realm) => provider.token(realm, &request),
            Endpoint::DeviceCode => provider.device_code(&request),
            Endpoint::Authorize if reads => provider.authorize(&request),
            Endpoint::Device if reads => provider.device(&request),
            Endpoint::Authorize => self.ask(provider.authorize_answered(&request), &request).await,
            Endpoint::Device => self.ask(provider.device_answered(&request), &request).await,
        };
        self.send(sent)
    }

    /// Has the connector look at an answer, on a thread that may wait.
    async fn ask(&self, asked: Result<Asked, Sent>, request: &Request<'_>) -> Sent {
        let asked = match asked {
            Ok(asked) => asked,
            Err(sent) => return sent,
        };
        let Ok(_place) = self.waiting.try_acquire() else { return Sent::busy() };
        let Ok(permit) = Arc::clone(&self.hashes).acquire_owned().await else { return Sent::busy() };
        let connector = Arc::clone(&self.provider.connector);
        let answered = tokio::task::spawn_blocking(move || {
            // Kept by the thread: who goes away meanwhile makes no room for another hash.
            let _permit = permit;
            let step = connector.answer(&asked.answer());
            (asked, step)
        });
        match answered.await {
            Ok((asked, step)) => self.provider.concluded(&asked, step, request),
            Err(_) => Sent::broken(),
        }
    }

    fn request<'a>(&self, head: Head<'a>, body: &'a [u8], fresh: &'a Fresh) -> Request<'a> {
        let text = |name| head.headers().get(name).and_then(|value| value.to_str().ok());
        Request {
            query: head.query().unwrap_or_default(),
            body,
            content_type: text(header::CONTENT_TYPE),
            authorization: text(header::AUTHORIZATION),
            origin: text(header::ORIGIN),
            cookie: text(header::COOKIE),
            address: head.address().filter(|_| self.provider.settings.knows_addresses),
            now: (self.clock)(),
            fresh,
        }
    }

    fn send(&self, sent: Sent) -> Response<Reply> {
        let (mut response, cookie, retry_after) = match sent {
            Sent::Page { page, cookie, retry_after } => (self.page(page), cookie, retry_after),
            Sent::Redirect { to, cookie } => {
                let mut response = reply::plain(StatusCode::SEE_OTHER, "");
                set(&mut response, header::LOCATION, &to);
                (response, cookie, None)
            }
            Sent::Json { status, value, retry_after } => (json(status, &value.into()), None, retry_after),
        };
        if let Some(cookie) = cookie {
            set(&mut response, header::SET_COOKIE, &cookie);
        }
        if let Some(seconds) = retry_after {
            set(&mut response, header::RETRY_AFTER, &seconds.to_string());
        }
        response
    }

    fn page(&self, page: Page) -> Response<Reply> {
        let Page { status, html, form_action } = page;
        let mut response = reply::plain(status_code(status), html.into_string());
        let policy = match form_action {
            // Browsers hold a redirect that follows a form against it as well.
            Some(place) => format!("{} {place}", self.policy),
            None => self.policy.clone(),
        };
        set(&mut response, header::CONTENT_TYPE, "text/html; charset=utf-8");
        set(&mut response, header::CONTENT_SECURITY_POLICY, &policy);
        set(&mut response, header::X_FRAME_OPTIONS, "DENY");
        // Not `no-referrer`: then a browser does not say either where a form comes from.
        set(&mut response, header::REFERRER_POLICY, "same-origin");
        response
    }
}

impl<D: Disk> Site for IdpSite<D> {
    fn route(&self, head: Head<'_>) -> Option<Route> {
        Some(match Endpoint::of(head.path())? {
            Endpoint::Discovery(_) => Route::read("oidc_discovery"),
            Endpoint::Keys(_) => Route::read("oidc_keys"),
            Endpoint::Token(_) => Route::submission("oidc_token").body_bytes(MAX_FORM_BYTES).private(),
            Endpoint::DeviceCode => {
                Route::submission("oidc_device_code").body_bytes(MAX_FORM_BYTES).private()
            }
            Endpoint::Authorize => {
                Route::submission("oidc_auth").and_read().body_bytes(MAX_FORM_BYTES).private()
            }
            Endpoint::Device => {
                Route::submission("oidc_device").and_read().body_bytes(MAX_FORM_BYTES).private()
            }
        })
    }

    fn answer<'a>(&'a self, head: Head<'a>, body: Bytes) -> Answer<'a> {
        match Endpoint::of(head.path()) {
            Some(endpoint) => Box::pin(self.respond(endpoint, head, body)),
            None => Box::pin(std::future::ready(reply::not_found())),
        }
    }

    fn refuse(&self, head: Head<'_>, refused: &Refused) -> Response<Reply> {
        let status = refused.status().as_u16();
        let retry_after = refused.wait().map(|wait| wait.as_secs().max(1));
        self.send(match Endpoint::of(head.path()) {
            Some(Endpoint::Authorize | Endpoint::Device) => {
                let page = page::trouble(status, "Not now", &refused.to_string(), "Go back, and try again.");
                Sent::Page { page, cookie: None, retry_after }
            }
            _ => {
                let value = sealwax_json::Object::new()
                    .with("error", "invalid_request")
                    .with("error_description", refused.to_string());
                Sent::Json { status, value, retry_after }
            }
        })
    }
}

impl Endpoint {
    fn of(path: &str) -> Option<Self> {
        let (realm, path) = match path.strip_prefix(MACHINES) {
            Some(rest) => (Realm::Machines, rest),
            None => (Realm::People, path),
        };
        Some(match (realm, path) {
            (_, "/.well-known/openid-configuration") => Self::Discovery(realm),
            (_, "/keys") => Self::Keys(realm),
            (_, "/token") => Self::Token(realm),
            (Realm::People, "/auth") => Self::Authorize,
            (Realm::People, "/device") => Self::Device,
            (Realm::People, "/device/code") => Self::DeviceCode,
            _ => return None,
        })
    }
}

impl Fresh {
    fn new() -> Result<Self, SignError> {
        Ok(Self { secret: random()?, letters: random()? })
    }
}

/// JSON that anybody may keep for a while: keys are published a day before they sign.
fn shared(sent: Sent) -> Response<Reply> {
    let Sent::Json { status, value, .. } = sent else { return reply::not_found() };
    let mut response = json(status, &value.into());
    set(&mut response, header::CACHE_CONTROL, "public, max-age=300");
    response
}

fn json(status: u16, value: &sealwax_json::Value<'_>) -> Response<Reply> {
    let mut response = reply::json(status_code(status), sealwax_json::compact(value));
    if status == 401 {
        set(&mut response, header::WWW_AUTHENTICATE, "Basic realm=\"token\"");
    }
    response
}

fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Values are ours, or were read as what may stand in a header.
fn set(response: &mut Response<Reply>, name: header::HeaderName, value: &str) {
    if let Ok(value) = header::HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
