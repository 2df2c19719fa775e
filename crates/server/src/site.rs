use crate::{Refused, Reply, Route};
use bytes::Bytes;
use hyper::{HeaderMap, Method, Response, header::HOST, http::request::Parts};
use std::{future::Future, net::IpAddr, pin::Pin, sync::Arc};

/// An answer in the making.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Response<Reply>> + Send + 'a>>;

/// What is served: paths, and what they answer.
pub trait Site: Send + Sync {
    /// What the request names. `None` is answered with 404.
    fn route(&self, head: Head<'_>) -> Option<Route>;

    /// Answers a request that has a route, with a method that the route takes. The body is whole and within its limits; that
    /// of a read is empty.
    fn answer<'a>(&'a self, head: Head<'a>, body: Bytes) -> Answer<'a>;

    /// Says, in the words of this site's API, why a submission was not looked at.
    fn refuse(&self, head: Head<'_>, refused: &Refused) -> Response<Reply> {
        let _ = head;
        refused.plain()
    }
}

impl<S: Site + ?Sized> Site for Arc<S> {
    fn route(&self, head: Head<'_>) -> Option<Route> {
        (**self).route(head)
    }

    fn answer<'a>(&'a self, head: Head<'a>, body: Bytes) -> Answer<'a> {
        (**self).answer(head, body)
    }

    fn refuse(&self, head: Head<'_>, refused: &Refused) -> Response<Reply> {
        (**self).refuse(head, refused)
    }
}

/// The head of a request, as a site sees it.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    parts: &'a Parts,
    path: &'a str,
    address: Option<IpAddr>,
}

impl<'a> Head<'a> {
    /// As a site at the root sees it.
    #[must_use]
    pub fn new(parts: &'a Parts) -> Self {
        Self { parts, path: parts.uri.path(), address: None }
    }

    /// The same, of a client at this address.
    pub(crate) fn from(self, address: Option<IpAddr>) -> Self {
        Self { address, ..self }
    }

    /// As a site below `prefix` sees it; `None` if that is not where the path leads.
    pub(crate) fn below(self, prefix: &str) -> Option<Self> {
        let path = self.path.strip_prefix(prefix)?;
        (path.is_empty() || path.starts_with('/')).then_some(Self { path, ..self })
    }

    /// The path below the site's own, to the letter: nothing is unescaped, no slash too many is forgiven. It begins with a
    /// slash, but for the site's own path (which is empty) and for `*`.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// The path as it was sent.
    #[must_use]
    pub fn whole_path(&self) -> &'a str {
        self.parts.uri.path()
    }

    /// What is behind the question mark, still escaped.
    #[must_use]
    pub fn query(&self) -> Option<&'a str> {
        self.parts.uri.query()
    }

    /// The host name that the client asked, in small letters, without the port.
    #[must_use]
    pub fn host(&self) -> Option<String> {
        let authority = match self.parts.uri.authority() {
            Some(authority) => authority.as_str(),
            None => self.parts.headers.get(HOST)?.to_str().ok()?,
        };
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        };
        Some(host.to_ascii_lowercase())
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &'a Method {
        &self.parts.method
    }

    /// The client's address, as far as it is known: of a proxy that was not named ([`Proxies`](crate::Proxies)) it is the
    /// proxy's. `None` without a socket.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// The header fields.
    #[must_use]
    pub fn headers(&self) -> &'a HeaderMap {
        &self.parts.headers
    }
}
