//! A log with its face, as a site.

use super::{
    cache::{Cache, Cached, Key},
    route::{ADD, GRPC, Target},
};
use crate::{
    Kind, Log,
    ct::{self, CtFace},
    engine::ReadError,
    metrics::Metrics,
    rekor,
};
use bytes::Bytes;
use sealwax_server::{
    Answer, Head, Refused, Reply, Response, Route, Site, StatusCode,
    descriptors::KeptFile,
    encoding::{Compressor, accepts_gzip},
    grpc::{self, Status, is_grpc},
    header::{self, HeaderValue},
    journal::{Journal, Value},
    read::{self, Coding, Lifetime, Representation},
    reply,
};
use sealwax_tlog::tile::{EntryBundle, FULL_WIDTH, Tile};
use std::sync::Arc;

/// Bytes of full tiles and bundles to keep in memory: the newest 50,000 entries, which is what is read most.
pub const CACHE_BYTES: usize = 64 << 20;

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
pub struct LogSite {
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
    compressor: Compressor,
}

/// Why there is nothing to read.
enum Failure {
    NotFound,
    Store(ReadError),
}

impl LogSite {
    /// A log. `base` is the path of its URL, with or without slashes at its ends; empty for the root, or where a
    /// [`Router`](sealwax_server::Router) takes the path away. `cache_bytes`: how much of it is kept in memory, see
    /// [`CACHE_BYTES`].
    #[must_use]
    pub fn new(log: Log, face: Face, base: &str, cache_bytes: usize, journal: Journal) -> Self {
        let base = match base.trim_matches('/') {
            "" => String::new(),
            base => format!("/{base}"),
        };
        let metrics = Arc::clone(log.metrics());
        metrics.http.show(&[ADD, GRPC]);
        let identity: String = log.verifier_keys().iter().map(ToString::to_string).collect();
        Self {
            tag: read::tag(identity.as_bytes(), ""),
            gzip_tag: read::tag(identity.as_bytes(), "-gzip"),
            log,
            face,
            base,
            metrics,
            journal,
            cache: Cache::new(cache_bytes),
            compressor: Compressor::default(),
        }
    }

    fn target<'a>(&self, head: Head<'a>) -> Option<Target<'a>> {
        match self.face {
            // A call names its method by a path of its own, wherever the log is.
            Face::Signature { .. } if is_grpc(head.headers()) => Some(Target::Call(head.whole_path())),
            Face::Signature { .. } => Target::of(Kind::Signature, &self.base, head.path()),
            Face::Certificate(_) => Target::of(Kind::Certificate, &self.base, head.path()),
        }
    }
}

impl Site for LogSite {
    fn route(&self, head: Head<'_>) -> Option<Route> {
        self.target(head).map(|target| target.route())
    }

    fn answer<'a>(&'a self, head: Head<'a>, body: Bytes) -> Answer<'a> {
        Box::pin(async move {
            let result = match self.target(head) {
                Some(target) => self.answer_for(target, head, body).await,
                None => Err(Failure::NotFound),
            };
            result.unwrap_or_else(|failure| self.failure(&failure))
        })
    }

    /// In the words of the face.
    fn refuse(&self, head: Head<'_>, refused: &Refused) -> Response<Reply> {
        match (&self.face, self.target(head)) {
            (Face::Signature { .. }, Some(Target::Call(_))) => grpc::answer(Err(refused.into())),
            (Face::Signature { .. }, _) => Status::from(refused).to_http(refused.status()),
            (Face::Certificate(_), _) => refused.plain(),
        }
    }
}

impl LogSite {
    async fn answer_for(
        &self,
        target: Target<'_>,
        head: Head<'_>,
        body: Bytes,
    ) -> Result<Response<Reply>, Failure> {
        let respond = |bytes, tag: &HeaderValue, media_type, lifetime, coding| {
            let representation = Representation { bytes, tag, media_type, lifetime, coding };
            read::answer(head.method(), head.headers(), &representation)
        };
        let binary = "application/octet-stream";
        // A part is a part of what is not compressed.
        let gzip = || accepts_gzip(head.headers()) && !head.headers().contains_key(header::RANGE);
        Ok(match (target, &self.face) {
            (Target::Entry, Face::Signature { key_id }) => {
                rekor::create_entry_json(&self.log, key_id, &body).await.map(Reply::whole)
            }
            (Target::Call(path), Face::Signature { key_id }) => {
                rekor::grpc(&self.log, key_id, path, body).await
            }
            (Target::AddChain, Face::Certificate(face)) => {
                ct::add_chain(&self.log, face, &body).await.map(Reply::whole)
            }
            (Target::AddPreChain, Face::Certificate(face)) => {
                ct::add_pre_chain(&self.log, face, &body).await.map(Reply::whole)
            }
            (Target::Health, _) => reply::plain(StatusCode::OK, "ok\n"),
            (Target::Ready, _) => match self.log.ready() {
                Ok(()) => reply::plain(StatusCode::OK, "ready\n"),
                Err(reason) => reply::plain(StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
            },
            (Target::Checkpoint, _) => {
                let published = self.log.published().ok_or(Failure::NotFound)?;
                let tag = read::tag(&published.note, "");
                let media_type = "text/plain; charset=utf-8";
                respond(published.note.clone(), &tag, media_type, Lifetime::Moment, Coding::Only)
            }
            (Target::Tile(tile), _) => {
                respond(self.tile(tile).await?.bytes, &self.tag, binary, Lifetime::Immutable, Coding::Only)
            }
            (Target::Entries(bundle), _) => {
                let (Cached { bytes, file }, coding) = self.entries(bundle, gzip()).await?;
                let response =
                    respond(bytes.clone(), self.tag_of(coding), binary, Lifetime::Immutable, coding);
                match file {
                    Some(file) => response.map(|reply| reply.in_file(&bytes, &file)),
                    None => response,
                }
            }
            (Target::Issuer(name), _) => {
                let bytes = self.log.object(name).await?.ok_or(Failure::NotFound)?;
                respond(bytes, &self.tag, "application/pkix-cert", Lifetime::Immutable, Coding::Only)
            }
            (Target::Roots, Face::Certificate(face)) => {
                let bytes = face.roots().load().json();
                let compressed = if gzip() { self.compressor.gzip(&bytes).await } else { None };
                let coding = if compressed.is_some() { Coding::Gzip } else { Coding::Identity };
                let tag = read::tag(&bytes, if compressed.is_some() { "-gzip" } else { "" });
                let bytes = compressed.unwrap_or(bytes);
                respond(bytes, &tag, "application/json", Lifetime::Moment, coding)
            }
            // The path of one face is none of the other's.
            (Target::Entry | Target::Call(_) | Target::AddChain | Target::AddPreChain | Target::Roots, _) => {
                return Err(Failure::NotFound);
            }
        })
    }

    fn tag_of(&self, coding: Coding) -> &HeaderValue {
        if coding == Coding::Gzip { &self.gzip_tag } else { &self.tag }
    }

    fn failure(&self, failure: &Failure) -> Response<Reply> {
        match failure {
            Failure::NotFound => reply::not_found(),
            Failure::Store(error) => {
                // The particulars are the operator's.
                self.journal.warning("cannot read the log", &[("error", Value::Shown(error))]);
                reply::plain(StatusCode::INTERNAL_SERVER_ERROR, "the log cannot be read\n")
            }
        }
    }

    async fn tile(&self, tile: Tile) -> Result<Cached, Failure> {
        let key = tile.is_full().then_some(Key::Tile { level: tile.level(), index: tile.index() });
        if let Some(found) = self.cached(key) {
            return Ok(found);
        }
        let bytes = self.log.tile(tile).await?.ok_or(Failure::NotFound)?;
        Ok(self.keep(key, bytes.into()))
    }

    /// A bundle, compressed if that is wanted, worth it and possible now.
    async fn entries(&self, bundle: EntryBundle, gzip: bool) -> Result<(Cached, Coding), Failure> {
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
                let lasts = is_full && bytes.len() >= reply::FILE_MIN_BYTES;
                let file = if lasts { KeptFile::keep(|| self.log.entries_file(bundle)) } else { None };
                self.keep(key, Cached { bytes, file: file.map(Arc::new) })
            }
        };
        if gzip && let Some(compressed) = self.compressor.gzip(&plain.bytes).await {
            return Ok((self.keep(gzip_key, compressed.into()), Coding::Gzip));
        }
        Ok((plain, Coding::Identity))
    }

    fn cached(&self, key: Option<Key>) -> Option<Cached> {
        let found = self.cache.get(key?)?;
        self.metrics.cache_hits.add(1);
        Some(found)
    }

    fn keep(&self, key: Option<Key>, value: Cached) -> Cached {
        if let Some(key) = key {
            self.metrics.cache_misses.add(1);
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
