//! HTTP, as far as fetching files goes.

mod error;
mod late;
mod packed;

use reqwest::RequestBuilder;
use reqwest::redirect::{Attempt, Policy};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use error::{deepest, failure};

pub use error::HttpError;
pub use late::{Late, Maker};
pub use reqwest::{Body, Method, Url};

/// Redirects that are followed; curl's and the browsers' habit is more, a repository needs none or one.
const MAX_REDIRECTS: usize = 5;

/// How long to wait for a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// While the server says nothing.
    pub read: Duration,
    /// For one request in all: a server that drips (TUF §1.5.2, "slow retrieval") does not hold us for ever.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts {
            connect: Duration::from_secs(15),
            read: Duration::from_secs(30),
            total: Duration::from_secs(300),
        }
    }
}

/// What protects what is sent and fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// https, or plain HTTP to this machine.
    Confidential,
    /// Also plain HTTP: what is fetched proves itself, and what is asked for is public. TUF assumes a hostile network.
    SelfProving,
}

/// The URL of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// Reads a URL; a slash at its end may be missing.
    ///
    /// # Errors
    /// [`HttpError::Url`], [`HttpError::Insecure`].
    pub fn parse(text: &str, transport: Transport) -> Result<Self, HttpError> {
        let bad = |reason: String| HttpError::Url { url: text.to_owned(), reason };
        let mut url = Url::parse(text).map_err(|error| bad(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad(format!("the scheme {} is not http or https", url.scheme())));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(bad("a directory has no query and no fragment".to_owned()));
        }
        if transport == Transport::Confidential && url.scheme() != "https" && !is_loopback(&url) {
            return Err(HttpError::Insecure { url });
        }
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(BaseUrl(url))
    }

    /// The URL of what lies below, by a path that is percent-encoded already.
    ///
    /// # Errors
    /// [`HttpError::Url`] if the path leads elsewhere.
    pub fn join(&self, path: &str) -> Result<Url, HttpError> {
        // Not as a relative reference: `a:b` is a file here, not a scheme.
        let text = format!("{}{path}", self.0);
        match Url::parse(&text) {
            Ok(url) if url.as_str() == text => Ok(url),
            _ => Err(HttpError::Url { url: text, reason: "the path leads elsewhere".to_owned() }),
        }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An HTTP client. Proxies come from the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`), whom to trust from
/// the system or from `SSL_CERT_FILE`; TLS is AWS-LC's.
#[derive(Debug, Clone)]
pub struct Client {
    settings: Arc<Settings>,
    /// Whether what is not for this machine may go by way of a proxy.
    is_proxied: bool,
    /// For this machine without TLS, whatever it answers.
    plain: reqwest::Client,
    /// For everything else, from the first time on that there is any: whom the system trusts is in hundreds of files.
    doors: Arc<OnceLock<Doors>>,
}

#[derive(Debug)]
struct Settings {
    timeouts: Timeouts,
    follows_redirects: bool,
    /// Who is trusted besides those whom the system trusts.
    further: rustls::RootCertStore,
}

#[derive(Debug)]
struct Doors {
    proxied: reqwest::Client,
    /// For this machine: a proxy would send what is meant for here elsewhere.
    direct: reqwest::Client,
    /// Why nobody can be trusted, if so.
    no_trust_store: Option<String>,
}

impl Client {
    /// Sets up a client; opens no connection.
    ///
    /// # Errors
    /// [`HttpError::Setup`].
    pub fn new() -> Result<Self, HttpError> {
        Self::with_timeouts(&Timeouts::default())
    }

    /// [`Client::new`] with more or less patience.
    ///
    /// # Errors
    /// [`HttpError::Setup`].
    pub fn with_timeouts(timeouts: &Timeouts) -> Result<Self, HttpError> {
        Self::build(timeouts, true, "")
    }

    /// [`Client::with_timeouts`] that follows no redirect: for what is sent to one place and nowhere else.
    ///
    /// # Errors
    /// [`HttpError::Setup`].
    pub fn without_redirects(timeouts: &Timeouts) -> Result<Self, HttpError> {
        Self::trusting("", timeouts)
    }

    /// [`Client::without_redirects`] that trusts these certificates, in PEM, besides the system's.
    ///
    /// # Errors
    /// [`HttpError::Setup`], also of what are no certificates.
    pub fn trusting(certificates_pem: &str, timeouts: &Timeouts) -> Result<Self, HttpError> {
        Self::build(timeouts, false, certificates_pem)
    }

    /// The same without any proxy: for what is meant for the machine's own network, and for nobody beyond.
    #[must_use]
    pub fn unproxied(self) -> Self {
        Self { is_proxied: false, ..self }
    }

    fn build(timeouts: &Timeouts, follows_redirects: bool, further_pem: &str) -> Result<Self, HttpError> {
        let setup = |reason: String| HttpError::Setup { reason };
        let mut further = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(further_pem.as_bytes()) {
            let certificate = certificate.map_err(|error| setup(error.to_string()))?;
            further.add(certificate).map_err(|error| setup(error.to_string()))?;
        }
        let settings = Settings { timeouts: *timeouts, follows_redirects, further };
        let plain = settings.open(&tls(rustls::RootCertStore::empty())?, reqwest::ClientBuilder::no_proxy)?;
        Ok(Client { settings: Arc::new(settings), is_proxied: true, plain, doors: Arc::default() })
    }

    /// Fetches a file, if there is one: status 404 is `None`.
    ///
    /// # Errors
    /// Any variant but those about settings; nothing of a longer or broken answer is returned.
    pub async fn get(&self, url: &Url, max_bytes: u64) -> Result<Option<Vec<u8>>, HttpError> {
        let Some(mut response) = found(self.door(url)?.get(url.clone()), url).await? else { return Ok(None) };
        body(&mut response, url, max_bytes).await.map(Some)
    }

    /// Sends something, which may be [`Late`], and returns whatever the answer is, of any status.
    ///
    /// # Errors
    /// Any variant but [`HttpError::Status`] and those about settings.
    pub async fn send(
        &self,
        method: Method,
        url: &Url,
        headers: &[(&'static str, &str)],
        payload: impl Into<Body>,
        max_bytes: u64,
    ) -> Result<Answer, HttpError> {
        let mut request = self.door(url)?.request(method, url.clone()).body(payload);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = request.send().await.map_err(|error| failure(url, &error))?;
        let status = response.status().as_u16();
        let header = |name: &str| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let (content_type, etag) = (header("content-type"), header("etag"));
        let (location, retry_after) = (header("location"), header("retry-after"));
        let log_index = header("x-log-index");
        let body = body(&mut response, url, max_bytes).await?;
        Ok(Answer { status, content_type, etag, location, retry_after, log_index, body })
    }

    fn door(&self, url: &Url) -> Result<&reqwest::Client, HttpError> {
        let (is_here, is_plain) = (is_loopback(url), url.scheme() == "http");
        // A redirect may lead to TLS.
        if is_here && is_plain && !self.settings.follows_redirects {
            return Ok(&self.plain);
        }
        let doors = match self.doors.get() {
            Some(doors) => doors,
            None => {
                let doors = self.settings.doors()?;
                self.doors.get_or_init(|| doors)
            }
        };
        match &doors.no_trust_store {
            Some(reason) if !is_plain => {
                Err(HttpError::NoTrustStore { url: url.clone(), reason: reason.clone() })
            }
            _ if is_here || !self.is_proxied => Ok(&doors.direct),
            _ => Ok(&doors.proxied),
        }
    }
}

impl Settings {
    fn open(
        &self,
        tls: &rustls::ClientConfig,
        proxies: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
    ) -> Result<reqwest::Client, HttpError> {
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls.clone())
            .user_agent(concat!("sealwax/", env!("CARGO_PKG_VERSION")))
            .redirect(if self.follows_redirects { Policy::custom(follow) } else { Policy::none() })
            .connect_timeout(self.timeouts.connect)
            .read_timeout(self.timeouts.read)
            .timeout(self.timeouts.total);
        proxies(builder).build().map_err(|error| HttpError::Setup { reason: deepest(&error) })
    }

    fn doors(&self) -> Result<Doors, HttpError> {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = self.further.clone();
        // A store with one odd certificate is still a store.
        let (_, ignored) = roots.add_parsable_certificates(found.certs);
        let no_trust_store = roots.is_empty().then(|| match found.errors.first() {
            Some(error) => error.to_string(),
            None => format!("{ignored} certificates that cannot be read"),
        });
        let tls = tls(roots)?;
        let (proxied, direct) =
            (self.open(&tls, |builder| builder)?, self.open(&tls, reqwest::ClientBuilder::no_proxy)?);
        Ok(Doors { proxied, direct, no_trust_store })
    }
}

/// What a server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The header `Content-Type`.
    pub content_type: Option<String>,
    /// The header `ETag`.
    pub etag: Option<String>,
    /// The header `Location`.
    pub location: Option<String>,
    /// The header `Retry-After`.
    pub retry_after: Option<String>,
    /// The header `X-Log-Index`, by which rekor-tiles says which entry is there already.
    pub log_index: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// The answer to a question for a file: status 404 is `None`.
async fn found(request: RequestBuilder, url: &Url) -> Result<Option<reqwest::Response>, HttpError> {
    let response = request.send().await.map_err(|error| failure(url, &error))?;
    match response.status().as_u16() {
        200 => Ok(Some(response)),
        404 => Ok(None),
        status => Err(HttpError::Status { url: url.clone(), status }),
    }
}

async fn body(response: &mut reqwest::Response, url: &Url, max_bytes: u64) -> Result<Vec<u8>, HttpError> {
    let too_long = || HttpError::TooLong { url: url.clone(), limit: max_bytes };
    if response.content_length().is_some_and(|length| length > max_bytes) {
        return Err(too_long());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failure(url, &error))? {
        body.extend_from_slice(&chunk);
        if u64::try_from(body.len()).unwrap_or(u64::MAX) > max_bytes {
            return Err(too_long());
        }
    }
    Ok(body)
}

/// TLS 1.2 and 1.3 by AWS-LC.
fn tls(roots: rustls::RootCertStore) -> Result<rustls::ClientConfig, HttpError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| HttpError::Setup { reason: error.to_string() })?;
    Ok(tls.with_root_certificates(roots).with_no_client_auth())
}

/// A few steps, never from https to plain HTTP, never from another machine to this one.
fn follow(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let was = attempt.previous().last();
    let was_https = was.is_some_and(|url| url.scheme() == "https");
    let was_here = was.is_some_and(is_loopback);
    if attempt.previous().len() > MAX_REDIRECTS {
        attempt.error("too many redirects")
    } else if was_https && attempt.url().scheme() != "https" {
        attempt.error("a redirect from https to plain HTTP")
    } else if is_loopback(attempt.url()) && !was_here {
        attempt.error("a redirect to this machine")
    } else {
        attempt.follow()
    }
}

/// Whether the URL means this machine, whatever a resolver says.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_by_name_or_number() {
        for url in ["http://localhost:8/", "http://127.0.0.1/", "http://127.9.9.9/", "https://[::1]/"] {
            assert!(is_loopback(&Url::parse(url).unwrap()), "{url}");
        }
        for url in ["http://localhost.example/", "http://128.0.0.1/", "https://[::2]/", "http://example.org/"]
        {
            assert!(!is_loopback(&Url::parse(url).unwrap()), "{url}");
        }
    }

    #[test]
    fn confidential_means_https_or_here() {
        let insecure = BaseUrl::parse("http://example.org/", Transport::Confidential);
        assert!(matches!(insecure, Err(HttpError::Insecure { .. })));
        for (url, transport) in [
            ("https://example.org", Transport::Confidential),
            ("http://127.0.0.1:1", Transport::Confidential),
            ("http://example.org", Transport::SelfProving),
        ] {
            assert_eq!(BaseUrl::parse(url, transport).unwrap().to_string(), format!("{url}/"));
        }
        for url in ["ftp://example.org", "example.org", "https://example.org/?a", "https://example.org/#a"] {
            let error = BaseUrl::parse(url, Transport::SelfProving);
            assert!(matches!(error, Err(HttpError::Url { .. })), "{url}");
        }
    }

    #[test]
    fn paths_stay_below() {
        let base = BaseUrl::parse("https://example.org/tuf", Transport::Confidential).unwrap();
        for path in ["1...%2Fa.json", "a:b", "%23.json", "d/00.x"] {
            assert_eq!(base.join(path).unwrap().as_str(), format!("https://example.org/tuf/{path}"));
        }
        for path in ["../a", "a/../../b", "a\\b", "a b"] {
            assert!(matches!(base.join(path), Err(HttpError::Url { .. })), "{path}");
        }
    }
}
