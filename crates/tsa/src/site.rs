//! The authority on HTTP: the paths, forms and statuses of timestamp-authority as deployed.

use crate::{
    Refusal, TimestampAuthority,
    metrics::{Metrics, StampResult},
    refusal::{FailureInfo, error_json},
    request::from_json,
};
use sealwax_pki::{MAX_TIMESTAMP_REQUEST_BYTES, TimestampRequest};
use sealwax_server::{
    Answer, Bytes, Head, HeaderMap, Refused, Reply, Response, Route, Router, Site, StatusCode,
    header::{CONTENT_TYPE, HeaderValue},
    read::{self, Coding, Lifetime, Representation},
    reply,
};
use std::sync::Arc;
use tokio::{
    sync::{Mutex, Semaphore},
    task::spawn_blocking,
};

/// Tokens that wait for a key that lives elsewhere, each on a thread of its own. What is beyond waits its turn without one.
const WAITING_SIGNATURES: usize = 32;

/// The API at the root of a host, with `/healthz` and `/readyz`.
#[must_use]
pub fn router(authority: Arc<TimestampAuthority>, metrics: Arc<Metrics>) -> Router {
    let health = Health(Arc::clone(&authority));
    mount(Router::default(), authority, metrics).with("", health)
}

/// Adds the paths of the API to a router that has others: `/api/v1/timestamp`, `/api/v1/timestamp/certchain`, `/ping`.
#[must_use]
pub fn mount(router: Router, authority: Arc<TimestampAuthority>, metrics: Arc<Metrics>) -> Router {
    router.with("/api/v1/timestamp", Api::new(authority, metrics)).with("/ping", Ping)
}

/// Below `/api/v1/timestamp`.
struct Api {
    authority: Arc<TimestampAuthority>,
    metrics: Arc<Metrics>,
    /// Who stores the next seconds; the others wait for it.
    storing: Mutex<()>,
    signatures: Semaphore,
}

/// `/ping`, which says that the process answers.
struct Ping;

/// `/healthz` and `/readyz`.
struct Health(Arc<TimestampAuthority>);

impl Site for Api {
    fn route(&self, head: Head<'_>) -> Option<Route> {
        match head.path() {
            "" => Some(Route::submission("timestamp").body_bytes(MAX_TIMESTAMP_REQUEST_BYTES)),
            "/certchain" => Some(Route::read("certchain")),
            _ => None,
        }
    }

    fn answer<'a>(&'a self, head: Head<'a>, body: Bytes) -> Answer<'a> {
        Box::pin(async move {
            if head.path() == "/certchain" {
                return self.chain(head);
            }
            let answer = self.stamp(head.headers(), &body).await;
            let result = answer.as_ref().map_or_else(StampResult::from, |_| StampResult::Granted);
            self.metrics.requests.add(result, 1);
            answer.map_or_else(|refusal| refused(&refusal), granted)
        })
    }

    fn refuse(&self, _: Head<'_>, refused: &Refused) -> Response<Reply> {
        let info = match refused {
            Refused::TooLarge { .. } | Refused::Broken => FailureInfo::BadDataFormat,
            _ => FailureInfo::SystemFailure,
        };
        let status = refused.status();
        let mut response = reply::json(status, error_json(status.as_u16(), info, &refused.to_string()));
        if let Some(wait) = refused.wait() {
            reply::retry_after(response.headers_mut(), wait);
        }
        response
    }
}

impl Api {
    fn new(authority: Arc<TimestampAuthority>, metrics: Arc<Metrics>) -> Self {
        let signatures = Semaphore::new(WAITING_SIGNATURES);
        Self { authority, metrics, storing: Mutex::new(()), signatures }
    }

    async fn stamp(&self, headers: &HeaderMap, body: &[u8]) -> Result<Vec<u8>, Refusal> {
        let request = parse(headers, body)?;
        self.store_ahead().await?;
        if !self.authority.signer_may_wait() {
            return self.authority.stamp(&request);
        }
        let _permit = self.signatures.acquire().await.map_err(|_| Refusal::Unavailable)?;
        let authority = Arc::clone(&self.authority);
        spawn_blocking(move || authority.stamp(&request)).await.map_err(|_| Refusal::Unavailable)?
    }

    /// So that nothing below has to wait for the disk.
    async fn store_ahead(&self) -> Result<(), Refusal> {
        if !self.authority.must_store() {
            return Ok(());
        }
        let _turn = self.storing.lock().await;
        if !self.authority.must_store() {
            return Ok(());
        }
        let authority = Arc::clone(&self.authority);
        spawn_blocking(move || authority.store_ahead()).await.map_err(|_| Refusal::Unavailable)?
    }

    fn chain(&self, head: Head<'_>) -> Response<Reply> {
        let bytes = Bytes::from(self.authority.credentials().chain_pem());
        let representation = Representation {
            tag: &read::tag(&bytes, ""),
            bytes,
            media_type: "application/pem-certificate-chain",
            lifetime: Lifetime::Moment,
            coding: Coding::Only,
        };
        read::answer(head.method(), head.headers(), &representation)
    }
}

/// A request in the form that its header names. Parameters of the media type say nothing here.
fn parse(headers: &HeaderMap, body: &[u8]) -> Result<TimestampRequest, Refusal> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (media_type, _) = media_type.split_once(';').unwrap_or((media_type, ""));
    let is = |wanted: &str| media_type.trim().eq_ignore_ascii_case(wanted);
    if is("application/timestamp-query") {
        Ok(TimestampRequest::from_der(body)?)
    } else if is("application/json") {
        Ok(from_json(body)?)
    } else {
        Err(Refusal::MediaType)
    }
}

fn granted(token: Vec<u8>) -> Response<Reply> {
    let mut response = reply::plain(StatusCode::OK, token);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/timestamp-reply"));
    response
}

fn refused(refusal: &Refusal) -> Response<Reply> {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = reply::json(status, refusal.to_json());
    if let Some(after) = refusal.retry_after() {
        reply::retry_after(response.headers_mut(), after);
    }
    response
}

impl Site for Ping {
    fn route(&self, head: Head<'_>) -> Option<Route> {
        head.path().is_empty().then_some(Route::read("ping"))
    }

    fn answer<'a>(&'a self, _: Head<'a>, _: Bytes) -> Answer<'a> {
        Box::pin(async { reply::plain(StatusCode::OK, ".") })
    }
}

impl Site for Health {
    fn route(&self, head: Head<'_>) -> Option<Route> {
        matches!(head.path(), "/healthz" | "/readyz").then_some(Route::read("health"))
    }

    fn answer<'a>(&'a self, head: Head<'a>, _: Bytes) -> Answer<'a> {
        Box::pin(async move {
            if head.path() == "/healthz" {
                return reply::plain(StatusCode::OK, "ok\n");
            }
            match self.0.ready() {
                Ok(()) => reply::plain(StatusCode::OK, "ready\n"),
                Err(refusal) => reply::plain(StatusCode::SERVICE_UNAVAILABLE, format!("{refusal}\n")),
            }
        })
    }
}
