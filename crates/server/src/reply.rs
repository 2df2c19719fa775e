//! Answers: a status, headers, and a body that is in memory or is made while it is fetched.

use crate::{Route, connection::Watching, descriptors::KeptFile, from_file::Twin};
use bytes::Bytes;
use hyper::{
    Response, StatusCode,
    body::{Body, Frame, SizeHint},
    header::{self, HeaderMap, HeaderValue},
};
use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

/// Shorter bodies are copied into the socket sooner than the pages of a file are handed over, see [`Reply::in_file`].
pub const FILE_MIN_BYTES: usize = 32 << 10;

/// The body of an answer.
pub struct Reply {
    kind: Kind,
    twin: Option<Twin>,
}

enum Kind {
    /// Bytes, which may be none.
    Whole(Bytes),
    /// Frames, trailers among them.
    Stream { body: Pin<Box<dyn Body<Data = Bytes, Error = Infallible> + Send>>, watching: Option<Watching> },
}

impl Reply {
    /// Bytes, which may be none.
    #[must_use]
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        Self { kind: Kind::Whole(bytes.into()), twin: None }
    }

    /// A body with trailers, or one that lasts as long as the client stays: its size hint says that it has no end. Such a
    /// client is not idle while there is room for it.
    #[must_use]
    pub fn stream(body: impl Body<Data = Bytes, Error = Infallible> + Send + 'static) -> Self {
        Self { kind: Kind::Stream { body: Box::pin(body), watching: None }, twin: None }
    }

    /// Lets the system send these bytes from a file, if they are a part of `whole`, and `whole` is all that the file has. Both
    /// must never change.
    #[must_use]
    pub fn in_file(mut self, whole: &Bytes, file: &Arc<KeptFile>) -> Self {
        if let Kind::Whole(part) = &self.kind {
            self.twin = Twin::of(part, whole, file);
        }
        self
    }

    /// The same bytes in a file.
    pub(crate) fn twin(&self) -> Option<&Twin> {
        self.twin.as_ref()
    }

    /// The bytes, of a reply that is made of bytes.
    #[cfg(test)]
    pub(crate) fn into_whole(self) -> Option<Bytes> {
        match self.kind {
            Kind::Whole(bytes) => Some(bytes),
            Kind::Stream { .. } => None,
        }
    }

    /// Has the connection know of an answer that lasts.
    pub(crate) fn watched(mut self, watch: impl FnOnce() -> Watching) -> Self {
        if let Kind::Stream { body, watching } = &mut self.kind
            && body.size_hint().exact().is_none()
        {
            *watching = Some(watch());
        }
        self
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.get_mut().kind {
            Kind::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Kind::Stream { body, .. } => body.as_mut().poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Whole(bytes) => bytes.is_empty(),
            Kind::Stream { body, .. } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Stream { body, .. } => body.size_hint(),
        }
    }
}

/// A few words in plain text. Nobody keeps them.
#[must_use]
pub fn plain(status: StatusCode, text: impl Into<Bytes>) -> Response<Reply> {
    let mut response = Response::new(Reply::whole(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// JSON, with this status. Nobody keeps it.
#[must_use]
pub fn json(status: StatusCode, text: impl Into<Bytes>) -> Response<Reply> {
    let mut response = plain(status, text);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// 404, in words.
#[must_use]
pub fn not_found() -> Response<Reply> {
    plain(StatusCode::NOT_FOUND, "not found\n")
}

/// Says when to come back: in whole seconds, at least one.
pub fn retry_after(headers: &mut HeaderMap, after: Duration) {
    let seconds = after.as_secs().saturating_add(u64::from(after.subsec_nanos() > 0)).max(1);
    headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
}

/// 405.
pub(crate) fn wrong_method(methods: &'static str) -> Response<Reply> {
    let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, format!("this takes {methods}\n"));
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(methods));
    response
}

/// What every answer has: no browser shall guess that bytes which a stranger chose, an entry of a log, are a page; and any
/// page may read what is public (Fetch, "CORS protocol").
pub(crate) fn finish(headers: &mut HeaderMap, public: bool) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if public {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
}

/// The answer to `OPTIONS`, a browser's question before it sends a request of another site.
pub(crate) fn options(route: &Route) -> Response<Reply> {
    let mut response = Response::new(Reply::whole(Bytes::new()));
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    let methods = HeaderValue::from_static(route.methods());
    headers.insert(header::ALLOW, methods.clone());
    if !route.is_private() {
        let allowed = HeaderValue::from_static("accept, content-type, if-none-match, if-range, range");
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rounded_up() {
        for (after, seconds) in [(0, "1"), (1, "1"), (1_000, "1"), (1_001, "2"), (5_500, "6")] {
            let mut headers = HeaderMap::new();
            retry_after(&mut headers, Duration::from_millis(after));
            assert_eq!(headers[header::RETRY_AFTER], seconds);
        }
    }
}
