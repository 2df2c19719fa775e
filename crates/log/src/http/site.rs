//! What is served: a log with its face, or its metrics.

use super::{
    Limits,
    body::Bodies,
    cache::{Cache, Key},
    connection::{Activity, Watching},
    encoding::{self, MIN_GZIP_BYTES, accepts_gzip},
    read::{self, Coding, Lifetime, Representation},
    refused::Refused,
    reply::{self, Reply},
    route::Target,
};
use crate::engine::ReadError;
use crate::{
    Kind, Log,
    ct::{self, CtFace},
    journal::{Journal, Value},
    metrics::{Metrics, Route},
    rekor,
};
use bytes::Bytes;
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::{Body, Incoming},
    header::{self, HeaderValue},
    http::request::Parts,
};
use sealwax_tlog::tile::{EntryBundle, FULL_WIDTH, Tile};
use std::{sync::Arc, time::Instant};
use tokio::sync::Semaphore;

/// What is served on a socket.
pub struct Site(Kinds);

enum Kinds {
    Log(Box<LogSite>),
    Metrics(Arc<Metrics>),
}

/// Which API the log has.
pub enum Face {
    /// Rekor v2.
    Signature {
        /// The whole SHA-256 of the log's note key, `logId.keyId` in replies.
        key_id: [u8; 32],
    },
    /// static-ct-api.
    Certificate(Arc<CtFace>),
}

/// A log and what answering for it takes.
struct LogSite {
    log: Log,
    face: Face,
    base: String,
    metrics: Arc<Metrics>,
    journal: Journal,
    cache: Cache,
    /// The entity tag of everything that never changes. Under one path a log has one content, so the tag names the log: one
    /// that was set up anew under the old URL, with another key, does not confirm the old one's tiles.
    tag: HeaderValue,
    gzip_tag: HeaderValue,
    bodies: Bodies,
    /// A permit per submission.
    submissions: Semaphore,
    /// Bundles are compressed one at a time; who comes meanwhile gets them as they are.
    compressor: Semaphore,
}

/// Why there is nothing to read.
enum Failure {
    NotFound,
    Store(ReadError),
}

impl Site {
    /// A log. `base` is the path of its URL, with or without slashes at its ends; empty for the root.
    #[must_use]
    pub fn log(log: Log, face: Face, base: &str, limits: &Limits, journal: Journal) -> Self {
        let base = match base.trim_matches('/') {
            "" => String::new(),
            base => format!("/{base}"),
        };
        let metrics = Arc::clone(log.metrics());
        let identity: String = log.verifier_keys().iter().map(ToString::to_string).collect();
        Self(Kinds::Log(Box::new(LogSite {
            tag: read::tag(identity.as_bytes(), ""),
            gzip_tag: read::tag(identity.as_bytes(), "-gzip"),
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

    /// Where its server counts. Those who fetch the metrics are not counted among the clients.
    pub(super) fn counted(&self) -> Arc<Metrics> {
        match &self.0 {
            Kinds::Log(site) => Arc::clone(&site.metrics),
            Kinds::Metrics(_) => Arc::default(),
        }
    }

    /// Answers a request.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        activity: &Arc<Activity>,
        limits: &Limits,
    ) -> Response<Reply> {
        match &self.0 {
            Kinds::Log(site) => site.answer(request, activity, limits).await,
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
    async fn answer(
        &self,
        request: Request<Incoming>,
        activity: &Arc<Activity>,
        limits: &Limits,
    ) -> Response<Reply> {
        let (head, body) = request.into_parts();
        let target = self.target(&head);
        let route = target.as_ref().map_or(Route::Unknown, Target::route);
        let mut response = match target {
            None => reply::plain(StatusCode::NOT_FOUND, "not found\n"),
            Some(target) if head.method == Method::OPTIONS => reply::options(target.methods()),
            Some(target) if !target.takes(&head.method) => wrong_method(target.methods()),
            Some(target) if target.is_submission() => {
                let start = Instant::now();
                let result = self.submit(target, body, activity, limits, start).await;
                self.metrics.http.took(route, start.elapsed());
                result.unwrap_or_else(|refused| self.refused(target, &refused))
            }
            Some(target) => {
                let result = self.read(target, &head.method, &head.headers).await;
                result.unwrap_or_else(|failure| self.failure(&failure))
            }
        };
        reply::finish(response.headers_mut());
        self.metrics.http.request(route, response.status().as_u16());
        response
    }

    fn target<'a>(&self, head: &'a Parts) -> Option<Target<'a>> {
        let path = head.uri.path();
        match self.face {
            // A call names its method by a path of its own, wherever the log is.
            Face::Signature { .. } if rekor::is_grpc(&head.headers) => Some(Target::Call(path)),
            Face::Signature { .. } => Target::of(Kind::Signature, &self.base, path),
            Face::Certificate(_) => Target::of(Kind::Certificate, &self.base, path),
        }
    }

    /// A submission: within the limits it gets to the face, which answers it.
    async fn submit(
        &self,
        target: Target<'_>,
        body: Incoming,
        activity: &Arc<Activity>,
        limits: &Limits,
        now: Instant,
    ) -> Result<Response<Reply>, Refused> {
        activity.place.submit(now).map_err(|wait| Refused::Rate { wait })?;
        let _permit = self.submissions.try_acquire().map_err(|_| Refused::InFlight)?;
        let body = self.bodies.read(body, limits).await?;
        Ok(match (&self.face, target) {
            (Face::Signature { key_id }, Target::Call(path)) => {
                rekor::grpc(&self.log, key_id, path, body.bytes.clone()).await.map(|body| {
                    let endless = body.size_hint().exact().is_none();
                    let _watching = endless.then(|| Watching::new(Arc::clone(activity)));
                    Reply::Grpc { body, _watching }
                })
            }
            (Face::Signature { key_id }, _) => {
                rekor::create_entry_json(&self.log, key_id, &body.bytes).await.map(Reply::Whole)
            }
            (Face::Certificate(face), Target::AddPreChain) => {
                ct::add_pre_chain(&self.log, face, &body.bytes).await.map(Reply::Whole)
            }
            (Face::Certificate(face), _) => {
                ct::add_chain(&self.log, face, &body.bytes).await.map(Reply::Whole)
            }
        })
    }

    /// Counts it, and says it in the words of the face.
    fn refused(&self, target: Target<'_>, refused: &Refused) -> Response<Reply> {
        if let Some(refusal) = refused.counted() {
            self.metrics.http.refused.add(refusal, 1);
        }
        let (status, code) = refused.status();
        let mut response = match (&self.face, target) {
            (Face::Signature { .. }, Target::Call(_)) => {
                let error = rekor::grpc_error(code, &refused.to_string(), refused.wait());
                return error.map(|body| Reply::Grpc { body, _watching: None });
            }
            (Face::Signature { .. }, _) => {
                rekor::error_json(status, code, &refused.to_string()).map(Reply::Whole)
            }
            (Face::Certificate(_), _) => reply::plain(status, format!("{refused}\n")),
        };
        if let Some(wait) = refused.wait() {
            reply::retry_after(response.headers_mut(), wait);
        }
        response
    }

    async fn read(
        &self,
        target: Target<'_>,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Response<Reply>, Failure> {
        let respond = |bytes, tag: &HeaderValue, media_type, lifetime, coding| {
            read::answer(method, headers, &Representation { bytes, tag, media_type, lifetime, coding })
        };
        let binary = "application/octet-stream";
        // A part is a part of what is not compressed.
        let gzip = || accepts_gzip(headers) && !headers.contains_key(header::RANGE);
        Ok(match target {
            Target::Health => reply::plain(StatusCode::OK, "ok\n"),
            Target::Ready => match self.log.ready() {
                Ok(()) => reply::plain(StatusCode::OK, "ready\n"),
                Err(reason) => reply::plain(StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
            },
            Target::Checkpoint => {
                let published = self.log.published().ok_or(Failure::NotFound)?;
                let tag = read::tag(&published.note, "");
                let media_type = "text/plain; charset=utf-8";
                respond(published.note.clone(), &tag, media_type, Lifetime::Moment, Coding::Only)
            }
            Target::Tile(tile) => {
                respond(self.tile(tile).await?, &self.tag, binary, Lifetime::Immutable, Coding::Only)
            }
            Target::Entries(bundle) => {
                let (bytes, coding) = self.entries(bundle, gzip()).await?;
                respond(bytes, self.tag_of(coding), binary, Lifetime::Immutable, coding)
            }
            Target::Issuer(name) => {
                let bytes = self.log.object(name).await?.ok_or(Failure::NotFound)?;
                respond(bytes, &self.tag, "application/pkix-cert", Lifetime::Immutable, Coding::Only)
            }
            Target::Roots => {
                let bytes = self.roots().ok_or(Failure::NotFound)?;
                let compressed = if gzip() { self.compressed(&bytes).await } else { None };
                let coding = if compressed.is_some() { Coding::Gzip } else { Coding::Identity };
                let tag = read::tag(&bytes, if compressed.is_some() { "-gzip" } else { "" });
                let bytes = compressed.unwrap_or(bytes);
                respond(bytes, &tag, "application/json", Lifetime::Moment, coding)
            }
            Target::Entry | Target::Call(_) | Target::AddChain | Target::AddPreChain => {
                wrong_method(target.methods())
            }
        })
    }

    fn tag_of(&self, coding: Coding) -> &HeaderValue {
        if coding == Coding::Gzip { &self.gzip_tag } else { &self.tag }
    }

    fn roots(&self) -> Option<Bytes> {
        match &self.face {
            Face::Signature { .. } => None,
            Face::Certificate(face) => Some(face.roots().load().json()),
        }
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

    async fn tile(&self, tile: Tile) -> Result<Bytes, Failure> {
        let key = tile.is_full().then_some(Key::Tile { level: tile.level(), index: tile.index() });
        if let Some(found) = self.cached(key) {
            return Ok(found);
        }
        let bytes = self.log.tile(tile).await?.ok_or(Failure::NotFound)?;
        Ok(self.keep(key, bytes))
    }

    /// A bundle, compressed if that is wanted, worth it and possible now.
    async fn entries(&self, bundle: EntryBundle, gzip: bool) -> Result<(Bytes, Coding), Failure> {
        let is_full = bundle.width() == FULL_WIDTH;
        let index = bundle.index();
        let gzip_key = (is_full && gzip).then_some(Key::EntriesGzip { index });
        if let Some(found) = self.cached(gzip_key) {
            return Ok((found, Coding::Gzip));
        }
        let key = is_full.then_some(Key::Entries { index });
        let plain = match self.cached(key) {
            Some(found) => found,
            None => {
                let bytes = self.log.entries(bundle).await?.ok_or(Failure::NotFound)?;
                self.keep(key, bytes)
            }
        };
        if gzip && let Some(compressed) = self.compressed(&plain).await {
            return Ok((self.keep(gzip_key, compressed), Coding::Gzip));
        }
        Ok((plain, Coding::Identity))
    }

    async fn compressed(&self, plain: &Bytes) -> Option<Bytes> {
        if plain.len() < MIN_GZIP_BYTES {
            return None;
        }
        let _permit = self.compressor.try_acquire().ok()?;
        let plain = plain.clone();
        // It takes milliseconds, in which this thread can answer hundreds of others.
        tokio::task::spawn_blocking(move || encoding::gzip(&plain)).await.ok()
    }

    fn cached(&self, key: Option<Key>) -> Option<Bytes> {
        let found = self.cache.get(key?)?;
        self.metrics.http.cache_hits.add(1);
        Some(found)
    }

    fn keep(&self, key: Option<Key>, value: Bytes) -> Bytes {
        if let Some(key) = key {
            self.metrics.http.cache_misses.add(1);
            self.cache.insert(key, value.clone());
        }
        value
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        Self::Store(error)
    }
}

fn wrong_method(methods: &'static str) -> Response<Reply> {
    let mut response = reply::plain(StatusCode::METHOD_NOT_ALLOWED, format!("this takes {methods}\n"));
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(methods));
    response
}
