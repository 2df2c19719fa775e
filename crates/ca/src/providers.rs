//! The keys of identity providers: fetched when they are needed, kept for a while, fetched again when a token names a new one.

mod http;

pub use http::HttpProviders;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use sealwax_net::http::HttpError;
use sealwax_oidc::{DiscoveryError, Issuer, JwksError, Provider};

/// Keys, to come.
pub type ProviderAnswer<'a> = Pin<Box<dyn Future<Output = Result<Arc<Provider>, ProviderError>> + Send + 'a>>;

/// Somebody who knows the keys of identity providers.
pub trait Providers: Send + Sync {
    /// The keys of the issuer of that URL, which the configuration has.
    fn provider<'a>(&'a self, url: &'a str, issuer: &'a Issuer, wanted: Wanted) -> ProviderAnswer<'a>;
}

/// Which keys are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Those that are known, if they are not too old.
    Known,
    /// Newer ones if there can be any: a token names a key that is not among those.
    Newer,
}

/// Why the keys of a provider are not known.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// The URL cannot be fetched.
    #[error("{0}")]
    Http(Arc<HttpError>),
    /// There is nothing at the URL.
    #[error("there is nothing at {url}")]
    NotFound {
        /// The URL.
        url: String,
    },
    /// The discovery document is not the issuer's.
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    /// The key set is none.
    #[error(transparent)]
    Jwks(#[from] JwksError),
    /// The task that asked is gone.
    #[error("asking for them was broken off")]
    BrokenOff,
}

impl From<HttpError> for ProviderError {
    fn from(error: HttpError) -> Self {
        ProviderError::Http(Arc::new(error))
    }
}
