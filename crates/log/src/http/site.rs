//! What is served: a log with its face, or its metrics.

use super::{
    Limits,
    address::Place,
    body::{Bodies, BodyError},
    cache::{Cache, Key, Tagged},
    encoding::{MIN_GZIP_BYTES, accepts_gzip},
    read::{self, Coding, Lifetime, Representation},
    reply::{self, Reply},
    route::Target,
};
use crate::{
    Kind, Log,
    journal::{Journal, Value},
    metrics::{Metrics, Refusal, Route},
};
use bytes::Bytes;
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::Incoming,
    header::{self, HeaderValue},
};
use sealwax_store::StoreError;
use sealwax_tlog::tile::{EntryBundle, FULL_WIDTH, Tile};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;

/// What is served on a socket.
pub struct Site(Kinds);

enum Kinds {
    Log(Box<LogSite>),
    Metrics(Arc<Metrics>),
}

/// Which API the log has.
#[derive(Debug)]
pub enum Face {
    /// Rekor v2.
    Signature {
        /// The whole SHA-256 of the log's note key, `logId.keyId` in replies.
        key_id: [u8; 32],
    },
    /// static-ct-api.
    Certificate,
}

/// A log and what answering for it takes.
struct LogSite {
    log: Log,
    face: Face,
    base: String,
    metrics: Arc<Metrics>,
    journal: Journal,
    cache: Cache,
    bodies: Bodies,
    /// A permit per submission.
    submissions: Semaphore,
    /// Bundles are compressed one at a time; who comes meanwhile gets them as they are.
    compressor: Semaphore,
}

/// Why an answer is not what was asked for.
enum Failure {
    NotFound,
    Store(StoreError),
}

impl Site {
    /// A log. `base` is the path of its URL, with or without slashes at its ends; empty for the root.
    #[must_use]
    pub fn log(
        log: Log,
        face: Face,
        base: &str,
        limits: &Limits,
        metrics: Arc<Metrics>,
        journal: Journal,
    ) -> Self {
        let base = match base.trim_matches('/') {
            "" => String::new(),
            base => format!("/{base}"),
        };
        Self(Kinds::Log(Box::new(LogSite {
            log,
            face,
            base,
            metrics,
            journal,
            cache: Cache::new(limits.cache_bytes),
            bodies: Bodies::default(),
            submissions: Semaphore::new(limits.in_flight),
            compressor: Semaphore::new(1),
        })))
    }

    /// `/metrics`, for a listener of its own that strangers do not reach.
    #[must_use]
    pub fn metrics(metrics: Arc<Metrics>) -> Self {
        Self(Kinds::Metrics(metrics))
    }

    /// Answers a request.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        place: &Place,
        limits: &Limits,
    ) -> Response<Reply> {
        match &self.0 {
            Kinds::Log(site) => site.answer(request, place, limits).await,
            Kinds::Metrics(metrics) => metrics_page(&request, metrics),
        }
    }
}

fn metrics_page(request: &Request<Incoming>, metrics: &Metrics) -> Response<Reply> {
    if request.uri().path() != "/metrics" {
        return reply::plain(StatusCode::NOT_FOUND, "not found; see /metrics\n");
    }
    if request.method() != Method::GET {
        return wrong_method("GET");
    }
    let now_ms = u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0);
    let mut response = reply::plain(StatusCode::OK, metrics.text(now_ms));
    let media_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}

impl LogSite {
    async fn answer(&self, request: Request<Incoming>, place: &Place, limits: &Limits) -> Response<Reply> {
        let (route, mut response) = self.routed(request, place, limits).await;
        reply::finish(response.headers_mut());
        self.metrics.http.request(route, response.status().as_u16());
        response
    }

    async fn routed(
        &self,
        request: Request<Incoming>,
        place: &Place,
        limits: &Limits,
    ) -> (Route, Response<Reply>) {
        let (head, body) = request.into_parts();
        let Some(target) = Target::of(self.kind(), &self.base, head.uri.path()) else {
            return (Route::Unknown, reply::plain(StatusCode::NOT_FOUND, "not found\n"));
        };
        let route = target.route();
        let response = match (target.is_submission(), &head.method) {
            (_, &Method::OPTIONS) => reply::options(target.methods()),
            (true, &Method::POST) => {
                let start = Instant::now();
                let response = self.submit(target, body, place, limits, start).await;
                self.metrics.http.took(route, start.elapsed());
                response
            }
            (false, &Method::GET | &Method::HEAD) => {
                let result = self.read(target, &head.method, &head.headers).await;
                result.unwrap_or_else(|failure| self.failure(&failure))
            }
            _ => wrong_method(target.methods()),
        };
        (route, response)
    }

    fn kind(&self) -> Kind {
        match self.face {
            Face::Signature { .. } => Kind::Signature,
            Face::Certificate => Kind::Certificate,
        }
    }

    /// A submission: within the limits it gets to the face, which answers it.
    async fn submit(
        &self,
        target: Target<'_>,
        body: Incoming,
        place: &Place,
        limits: &Limits,
        now: Instant,
    ) -> Response<Reply> {
        if let Err(wait) = place.submit(now) {
            self.metrics.http.refused.add(Refusal::RequestsOfAddress, 1);
            return busy(StatusCode::TOO_MANY_REQUESTS, "too many submissions from this address\n", wait);
        }
        let Ok(_permit) = self.submissions.try_acquire() else {
            self.metrics.http.refused.add(Refusal::InFlight, 1);
            let words = "the server answers too many submissions at the moment\n";
            return busy(StatusCode::SERVICE_UNAVAILABLE, words, Duration::from_secs(1));
        };
        let body = match self.bodies.read(body, limits).await {
            Ok(body) => body,
            Err(error) => return self.bad_body(&error),
        };
        let _ = (target, &self.face, &body.bytes);
        reply::plain(StatusCode::NOT_IMPLEMENTED, "not yet\n")
    }

    fn bad_body(&self, error: &BodyError) -> Response<Reply> {
        let (status, refusal) = match error {
            BodyError::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, Some(Refusal::LargeBody)),
            BodyError::TooSlow { .. } => (StatusCode::REQUEST_TIMEOUT, Some(Refusal::SlowBody)),
            BodyError::NoRoom => (StatusCode::SERVICE_UNAVAILABLE, Some(Refusal::InFlight)),
            BodyError::Broken => (StatusCode::BAD_REQUEST, None),
        };
        if let Some(refusal) = refusal {
            self.metrics.http.refused.add(refusal, 1);
        }
        let text = format!("{error}\n");
        if status == StatusCode::SERVICE_UNAVAILABLE {
            return busy(status, text, Duration::from_secs(1));
        }
        reply::plain(status, text)
    }

    async fn read(
        &self,
        target: Target<'_>,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Response<Reply>, Failure> {
        let respond = |content: &Tagged, media_type, lifetime, coding| {
            read::answer(method, headers, &Representation { content, media_type, lifetime, coding })
        };
        Ok(match target {
            Target::Health => reply::plain(StatusCode::OK, "ok\n"),
            Target::Ready => match self.log.ready() {
                Ok(()) => reply::plain(StatusCode::OK, "ready\n"),
                Err(reason) => reply::plain(StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
            },
            Target::Checkpoint => {
                let published = self.log.published().ok_or(Failure::NotFound)?;
                let content = Tagged::new(published.note.clone());
                respond(&content, "text/plain; charset=utf-8", Lifetime::Moment, Coding::Only)
            }
            Target::Tile(tile) => {
                let content = self.tile(tile).await?;
                respond(&content, "application/octet-stream", Lifetime::Immutable, Coding::Only)
            }
            Target::Entries(bundle) => {
                // A part is a part of what is not compressed.
                let gzip = accepts_gzip(headers) && !headers.contains_key(header::RANGE);
                let (content, coding) = self.entries(bundle, gzip).await?;
                respond(&content, "application/octet-stream", Lifetime::Immutable, coding)
            }
            Target::Issuer(name) => {
                let bytes = self.log.object(name).await?.ok_or(Failure::NotFound)?;
                respond(&Tagged::new(bytes), "application/pkix-cert", Lifetime::Immutable, Coding::Only)
            }
            Target::Roots => reply::plain(StatusCode::NOT_IMPLEMENTED, "not yet\n"),
            Target::Entry | Target::AddChain | Target::AddPreChain => wrong_method(target.methods()),
        })
    }

    fn failure(&self, failure: &Failure) -> Response<Reply> {
        match failure {
            Failure::NotFound => reply::plain(StatusCode::NOT_FOUND, "not found\n"),
            Failure::Store(error) => {
                // The particulars are the operator's.
                self.journal.warning("cannot read the log", &[("error", Value::Shown(error))]);
                reply::plain(StatusCode::INTERNAL_SERVER_ERROR, "the log cannot be read\n")
            }
        }
    }

    async fn tile(&self, tile: Tile) -> Result<Arc<Tagged>, Failure> {
        let key = tile.is_full().then_some(Key::Tile { level: tile.level(), index: tile.index() });
        if let Some(found) = self.cached(key) {
            return Ok(found);
        }
        let bytes = self.log.tile(tile).await?.ok_or(Failure::NotFound)?;
        Ok(self.keep(key, Tagged::new(bytes)))
    }

    /// A bundle, compressed if that is wanted, worth it and possible now.
    async fn entries(&self, bundle: EntryBundle, gzip: bool) -> Result<(Arc<Tagged>, Coding), Failure> {
        let is_full = bundle.width() == FULL_WIDTH;
        let index = bundle.index();
        let gzip_key = (is_full && gzip).then_some(Key::EntriesGzip { index });
        if let Some(found) = gzip_key.and_then(|key| self.cache.get(key)) {
            self.metrics.http.cache_hits.add(1);
            return Ok((found, Coding::Gzip));
        }
        let key = is_full.then_some(Key::Entries { index });
        let plain = match self.cached(key) {
            Some(found) => found,
            None => {
                let bytes = self.log.entries(bundle).await?.ok_or(Failure::NotFound)?;
                self.keep(key, Tagged::new(bytes))
            }
        };
        if gzip && let Some(compressed) = self.compressed(&plain).await {
            return Ok((self.keep(gzip_key, compressed), Coding::Gzip));
        }
        Ok((plain, Coding::Identity))
    }

    async fn compressed(&self, plain: &Tagged) -> Option<Tagged> {
        if plain.bytes.len() < MIN_GZIP_BYTES {
            return None;
        }
        let _permit = self.compressor.try_acquire().ok()?;
        let bytes = plain.bytes.clone();
        // It takes milliseconds, in which this thread can answer hundreds of others.
        tokio::task::spawn_blocking(move || Tagged::gzip(&bytes)).await.ok()
    }

    fn cached(&self, key: Option<Key>) -> Option<Arc<Tagged>> {
        let found = self.cache.get(key?);
        let counter =
            if found.is_some() { &self.metrics.http.cache_hits } else { &self.metrics.http.cache_misses };
        counter.add(1);
        found
    }

    fn keep(&self, key: Option<Key>, value: Tagged) -> Arc<Tagged> {
        let value = Arc::new(value);
        if let Some(key) = key {
            self.cache.insert(key, Arc::clone(&value));
        }
        value
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn wrong_method(methods: &'static str) -> Response<Reply> {
    let mut response = reply::plain(StatusCode::METHOD_NOT_ALLOWED, format!("this takes {methods}\n"));
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(methods));
    response
}

fn busy(status: StatusCode, words: impl Into<Bytes>, wait: Duration) -> Response<Reply> {
    let mut response = reply::plain(status, words);
    reply::retry_after(response.headers_mut(), wait);
    response
}
