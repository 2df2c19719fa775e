//! Why something could not be fetched.

use std::error::Error;

use reqwest::Url;

use super::late::NotMade;

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
    /// Packed in a way that was not asked for.
    #[error("{url} sends {coding:?}, and only gzip is unpacked")]
    Coding {
        /// The URL.
        url: Url,
        /// The header `Content-Encoding`.
        coding: String,
    },
    /// The answer broke off, or is not HTTP.
    #[error("the answer of {url} cannot be read: {reason}")]
    Interrupted {
        /// The URL.
        url: Url,
        /// What the library says.
        reason: String,
    },
    /// What was to be sent was not made.
    #[error("nothing was sent to {url}: it was not made")]
    NotMade {
        /// The URL.
        url: Url,
    },
}

pub(super) fn failure(url: &Url, error: &reqwest::Error) -> HttpError {
    let url = url.clone();
    if causes(error).any(<dyn Error>::is::<NotMade>) {
        HttpError::NotMade { url }
    } else if error.is_timeout() {
        HttpError::TimedOut { url }
    } else if error.is_connect() {
        HttpError::Unreachable { url, reason: deepest(error) }
    } else {
        HttpError::Interrupted { url, reason: deepest(error) }
    }
}

/// The cause of the cause: what the layers in between say is where it happened, which we know.
pub(super) fn deepest(error: &(dyn Error + 'static)) -> String {
    causes(error).last().unwrap_or(error).to_string()
}

/// The cause, the cause of the cause, and so on.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |&error| error.source())
}
