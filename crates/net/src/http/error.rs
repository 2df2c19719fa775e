//! Why something could not be fetched.

use reqwest::Url;

/// Why something could not be fetched. Each is one sentence that names the URL.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// Not a URL that we can use.
    #[error("{url:?} is not a usable URL: {reason}")]
    Url {
        /// As given.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// Plain HTTP to another machine, where that is not good enough.
    #[error("{url} is neither https nor on this machine")]
    Insecure {
        /// The URL.
        url: Url,
    },
    /// No TLS without somebody to trust.
    #[error(
        "{url} needs a trust store, and there is none: {reason}; install the system's CA certificates or set SSL_CERT_FILE"
    )]
    NoTrustStore {
        /// The URL.
        url: Url,
        /// What was found instead.
        reason: String,
    },
    /// The client cannot be set up.
    #[error("cannot set up HTTP: {reason}")]
    Setup {
        /// What the library says.
        reason: String,
    },
    /// No connection: no network, no such name, nobody listening, no trusted certificate.
    #[error("cannot reach {url}: {reason}")]
    Unreachable {
        /// The URL.
        url: Url,
        /// What the system says.
        reason: String,
    },
    /// The server was too slow.
    #[error("{url} did not answer in time")]
    TimedOut {
        /// The URL.
        url: Url,
    },
    /// Another status than success.
    #[error("{url} answered with status {status}")]
    Status {
        /// The URL.
        url: Url,
        /// The status code.
        status: u16,
    },
    /// More bytes than were asked for.
    #[error("{url} sends more than the {limit} bytes that are read")]
    TooLong {
        /// The URL.
        url: Url,
        /// The limit.
        limit: u64,
    },
    /// The answer broke off, or is not HTTP.
    #[error("the answer of {url} cannot be read: {reason}")]
    Interrupted {
        /// The URL.
        url: Url,
        /// What the library says.
        reason: String,
    },
}

pub(super) fn failure(url: &Url, error: &reqwest::Error) -> HttpError {
    let url = url.clone();
    if error.is_timeout() {
        HttpError::TimedOut { url }
    } else if error.is_connect() {
        HttpError::Unreachable { url, reason: deepest(error) }
    } else {
        HttpError::Interrupted { url, reason: deepest(error) }
    }
}

/// The cause of the cause: what the layers in between say is where it happened, which we know.
pub(super) fn deepest(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
